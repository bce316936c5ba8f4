"""From samples to what the recogniser sees: mel spectra at the stream's own rate, without their absolute level.

Guarantees: frames depend on the position of samples in the stream and not on how the stream was cut into blocks;
bands end at 7.5 kHz, so that a clip at 16 kHz and the same clip resampled to 32 or 48 kHz give nearly the same
picture; and adding any gain in dB (as another calibration does) changes nothing until the floor of -130 dB below full
scale is reached.

A frame is 25 ms long (Hann) and comes every 12.5 ms. Bands are 48 triangles on the HTK mel scale (O'Shaughnessy 1987,
m = 2595 log10(1 + f/700)), each normalised to the power that lies under it. :class:`Contrast` turns band levels
into two pictures: the level under a slowly sinking peak of the whole spectrum, which keeps the shape of the sound,
and the level over a running mean of the same band, which keeps what has just changed and removes a steady street.

>>> picture = Contrast()(MelPower(16_000)(np.zeros(16_000, dtype=np.float32)))
>>> picture.shape
(2, 79, 48)
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from clairvoie.capture.blocks import Samples
from clairvoie.errors import InvalidValue

Floats = NDArray[np.floating[Any]]

HOP_SECONDS: Final = 0.0125
FRAME_SECONDS: Final = 0.025
BANDS: Final = 48
LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 7500.0
FLOOR_POWER: Final = 1e-13
"""-130 dB below full scale: less than the self-noise of any converter, so that digital silence has a logarithm."""
PEAK_DECAY_DB: Final = 6.0 * HOP_SECONDS
"""The peak sinks by 6 dB a second."""
MEAN_SECONDS: Final = 1.5
SEGMENT_FRAMES: Final = 64
TOGETHER: Final = 80
"""Frames that are transformed at once: more do not fit a core's cache."""
MINIMUM_RATE: Final = 4000


def mel_of(hertz: Floats) -> Floats:
    """HTK mel of a frequency."""
    return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))


def hertz_of(mel: Floats) -> Floats:
    """Frequency of an HTK mel."""
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))


def band_edges() -> Floats:
    """The ``BANDS + 2`` corner frequencies of the triangles in hertz; band ``i`` peaks at edge ``i + 1``."""
    ends = mel_of(np.array([LOWEST_HZ, HIGHEST_HZ]))
    return hertz_of(np.linspace(ends[0], ends[1], BANDS + 2))


@functools.cache
def filter_bank(rate: int, size: int) -> tuple[NDArray[np.float32], int]:
    """Weights of the DFT bins for each band, shape (bins, ``BANDS``), and how many bins are used at all.

    Corners are at least two bins from the peak, since at low frequencies a triangle is narrower than a bin.
    """
    spacing = rate / size
    bins = min(size // 2 + 1, int(HIGHEST_HZ / spacing) + 2)
    hertz = np.arange(bins)[:, None] * spacing
    edges = band_edges()
    centre = edges[1:-1]
    low = np.minimum(edges[:-2], centre - 2 * spacing)
    high = np.maximum(edges[2:], centre + 2 * spacing)
    weights = np.clip(np.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre)), 0.0, None)
    weights[hertz[:, 0] > HIGHEST_HZ] = 0.0
    reached = centre < rate / 2
    weights = np.where(reached, weights / np.maximum(weights.sum(axis=0), 1e-9), 0.0)
    return weights.astype(np.float32), bins


@functools.cache
def _twice(rate: int, size: int) -> tuple[NDArray[np.float32], int]:
    """The filter bank with two rows a bin, for the squares of its real and imaginary parts."""
    weights, bins = filter_bank(rate, size)
    return np.repeat(weights, 2, axis=0), bins


