"""Levels of a second: calibration, peaks, overload, silence, and independence of how sound was cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.levels import FastHistory, SecondLevels, level_of


def tone(rate: int, seconds: float, amplitude: float, frequency: float = 1000.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def seconds_of(sound: np.ndarray, rate: int, calibration: float | None, cuts: list[int] | None = None) -> list[object]:
    analyser = SoundAnalyser(rate, calibration, details=True)
    found: list[object] = []
    first = 0
    for part in np.split(sound, sorted(cuts or [])):
        if part.size:
            found += analyser.feed(Block(part, rate, start=first / rate, sigma=0.0, index=first))
        first += part.size
    return [o for o in found + list(analyser.finish()) if isinstance(o, SecondLevels)]


@pytest.mark.parametrize("rate", [16_000, 22_050, 32_000, 44_100, 48_000])
def test_a_tone_of_amplitude_a_tenth_with_calibration_114_reads_94(rate: int) -> None:
    for second in seconds_of(tone(rate, 3, 0.1), rate, 114.0):
        assert second.laeq == pytest.approx(94.0, abs=0.1)
        assert second.lceq == pytest.approx(94.0, abs=0.1)
        assert second.lzeq == pytest.approx(94.0, abs=0.1)
        assert second.lafmax == pytest.approx(94.0, abs=0.1)
        assert second.valid
        assert not second.overload


@pytest.mark.parametrize("rate", [32_000, 48_000])
def test_the_peak_of_a_full_scale_sine_is_three_decibels_over_the_calibration(rate: int) -> None:
    for second in seconds_of(tone(rate, 2, 1.0), rate, 120.0):
        assert second.lcpeak == pytest.approx(123.0, abs=0.05)
        assert second.overload


def test_a_bang_at_the_very_start_has_its_peak() -> None:
    sound = np.zeros(32_000, np.float32)
    sound[10:100] = 0.5
    assert seconds_of(sound, 32_000, 120.0)[0].lcpeak == pytest.approx(120 + 3 - 6, abs=1.0)


def test_without_calibration_a_full_scale_sine_reads_0() -> None:
    """AES17: dBFS is relative to a full-scale sine."""
    second = seconds_of(tone(48_000, 2, 1.0), 48_000, None)[-1]
    assert second.laeq == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(("amplitude", "overload"), [(0.98, False), (0.99, True), (-0.99, True)])
def test_overload_begins_a_tenth_of_a_decibel_under_full_scale(amplitude: float, overload: bool) -> None:
    sound = tone(16_000, 3, 0.1)
    sound[24_000] = amplitude
    assert [s.overload for s in seconds_of(sound, 16_000, None)] == [False, overload, False]


def test_laf_decays_by_34_7_decibels_a_second() -> None:
    """IEC 61672-1:2013, 5.8: an exponential of 125 ms sinks by 10 log10(e) / 0.125 dB a second."""
    sound = np.concatenate([tone(32_000, 1, 0.5), np.zeros(32_000, np.float32)])
    laf = seconds_of(sound, 32_000, None)[1].laf
    assert laf[0] - laf[-1] == pytest.approx(34.74 * 7 / 8, abs=0.3)


def test_a_tone_burst_of_200_ms_reads_one_decibel_less_in_lafmax() -> None:
    """IEC 61672-1:2013, table 4: a 4 kHz tone burst of 200 ms reads -1.0 dB against the steady tone."""
    rate = 48_000
    sound = np.zeros(rate * 2, np.float32)
    sound[12_000 : 12_000 + rate // 5] = tone(rate, 0.2, 0.5, 4000.0)
    steady = seconds_of(tone(rate, 2, 0.5, 4000.0), rate, None)[-1]
    assert seconds_of(sound, rate, None)[0].lafmax - steady.laeq == pytest.approx(-1.0, abs=0.5)


def test_digital_silence_has_no_level() -> None:
    for second in seconds_of(np.zeros(32_000, np.float32), 16_000, 114.0):
        assert (second.laeq, second.lceq, second.lzeq, second.lafmax, second.lcpeak) == (None,) * 5
        assert second.valid
        assert all(value == -math.inf for value in second.laf)


def test_what_is_left_at_the_end_is_said_with_its_length() -> None:
    found = seconds_of(tone(16_000, 2.5, 0.1), 16_000, 114.0)
    assert [(s.t_end, s.seconds, s.valid) for s in found] == [(1.0, 1.0, True), (2.0, 1.0, True), (2.5, 0.5, False)]
    assert found[-1].laeq == pytest.approx(94.0, abs=0.1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 20_000), max_size=12), st.integers(0, 2**32 - 1))
def test_levels_do_not_depend_on_how_blocks_are_cut(cuts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    sound = (0.1 * random.standard_normal(20_000) * (1 + np.sin(np.arange(20_000) / 3000))).astype(np.float32)
    whole, cut = seconds_of(sound, 8000, 100.0), seconds_of(sound, 8000, 100.0, cuts)
    assert len(whole) == len(cut)
    for one, other in zip(whole, cut, strict=True):
        for name in ("t_end", "seconds", "laeq", "lceq", "lzeq", "lafmax", "lcpeak", "valid", "overload"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9), name
        assert one.laf == pytest.approx(other.laf, abs=1e-9)


@given(st.floats(1e-9, 1.0), st.floats(0.0, 200.0))
def test_the_calibration_is_the_level_of_a_full_scale_sine(power: float, calibration: float) -> None:
    level = level_of(power, calibration)
    assert level is not None
    assert level == pytest.approx(calibration + 10 * math.log10(power / 0.5))


def test_the_history_of_laf_is_asked_for_a_stretch_of_time() -> None:
    history = FastHistory(rate=100, calibration=None)
    history.add(10.0, np.full(100, 0.005))
    history.add(11.0, np.full(100, 0.05))
    assert history.greatest(10.0, 11.0) == pytest.approx(-20.0, abs=0.01)
    assert history.greatest(10.5, 11.5) == pytest.approx(-10.0, abs=0.01)
    history.forget(11.5)
    assert history.greatest(10.0, 11.0) is None
