"""``listen --csv``: a row a second of one recording, or a row a recording of several. Columns are only ever added.

Comma-separated, UTF-8, a dot in numbers, an empty cell where a value does not exist.
"""

from __future__ import annotations

import csv
import datetime
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from clairvoie.boundary.hazards import SOUND_HAZARDS, HazardKind
from clairvoie.cli.hearing import Hearing
from clairvoie.detect.sound.indicators import PERCENTILES
from clairvoie.errors import ConfigurationError

SECOND_COLUMNS = (
    *("t", "time", "seconds", "laeq", "lceq", "lzeq", "lafmax", "lcpeak", "unit"),
    *("valid", "overload", "source", "detections", "noise_event"),
)
HAZARDS = tuple(kind for kind in HazardKind if kind in SOUND_HAZARDS)
MOST_SOURCES = 3
STANDARD_OUTPUT = Path("-")
FILE_COLUMNS = (
    *("file", "problem", "start", "seconds", "valid_seconds", "rate", "channel", "calibration", "unit"),
    *("laeq", "lceq", "lzeq", "lafmax", "lcpeak", *(f"l{percentile}" for percentile in PERCENTILES)),
    *("sel", "intermittency", "harmonica", "lden", "overload_seconds", "noise_events"),
    *(kind.value for kind in HAZARDS),
    *(f"{name}_{number}" for number in range(1, MOST_SOURCES + 1) for name in ("source", "score")),
)
Cell = str | int | float | None


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """The file to write to; ``-`` is standard output. Raises ``ConfigurationError`` where it cannot be written."""
    if path == STANDARD_OUTPUT:
        yield sys.stdout
        return
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            yield file
    except OSError as error:
        reason = f"the table cannot be written ({error.strerror})"
        raise ConfigurationError(reason, str(path), "Check --csv.") from error


def write_seconds(hearing: Hearing, path: Path) -> None:
    """Write a row for every second of ``hearing``."""
    with written(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SECOND_COLUMNS)
        writer.writerows(_second_rows(hearing))


def _second_rows(hearing: Hearing) -> Iterator[list[Cell]]:
    series = hearing.levels
    sources = {round(t, 3): source.value for t, source in hearing.sources}
    columns = (series.t_end, series.seconds, series.laeq, series.lceq, series.lzeq, series.lafmax, series.lcpeak)
    flags = (series.valid, series.usable, series.overload)
    for row in zip(*(column.tolist() for column in (*columns, *flags)), strict=True):
        t_end, seconds, *levels, valid, usable, overload = row
        start = t_end - seconds
        kinds = sorted({h.kind.value for h in hearing.detections if h.onset < t_end and h.offset >= start})
        event = next((n for n, e in enumerate(hearing.events, 1) if e.start < t_end and e.end > start), None)
        yield [
            round(t_end, 3),
            _clock(hearing.start, start),
            round(seconds, 3),
            *(_cell(level) if usable else None for level in levels),
            hearing.unit,
            int(valid),
            int(overload),
            sources.get(round(t_end, 3)),
            " ".join(kinds),
            event,
        ]


def _clock(start: datetime.datetime | None, seconds: float) -> str | None:
    if start is None:
        return None
    moment = datetime.datetime.fromtimestamp(start.timestamp() + seconds, start.tzinfo)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


class FileTable:
    """A row for every recording, written as soon as it has been heard."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(FILE_COLUMNS)

    def add(self, name: str, hearing: Hearing | None, problem: str = "") -> None:
        """A recording, or only its ``problem`` where it could not be heard."""
        cells = _file_cells(hearing) if hearing is not None else {}
        self._writer.writerow([name, problem, *(cells.get(column) for column in FILE_COLUMNS[2:])])
        self._file.flush()


def _file_cells(hearing: Hearing) -> dict[str, Cell]:
    found, totals, day = hearing.indicators(), hearing.totals, hearing.day()
    counts = hearing.detection_counts()
    cells: dict[str, Cell] = {
        "start": _clock(hearing.start, 0.0),
        "seconds": round(hearing.length, 3),
        "valid_seconds": round(found.valid, 3),
        "rate": hearing.recording.rate,
        "channel": hearing.recording.channel,
        "calibration": hearing.calibration,
        "unit": hearing.unit,
        **{name: _cell(getattr(found, name)) for name in ("laeq", "lceq", "lzeq", "lafmax", "lcpeak")},
        **{f"l{percentile}": _cell(value) for percentile, value in found.percentiles.items()},
        "sel": _cell(totals.sel),
        "intermittency": _cell(totals.intermittency),
        "harmonica": _cell(hearing.harmonica()),
        "lden": _cell(day.lden) if day is not None else None,
        "overload_seconds": found.overloads,
        "noise_events": len(hearing.events),
        **{kind.value: counts.get(kind, 0) for kind in HAZARDS},
    }
    for place, (source, score) in enumerate(hearing.best_sources()[:MOST_SOURCES], start=1):
        cells[f"source_{place}"], cells[f"score_{place}"] = source.value, round(score, 2)
    return cells


def _cell(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 2)
