"""Lden by hand, on days of 23, 24 and 25 hours, and what becomes of hours that are missing."""

from __future__ import annotations

import datetime
import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.detect.sound.indicators_day import DayIndicators, DayMeter, Period, lden_of, lengths, period_of
from clairvoie.detect.sound.levels import SecondLevels

PARIS = ZoneInfo("Europe/Paris")


def at(*when: int) -> float:
    return datetime.datetime(*when, tzinfo=PARIS).timestamp()


def minutes(start: float, end: float, level: dict[Period, float]) -> list[tuple[float, float, float | None]]:
    steps = round((end - start) / 60)
    return [(start + 60.0 * (n + 1), 60.0, level[period_of(start + 60 * n, PARIS)]) for n in range(steps)]


def metered(heard: list[tuple[float, float, float | None]]) -> list[DayIndicators]:
    meter = DayMeter(PARIS)
    return [day for one in heard for day in meter.add(*one)] + meter.finish()


LEVELS = {Period.DAY: 65.0, Period.EVENING: 60.0, Period.NIGHT: 50.0}


@pytest.mark.parametrize(
    ("start", "night"),
    [((2026, 11, 20, 6), 8), ((2027, 3, 27, 6), 7), ((2026, 10, 24, 6), 9)],
    ids=["24 hours", "23 hours: clocks go forward", "25 hours: clocks go back"],
)
def test_lden_by_hand(start: tuple[int, ...], night: int) -> None:
    first = at(*start)
    [day] = metered(minutes(first, first + (16 + night) * 3600, LEVELS))
    expected = 10 * math.log10((12 * 10**6.5 + 4 * 10**6.5 + night * 10**6.0) / (16 + night))
    assert day.hours == 16 + night
    assert day.lden == pytest.approx(expected)
    assert (day.lday, day.levening, day.lnight) == (pytest.approx(65), pytest.approx(60), pytest.approx(50))
    assert day.coverage == (1.0, 1.0, 1.0)


def test_a_day_begins_at_6_whenever_the_sensor_did() -> None:
    first, second, none = metered(minutes(at(2026, 11, 20, 15), at(2026, 11, 22, 7), LEVELS))
    assert (first.lden, none.lden) == (None, None)
    assert first.coverage == (pytest.approx(3 / 12), 1.0, 1.0)
    assert second.start == at(2026, 11, 21, 6)
    assert second.lden is not None


def test_a_part_of_the_day_with_too_little_ends_lden_and_its_level_only() -> None:
    heard = minutes(at(2026, 11, 20, 6), at(2026, 11, 21, 6), LEVELS)
    cut = [one for one in heard if not at(2026, 11, 20, 18) < one[0] <= at(2026, 11, 20, 20)]
    [day] = metered(cut)
    assert day.coverage == (1.0, pytest.approx(0.5), 1.0)
    assert (day.levening, day.lden) == (None, None)
    assert day.lday == pytest.approx(65)


def test_missing_minutes_are_not_filled_in_but_the_rest_stands_for_its_part() -> None:
    heard = minutes(at(2026, 11, 20, 6), at(2026, 11, 21, 6), LEVELS)
    [whole], [cut] = metered(heard), metered(heard[60:])
    assert cut.lden == pytest.approx(whole.lden)
    assert cut.coverage[0] == pytest.approx(11 / 12)


def test_a_second_that_is_not_valid_counts_as_missing() -> None:
    start, meter = at(2026, 11, 20, 6), DayMeter(PARIS)
    for n in range(3600):
        meter.feed(SecondLevels(start + n + 1, 1.0, 60.0, 60.0, 60.0, 60.0, 60.0, n % 2 == 0, False))
    [day] = meter.finish()
    assert day.coverage[0] == pytest.approx(0.5 / 12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 23), st.floats(30, 90))
def test_a_steady_level_has_the_same_lden_wherever_its_24_hours_begin(hour: int, level: float) -> None:
    start = at(2026, 11, 20, hour)
    heard = minutes(start, start + 86_400, dict.fromkeys(Period, level))
    found = lden_of(heard, start, start + 86_400, PARIS)
    assert found is not None
    assert found.lden == pytest.approx(level + 10 * math.log10((12 + 4 * 10**0.5 + 8 * 10) / 24))


def test_less_than_a_day_has_no_lden() -> None:
    start = at(2026, 11, 20, 0)
    heard = minutes(start, start + 80_000, LEVELS)
    assert lden_of(heard, start, start + 80_000, PARIS) is None


@given(st.floats(at(2026, 1, 1), at(2028, 1, 1)), st.floats(1, 90_000))
def test_the_parts_of_any_stretch_add_up_to_it(first: float, seconds: float) -> None:
    assert sum(lengths(first, first + seconds, PARIS)) == pytest.approx(seconds)
