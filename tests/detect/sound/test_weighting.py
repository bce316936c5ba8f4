"""Frequency weightings against the acceptance limits of IEC 61672-1:2013, table 3, class 1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.detect.sound.weighting import WeightingFilters, a_goal, c_goal, response
from clairvoie.errors import InvalidValue

INFINITY = float("inf")
LIMITS = {
    10: (3, INFINITY),
    12.5: (2.5, INFINITY),
    16: (2, 4),
    20: (2, 2),
    25: (2, 1.5),
    31.5: (1.5, 1.5),
    **dict.fromkeys((40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800), (1, 1)),
    1000: (0.7, 0.7),
    **dict.fromkeys((1250, 1600, 2000, 2500, 3150, 4000), (1, 1)),
    5000: (1.5, 1.5),
    6300: (1.5, 2),
    8000: (1.5, 2.5),
    10000: (2, 3),
    12500: (2, 5),
    16000: (2.5, 16),
    20000: (3, INFINITY),
}
"""Nominal frequency in hertz -> how far above and below the design goal class 1 allows, in dB."""
RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
TABLE_A = {31.5: -39.4, 63: -26.2, 125: -16.1, 250: -8.6, 500: -3.2, 1000: 0, 2000: 1.2, 4000: 1.0, 8000: -1.1}
TABLE_C = {31.5: -3.0, 63: -0.8, 125: -0.2, 250: 0, 500: 0, 1000: 0, 2000: -0.2, 4000: -0.8, 8000: -3.0, 16000: -8.5}
"""Rounded design goals of IEC 61672-1:2013, table 3."""


def exact(nominal: float) -> float:
    """The exact frequency of a nominal one: 1 kHz times a power of 10^(1/10) (IEC 61672-1:2013, table 3, note)."""
    return float(1000 * 10 ** (round(10 * np.log10(nominal / 1000)) / 10))


@pytest.mark.parametrize(("goal", "table"), [(a_goal, TABLE_A), (c_goal, TABLE_C)])
def test_the_analytic_goals_round_to_the_table(goal, table) -> None:  # type: ignore[no-untyped-def]
    for nominal, expected in table.items():
        assert float(goal(np.array(exact(nominal)))) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("weighting", ["A", "C", "Z"])
def test_every_nominal_frequency_up_to_0_45_of_the_rate_is_inside_class_1(rate: int, weighting: str) -> None:
    nominal = [f for f in LIMITS if exact(f) <= 0.45 * rate]
    frequency = np.array([exact(f) for f in nominal])
    goal = {"A": a_goal, "C": c_goal, "Z": np.zeros_like}[weighting](frequency)
    error = response(weighting, frequency, rate) - goal
    for f, deviation in zip(nominal, error.tolist(), strict=True):
        above, below = LIMITS[f]
        assert -below <= deviation <= above, f"{weighting} at {f} Hz: {deviation:+.2f} dB"
    assert nominal[-1] >= 0.35 * rate or rate > 48_000


@pytest.mark.parametrize("rate", RATES)
def test_the_margin_is_known(rate: int) -> None:
    """The documentation says within 0.3 dB from 31.5 Hz up, which leaves most of the limits to the microphone."""
    frequency = np.array([exact(f) for f in LIMITS if 31 < exact(f) <= 0.45 * rate])
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
