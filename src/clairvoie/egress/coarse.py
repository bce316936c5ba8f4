"""Full-resolution claims become coarse parts, each with the one second in which it may leave.

A value that is missing leaves as code 0 in the same second, so that neither silence nor lateness of an analyser
changes when something leaves. What no act permits leaves in the same way.

>>> parts_of(TenSecondLevel(end=1_800_000_000, laeq=61.4))
((1800000002, TenSeconds(laeq=84)),)
>>> absent_part(TenSeconds)
TenSeconds(laeq=0)
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import ObservationKind
from clairvoie.boundary.bulletin import (
    SCHEDULE,
    HourIndicators,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    Scheduled,
    TenMinuteThirds,
    TenSeconds,
)
from clairvoie.boundary.detection import (
    OCTAVE_CENTRES,
    THIRD_CENTRES,
    HourNoise,
    MinuteLevels,
    Observation,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import HEALTHS, NOISE_SOURCES, Health, NoiseSource
from clairvoie.boundary.measured import MEASURES

NO_SOURCE = 0
NAMED_SOURCES = 3
HALF = len(THIRD_CENTRES) // 2


def due_kind(second: int) -> type[Scheduled] | None:
    """The part that leaves in this second of UTC; the phases differ, so there is never more than one."""
    return next((kind for kind, (period, phase) in SCHEDULE.items() if second % period == phase), None)


def period_of(observation: Observation) -> int:
    """The seconds that an observation spans, of whose multiples its ``end`` must be one."""
    if isinstance(observation, TenSecondLevel):
        return SCHEDULE[TenSeconds][0]
    if isinstance(observation, MinuteLevels):
        return SCHEDULE[MinuteState][0]
    return SCHEDULE[TenMinuteThirds if isinstance(observation, ThirdLevels) else HourIndicators][0]


def parts_of(observation: Observation) -> tuple[tuple[int, Scheduled], ...]:
    """The coarse parts of an observation, each with the second in which it leaves."""
    return tuple((observation.end + SCHEDULE[type(part)][1], part) for part in _coarse(observation))


def absent_part(kind: type[Scheduled]) -> Scheduled:
    """The part of this ``kind`` that says "no value" everywhere, and of a minute "source lost"."""
    if kind is TenSeconds:
        return TenSeconds(laeq=0)
    if kind is MinuteIndicators:
        return MinuteIndicators(lceq=0, lafmax=0, lcpeak=0, l10=0, l50=0, l90=0)
    if kind is MinuteOctaves:
        return MinuteOctaves(levels=(0,) * len(OCTAVE_CENTRES))  # type: ignore[arg-type]  # nine, checked when made
    if kind is TenMinuteThirds:
        return TenMinuteThirds(low=(0,) * HALF, high=(0,) * HALF)  # type: ignore[arg-type]
    if kind is HourIndicators:
        return HourIndicators(harmonica=0, intermittency=0, events=0, coverage=0)
    return MinuteState(
        sources=(NO_SOURCE, NO_SOURCE, NO_SOURCE),
        valid_seconds=0,
        overloads=0,
        windy=0,
        health=HEALTHS.index(Health.SOURCE_LOST),
        drops=0,
        refusals=0,
    )


def withheld(part: Scheduled, permitted: Callable[[ObservationKind], bool]) -> Scheduled:
    """``part`` without what is not permitted: codes for "no value", at the same charge in the same second.

    Of a minute's state, overloads and wind are read off the sound and go with the levels; health and valid seconds are
    what the sensor says of itself.
    """
    if not isinstance(part, MinuteState):
        return part if permitted(MEASURES[type(part)]) else absent_part(type(part))
    if not permitted(ObservationKind.NOISE_SOURCES):
        part = replace(part, sources=(NO_SOURCE, NO_SOURCE, NO_SOURCE))
    return part if permitted(ObservationKind.LEVELS) else replace(part, overloads=0, windy=0)


def _coarse(observation: Observation) -> tuple[Scheduled, ...]:
    if isinstance(observation, TenSecondLevel):
        return (TenSeconds(laeq=units.LEVEL.encode(observation.laeq)),)
    if isinstance(observation, MinuteLevels):
        return _indicators(observation), _octaves(observation), _state(observation)
    if isinstance(observation, HourNoise):
        return (_hour(observation),)
    codes = tuple(units.THIRD.encode(level) for level in observation.thirds)
    return (TenMinuteThirds(low=codes[:HALF], high=codes[HALF:]),)  # type: ignore[arg-type]


def _indicators(minute: MinuteLevels) -> MinuteIndicators:
    return MinuteIndicators(
        lceq=units.LEVEL.encode(minute.lceq),
        lafmax=units.LEVEL.encode(minute.lafmax),
        lcpeak=units.PEAK.encode(minute.lcpeak),
        l10=units.LEVEL.encode(minute.l10),
        l50=units.LEVEL.encode(minute.l50),
        l90=units.LEVEL.encode(minute.l90),
    )


def _octaves(minute: MinuteLevels) -> MinuteOctaves:
    codes = tuple(units.OCTAVE.encode(level) for level in minute.octaves)
    return MinuteOctaves(levels=codes)  # type: ignore[arg-type]  # nine, checked when made


def _hour(hour: HourNoise) -> HourIndicators:
    """Of an hour of which less than a sixteenth was heard, nothing is said."""
    heard = hour.coverage >= units.EIGHTHS_OF_HOUR.step / 2
    return HourIndicators(
        harmonica=units.HARMONICA.encode(hour.harmonica),
        intermittency=units.PERCENT.encode(hour.intermittency),
        events=units.EVENTS_OF_HOUR.encode(hour.events),
        coverage=units.EIGHTHS_OF_HOUR.encode(hour.coverage if heard else None),
    )


def _state(minute: MinuteLevels) -> MinuteState:
    """The analyser's share of a minute's state; the gate writes its own counts when the part leaves."""
    named = sorted(minute.sources, key=lambda named: (-named[1], NOISE_SOURCES.index(named[0])))
    codes = [source_code(source, share) for source, share in named]
    first, second, third = [*codes, *[NO_SOURCE] * NAMED_SOURCES][:NAMED_SOURCES]
    return MinuteState(
        sources=(first, second, third),
        valid_seconds=units.SECONDS_OF_MINUTE.encode(minute.valid_seconds),
        overloads=units.FEW.encode(minute.overload_seconds),
        windy=int(minute.windy),
        health=HEALTHS.index(minute.health),
        drops=0,
        refusals=0,
    )


def source_code(source: NoiseSource, share: float) -> int:
    """The code of a noise source with its share of the minute in eighths; a share of nothing is no source.

    >>> source_code(NoiseSource.TRAFFIC, 0.5), source_code(NoiseSource.OTHER, 1.0), source_code(NoiseSource.RAIN, 0.0)
    (4, 128, 0)
    """
    if share <= 0:
        return NO_SOURCE
    return 1 + NOISE_SOURCES.index(source) * 8 + units.EIGHTHS.encode(share) - 1
