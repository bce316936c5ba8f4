"""Synthesis: the same generator gives the same sound, and breaking glass is like recordings of it."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample_poly

from clairvoie.errors import LabError
from clairvoie.lab.recordings import read_sound
from clairvoie.lab.synthesis import MAKERS, UNLABELLED, alarm
from clairvoie.lab.synthesis.shaping import harmonics, shaped_noise
from clairvoie.lab.synthesis.signals import temporal_three

RATE = 16_000


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("rate", [16_000, 32_000])
def test_every_sound_has_its_length_peak_and_type_and_is_repeatable(kind: str, rate: int) -> None:
    first = MAKERS[kind](np.random.default_rng(11), 2.0, rate)
    again = MAKERS[kind](np.random.default_rng(11), 2.0, rate)
    other = MAKERS[kind](np.random.default_rng(12), 2.0, rate)
    assert first.dtype == np.float32
    assert first.shape == (2 * rate,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert float(np.abs(first).max()) == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_every_sound_chooses_a_length_of_its_own(kind: str) -> None:
    sound = MAKERS[kind](np.random.default_rng(2), None, RATE)
    assert 0.25 * RATE <= sound.size <= 21 * RATE
    assert np.isfinite(sound).all()


def test_impossible_lengths_are_refused() -> None:
    with pytest.raises(LabError, match="a sound lasts"):
        MAKERS["rain"](np.random.default_rng(1), -1.0, RATE)


def test_noise_has_the_spectrum_asked_for() -> None:
    noise = shaped_noise(np.random.default_rng(1), 1 << 18, 32_000, [(500, 0), (1000, 0), (2000, -20), (9000, -20)])
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequencies = np.fft.rfftfreq(noise.size, 1 / 32_000)

    def density(low: float, high: float) -> float:
        return float(10 * np.log10(power[(frequencies > low) & (frequencies < high)].mean()))

    assert density(600, 900) - density(2200, 4000) == pytest.approx(20, abs=0.3)


def test_no_harmonic_passes_half_the_rate() -> None:
    tone = harmonics(np.full(RATE, 3000.0), RATE, [1.0] * 9)
    spectrum = np.abs(np.fft.rfft(tone))
    assert set(np.flatnonzero(spectrum > 100)) == {3000, 6000}


def test_the_alarm_keeps_the_temporal_three_of_iso_8201() -> None:
    t = np.arange(0, 8, 0.25) + 0.1
    cycle = [1, 1, 0, 0] * 3 + [0] * 4
    assert temporal_three(t).tolist() == [*cycle, *cycle]
    sound = alarm(np.random.default_rng(4), 8.0, RATE)
    level = np.abs(sound).reshape(32, -1).mean(axis=1)
    assert ((level > 0.1) == (np.array([*cycle, *cycle]) > 0)).all()


def test_babble_carries_no_label() -> None:
    assert set(MAKERS) >= UNLABELLED == {"babble"}


Float = NDArray[np.float64]


def character(sound: Float) -> tuple[float, float, float, Float]:
    """Of the 0.8 s after the loudest 32 ms: spectral centroid in Hz, time to −20 dB in s, roughness in dB a frame, and
    twelve log-spaced bands in dB."""
    size, hop = 512, 160
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    level = 10 * np.log10(power.sum(axis=1) + 1e-12)
    peak = int(level.argmax())
    part = power[peak : peak + 80].sum(axis=0)
    below = np.flatnonzero(level[peak : peak + 150] < level[peak] - 20)
    edges = np.geomspace(125, 7900, 13)
    bands = [part[(frequencies >= low) & (frequencies < high)].sum() for low, high in pairwise(edges)]
    decibels = 10 * np.log10(np.array(bands) + 1e-12)
    return (
        float((part * frequencies).sum() / part.sum()),
        float(below[0] / 100) if below.size else 1.5,
        float(np.diff(level[peak : peak + 50]).std()),
        decibels - decibels.max(),
    )


@pytest.fixture(scope="module")
def made() -> list[tuple[float, float, float, Float]]:
    """Forty panes."""
    sounds = [MAKERS["glass-breaking"](np.random.default_rng(seed), None, 32_000) for seed in range(40)]
    hush = 1e-5 * np.random.default_rng(0).standard_normal(24_000)
    return [character(np.concatenate([resample_poly(sound, 1, 2), hush])) for sound in sounds]


@pytest.fixture(scope="module")
def recorded(needs_shared: Path) -> list[tuple[float, float, float, Float]]:
    """Recordings of breaking glass."""
    with (needs_shared / "sounds" / "labels.csv").open(encoding="utf-8", newline="") as table:
        names = [row["file"] for row in csv.DictReader(table) if row["label"] == "glass_breaking"]
    return [character(read_sound(needs_shared / "sounds" / name, RATE).astype(np.float64)) for name in names]


@pytest.mark.parametrize("index", [0, 1, 2], ids=["centroid", "decay", "roughness"])
def test_made_glass_lies_within_the_middle_of_recorded_glass(
    made: list[tuple[float, float, float, Float]], recorded: list[tuple[float, float, float, Float]], index: int
) -> None:
    low, high = np.percentile([item[index] for item in recorded], [20, 80])
    assert low <= np.median([item[index] for item in made]) <= high


def test_made_glass_has_the_spectrum_of_recorded_glass(
    made: list[tuple[float, float, float, Float]], recorded: list[tuple[float, float, float, Float]]
) -> None:
    difference = np.median([item[3] for item in made], axis=0) - np.median([item[3] for item in recorded], axis=0)
    assert np.abs(difference).max() < 8
    assert np.sqrt(np.mean(difference**2)) < 4.5
