"""The life of a sensor and of the node that speaks for it, as a sequence of signed acts.

Each act is a signed document (:data:`~clairvoie.boundary.document.LIFE_TYPE`) by a technician of the charter. Who is
believed at a moment follows from the acts alone; a later act never changes what an earlier one made valid.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from clairvoie.boundary.charter import check_key
from clairvoie.boundary.sensor import Place, SensorKind, check_name
from clairvoie.errors import InvalidValue, MalformedMessage


class SensorState(StrEnum):
    """Where a sensor stands in its life."""

    PLANNED = "planned"
    INSTALLED = "installed"
    COMMISSIONED = "commissioned"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    MOVED = "moved"
    RETIRED = "retired"


NEXT: dict[SensorState, frozenset[SensorState]] = {
    SensorState.PLANNED: frozenset({SensorState.INSTALLED, SensorState.RETIRED}),
    SensorState.INSTALLED: frozenset({SensorState.COMMISSIONED, SensorState.MOVED, SensorState.RETIRED}),
    SensorState.COMMISSIONED: frozenset({SensorState.ACTIVE, SensorState.MAINTENANCE, SensorState.RETIRED}),
    SensorState.ACTIVE: frozenset(
        {SensorState.SUSPENDED, SensorState.MAINTENANCE, SensorState.MOVED, SensorState.RETIRED}
    ),
    SensorState.SUSPENDED: frozenset({SensorState.ACTIVE, SensorState.MAINTENANCE, SensorState.RETIRED}),
    SensorState.MAINTENANCE: frozenset({SensorState.COMMISSIONED, SensorState.MOVED, SensorState.RETIRED}),
    SensorState.MOVED: frozenset({SensorState.INSTALLED, SensorState.RETIRED}),
    SensorState.RETIRED: frozenset(),
}
"""From a state to those that may follow it. A sensor that moved is installed and commissioned anew."""

SPEAKING = frozenset({SensorState.ACTIVE})
"""The states in which the hub takes what a sensor says (commissioning and maintenance measure, but do not report)."""


class NodeAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="node"):
    """A node's key of ``epoch`` is believed from ``at`` on, or, with ``revoked``, no longer from ``at`` on.

    ``certificate`` is the SHA-256 of the node's TLS certificate (DER), 64 hexadecimal digits.
    """

    deployment: str
    at: float
    node: str
    epoch: int
    public_key: str
    certificate: str = ""
    revoked: bool = False

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("node", self.node)
        check_key(self.node, self.public_key)
        if self.certificate:
            check_key("the certificate", self.certificate)
        if self.epoch < 0:
            raise InvalidValue("epochs count up from zero", self.epoch)


class SensorAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sensor"):
    """A sensor enters ``state`` at ``at``. Place, hardware, calibration and sign are given anew in each act that has
    them; ``photograph`` is the SHA-256 of the picture of its street sign, which is kept beside the acts."""

    deployment: str
    at: float
    sensor: str
    node: str
    state: SensorState
    kind: SensorKind
    place: Place | None = None
    hardware: str = ""
    calibration: float | None = None
    calibrated: str = ""
    photograph: str = ""
    words: str = ""

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("sensor", self.sensor)
        check_name("node", self.node)
        if self.state is SensorState.INSTALLED and self.place is None:
            raise InvalidValue("a sensor is installed at a place", self.sensor)
        if self.photograph:
            check_key("the photograph", self.photograph)


LifeAct = NodeAct | SensorAct
Form = Literal["node", "sensor"]
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[LifeAct] = msgspec.json.Decoder(LifeAct)


def encode_life(act: LifeAct) -> bytes:
    """An act as the bytes that are signed."""
    return _encoder.encode(act)


def decode_life(data: bytes) -> LifeAct:
    """The act in ``data``."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not an act of a sensor's life", str(error)) from error
