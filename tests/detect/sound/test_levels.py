"""Levels of a second: calibration, peaks, overload, silence, and independence of how sound was cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.levels import FastHistory, LevelMeter, SecondLevels, level_of
from clairvoie.detect.sound.weighting import WeightingFilters
from clairvoie.lab.level_limits import FAST_BURSTS, SLOW_BURSTS, exposure_reference, fast_reference, slow_reference
from clairvoie.lab.level_margins import burst


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


def measured(sound: np.ndarray, rate: int) -> SecondLevels:
    """All of ``sound`` as one stretch, without bands."""
    filters, meter = WeightingFilters(rate), LevelMeter(rate, None, slow=True)
    samples = sound.astype(np.float32)
    meter.feed(samples, filters.feed(samples), 0)
    return meter.end_second(sound.size / rate, sound.size, whole=True)


@pytest.mark.parametrize("rate", [16_000, 22_050, 32_000, 44_100, 48_000])
def test_a_tone_of_amplitude_a_tenth_with_calibration_114_reads_94(rate: int) -> None:
    for second in seconds_of(tone(rate, 3, 0.1), rate, 114.0):
        assert second.laeq == pytest.approx(94.0, abs=0.1)
        assert second.lceq == pytest.approx(94.0, abs=0.1)
        assert second.lzeq == pytest.approx(94.0, abs=0.1)
        assert second.lafmax == pytest.approx(94.0, abs=0.1)
        assert second.valid
        assert not second.overload


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("calibration", [94.0, 120.0])
def test_a_full_scale_sine_reads_the_calibration_and_its_peak_three_decibels_more(
    rate: int, calibration: float
) -> None:
    """A sine's peak lies 3.01 dB over its level."""
    for second in seconds_of(tone(rate, 2, 1.0), rate, calibration):
        assert second.laeq == pytest.approx(calibration, abs=0.1)
        assert second.lceq == pytest.approx(calibration, abs=0.1)
        assert second.lzeq == pytest.approx(calibration, abs=0.1)
        assert second.lcpeak == pytest.approx(calibration + 3.0, abs=0.05)
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


@pytest.mark.parametrize("decibels", [-0.0999, -0.1001])
def test_the_boundary_of_overload_is_a_tenth_of_a_decibel_under_full_scale_to_the_thousandth(decibels: float) -> None:
    sound = tone(16_000, 3, 0.1)
    sound[24_000] = 10 ** (decibels / 20)
    assert [s.overload for s in seconds_of(sound, 16_000, None)] == [False, decibels > -0.1, False]


def test_laf_decays_by_34_7_decibels_a_second() -> None:
    """IEC 61672-1:2013, 5.8: an exponential of 125 ms sinks by 10 log10(e) / 0.125 dB a second."""
    sound = np.concatenate([tone(32_000, 1, 0.5), np.zeros(32_000, np.float32)])
    laf = seconds_of(sound, 32_000, None)[1].laf
    assert laf[0] - laf[-1] == pytest.approx(34.74 * 7 / 8, abs=0.3)


TABLE_4 = """
1 0.0 -2.0 0.0 +0.5 -0.5 +0.5 -0.5
0.5 -0.1 -4.1 -3.0 +0.5 -0.5 +0.5 -0.5
0.2 -1.0 -7.4 -7.0 +0.5 -0.5 +0.5 -0.5
0.1 -2.6 -10.2 -10.0 +1.0 -1.0 +1.0 -1.0
0.05 -4.8 -13.1 -13.0 +1.0 -1.0 +1.0 -1.0
0.02 -8.3 -17.0 -17.0 +1.0 -1.0 +1.0 -1.5
0.01 -11.1 -20.0 -20.0 +1.0 -1.0 +1.0 -2.0
0.005 -14.1 -23.0 -23.0 +1.0 -1.0 +1.0 -2.5
0.002 -18.0 -27.0 -27.0 +1.0 -1.5 +1.0 -3.0
0.001 -21.0 nan -30.0 +1.0 -2.0 nan nan
0.0005 -24.0 nan -33.0 +1.0 -2.5 nan nan
0.00025 -27.0 nan -36.0 +1.0 -3.0 nan nan
"""
"""IEC 61672-1:2013, 5.9 and table 4: seconds of a 4 kHz toneburst; LAFmax, LASmax and LAE over LA in dB; class 1 limits
of LAFmax and LAE, and of LASmax. The table gives LASmax down to 2 ms."""
BURSTS = [tuple(float(cell) for cell in line.split()) for line in TABLE_4.strip().splitlines()]


