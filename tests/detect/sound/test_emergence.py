"""French emergence: the terms and limits of the articles, octaves that hold nothing from outside what is marked."""

from __future__ import annotations

import datetime
import math
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.emergence import (
    Interval,
    LimitPeriod,
    MarkedOctaves,
    Stretch,
    duration_term,
    emergence_of,
    limit_period,
    limit_periods,
)
from clairvoie.errors import InvalidValue

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("seconds", "term"),
    [
        *[(1, 6), (MINUTE, 6), (MINUTE + 1, 5), (5 * MINUTE, 5), (5 * MINUTE + 1, 4), (20 * MINUTE, 4)],
        *[(20 * MINUTE + 1, 3), (2 * HOUR, 3), (2 * HOUR + 1, 2), (4 * HOUR, 2), (4 * HOUR + 1, 1), (8 * HOUR, 1)],
        (8 * HOUR + 1, 0),
    ],
)
def test_the_duration_term_is_that_of_article_r1336_7(seconds: float, term: int) -> None:
    assert duration_term(seconds) == term


@given(st.floats(0, 40_000), st.floats(0, 40_000))
def test_a_longer_noise_never_has_a_greater_term(one: float, other: float) -> None:
    assert duration_term(max(one, other)) <= duration_term(min(one, other))


@pytest.mark.parametrize(("hour", "period"), [(6, "night"), (7, "day"), (21, "day"), (22, "night"), (0, "night")])
def test_the_day_is_from_7_to_22(hour: int, period: str) -> None:
    assert limit_period(hour) == period


def test_limits_by_day_and_by_night() -> None:
    found = emergence_of(Stretch(47.5, 9 * HOUR), Stretch(43.0, HOUR), calibrated=True)
    assert found is not None
    assert (found.difference, found.term) == (4.5, 0)
    day, night = found.limits
    assert (day.period, day.decibels, day.exceeded) == (LimitPeriod.DAY, 5.0, False)
    assert (night.period, night.decibels, night.exceeded) == (LimitPeriod.NIGHT, 3.0, True)


def test_a_stated_duration_takes_the_place_of_the_recorded_one() -> None:
    ambient, residual = Stretch(50.0, 30.0), Stretch(43.0, 30.0)
    short, long = (emergence_of(ambient, residual, calibrated=True, duration=d) for d in (None, 9.0 * HOUR))
    assert short is not None
    assert long is not None
    assert [limit.exceeded for limit in short.limits] == [False, False]
    assert [limit.exceeded for limit in long.limits] == [True, True]


def test_octaves_have_limits_from_125_to_4000_hz() -> None:
    ambient = (
        ("63", 80.0),
        ("125", 57.5),
        ("250", 56.5),
        ("500", 55.5),
        ("4000", 54.5),
        ("8000", 90.0),
        ("1000", None),
    )
    residual = tuple((octave, 50.0) for octave, _ in ambient)
    found = emergence_of(Stretch(60.0, 60.0, ambient), Stretch(50.0, 60.0, residual), calibrated=False)
    assert found is not None
    assert [(o.octave, o.difference, o.limit, o.exceeded) for o in found.octaves] == [
        ("125", 7.5, 7.0, True),
        ("250", 6.5, 7.0, False),
        ("500", 5.5, 5.0, True),
        ("4000", 4.5, 5.0, False),
    ]


@pytest.mark.parametrize(
    ("level", "inside", "elsewhere"), [(25.0, False, False), (26.0, True, False), (31.0, True, True)]
)
def test_emergence_is_looked_for_above_25_and_30_db(level: float, inside: bool, elsewhere: bool) -> None:
    found = emergence_of(Stretch(level, 60.0), Stretch(20.0, 60.0), calibrated=True)
    assert found is not None
    assert (found.sought_inside, found.sought_elsewhere) == (inside, elsewhere)


@given(st.floats(-100, 0), st.floats(0, 40), st.floats(60, 130))
def test_no_calibration_moves_a_difference_but_25_and_30_db_stay_unknown(
    residual: float, over: float, calibration: float
) -> None:
    without = emergence_of(Stretch(residual + over, 60.0), Stretch(residual, 60.0), calibrated=False)
    calibrated = emergence_of(
        Stretch(residual + over + calibration, 60.0), Stretch(residual + calibration, 60.0), calibrated=True
    )
    assert without is not None
    assert calibrated is not None
    assert without.difference == pytest.approx(calibrated.difference, abs=1e-9)
    assert (without.sought_inside, without.sought_elsewhere) == (None, None)
    assert calibrated.sought_inside is not None


def test_digital_silence_has_no_emergence() -> None:
    assert emergence_of(Stretch(50.0, 60.0), Stretch(None, 60.0), calibrated=True) is None


def test_periods_by_the_clock_of_the_place() -> None:
    paris = ZoneInfo("Europe/Paris")
    start = datetime.datetime(2026, 11, 22, 21, 50, tzinfo=paris)
    assert limit_periods([Interval(0, 600)], start) == (LimitPeriod.DAY,)
    assert limit_periods([Interval(600, 700)], start) == (LimitPeriod.NIGHT,)
    assert limit_periods([Interval(0, 601)], start) == (LimitPeriod.DAY, LimitPeriod.NIGHT)
    assert limit_periods([Interval(0, 86_400)], start) == (LimitPeriod.DAY, LimitPeriod.NIGHT)
    assert limit_periods([Interval(0, 1)], None) == (LimitPeriod.DAY, LimitPeriod.NIGHT)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_an_interval_that_is_none_is_refused(start: float, end: float) -> None:
    with pytest.raises(InvalidValue, match="ends after it begins"):
        Interval(start, end)


def tone(frequency: float, amplitude: float, seconds: float, rate: int) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("size", [800, 8000, 13_001])
def test_octaves_hold_what_is_marked_and_nothing_from_outside(size: int) -> None:
    rate = 8000
    sound = np.concatenate([tone(1000, 0.9, 3, rate), tone(500, 0.01, 4, rate), tone(1000, 0.9, 3, rate)])
    marked = MarkedOctaves([Interval(2.5, 4.0), Interval(4.0, 7.2)], rate, None)
    for first in range(0, sound.size, size):
        marked.feed(Block(sound[first : first + size], rate, first / rate, 0.0, first))
    found = dict(marked.levels())
    assert found["500"] == pytest.approx(-40.0, abs=0.05)
    assert found["1000"] is None or found["1000"] < -60
    assert found["8000"] is None


def test_what_is_marked_twice_apart_is_joined_by_time() -> None:
    rate = 8000
    sound = np.concatenate([tone(500, 0.1, 2, rate), tone(500, 0.9, 2, rate), tone(500, 0.01, 2, rate)])
    marked = MarkedOctaves([Interval(0, 2), Interval(4, 6)], rate, None)
    marked.feed(Block(sound, rate, 0.0, 0.0, 0))
    expected = 10 * math.log10((2 * 0.1**2 + 2 * 0.01**2) / 4)
    assert dict(marked.levels())["500"] == pytest.approx(expected, abs=0.05)
