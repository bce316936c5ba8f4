"""Sound that arrives now, as blocks: samples with the time at which they were taken become a stream without a seam.

A device or a camera counts time by its own crystal, which runs a little fast or slow against the wall clock. The stream
follows it slowly; only where more than :data:`GAP_SECONDS` are missing at once is it a gap.

>>> stream = LiveStream(rate=1000, sigma=0.005)
>>> blocks = stream.add(np.zeros(150, dtype=np.float32), time=50.0)
>>> [(block.start, block.samples.size) for block in blocks]
[(50.0, 100)]
>>> rest, block = stream.add(np.zeros(150, dtype=np.float32), time=51.0)
>>> rest.samples.size, block.start, block.missing, block.index
(50, 51.0, 850, 1000)
"""

from __future__ import annotations

import numpy as np

from clairvoie.capture.blocks import Block, Samples
from clairvoie.capture.recording import BLOCK_SECONDS

GAP_SECONDS = 0.1
FOLLOWING = 0.002
"""Share of what the clocks differ by that is made good with each piece."""


class LiveStream:
    """One unbroken rate of one channel. ``sigma``: standard uncertainty of the times that it is given, in seconds."""

    def __init__(self, rate: int, sigma: float) -> None:
        self.rate = rate
        self._sigma = sigma
        self._origin: float | None = None
        self._index = 0
        self._missing = 0
        self._held: Samples = np.zeros(0, dtype=np.float32)

    def add(self, samples: Samples, time: float) -> list[Block]:
        """Blocks that are complete now that ``samples``, the first of them taken at ``time``, are here."""
        blocks: list[Block] = []
        if self._origin is None:
            self._origin = time
        due = self._origin + (self._index + self._held.size) / self.rate
        if abs(time - due) > GAP_SECONDS:
            blocks += self._flush()
            missing = max(0, round((time - due) * self.rate))
            self._index += missing
            self._missing = missing
            self._origin = time - self._index / self.rate
        else:
            self._origin += FOLLOWING * (time - due)
        self._held = np.concatenate([self._held, samples])
        size = max(1, round(BLOCK_SECONDS * self.rate))
        while self._held.size >= size:
            blocks.append(self._block(self._held[:size]))
            self._held = self._held[size:]
        return blocks

    def _flush(self) -> list[Block]:
        if not self._held.size:
            return []
        block = self._block(self._held)
        self._held = self._held[:0]
        return [block]

    def _block(self, samples: Samples) -> Block:
        assert self._origin is not None  # set by the first piece
        start = self._origin + self._index / self.rate
        block = Block(
            samples=samples, rate=self.rate, start=start, sigma=self._sigma, index=self._index, missing=self._missing
        )
        self._index += samples.size
        self._missing = 0
        return block
