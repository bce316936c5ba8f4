"""How long things take: from the end of the gate's second to the store, and from the store to an open page.

Each way keeps its last :data:`KEPT` samples, from which quantiles are read exactly (nearest rank), beside a Prometheus
histogram. What is older than :data:`BACKLOG_SECONDS` when it arrives waited for a broken line; it is counted as backlog
and not as latency. The clocks of node and hub are compared here, so their difference is part of every figure.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from enum import StrEnum

from msgspec import Struct

KEPT = 4096
BACKLOG_SECONDS = 60.0


class Way(StrEnum):
    """From where to where."""

    TICK_TO_LIVE = "tick-to-live"
    TICK_TO_STORED = "tick-to-stored"
    STORED_TO_DESK = "stored-to-desk"
    TICK_TO_DESK = "tick-to-desk"


class WayFigures(Struct, frozen=True, kw_only=True):
    """Quantiles in seconds over the samples kept; ``count`` is of all since the hub began."""

    way: Way
    count: int
    backlog: int
    p50: float | None
    p99: float | None
    largest: float | None


def quantile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank quantile of values in ascending order.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([], 0.5)
    (2.0, None)
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


class Latency:
    """Samples of each way. Thread-safe, bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: dict[Way, deque[float]] = {way: deque(maxlen=KEPT) for way in Way}
        self._counts = dict.fromkeys(Way, 0)
        self._backlog = dict.fromkeys(Way, 0)

    def add(self, way: Way, seconds: float) -> bool:
        """Remember one sample; ``False`` when it is backlog."""
        with self._lock:
            if seconds > BACKLOG_SECONDS:
                self._backlog[way] += 1
                return False
            self._counts[way] += 1
            self._samples[way].append(seconds)
            return True

    def figures(self) -> tuple[WayFigures, ...]:
        """The figures of every way."""
        with self._lock:
            copies = {way: sorted(samples) for way, samples in self._samples.items()}
            return tuple(
                WayFigures(
                    way=way,
                    count=self._counts[way],
                    backlog=self._backlog[way],
                    p50=quantile(ordered, 0.5),
                    p99=quantile(ordered, 0.99),
                    largest=ordered[-1] if ordered else None,
                )
                for way, ordered in copies.items()
            )
