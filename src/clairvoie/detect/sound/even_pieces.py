"""Pieces of one length, however the sound was cut into blocks.

What is computed from a piece by matrix products is the same to the last bit only for the same piece; sums depend on
where they are cut in the same way. So everything downstream gets the same pieces: whole parts of a second of the clock,
and what is left of one before a gap or at the end. The price is that up to a part of a second is held back: a quarter
in a node, less than the recogniser waits for anyway. For recordings it is a second, which costs less to compute.

>>> import numpy as np
>>> even, samples = EvenPieces(rate=8000, per_second=4), np.zeros(1500, np.float32)
>>> [len(even.feed([Piece(samples, 5, first, 5 + first / 8000)])) for first in (0, 1500, 3000)]
[0, 1, 1]
>>> [piece.samples.size for piece in even.finish()]
[500]
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from clairvoie.detect.sound.seconds import Piece, Step


class EvenPieces:
    """Joins and cuts the pieces of one stream, which never cross a second, into ``per_second`` pieces a second."""

    def __init__(self, rate: int, per_second: int) -> None:
        self._marks = [round(n * rate / per_second) for n in range(1, per_second)]
        self._rate = rate
        self._held: list[Piece] = []

    def feed(self, steps: Iterable[Step]) -> list[Step]:
        """The steps that are certain now, in order of time."""
        found: list[Step] = []
        for step in steps:
            if not isinstance(step, Piece):
                found += [*self.finish(), step]
                continue
            for part in self._cut(step):
                self._held.append(part)
                if part.offset + part.samples.size in self._marks:
                    found += self.finish()
        return found

    def finish(self) -> list[Piece]:
        """What is held back, as one piece."""
        held, self._held = self._held, []
        if not held:
            return []
        first = held[0]
        samples = first.samples if len(held) == 1 else np.concatenate([piece.samples for piece in held])
        return [Piece(samples, first.second, first.offset, first.start)]

    def _cut(self, piece: Piece) -> list[Piece]:
        end = piece.offset + piece.samples.size
        cuts = [0, *(mark - piece.offset for mark in self._marks if piece.offset < mark < end), piece.samples.size]
        return [
            Piece(piece.samples[a:b], piece.second, piece.offset + a, piece.start + a / self._rate)
            for a, b in itertools.pairwise(cuts)
        ]
