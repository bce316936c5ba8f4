"""The analyser as a whole: what leaves when, what gaps do, and that claims alone come out unless asked for more."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.boundary.detection import (
    Claim,
    DetectionBegin,
    DetectionEnd,
    ImpulseDetection,
    MinuteLevels,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import HazardKind, Health, NoiseSource
from clairvoie.boundary.wire import decode_claim, encode_claim
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import Output, SoundAnalyser
from clairvoie.detect.sound.bands import BandLevels
from clairvoie.detect.sound.card import HazardRule
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.sources import SourceScores
from clairvoie.detect.sound.tagging import Scores

RATE = 8000
START = 1_800_000_000
GLASS = HazardKind.GLASS_BREAKING


class GlassAt:
    """A tagger that hears glass in one stretch of time, traffic always, and a withheld sound where told."""

    rules: Mapping[HazardKind, HazardRule] = {GLASS: HazardRule(enter=0.5, leave=0.3, sounding=0.2, gap=0.5)}

    def __init__(self, begin: float, end: float, withheld: float = 0.0) -> None:
        self.begin, self.end, self.withheld = begin, end, withheld
        self._waiting: list[tuple[float, float]] = []
        self._next: float | None = None

    def feed(self, block: Block) -> list[Scores]:
        self._next = block.start if self._next is None else self._next
        found = []
        while self._next + 0.1 <= block.end + 1e-6:
            self._next += 0.1
            score = 0.9 if self.begin < self._next - 0.05 < self.end else 0.0
            found.append(Scores(self._next, 0.1, {GLASS: score}, {NoiseSource.TRAFFIC: 0.6}, self.withheld))
        return found

    def finish(self) -> list[Scores]:
        return []


def sound(seconds: float, seed: int = 0, amplitude: float = 0.02) -> np.ndarray:
    return (amplitude * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def analyse(
    samples: np.ndarray, *, start: float = START, block: int = RATE, sigma: float = 0.001, **settings_: object
) -> list[Output]:
    analyser = SoundAnalyser(RATE, 114.0, **settings_)  # type: ignore[arg-type]
    found: list[Output] = []
    for first in range(0, samples.size, block):
        part = samples[first : first + block]
        found += analyser.feed(Block(part, RATE, start=start + first / RATE, sigma=sigma, index=first))
    return [*found, *analyser.finish()]


def test_in_a_node_ten_seconds_minutes_and_ten_minutes_leave_on_whole_utc() -> None:
    found = analyse(sound(605.0), start=START - 3)
    assert [o.end for o in found if isinstance(o, TenSecondLevel)] == list(range(START, START + 601, 10))
    assert [o.end for o in found if isinstance(o, MinuteLevels)] == list(range(START, START + 601, 60))
    assert [(o.end, o.seconds) for o in found if isinstance(o, ThirdLevels)] == [(START, 600), (START + 600, 600)]


def test_a_period_of_which_too_little_was_heard_has_no_level() -> None:
    found = analyse(sound(67.0), start=START - 3)
    tens = [o for o in found if isinstance(o, TenSecondLevel)]
    assert tens[0].laeq is None
    assert tens[1].laeq is not None
    first, second = (o for o in found if isinstance(o, MinuteLevels))
    assert (first.laeq, first.l50, first.valid_seconds) == (None, None, 3)
    assert first.octaves == (None,) * 9
    assert second.laeq is not None
    assert second.valid_seconds == 60
    assert second.health is Health.FINE
    [thirds] = [o for o in found if isinstance(o, ThirdLevels)]
    assert thirds.thirds == (None,) * 28


def test_only_claims_come_out_and_each_fits_the_pipe() -> None:
    found = analyse(sound(70.0), tagger=GlassAt(START + 20, START + 22))
    for output in found:
        assert isinstance(output, Claim)
        assert decode_claim(encode_claim(output)) == output
    assert {type(o) for o in found} == {TenSecondLevel, MinuteLevels, DetectionBegin, DetectionEnd}


def test_with_details_seconds_bands_and_sources_come_out_too() -> None:
    found = analyse(sound(64.4), start=0.0, details=True, tagger=GlassAt(1e12, 1e12))
    assert [o.t_end for o in found if isinstance(o, SecondLevels)] == [*map(float, range(1, 65)), pytest.approx(64.4)]
    assert [(o.t_end, round(o.seconds, 3)) for o in found if isinstance(o, BandLevels)] == [(60.0, 60.0), (64.4, 4.4)]
    named = [o for o in found if isinstance(o, SourceScores)]
    assert [o.t for o in named] == [*map(float, range(1, 65)), pytest.approx(64.4)]
    assert named[0].top == ((NoiseSource.TRAFFIC, pytest.approx(0.6)),)


def test_a_hazard_begins_and_ends_with_its_level_and_the_clock() -> None:
    found = analyse(sound(30.0), tagger=GlassAt(START + 12, START + 13.0), sigma=0.004)
    [begin] = [o for o in found if isinstance(o, DetectionBegin)]
    [end] = [o for o in found if isinstance(o, DetectionEnd)]
    assert begin.onset == pytest.approx(START + 12, abs=0.11)
    assert end.offset == pytest.approx(START + 13, abs=0.11)
    assert begin.clock_sigma == 0.004
    assert 70 < end.level < 90


def test_a_hazard_still_open_at_the_end_is_ended() -> None:
    found = analyse(sound(15.0), tagger=GlassAt(START + 12, START + 100))
    assert sum(isinstance(o, DetectionEnd) for o in found) == 1


def test_a_withheld_sound_leaves_the_minute_without_a_source_and_lowers_no_hazard() -> None:
    quiet = analyse(sound(62.0), tagger=GlassAt(START + 12, START + 13, withheld=0.0))
    voices = analyse(sound(62.0), tagger=GlassAt(START + 12, START + 13, withheld=1.0))
    assert [o.sources for o in quiet if isinstance(o, MinuteLevels)][-1][0][0] is NoiseSource.TRAFFIC
    assert [o.sources for o in voices if isinstance(o, MinuteLevels)][-1] == ()
    kinds = (DetectionBegin, DetectionEnd)
    assert [o for o in voices if isinstance(o, kinds)] == [o for o in quiet if isinstance(o, kinds)]


@pytest.mark.parametrize(
    ("samples", "sigma", "health"),
    [
        (np.zeros(61 * RATE, np.float32), 0.001, Health.SILENT),
        (np.clip(sound(61.0, amplitude=1.0), -1, 1), 0.001, Health.OVERLOADED),
        (sound(61.0), 5.0, Health.CLOCK_DOUBTFUL),
    ],
)
def test_a_minute_says_how_the_sensor_is(samples: np.ndarray, sigma: float, health: Health) -> None:
    [minute] = [o for o in analyse(samples, start=START, sigma=sigma) if isinstance(o, MinuteLevels)]
    assert minute.health is health


def test_lost_samples_make_their_seconds_invalid_and_the_minutes_say_so() -> None:
    analyser = SoundAnalyser(RATE, 114.0)
    samples = sound(200.0)
    found = analyser.feed(Block(samples[: 90 * RATE], RATE, start=START, sigma=0.0, index=0))
    lost = 75 * RATE + 100
    rest = samples[: 40 * RATE]
    start = START + (90 * RATE + lost) / RATE
    found += analyser.feed(Block(rest, RATE, start=start, sigma=0.0, index=90 * RATE + lost, missing=lost))
    minutes = [o for o in found if isinstance(o, MinuteLevels)]
    assert [(m.valid_seconds, m.health) for m in minutes] == [
        (60, Health.FINE),
        (30, Health.GAPS),
        (14, Health.GAPS),
    ]
    assert minutes[1].laeq is not None
    assert minutes[2].laeq is None
    tens = {o.end - START: o.laeq for o in found if isinstance(o, TenSecondLevel)}
    assert tens[100] is None
    assert tens[160] is None
    assert tens[180] is not None


def test_a_minute_in_which_nothing_came_says_that_the_source_is_lost() -> None:
    analyser = SoundAnalyser(RATE, 114.0)
    analyser.feed(Block(sound(5.0), RATE, start=START, sigma=0.0, index=0))
    found = analyser.feed(Block(sound(5.0), RATE, start=START + 200.0, sigma=0.0, index=200 * RATE, missing=195 * RATE))
    assert [o.health for o in found if isinstance(o, MinuteLevels)] == [
        Health.GAPS,
        Health.SOURCE_LOST,
        Health.SOURCE_LOST,
    ]


def test_a_gap_is_no_bang() -> None:
    analyser = SoundAnalyser(RATE, 114.0)
    loud, quiet = sound(5.0, amplitude=0.3), sound(5.0, amplitude=0.003)
    found = analyser.feed(Block(quiet, RATE, start=START, sigma=0.0, index=0))
    found += analyser.feed(Block(loud, RATE, start=START + 6.0, sigma=0.0, index=6 * RATE, missing=RATE))
    assert not any(isinstance(o, ImpulseDetection) for o in [*found, *analyser.finish()])


def test_wind_shows_as_low_frequencies_far_above_the_rest() -> None:
    random = np.random.default_rng(3).standard_normal(61 * RATE)
    rumble = np.convolve(random, np.hanning(400) / 200, mode="same").astype(np.float32) * 0.5
    [windy] = [o for o in analyse(rumble) if isinstance(o, MinuteLevels)]
    [still] = [o for o in analyse(sound(61.0)) if isinstance(o, MinuteLevels)]
    assert windy.windy
    assert not still.windy


@settings(max_examples=8, deadline=None)
@given(st.integers(500, 70_000), st.sampled_from([0.0, 0.5, 17.125]))
def test_what_is_said_does_not_depend_on_how_blocks_are_cut(block: int, start: float) -> None:
    samples = sound(75.0, seed=4)
    samples[20 * RATE : 20 * RATE + 400] += sound(0.05, seed=5, amplitude=0.4)
    one = analyse(samples, start=START + start, tagger=GlassAt(START + 30, START + 31), details=True)
    other = analyse(samples, start=START + start, block=block, tagger=GlassAt(START + 30, START + 31), details=True)
    for kind in (TenSecondLevel, MinuteLevels, SecondLevels, BandLevels, DetectionBegin, DetectionEnd, SourceScores):
        first, second = ([o for o in found if isinstance(o, kind)] for found in (one, other))
        assert len(first) == len(second), kind
        for a, b in zip(first, second, strict=True):
            assert flat(a) == pytest.approx(flat(b), abs=1e-4), kind


def flat(output: object) -> list[float]:
    """The numbers of an output, in order."""
    names = getattr(output, "__struct_fields__", None) or tuple(output.__dataclass_fields__)  # type: ignore[attr-defined]
    numbers: list[float] = []
    for name in names:
        value = getattr(output, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, int | float):
                numbers.append(float(item))
            elif isinstance(item, tuple):
                numbers.append(float(item[1]))
    return numbers
