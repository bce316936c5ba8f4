"""Times of arrival: how far off, how honest, and what must not matter. Bangs come from :mod:`clairvoie.lab.bangs`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from clairvoie.detect.sound.arrival import FLOOR_SECONDS, Arrival, arrival
from clairvoie.errors import InvalidValue
from clairvoie.lab.bangs import KINDS, SHARP, HeardBang, heard_bang, white

RATE = 16_000
NOISE_SECONDS = 0.4


def heard(kind: str, ratio: float, seed: int, *, rate: int = RATE, echo: bool = False) -> HeardBang:
    noise = white(round(NOISE_SECONDS * rate), np.random.default_rng([seed, 1]))
    return heard_bang(kind, rate, ratio, noise, seed, echo=echo)


def found(bang: HeardBang, *, rate: int = RATE, late: float = 0.0005) -> Arrival:
    return arrival(bang.samples, rate, round((bang.arrival + late) * rate))


def errors(ratio: float, count: int, *, rate: int = RATE, echo: bool = False) -> np.ndarray:
    """Error and standard deviation, in seconds, of ``count`` sharp bangs of every kind in turn."""
    pairs = []
    for seed in range(count):
        bang = heard(SHARP[seed % len(SHARP)], ratio, seed, rate=rate, echo=echo)
        it = found(bang, rate=rate, late=-0.001 + 0.003 * (seed % 5) / 4)
        pairs.append((it.time - bang.arrival, it.sigma))
    return np.array(pairs).T


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("echo", [False, True])
def test_sharp_bangs_arrive_within_the_goals(rate: int, echo: bool) -> None:
    strong, _ = errors(20.0, 14, rate=rate, echo=echo)
    weak, _ = errors(6.0, 14, rate=rate, echo=echo)
    assert rms(strong) < 0.00016
    assert rms(weak) < 0.001


def test_standard_deviations_hold_what_they_say() -> None:
    """What 98 of 100 bangs of all kinds do, and how many sigmas the errors measure: loosely, for 100 are few."""
    scores = []
    for seed in range(100):
        kind, ratio = list(KINDS)[seed % len(KINDS)], (6.0, 10.0, 15.0, 20.0, 30.0)[seed % 5]
        bang = heard(kind, ratio, 1000 + seed, echo=seed % 2 == 1)
        it = found(bang, late=-0.001 + 0.003 * (seed % 7) / 6)
        scores.append(abs(it.time - bang.arrival) / it.sigma)
    assert np.mean(np.array(scores) <= 1.96) >= 0.88
    assert 0.5 < rms(np.array(scores)) < 1.6


def test_weaker_bangs_are_less_certain() -> None:
    weak, middle, strong = (
        float(np.median([found(heard("burst 0.05 ms", ratio, seed)).sigma for seed in range(6)]))
        for ratio in (6.0, 15.0, 30.0)
    )
    assert weak > 1.5 * middle > 1.5 * 1.2 * strong


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 63), st.integers(-20, 20))
def test_a_shift_by_parts_of_a_sample_shifts_the_arrival(eighths: int, front: int) -> None:
    fine = np.zeros(8 * 6400)
    fine[8 * 3200 + eighths : 8 * 3200 + eighths + 1600] = np.exp(-np.arange(1600) / 400)
    noise = 0.01 * white(6400, np.random.default_rng(5))
    samples = resample_poly(fine, 1, 8) + noise
    expected = (3200 + eighths / 8) / RATE
    it = arrival(samples, RATE, 3200 + eighths // 8 + front)
    assert abs(it.time - expected) < 0.00012
    assert abs(it.time - expected) < 2.5 * it.sigma


@settings(max_examples=10, deadline=None)
@given(st.floats(1e-6, 1e6), st.integers(0, 500), st.integers(0, 500))
def test_gain_and_what_lies_far_away_do_not_matter(gain: float, before: int, after: int) -> None:
    bang = heard("ringing", 15.0, 4)
    front = round(bang.arrival * RATE)
    whole = arrival(bang.samples, RATE, front)
    part = arrival(gain * bang.samples[before : bang.samples.size - after], RATE, front - before)
    assert part.time + before / RATE == pytest.approx(whole.time, abs=1e-8)
    assert part.sigma == pytest.approx(whole.sigma, rel=1e-3)


def test_a_constant_and_rumble_do_not_matter() -> None:
    bang = heard("friedlander", 20.0, 8)
    time = np.arange(bang.samples.size) / RATE
    rumble = 20 * np.sin(2 * np.pi * 20 * time) + 5
    low = bang._replace(samples=bang.samples + rumble)
    assert found(low).time == pytest.approx(found(bang).time, abs=0.00008)


def test_the_spike_of_a_shock_is_not_taken_for_noise_before_its_echo() -> None:
    samples = 0.001 * white(6400, np.random.default_rng(3))
    samples[3000:3002] += 1.0, -0.5
    samples[3040:3100] += 0.5 * np.exp(-np.arange(60) / 60) * white(60, np.random.default_rng(4))
    assert abs(arrival(samples, RATE, 3030).time - 3000 / RATE) < 0.0002


def test_before_it_may_be_digital_silence() -> None:
    samples = np.zeros(4000)
    samples[2000:2100] = 0.5 * np.exp(-np.arange(100) / 30)
    it = arrival(samples, RATE, 2005)
    assert abs(it.time - 2000 / RATE) < 0.0001
    assert it.sigma >= FLOOR_SECONDS


def test_little_noise_before_is_enough() -> None:
    bang = heard("clap", 20.0, 5)
    first = round((bang.arrival - 0.0125) * RATE)
    it = arrival(bang.samples[first:], RATE, round(0.0125 * RATE))
    assert abs(it.time - 0.0125) < 0.0005


@pytest.mark.parametrize(
    ("samples", "front"),
    [(np.ones(4000), 100), (np.ones(4000), 3950), (np.zeros(4000), 2000)],
    ids=["too little before", "too little after", "digital silence"],
)
def test_what_cannot_be_timed_is_refused(samples: np.ndarray, front: int) -> None:
    with pytest.raises(InvalidValue):
        arrival(samples, RATE, front)
