"""LAeq, LCeq, LZeq, LAFmax, LASmax and LCpeak of each second, as IEC 61672-1:2013 defines them.

With calibration C, the sound pressure level in dB of a full-scale sine, a mean square p of samples in ±1 is ``10
log10(p) + 3.0103 + C``. Without calibration levels are dBFS after AES17: a full-scale sine reads 0. A second in which
any sample reaches -0.1 dBFS is marked as overloaded; a second that is not whole is marked as not valid.

Sums depend in their last digits on where they are cut; the analyser gives the same pieces whatever the
blocks, so that its levels are the same to the last bit (tested).

>>> round(level_of(0.1**2 / 2, 114.0), 1)
94.0
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.detect.sound.peak import PeakFinder, greatest
from clairvoie.detect.sound.time_weighting import RunningMean, TimeWeighting
from clairvoie.detect.sound.weighting import Weighted

FULL_SCALE_SINE_DB = 10 * math.log10(2)
OVERLOAD_AMPLITUDE = 10 ** (-0.1 / 20)
FAST_SECONDS = 0.125
SLOW_SECONDS = 1.0
"""Time constants of F and S (IEC 61672-1:2013, 5.8.1)."""
FAST_PER_SECOND = 8
"""LAF is kept this many times a second, for percentiles."""
SETTLING_SAMPLES = 3
"""Percentiles leave out the first three values of LAF after a start, which are up to 2 dB low."""
SETTLING_SECONDS = 0.1
"""After a start, the peak is the lesser of the peaks with and without C's high-pass for this long."""
ROW = 4000
"""Samples whose squares are added up at once."""
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
    ``laf`` holds LAF at the end of each eighth of a second, minus infinity for silence; ``laeq_eighths`` and
    ``lafmax_eighths`` the level of each eighth that has begun and its greatest LAF. Full resolution: this is for
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
    laeq_eighths: tuple[float, ...] = ()
    lafmax_eighths: tuple[float, ...] = ()
    lasmax: float | None = None
    """``None`` also where S was not asked for."""

    @property
    def usable(self) -> bool:
        """Nothing is missing in it, or it is the rest of a recording."""
        return self.valid or self.rest


