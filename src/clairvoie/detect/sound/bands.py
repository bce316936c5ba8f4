"""Third-octave and octave levels from power spectra, by adding up the power between the edges of each band.

Frames overlap by half under the Vorbis window, whose squares then add to one (Princen and Bradley 1986): no energy is
lost or counted twice, wherever an event falls. The power of a bin is shared between bands by how much of it lies in
each; band edges are exact, ``G = 10^0.3`` (IEC 61260-1:2014, 5.2 to 5.5). An octave is the sum of its three thirds.

The third at 25 Hz is 5.8 Hz wide and needs frames of two seconds; one ten times higher needs a tenth of that. So there
are two spectra: frames of a quarter of a second for the thirds from 250 Hz up, and frames of two seconds of the sound
below, low-passed and taken down to about 1000 samples a second, whose length is then no burden. At 44,100 samples a
second the short frames are a sixth of a second and begin at 315 Hz; at 22,050 a fifth, at 250 Hz.

What is met of IEC 61260-1 class 1: the relative attenuation of every band, for steady tones at the break points of
table 1, to which the tests hold it. What is not claimed: the time response of a filter. Levels are of whole seconds;
the integration lags half a second behind the minute, with edges an eighth of a second wide from 250 Hz up and a second
wide below. Bands above 0.45 of the sampling rate are ``None``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from clairvoie.boundary.detection import OCTAVE_CENTRES, THIRD_CENTRES
from clairvoie.capture.blocks import Samples
from clairvoie.detect.sound.levels import level_of

G = 10**0.3
HIGHEST_SHARE_OF_RATE = 0.45
_FIRST_THIRD = -16
"""25 Hz is sixteen thirds below 1 kHz."""
_OCTAVE_FIRST_THIRD = 0
"""The octave at 31.5 Hz begins with the third at 25 Hz, the first of the list."""


def third_centres() -> NDArray[np.float64]:
    """Exact mid-band frequencies in hertz of the bands in ``THIRD_CENTRES``."""
    return np.asarray(1000.0 * G ** ((_FIRST_THIRD + np.arange(len(THIRD_CENTRES))) / 3), dtype=np.float64)


def third_edges() -> NDArray[np.float64]:
    """The 29 band edges in hertz of the 28 thirds."""
    centres = third_centres()
    return np.append(centres * G ** (-1 / 6), centres[-1] * G ** (1 / 6))


@dataclass(frozen=True, slots=True)
class BandEnergy:
    """Sum over ``seconds`` of the mean square in each third. Adding two of them joins their times."""

    thirds: NDArray[np.float64]
    seconds: float

    def __add__(self, other: BandEnergy) -> BandEnergy:
        return BandEnergy(self.thirds + other.thirds, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class BandLevels:
    """Band levels in dB over the ``seconds`` that end at ``t_end``, for ``listen`` and ``lab``: no pipe carries it."""

    t_end: float
    seconds: float
    thirds: tuple[float | None, ...]
    octaves: tuple[float | None, ...]


NOTHING = BandEnergy(np.zeros(len(THIRD_CENTRES)), 0.0)


def third_levels(energy: BandEnergy, rate: int, calibration: float | None) -> tuple[float | None, ...]:
    """Leq of each third in dB; ``None`` where there is no honest figure, and for digital silence."""
    return _levels(energy.thirds, third_edges()[1:], energy.seconds, rate, calibration)


def octave_levels(energy: BandEnergy, rate: int, calibration: float | None) -> tuple[float | None, ...]:
    """Leq of each octave in dB; ``None`` where there is no honest figure, and for digital silence."""
    last = _OCTAVE_FIRST_THIRD + 3 * len(OCTAVE_CENTRES)
    octaves = energy.thirds[_OCTAVE_FIRST_THIRD:last].reshape(-1, 3).sum(axis=1)
    return _levels(octaves, third_edges()[3 : last + 1 : 3], energy.seconds, rate, calibration)


def _levels(
    energy: NDArray[np.float64], upper: NDArray[np.float64], seconds: float, rate: int, calibration: float | None
) -> tuple[float | None, ...]:
    if seconds <= 0:
        return (None,) * len(energy)
    return tuple(
        level_of(value / seconds, calibration) if edge <= HIGHEST_SHARE_OF_RATE * rate else None
        for value, edge in zip(energy.tolist(), upper.tolist(), strict=True)
    )


def steady_attenuation(frequency: float, rate: int, *, octaves: bool = False) -> tuple[float, ...]:
    """The relative attenuation in dB of each third (or octave) for a steady tone at ``frequency`` in hertz.

    As the meter measures it, not as a formula has it. IEC 61260-1:2014, 5.10 sets its limits; a tone in the middle of a
    band gives 0. Infinite where nothing is left, and for bands above 0.45 of ``rate``.
    """
    sound = np.sin(2 * np.pi * frequency * np.arange(2 * rate) / rate).astype(np.float32)
    meter = BandMeter(rate)
    _, steady = (meter.feed(part) for part in np.split(sound, 2))  # the first half holds the tone's beginning
    found = (octave_levels if octaves else third_levels)(steady, rate, None)
    return tuple(math.inf if level is None else -level for level in found)


FRAMES_PER_SECOND = (8, 12, 10, 9, 7, 6, 5, 4, 3, 2, 1)
"""The first of these that divides the rate. Four frames are transformed at once, hence multiples of four before ten."""
_LOW_RATE_OVER_EDGE = 4.0
"""The lower rate is at least this many times the highest frequency that is measured at it."""
_STOP_DB = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class _Spectrum:
    """Frames of ``2 * hop`` samples: their window, scaled so that squared bins are energies, and where ``bands`` part.

    Real and imaginary parts stand side by side. ``gain`` gives their squares back what was taken before, ``None`` where
    nothing was. ``cuts`` are the places of the bin in which each edge lies and of the bin after it, two for each edge
    up to half the rate; ``below`` is how much of that bin lies below the edge. Bands above have no energy.
    """

    hop: int
    window: NDArray[np.float32]
    gain: NDArray[np.float32] | None
    cuts: NDArray[np.intp]
    below: NDArray[np.float64]
    bands: int

    def energies(self, sound: Samples) -> NDArray[np.float64]:
        """Energy in each band, mean square times seconds, of the first and of the last half of the frames: (2, bands).

        ``sound`` is whole hops. The frame in the middle belongs to the first half.
        """
        count = sound.size // self.hop - 1
        stride = sound.strides[0]
        frames = as_strided(sound, (count, 2 * self.hop), (self.hop * stride, stride), writeable=False)
        # Single precision is exact to some 130 dB under the loudest band, more than a 16-bit recording holds.
        parts = scipy.fft.rfft(frames * self.window, axis=-1, overwrite_x=True).view(np.float32)
        half = (count + 1) // 2
        halves = np.zeros((2, parts.shape[1] + 1), dtype=np.float32)
        for power, part in zip(halves, (parts[:half], parts[half:]), strict=True):
            np.einsum("fp,fp->p", part, part, out=power[:-1])
        if self.gain is not None:
            halves[:, :-1] *= self.gain
        sums = np.add.reduceat(halves, self.cuts, axis=1).astype(np.float64)
        parted, whole = sums[:, ::2], sums[:, 1::2]
        found = np.zeros((2, self.bands))
        found[:, : self.below.size - 1] = (
            whole[:, :-1] + parted[:, :-1] * (1 - self.below[:-1]) + parted[:, 1:] * self.below[1:]
        )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What all meters of one rate share. ``taps`` (rows, ``step``) is the low-pass, the newest samples first."""

    frames: int
    high: _Spectrum
    low: _Spectrum | None
    step: int
    taps: NDArray[np.float32]


