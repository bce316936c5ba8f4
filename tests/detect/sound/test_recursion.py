"""Recursion by blocks gives what the recursion gives, wherever a stream is cut; and the weightings made of it too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from clairvoie.detect.sound.block_weighting import BlockWeighting
from clairvoie.detect.sound.recursion import BLOCK, STEPS, BlockRecursion, Recursion
from clairvoie.detect.sound.weighting import WeightingFilters
from clairvoie.errors import InvalidValue

RATES = (8000, 16_000, 22_050, 32_000, 44_100, 48_000)
POLES = st.floats(-0.99, 0.999)
cuts = st.lists(st.integers(0, 4000), max_size=6)


def section(zeros: tuple[float, float], poles: tuple[float, float]) -> np.ndarray:
    return np.concatenate([np.poly(zeros), np.poly(poles)])


@settings(max_examples=40, deadline=None)
@given(st.tuples(POLES, POLES), st.tuples(POLES, POLES), st.integers(0, 5 * BLOCK * STEPS), st.integers(0, 2**32 - 1))
def test_two_sections_one_after_the_other_filter_as_lfilter_does(
    first: tuple[float, float], second: tuple[float, float], size: int, seed: int
) -> None:
    sections = [section((0.3, -0.2), first), section((1.0, 1.0), second)]
    sound = np.random.default_rng(seed).standard_normal(size)
    one, both = BlockRecursion(Recursion(sections, [None, 0])).feed(sound, (0, 1))
    wanted = lfilter(sections[0][:3], sections[0][3:], sound) if size else sound
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(one, wanted, atol=1e-9 * scale)
    after = lfilter(sections[1][:3], sections[1][3:], wanted) if size else sound
    np.testing.assert_allclose(both, after, atol=1e-9 * max(scale, float(np.abs(after).max(initial=0.0))))


@settings(max_examples=25, deadline=None)
@given(cuts, st.sampled_from(RATES), st.integers(0, 2**32 - 1))
def test_the_weightings_by_blocks_are_the_weightings(places: list[int], rate: int, seed: int) -> None:
    sound = np.random.default_rng(seed).uniform(-1, 1, 4000).astype(np.float32)
    whole = WeightingFilters(rate).feed(sound)
    weighting = BlockWeighting(rate)
    parts = [weighting.feed(part) for part in np.split(sound, sorted(places))]
    for name in ("a", "c", "z"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-12, err_msg=name)
    settling = np.concatenate([part.settling for part in parts])
    assert settling.size >= min(4000, rate // 10)
    np.testing.assert_allclose(settling, whole.settling[: settling.size], atol=1e-12)


def test_minutes_do_not_add_up_rounding() -> None:
    rate = 8000
    sound = np.random.default_rng(1).uniform(-1, 1, 60 * rate)
    whole = WeightingFilters(rate).feed(sound)
    weighting = BlockWeighting(rate)
    last = [weighting.feed(part) for part in np.split(sound, 240)][-1]
    np.testing.assert_allclose(last.a, whole.a[-last.a.size :], atol=1e-12)


def test_after_a_start_nothing_of_the_past_is_left() -> None:
    sound = np.random.default_rng(2).uniform(-1, 1, 3000)
    weighting = BlockWeighting(16_000)
    first = weighting.feed(sound)
    weighting.reset()
    again = weighting.feed(sound)
    np.testing.assert_array_equal(first.a, again.a)
    np.testing.assert_array_equal(first.settling, again.settling)


def test_in_silence_the_state_ends_at_zero_and_does_not_linger_in_denormal_numbers() -> None:
    recursion = BlockRecursion(Recursion([section((1.0, 1.0), (0.9, 0.5))], [None]))
    recursion.feed(np.ones(100), (0,))
    for _ in range(3):
        [rest] = recursion.feed(np.zeros(2000), (0,))
    assert not rest.any()


def test_complex_poles_are_refused() -> None:
    with pytest.raises(InvalidValue, match="real poles"):
        Recursion([np.array([1.0, 0.0, 0.0, 1.0, -1.0, 0.9])], [None])