def test_the_references_for_tonebursts_are_their_closed_forms_and_the_limits_those_of_the_bench() -> None:
    """IEC 61672-1:2013, formulas 7 and 8. The table prints -0.1 where formula 7 gives -0.08."""
    for seconds, fast, slow, exposure, above, below, slow_above, slow_below in BURSTS:
        assert fast_reference(seconds) == pytest.approx(fast, abs=0.06)
        assert exposure_reference(seconds) == pytest.approx(exposure, abs=0.06)
        assert (above, -below) == FAST_BURSTS[seconds]
        assert math.isnan(slow) == (seconds not in SLOW_BURSTS)
        if not math.isnan(slow):
            assert slow_reference(seconds) == pytest.approx(slow, abs=0.06)
            assert (slow_above, -slow_below) == SLOW_BURSTS[seconds]


@pytest.mark.parametrize("rate", [16_000, 22_050, 32_000, 44_100, 48_000])
def test_tonebursts_read_as_class_1(rate: int) -> None:
    """Begun at a sample and a third of one later. At 8 kHz there is no tone of 4 kHz: it is half the rate."""
    steady = seconds_of(tone(rate, 2, 0.5, 4000.0), rate, None)[-1].laeq
    for seconds, fast, slow, exposure, above, below, slow_above, slow_below in BURSTS:
        for phase in (0.0, 1 / 3):
            heard = measured(0.5 * burst(rate, 4000.0, seconds, phase), rate)
            assert below <= heard.lafmax - steady - fast <= above
            assert below <= heard.laeq + 10 * math.log10(heard.seconds) - steady - exposure <= above
            if not math.isnan(slow):
                assert slow_below <= heard.lasmax - steady - slow <= slow_above


def test_s_decays_by_4_3_decibels_a_second_and_agrees_with_f_on_a_steady_tone() -> None:
    """IEC 61672-1:2013, 5.8: design goal 4.3 dB/s, and S within 0.1 dB of F at 1 kHz (5.8.3)."""
    sound = np.concatenate([tone(16_000, 8, 0.5), np.zeros(32_000, np.float32)])
    found = seconds_of(sound, 16_000, None)
    assert found[7].lasmax == pytest.approx(found[7].lafmax, abs=0.1)
    assert found[8].lasmax - found[9].lasmax == pytest.approx(4.34, abs=0.05)


def test_s_runs_only_where_it_is_asked_for() -> None:
    meter, filters = LevelMeter(16_000, None), WeightingFilters(16_000)
    sound = tone(16_000, 1, 0.5)
    meter.feed(sound, filters.feed(sound), 0)
    assert meter.end_second(1.0, 16_000, whole=True).lasmax is None


@settings(max_examples=12, deadline=None)
@given(st.floats(-130.0, -0.2), st.sampled_from([8000, 22_050, 48_000]))
def test_levels_are_linear_from_full_scale_down_to_130_decibels_under_it(decibels: float, rate: int) -> None:
    """IEC 61672-1:2013, 5.6.5 allows 0.8 dB. Between two levels nothing but rounding differs."""
    loud = seconds_of(tone(rate, 2, 1.0), rate, None)[1]
    heard = seconds_of((10 ** (decibels / 20) * tone(rate, 2, 1.0).astype(np.float64)).astype(np.float32), rate, None)[
        1
    ]
    for name in ("laeq", "lceq", "lzeq", "lafmax", "lasmax", "lcpeak"):
        assert getattr(heard, name) - getattr(loud, name) == pytest.approx(decibels, abs=1e-4), name


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
        assert one == other  # to the last bit


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
