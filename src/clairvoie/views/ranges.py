"""Which stretch of time a levels page shows: read from the address, in local dates, bounded, with its step.

A range is named (``hour``, ``today``, ``yesterday``, ``week``) or given by two local dates, both included. What cannot
be shown is a :class:`BadRange`, whose reason is one of a closed list, so that the page can say it in each language.

>>> sunday = read_range("dates", "2026-10-25", "2026-10-25", now=1_800_000_000, clock=SiteClock("Europe/Paris"))
>>> (sunday.end - sunday.start) // 3600, sunday.step
(25, 60)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from clairvoie.errors import ClairvoieError
from clairvoie.views.clock import SiteClock

TEN = 10
MINUTE = 60
HOUR = 3600
LONGEST_DAYS = 92
"""A quarter: what can be drawn while a person waits. Longer stretches are for the CSV of several quarters."""
MOST_POINTS = 1500
"""About as many as a wide screen has columns; a day of 25 hours in minutes just fits."""
STEPS = (TEN, 60, 300, 600, 900, 1800, HOUR, 2 * HOUR)
TABLE_STEPS = (60, 300, 900, 1800, HOUR, 3 * HOUR, 6 * HOUR, 24 * HOUR)
MOST_ROWS = 50


class RangeName(StrEnum):
    """The ranges that have a name."""

    HOUR = "hour"
    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    DATES = "dates"


class RangeFault(StrEnum):
    """Why a range cannot be shown."""

    UNKNOWN_NAME = "unknown-name"
    NOT_A_DATE = "not-a-date"
    BACKWARDS = "backwards"
    TOO_LONG = "too-long"
    IN_THE_FUTURE = "in-the-future"
    BAD_STEP = "bad-step"


class BadRange(ClairvoieError):
    """A range that cannot be shown; ``fault`` says why, ``value`` what was asked."""

    def __init__(self, fault: RangeFault, value: str) -> None:
        super().__init__(f"this range cannot be shown ({fault.value})", value, "Choose another range.")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Range:
    """From ``start`` to ``end`` (POSIX seconds), drawn in steps of ``step`` seconds.

    ``first`` and ``last`` are the local dates that it covers; ``live`` says that it holds the present.
    """

    name: RangeName
    start: int
    end: int
    step: int
    first: date
    last: date
    live: bool

    @property
    def table_step(self) -> int:
        """The step of the table that says the same in figures, in at most about fifty rows."""
        return _step_for(self.end - self.start, TABLE_STEPS, MOST_ROWS)


def read_range(name: str, first: str, last: str, *, now: float, clock: SiteClock) -> Range:
    """The range that an address asks for. ``first`` and ``last`` (ISO dates) count only for ``dates``.

    Raises :class:`BadRange`.
    """
    try:
        asked = RangeName(name)
    except ValueError:
        raise BadRange(RangeFault.UNKNOWN_NAME, name) from None
    today = clock.date(now)
    if asked is RangeName.HOUR:
        return _last_hour(now, clock)
    days = {
        RangeName.TODAY: (today, today),
        RangeName.YESTERDAY: (today - timedelta(days=1), today - timedelta(days=1)),
        RangeName.WEEK: (today - timedelta(days=6), today),
    }
    begin, finish = days[asked] if asked in days else (_date(first), _date(last))
    if finish < begin:
        raise BadRange(RangeFault.BACKWARDS, f"{begin} – {finish}")
    if begin > today:
        raise BadRange(RangeFault.IN_THE_FUTURE, str(begin))
    if (finish - begin).days >= LONGEST_DAYS:
        raise BadRange(RangeFault.TOO_LONG, str((finish - begin).days + 1))
    start, end = int(clock.start_of(begin)), int(clock.start_of(finish + timedelta(days=1)))
    return Range(
        name=asked,
        start=start,
        end=end,
        step=_step_for(end - start, STEPS[1:], MOST_POINTS),
        first=begin,
        last=finish,
        live=start <= now < end,
    )


def read_step(value: str | None, asked: Range) -> int:
    """The step that an address asks for, else that of the range. Raises :class:`BadRange`."""
    if not value:
        return asked.step
    if value not in {str(step) for step in STEPS}:
        raise BadRange(RangeFault.BAD_STEP, value)
    return int(value)


def _last_hour(now: float, clock: SiteClock) -> Range:
    end = int(now // MINUTE + 1) * MINUTE
    start = end - HOUR - MINUTE
    return Range(
        name=RangeName.HOUR,
        start=start,
        end=end,
        step=TEN,
        first=clock.date(start),
        last=clock.date(now),
        live=True,
    )


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadRange(RangeFault.NOT_A_DATE, text) from None
    if not 1970 < found.year < 9000:
        raise BadRange(RangeFault.NOT_A_DATE, text)
    return found


def _step_for(seconds: int, steps: tuple[int, ...], most: int) -> int:
    return next((step for step in steps if seconds <= step * most), steps[-1])