class LevelMeter:
    """Takes pieces of sound that never cross a second, and gives the levels when the second ends.

    With ``slow`` the time weighting S runs beside F.
    """

    def __init__(self, rate: int, calibration: float | None, *, slow: bool = False) -> None:
        self.rate = rate
        self.calibration = calibration
        self._marks = [round((k + 1) * rate / FAST_PER_SECOND) - 1 for k in range(FAST_PER_SECOND)]
        self._starts = [0, *(mark + 1 for mark in self._marks[:-1])]
        self._fast = TimeWeighting(rate, FAST_SECONDS)
        self._slow = TimeWeighting(rate, SLOW_SECONDS) if slow else None
        self._peak_finder, self._settling_finder = PeakFinder(), PeakFinder()
        self._settling = SETTLING_SAMPLES
        self._unsettled = round(SETTLING_SECONDS * self.rate)
        self._clear()

    def _clear(self) -> None:
        self._eighths = [0.0] * FAST_PER_SECOND
        self._eighth_maxima = [0.0] * FAST_PER_SECOND
        self._c_energy = self._z_energy = self._slow_max = 0.0
        self._peak = self._start_peak = self._start_bound = 0.0
        self._overload = False
        self._laf: list[float] = []

    def reset(self) -> None:
        """After a gap: F and S forget their past, and what came before in this second is no part of one stretch."""
        self._peak = self._greatest_peak()
        self._start_peak = self._start_bound = 0.0
        self._fast.reset()
        if self._slow is not None:
            self._slow.reset()
        self._peak_finder.reset()
        self._settling_finder.reset()
        self._settling = SETTLING_SAMPLES
        self._unsettled = round(SETTLING_SECONDS * self.rate)

    def feed(self, samples: NDArray[np.float32], weighted: Weighted, offset: int) -> NDArray[np.float64]:
        """Add ``samples``, at least one, which begin at sample ``offset`` of their second.

        Returns the mean square behind LAF at the end of every block of the running mean, for :class:`FastHistory`.
        """
        squares = np.square(weighted.a)
        fast = self._fast.feed(squares)
        if self._slow is not None:
            self._slow_max = max(self._slow_max, *self._slow.feed(squares).greatest([0]))
        self._add_eighths(squares, fast, offset)
        self._c_energy += _energy(weighted.c)
        self._z_energy += _energy(weighted.z)
        self._take_peak(weighted)
        self._overload = self._overload or greatest(samples) >= OVERLOAD_AMPLITUDE
        return fast.ends

    def _add_eighths(self, squares: NDArray[np.float64], fast: RunningMean, offset: int) -> None:
        end = offset + squares.size
        number = bisect.bisect_right(self._starts, offset) - 1
        cuts = [0, *(start - offset for start in self._starts[number + 1 :] if start < end)]
        energies = np.add.reduceat(squares, cuts).tolist()
        for place, (energy, most) in enumerate(zip(energies, fast.greatest(cuts), strict=True), start=number):
            self._eighths[place] += energy
            self._eighth_maxima[place] = max(self._eighth_maxima[place], most)
        for power in fast.at([mark - offset for mark in self._marks if offset <= mark < end]):
            self._keep(power)

    def _keep(self, power: float) -> None:
        if self._settling:
            self._settling -= 1
            return
        level = level_of(power, self.calibration)
        self._laf.append(-math.inf if level is None else level)

    def _take_peak(self, weighted: Weighted) -> None:
        """The greatest |C|; in the first moments after a start, no more than without its high-pass."""
        unsettled = min(self._unsettled, weighted.c.size)
        if unsettled:
            self._start_peak = max(self._start_peak, self._peak_finder.feed(weighted.c[:unsettled]))
            self._start_bound = max(self._start_bound, self._settling_finder.feed(weighted.settling[:unsettled]))
            self._unsettled -= unsettled
        self._peak = max(self._peak, self._peak_finder.feed(weighted.c[unsettled:]))

    def _greatest_peak(self) -> float:
        return max(self._peak, min(self._start_peak, self._start_bound))

    def _eighth_levels(self, samples: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """LAeq of each eighth that has begun, the last perhaps shorter, and its greatest LAF."""
        begun = [start for start in self._starts if start < samples]
        sizes = [after - start for start, after in itertools.pairwise([*begun, samples])]
        means = [energy / size for energy, size in zip(self._eighths, sizes, strict=False)]
        return self._or_silence(means), self._or_silence(self._eighth_maxima[: len(begun)])

    def _or_silence(self, powers: list[float]) -> tuple[float, ...]:
        """Levels, minus infinity for silence."""
        levels = [level_of(power, self.calibration) for power in powers]
        return tuple(-math.inf if level is None else level for level in levels)

    def end_second(self, t_end: float, samples: int, *, whole: bool, rest: bool = False) -> SecondLevels:
        """The levels of the ``samples`` samples since the last end, and a fresh start."""
        energies = math.fsum(self._eighths), self._c_energy, self._z_energy
        laeq, lceq, lzeq = (level_of(energy / max(samples, 1), self.calibration) for energy in energies)
        laeq_eighths, lafmax_eighths = self._eighth_levels(samples) if whole or rest else ((), ())
        result = SecondLevels(
            t_end=t_end,
            seconds=samples / self.rate,
            laeq=laeq,
            lceq=lceq,
            lzeq=lzeq,
            lafmax=level_of(max(self._eighth_maxima), self.calibration),
            lasmax=level_of(self._slow_max, self.calibration),
            lcpeak=level_of(self._greatest_peak() ** 2, self.calibration),
            valid=whole,
            overload=self._overload,
            laf=tuple(self._laf),
            rest=rest,
            laeq_eighths=laeq_eighths,
            lafmax_eighths=lafmax_eighths,
        )
        self._clear()
        return result


def _energy(values: NDArray[np.float64]) -> float:
    """The sum of squares, by rows: of more at once, linear algebra may start threads that are dearer than the sum."""
    whole = values.size - values.size % ROW
    rows, rest = values[:whole].reshape(-1, ROW), values[whole:]
    return float(np.vecdot(rows, rows).sum() + np.vecdot(rest, rest))


class FastHistory:
    """LAF of the last seconds, ``rate`` times a second, to be asked for its greatest in a short stretch of time.

    The level meter has it at the end of every 16 samples, where it is at most 0.02 dB under what it was between
    them at 32,000 samples a second, and 0.07 dB at 8,000.
    """

    def __init__(self, rate: float, calibration: float | None) -> None:
        self.rate = rate
        self.calibration = calibration
        self._parts: list[tuple[float, NDArray[np.float64]]] = []

    def add(self, start: float, fast: NDArray[np.float64]) -> None:
        """Add the mean squares behind LAF of a piece that begins at ``start``."""
        self._parts.append((start, fast))

    def forget(self, before: float) -> None:
        """Drop what ended before ``before``."""
        while self._parts and self._parts[0][0] + self._parts[0][1].size / self.rate < before:
            self._parts.pop(0)

    def greatest(self, start: float, end: float) -> float | None:
        """LAFmax in dB from ``start`` to ``end``; ``None`` where nothing was heard."""
        found = 0.0
        for first, fast in self._parts:
            if first > end:
                break
            if first + fast.size / self.rate < start:
                continue
            low, high = round((start - first) * self.rate), round((end - first) * self.rate)
            part = fast[max(0, low) : max(0, high)]
            if part.size:
                found = max(found, float(part.max()))
        return level_of(found, self.calibration)
