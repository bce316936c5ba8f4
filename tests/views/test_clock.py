"""Local days join without gap or overlap, whatever the zone does with its clocks."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.views.clock import SiteClock

ZONES = ("Europe/Paris", "America/Santiago", "Africa/Cairo", "Asia/Kolkata", "America/Havana", "Pacific/Chatham", "UTC")
DAYS = st.dates(min_value=dt.date(1975, 1, 2), max_value=dt.date(2037, 12, 30))


@given(zone=st.sampled_from(ZONES), day=DAYS)
def test_a_day_begins_at_its_first_instant_and_ends_where_the_next_begins(zone: str, day: dt.date) -> None:
    clock = SiteClock(zone)
    start, end = clock.day(day)
    assert clock.date(start) == day
    assert clock.date(start - 1) == day - dt.timedelta(days=1)
    assert clock.date(end - 1) == day
    assert end == clock.day(day + dt.timedelta(days=1))[0]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)])
def test_days_in_paris_last_23_24_or_25_hours(day: str, hours: int) -> None:
    start, end = SiteClock("Europe/Paris").day(dt.date.fromisoformat(day))
    assert end - start == hours * 3600


def test_the_hour_that_occurs_twice_is_told_apart_by_its_offset() -> None:
    clock = SiteClock("Europe/Paris")
    first = clock.instant("2026-10-25T02:30")
    assert (clock.time(first), clock.offset(first)) == ("02:30:00", "UTC+02:00")
    assert (clock.time(first + 3600), clock.offset(first + 3600)) == ("02:30:00", "UTC+01:00")


@given(at=st.floats(min_value=0, max_value=4e9), zone=st.sampled_from(ZONES))
def test_tenths_are_cut_off_and_never_shown_as_a_second_that_has_not_come(at: float, zone: str) -> None:
    clock = SiteClock(zone)
    assert clock.time(at, tenths=True)[:-2] == clock.time(at)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00", "25:00"])
def test_what_is_no_time_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SiteClock("Europe/Paris").instant(text)
