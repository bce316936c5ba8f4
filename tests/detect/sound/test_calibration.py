"""A calibrator is believed inside a declared window, at its declared level, as a clean steady 1 kHz; else never."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.calibration import (
    CalibrationCheck,
    CalibrationRefusal,
    CalibratorListener,
    CommissioningWindow,
    judge,
)
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.tone import tone_in
from clairvoie.errors import InvalidValue

RATE = 8000
WINDOW = CommissioningWindow(start=0.0, end=60.0, level=94.0)


def calibrator(seconds: float = 12.0, hertz: float = 1000.0, amplitude: float = 0.05, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return amplitude * np.sin(2 * np.pi * hertz * time + 0.3)


def street(seconds: float, rms: float = 0.002, seed: int = 1) -> np.ndarray:
    return rms * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def heard(
    sound: np.ndarray, window: CommissioningWindow | None = WINDOW, *, rate: int = RATE, cuts: list[int] | None = None
) -> CalibratorListener:
    listener = CalibratorListener(rate, window)
    first = 0
    for part in np.split(sound.astype(np.float32), sorted(cuts or [])):
        if part.size:
            listener.feed(Block(part, rate, start=first / rate, sigma=0.0, index=first))
        first += part.size
    return listener


def check(
    sound: np.ndarray, window: CommissioningWindow | None = WINDOW, *, last: float | None = None, rate: int = RATE
) -> CalibrationCheck:
    return judge(heard(sound, window, rate=rate).moments, window, last=last)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("level", [94.0, 114.0])
def test_with_the_calibration_found_the_calibrator_reads_its_level(rate: int, level: float) -> None:
    window = CommissioningWindow(start=0.0, end=60.0, level=level)
    found = check(calibrator(rate=rate, amplitude=0.1), window, rate=rate)
    assert found.refusal is None
    assert found.calibration == pytest.approx(level + 20, abs=0.01)
    analyser = SoundAnalyser(rate, found.calibration, details=True)
    sound = calibrator(3.0, rate=rate, amplitude=0.1).astype(np.float32)
    outputs = analyser.feed(Block(sound, rate, start=0.0, sigma=0.0, index=0))
    assert [s.laeq for s in outputs if isinstance(s, SecondLevels)][1] == pytest.approx(level, abs=0.05)


def test_the_drift_is_that_since_the_last_calibration() -> None:
    found = check(calibrator(), last=119.5)
    assert found.drift == pytest.approx(found.calibration - 119.5)  # type: ignore[operator]
    assert found.drift == pytest.approx(0.52, abs=0.01)
    assert check(calibrator()).drift is None


def test_it_is_put_on_and_taken_off_inside_the_window() -> None:
    sound = np.concatenate([street(6.3), calibrator(20) + street(20, 0.0003), street(6)])
    found = check(sound)
    assert found.refusal is None
    assert found.calibration == pytest.approx(120.02, abs=0.02)
    assert 18 <= found.seconds <= 20


@pytest.mark.parametrize(
    ("sound", "window", "refusal"),
    [
        (calibrator(), None, CalibrationRefusal.NO_WINDOW),
        (calibrator(), CommissioningWindow(start=100.0, end=160.0, level=94.0), CalibrationRefusal.OUTSIDE_WINDOW),
        (street(12, 0.05), WINDOW, CalibrationRefusal.NO_TONE),
        (np.zeros(12 * RATE), WINDOW, CalibrationRefusal.NO_TONE),
        (calibrator(5.5), WINDOW, CalibrationRefusal.TOO_SHORT),
        (calibrator(hertz=997.0, amplitude=0.995), WINDOW, CalibrationRefusal.OVERLOADED),
        (np.clip(calibrator(amplitude=1.5), -1, 1), WINDOW, CalibrationRefusal.OVERLOADED),
        (calibrator(hertz=1030.0), WINDOW, CalibrationRefusal.WRONG_FREQUENCY),
        (calibrator(hertz=250.0), WINDOW, CalibrationRefusal.WRONG_FREQUENCY),
        (calibrator() + street(12, 0.0025), WINDOW, CalibrationRefusal.IMPURE),
        (calibrator() + 0.003 * calibrator(hertz=2000.0, amplitude=1.0), WINDOW, CalibrationRefusal.IMPURE),
        (calibrator() * np.linspace(1.0, 1.12, 12 * RATE), WINDOW, CalibrationRefusal.NOT_STEADY),
        (calibrator() * np.repeat([1.0, 0.7, 1.0], 4 * RATE), WINDOW, CalibrationRefusal.NOT_STEADY),
        (calibrator(amplitude=1e-6), WINDOW, CalibrationRefusal.IMPLAUSIBLE),
    ],
)
def test_what_is_refused_and_why(
    sound: np.ndarray, window: CommissioningWindow | None, refusal: CalibrationRefusal
) -> None:
    found = check(sound, window)
    assert found.refusal is refusal
    assert (found.calibration is None) == (refusal is not CalibrationRefusal.IMPLAUSIBLE)


@pytest.mark.parametrize(("last", "new", "refused"), [(116.9, False, True), (117.1, False, False), (90.0, True, False)])
def test_a_jump_of_more_than_three_decibels_is_another_microphone_and_must_be_said(
    last: float, new: bool, refused: bool
) -> None:
    window = CommissioningWindow(start=0.0, end=60.0, level=94.0, new_microphone=new)
    assert (check(calibrator(), window, last=last).refusal is CalibrationRefusal.IMPLAUSIBLE) == refused


@settings(max_examples=8, deadline=None)
@given(st.floats(0.0, 30.0), st.floats(500.0, 3000.0), st.integers(0, 2**32 - 1))
def test_a_tone_in_the_street_outside_the_window_is_never_taken(begins: float, hertz: float, seed: int) -> None:
    """Whatever sounds before a window and after it, what is kept of it is nothing."""
    window = CommissioningWindow(start=45.0, end=50.0, level=94.0)
    sound = street(60, seed=seed)
    tone = calibrator(14.9, hertz=hertz, amplitude=0.3)
    first = round(begins * RATE)
    sound[first : first + tone.size] += tone
    sound[round(51 * RATE) :] += calibrator(9.0, amplitude=0.3)
    listener = heard(sound, window)
    assert all(m.start >= 45.0 and m.start + 0.5 <= 50.0 + 1e-6 for m in listener.moments)
    assert judge(listener.moments, window).refusal is CalibrationRefusal.NO_TONE


def test_moments_from_outside_the_window_do_not_help_the_rule_either() -> None:
    window = CommissioningWindow(start=20.0, end=50.0, level=94.0)
    assert judge(heard(calibrator(18.0)).moments, window).refusal is CalibrationRefusal.OUTSIDE_WINDOW


def test_what_a_sensor_measures_is_never_changed_by_what_it_hears() -> None:
    """No module that runs in a node knows how a calibration is found: a sensor has it from its settings."""
    package = Path(__file__).parents[3] / "src" / "clairvoie"
    knowing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "detect.sound.calibration" in path.read_text(encoding="utf-8")
    }
    assert knowing == {"cli/listen_calibrator.py"}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 12 * RATE), max_size=8), st.floats(0.0, 3.0))
def test_moments_do_not_depend_on_how_blocks_are_cut(cuts: list[int], start: float) -> None:
    window = CommissioningWindow(start=start, end=start + 8.0, level=94.0)
    sound = calibrator() + street(12)
    whole, cut = heard(sound, window).moments, heard(sound, window, cuts=cuts).moments
    assert [m.tone for m in whole] == [m.tone for m in cut]
    assert [m.start for m in whole] == pytest.approx([m.start for m in cut])


def test_a_gap_is_not_bridged() -> None:
    sound = calibrator().astype(np.float32)
    listener = CalibratorListener(RATE, WINDOW)
    listener.feed(Block(sound[: 4 * RATE + 100], RATE, start=0.0, sigma=0.0, index=0))
    late = 5 * RATE
    listener.feed(Block(sound[: 4 * RATE], RATE, start=5.0, sigma=0.0, index=late, missing=RATE - 100))
    assert [m.start for m in listener.moments] == [*np.arange(0, 4, 0.5), *np.arange(5, 9, 0.5)]
    assert judge(listener.moments, WINDOW).refusal is CalibrationRefusal.NOT_STEADY


@pytest.mark.parametrize(
    ("start", "end", "level", "match"),
    [(0.0, 3601.0, 94.0, "an hour"), (5.0, 5.0, 94.0, "an hour"), (0.0, 60.0, 100.0, "94 or 114"), (0, 60, 94.6, "94")],
)
def test_a_window_is_short_and_its_level_a_calibrators(start: float, end: float, level: float, match: str) -> None:
    with pytest.raises(InvalidValue, match=match):
        CommissioningWindow(start=start, end=end, level=level)


@given(st.floats(50.0, 3500.0), st.floats(1e-3, 1.0), st.floats(0.0, 6.3))
def test_a_pure_tone_is_found_to_a_thousandth_of_a_hertz_and_of_a_decibel(
    hertz: float, amplitude: float, phase: float
) -> None:
    time = np.arange(RATE // 2) / RATE
    found = tone_in(amplitude * np.sin(2 * np.pi * hertz * time + phase), RATE)
    assert found.hertz == pytest.approx(hertz, abs=1e-3)
    assert 10 * np.log10(found.power / (amplitude**2 / 2)) == pytest.approx(0.0, abs=1e-3)
    assert found.distortion < 1e-3


@pytest.mark.parametrize("hertz", [3990.0, 4000.0, 3700.0, 5.0])
def test_what_lies_close_to_half_the_rate_or_below_20_hertz_is_no_tone(hertz: float) -> None:
    """Close to half the rate a sine of any amplitude fits what is there."""
    found = tone_in(np.cos(2 * np.pi * hertz * np.arange(RATE // 2) / RATE) + street(0.5), RATE)
    assert found.power < 1.0
    assert found.distortion > 0.5 or hertz == 5.0
