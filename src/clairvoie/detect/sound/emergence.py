"""French emergence: how far a noise stands out of what is there without it, against the limits of the code.

Code de la santé publique, articles R1336-6 to R1336-8 (décret 2017-1244; before it décret 2006-1099): the global
emergence is LAeq of the ambient noise, with the noise in question, less LAeq of the residual noise, without it. Its
limit is 5 dB(A) from 7 to 22 h and 3 dB(A) from 22 to 7 h, plus a term for how long the noise appears in all
(:func:`duration_term`). By octave the limits are 7 dB at 125 and 250 Hz and 5 dB from 500 to 4,000 Hz; they hold inside
the main rooms of a dwelling, for the equipment of professional activities. Neither is looked for unless the ambient
noise exceeds 25 dB(A) there, or 30 dB(A) elsewhere. Transport is not judged this way (R1336-4).

**It is an estimate from a recording and no finding in law.** The arrêté of 5 December 2006 has the measurement follow
NF S 31-010, with a calibrated class 1 chain, positions and durations that are prescribed, and a sworn officer to state
it. A difference of two levels of one recording needs no calibration; 25 and 30 dB(A) do.

>>> ambient, residual = Stretch(52.0, 600.0), Stretch(44.0, 1200.0)
>>> found = emergence_of(ambient, residual, calibrated=True)
>>> found.difference, found.term, [(limit.period.value, limit.decibels, limit.exceeded) for limit in found.limits]
(8.0, 4, [('day', 9.0, False), ('night', 7.0, True)])
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from clairvoie.boundary.detection import OCTAVE_CENTRES
from clairvoie.capture.blocks import Block, Samples
from clairvoie.detect.sound.bands import NOTHING, BandMeter, octave_levels
from clairvoie.detect.sound.seconds import Piece, SecondCutter, SecondEnd
from clairvoie.errors import InvalidValue

DAY_FROM, NIGHT_FROM = 7, 22
INSIDE_DB, ELSEWHERE_DB = 25.0, 30.0
OCTAVE_LIMITS: dict[str, float] = {"125": 7.0, "250": 7.0, "500": 5.0, "1000": 5.0, "2000": 5.0, "4000": 5.0}
"""Article R1336-8, by octave in hertz."""
DURATION_TERMS = ((60.0, 6), (300.0, 5), (1200.0, 4), (7200.0, 3), (14400.0, 2), (28800.0, 1))
"""Article R1336-7: up to so many seconds, so many decibels more."""
LEAST_AMBIENT_SECONDS = 10.0
"""Of a noise that appears for less, the ambient noise is measured over 10 seconds all the same (R1336-7, 1°)."""
_SLACK = 1e-6


class LimitPeriod(StrEnum):
    """Which of the two limits holds."""

    DAY = "day"
    NIGHT = "night"


LIMITS = {LimitPeriod.DAY: 5.0, LimitPeriod.NIGHT: 3.0}


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``start`` to ``end``, in seconds of the recording, marked by an operator."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise InvalidValue("an interval ends after it begins", (self.start, self.end), "Give it as 60-120.")

    def holds(self, start: float, end: float) -> bool:
        """Whether the stretch from ``start`` to ``end`` lies wholly inside."""
        return self.start - _SLACK <= start and end <= self.end + _SLACK


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one kind of interval comes to: LAeq in dB over ``seconds``, and octaves by their names in hertz."""

    laeq: float | None
    seconds: float
    octaves: tuple[tuple[str, float | None], ...] = ()


@dataclass(frozen=True, slots=True)
class EmergenceLimit:
    """The limit of one period in dB(A), the duration term included, and whether the emergence exceeds it."""

    period: LimitPeriod
    decibels: float
    exceeded: bool


@dataclass(frozen=True, slots=True)
class OctaveEmergence:
    """The emergence in one octave, in dB, and its limit."""

    octave: str
    ambient: float
    residual: float
    difference: float
    limit: float
    exceeded: bool


@dataclass(frozen=True, slots=True)
class Emergence:
    """An estimate of the emergence. ``sought_inside`` and ``sought_elsewhere`` say whether the ambient noise is loud
    enough for one to be looked for; ``None`` without calibration."""

    ambient: Stretch
    residual: Stretch
    difference: float
    duration: float
    term: int
    limits: tuple[EmergenceLimit, ...]
    octaves: tuple[OctaveEmergence, ...]
    sought_inside: bool | None
    sought_elsewhere: bool | None


