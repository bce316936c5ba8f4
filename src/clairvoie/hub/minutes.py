"""One packed row a sensor-minute: the codes that the gate released, byte for byte, and nothing derived but LAeq.

A part leaves a few seconds *after* the time that it describes (its phase in
:data:`~clairvoie.boundary.bulletin.SCHEDULE`), so a record of one minute fills two rows: the last ten seconds and the
indicators of the minute before, and five tens of its own. :func:`placed` says where each part belongs; what tells of
ten minutes or of an hour stands in the row of their last minute, and is kept and erased with it.

>>> from clairvoie.boundary.bulletin import Bulletin, TenSeconds
>>> ten = Bulletin(sensor="mic-1", second=1_800_000_002, scheduled=(TenSeconds(laeq=84),))
>>> [(spot.minute, spot.slot) for spot in placed(ten)]
[(1799999940, 5)]
>>> row_of("mic-1", 1799999940, write(EMPTY, placed(ten)[0])).tens
(None, None, None, None, None, 61.5)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    SCHEDULE,
    Bulletin,
    HourIndicators,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    Scheduled,
    TenMinuteThirds,
    TenSeconds,
)
from clairvoie.boundary.hazards import HEALTHS, NOISE_SOURCES, NoiseSource
from clairvoie.boundary.reading import HourRow, MinuteRow

TENS = slice(0, 6)
INDICATORS = slice(6, 13)
OCTAVES = slice(13, 22)
STATE = slice(22, 31)
FLAGS = 31
THIRDS = slice(32, 60)
OF_HOUR = slice(60, 64)
EMPTY = bytes(32)
"""A row of which nothing is known. Thirds that ended with this minute follow as twenty-eight more bytes, and after
them the indicators of an hour as four."""
HAS_INDICATORS, HAS_OCTAVES, HAS_STATE, HAS_THIRDS, HAS_HOUR = 1, 2, 4, 8, 16
HOUR, LAST_OF_HOUR = 3600, 3540
"""The last minute of an hour begins at this second of it."""


class Spot(NamedTuple):
    """Where a released part belongs: the minute it describes and, for a ten, which of the six."""

    minute: int
    slot: int
    part: Scheduled


def placed(bulletin: Bulletin) -> tuple[Spot, ...]:
    """Where each scheduled part of a bulletin belongs."""
    spots = []
    for part in bulletin.scheduled:
        end = bulletin.second - SCHEDULE[type(part)][1]
        seconds = 10 if isinstance(part, TenSeconds) else 60
        begin = end - seconds
        spots.append(Spot(begin // 60 * 60, begin % 60 // 10, part))
    return tuple(spots)


def write(codes: bytes, spot: Spot) -> bytes:
    """The packed row with one more part in it."""
    row = bytearray(codes)
    part = spot.part
    if isinstance(part, TenSeconds):
        row[spot.slot] = part.laeq
    elif isinstance(part, MinuteIndicators):
        peak = part.lcpeak.to_bytes(2, "big")
        row[INDICATORS] = bytes((part.lceq, part.lafmax, *peak, part.l10, part.l50, part.l90))
        row[FLAGS] |= HAS_INDICATORS
    elif isinstance(part, MinuteOctaves):
        row[OCTAVES] = bytes(part.levels)
        row[FLAGS] |= HAS_OCTAVES
    elif isinstance(part, MinuteState):
        state = (part.valid_seconds, part.overloads, part.windy, part.health, part.drops, part.refusals)
        row[STATE] = bytes((*part.sources, *state))
        row[FLAGS] |= HAS_STATE
    elif isinstance(part, TenMinuteThirds):
        row[THIRDS] = bytes((*part.low, *part.high))
        row[FLAGS] |= HAS_THIRDS
    elif isinstance(part, HourIndicators):
        row += bytes(max(0, OF_HOUR.start - len(row)))
        row[OF_HOUR] = bytes((part.harmonica, part.intermittency, part.events, part.coverage))
        row[FLAGS] |= HAS_HOUR
    return bytes(row)


def energy_mean(levels: Iterable[float | None]) -> float | None:
    """The level of the mean energy, 10·lg(mean(10^(L/10))), of those levels that are known."""
    known = [level for level in levels if level is not None]
    if not known:
        return None
    return 10 * math.log10(math.fsum(10 ** (level / 10) for level in known) / len(known))


def tens_of(codes: bytes) -> tuple[float | None, ...]:
    """The six LAeq,10s in dB."""
    return tuple(units.LEVEL.decode(code) for code in codes[TENS])


def laeq_hundredths(codes: bytes) -> int | None:
    """The minute's LAeq in hundredths of a decibel, for the indexed column."""
    level = energy_mean(tens_of(codes))
    return None if level is None else round(level * 100)


