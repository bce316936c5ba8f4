"""The same pieces whatever the blocks, every sample once, none held longer than its part of a second."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.even_pieces import EvenPieces
from clairvoie.detect.sound.seconds import Gap, Piece, SecondCutter, Step

RATE = 8000
PARTS = 4


def steps_of(sizes: list[int], rate: int = RATE, origin: float = 0.0, gap_at: int | None = None) -> list[Step]:
    cutter, even = SecondCutter(rate), EvenPieces(rate, PARTS)
    found: list[Step] = []
    first = 0
    for size in sizes:
        missing = 100 if first == gap_at else 0
        index = first + (100 if gap_at is not None and first >= gap_at else 0)
        samples = np.arange(first, first + size).astype(np.float32)
        block = Block(samples, rate, start=origin + index / rate, sigma=0.0, index=index, missing=missing)
        found += even.feed(cutter.feed(block))
        first += size
    return [*found, *even.finish(), *cutter.finish()]


def shape(steps: list[Step]) -> list[tuple[object, ...]]:
    return [(step.second, step.offset, step.samples.size) if isinstance(step, Piece) else (step,) for step in steps]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 9000), min_size=1, max_size=6),
    st.sampled_from([8000, 11_025, 22_050]),
    st.sampled_from([0.0, 0.3125, 1_800_000_000.125]),
)
def test_pieces_do_not_depend_on_blocks_and_hold_every_sample_once(sizes: list[int], rate: int, origin: float) -> None:
    cut, whole = steps_of(sizes, rate, origin), steps_of([sum(sizes)], rate, origin)
    assert shape(cut) == shape(whole)
    pieces, uncut = ([step for step in steps if isinstance(step, Piece)] for steps in (cut, whole))
    assert [p.start for p in pieces] == pytest.approx([p.start for p in uncut], rel=0, abs=1e-6)
    np.testing.assert_array_equal(np.concatenate([p.samples for p in pieces]), np.arange(sum(sizes)))
    assert max(piece.samples.size for piece in pieces) <= rate / PARTS + 1


def test_a_gap_ends_a_piece() -> None:
    steps = steps_of([1000, 500, 4000], gap_at=1500)
    kinds = [step.samples.size if isinstance(step, Piece) else type(step) for step in steps]
    assert kinds[:2] == [1500, Gap]


@pytest.mark.parametrize("size", [1, 800, 8000])
def test_no_more_than_a_part_of_a_second_is_held_back(size: int) -> None:
    cutter, even = SecondCutter(RATE), EvenPieces(RATE, PARTS)
    given_out = 0
    for first in range(0, 9 * size, size):
        block = Block(np.zeros(size, np.float32), RATE, start=first / RATE, sigma=0.0, index=first)
        steps = even.feed(cutter.feed(block))
        given_out += sum(step.samples.size for step in steps if isinstance(step, Piece))
        assert first + size - given_out < RATE / PARTS
