"""Parts of the day in the site's own time, days of 23 and 25 hours included, and Lden."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.hub.levels import DAY, EVENING, NIGHT, MinuteLevel, lden, period_levels, stretches

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN, ORDINARY = date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 22)


def local_day(day: date) -> tuple[float, float]:
    following = day + timedelta(days=1)
    start = datetime(day.year, day.month, day.day, tzinfo=PARIS)
    end = datetime(following.year, following.month, following.day, tzinfo=PARIS)
    return start.timestamp(), end.timestamp()


def hours_by_part(day: date) -> list[float]:
    found = [0.0, 0.0, 0.0]
    for stretch in stretches(*local_day(day), PARIS):
        found[stretch.part] += (stretch.end - stretch.start) / 3600
    return found


@pytest.mark.parametrize(("day", "hours"), [(ORDINARY, 8.0), (SPRING, 7.0), (AUTUMN, 9.0)])
def test_only_the_night_is_shorter_or_longer_when_clocks_change(day, hours) -> None:
    assert hours_by_part(day) == [12.0, 4.0, hours]


@pytest.mark.parametrize("day", [ORDINARY, SPRING, AUTUMN])
def test_every_minute_counts_once_in_the_part_that_the_clock_on_the_wall_shows(day) -> None:
    start, end = local_day(day)
    levels = {DAY: 60.0, EVENING: 55.0, NIGHT: 40.0}

    def part(minute: int) -> int:
        hour = datetime.fromtimestamp(minute, PARIS).hour
        return DAY if 6 <= hour < 18 else EVENING if 18 <= hour < 22 else NIGHT

    minutes = range(int(start), int(end), 60)
    rows = [MinuteLevel(minute, int(levels[part(minute)] * 100), 6) for minute in minutes]
    found = period_levels(rows, start, end, PARIS)
    assert (found.day, found.evening, found.night) == pytest.approx((60.0, 55.0, 40.0))
    assert found.coverage == pytest.approx(1.0)
    night = (end - start) / 3600 - 16
    energy = 12 * 10**6 + 4 * 10**6 + night * 10**5
    assert found.lden == pytest.approx(10 * math.log10(energy / (16 + night)))
    plain = 12 * 10**6 + 4 * 10**5.5 + night * 10**4
    assert found.laeq == pytest.approx(10 * math.log10(plain / (16 + night)))


def test_a_part_without_a_minute_is_unknown_and_so_is_lden() -> None:
    start, end = local_day(ORDINARY)
    found = period_levels([MinuteLevel(int(start) + 12 * 3600, 6000, 3)], start, end, PARIS)
    assert (found.day, found.evening, found.night, found.lden) == (60.0, None, None, None)
    assert found.coverage == pytest.approx(30 / 86_400)


def test_nothing_stored_is_nothing_known() -> None:
    found = period_levels([], 0, 86_400, PARIS)
    assert (found.laeq, found.lden, found.coverage) == (None, None, 0.0)
    assert period_levels([], 100, 100, PARIS).coverage == 0.0


def test_a_minute_that_was_half_valid_counts_half() -> None:
    rows = [MinuteLevel(43_200, 6000, 6), MinuteLevel(43_260, 5000, 3)]
    energy = (6 * 10**6 + 3 * 10**5) / 9
    assert period_levels(rows, 43_200, 43_320, PARIS).laeq == pytest.approx(10 * math.log10(energy))


def test_lden_by_the_textbook() -> None:
    textbook = 10 * math.log10((12 * 10**6.5 + 4 * 10 ** ((60 + 5) / 10) + 8 * 10 ** ((55 + 10) / 10)) / 24)
    assert lden((65.0, 60.0, 55.0)) == pytest.approx(textbook)
    assert lden((65.0, None, 55.0)) is None


@given(
    start=st.integers(0, 2**31),
    seconds=st.integers(1, 40 * 86_400),
    zone=st.sampled_from(["Europe/Paris", "UTC", "Pacific/Auckland", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_stretches_tile_the_range(start, seconds, zone) -> None:
    found = stretches(start, start + seconds, ZoneInfo(zone))
    assert found[0].start == start
    assert found[-1].end == start + seconds
    assert all(one.end == other.start for one, other in pairwise(found))
    for stretch in found:
        middle = datetime.fromtimestamp((stretch.start + stretch.end) / 2, ZoneInfo(zone)).hour
        assert stretch.part == (DAY if 6 <= middle < 18 else EVENING if 18 <= middle < 22 else NIGHT)
