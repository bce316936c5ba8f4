"""Ranges: local dates become UTC seconds, and what cannot be shown is refused with its reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.views.clock import SiteClock
from clairvoie.views.ranges import (
    HOUR,
    LONGEST_DAYS,
    MOST_POINTS,
    MOST_ROWS,
    BadRange,
    Range,
    RangeFault,
    read_range,
    read_step,
)

PARIS = SiteClock("Europe/Paris")
NOW = 1_795_316_650.0
"""2026-11-22 04:04:10 in Paris."""


def read(name: str, first: str = "", last: str = "", now: float = NOW) -> Range:
    return read_range(name, first, last, now=now, clock=PARIS)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-21", 24)])
def test_a_day_lasts_as_long_as_its_clock_says_in_steps_of_a_minute(day: str, hours: int) -> None:
    found = read("dates", day, day)
    assert (found.end - found.start, found.step) == (hours * HOUR, 60)
    assert PARIS.local(found.start).hour == 0


def test_named_ranges_end_where_a_person_expects() -> None:
    today, yesterday, week, hour = (read(name) for name in ("today", "yesterday", "week", "hour"))
    assert yesterday.end == today.start <= NOW < today.end == week.end
    assert (week.first, week.last) == (date(2026, 11, 16), date(2026, 11, 22))
    assert hour.end - HOUR <= NOW < hour.end
    assert hour.step == 10
    assert [span.live for span in (today, yesterday, week, hour)] == [True, False, True, True]


@given(
    now=st.integers(min_value=1_000_000_000, max_value=3_000_000_000),
    back=st.integers(min_value=0, max_value=400),
    days=st.integers(min_value=1, max_value=LONGEST_DAYS),
)
def test_every_range_that_is_shown_is_short_enough_to_draw(now: int, back: int, days: int) -> None:
    last = PARIS.date(now) - timedelta(days=back)
    found = read("dates", str(last - timedelta(days=days - 1)), str(last), now=now)
    assert (found.end - found.start) / found.step <= MOST_POINTS
    assert (found.end - found.start) / found.table_step <= max(MOST_ROWS, days + 1)
    assert found.live == (back == 0)


@pytest.mark.parametrize(("name", "first", "last", "fault"), [
    ("fortnight", "", "", RangeFault.UNKNOWN_NAME),
    ("dates", "", "2026-11-01", RangeFault.NOT_A_DATE),
    ("dates", "2026-02-30", "2026-03-01", RangeFault.NOT_A_DATE),
    ("dates", "0001-01-01", "2026-03-01", RangeFault.NOT_A_DATE),
    ("dates", "9999-12-31", "9999-12-31", RangeFault.NOT_A_DATE),
    ("dates", "2026-11-02", "2026-11-01", RangeFault.BACKWARDS),
    ("dates", "2026-11-23", "2026-11-23", RangeFault.IN_THE_FUTURE),
    ("dates", "2026-01-01", "2026-11-01", RangeFault.TOO_LONG),
])  # fmt: skip
def test_what_cannot_be_shown_says_why(name: str, first: str, last: str, fault: RangeFault) -> None:
    with pytest.raises(BadRange) as caught:
        read(name, first, last)
    assert caught.value.fault is fault


@pytest.mark.parametrize("value", ["7", "-60", "0", "minute", "1e3"])
def test_a_step_is_one_of_a_few(value: str) -> None:
    with pytest.raises(BadRange):
        read_step(value, read("today"))
    assert read_step("3600", read("today")) == 3600
    assert read_step("", read("today")) == 60


@given(text=st.text(max_size=40))
def test_no_address_breaks_the_reading_of_dates(text: str) -> None:
    try:
        found = read("dates", text, text)
    except BadRange:
        return
    assert found.first <= PARIS.date(NOW)