@lru_cache(maxsize=16)
def _plan(rate: int) -> _Plan:
    frames = next(n for n in FRAMES_PER_SECOND if rate % n == 0)
    first_high = math.ceil(10 * math.log10(frames) - 1e-9)  # ten thirds to a factor of ten
    edges = third_edges()
    high = _spectrum(rate, rate // frames, edges[first_high:], None)
    if not first_high:
        return _Plan(frames, high, None, 1, np.zeros((0, 1), dtype=np.float32))
    top = float(edges[first_high])
    low_rate = min(n for n in range(1, rate + 1) if rate % n == 0 and (n >= _LOW_RATE_OVER_EDGE * top or n == rate))
    step = rate // low_rate
    taps = _low_pass(rate, low_rate, top)
    # What the low-pass takes from the bins that are used is known, and is given back.
    gain = np.abs(np.exp(-1j * np.pi * np.outer(np.arange(low_rate + 1) / rate, np.arange(taps.size))) @ taps)
    low = _spectrum(low_rate, low_rate, edges[: first_high + 1], gain)
    rows = taps.reshape(-1, step)[:, ::-1]
    return _Plan(frames, high, low, step, np.ascontiguousarray(rows, dtype=np.float32))


def _low_pass(rate: int, low_rate: int, top: float) -> NDArray[np.float64]:
    """Kaiser-windowed low-pass that keeps what lies below ``top`` and removes what would fold onto it."""
    width = 2 * np.pi * (low_rate - 2 * top) / rate
    step = rate // low_rate
    size = math.ceil(((_STOP_DB - 8) / (2.285 * width) + 1) / step) * step
    place = np.arange(size) - (size - 1) / 2
    taps = np.sinc(place * low_rate / rate) * np.kaiser(size, 0.1102 * (_STOP_DB - 8.7))
    return np.asarray(taps / taps.sum(), dtype=np.float64)


def _spectrum(rate: int, hop: int, edges: NDArray[np.float64], amplitude: NDArray[np.float64] | None) -> _Spectrum:
    """``amplitude`` is what has been done to that of each bin before."""
    # Vorbis I specification, section 4.3.1: the power-complementary window.
    phase = (np.arange(2 * hop) + 0.5) * np.pi / (2 * hop)
    # Parseval: twice the squared bins over the frame length is a frame's energy; over the rate, mean square times 1 s.
    window = np.sin(np.pi / 2 * np.sin(phase) ** 2) / np.sqrt(hop * rate)
    gain = None if amplitude is None else (1 / np.maximum(np.square(amplitude), 1e-12)).repeat(2).astype(np.float32)
    # Bin k covers k - 1/2 to k + 1/2 of its width.
    place = edges * (2 * hop / rate) + 0.5
    reached = int(np.searchsorted(place, hop + 1))
    place = np.minimum(place[: reached + 1], np.nextafter(hop + 1, 0))  # the last edge may lie above half the rate
    bins = np.floor(place).astype(np.intp)
    cuts = np.stack([2 * bins, 2 * bins + 2], axis=1).reshape(-1)
    return _Spectrum(hop, window.astype(np.float32), gain, cuts, place - bins, edges.size - 1)


class BandMeter:
    """Turns seconds of sound into band energy. A second that is missing or broken is left out, never filled."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._plan = _plan(rate)
        self._begin()

    def _begin(self) -> None:
        plan = self._plan
        self._seconds: float | None = None
        """How much sound the last second held; ``None`` at a start."""
        self._last_hop = np.zeros(plan.high.hop, dtype=np.float32)
        self._late = np.zeros(plan.high.bands)
        """Energies of the short frames of the last half second, which are to count with the next long frame."""
        self._products = np.zeros((len(plan.taps), max(len(plan.taps) - 1, 0)), dtype=np.float32)
        self._low = np.zeros(0 if plan.low is None else plan.low.hop, dtype=np.float32)

    def feed(self, second: Samples | None) -> BandEnergy:
        """The energy of the second that ends half a second before ``second`` does (``None``: not valid).

        A shorter one is the last.
        """
        if second is None:
            return self.finish()
        current = second
        if second.size != self.rate:
            current = np.zeros(self.rate, dtype=np.float32)
            current[: min(second.size, self.rate)] = second[: self.rate]
        seconds = min(second.size, self.rate) / self.rate
        energy = self._energy(current, ((self._seconds or 0.0) + seconds) / 2)
        self._seconds = seconds
        return energy

    def finish(self) -> BandEnergy:
        """What is left of the last second, before a gap or the end."""
        if self._seconds is None:
            return NOTHING
        energy = self._energy(np.zeros(self.rate, dtype=np.float32), self._seconds / 2)
        self._begin()
        return energy

    def _energy(self, second: Samples, seconds: float) -> BandEnergy:
        low = self._low_energies(second)
        joined = np.concatenate([self._last_hop, second])
        self._last_hop = joined[-self._plan.high.hop :].copy()
        early, late = self._plan.high.energies(joined)
        energy = BandEnergy(np.concatenate([low, self._late + early]), seconds)
        self._late = late
        return energy

    def _low_energies(self, second: Samples) -> NDArray[np.float64]:
        """Energies below the first short-frame band, in the long frame that ends with ``second``."""
        plan = self._plan
        if plan.low is None:
            return np.zeros(0)
        # Each row of taps with each row of samples; a sample of the lower rate is a sum along a diagonal of those.
        products = np.concatenate([self._products, plan.taps @ second.reshape(-1, plan.step).T], axis=1)
        rows, (down, across) = len(products), products.strides
        diagonals = as_strided(products[:, rows - 1 :], (rows, plan.low.hop), (down - across, across), writeable=False)
        self._products = products[:, products.shape[1] - rows + 1 :].copy()
        joined = np.concatenate([self._low, diagonals.sum(axis=0)])
        self._low = joined[plan.low.hop :].copy()
        early, _ = plan.low.energies(joined)
        return np.asarray(early)
