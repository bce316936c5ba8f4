"""Live sound as blocks: without a seam while it comes, with a counted gap where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.capture.live import GAP_SECONDS, LiveStream

RATE = 8000


def silence(count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.zeros(count, dtype=np.float32)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=40))
def test_pieces_of_any_size_become_blocks_that_adjoin(sizes: list[int]) -> None:
    stream = LiveStream(RATE, 0.01)
    index = 0
    blocks = []
    for size in sizes:
        blocks += stream.add(silence(size), 100.0 + index / RATE)
        index += size
    assert [block.index for block in blocks] == [number * RATE // 10 for number in range(index // (RATE // 10))]
    assert all(block.missing == 0 and block.sigma == 0.01 for block in blocks)
    for block in blocks:
        assert block.start == pytest.approx(100.0 + block.index / RATE, abs=1e-6)


def test_a_crystal_that_runs_fast_is_followed_without_a_gap() -> None:
    stream = LiveStream(RATE, 0.01)
    piece, fast = 400, 1.0001
    blocks = [b for n in range(40_000) for b in stream.add(silence(piece), n * piece / RATE / fast)]
    assert sum(block.missing for block in blocks) == 0
    assert blocks[-1].start == pytest.approx(40_000 * piece / RATE / fast, abs=0.2)


def test_what_is_lost_at_once_is_a_gap_and_counted() -> None:
    stream = LiveStream(RATE, 0.01)
    stream.add(silence(900), 0.0)
    blocks = stream.add(silence(800), 900 / RATE + 2.0)
    assert [(block.samples.size, block.missing) for block in blocks] == [(100, 0), (800, 16_000)]
    assert blocks[1].index == 900 + 16_000


def test_a_clock_that_steps_back_loses_nothing_and_goes_on() -> None:
    stream = LiveStream(RATE, 0.01)
    stream.add(silence(800), 1000.0)
    [block] = stream.add(silence(800), 500.0)
    assert (block.index, block.missing, block.start) == (800, 0, pytest.approx(500.0))
    assert GAP_SECONDS < 500
