"""The peak between the samples: one cycle and half a cycle at any place, and cuts that change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.detect.sound.peak import TAPS, PeakFinder, greatest
from clairvoie.detect.sound.weighting import WeightingFilters, response

TABLE_5 = (
    (1, 31.5, 2.5, 2.0),
    (1, 500.0, 3.5, 1.0),
    (1, 8000.0, 3.4, 2.0),
    (0.5, 500.0, 2.4, 1.0),
    (-0.5, 500.0, 2.4, 1.0),
)
"""Cycles, nominal Hz, LCpeak - LC in dB, class 1 limit either way (IEC 61672-1:2013, 5.13 and table 5)."""
RATES = (8000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
PHASES = np.arange(6) / 6


def cycles(rate: int, hertz: float, count: float, phase: float) -> np.ndarray:
    time = (np.arange(round(0.2 * rate)) - round(0.05 * rate) - phase) / rate
    inside = (time >= 0) & (time < abs(count) / hertz)
    return np.where(inside, np.sign(count) * np.sin(2 * np.pi * hertz * time), 0.0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("count", "nominal", "reference", "limit"), TABLE_5)
def test_one_cycle_and_half_a_cycle_have_their_peak_wherever_they_begin(
    rate: int, count: float, nominal: float, reference: float, limit: float
) -> None:
    """At 8 and 16 kHz there is no tone of 8 kHz: half the rate, or above."""
    hertz = 1000 * 10 ** (round(10 * np.log10(nominal / 1000)) / 10)
    if hertz > 0.45 * rate:
        assert nominal == 8000.0
        assert rate <= 16_000
        return
    steady = 10 * np.log10(0.5) + response("C", np.array([hertz]), rate)[0]
    for phase in PHASES:
        c = WeightingFilters(rate).feed(cycles(rate, hertz, count, phase)).c
        peak = 20 * np.log10(PeakFinder().feed(c))
        assert abs(peak - steady - reference) <= limit


def test_the_samples_alone_would_not_do_at_32_khz() -> None:
    """Why there is this module: the greatest sample of one cycle of 8 kHz can be more than 2 dB low."""
    steady = 10 * np.log10(0.5) + response("C", np.array([7943.3]), 32_000)[0]
    found = [
        20 * np.log10(greatest(WeightingFilters(32_000).feed(cycles(32_000, 7943.3, 1, phase)).c)) - steady - 3.4
        for phase in np.arange(96) / 96
    ]
    assert min(found) < -2.0


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.3, 0.4])
def test_a_steady_sine_reads_its_amplitude_to_half_a_decibel_up_to_0_4_of_the_rate(share: float) -> None:
    for phase in np.arange(8) / 8:
        sine = np.sin(2 * np.pi * (share * np.arange(4000) + phase)) * np.hanning(4000)
        assert -0.5 < 20 * np.log10(PeakFinder().feed(sine)) < 0.05


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_no_stretch_is_too_short_and_none_reads_less_than_its_samples(size: int, seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal(4 * size)
    finder = PeakFinder()
    for part in np.split(sound, 4):
        assert finder.feed(part) >= greatest(part)
    assert finder.feed(np.zeros(0)) == 0.0


def test_a_peak_between_the_last_samples_of_a_stretch_is_found_in_the_next() -> None:
    sound = np.sin(2 * np.pi * (np.arange(400) + 0.5) / 4) * np.hanning(400)
    finder = PeakFinder()
    found = [finder.feed(part) for part in (sound[:200], sound[200:])]
    assert max(found) == pytest.approx(1.0, abs=0.02)
    assert TAPS < 200


def test_silence_has_no_peak() -> None:
    assert PeakFinder().feed(np.zeros(100)) == 0.0