class MelPower:
    """Samples of one stream in, mel power of each whole frame out, shape (frames, ``BANDS``), full scale squared.

    Frame ``k`` begins at sample ``round(k * rate / 80)``. Samples that do not yet fill a frame wait for the next call.
    """

    def __init__(self, rate: int) -> None:
        if rate < MINIMUM_RATE:
            raise InvalidValue("spectra need a sampling rate of at least 4000 Hz", rate, "Resample the recording.")
        self.rate = rate
        self._hop = HOP_SECONDS * rate
        self._length = round(FRAME_SECONDS * rate)
        # As long as the window at every rate, and not the next quick length: bins then lie 40 Hz apart everywhere, and
        # the narrow low bands hold the same at 22.05 kHz as at 16.
        self._size = self._length
        hann = np.hanning(self._length + 1)[:-1]
        # Power of a band is then independent of rate and length: a sine of amplitude one has the power of one bin.
        self._window = (hann / hann.sum() * np.sqrt(2.0)).astype(np.float32)
        self._bank, self._bins = _twice(rate, self._size)
        self._waiting = np.zeros(0, dtype=np.float32)
        self._first = 0
        self._frame = 0

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """Frames that are complete now."""
        self._waiting = np.concatenate([self._waiting, samples])
        end = self._first + self._waiting.size
        count = self._frames_until(end) - self._frame
        if count <= 0:
            return np.zeros((0, BANDS), dtype=np.float32)
        frames = self._frames(count)
        power = np.empty((count, BANDS), dtype=np.float32)
        for start in range(0, count, TOGETHER):
            spectrum = scipy.fft.rfft(frames[start : start + TOGETHER] * self._window, self._size, axis=1)
            # Real and imaginary parts side by side: the squares of both are added by the same product as the bands.
            parts = spectrum.view(np.float32)[:, : 2 * self._bins]
            power[start : start + TOGETHER] = np.square(parts) @ self._bank
        self._frame += count
        first = self._start_of(self._frame)
        self._waiting = self._waiting[first - self._first :].copy()
        self._first = first
        return power

    def _start_of(self, frame: int) -> int:
        return round(frame * self._hop)

    def _frames(self, count: int) -> NDArray[np.float32]:
        """The next ``count`` frames, (count, samples); without a copy where they are evenly spaced."""
        begin = self._start_of(self._frame) - self._first
        if self._hop.is_integer():
            stride = self._waiting.strides[0]
            shape, strides = (count, self._length), (int(self._hop) * stride, stride)
            return as_strided(self._waiting[begin:], shape, strides, writeable=False)
        places = np.round(np.arange(self._frame, self._frame + count) * self._hop).astype(np.int64) - self._first
        return np.asarray(sliding_window_view(self._waiting, self._length)[places])

    def _frames_until(self, end: int) -> int:
        """How many frames of the stream lie before sample ``end``."""
        guess = int((end - self._length) / self._hop) + 2
        while guess > 0 and self._start_of(guess - 1) + self._length > end:
            guess -= 1
        return guess


def _decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ten times the decimal logarithm, by way of the natural one, which numpy has for many numbers at once."""
    return np.asarray(np.log(power + np.float32(FLOOR_POWER)) * np.float32(10.0 / np.log(10.0)), dtype=np.float32)


_SHARE = HOP_SECONDS / MEAN_SECONDS
_AGE = np.subtract.outer(np.arange(SEGMENT_FRAMES), np.arange(SEGMENT_FRAMES))
_WEIGHTS = np.where(_AGE >= 0, _SHARE * (1.0 - _SHARE) ** np.maximum(_AGE, 0), 0.0).astype(np.float32)
_FADING = ((1.0 - _SHARE) ** np.arange(1, SEGMENT_FRAMES + 1)).astype(np.float32)


class Contrast:
    """Mel power in, the recogniser's two pictures out: shape (..., frames, bands) becomes (..., 2, frames, bands).

    Leading axes are independent streams. State is kept between calls, so a stream may come in pieces.
    """

    def __init__(self) -> None:
        self._peak: Floats | None = None
        self._mean: Floats | None = None

    def __call__(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """The pictures of these frames, each about -1.5 to 2."""
        if power.shape[-2] == 0:
            return np.zeros((*power.shape[:-2], 2, 0, power.shape[-1]), dtype=np.float32)
        level = _decibels(power)
        shape = np.clip(level - self._sinking_peak(power)[..., None], -60.0, 0.0)
        change = np.clip(level - self._running_mean(level), -15.0, 35.0)
        return np.stack([shape / 20.0 + 1.5, change / 20.0], axis=-3).astype(np.float32)

    def _sinking_peak(self, power: NDArray[np.float32]) -> Floats:
        """Greatest level of the whole spectrum so far, less 6 dB for every second since."""
        total = _decibels(power.sum(axis=-1))
        sunk = (PEAK_DECAY_DB * np.arange(1, total.shape[-1] + 1)).astype(np.float32)
        peak = np.maximum.accumulate(total + sunk, axis=-1)
        if self._peak is not None:
            peak = np.maximum(peak, self._peak[..., None])
        peak = peak - sunk
        self._peak = peak[..., -1]
        return np.asarray(peak)

    def _running_mean(self, level: Floats) -> Floats:
        """First-order mean of each band's level in dB, begun at the first frame.

        As a product with a triangle of powers, 64 frames at a time: several times faster than a recursive filter.
        """
        mean = np.empty_like(level)
        before = level[..., :1, :] if self._mean is None else self._mean
        for start in range(0, level.shape[-2], SEGMENT_FRAMES):
            piece = level[..., start : start + SEGMENT_FRAMES, :]
            count = piece.shape[-2]
            mean[..., start : start + count, :] = _WEIGHTS[:count, :count] @ piece + _FADING[:count, None] * before
            before = mean[..., start + count - 1 : start + count, :]
        self._mean = before
        return mean
