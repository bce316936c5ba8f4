"""Lden: the level of a day, its evening and its night counted heavier.

Directive 2002/49/EC, annex I, with the hours of French law (day 6 to 18, evening 18 to 22, night 22 to 6, local time):
``Lden = 10 lg (1/T) (t_d 10^(Lday/10) + t_e 10^((Levening + 5)/10) + t_n 10^((Lnight + 10)/10))``. The lengths t are
12, 4 and 8 hours, but on the two days of the year on which clocks change the night has 7 or 9: they are then what the
day really has, and T is 23 or 25 hours.

Hours that are missing are not filled in: each part of the day has the energy mean of what was heard of it, its coverage
says how much that is, and where less than ``LEAST_COVERAGE`` of any part was heard there is no Lden.

>>> from zoneinfo import ZoneInfo
>>> meter = DayMeter(ZoneInfo("Europe/Paris"))
>>> start = 1_800_075_600  # 2027-01-15 at 6:00 in Paris
>>> days = [day for hour in range(24) for day in meter.add(start + 3600 * (hour + 1), 3600.0, 60.0)]
>>> days[0].hours, round(days[0].lden, 1), days[0].coverage
(24.0, 66.4, (1.0, 1.0, 1.0))
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from clairvoie.detect.sound.indicators_hour import LEAST_COVERAGE
from clairvoie.detect.sound.levels import SecondLevels

DAY_FROM, EVENING_FROM, NIGHT_FROM = 6, 18, 22


class Period(IntEnum):
    """The parts of a day."""

    DAY = 0
    EVENING = 1
    NIGHT = 2


PENALTY_DB = (0.0, 5.0, 10.0)
"""By period."""


@dataclass(frozen=True, slots=True)
class DayIndicators:
    """What a day from ``start`` to ``end`` (POSIX time) comes to: levels in dB, and the share heard of each part.

    ``hours`` is 24, or 23 or 25 where clocks changed. A part of which too little was heard has no level.
    """

    start: float
    end: float
    lday: float | None
    levening: float | None
    lnight: float | None
    lden: float | None
    coverage: tuple[float, float, float]

    @property
    def hours(self) -> float:
        """How long the day is."""
        return (self.end - self.start) / 3600


def period_of(instant: float, zone: datetime.tzinfo) -> Period:
    """The part of the day in which ``instant`` (POSIX time) lies, on the clocks of ``zone``."""
    hour = datetime.datetime.fromtimestamp(instant, zone).hour
    if DAY_FROM <= hour < EVENING_FROM:
        return Period.DAY
    return Period.EVENING if EVENING_FROM <= hour < NIGHT_FROM else Period.NIGHT


def period_end(instant: float, zone: datetime.tzinfo) -> float:
    """When the part of the day that holds ``instant`` is over."""
    local = datetime.datetime.fromtimestamp(instant, zone)
    hour = next((hour for hour in (DAY_FROM, EVENING_FROM, NIGHT_FROM) if local.hour < hour), None)
    day = local.date() if hour is not None else local.date() + datetime.timedelta(days=1)
    wall = datetime.datetime.combine(day, datetime.time(DAY_FROM if hour is None else hour), zone)
    return wall.timestamp()


def day_after(instant: float, zone: datetime.tzinfo) -> float:
    """The same time on the clocks of ``zone`` one day later."""
    local = datetime.datetime.fromtimestamp(instant, zone)
    return (local.replace(fold=0) + datetime.timedelta(days=1)).timestamp()


def lengths(start: float, end: float, zone: datetime.tzinfo) -> tuple[float, float, float]:
    """How many seconds of each part of the day lie between ``start`` and ``end``."""
    found = [0.0, 0.0, 0.0]
    at = start
    while at < end:
        until = min(period_end(at, zone), end)
        found[period_of(at, zone)] += until - at
        at = until
    return found[0], found[1], found[2]


class _Parts:
    """Energy and time heard in each part of the day."""

    def __init__(self) -> None:
        self.energy = [0.0, 0.0, 0.0]
        self.seconds = [0.0, 0.0, 0.0]

    def add(self, period: Period, seconds: float, level: float | None) -> None:
        self.energy[period] += 0.0 if level is None else seconds * 10 ** (level / 10)
        self.seconds[period] += seconds

    def indicators(
        self, start: float, end: float, *, due: tuple[float, float, float], weights: tuple[float, float, float]
    ) -> DayIndicators:
        """With ``due`` the seconds that there were to hear, and ``weights`` the lengths of the parts of one day."""
        coverage = tuple(min(1.0, s / d) if d > 0 else 0.0 for s, d in zip(self.seconds, due, strict=True))
        levels = [
            10 * math.log10(energy / seconds) if energy > 0 and share >= LEAST_COVERAGE else None
            for energy, seconds, share in zip(self.energy, self.seconds, coverage, strict=True)
        ]
        known = [
            weight * 10 ** ((level + penalty) / 10)
            for level, penalty, weight in zip(levels, PENALTY_DB, weights, strict=True)
            if level is not None
        ]
        whole = len(known) == len(levels)
        return DayIndicators(
            start=start,
            end=end,
            lday=levels[Period.DAY],
            levening=levels[Period.EVENING],
            lnight=levels[Period.NIGHT],
            lden=10 * math.log10(sum(known) / sum(weights)) if whole else None,
            coverage=(coverage[0], coverage[1], coverage[2]),
        )


class DayMeter:
    """Takes seconds as they come, times being POSIX time, and gives each day from 6 to 6 o'clock once it is over.

    Constant memory. ``zone`` is where the sensor hangs.
    """

    def __init__(self, zone: datetime.tzinfo) -> None:
        self.zone = zone
        self._start: float | None = None
        self._end = self._period_end = 0.0
        self._period = Period.DAY
        self._parts = _Parts()

    def feed(self, second: SecondLevels) -> list[DayIndicators]:
        """Add a second; one that is not valid counts as missing. Returns the days that are over now."""
        return self.add(second.t_end, second.seconds if second.valid else 0.0, second.laeq)

    def add(self, t_end: float, seconds: float, level: float | None) -> list[DayIndicators]:
        """Add a stretch of ``seconds`` that ends at ``t_end`` and lies in one part of one day."""
        inside = t_end - max(seconds, 1.0) / 2
        found = self.finish() if self._start is not None and inside >= self._end else []
        if self._start is None:
            self._open(inside)
        if inside >= self._period_end:
            self._period, self._period_end = period_of(inside, self.zone), period_end(inside, self.zone)
        self._parts.add(self._period, seconds, level)
        return found + (self.finish() if t_end >= self._end else [])

    def finish(self) -> list[DayIndicators]:
        """The day that has begun, if any; its coverage tells how much of it there is."""
        if self._start is None:
            return []
        due = lengths(self._start, self._end, self.zone)
        made = self._parts.indicators(self._start, self._end, due=due, weights=due)
        self._start, self._parts = None, _Parts()
        return [made]

    def _open(self, instant: float) -> None:
        local = datetime.datetime.fromtimestamp(instant, self.zone)
        day = local.date() if local.hour >= DAY_FROM else local.date() - datetime.timedelta(days=1)
        self._start = datetime.datetime.combine(day, datetime.time(DAY_FROM), self.zone).timestamp()
        self._end = day_after(self._start, self.zone)
        self._period_end = -math.inf


def lden_of(
    heard: Iterable[tuple[float, float, float | None]], start: float, end: float, zone: datetime.tzinfo
) -> DayIndicators | None:
    """Lden of all that was ``heard`` (end, seconds, level) from ``start`` to ``end``; ``None`` for less than a day.

    A measurement of a day need not begin at 6 o'clock; one of several days has the energy mean of each part of the
    day. The lengths of the parts are those of the first day.
    """
    following = day_after(start, zone)
    if end < following - 1.0:
        return None
    parts = _Parts()
    until, period = -math.inf, Period.DAY
    for t_end, seconds, level in heard:
        inside = t_end - max(seconds, 1e-6) / 2
        if inside >= until:
            period, until = period_of(inside, zone), period_end(inside, zone)
        parts.add(period, seconds, level)
    return parts.indicators(start, end, due=lengths(start, end, zone), weights=lengths(start, following, zone))
