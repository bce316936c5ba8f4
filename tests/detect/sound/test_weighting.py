"""Frequency weightings against the acceptance limits of IEC 61672-1:2013, table 3, class 1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.detect.sound.weighting import WeightingFilters, a_goal, c_goal, response
from clairvoie.errors import InvalidValue
from clairvoie.lab.level_margins import CLASS_1, RATES, exact_frequency

TABLE_A = {31.5: -39.4, 63: -26.2, 125: -16.1, 250: -8.6, 500: -3.2, 1000: 0, 2000: 1.2, 4000: 1.0, 8000: -1.1}
TABLE_C = {31.5: -3.0, 63: -0.8, 125: -0.2, 250: 0, 500: 0, 1000: 0, 2000: -0.2, 4000: -0.8, 8000: -3.0, 16000: -8.5}
"""Rounded design goals of IEC 61672-1:2013, table 3."""


@pytest.mark.parametrize(("goal", "table"), [(a_goal, TABLE_A), (c_goal, TABLE_C)])
def test_the_analytic_goals_round_to_the_table(goal, table) -> None:  # type: ignore[no-untyped-def]
    for nominal, expected in table.items():
        assert float(goal(np.array(exact_frequency(nominal)))) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("weighting", ["A", "C", "Z"])
def test_every_nominal_frequency_up_to_0_45_of_the_rate_is_inside_class_1(rate: int, weighting: str) -> None:
    nominal = [f for f in CLASS_1 if exact_frequency(f) <= 0.45 * rate]
    frequency = np.array([exact_frequency(f) for f in nominal])
    goal = {"A": a_goal, "C": c_goal, "Z": np.zeros_like}[weighting](frequency)
    error = response(weighting, frequency, rate) - goal
    for f, deviation in zip(nominal, error.tolist(), strict=True):
        above, below = CLASS_1[f]
        assert -below <= deviation <= above, f"{weighting} at {f} Hz: {deviation:+.2f} dB"
    assert nominal[-1] >= 0.35 * rate or rate > 48_000


@pytest.mark.parametrize("rate", RATES)
def test_the_margin_is_known(rate: int) -> None:
    """The documentation says within 0.3 dB from 31.5 Hz up, which leaves most of the limits to the microphone."""
    frequency = np.array([exact_frequency(f) for f in CLASS_1 if 31 < exact_frequency(f) <= 0.45 * rate])
    assert np.abs(response("A", frequency, rate) - a_goal(frequency)).max() < 0.3
    assert np.abs(response("C", frequency, rate) - c_goal(frequency)).max() < 0.3


@pytest.mark.parametrize("rate", [16_000, 32_000, 48_000])
def test_the_response_is_that_of_the_running_filter(rate: int) -> None:
    click = np.zeros(rate)
    click[0] = 1.0
    weighted = WeightingFilters(rate).feed(click)
    frequency = np.array([100.0, 1000.0, 0.4 * rate])
    for name, signal in (("A", weighted.a), ("C", weighted.c), ("Z", weighted.z)):
        measured = 20 * np.log10(np.abs(np.fft.rfft(signal))[frequency.astype(int)])
        np.testing.assert_allclose(measured, response(name, frequency, rate), atol=0.02)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4000), max_size=6), st.integers(0, 2**32 - 1))
def test_pieces_may_be_cut_anywhere(cuts: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal(4000)
    whole = WeightingFilters(16_000).feed(sound)
    filters = WeightingFilters(16_000)
    parts = [filters.feed(part) for part in np.split(sound, sorted(cuts))]
    for name in ("a", "c", "z"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-12)


def test_a_constant_is_not_sound() -> None:
    weighted = WeightingFilters(32_000).feed(np.full(64_000, 0.5))
    for signal in (weighted.a, weighted.c, weighted.z):
        assert np.square(signal[-32_000:]).mean() < 0.25e-4


def test_a_rate_too_low_for_levels_is_refused() -> None:
    with pytest.raises(InvalidValue, match="8000 samples a second"):
        WeightingFilters(6000)


def test_there_are_three_weightings() -> None:
    with pytest.raises(InvalidValue, match="A, C and Z"):
        response("B", np.array([1000.0]), 32_000)
