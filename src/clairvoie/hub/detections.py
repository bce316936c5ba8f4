"""What a record of events says, in seconds and decibels: begins (bangs among them) and ends.

An age counts back from the end of the releasing second, so ``onset = second + 1 − age``.

>>> from clairvoie.boundary.bulletin import EndEvent
>>> end = EndEvent(identifier=7, slot=0, age=1 + 20, confidence=15, level=30)
>>> read_events(1_800_000_000, (end,))
(Ended(identifier=7, offset=1799999999.0, confidence=1.0, level=78.0),)
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import BeginEvent, EndEvent, Event, ImpulseEvent
from clairvoie.boundary.hazards import HAZARD_KINDS, MODES, HazardKind, Mode


class Begun(Struct, frozen=True):
    """A hazard began, or a bang was heard; level in dB, times in POSIX seconds."""

    identifier: int
    kind: HazardKind
    mode: Mode
    onset: float
    confidence: float | None
    level: float | None
    clock_sigma: float | None


class Ended(Struct, frozen=True):
    """The hazard that began as ``identifier`` is over; confidence and level are its greatest."""

    identifier: int
    offset: float
    confidence: float | None
    level: float | None


def read_events(second: int, events: Sequence[Event]) -> tuple[Begun | Ended, ...]:
    """The events of one second, decoded."""
    return tuple(_read(second, event) for event in events)


def _read(second: int, event: Event) -> Begun | Ended:
    if isinstance(event, EndEvent):
        return Ended(
            identifier=event.identifier,
            offset=_time(second, units.AGE_TENTHS, event.age),
            confidence=units.CONFIDENCE.decode(event.confidence),
            level=units.EVENT_LEVEL.decode(event.level),
        )
    if isinstance(event, ImpulseEvent):
        return Begun(
            identifier=event.identifier,
            kind=HazardKind.IMPULSE,
            mode=MODES[event.mode],
            onset=_time(second, units.AGE_FINE, event.age),
            confidence=None,
            level=units.EVENT_LEVEL.decode(event.level),
            clock_sigma=units.decode_uncertainty(event.sigma),
        )
    return _begun(second, event)


def _begun(second: int, event: BeginEvent) -> Begun:
    return Begun(
        identifier=event.identifier,
        kind=HAZARD_KINDS[event.kind],
        mode=MODES[event.mode],
        onset=_time(second, units.AGE_TENTHS, event.age),
        confidence=units.CONFIDENCE.decode(event.confidence),
        level=units.EVENT_LEVEL.decode(event.level),
        clock_sigma=units.decode_uncertainty(event.clock),
    )


def _time(second: int, scale: units.Scale, age: int) -> float:
    return second + 1 - (scale.decode(age) or 0.0)
