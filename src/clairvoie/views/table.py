"""Levels as lines of CSV: UTC times in ISO 8601 with the site's zone beside them, a point in decimals, gaps empty.

RFC 4180 with a header. ``step_seconds`` stands in every line, so that two files are not mixed up unseen.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from clairvoie.boundary.detection import OCTAVE_CENTRES
from clairvoie.boundary.hazards import NOISE_SOURCES
from clairvoie.boundary.reading import HourRow, MinuteRow
from clairvoie.views.ranges import HOUR, MINUTE, TEN
from clairvoie.views.series import Series, tens, thin

PARTS = ("levels", "octaves", "sources")
HOURS = "hours"
"""Not a part of minutes: it has lines of its own (:func:`hour_lines`)."""
COMMON = ("sensor", "start_utc", "end_utc", "time_zone", "step_seconds")
LEVELS = ("laeq_db", "lceq_db", "lafmax_db", "lcpeak_db", "l10_db", "l50_db", "l90_db", "minutes")
OF_HOUR = ("harmonica", "intermittency_percent", "noise_events", "coverage")
ReadHours = Callable[[str, float, float], Sequence[HourRow]]
ReadLevels = Callable[[str, float, float], Sequence[MinuteRow]]
Cell = str | float | int | None


def lines(
    part: str, sensors: Sequence[str], read: ReadLevels, start: int, end: int, step: int, zone: str
) -> Iterator[str]:
    """The header and one line for each step of each sensor. ``part`` is one of ``PARTS``.

    At a step of ten seconds only LAeq exists; the other parts are then given by minute.
    """
    columns = {
        "levels": LEVELS if step != TEN else LEVELS[:1],
        "octaves": tuple(f"octave_{centre}_hz_db" for centre in OCTAVE_CENTRES),
        "sources": tuple(f"{source.value}_share" for source in NOISE_SOURCES),
    }[part]
    yield _line([*COMMON, *columns])
    for sensor in sensors:
        rows = read(sensor, start, end)
        if part == "levels" and step == TEN:
            series_step = TEN
            values: Iterator[tuple[Cell, ...]] = ((level,) for level in tens(rows, start, end))
        else:
            series_step = max(step, MINUTE)
            values = _values(part, thin(sensor, rows, start, end, series_step))
        for index, figures in enumerate(values):
            first = start + index * series_step
            last = min(first + series_step, end)
            yield _line([sensor, instant(first), instant(last), zone, series_step, *figures])


def hour_lines(sensors: Sequence[str], read: ReadHours, start: int, end: int, zone: str) -> Iterator[str]:
    """The header and one line for each stored hour that ends in the range; 62 noise events are 62 or more."""
    yield _line([*COMMON, *OF_HOUR])
    for sensor in sensors:
        for row in read(sensor, start, end):
            harmonica = None if row.harmonica is None else round(row.harmonica, 1)
            whole = None if row.intermittency is None else round(row.intermittency)
            when = (instant(row.hour), instant(row.hour + HOUR))
            yield _line([sensor, *when, zone, HOUR, harmonica, whole, row.events, row.coverage])


def instant(second: int) -> str:
    """A UTC instant in ISO 8601.

    >>> instant(1_800_000_000)
    '2027-01-15T08:00:00Z'
    """
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _values(part: str, series: Series) -> Iterator[tuple[Cell, ...]]:
    if part == "levels":
        figures = (series.laeq, series.lceq, series.lafmax, series.lcpeak, series.l10, series.l50, series.l90)
        return zip(*figures, series.minutes, strict=True)
    if part == "octaves":
        return zip(*series.octaves, strict=True)
    return (
        tuple(series.sources[source][index] if source in series.sources else nothing for source in NOISE_SOURCES)
        for index, nothing in enumerate(0.0 if stored else None for stored in series.stored)
    )


def _line(cells: Sequence[Cell]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
