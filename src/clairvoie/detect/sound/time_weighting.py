"""Time weightings F and S of IEC 61672-1:2013, 5.8.1: the running mean of a squared sound, and its greatest value.

Of a running mean one wants to know how great it became, and its value now and then; so it is not computed at every
sample. It is computed at the end of every block of :data:`BLOCK` samples. In between it only sinks, by a known factor,
or rises on what is added; whatever it was inside a block, at the block's end at least ``decay ** (BLOCK - 1)`` of that
is left. So blocks that end lower than that under the greatest end cannot hold the maximum, and only the others are
looked at sample by sample. The maximum is that of all samples, to rounding (tested against the recursion).

>>> mean = TimeWeighting(rate=8000, seconds=0.125)
>>> running = mean.feed(np.concatenate([np.ones(1000), np.zeros(600)]))
>>> [round(level, 4) for level in running.greatest([0, 1200]) + running.at([999])]
[0.6321, 0.517, 0.6321]
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]

BLOCK = 16
FORGOTTEN = 1e-60
"""A mean below this is set to zero: in digital silence it would decay into denormal numbers, which are slow."""


@dataclass(frozen=True, slots=True, eq=False)
class _Decay:
    """What one time constant makes of a block. ``inside`` leads from the mean before it and its squares, (1 + BLOCK),
    to the mean at each of its samples, (BLOCK)."""

    whole: float
    """What a block leaves of the mean before it."""
    least: float
    """What the end of a block keeps at least of any mean inside it."""
    inside: Array

    @property
    def into(self) -> Array:
        """What each square of a block adds to the mean at its end."""
        return self.inside[1:, -1]


@lru_cache(maxsize=32)
def _decay(rate: int, seconds: float) -> _Decay:
    decay = math.exp(-1 / (rate * seconds))
    age = np.subtract.outer(np.arange(BLOCK), np.arange(-1, BLOCK)).T
    inside = np.where(age >= 0, decay ** np.maximum(age, 0), 0.0)
    inside[1:] *= 1 - decay
    return _Decay(decay**BLOCK, decay ** (BLOCK - 1), inside)


@dataclass(frozen=True, slots=True, eq=False)
class RunningMean:
    """The running mean of one piece of ``size`` samples. The last block may be filled up with zeros."""

    size: int
    ends: Array
    """The mean at the end of each block."""
    _before: Array
    _squares: Array
    _decay: _Decay

    def at(self, places: Sequence[int]) -> list[float]:
        """The mean at each of these samples."""
        blocks, lasts = np.divmod(np.asarray(places, dtype=np.intp), BLOCK)
        inside = self._decay.inside[:, lasts]
        added = np.einsum("pn,np->p", self._squares[blocks], inside[1:])
        means: list[float] = (inside[0] * self._before[blocks] + added).tolist()
        return means

    def greatest(self, cuts: Sequence[int]) -> list[float]:
        """The greatest mean from each of ``cuts`` to the next, and from the last to the end. The first is 0."""
        firsts = [cut // BLOCK for cut in cuts]
        enough = np.maximum.reduceat(self.ends, firsts) * self._decay.least
        counts = [after - first for first, after in itertools.pairwise([*firsts, self.ends.size])]
        looked = self.ends >= np.repeat(enough, counts)
        for cut in cuts:
            looked[cut // BLOCK] |= cut % BLOCK > 0  # a block with a cut inside belongs to both sides
        blocks = np.flatnonzero(looked)
        given = np.concatenate([self._before[blocks, None], self._squares[blocks]], axis=1)
        means = (given @ self._decay.inside).reshape(-1)
        rows = np.searchsorted(blocks, firsts).tolist()
        starts = [row * BLOCK + cut % BLOCK for row, cut in zip(rows, cuts, strict=True)]
        filled = -self.size % BLOCK if looked[-1] else 0
        greatest: list[float] = np.maximum.reduceat(means[: means.size - filled], starts).tolist()
        return greatest


class TimeWeighting:
    """The exponential time weighting with the time constant ``seconds``, over one stream of pieces of any length."""

    def __init__(self, rate: int, seconds: float) -> None:
        self._decay = _decay(rate, seconds)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._mean = 0.0

    def feed(self, squares: Array) -> RunningMean:
        """The running mean over the next ``squares``, at least one."""
        decay, size = self._decay, squares.size
        blocks = np.pad(squares, (0, -size % BLOCK)) if size % BLOCK else squares
        blocks = blocks.reshape(-1, BLOCK)
        ends, _ = lfilter([1.0], [1.0, -decay.whole], blocks @ decay.into, zi=[decay.whole * self._mean])
        before = np.concatenate([[self._mean], ends[:-1]])
        running = RunningMean(size, ends, before, blocks, decay)
        mean = float(ends[-1]) if not size % BLOCK else running.at([size - 1])[0]
        self._mean = mean if mean >= FORGOTTEN else 0.0
        return running
