"""Cut blocks at the whole seconds of their clock, and say which seconds are whole.

Whatever the boundaries of the blocks, the pieces that come out never cross a second, so everything downstream may
simply add up. A second is *whole* when it has all its samples and nothing was lost or repeated in it; a second that is
not whole is never filled in.

>>> import numpy as np
>>> cutter = SecondCutter(rate=8000)
>>> block = Block(samples=np.zeros(12000, np.float32), rate=8000, start=5.0, sigma=0.0, index=0)
>>> [type(step).__name__ for step in cutter.feed(block)], cutter.finish()
(['Piece', 'SecondEnd', 'Piece'], [SecondEnd(second=6, samples=4000, whole=False, broken=False)])
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from clairvoie.capture.blocks import Block, Samples
from clairvoie.errors import InvalidValue

TOLERANCE_SECONDS = 0.001
"""A clock that is being disciplined may move this much between two blocks without it being a gap."""
LONGEST_GAP_SECONDS = 86_400
"""A longer gap is reported by its last day only."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Samples inside the second that begins at ``second``, from its sample ``offset``; the first is at ``start``."""

    samples: Samples
    second: int
    offset: int
    start: float


@dataclass(frozen=True, slots=True)
class Gap:
    """What follows does not adjoin what came before: recursive filters start again."""


@dataclass(frozen=True, slots=True)
class SecondEnd:
    """The second that began at ``second`` is over; it has ``samples`` samples.

    ``broken``: something was lost or repeated in it, which is not so where a recording merely ends.
    """

    second: int
    samples: int
    whole: bool
    broken: bool = False


Step = Piece | Gap | SecondEnd


class SecondCutter:
    """Cuts the blocks of one stream; remembers how much of the present second it has seen."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._position: float | None = None
        self._second = 0
        self._count = 0
        self._broken = False

    def feed(self, block: Block) -> list[Step]:
        """The steps that ``block`` leads to, in order of time."""
        if block.rate != self.rate:
            raise InvalidValue(f"a stream keeps its rate of {self.rate}", block.rate, "Start a new analyser.")
        steps: list[Step] = []
        skip = self._adjoin(block, steps)
        for first, last, second in self._cuts(block, skip):
            self._go_to(second, steps)
            steps.append(Piece(block.samples[first:last], second, self._count, block.start + first / self.rate))
            self._count += last - first
            self._position = block.start + last / self.rate
            if self._second_of(self._position) > second:
                self._go_to(second + 1, steps)
        return steps

    def finish(self) -> list[Step]:
        """The end of the stream closes a second that has begun."""
        if not self._count:
            return []
        step = SecondEnd(self._second, self._count, whole=False, broken=self._broken)
        self._count = 0
        return [step]

    def _adjoin(self, block: Block, steps: list[Step]) -> int:
        """Open the stream, or notice a gap or an overlap. Returns how many samples were already there."""
        if self._position is None:
            self._position, self._second = block.start, self._second_of(block.start)
            self._broken = block.missing > 0
            return 0
        step = block.start - self._position
        if not block.missing and abs(step) <= TOLERANCE_SECONDS:
            return 0
        self._broken = self._broken or self._count > 0 or step < 0
        skip = min(block.samples.size, max(0, round(-step * self.rate)))
        if skip < block.samples.size:
            steps.append(Gap())
            now = self._second_of(block.start + skip / self.rate)
            if now > self._second:
                first = now - LONGEST_GAP_SECONDS
                self._close(steps)
                self._second = max(self._second, first)
                self._go_to(now, steps)
            self._broken = self._broken or block.start + skip / self.rate > now + TOLERANCE_SECONDS
        return skip

    def _cuts(self, block: Block, skip: int) -> list[tuple[int, int, int]]:
        """First sample, sample after the last, and second, of each piece of ``block``."""
        cuts = []
        first = skip
        while first < block.samples.size:
            second = self._second_of(block.start + first / self.rate)
            last = min(block.samples.size, max(first + 1, round((second + 1 - block.start) * self.rate)))
            cuts.append((first, last, second))
            first = last
        return cuts

    def _second_of(self, time: float) -> int:
        return math.floor(time + 0.5 / self.rate)

    def _go_to(self, second: int, steps: list[Step]) -> None:
        while self._second < second:
            self._close(steps)

    def _close(self, steps: list[Step]) -> None:
        full = abs(self._count - self.rate) <= TOLERANCE_SECONDS * self.rate
        whole = full and not self._broken
        steps.append(SecondEnd(self._second, self._count, whole=whole, broken=not whole))
        self._second += 1
        self._count = 0
        self._broken = False
