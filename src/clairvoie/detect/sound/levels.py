"""LAeq, LCeq, LZeq, LAFmax and LCpeak of each second, as IEC 61672-1:2013 defines them.

With calibration C, the sound pressure level in dB of a full-scale sine, a mean square p of samples in ±1 is ``10
log10(p) + 3.0103 + C``. Without calibration levels are dBFS after AES17: a full-scale sine reads 0. A second in which
any sample reaches -0.1 dBFS is marked as overloaded; a second that is not whole is marked as not valid.

>>> round(level_of(0.1**2 / 2, 114.0), 1)
94.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from clairvoie.detect.sound.weighting import Weighted

FULL_SCALE_SINE_DB = 10 * math.log10(2)
OVERLOAD_AMPLITUDE = 10 ** (-0.1 / 20)
FAST_SECONDS = 0.125
FAST_PER_SECOND = 8
"""LAF is kept this many times a second, for percentiles."""
SETTLING_SAMPLES = 3
"""Percentiles leave out the first three values of LAF after a start, which are up to 2 dB low."""
SETTLING_SECONDS = 0.1
"""After a start, the peak is the lesser of the peaks with and without C's high-pass for this long."""
SILENCE = 1e-20
"""A mean square below this is digital silence: it has no level."""


def level_of(power: float, calibration: float | None) -> float | None:
    """Level in dB of a mean square, full scale ±1; ``None`` for digital silence."""
    if power < SILENCE:
        return None
    return 10 * math.log10(power) + FULL_SCALE_SINE_DB + (calibration or 0.0)


@dataclass(frozen=True, slots=True)
class SecondLevels:
    """The levels in dB of the second that ends at ``t_end``; ``None`` is digital silence.

    ``seconds`` is how much sound it holds. ``valid`` says that the second is whole, ``rest`` that it is the unbroken
    rest at the end of a recording.
    ``laf`` holds LAF at the end of each eighth of a second, minus infinity for silence. Full resolution: this is for
    ``listen`` and ``lab``, and no pipe can carry it.
    """

    t_end: float
    seconds: float
    laeq: float | None
    lceq: float | None
    lzeq: float | None
    lafmax: float | None
    lcpeak: float | None
    valid: bool
    overload: bool
    laf: tuple[float, ...] = ()
    rest: bool = False

    @property
    def usable(self) -> bool:
        """Nothing is missing in it, or it is the rest of a recording."""
        return self.valid or self.rest


class LevelMeter:
    """Adds up pieces of sound that never cross a second, and gives the levels when the second ends."""

    def __init__(self, rate: int, calibration: float | None) -> None:
        self.rate = rate
        self.calibration = calibration
        self._decay = math.exp(-1 / (rate * FAST_SECONDS))
        self._marks = [round((k + 1) * rate / FAST_PER_SECOND) - 1 for k in range(FAST_PER_SECOND)]
        self._fast_state = np.zeros(1)
        self._settling = SETTLING_SAMPLES
        self._unsettled = round(SETTLING_SECONDS * self.rate)
        self._clear()

    def _clear(self) -> None:
        self._energy = np.zeros(3)
        self._fast_max = 0.0
        self._peak = self._start_peak = self._start_bound = 0.0
        self._overload = False
        self._laf: list[float] = []

    def reset(self) -> None:
        """Forget LAF's past, after a gap."""
        self._fast_state[:] = 0.0
        self._settling = SETTLING_SAMPLES
        self._unsettled = round(SETTLING_SECONDS * self.rate)

    def feed(self, samples: NDArray[np.float32], weighted: Weighted, offset: int) -> NDArray[np.float64]:
        """Add ``samples``, which begin at sample ``offset`` of their second. Returns the mean square behind LAF."""
        squares = np.square(weighted.a)
        gain = 1 - self._decay
        fast, self._fast_state = lfilter([gain], [1.0, -self._decay], squares, zi=self._fast_state)
        if self._fast_state[0] < 1e-60:
            self._fast_state[0] = 0.0
        self._energy += (squares.sum(), np.square(weighted.c).sum(), np.square(weighted.z).sum())
        self._fast_max = max(self._fast_max, float(fast.max()))
        self._take_peak(weighted)
        self._overload = self._overload or _greatest(samples) >= OVERLOAD_AMPLITUDE
        for mark in self._marks:
            if offset <= mark < offset + samples.size:
                self._keep(float(fast[mark - offset]))
        return np.asarray(fast, dtype=np.float64)

    def _take_peak(self, weighted: Weighted) -> None:
        """The greatest |C|; in the first moments after a start, no more than without its high-pass."""
        unsettled = min(self._unsettled, weighted.c.size)
        if unsettled:
            self._start_peak = max(self._start_peak, _greatest(weighted.c[:unsettled]))
            self._start_bound = max(self._start_bound, _greatest(weighted.settling[:unsettled]))
            self._unsettled -= unsettled
        if unsettled < weighted.c.size:
            self._peak = max(self._peak, _greatest(weighted.c[unsettled:]))

    def _keep(self, power: float) -> None:
        if self._settling:
            self._settling -= 1
            return
        level = level_of(power, self.calibration)
        self._laf.append(-math.inf if level is None else level)

    def end_second(self, t_end: float, samples: int, *, whole: bool, rest: bool = False) -> SecondLevels:
        """The levels of the ``samples`` samples since the last end, and a fresh start."""
        laeq, lceq, lzeq = (level_of(e / max(samples, 1), self.calibration) for e in self._energy.tolist())
        result = SecondLevels(
            t_end=t_end,
            seconds=samples / self.rate,
            laeq=laeq,
            lceq=lceq,
            lzeq=lzeq,
            lafmax=level_of(self._fast_max, self.calibration),
            lcpeak=level_of(max(self._peak, min(self._start_peak, self._start_bound)) ** 2, self.calibration),
            valid=whole,
            overload=self._overload,
            laf=tuple(self._laf),
            rest=rest,
        )
        self._clear()
        return result


def _greatest(values: NDArray[np.floating]) -> float:
    return max(float(values.max()), -float(values.min()))


class FastHistory:
    """LAF of the last seconds, to be asked for its greatest in a short stretch of time."""

    def __init__(self, rate: int, calibration: float | None) -> None:
        self.rate = rate
        self.calibration = calibration
        self._parts: list[tuple[float, NDArray[np.float64]]] = []

    def add(self, start: float, fast: NDArray[np.float64]) -> None:
        """Add the mean squares behind LAF of a piece whose first sample is at ``start``."""
        self._parts.append((start, fast))

    def forget(self, before: float) -> None:
        """Drop what ended before ``before``."""
        while self._parts and self._parts[0][0] + self._parts[0][1].size / self.rate < before:
            self._parts.pop(0)

    def greatest(self, start: float, end: float) -> float | None:
        """LAFmax in dB from ``start`` to ``end``; ``None`` where nothing was heard."""
        found = 0.0
        for first, fast in self._parts:
            low, high = round((start - first) * self.rate), round((end - first) * self.rate)
            part = fast[max(0, low) : max(0, high)]
            if part.size:
                found = max(found, float(part.max()))
        return level_of(found, self.calibration)
