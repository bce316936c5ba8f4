"""Hours side by side: what the levels page shows of the indicators that a sensor computes of each hour.

Hours are those of UTC, as sensors count them; they are shown in the site's local time. An hour of which one sensor said
something has a line; the others say nothing in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clairvoie.boundary.reading import HourRow
from clairvoie.views.ranges import HOUR

MOST_HOURS = 48
"""About as many lines as the table of levels has at most; the CSV has all of them."""


@dataclass(frozen=True, slots=True)
class HourLine:
    """One hour, from ``begin`` (POSIX seconds), and what each sensor said of it."""

    begin: int
    rows: tuple[HourRow | None, ...]

    @property
    def end(self) -> int:
        """The first second after it."""
        return self.begin + HOUR


@dataclass(frozen=True, slots=True)
class Hours:
    """The newest hours, oldest first, and how many earlier ones there are."""

    lines: tuple[HourLine, ...]
    more: int


def hours_of(columns: Sequence[Sequence[HourRow]], most: int = MOST_HOURS) -> Hours:
    """The hours of several sensors side by side.

    >>> def row(hour):
    ...     return HourRow(sensor="a", hour=hour, harmonica=5.0, intermittency=40, events=3, coverage=1.0)
    >>> found = hours_of([[row(0), row(3600)], [row(3600), row(7200)]], most=2)
    >>> [(line.begin, [row is not None for row in line.rows]) for line in found.lines], found.more
    ([(3600, [True, True]), (7200, [False, True])], 1)
    """
    known = [{row.hour: row for row in rows} for rows in columns]
    begins = sorted({hour for rows in known for hour in rows})
    lines = [HourLine(begin, tuple(rows.get(begin) for rows in known)) for begin in begins[-most:]]
    return Hours(tuple(lines), max(0, len(begins) - most))
