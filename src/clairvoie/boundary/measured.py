"""What a scheduled part reports of the street: the one answer by which gate and hub ask whether it may.

>>> from clairvoie.boundary.bulletin import TenSeconds
>>> observed(TenSeconds(laeq=84)), observed(TenSeconds(laeq=0))
(<ObservationKind.LEVELS: 'levels'>, None)
"""

from __future__ import annotations

from clairvoie.boundary.authorisation import ObservationKind
from clairvoie.boundary.bulletin import (
    HourIndicators,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    Scheduled,
    TenMinuteThirds,
    TenSeconds,
    alphabets_of,
)

MEASURES: dict[type, ObservationKind] = {
    TenSeconds: ObservationKind.LEVELS,
    MinuteIndicators: ObservationKind.LEVELS,
    HourIndicators: ObservationKind.LEVELS,
    MinuteOctaves: ObservationKind.OCTAVES,
    TenMinuteThirds: ObservationKind.THIRDS,
    MinuteState: ObservationKind.NOISE_SOURCES,
}
"""What each scheduled part can report; a minute's state only when it names a noise source."""


def observed(part: Scheduled) -> ObservationKind | None:
    """What ``part`` reports; ``None`` when all its codes are absent, or when it tells only how the sensor itself is."""
    if isinstance(part, MinuteState):
        return MEASURES[MinuteState] if any(part.sources) else None
    codes = (getattr(part, name) for name in alphabets_of(type(part)))
    said = any(any(code) if isinstance(code, tuple) else code for code in codes)
    return MEASURES[type(part)] if said else None
