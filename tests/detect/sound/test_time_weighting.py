"""F and S by blocks: the value anywhere and the greatest value are those of the recursion, sample by sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from clairvoie.detect.sound.time_weighting import BLOCK, TimeWeighting


def recursion(squares: np.ndarray, rate: int, seconds: float) -> np.ndarray:
    decay = math.exp(-1 / (rate * seconds))
    return np.asarray(lfilter([1 - decay], [1, -decay], squares))


def sounds(size: int, seed: int, bursts: bool) -> np.ndarray:
    random = np.random.default_rng(seed)
    sound = random.standard_normal(size)
    return np.square(sound * np.where(random.random(size) < 0.01, 30.0, 0.01) if bursts else sound)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3000),
    st.lists(st.integers(1, 2999), max_size=6),
    st.sets(st.integers(1, 2999), max_size=6),
    st.sampled_from([(8000, 0.125), (22_050, 0.125), (32_000, 0.125), (32_000, 1.0)]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_the_mean_anywhere_and_the_greatest_are_those_of_the_recursion(
    size: int, pieces: list[int], inner: set[int], weighting: tuple[int, float], bursts: bool, seed: int
) -> None:
    squares = sounds(size, seed, bursts)
    wanted = recursion(squares, *weighting)
    mean, first = TimeWeighting(*weighting), 0
    for part in np.split(squares, sorted(cut for cut in pieces if cut < size)):
        if not part.size:
            continue
        running, there = mean.feed(part), wanted[first : first + part.size]
        cuts = [0, *sorted(cut for cut in inner if cut < part.size)]
        assert running.greatest(cuts) == pytest.approx([each.max() for each in np.split(there, cuts[1:])], rel=1e-9)
        places = [0, part.size // 2, part.size - 1]
        assert running.at(places) == pytest.approx(there[places], rel=1e-9)
        whole = running.ends[: part.size // BLOCK]
        assert whole == pytest.approx(there[BLOCK - 1 :: BLOCK][: whole.size], rel=1e-9)
        first += part.size


def test_silence_stays_silence_and_a_reset_forgets() -> None:
    mean = TimeWeighting(8000, 0.125)
    assert mean.feed(np.zeros(100)).greatest([0, 50]) == [0.0, 0.0]
    mean.feed(np.ones(1000))
    mean.reset()
    assert mean.feed(np.zeros(20)).greatest([0]) == [0.0]


def test_in_digital_silence_the_mean_comes_to_nothing() -> None:
    mean = TimeWeighting(8000, 0.125)
    mean.feed(np.ones(8000))
    for _ in range(30):
        last = mean.feed(np.zeros(8000))
    assert last.greatest([0]) == [0.0]
