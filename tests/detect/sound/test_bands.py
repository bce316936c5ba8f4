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
    third_centres,
    third_edges,
    third_levels,
)

BREAK_POINTS = (
    (0, -0.4, 0.4),
    (1 / 8, -0.4, 0.5),
    (1 / 4, -0.4, 0.7),
    (3 / 8, -0.4, 1.4),
    (1, 16.6, np.inf),
    (2, 40.5, np.inf),
    (3, 60.0, np.inf),
    (4, 70.0, np.inf),
)
"""Power of G, least and greatest relative attenuation in dB of an octave filter (IEC 61260-1:2014, table 1)."""


def third_break(power: float) -> float:
    """Normalised frequency of a break point for thirds (IEC 61260-1:2014, 5.10.4)."""
    return float(1 + (G ** (1 / 6) - 1) / (G ** (1 / 2) - 1) * (G**power - 1))


def measure(sound: np.ndarray, rate: int) -> BandEnergy:
    meter = BandMeter(rate)
    total = NOTHING
    for second in np.split(sound.astype(np.float32), range(rate, sound.size, rate)):
        total += meter.feed(second)
    return total + meter.finish()


def tone_levels(frequency: float, rate: int, *, octaves: bool = False) -> tuple[float | None, ...]:
    """Levels of a steady tone at full scale, without the frames that hold its beginning and its end."""
    sound = np.sin(2 * np.pi * frequency * np.arange(rate * 3) / rate).astype(np.float32)
    meter = BandMeter(rate)
    _, second, third = (meter.feed(part) for part in np.split(sound, 3))
    energy = second + third
    return (octave_levels if octaves else third_levels)(energy, rate, None)


def test_the_bands_are_the_nominal_ones() -> None:
    np.testing.assert_allclose(third_centres(), [float(name) for name in THIRD_CENTRES], rtol=0.02)
    np.testing.assert_allclose(third_edges()[1:] / third_edges()[:-1], G ** (1 / 3), rtol=1e-12)


@pytest.mark.parametrize("rate", [16_000, 32_000, 48_000])
def test_thirds_attenuate_as_class_1(rate: int) -> None:
    for number, centre in enumerate(third_centres()):
        if third_edges()[number + 1] > 0.45 * rate or (rate > 16_000 and 1 < number < 24):
            continue
        for power, least, greatest in BREAK_POINTS:
            for omega in {third_break(power), 1 / third_break(power)}:
                if not 1.0 <= centre * omega <= 0.48 * rate:
                    continue
                level = tone_levels(centre * omega, rate)[number]
                attenuation = np.inf if level is None else -level
                where = f"{THIRD_CENTRES[number]} Hz band, tone at {centre * omega:.1f} Hz: {attenuation:.1f} dB"
                assert least <= attenuation <= greatest, where


@pytest.mark.parametrize("rate", [32_000])
def test_octaves_attenuate_as_class_1(rate: int) -> None:
    for number, name in enumerate(OCTAVE_CENTRES):
        centre = 1000 * G ** (number - 5)
        if centre * G**0.5 > 0.45 * rate:
            continue
        for power, least, greatest in BREAK_POINTS:
            for omega in {G**power, G**-power}:
                if not 1.0 <= centre * omega <= 0.48 * rate:
                    continue
                level = tone_levels(centre * omega, rate, octaves=True)[number]
                attenuation = np.inf if level is None else -level
                assert least <= attenuation <= greatest, f"{name} Hz octave, tone at {centre * omega:.1f} Hz"


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