def thirds_of(codes: bytes) -> tuple[float | None, ...] | None:
    """Third-octave levels in dB of the ten minutes that end with this minute, if they were released."""
    if not codes[FLAGS] & HAS_THIRDS:
        return None
    return tuple(units.THIRD.decode(code) for code in codes[THIRDS])


def hour_of(sensor: str, minute: int, codes: bytes) -> HourRow | None:
    """What is known of the hour that ends with this minute; ``None`` where that is nothing.

    >>> from clairvoie.boundary.bulletin import HourIndicators
    >>> hour = HourIndicators(harmonica=54, intermittency=42, events=13, coverage=8)
    >>> row = write(EMPTY, Spot(1_800_003_540, 5, hour))
    >>> found = hour_of("mic-1", 1_800_003_540, row)
    >>> found.hour, round(found.harmonica, 1), found.intermittency, found.events, found.coverage
    (1800000000, 5.3, 41.0, 12, 1.0)
    """
    if not codes[FLAGS] & HAS_HOUR or not any(codes[OF_HOUR]):
        return None
    harmonica, intermittency, events, coverage = codes[OF_HOUR]
    counted = units.EVENTS_OF_HOUR.decode(events)
    return HourRow(
        sensor=sensor,
        hour=minute - LAST_OF_HOUR,
        harmonica=units.HARMONICA.decode(harmonica),
        intermittency=units.PERCENT.decode(intermittency),
        events=None if counted is None else int(counted),
        coverage=units.EIGHTHS_OF_HOUR.decode(coverage),
    )


def source_of(code: int) -> tuple[NoiseSource, float] | None:
    """The noise source and its share of the minute that a code stands for; ``None`` for "nothing known"."""
    if code == 0:
        return None
    source, eighths = divmod(code - 1, 8)
    return NOISE_SOURCES[source], (eighths + 1) / 8


def row_of(sensor: str, minute: int, codes: bytes) -> MinuteRow:
    """A packed row in decibels."""
    tens = tens_of(codes)
    flags = codes[FLAGS]
    lceq, lafmax, high, low, l10, l50, l90 = codes[INDICATORS]
    state = codes[STATE]
    known = bool(flags & HAS_STATE)
    found = [source_of(code) for code in state[:3]] if known else []

    def few(code: int) -> int | None:
        value = units.FEW.decode(code) if known else None
        return None if value is None else int(value)

    valid = units.SECONDS_OF_MINUTE.decode(state[3]) if known else None
    return MinuteRow(
        sensor=sensor,
        minute=minute,
        laeq=energy_mean(tens),
        tens=tens,
        lceq=units.LEVEL.decode(lceq),
        lafmax=units.LEVEL.decode(lafmax),
        lcpeak=units.PEAK.decode(high << 8 | low),
        l10=units.LEVEL.decode(l10),
        l50=units.LEVEL.decode(l50),
        l90=units.LEVEL.decode(l90),
        octaves=tuple(units.OCTAVE.decode(code) for code in codes[OCTAVES]),
        sources=tuple(pair for pair in found if pair is not None),
        valid_seconds=None if valid is None else int(valid),
        overloads=few(state[4]),
        windy=bool(state[5]) if known else None,
        health=HEALTHS[state[6]] if known else None,
        drops=few(state[7]),
        refusals=few(state[8]),
    )
