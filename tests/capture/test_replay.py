"""Replay: blocks come when a microphone would have them, a restart goes on where the clock is, a loop has no break."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from clairvoie.capture.blocks import Block
from clairvoie.capture.clock import ReplayClock
from clairvoie.capture.recording import Recording
from clairvoie.capture.replay import replay

RATE = 16_000
START = 1_800_000_000.0


class Wall:
    """A wall clock that moves only when somebody waits, or when told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def recording(write: Callable[..., Path]) -> Recording:
    return Recording(write("a.wav", np.arange(RATE, dtype=np.int16)))


def places(blocks: list[Block]) -> np.ndarray:
    return np.round(np.concatenate([block.samples for block in blocks]) * 32768).astype(int)


@pytest.mark.parametrize("speed", [1.0, 8.0, 0.5])
def test_each_block_comes_when_its_last_sample_has_been_taken(recording: Recording, speed: float) -> None:
    wall = Wall(100.0)
    clock = ReplayClock(start=START, wall_origin=100.0, speed=speed)
    for block in replay(recording, clock, wall=wall, wait=wall.wait):
        assert clock.now(wall.now) == pytest.approx(block.end, abs=1e-5)
        assert block.sigma == 0.001
    assert wall.now - 100.0 == pytest.approx(1.0 / speed)


def test_the_clock_is_utc(recording: Recording) -> None:
    wall = Wall()
    blocks = list(replay(recording, ReplayClock(START, 0.0), sigma=0.02, wall=wall, wait=wall.wait))
    assert blocks[0].start == START
    assert blocks[3].start == pytest.approx(START + 0.3, abs=1e-6)
    assert {block.sigma for block in blocks} == {0.02}


def test_a_replay_that_begins_late_goes_on_where_the_clock_is(recording: Recording) -> None:
    wall = Wall(0.25)
    blocks = list(replay(recording, ReplayClock(START, 0.0), wall=wall, wait=wall.wait))
    np.testing.assert_array_equal(places(blocks), np.arange(4000, RATE))
    assert blocks[0].index == 4000
    assert blocks[0].start == pytest.approx(START + 0.25, abs=1e-6)
    assert blocks[0].missing == 0


def test_a_replay_that_begins_after_the_end_has_nothing_to_say(recording: Recording) -> None:
    wall = Wall(5.0)
    assert list(replay(recording, ReplayClock(START, 0.0), wall=wall, wait=wall.wait)) == []


def test_a_loop_has_no_break_in_the_clock(recording: Recording) -> None:
    wall = Wall()
    blocks = list(islice(replay(recording, ReplayClock(START, 0.0), loop=True, wall=wall, wait=wall.wait), 25))
    for before, after in pairwise(blocks):
        assert after.index == before.index + before.samples.size
        assert after.start == pytest.approx(before.end, abs=1e-6)
        assert after.missing == 0
    np.testing.assert_array_equal(places(blocks), np.arange(25 * 1600) % RATE)


@pytest.mark.parametrize("late", [0.0, 0.5, 1.0, 7.3, 1000.05])
def test_a_loop_that_begins_late_is_at_the_right_place_of_the_right_round(recording: Recording, late: float) -> None:
    wall = Wall(late)
    blocks = list(islice(replay(recording, ReplayClock(START, 0.0), loop=True, wall=wall, wait=wall.wait), 5))
    first = round(late * RATE)
    assert blocks[0].index == first
    heard = places(blocks)
    np.testing.assert_array_equal(heard, (first + np.arange(heard.size)) % RATE)


def test_a_slow_reader_gets_late_blocks_and_loses_none(recording: Recording) -> None:
    wall = Wall()
    blocks = []
    for block in replay(recording, ReplayClock(START, 0.0), wall=wall, wait=wall.wait):
        blocks.append(block)
        wall.now += 0.3
    np.testing.assert_array_equal(places(blocks), np.arange(RATE))


def test_an_overrun_is_reported_and_not_papered_over(recording: Recording) -> None:
    wall = Wall()
    blocks = []
    for block in replay(recording, ReplayClock(START, 0.0), overrun_seconds=0.15, wall=wall, wait=wall.wait):
        blocks.append(block)
        wall.now += 0.35 if len(blocks) == 2 else 0.0
    lost = [block for block in blocks if block.missing]
    assert [block.missing for block in lost] == [1600]
    assert sum(block.samples.size + block.missing for block in blocks) == RATE
    for before, after in pairwise(blocks):
        assert after.index == before.index + before.samples.size + after.missing
