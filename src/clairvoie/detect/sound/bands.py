"""Third-octave and octave levels from one power spectrum a second.

Frames of two seconds, hop one second, under the Vorbis window, whose squares add to one at half overlap (Princen and
Bradley 1986): no energy is lost or counted twice, wherever an event falls. The power of a half-hertz bin is shared
between bands by how much of it lies in each; band edges are exact, ``G = 10^0.3`` (IEC 61260-1:2014, 5.2 to 5.5). An
octave is the sum of its three thirds.

What is met of IEC 61260-1 class 1: the relative attenuation of every band, for steady tones at the break points of
table 1, to which the tests hold it. What is not claimed: the time response of a filter (levels are of whole seconds;
the integration lags half a second behind the minute, with edges one second wide), and bands above 0.45 of the
sampling rate, which are ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
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


class BandMeter:
    """Turns seconds of sound into band energy. A second that is missing or broken is left out, never filled."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        # Vorbis I specification, section 4.3.1: the power-complementary window.
        phase = (np.arange(2 * rate) + 0.5) * np.pi / (2 * rate)
        self._window = np.sin(np.pi / 2 * np.sin(phase) ** 2).astype(np.float32)
        # Bin k covers (k - 1/2, k + 1/2) half-hertz, so the cumulative sum of the bins is read at half-odd places.
        self._edges = third_edges() * 2 + 0.5
        self._bins = np.arange(rate + 2, dtype=np.float64)
        self._previous: Samples | None = None
        self._previous_seconds = 0.0

    def feed(self, second: Samples | None) -> BandEnergy:
        """The energy of the frame that ends with ``second`` (``None``: not valid). A shorter one is the last."""
        if second is None:
            return self.finish()
        current = np.zeros(self.rate, dtype=np.float32)
        size = min(second.size, self.rate)
        current[:size] = second[:size]
        seconds = size / self.rate
        energy = self._frame(self._previous, current, (self._previous_seconds + seconds) / 2)
        self._previous, self._previous_seconds = current, seconds
        return energy

    def finish(self) -> BandEnergy:
        """What is left of the last second, before a gap or the end."""
        if self._previous is None:
            return NOTHING
        energy = self._frame(self._previous, None, self._previous_seconds / 2)
        self._previous, self._previous_seconds = None, 0.0
        return energy

    def _frame(self, first: Samples | None, second: Samples | None, seconds: float) -> BandEnergy:
        frame = np.zeros(2 * self.rate, dtype=np.float32)
        if first is not None:
            frame[: self.rate] = first
        if second is not None:
            frame[self.rate :] = second
        frame *= self._window
        # Single precision is exact to some 130 dB under the loudest band, more than a 16-bit recording holds.
        spectrum = scipy.fft.rfft(frame)
        # Parseval: twice the squared bins over the frame length is its energy; over the rate, mean square times 1 s.
        power = (spectrum.real**2 + spectrum.imag**2) / np.float32(self.rate * self.rate)
        cumulative = np.zeros(power.size + 1)
        np.cumsum(power, dtype=np.float64, out=cumulative[1:])
        return BandEnergy(np.diff(np.interp(self._edges, self._bins, cumulative)), seconds)
