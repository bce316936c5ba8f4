"""Clocks: from sample index to UTC, and the time of a replay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.capture.clock import ReplayClock, SampleClock
from clairvoie.errors import InvalidValue


@given(st.integers(0, 10**10), st.sampled_from([16_000, 22_050, 44_100, 48_000]))
def test_an_hour_of_samples_is_an_hour(index: int, rate: int) -> None:
    clock = SampleClock(origin=1_800_000_000.0, rate=rate, sigma=0.001)
    assert clock.time_of(index + 3600 * rate) - clock.time_of(index) == pytest.approx(3600.0, abs=1e-6)


def test_whole_seconds_are_exact() -> None:
    clock = SampleClock(origin=1_800_000_000.0, rate=44_100, sigma=0.0)
    assert clock.time_of(44_100 * 86_400 * 30) == 1_800_000_000.0 + 86_400 * 30


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1000.0))
def test_wall_time_of_a_replayed_time_is_its_inverse(time: float, speed: float) -> None:
    clock = ReplayClock(start=1000.0, wall_origin=50.0, speed=speed)
    assert clock.now(clock.wall_of(time)) == pytest.approx(time, abs=1e-3)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_replay_runs_forwards(speed: float) -> None:
    with pytest.raises(InvalidValue, match="speed"):
        ReplayClock(start=0.0, wall_origin=0.0, speed=speed)


def test_a_clock_without_a_rate_is_refused() -> None:
    with pytest.raises(InvalidValue):
        SampleClock(origin=0.0, rate=0, sigma=0.0)