def duration_term(seconds: float) -> int:
    """Decibels added to the limit for a noise that appears for ``seconds`` in all within the day or the night.

    >>> [duration_term(t) for t in (60, 61, 300, 1200, 7200, 14400, 28800, 28801)]
    [6, 5, 5, 4, 3, 2, 1, 0]
    """
    return next((decibels for longest, decibels in DURATION_TERMS if seconds <= longest), 0)


def limit_period(hour: int) -> LimitPeriod:
    """The period of a local ``hour``: day from 7 to 22 h."""
    return LimitPeriod.DAY if DAY_FROM <= hour < NIGHT_FROM else LimitPeriod.NIGHT


def limit_periods(intervals: Iterable[Interval], start: datetime.datetime | None) -> tuple[LimitPeriod, ...]:
    """The periods that ``intervals`` of a recording begun at ``start`` touch; both where that is not known."""
    if start is None:
        return tuple(LimitPeriod)
    zone, found = start.tzinfo, set()
    for interval in intervals:
        at = interval.start
        while at < interval.end:
            instant = datetime.datetime.fromtimestamp(start.timestamp() + at, zone)
            found.add(limit_period(instant.hour))
            at += 3600 - instant.minute * 60 - instant.second - instant.microsecond / 1e6
    return tuple(period for period in LimitPeriod if period in found)


def emergence_of(
    ambient: Stretch,
    residual: Stretch,
    *,
    calibrated: bool,
    duration: float | None = None,
    periods: Sequence[LimitPeriod] = tuple(LimitPeriod),
) -> Emergence | None:
    """The emergence of ``ambient`` over ``residual``; ``None`` where either is digital silence.

    ``duration`` is how long the noise appears in the whole day or night; without it, that of ``ambient``, which
    flatters a noise that also appears when nobody records.
    """
    if ambient.laeq is None or residual.laeq is None:
        return None
    lasting = ambient.seconds if duration is None else duration
    term, difference = duration_term(lasting), ambient.laeq - residual.laeq
    below = dict(residual.octaves)
    octaves = [
        OctaveEmergence(octave, level, base, level - base, OCTAVE_LIMITS[octave], level - base > OCTAVE_LIMITS[octave])
        for octave, level in ambient.octaves
        if octave in OCTAVE_LIMITS and level is not None and (base := below.get(octave)) is not None
    ]
    limits = [EmergenceLimit(p, LIMITS[p] + term, difference > LIMITS[p] + term) for p in periods]
    return Emergence(
        ambient=ambient,
        residual=residual,
        difference=difference,
        duration=lasting,
        term=term,
        limits=tuple(limits),
        octaves=tuple(octaves),
        sought_inside=ambient.laeq > INSIDE_DB if calibrated else None,
        sought_elsewhere=ambient.laeq > ELSEWHERE_DB if calibrated else None,
    )


class MarkedOctaves:
    """Octave levels of the whole seconds that lie inside marked intervals, from the blocks of a recording.

    Each unbroken run of seconds is integrated by itself, so that nothing outside the intervals comes in.
    """

    def __init__(self, intervals: Sequence[Interval], rate: int, calibration: float | None) -> None:
        self.intervals = tuple(intervals)
        self.rate = rate
        self.calibration = calibration
        self._cutter = SecondCutter(rate)
        self._meter = BandMeter(rate)
        self._energy = NOTHING
        self._second: list[Samples] = []

    def feed(self, block: Block) -> None:
        """Add a block, in order."""
        for step in self._cutter.feed(block):
            if isinstance(step, Piece):
                if self._marked(step.second):
                    self._second.append(step.samples)
            elif isinstance(step, SecondEnd):
                whole = step.whole and self._marked(step.second)
                self._energy += self._meter.feed(np.concatenate(self._second) if whole and self._second else None)
                self._second = []

    def _marked(self, second: int) -> bool:
        return any(interval.holds(second, second + 1) for interval in self.intervals)

    def levels(self) -> tuple[tuple[str, float | None], ...]:
        """Octave levels of all that was marked so far; asked once, at the end."""
        self._energy += self._meter.finish()
        found = octave_levels(self._energy, self.rate, self.calibration)
        return tuple(zip(OCTAVE_CENTRES, found, strict=True))
