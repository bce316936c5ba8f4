"""Believable sensor-minutes of a small town: the traffic of the day, rain before dawn, works, bells, a siren, a gap.

Everything follows from the sensor's number and the minute, so that two tests see the same street. Not a model of
anything: levels, spectra and sources are set by hand to look like a street's.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache
from itertools import pairwise
from typing import Any

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    HourIndicators,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    TenMinuteThirds,
    TenSeconds,
)
from clairvoie.boundary.hazards import NOISE_SOURCES, Health, NoiseSource
from clairvoie.boundary.reading import HourRow, MinuteRow

DAY_CURVE = (
    (0, 47.0), (2, 43.5), (4, 42.0), (5, 45.0), (6, 52.0), (7, 58.5), (8.5, 61.5), (10, 59.0), (12, 60.5), (14, 59.0),
    (16, 60.0), (18, 62.5), (19.5, 60.0), (21, 56.0), (23, 50.0), (24, 47.0),
)  # fmt: skip
PLACES = (-3.0, -1.5, 0.5, -6.0, 0.0, 5.0)
TRAFFIC = (6.0, 8.5, 4.0, 0.5, -2.0, -4.0, -8.0, -14.0, -21.0)
RAIN = (-12.0, -12.0, -11.0, -10.0, -8.0, -6.0, -4.5, -4.0, -6.0)
WORKS = (-4.0, -2.0, 1.0, 0.0, -3.0, -4.5, -6.0, -9.0, -14.0)
TONES = (-30.0, -30.0, -22.0, -12.0, -4.0, -3.0, -8.0, -16.0, -24.0)
HOUR = 3600


def clock_hour(second: float) -> float:
    """The hour of the day in Paris in winter, 0 to 24."""
    return (second / HOUR + 1) % 24


def add(*levels: float) -> float:
    """The level of several sounds together."""
    if len(levels) == 1:
        return levels[0]
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels))


def half(level: float) -> float:
    """To half a decibel, as sensors release it."""
    return round(level * 2) / 2


def traffic_at(hour: float, weekday: int) -> float:
    """What the traffic of the hour would give at a place of 0 dB."""
    if weekday >= 5:
        hour = max(0.0, hour - 1.5) if 5 < hour < 11 else hour
    for (before, low), (after, high) in pairwise(DAY_CURVE):
        if before <= hour <= after:
            return low + (high - low) * (hour - before) / (after - before) - (2.5 if weekday >= 5 else 0)
    return 47.0


@lru_cache(maxsize=60_000)
def minute_row(sensor: str, index: int, minute: int) -> MinuteRow | None:
    """The stored minute that begins at POSIX ``minute``; ``None`` where the street's records have a gap."""
    chance = random.Random(minute * 16 + index)
    hour = clock_hour(minute)
    weekday = int((minute + HOUR) // 86_400 + 3) % 7
    if (index == 3 and 10.2 <= hour < 10.7) or (index == 4 and 2.5 <= hour < 2.7):
        return None
    slow = 1.2 * math.sin(minute / 1_700 + index) + 0.8 * math.sin(minute / 613 + 2 * index)
    base = traffic_at(hour, weekday) + PLACES[index] + slow + chance.gauss(0, 1.1)
    parts = [(base, TRAFFIC)]
    shares = {NoiseSource.TRAFFIC: max(1, min(8, round((base - 40) / 3)))} if base > 43 else {}
    if 1.2 <= hour < 3.4:
        parts.append((45 + 5 * math.sin((hour - 1.2) / 2.2 * math.pi) + chance.gauss(0, 0.6), RAIN))
        shares[NoiseSource.RAIN] = 6
    if index in (2, 4) and weekday < 6 and (8 <= hour < 12 or 13.5 <= hour < 16.5) and chance.random() < 0.7:
        parts.append((base + chance.uniform(1, 6), WORKS))
        shares[NoiseSource.WORKS] = chance.randint(2, 6)
    if index in (1, 4) and 7.5 <= hour <= 21 and minute % HOUR < 60:
        parts.append((base + 5, TONES))
        shares[NoiseSource.BELLS] = 4
    if chance.random() < (0.012 if 7 < hour < 23 else 0.004):
        parts.append((base + chance.uniform(5, 11), TONES))
        shares[NoiseSource.SIREN] = chance.randint(1, 3)
    if chance.random() < 0.02:
        shares[NoiseSource.DOG] = 1
    laeq = add(*(level for level, _ in parts))
    octaves = tuple(
        half(add(*(level + shape[band] + chance.gauss(0, 0.7) for level, shape in parts))) for band in range(9)
    )
    return _row(sensor, minute, laeq, octaves, shares, chance)


def _row(
    sensor: str, minute: int, laeq: float, octaves: tuple[float, ...], shares: dict[NoiseSource, int],
    chance: random.Random,
) -> MinuteRow:  # fmt: skip
    tens = tuple(half(laeq + chance.gauss(-0.4, 1.6)) for _ in range(6))
    laeq = half(add(*tens) - 10 * math.log10(6))
    named = sorted(shares.items(), key=lambda item: -item[1])[:3]
    left, sources = 8, []
    for source, eighths in named:
        if left > 0:
            sources.append((source, min(eighths, left) / 8))
            left -= min(eighths, left)
    spread = chance.uniform(1.8, 3.2)
    return MinuteRow(
        sensor=sensor, minute=minute, laeq=laeq, tens=tens, lceq=half(add(laeq + 4, octaves[0])),
        lafmax=half(laeq + chance.uniform(6, 13)), lcpeak=half(laeq + chance.uniform(20, 27)), l10=half(laeq + spread),
        l50=half(laeq - chance.uniform(1, 2)), l90=half(laeq - chance.uniform(4.5, 8)), octaves=octaves,
        sources=tuple(sources), valid_seconds=60, overloads=0, windy=False, health=Health.FINE, drops=0, refusals=0,
    )  # fmt: skip


@lru_cache(maxsize=4_000)
def hour_row(sensor: str, index: int, hour: int) -> HourRow | None:
    """The stored hour that begins at POSIX ``hour``, a multiple of 3,600, made up from its minutes."""
    rows = [row for row in (minute_row(sensor, index, hour + 60 * k) for k in range(60)) if row is not None]
    if not rows:
        return None
    eighths = max(1, round(len(rows) / 60 * 8)) / 8
    if len(rows) < 45:
        return HourRow(sensor=sensor, hour=hour, harmonica=None, intermittency=None, events=None, coverage=eighths)
    levels = [row.laeq or 0.0 for row in rows]
    mean = add(*levels) - 10 * math.log10(len(rows))
    quiet = sum(row.l90 or 0.0 for row in rows) / len(rows)
    loud = sum(level > mean + 1.5 for level in levels)
    return HourRow(
        sensor=sensor, hour=hour, harmonica=round(0.2 * (quiet - 30) + 0.25 * (mean - quiet), 1),
        intermittency=float(min(100, 25 + 2 * loud)), events=min(62, 2 * loud), coverage=eighths,
    )  # fmt: skip


def ten_seconds(sensor: str, index: int, end: int) -> float | None:
    """LAeq over the ten seconds that end at POSIX ``end``, a multiple of ten."""
    start = end - 10
    row = minute_row(sensor, index, start // 60 * 60)
    return None if row is None else row.tens[start % 60 // 10]


def scheduled_parts(sensor: str, index: int, second: int) -> tuple[Any, ...]:
    """What the gate releases on schedule in this second."""
    level, parts = units.LEVEL.encode, []
    if second % 10 == 2:
        parts.append(TenSeconds(laeq=level(ten_seconds(sensor, index, second - 2))))
    row = minute_row(sensor, index, second // 60 * 60 - 60)
    if row is None:
        return tuple(parts)
    if second % 60 == 4:
        parts.append(
            MinuteIndicators(lceq=level(row.lceq), lafmax=level(row.lafmax), lcpeak=units.PEAK.encode(row.lcpeak),
                             l10=level(row.l10), l50=level(row.l50), l90=level(row.l90))
        )  # fmt: skip
    if second % 60 == 6:
        octaves: Any = tuple(units.OCTAVE.encode(value) for value in row.octaves)
        parts.append(MinuteOctaves(levels=octaves))
    if second % 60 == 8:
        named = [1 + 8 * NOISE_SOURCES.index(source) + round(share * 8) - 1 for source, share in row.sources]
        sources: Any = tuple([*named, 0, 0, 0][:3])
        parts.append(
            MinuteState(sources=sources, valid_seconds=61, overloads=1, windy=0, health=0, drops=1, refusals=1)
        )
    if second % 600 == 35:
        thirds: Any = tuple(units.THIRD.encode(row.octaves[min(8, band // 3)] - 5) for band in range(28))
        parts.append(TenMinuteThirds(low=thirds[:14], high=thirds[14:]))
    hour = hour_row(sensor, index, second // HOUR * HOUR - HOUR) if second % HOUR == 45 else None
    if hour is not None:
        parts.append(
            HourIndicators(harmonica=units.HARMONICA.encode(hour.harmonica),
                           intermittency=units.PERCENT.encode(hour.intermittency),
                           events=units.EVENTS_OF_HOUR.encode(hour.events),
                           coverage=units.EIGHTHS_OF_HOUR.encode(hour.coverage))
        )  # fmt: skip
    return tuple(parts)
