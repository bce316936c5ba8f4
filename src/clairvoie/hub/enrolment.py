"""Whom this hub believes: the deployment it serves, its nodes with their keys, and the sensors that each speaks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clairvoie.boundary.sensor import Sensor


@dataclass(frozen=True, slots=True)
class KnownNode:
    """A node with its Ed25519 public key and the epoch of that key."""

    id: str
    key: Ed25519PublicKey
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The nodes and sensors of one deployment."""

    deployment: str
    nodes: Mapping[str, KnownNode]
    sensors: Mapping[str, Sensor]

    @classmethod
    def of(cls, deployment: str, nodes: Iterable[KnownNode], sensors: Iterable[Sensor]) -> Enrolment:
        """An enrolment from plain lists."""
        return cls(deployment, {node.id: node for node in nodes}, {sensor.id: sensor for sensor in sensors})

    def largest_node(self) -> int:
        """The greatest number of sensors that one node speaks for."""
        counts: dict[str, int] = {}
        for sensor in self.sensors.values():
            counts[sensor.node] = counts.get(sensor.node, 0) + 1
        return max(counts.values(), default=0)
