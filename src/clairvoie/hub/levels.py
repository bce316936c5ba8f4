"""Levels over a range: energy means, the French parts of the day in the site's own time, and Lden.

Day is 6–18 h, evening 18–22 h, night 22–6 h, local time (Code de l'environnement, R. 147-1 and arrêté du 4 avril 2006;
directive 2002/49/CE, annex I, lets France begin at 6). Lden adds 5 dB to the evening and 10 dB to the night and weights
each part by the hours that it really has in the range: 12, 4 and 8 in whole days, 7 or 9 for the night in which the
clocks change, so that no hour counts twice or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from clairvoie.boundary.reading import PeriodLevels

DAY, EVENING, NIGHT = 0, 1, 2
BOUNDARIES = ((6, DAY), (18, EVENING), (22, NIGHT))
PENALTIES = (0.0, 5.0, 10.0)


class MinuteLevel(Struct, frozen=True):
    """One stored minute: its first second, LAeq in hundredths of a decibel, and how many of six tens are valid."""

    minute: int
    laeq: int | None
    tens: int


class Stretch(Struct, frozen=True):
    """A stretch of UTC seconds, ``start`` ≤ t < ``end``, that lies in one part of the day."""

    start: float
    end: float
    part: int


def stretches(start: float, end: float, zone: ZoneInfo) -> tuple[Stretch, ...]:
    """The range cut where the site's clock strikes 6, 18 and 22, whatever the length of the day.

    >>> [(s.part, (s.end - s.start) / 3600) for s in stretches(1774735200, 1774821600, ZoneInfo("Europe/Paris"))]
    [(2, 6.0), (0, 12.0), (1, 4.0), (2, 2.0)]
    """
    found: list[Stretch] = []
    at, part = start, NIGHT
    for moment, following in _strikes(start, end, zone):
        if moment > at:
            found.append(Stretch(at, min(moment, end), part))
            at = moment
        part = following
    return tuple(stretch for stretch in found if stretch.end > stretch.start)


def _strikes(start: float, end: float, zone: ZoneInfo) -> Iterator[tuple[float, int]]:
    """When a part of the day begins, and which, from before ``start`` until after ``end``."""
    day = datetime.fromtimestamp(start, zone).date() - timedelta(days=1)
    moment = start
    while moment < end:
        for hour, part in BOUNDARIES:
            moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()
            if moment < end:
                yield moment, part
        day += timedelta(days=1)
    yield end, NIGHT


def period_levels(rows: Sequence[MinuteLevel], start: float, end: float, zone: ZoneInfo) -> PeriodLevels:
    """Energy means over the stored minutes that begin in the range.

    A minute counts by the share of it that was valid. ``coverage`` is the valid share of the range. Lden is given only
    when all three parts have a level.
    """
    minutes = np.array([row.minute for row in rows], dtype=np.float64)
    weights = np.array([row.tens if row.laeq is not None else 0 for row in rows], dtype=np.float64)
    energies = weights * 10 ** (np.array([row.laeq or 0 for row in rows], dtype=np.float64) / 1000)
    sums, counts, hours = np.zeros(3), np.zeros(3), np.zeros(3)
    for stretch in stretches(start, end, zone):
        inside = (minutes >= stretch.start) & (minutes < stretch.end)
        sums[stretch.part] += energies[inside].sum()
        counts[stretch.part] += weights[inside].sum()
        hours[stretch.part] += (stretch.end - stretch.start) / 3600
    day, evening, night = (_level(sums[part], counts[part]) for part in (DAY, EVENING, NIGHT))
    seconds = max(end - start, 0.0)
    return PeriodLevels(
        laeq=_level(sums.sum(), counts.sum()),
        day=day,
        evening=evening,
        night=night,
        lden=lden((day, evening, night), (hours[DAY], hours[EVENING], hours[NIGHT])),
        coverage=min(1.0, float(counts.sum()) * 10 / seconds) if seconds else 0.0,
    )


def lden(levels: tuple[float | None, ...], hours: tuple[float, ...] = (12.0, 4.0, 8.0)) -> float | None:
    """Day-evening-night level of day, evening and night (directive 2002/49/CE, annex I.1, with the French hours).

    >>> round(lden((60.0, 60.0, 60.0)), 2)
    66.4
    """
    energy = 0.0
    for level, share, penalty in zip(levels, hours, PENALTIES, strict=True):
        if level is None:
            return None
        energy += share * 10 ** ((level + penalty) / 10)
    return 10 * math.log10(energy / math.fsum(hours))


def _level(energy: float, weight: float) -> float | None:
    return float(10 * math.log10(energy / weight)) if weight > 0 else None
