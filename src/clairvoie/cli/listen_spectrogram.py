"""A spectrogram that stays small however long the recording is: levels in twelfths of an octave over time.

When there are more than ``MOST_COLUMNS`` columns, neighbours are joined, so that an hour takes as much memory as a
minute.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from clairvoie.capture.blocks import Block, Samples
from clairvoie.detect.sound.bands import HIGHEST_SHARE_OF_RATE
from clairvoie.detect.sound.levels import FULL_SCALE_SINE_DB

LOWEST_HZ = 25.0
PER_OCTAVE = 12
FRAME_SECONDS = 0.085
PLOT_COLUMNS = 1400
MOST_COLUMNS = 2 * PLOT_COLUMNS
SHORTEST_HOP, LONGEST_HOP = 0.005, 0.25
FLOOR = 1e-15


class Spectrogram:
    """Collects columns of band powers from blocks. Columns in which nothing was heard are not a number."""

    def __init__(self, rate: int, duration: float | None) -> None:
        self.rate = rate
        self._size = scipy.fft.next_fast_len(round(FRAME_SECONDS * rate), real=True)
        hop = min(max((duration or 600.0) / PLOT_COLUMNS, SHORTEST_HOP), LONGEST_HOP)
        self._hop = max(1, round(hop * rate))
        self.column_seconds = self._hop / rate
        window = np.hanning(self._size + 1)[:-1]
        self._window = (window / np.sqrt(np.square(window).sum() / 2 * self._size)).astype(np.float32)
        count = int(np.log2(HIGHEST_SHARE_OF_RATE * rate / LOWEST_HZ) * PER_OCTAVE)
        self.edges: NDArray[np.float64] = LOWEST_HZ * 2 ** (np.arange(count + 1) / PER_OCTAVE)
        self._places = self.edges * self._size / rate + 0.5
        self._joined = 1
        self._columns: list[NDArray[np.float64]] = []
        self._open: list[NDArray[np.float64]] = []
        self._held = np.zeros(self._size // 2, dtype=np.float32)
        self._next = 0

    def feed(self, block: Block) -> None:
        """Add ``block``; what is missing before it leaves empty columns."""
        if block.missing:
            self._held = np.zeros(self._size // 2, dtype=np.float32)
            for _ in range(min(block.missing // self._hop, MOST_COLUMNS)):
                self._add(np.full(self.edges.size - 1, np.nan))
            self._next = 0
        self._take(block.samples)

    def finish(self) -> None:
        """The end of the recording: the last columns reach half a frame beyond it."""
        self._take(np.zeros(self._size // 2, dtype=np.float32))

    def _take(self, samples: Samples) -> None:
        sound = np.concatenate([self._held, samples])
        while self._next + self._size <= sound.size:
            spectrum = scipy.fft.rfft(sound[self._next : self._next + self._size] * self._window)
            cumulative = np.zeros(spectrum.size + 1)
            np.cumsum(spectrum.real**2 + spectrum.imag**2, dtype=np.float64, out=cumulative[1:])
            self._add(np.diff(np.interp(self._places, np.arange(cumulative.size), cumulative)))
            self._next += self._hop
        spent = min(self._next, sound.size)
        self._held = sound[spent:]
        self._next -= spent

    def _add(self, column: NDArray[np.float64]) -> None:
        self._open.append(column)
        if len(self._open) < self._joined:
            return
        self._columns.append(np.mean(self._open, axis=0))
        self._open = []
        if len(self._columns) > MOST_COLUMNS:
            pairs = np.asarray(self._columns[: len(self._columns) // 2 * 2]).reshape(-1, 2, self.edges.size - 1)
            self._columns = list(pairs.mean(axis=1))
            self._joined *= 2
            self.column_seconds *= 2

    def levels(self, calibration: float | None) -> NDArray[np.float64]:
        """Levels in dB, shape (bands, columns), lowest band first."""
        columns = self._columns or [np.full(self.edges.size - 1, np.nan)]
        power = np.asarray(columns).T
        return np.asarray(
            10 * np.log10(np.maximum(power, FLOOR)) + FULL_SCALE_SINE_DB + (calibration or 0.0), dtype=np.float64
        )
