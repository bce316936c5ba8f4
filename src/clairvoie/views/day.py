"""A local day as 24 × 60 small squares: how much a sensor said in each minute; 23 or 25 rows when the clocks change.

Each minute that was stored is a square filled from below by its share of the 480 bits that sixty seconds may hold in
the long run; more than that is within the burst and told apart by its own path. A minute without a record is a short
stroke; minutes to come are blank.

>>> clock = SiteClock("Europe/Paris")
>>> [row.label for row in hours_of(clock, date(2026, 10, 25))][1:5]
['01', '02', '02', '03']
>>> len(hours_of(clock, date(2026, 3, 29))), len(hours_of(clock, date(2026, 10, 25)))
(23, 25)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from clairvoie.boundary.bulletin import BITS_PER_SECOND
from clairvoie.boundary.reading import MinuteSaid
from clairvoie.boundary.units import MILLIBITS_PER_BIT
from clairvoie.views.clock import SiteClock
from clairvoie.views.ranges import HOUR, MINUTE

MINUTE_MILLIBITS = BITS_PER_SECOND * MINUTE * MILLIBITS_PER_BIT
"""What sixty seconds may hold in the long run: 480 bits."""
SIDE = 0.84
"""A square's side, where the grid has one unit."""


class HourRow(NamedTuple):
    """One hour of the clock: its seconds (POSIX), the two digits on the clock, and the offset from UTC then."""

    start: int
    end: int
    label: str
    offset: str


@dataclass(frozen=True, slots=True)
class HourSaid:
    """One row of the table that tells the picture in figures."""

    hour: HourRow
    millibits: int
    stored: int
    missing: int


@dataclass(frozen=True, slots=True)
class DaySaid:
    """The picture: SVG path data of the squares, and the table. ``rows`` is the number of hours;
    ``bits`` lists whole bits a minute for the pointer to read, empty where no record is stored, as far as time went."""

    rows: int
    within: str
    beyond: str
    missing: str
    bits: str
    hours: tuple[HourSaid, ...]
    millibits: int
    stored: int


def hours_of(clock: SiteClock, day: date) -> tuple[HourRow, ...]:
    """The hours of a local day in order, each with what the clock shows."""
    start, end = (int(edge) for edge in clock.day(day))
    edges = [*range(start, end, HOUR), end]
    return tuple(
        HourRow(first, last, f"{clock.local(first):%H}", clock.offset(first)) for first, last in pairwise(edges)
    )


def picture(clock: SiteClock, day: date, minutes: Sequence[MinuteSaid], *, now: float) -> DaySaid:
    """``minutes`` of ``day`` as a picture; those that are not over at ``now`` are left out."""
    hours = hours_of(clock, day)
    known = {said.minute: said.millibits for said in minutes}
    paths: dict[str, list[str]] = {"within": [], "beyond": [], "missing": []}
    table, figures = [], []
    for row, hour in enumerate(hours):
        over = range(hour.start, min(hour.end, int(now) // MINUTE * MINUTE), MINUTE)
        for minute in over:
            kind, path = _square((minute - hour.start) // MINUTE, row, known.get(minute))
            paths[kind].append(path)
        figures += ["" if (bits := known.get(minute)) is None else str(round(bits / 1000)) for minute in over]
        told = [bits for minute in over if (bits := known.get(minute)) is not None]
        table.append(HourSaid(hour, sum(told), len(told), len(over) - len(told)))
    return DaySaid(
        rows=len(hours),
        within="".join(paths["within"]),
        beyond="".join(paths["beyond"]),
        missing="".join(paths["missing"]),
        bits=",".join(figures),
        hours=tuple(table),
        millibits=sum(hour.millibits for hour in table),
        stored=sum(hour.stored for hour in table),
    )


def _square(column: int, row: int, millibits: int | None) -> tuple[str, str]:
    if millibits is None:
        return "missing", f"M{column + 0.3:g} {row + SIDE / 2:g}h.3"
    share = min(millibits / MINUTE_MILLIBITS, 1.0)
    height = round(SIDE * share, 2)
    path = f"M{column} {row + SIDE - height:.4g}h{SIDE:g}v{height:g}h-{SIDE:g}z"
    return ("beyond" if millibits > MINUTE_MILLIBITS else "within"), path
