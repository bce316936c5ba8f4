"""Noise events: the rule by hand, exact exposure, sources, gaps; no cut of the stream changes them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.noise_events import EventRule, NoiseEvent, NoiseEventMeter
from clairvoie.detect.sound.tagging import Scores
from clairvoie.errors import InvalidValue


def second(t_end: float, eighths: list[float], *, valid: bool = True) -> SecondLevels:
    values = tuple(eighths)
    level = 10 * math.log10(max(sum(10 ** (v / 10) for v in values) / len(values), 1e-30))
    return SecondLevels(
        *(t_end, len(values) / 8, level, level, level, max(values), level, valid, False, values),
        laeq_eighths=values,
        lafmax_eighths=values,
    )


def street(levels: list[float], first: int = 0) -> list[SecondLevels]:
    """Seconds from the levels of eighths."""
    return [second(first + n // 8 + 1, levels[n : n + 8]) for n in range(0, len(levels), 8)]


def tick(time: float, sources: dict[NoiseSource, float], withheld: float = 0.0) -> Scores:
    return Scores(time, 0.1, {}, sources, withheld)


def events_of(
    seconds: list[SecondLevels], ticks: list[Scores] | None = None, rule: EventRule | None = None
) -> list[NoiseEvent]:
    meter = NoiseEventMeter(rule)
    meter.hear(ticks or [])
    return [event for s in seconds for event in meter.feed(s)] + meter.finish()


QUIET = [50.0] * 80


def test_an_event_reaches_from_the_rise_to_the_fall_and_its_exposure_is_exact() -> None:
    pass_by = [54.0, 56.0, 61.0, 66.0, 71.0, 71.0, 64.0, 58.0, 56.0, 54.0]
    [event] = events_of(street(QUIET + pass_by + [50.0] * 30))
    assert event.start == 10 + 1 / 8  # 56 dB is the first above 50 + 10 - 5
    assert event.end == 10 + 9 / 8
    assert event.sel == pytest.approx(10 * math.log10(sum(10 ** (v / 10) for v in pass_by[1:9]) / 8))
    assert (event.lafmax, event.background, event.source) == (71.0, 50.0, None)


def test_what_does_not_enter_and_what_is_too_short_is_no_event() -> None:
    assert events_of(street(QUIET + [59.0] * 16 + QUIET)) == []
    assert events_of(street(QUIET + [75.0] * 3 + [50.0] * 21)) == []
    assert len(events_of(street(QUIET + [75.0] * 4 + [50.0] * 20))) == 1


def test_a_pause_shorter_than_two_seconds_joins_and_a_longer_one_parts() -> None:
    joined = events_of(street(QUIET + [70.0] * 8 + [50.0] * 15 + [70.0] * 9 + [50.0] * 24))
    assert [(event.start, event.duration) for event in joined] == [(10.0, 4.0)]
    parted = events_of(street(QUIET + [70.0] * 8 + [50.0] * 16 + [70.0] * 8 + [50.0] * 24))
    assert [(event.start, event.duration) for event in parted] == [(10.0, 1.0), (13.0, 1.0)]
    assert joined[0].sel > parted[0].sel


def test_the_exposure_holds_the_pause_inside_but_not_the_one_after() -> None:
    [event] = events_of(street(QUIET + [70.0] * 8 + [50.0] * 8 + [70.0] * 8 + [50.0] * 24))
    assert event.sel == pytest.approx(10 * math.log10(2 * 10**7.0 + 10**5.0))


def test_a_threshold_of_the_user_s_takes_the_place_of_the_background() -> None:
    levels = [70.0] * 16 + [50.0] * 24
    assert events_of(street(levels)) == []  # nothing is known of the background yet
    [event] = events_of(street(levels), rule=EventRule(threshold=65.0))
    assert (event.start, event.duration, event.background) == (0.0, 2.0, None)


def test_a_noise_that_lasts_becomes_the_background() -> None:
    [event] = events_of(street([50.0] * 8 * 600 + [65.0] * 8 * 900))
    assert event.start == 600.0
    assert event.duration == pytest.approx(300, abs=2)
    assert events_of(street([65.0] * 8 * 700)) == []


def test_a_gap_ends_an_event() -> None:
    seconds = street(QUIET + [70.0] * 32 + [50.0] * 24)
    seconds[11] = second(12.0, [70.0] * 8, valid=False)
    assert [(event.start, event.duration) for event in events_of(seconds)] == [(10.0, 1.0), (12.0, 2.0)]


def test_the_source_is_the_one_that_dominates() -> None:
    ticks = [tick(10 + n / 10, {NoiseSource.RAIL: 0.8, NoiseSource.TRAFFIC: 0.5}) for n in range(1, 16)]
    ticks += [tick(10 + n / 10, {NoiseSource.RAIL: 0.1, NoiseSource.TRAFFIC: 0.5}) for n in range(16, 41)]
    [event] = events_of(street(QUIET + [70.0] * 32 + [50.0] * 24), ticks)
    assert event.source is NoiseSource.TRAFFIC


def test_ticks_before_and_after_an_event_are_not_its_own() -> None:
    ticks = [tick(n / 10, {NoiseSource.DOG: 0.9}) for n in range(1, 101)]
    ticks += [tick(n / 10, {NoiseSource.DOG: 0.9}) for n in range(142, 170)]
    [event] = events_of(street(QUIET + [70.0] * 32 + [50.0] * 24), ticks)
    assert event.source is None


@given(st.lists(st.floats(0, 1), min_size=40, max_size=40), st.floats(0.36, 1))
def test_a_withheld_sound_is_never_a_source_and_takes_the_place_of_none(noise: list[float], voice: float) -> None:
    ticks = [
        tick(10 + n / 10, {NoiseSource.OTHER: min(score, voice)}, withheld=voice)
        for n, score in enumerate(noise, start=1)
    ]
    [event] = events_of(street(QUIET + [70.0] * 32 + [50.0] * 24), ticks)
    assert event.source is None


def test_a_source_over_too_little_of_an_event_is_not_named() -> None:
    ticks = [tick(10 + n / 10, {NoiseSource.HORN: 0.9 if n <= 9 else 0.0}) for n in range(1, 41)]
    assert events_of(street(QUIET + [70.0] * 32 + [50.0] * 24), ticks)[0].source is None
    ticks[9] = tick(11.0, {NoiseSource.HORN: 0.9})
    assert events_of(street(QUIET + [70.0] * 32 + [50.0] * 24), ticks)[0].source is NoiseSource.HORN


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_it_does_not_matter_when_ticks_are_given_as_long_as_they_are_in_time(seed: int, late: int) -> None:
    random = np.random.default_rng(seed)
    levels = np.repeat(50 + 30 * (random.random(40) < 0.3), 8).astype(float)
    seconds = street([50.0] * 40 + levels.tolist())
    ticks = [tick((n + 1) / 10, {NoiseSource.DOG: float(random.random())}, float(random.random())) for n in range(450)]
    at_once = events_of(seconds, ticks)
    meter, found, given_so_far = NoiseEventMeter(), [], 0
    for s in seconds:
        until = sum(t.time <= s.t_end - 0.9 + 0.1 * (late % 10) for t in ticks)
        meter.hear(ticks[given_so_far:until])
        given_so_far = max(until, given_so_far)
        found += meter.feed(s)
    meter.hear(ticks[given_so_far:])
    assert found + meter.finish() == at_once


@given(st.lists(st.sampled_from([45.0, 50.0, 57.0, 62.0, 80.0]), min_size=8, max_size=400))
def test_events_lie_apart_inside_the_stream_and_stand_out(levels: list[float]) -> None:
    levels = levels[: len(levels) // 8 * 8]
    seconds = street(QUIET + levels)
    events = events_of(seconds)
    for event in events:
        assert event.start >= 10
        assert event.end <= seconds[-1].t_end
        assert event.background is not None
        assert event.lafmax > event.background + 10 - 1e-9
        assert event.sel <= event.lafmax + 10 * math.log10(event.duration) + 1e-6
    for before, after in pairwise(events):
        assert after.start - before.end >= 2 - 1e-6


def test_a_rule_that_cannot_end_is_refused() -> None:
    with pytest.raises(InvalidValue):
        EventRule(over_background=5.0, hysteresis=6.0)
