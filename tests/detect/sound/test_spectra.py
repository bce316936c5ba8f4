"""What the recogniser sees depends on the sound: not on blocks, rate, or gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter, resample_poly

from clairvoie.capture.blocks import Samples
from clairvoie.detect.sound.spectra import BANDS, FRAME_SECONDS, HIGHEST_HZ, Contrast, MelPower, band_edges, filter_bank
from clairvoie.errors import InvalidValue

RATES = (16_000, 22_050, 32_000, 44_100, 48_000)


def street(seconds: float, rate: int = 16_000, seed: int = 0) -> Samples:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    swell = 1 + 0.8 * np.sin(np.arange(noise.size) / rate * 5)
    return np.asarray(lfilter([0.05], [1, -0.9], noise * swell), dtype=np.float32)


def pictures(sound: Samples, rate: int) -> np.ndarray:
    return Contrast()(MelPower(rate)(sound))


@pytest.mark.parametrize(("up", "down", "most"), [(441, 320, 0.15), (2, 1, 0.1), (441, 160, 0.1), (3, 1, 0.1)])
def test_a_clip_and_its_resampling_look_nearly_the_same(up: int, down: int, most: float) -> None:
    """In dB. At 22.05 kHz frames begin up to half a sample beside their place."""
    sound = street(4.0)
    rate = 16_000 * up // down
    other = np.asarray(resample_poly(sound, up, down), dtype=np.float32)
    a, b = pictures(sound, 16_000), pictures(other, rate)
    count = min(a.shape[1], b.shape[1])
    difference = 20 * np.abs(a[:, :count] - b[:, :count])  # a unit of a picture is 20 dB
    assert difference.mean() < most
    assert difference[..., : BANDS - 1].mean(axis=(0, 1)).max() < 3.5 * most


@given(cuts=st.lists(st.integers(1, 47_999), max_size=12), rate=st.sampled_from(RATES))
def test_blocks_do_not_matter(cuts: list[int], rate: int) -> None:
    sound = street(1.5, rate)
    whole = pictures(sound, rate)
    power, contrast = MelPower(rate), Contrast()
    pieces = np.split(sound, sorted(c for c in cuts if c < sound.size))
    parts = np.concatenate([contrast(power(piece)) for piece in pieces], axis=1)
    assert parts.shape == whole.shape
    assert np.abs(parts - whole).max() < 1e-4


@given(decibels=st.floats(-35, 35))
def test_another_calibration_changes_nothing(decibels: float) -> None:
    sound = street(1.0)
    louder = (sound * 10 ** (decibels / 20)).astype(np.float32)
    assert np.abs(pictures(sound, 16_000) - pictures(louder, 16_000)).max() < 2e-3


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_lies_in_its_band_with_its_power(rate: int) -> None:
    tone = (0.1 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)).astype(np.float32)
    power = MelPower(rate)(tone).mean(axis=0)
    edges = band_edges()
    loudest = int(power.argmax())
    reference = float(MelPower(16_000)(_tone()).mean(axis=0)[loudest])
    assert edges[loudest] <= 1000 <= edges[loudest + 2]
    assert power[loudest] == pytest.approx(reference, rel=0.2)


def _tone() -> Samples:
    return (0.1 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("rate", [32_000, 48_000])
def test_the_bands_are_made_of_the_same_bins_with_the_same_weights_at_every_rate(rate: int) -> None:
    """Where the hop is a whole number of samples, bins lie 40 Hz apart at every rate, and none above 7.5 kHz counts."""
    low, high = (filter_bank(r, round(FRAME_SECONDS * r)) for r in (16_000, rate))
    assert low[1] == high[1]
    np.testing.assert_allclose(low[0], high[0], atol=1e-6)
    assert (low[1] - 2) * 40 <= HIGHEST_HZ < 8000


def test_nothing_above_the_highest_band_is_seen() -> None:
    rate = 48_000
    high = (0.5 * np.sin(2 * np.pi * (HIGHEST_HZ + 500) * np.arange(rate) / rate)).astype(np.float32)
    assert MelPower(rate)(high)[1:-1].max() < 1e-6


def test_digital_silence_has_a_picture() -> None:
    assert np.isfinite(pictures(np.zeros(8000, dtype=np.float32), 16_000)).all()


def test_independent_streams_may_be_stacked() -> None:
    powers = np.stack([MelPower(16_000)(street(1.0, seed=s)) for s in (1, 2)])
    together = Contrast()(powers)
    assert np.abs(together[1] - Contrast()(powers[1])).max() < 1e-5


def test_a_rate_too_low_is_refused() -> None:
    with pytest.raises(InvalidValue, match="4000"):
        MelPower(3999)
