"""The peak of a sampled sound, between the samples too.

A short sound at 8 kHz, sampled four times a cycle, can have its peak between two samples that are 3 dB lower: without
more, one cycle of 8 kHz at 32,000 samples a second reads up to 2.1 dB low, outside the limits of IEC 61672-1:2013,
table 5. So the sound is looked at in four places a sample, beside its greatest samples alone, which costs little.

What remains: of a second, only the neighbourhoods of its :data:`CANDIDATES` greatest samples are looked at, and a peak
between samples is found :data:`DELAY` samples late (0.25 ms at 32,000), so that it may count for the next second.

>>> quarter = np.sin(2 * np.pi * (np.arange(400) + 0.5) / 4)
>>> round(greatest(quarter), 3), round(PeakFinder().feed(quarter * np.hanning(400)), 2)
(0.707, 1.0)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TAPS = 16
DELAY = TAPS // 2
"""The place after sample n is computed from TAPS samples, the last of which is n + DELAY."""
FRACTIONS = (0.25, 0.5, 0.75)
CANDIDATES = 64
ROWS = 16
LEAST_SHARE = 0.6
"""Beside a sample of less than this share of the greatest, no higher peak is looked for."""
_KAISER_BETA = 5.0


def greatest(values: NDArray[np.floating]) -> float:
    """The greatest magnitude in ``values``; 0 when there are none."""
    return max(float(values.max()), -float(values.min())) if values.size else 0.0


def _interpolators() -> NDArray[np.float64]:
    """Windowed-sinc interpolators to :data:`FRACTIONS` of a sample, shape (TAPS, 3), each of unit sum."""
    place = np.arange(TAPS)[:, None] - (DELAY - 1) - np.array(FRACTIONS)
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(0.0, 1 - (place / DELAY) ** 2)))
    taps = np.sinc(place) * window
    return np.asarray(taps / taps.sum(axis=0), dtype=np.float64)


_INTERPOLATORS = _interpolators()
_TAPS = np.arange(TAPS)
_BORDER = np.arange(TAPS - 1)[:, None] + _TAPS


class PeakFinder:
    """Finds the greatest magnitude of each stretch of one sound; remembers the few samples before it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """What follows does not adjoin what came before."""
        self._past = np.zeros(TAPS - 1)

    def feed(self, values: NDArray[np.float64]) -> float:
        """The greatest magnitude in ``values`` and between those whose neighbours are known by now."""
        if not values.size:
            return 0.0
        border = np.concatenate([self._past, values[: TAPS - 1]])
        self._past = (values if values.size >= TAPS - 1 else border)[1 - TAPS :].copy()
        peak, loud = _loudest(values)
        if peak == 0.0:
            return peak
        first = np.concatenate([loud, loud - 1]) - (DELAY - 1)  # before each loud sample, and after it
        first = first[(first >= 0) & (first <= values.size - TAPS)]
        beside = values[first[:, None] + _TAPS]
        around = np.concatenate([border[_BORDER[: border.size + 1 - TAPS]], beside])
        return max(peak, greatest(around @ _INTERPOLATORS))


def _loudest(values: NDArray[np.float64]) -> tuple[float, NDArray[np.intp]]:
    """The greatest magnitude in ``values``, and where the greatest are: at most :data:`CANDIDATES` of them.

    Values are set out in rows, so that all columns are searched at once. The greatest lie in the columns with the
    greatest maxima, of which no more are needed than there are candidates.
    """
    columns = max(1, values.size // ROWS)
    whole = values.size // columns * columns
    rows, rest = values[:whole].reshape(-1, columns), values[whole:]
    most = np.maximum(rows.max(axis=0), -rows.min(axis=0))
    peak = max(float(most.max()), greatest(rest))
    chosen = np.flatnonzero(most >= LEAST_SHARE * peak)
    if chosen.size > CANDIDATES:
        chosen = chosen[np.argpartition(most[chosen], -CANDIDATES)[-CANDIDATES:]]
    row, column = np.nonzero(np.abs(rows[:, chosen]) >= LEAST_SHARE * peak)
    loud = row * columns + chosen[column]
    if rest.size:
        loud = np.concatenate([loud, rows.size + np.flatnonzero(np.abs(rest) >= LEAST_SHARE * peak)])
    if loud.size > CANDIDATES:
        loud = loud[np.argpartition(np.abs(values[loud]), -CANDIDATES)[-CANDIDATES:]]
    return peak, loud
