"""Indicators of an hour: as it comes or all at once, the same; Harmonica at the ends of its scale."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.detect.sound.indicators import indicators_of, intermittency_ratio, sound_exposure_level
from clairvoie.detect.sound.indicators_hour import HOUR, LEAST_COVERAGE, HourIndicators, HourMeter, harmonica
from clairvoie.detect.sound.levels import SecondLevels


def second(t_end: float, level: float | None, *, valid: bool = True) -> SecondLevels:
    laf = (-math.inf if level is None else level,) * 8
    return SecondLevels(t_end, 1.0, level, level, level, level, level, valid, False, laf)


def street(seed: int, first: int, count: int, missing: float = 0.0) -> list[SecondLevels]:
    random = np.random.default_rng(seed)
    levels = 50 + 10 * random.random(count)
    absent = random.random(count) < missing
    return [
        second(first + number + 1, level, valid=not gone)
        for number, (level, gone) in enumerate(zip(levels.tolist(), absent.tolist(), strict=True))
    ]


def fed(seconds: list[SecondLevels], events: list[int] | None = None) -> list[HourIndicators]:
    meter = HourMeter(calibrated=True)
    counts = events or [0] * len(seconds)
    found = [hour for s, count in zip(seconds, counts, strict=True) for hour in meter.feed(s, count)]
    return found + meter.finish()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 999), st.integers(0, 2 * HOUR), st.integers(1, 2 * HOUR + 100), st.floats(0, 0.5))
def test_hours_as_they_come_are_those_of_the_block(seed: int, first: int, count: int, missing: float) -> None:
    seconds = street(seed, first, count, missing)
    hours = fed(seconds)
    assert [hour.end for hour in hours] == sorted({math.ceil(s.t_end / HOUR) * HOUR for s in seconds})
    for hour in hours:
        block = [s for s in seconds if hour.end - HOUR < s.t_end <= hour.end]
        whole = indicators_of(block)
        assert hour.coverage == whole.valid / HOUR
        if hour.coverage < LEAST_COVERAGE:
            assert (hour.laeq, hour.sel, hour.harmonica, hour.intermittency) == (None, None, None, None)
            continue
        assert hour.laeq == whole.laeq
        assert hour.percentiles == whole.percentiles
        assert (hour.lafmax, hour.lcpeak) == (whole.lafmax, whole.lcpeak)
        assert hour.sel == sound_exposure_level(whole.laeq, whole.valid)
        assert hour.intermittency == intermittency_ratio([s.laeq for s in block if s.valid])


def test_events_are_counted_in_the_hour_in_which_they_ended() -> None:
    seconds = street(1, 0, HOUR + 10)
    events = [0] * len(seconds)
    events[5], events[HOUR - 1], events[HOUR] = 1, 2, 4
    assert [hour.events for hour in fed(seconds, events)] == [3, 4]


def test_an_hour_with_too_little_says_how_much_and_nothing_else() -> None:
    [hour] = fed(street(1, 0, 2 * HOUR // 3))
    assert hour.coverage == pytest.approx(2 / 3, abs=1e-3)
    assert hour.laeq is None
    assert set(hour.percentiles.values()) == {None}


@pytest.mark.parametrize(("level", "index"), [(20.0, 0.0), (30.0, 0.0), (55.0, 5.0), (80.0, 10.0), (95.0, 10.0)])
def test_harmonica_of_steady_noise_is_its_scale(level: float, index: float) -> None:
    found = harmonica([level] * HOUR)
    assert found is not None
    assert (found.index, found.background, found.events) == (pytest.approx(index), pytest.approx(index), 0)


def test_harmonica_by_hand_with_events_over_a_background() -> None:
    # A second in ten at 70 dB over 40 dB: LA95 is 40 in every window, LAeq = 10 lg(0.1e7 + 0.9e4).
    levels = ([70.0] + [40.0] * 9) * (HOUR // 10)
    laeq = 10 * math.log10(0.1 * 1e7 + 0.9 * 1e4)
    found = harmonica(levels)
    assert found is not None
    assert found.background == pytest.approx(0.2 * (40 - 30))
    assert found.events == pytest.approx(0.25 * (laeq - 40))
    assert found.index == pytest.approx(found.background + found.events)


def test_the_background_of_harmonica_follows_the_hour_ten_minutes_at_a_time() -> None:
    # Half an hour at 40 and half at 60 dB: most windows lie in either, so that LA95eq is near their energy mean.
    found = harmonica([40.0] * (HOUR // 2) + [60.0] * (HOUR // 2))
    assert found is not None
    quiet_windows, loud_windows = 1201 + 570, 1201 + 29  # a window is loud when at most 5 % of it, 30 s, is quiet
    expected = 10 * math.log10((quiet_windows * 1e4 + loud_windows * 1e6) / 3001)
    assert found.background == pytest.approx(0.2 * (expected - 30), abs=0.01)


def test_harmonica_needs_a_calibration_and_sound() -> None:
    seconds = street(1, 0, HOUR)
    meter = HourMeter(calibrated=False)
    [hour] = [hour for s in seconds for hour in meter.feed(s)]
    assert hour.harmonica is None
    assert hour.laeq is not None
    assert harmonica([-math.inf] * HOUR) is None
    assert harmonica([60.0] * 100) is None


def test_missing_seconds_neither_raise_nor_lower_harmonica() -> None:
    levels = [55.0] * HOUR
    levels[100:600] = [math.nan] * 500
    found = harmonica(levels)
    assert found is not None
    assert found.index == pytest.approx(5.0)
