"""Energy means and percentile levels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.detect.sound.indicators import (
    energy_mean,
    indicators_of,
    intermittency_ratio,
    percentile_levels,
    sound_exposure_level,
)
from clairvoie.detect.sound.levels import SecondLevels

LEVELS = st.lists(st.floats(-100, 140), min_size=1, max_size=60)


def second(t_end: float, level: float | None, *, valid: bool = True, seconds: float = 1.0) -> SecondLevels:
    laf = (level,) * 8 if level is not None else ()
    return SecondLevels(t_end, seconds, level, level, level, level, level, valid, False, laf, rest=seconds < 1)


@given(LEVELS)
def test_an_energy_mean_lies_between_the_mean_and_the_greatest(levels: list[float]) -> None:
    found = energy_mean((level, 1.0) for level in levels)
    assert found is not None
    assert sum(levels) / len(levels) - 1e-6 <= found <= max(levels) + 1e-6


@given(LEVELS, st.floats(-50, 50))
def test_an_energy_mean_moves_with_its_levels(levels: list[float], gain: float) -> None:
    before = energy_mean((level, 1.0) for level in levels)
    after = energy_mean((level + gain, 1.0) for level in levels)
    assert after == pytest.approx(before + gain, abs=1e-6)


def test_silence_is_time_without_energy_and_nothing_has_no_level() -> None:
    assert energy_mean([(60.0, 1.0), (None, 9.0)]) == pytest.approx(50.0)
    assert energy_mean([(None, 1.0)]) is None
    assert energy_mean([]) is None


@given(st.lists(st.floats(0, 120), min_size=1, max_size=200))
def test_percentile_levels_fall_as_the_percentage_rises(values: list[float]) -> None:
    found = percentile_levels(values, range(1, 100))
    ordered = [found[n] for n in range(1, 100)]
    assert ordered == sorted(ordered, reverse=True)
    for percentage, level in found.items():
        assert sum(value > level for value in values) <= percentage / 100 * len(values) + 1e-9
        assert sum(value >= level for value in values) >= percentage / 100 * len(values) - 1e-9


def test_percentile_levels_of_silence_do_not_exist() -> None:
    assert percentile_levels([-math.inf] * 5 + [60.0], [1, 50]) == {1: 60.0, 50: None}
    assert percentile_levels([], [50]) == {50: None}


def test_seconds_that_are_not_valid_count_nowhere() -> None:
    found = indicators_of([second(1, 60.0), second(2, 90.0, valid=False), second(3, 60.0)])
    assert found.laeq == pytest.approx(60.0)
    assert found.lafmax == 60.0
    assert found.percentiles[10] == 60.0
    assert found.valid == 2


def test_the_end_of_a_recording_counts_for_what_it_is() -> None:
    seconds = [second(1, 60.0), second(1.5, 70.0, valid=False, seconds=0.5)]
    assert indicators_of(seconds).laeq == pytest.approx(60.0)
    assert indicators_of(seconds, with_rest=True).laeq == pytest.approx(10 * math.log10((1e6 + 0.5e7) / 1.5))


@given(st.floats(-100, 140), st.floats(1, 86_400))
def test_the_exposure_of_a_steady_level_grows_by_10_db_a_tenfold_of_time(level: float, seconds: float) -> None:
    one, ten = sound_exposure_level(level, seconds), sound_exposure_level(level, 10 * seconds)
    assert one is not None
    assert ten == pytest.approx(one + 10)
    assert sound_exposure_level(level, 1.0) == level


def test_the_exposure_of_nothing_does_not_exist() -> None:
    assert sound_exposure_level(None, 10.0) is None
    assert sound_exposure_level(60.0, 0.0) is None


@given(LEVELS, st.floats(-50, 50))
def test_intermittency_is_a_percentage_that_no_calibration_moves(levels: list[float], gain: float) -> None:
    found = intermittency_ratio(levels)
    assert found is not None
    assert 0 <= found <= 100 + 1e-9
    counts = sum(level > energy(levels) + 3 for level in levels)
    assert (found == 0) is (counts == 0)
    if not any(abs(level - energy(levels) - 3) < 1e-6 for level in levels):
        assert intermittency_ratio([level + gain for level in levels]) == pytest.approx(found, abs=1e-6)


def energy(levels: list[float]) -> float:
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels) / len(levels))


def test_intermittency_of_the_reference_s_kind_by_hand() -> None:
    # One second at 80 dB in a hundred at 50 dB: all that exceeds LAeq + 3 dB is that second, 1e8 of 1e8 + 99e5.
    assert intermittency_ratio([50.0] * 99 + [80.0]) == pytest.approx(100 * 1e8 / (1e8 + 99e5))
    assert intermittency_ratio([60.0] * 50) == 0
    assert intermittency_ratio([None, None]) is None
    assert intermittency_ratio([None] * 9 + [60.0]) == 100
