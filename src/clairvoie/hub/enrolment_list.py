"""A list of sensors to enrol, as a CSV file: read whole, with every mistake named by its line and its column.

Columns may come in any order. A file written by a spreadsheet set to French, with semicolons and decimal commas, reads
the same.

>>> text = '''sensor;node;kind;latitude;longitude;height;place
... mic-7;lamp-7;microphone;48,8566;2,3522;4,5;Place du Marché'''
>>> found = read_list(text)
>>> found.listed[0].place.latitude, found.listed[0].place.words, found.mistakes
(48.8566, 'Place du Marché', ())
>>> read_list("sensor,node,kind,latitude,longitude\\nMic 7,lamp-7,microphone,95,2.35").mistakes[0]
Mistake(line=2, column='sensor', what="a sensor is named with a-z, 0-9 and inner hyphens, 40 at most: 'Mic 7'.")
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

from clairvoie.boundary.life import SensorAct, SensorState
from clairvoie.boundary.sensor import Place, SensorKind, check_name
from clairvoie.errors import ClairvoieError

NEEDED = ("sensor", "node", "kind", "latitude", "longitude")
OPTIONAL = ("height", "place", "hardware", "calibration", "calibrated")
MOST_ROWS = 5000


class Mistake(NamedTuple):
    """Something wrong in the list: ``line`` counts from 1, ``column`` is its heading or empty."""

    line: int
    column: str
    what: str


class Listed(Struct, frozen=True, kw_only=True):
    """One sensor of the list, and the line it stands on."""

    line: int
    sensor: str
    node: str
    kind: SensorKind
    place: Place
    hardware: str = ""
    calibration: float | None = None
    calibrated: str = ""

    def act(self, deployment: str, at: float) -> SensorAct:
        """The act with which its life begins."""
        return SensorAct(
            deployment=deployment,
            at=at,
            sensor=self.sensor,
            node=self.node,
            state=SensorState.PLANNED,
            kind=self.kind,
            place=self.place,
            hardware=self.hardware,
            calibration=self.calibration,
            calibrated=self.calibrated,
        )


class Read(NamedTuple):
    """What a list holds: the sensors that can be read, everything that is wrong with it, and which node each line is
    of, lines with mistakes included."""

    listed: tuple[Listed, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    nodes: tuple[tuple[int, str], ...] = ()


def read_list(text: str) -> Read:
    """The sensors of a list, and everything that is wrong with it."""
    heading = text.removeprefix("\ufeff").partition("\n")[0]
    french = heading.count(";") > heading.count(",")
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";" if french else ",")
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        return Read(mistakes=(Mistake(reader.line_num, "", f"this is no CSV ({error})"),))
    columns = [name.lower() for name in lines[0][1]] if lines else []
    wrong = _check_columns(columns)
    if wrong:
        return Read(mistakes=wrong)
    rows = [(line, row) for line, row in lines[1:] if any(row)]
    if not 1 <= len(rows) <= MOST_ROWS:
        return Read(mistakes=(Mistake(1, "", f"a list has 1 to {MOST_ROWS} sensors: {len(rows)}"),))
    listed: list[Listed] = []
    mistakes: list[Mistake] = []
    first: dict[str, int] = {}
    for line, row in rows:
        found, why = _read_row(line, columns, row, french=french)
        mistakes += why
        if found is not None and found.sensor in first:
            mistakes.append(Mistake(line, "sensor", f"{found.sensor} stands on line {first[found.sensor]} already"))
        elif found is not None:
            first[found.sensor] = line
            listed.append(found)
    at = columns.index("node")
    return Read(tuple(listed), tuple(mistakes), tuple((line, row[at]) for line, row in rows if len(row) > at))


def _check_columns(columns: list[str]) -> tuple[Mistake, ...]:
    missing = [Mistake(1, name, "this column is missing") for name in NEEDED if name not in columns]
    known = (*NEEDED, *OPTIONAL)
    unknown = [
        Mistake(1, name, f"no such column; there are {', '.join(known)}") for name in columns if name not in known
    ]
    twice = [Mistake(1, name, "this column stands twice") for name in known if columns.count(name) > 1]
    return tuple(missing + unknown + twice)


def _read_row(line: int, columns: list[str], row: list[str], *, french: bool) -> tuple[Listed | None, list[Mistake]]:
    if len(row) != len(columns):
        return None, [Mistake(line, "", f"{len(row)} cells where the heading has {len(columns)}")]
    cells = dict(zip(columns, row, strict=True))
    mistakes: list[Mistake] = []
    values: dict[str, Any] = {}
    readers: dict[str, Callable[[str], Any]] = {
        "sensor": lambda cell: check_name("sensor", cell),
        "node": lambda cell: check_name("node", cell),
        "kind": _kind,
        "latitude": lambda cell: _number(cell, -90, 90, french=french),
        "longitude": lambda cell: _number(cell, -180, 180, french=french),
        "height": lambda cell: _number(cell or "4", -100, 500, french=french),
        "place": str,
        "hardware": str,
        "calibration": lambda cell: None if not cell else _number(cell, 40, 200, french=french),
        "calibrated": _date,
    }
    for name, read in readers.items():
        try:
            values[name] = read(cells.get(name, ""))
        except (ClairvoieError, ValueError) as error:
            mistakes.append(Mistake(line, name, str(error)))
    if mistakes:
        return None, mistakes
    try:
        listed = Listed(
            line=line,
            place=Place(
                latitude=values.pop("latitude"),
                longitude=values.pop("longitude"),
                height=values.pop("height"),
                words=values.pop("place"),
            ),
            **values,
        )
        listed.act("any", 0.0)  # texts that an act cannot hold are found here
    except ClairvoieError as error:
        return None, [Mistake(line, "", str(error))]
    return listed, []


def _kind(cell: str) -> SensorKind:
    try:
        return SensorKind(cell)
    except ValueError:
        raise ValueError(f"microphone or camera, not {cell!r}") from None


def _number(cell: str, least: float, most: float, *, french: bool) -> float:
    try:
        number = float(cell.replace(",", ".") if french else cell)
    except ValueError:
        raise ValueError(f"a number, not {cell!r}") from None
    if not least <= number <= most:
        raise ValueError(f"a number from {least:g} to {most:g}, not {cell}")
    return number


def _date(cell: str) -> str:
    try:
        return datetime.date.fromisoformat(cell).isoformat() if cell else ""
    except ValueError:
        raise ValueError(f"a date as 2026-11-22, not {cell!r}") from None
