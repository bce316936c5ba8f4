"""Cutting at whole seconds: nothing is lost, nothing crosses, and what is not whole says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.seconds import Gap, Piece, SecondCutter, SecondEnd
from clairvoie.errors import InvalidValue

RATE = 8000


def block(first: int, count: int, *, origin: float = 0.0, missing: int = 0, rate: int = RATE) -> Block:
    samples = np.arange(first, first + count).astype(np.float32)
    return Block(samples, rate, start=origin + first / rate, sigma=0.0, index=first, missing=missing)


def ends(steps: list[object]) -> list[SecondEnd]:
    return [step for step in steps if isinstance(step, SecondEnd)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 9000), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.25, 7.125, 1_800_000_000.0, 1_800_000_000.5]),
)
def test_pieces_hold_every_sample_once_and_never_cross_a_second(sizes: list[int], origin: float) -> None:
    cutter = SecondCutter(RATE)
    steps: list[object] = []
    first = 0
    for size in sizes:
        steps += cutter.feed(block(first, size, origin=origin))
        first += size
    steps += cutter.finish()
    pieces = [step for step in steps if isinstance(step, Piece)]
    np.testing.assert_array_equal(np.concatenate([p.samples for p in pieces]), np.arange(first))
    for piece in pieces:
        assert piece.second <= piece.start + 1e-6
        assert piece.start + piece.samples.size / RATE <= piece.second + 1 + 1e-6
    closed = ends(steps)
    assert sum(end.samples for end in closed) == first
    assert [end.second for end in closed] == list(range(closed[0].second, closed[0].second + len(closed)))
    assert all(end.whole == (end.samples == RATE) for end in closed)


def test_a_second_ends_with_its_last_sample_and_not_with_the_next_block() -> None:
    assert ends(SecondCutter(RATE).feed(block(0, RATE))) == [SecondEnd(0, RATE, whole=True)]


def test_a_gap_breaks_the_seconds_it_touches_and_no_other() -> None:
    cutter = SecondCutter(RATE)
    steps = [*cutter.feed(block(0, 12_000)), *cutter.feed(block(28_000, 20_000, missing=16_000))]
    assert [(end.second, end.whole) for end in ends(steps)] == [
        (0, True),
        (1, False),
        (2, False),
        (3, False),
        (4, True),
        (5, True),
    ]
    assert sum(isinstance(step, Gap) for step in steps) == 1


def test_a_gap_from_second_to_second_breaks_only_those_between() -> None:
    cutter = SecondCutter(RATE)
    steps = [*cutter.feed(block(0, RATE)), *cutter.feed(block(2 * RATE, RATE, missing=RATE))]
    assert [(end.second, end.whole) for end in ends(steps)] == [(0, True), (1, False), (2, True)]


def test_a_single_lost_sample_breaks_its_second() -> None:
    cutter = SecondCutter(RATE)
    steps = [*cutter.feed(block(0, 1000)), *cutter.feed(block(1001, RATE - 1001, missing=1))]
    assert ends(steps) == [SecondEnd(0, RATE - 1, whole=False, broken=True)]


def test_what_comes_twice_is_left_out_and_breaks_its_second() -> None:
    cutter = SecondCutter(RATE)
    steps = [*cutter.feed(block(0, 5000)), *cutter.feed(block(4000, RATE - 4000 + RATE))]
    pieces = [step for step in steps if isinstance(step, Piece)]
    np.testing.assert_array_equal(np.concatenate([p.samples for p in pieces]), np.arange(2 * RATE))
    assert [(end.second, end.whole) for end in ends(steps)] == [(0, False), (1, True)]


def test_a_clock_that_is_disciplined_by_a_little_leaves_no_gap() -> None:
    cutter = SecondCutter(RATE)
    steps = cutter.feed(block(0, 4000))
    nudged = Block(np.zeros(4000, np.float32), RATE, start=0.5 + 0.0004, sigma=0.0, index=4000)
    steps += cutter.feed(nudged)
    assert not any(isinstance(step, Gap) for step in steps)


def test_a_very_long_gap_is_reported_by_its_last_day() -> None:
    cutter = SecondCutter(RATE)
    cutter.feed(block(0, RATE))
    late = Block(np.zeros(RATE, np.float32), RATE, start=10.0 * 86_400, sigma=0.0, index=10**9, missing=10**9)
    closed = ends(cutter.feed(late))
    assert len(closed) <= 86_400 + 2
    assert closed[-1] == SecondEnd(864_000, RATE, whole=True)


def test_another_rate_is_refused() -> None:
    with pytest.raises(InvalidValue, match="keeps its rate"):
        SecondCutter(RATE).feed(block(0, 10, rate=16_000))


def test_a_recording_that_merely_ends_is_not_broken_but_one_with_a_gap_is() -> None:
    cutter = SecondCutter(RATE)
    cutter.feed(block(0, 3000))
    assert cutter.finish() == [SecondEnd(0, 3000, whole=False, broken=False)]
    cutter = SecondCutter(RATE)
    cutter.feed(block(0, 3000))
    cutter.feed(block(3500, 1000, missing=500))
    assert cutter.finish() == [SecondEnd(0, 4000, whole=False, broken=True)]
