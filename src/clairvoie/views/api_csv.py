"""The CSV files of the API (RFC 4180): sensor-minutes and sensor-hours, moments in UTC, empty where nothing is said."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from clairvoie.boundary.detection import OCTAVE_CENTRES
from clairvoie.boundary.reading import HourRow, MinuteRow
from clairvoie.views import documents

CSV_COLUMNS = ("laeq", "lceq", "lafmax", "lcpeak", "l10", "l50", "l90")


def csv_lines(rows: tuple[MinuteRow, ...]) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180) of sensor-minutes."""
    heading = ("sensor", "minute_utc", *CSV_COLUMNS, *(f"octave_{hz}_hz" for hz in OCTAVE_CENTRES), "valid_seconds")
    yield _csv_line(heading)
    for row in rows:
        stamp = documents.moment(row.minute).isoformat().replace("+00:00", "Z")
        levels = (*(getattr(row, name) for name in CSV_COLUMNS), *row.octaves)
        shown = ("" if level is None else f"{level:.1f}" for level in levels)
        yield _csv_line((row.sensor, stamp, *shown, "" if row.valid_seconds is None else str(row.valid_seconds)))


HOUR_COLUMNS = ("sensor", "hour_utc", "harmonica", "intermittency_percent", "noise_events", "coverage")


def hour_lines(rows: tuple[HourRow, ...]) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180) of sensor-hours; 62 noise events are 62 or more."""
    yield _csv_line(HOUR_COLUMNS)
    for row in rows:
        stamp = documents.moment(row.hour).isoformat().replace("+00:00", "Z")
        known = (
            (row.harmonica, "{:.1f}"), (row.intermittency, "{:.0f}"), (row.events, "{:d}"), (row.coverage, "{:.3f}"),
        )  # fmt: skip
        yield _csv_line((row.sensor, stamp, *("" if value is None else form.format(value) for value, form in known)))


def _csv_line(values: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
