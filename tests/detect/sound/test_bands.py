"""Thirds and octaves: the attenuation of IEC 61260-1:2014 class 1, no energy lost, no figure without ground."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.boundary.detection import OCTAVE_CENTRES, THIRD_CENTRES
from clairvoie.detect.sound.bands import (
    NOTHING,
    BandEnergy,
    BandMeter,
    G,
    octave_levels,
    steady_attenuation,
    third_centres,
    third_edges,
    third_levels,
)

RATES = (16_000, 22_050, 32_000, 44_100, 48_000)
BREAK_POINTS = (
    (0, -0.4, 0.4),
    (1 / 8, -0.4, 0.5),
    (1 / 4, -0.4, 0.7),
    (3 / 8, -0.4, 1.4),
    (1 / 2, 1.2, 5.3),
    (1, 16.6, np.inf),
    (2, 40.5, np.inf),
    (3, 60.0, np.inf),
    (4, 70.0, np.inf),
)
"""Power of G, least and greatest relative attenuation in dB of an octave filter, class 1 (IEC 61260-1:2014, table 1).

At the edge itself, G^(1/2), the limit from outside, 1.2 dB, and the one from inside, 5.3 dB, both bind.
"""
THIRDS_TRIED = (0, 1, 9, 10, 11, 17, 24, 27)
"""The first of each of the two spectra, whose bins are widest beside their bands, their last, and some between."""


def third_break(power: float) -> float:
    """Normalised frequency of a break point for thirds (IEC 61260-1:2014, 5.10.4)."""
    return float(1 + (G ** (1 / 6) - 1) / (G ** (1 / 2) - 1) * (G**power - 1))


def measure(sound: np.ndarray, rate: int) -> BandEnergy:
    meter = BandMeter(rate)
    total = NOTHING
    for second in np.split(sound.astype(np.float32), range(rate, sound.size, rate)):
        total += meter.feed(second)
    return total + meter.finish()


def outside_the_limits(rate: int, centres: dict[int, float], powers: dict[float, float], *, octaves: bool) -> list[str]:
    """Where the attenuation of the bands with these ``centres`` is not that of class 1."""
    found = []
    for number, centre in centres.items():
        for power, least, greatest in BREAK_POINTS:
            for omega in {powers[power], 1 / powers[power]}:
                if not 1.0 <= centre * omega <= 0.48 * rate:
                    continue
                attenuation = steady_attenuation(centre * omega, rate, octaves=octaves)[number]
                if not least <= attenuation <= greatest:
                    found.append(f"{centre:.0f} Hz band, tone at {centre * omega:.1f} Hz: {attenuation:.1f} dB")
    return found


def test_the_bands_are_the_nominal_ones() -> None:
    np.testing.assert_allclose(third_centres(), [float(name) for name in THIRD_CENTRES], rtol=0.02)
    np.testing.assert_allclose(third_edges()[1:] / third_edges()[:-1], G ** (1 / 3), rtol=1e-12)


@pytest.mark.parametrize("rate", RATES)
def test_thirds_attenuate_as_class_1(rate: int) -> None:
    edges = third_edges()[1:]
    centres = {n: float(third_centres()[n]) for n in THIRDS_TRIED if edges[n] <= 0.45 * rate}
    powers = {power: third_break(power) for power, _, _ in BREAK_POINTS}
    assert outside_the_limits(rate, centres, powers, octaves=False) == []


@pytest.mark.parametrize("rate", RATES)
def test_octaves_attenuate_as_class_1(rate: int) -> None:
    centres = {n: 1000 * G ** (n - 5) for n in range(len(OCTAVE_CENTRES)) if 1000 * G ** (n - 4.5) <= 0.45 * rate}
    powers = {power: G**power for power, _, _ in BREAK_POINTS}
    assert outside_the_limits(rate, centres, powers, octaves=True) == []


def test_the_search_for_bands_outside_the_limits_finds_them() -> None:
    """A tone in the middle of a third is not attenuated by its own band, and much by the one after the next."""
    powers = dict.fromkeys((power for power, _, _ in BREAK_POINTS), 1.0)
    assert len(outside_the_limits(16_000, {16: 1000.0}, powers, octaves=False)) == 5
    assert steady_attenuation(1000.0, 16_000)[16] == pytest.approx(0.0, abs=0.05)
    assert steady_attenuation(1000.0, 16_000)[27] == np.inf


@pytest.mark.parametrize("rate", [8000, 11_025, 12_347])
def test_any_rate_measures_a_tone_in_its_band(rate: int) -> None:
    """12,347 is a prime: one frame a second, and no lower rate."""
    for frequency, number in ((31.6, 1), (1000.0, 16)):
        assert steady_attenuation(frequency, rate)[number] == pytest.approx(0.0, abs=0.1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 47_000), st.integers(0, 2**32 - 1))
def test_a_burst_has_the_same_energy_wherever_it_falls(place: int, seed: int) -> None:
    """The window's squares add to one, so the seconds lose nothing and count nothing twice."""
    rate = 16_000
    burst = np.random.default_rng(seed).standard_normal(800)
    sound = np.zeros(3 * rate)
    sound[place : place + 800] = burst[: sound.size - place]
    spectrum = np.abs(np.fft.rfft(sound)) ** 2 * 2 / sound.size / rate
    frequency = np.fft.rfftfreq(sound.size, 1 / rate)
    inside = (frequency >= third_edges()[0]) & (frequency < third_edges()[-1])
    assert measure(sound, rate).thirds.sum() == pytest.approx(spectrum[inside].sum(), rel=0.02)


def test_white_noise_rises_by_a_decibel_a_third() -> None:
    rate = 48_000
    levels = third_levels(measure(np.random.default_rng(5).standard_normal(rate * 30) * 0.1, rate), rate, None)
    steps = np.diff(np.array(levels[10:], dtype=float))
    np.testing.assert_allclose(steps, 1.0, atol=0.35)


def test_octaves_are_the_sums_of_their_thirds() -> None:
    rate = 32_000
    energy = measure(np.random.default_rng(6).standard_normal(rate * 3), rate)
    thirds, octaves = third_levels(energy, rate, 94.0), octave_levels(energy, rate, 94.0)
    for number, octave in enumerate(octaves):
        parts = [10 ** (t / 10) for t in thirds[3 * number : 3 * number + 3] if t is not None]
        assert octave == pytest.approx(10 * np.log10(sum(parts)))


@pytest.mark.parametrize(
    ("rate", "thirds", "octaves"), [(48_000, 28, 9), (32_000, 28, 9), (16_000, 25, 8), (8000, 22, 7)]
)
def test_there_is_no_figure_above_0_45_of_the_rate(rate: int, thirds: int, octaves: int) -> None:
    energy = measure(np.random.default_rng(7).standard_normal(rate * 2), rate)
    assert [level is not None for level in third_levels(energy, rate, None)] == [True] * thirds + [False] * (
        28 - thirds
    )
    assert [level is not None for level in octave_levels(energy, rate, None)] == [True] * octaves + [False] * (
        9 - octaves
    )


def test_a_broken_second_is_left_out_and_not_filled() -> None:
    rate = 16_000
    sound = np.random.default_rng(8).standard_normal((3, rate)).astype(np.float32)
    meter = BandMeter(rate)
    energy = meter.feed(sound[0]) + meter.feed(None) + meter.feed(sound[2]) + meter.finish()
    assert energy.seconds == 2.0


def test_nothing_heard_has_no_levels() -> None:
    assert third_levels(NOTHING, 32_000, None) == (None,) * 28
    assert octave_levels(NOTHING, 32_000, None) == (None,) * 9
