"""The day as 24 × 60 squares, and as 23 or 25 rows when the clocks change."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.reading import MinuteSaid
from clairvoie.views.clock import SiteClock
from clairvoie.views.day import MINUTE_MILLIBITS, hours_of, picture

PARIS = SiteClock("Europe/Paris")
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 22)


def minutes_of(day: date, millibits: int | None = 240_000) -> list[MinuteSaid]:
    start, end = (int(edge) for edge in PARIS.day(day))
    return [MinuteSaid(minute=minute, millibits=millibits) for minute in range(start, end, 60)]


def squares(path: str) -> int:
    return len(re.findall("M", path))


@pytest.mark.parametrize(("day", "rows"), [(PLAIN, 24), (SPRING, 23), (AUTUMN, 25)])
def test_a_day_has_as_many_rows_as_hours_and_sixty_squares_in_each(day: date, rows: int) -> None:
    shown = picture(PARIS, day, minutes_of(day), now=PARIS.day(day)[1])
    assert shown.rows == len(shown.hours) == rows
    assert squares(shown.within) == shown.stored == rows * 60
    assert shown.beyond == shown.missing == ""
    assert shown.millibits == rows * 60 * 240_000


def test_the_hour_that_is_skipped_has_no_row_and_the_one_that_comes_twice_has_two() -> None:
    assert [hour.label for hour in hours_of(PARIS, SPRING)][:4] == ["00", "01", "03", "04"]
    autumn = hours_of(PARIS, AUTUMN)
    assert [(hour.label, hour.offset) for hour in autumn][1:4] == [
        ("01", "UTC+02:00"), ("02", "UTC+02:00"), ("02", "UTC+01:00"),
    ]  # fmt: skip


@given(
    day=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    zone=st.sampled_from(
        ["Europe/Paris", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
    ),
)
def test_hours_cover_a_day_without_gap_or_overlap(day: date, zone: str) -> None:
    clock = SiteClock(zone)
    start, end = clock.day(day)
    hours = hours_of(clock, day)
    if start == end:
        assert day in (date(2011, 12, 30),), "only Apia ever skipped a day"
        return
    assert (hours[0].start, hours[-1].end) == (start, end)
    assert all(before.end == after.start for before, after in pairwise(hours))
    assert clock.date(start) == day
    assert clock.date(end) == day + timedelta(days=1) or zone == "Pacific/Apia"


def test_a_square_is_filled_by_its_share_and_what_is_beyond_is_told_apart() -> None:
    start = int(PARIS.day(PLAIN)[0])
    said = [
        MinuteSaid(minute=start, millibits=MINUTE_MILLIBITS // 2),
        MinuteSaid(minute=start + 60, millibits=MINUTE_MILLIBITS),
        MinuteSaid(minute=start + 120, millibits=MINUTE_MILLIBITS + 1),
        MinuteSaid(minute=start + 180, millibits=None),
    ]
    shown = picture(PARIS, PLAIN, said, now=start + 250)
    assert shown.within == "M0 0.42h0.84v0.42h-0.84zM1 0h0.84v0.84h-0.84z"
    assert shown.beyond == "M2 0h0.84v0.84h-0.84z"
    assert squares(shown.missing) == 1
    assert shown.bits == "240,480,480,"
    assert (shown.stored, shown.hours[0].missing) == (3, 1)


def test_minutes_to_come_are_neither_drawn_nor_counted_as_missing() -> None:
    now = PARIS.day(PLAIN)[0] + 90 * 60 + 30
    shown = picture(PARIS, PLAIN, minutes_of(PLAIN), now=now)
    assert squares(shown.within) == 90
    assert shown.missing == ""
    assert [hour.stored for hour in shown.hours[:3]] == [60, 30, 0]


def test_a_minute_that_nobody_tells_of_is_missing() -> None:
    shown = picture(PARIS, PLAIN, [], now=PARIS.day(PLAIN)[1])
    assert squares(shown.missing) == 24 * 60
    assert shown.stored == shown.millibits == 0
