"""A block of raw sound. It has no serializer, on purpose: nothing in ``boundary`` can carry it across a process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.errors import InvalidValue

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive samples of one channel.

    ``samples`` is one-dimensional, float32, full scale ±1. ``start`` is the time of the first sample in seconds on the
    stream's clock (UTC in a node, from the start of the file in ``listen``) with standard uncertainty ``sigma`` in
    seconds. ``index`` counts samples since the stream began, lost ones included; ``missing`` is how many were lost
    right before this block.
    """

    samples: Samples
    rate: int
    start: float
    sigma: float
    index: int
    missing: int = 0

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise InvalidValue("a block is one channel of float32", (self.samples.ndim, str(self.samples.dtype)))
        if self.rate <= 0 or self.index < 0 or self.missing < 0:
            raise InvalidValue("a block has a rate, an index and a count of lost samples", (self.rate, self.index))

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.samples.size / self.rate

    @property
    def end(self) -> float:
        """Time just after the last sample."""
        return self.start + self.seconds
