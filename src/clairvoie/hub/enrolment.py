"""Whom this hub believes at a moment: the deployment it serves, its nodes with their keys, and the sensors that each
speaks for.

An enrolment is a value: the hub holds one and replaces it whole. What it says of a node or of a sensor that came by
signed acts was folded from them (:mod:`clairvoie.hub.lives`); simulated ones stand in the settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.sensor import Sensor


@dataclass(frozen=True, slots=True)
class KnownNode:
    """A node with its Ed25519 public key and the epoch of that key.

    A key that was ``replaced`` speaks of the seconds before that moment only. One that was ``revoked`` speaks no more,
    whatever second it claims: who stole it could write any date.
    """

    id: str
    key: Ed25519PublicKey
    epoch: int = 0
    replaced: float = math.inf
    revoked: bool = False


class Active(NamedTuple):
    """A stretch of a sensor's life in which it reports, from ``since`` to before ``until``, how it stood then, and
    since when this hardware hung at this place (0 for a simulated one of the settings)."""

    since: float
    until: float
    sensor: Sensor
    installed: float = 0.0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The nodes and sensors of one deployment.

    ``former`` holds earlier keys that are still taken, or are known to be revoked. ``certificates`` maps the SHA-256
    of each TLS certificate that opens the node door to its node, and ``refused`` those that no longer do.
    ``calibrated`` are the sensors of which a signed act has told a calibration since they were last installed.
    """

    deployment: str
    nodes: Mapping[str, KnownNode]
    sensors: Mapping[str, Sensor]
    former: Mapping[tuple[str, int], KnownNode] = field(default_factory=dict)
    states: Mapping[str, SensorState] = field(default_factory=dict)
    active: Mapping[str, tuple[Active, ...]] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    calibrated: frozenset[str] = frozenset()

    @classmethod
    def of(cls, deployment: str, nodes: Iterable[KnownNode], sensors: Iterable[Sensor]) -> Enrolment:
        """An enrolment from plain lists."""
        return cls(deployment, {node.id: node for node in nodes}, {sensor.id: sensor for sensor in sensors})

    def key_of(self, node: str, epoch: int) -> KnownNode | None:
        """The key of a node in one epoch, present or former; look at ``revoked`` and ``replaced``."""
        known = self.nodes.get(node)
        return known if known is not None and known.epoch == epoch else self.former.get((node, epoch))

    def state(self, sensor: str) -> SensorState:
        """Where a sensor stands in its life; a simulated one of the settings is always active."""
        return self.states.get(sensor, SensorState.ACTIVE)

    def is_calibrated(self, sensor: str, mode: Mode) -> bool:
        """Whether levels of this sensor are levels: by its acts; a simulated one of the settings in an exercise, since
        there its node's settings cannot but give one, and nothing is at stake."""
        if sensor in self.states:
            return sensor in self.calibrated
        known = self.sensors.get(sensor)
        return mode is Mode.EXERCISE and known is not None and known.simulated

    def speaks(self, sensor: str, second: float) -> bool:
        """Whether a sensor was active in that second."""
        return self.standing(sensor, second) is not None

    def standing(self, sensor: str, second: float) -> Sensor | None:
        """The sensor as it stood in that second, ``None`` when it was not active then."""
        found = self.hangs(sensor, second)
        return None if found is None else found.sensor

    def hangs(self, sensor: str, second: float) -> Active | None:
        """The stretch of its life in which a sensor was in that second, ``None`` when it was not active then."""
        if sensor not in self.states:
            known = self.sensors.get(sensor)
            return None if known is None else Active(0.0, math.inf, known)
        spans = self.active.get(sensor, ())
        return next((span for span in spans if span.since <= second < span.until), None)

    def largest_node(self) -> int:
        """The greatest number of sensors that one node speaks for."""
        counts: dict[str, int] = {}
        for sensor in self.sensors.values():
            counts[sensor.node] = counts.get(sensor.node, 0) + 1
        return max(counts.values(), default=0)
