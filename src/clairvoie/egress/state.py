"""What the gate remembers of one sensor between two seconds. All of it is bounded, and all of it is persisted.

The serialisation is private to the gate: nothing here crosses to another process.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from clairvoie.boundary.bulletin import OPEN_SLOTS, Bulletin, Scheduled
from clairvoie.boundary.detection import Claim
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.sensor import check_name
from clairvoie.boundary.wire import SensorStatement
from clairvoie.egress.budget import Budget
from clairvoie.errors import EgressError

COUNT_LIMIT = 1000
"""Counts stop here; on the wire they stop at six."""


class Ending(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a hazard, waiting to leave: the UTC time of its offset, coarse codes, and since when it waits."""

    offset: float
    confidence: int
    level: int
    since: int


class Hazard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind that is going on at this sensor; at most one a kind, so repeats merge.

    ``slot`` and ``identifier`` are ``None`` until its begin has left. ``local`` is the analyser's newest number for it.
    """

    kind: HazardKind
    local: int
    onset: float
    confidence: int
    level: int
    clock: int
    since: int
    slot: int | None = None
    identifier: int | None = None
    end: Ending | None = None


class WaitingImpulse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bang that has not left yet."""

    onset: float
    sigma: int
    level: int
    since: int


class GateState(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything the gate knows of one sensor.

    ``second`` is the high-water mark, the last second for which a tick was made; ``None`` before the first. ``parts``
    are coarse parts with the second in which they leave, ``said`` the scheduled bulletins of the present minute,
    ``impulses`` the onsets of bangs that left lately, ``early`` claims of a second that is not over yet, ``heard`` the
    second of the last claim, ``stated`` the last statement about its process.
    """

    sensor: str
    second: int | None = None
    budget: Budget = Budget()
    identifier: int = 0
    sequence: int = 0
    hazards: tuple[Hazard, ...] = ()
    waiting: tuple[WaitingImpulse, ...] = ()
    impulses: tuple[float, ...] = ()
    early: tuple[Claim, ...] = ()
    parts: tuple[tuple[int, Scheduled], ...] = ()
    said: tuple[Bulletin, ...] = ()
    heard: int | None = None
    drops: int = 0
    refusals: int = 0
    stated: SensorStatement | None = None

    def __post_init__(self) -> None:
        check_name("sensor", self.sensor)

    def free_slot(self) -> int | None:
        """The lowest of the open slots that nothing holds."""
        held = {hazard.slot for hazard in self.hazards}
        return next((slot for slot in range(OPEN_SLOTS) if slot not in held), None)


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(GateState)


def encode_state(state: GateState) -> bytes:
    """A state as bytes for the gate's own database."""
    return _encoder.encode(state)


def decode_state(data: bytes) -> GateState:
    """The state in ``data``. Raises :class:`EgressError` when it was written by something else."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise EgressError(
            f"the gate's stored state cannot be read ({error})",
            len(data),
            "Move the outbox file aside and enrol the node under a new epoch; its buckets then start empty.",
        ) from error
