"""The dearest stretch of time: how the promise of eight bits a second is checked on what has left."""

from __future__ import annotations

from collections.abc import Iterable


def worst_excess(costs: Iterable[tuple[int, int]], depth: int, rate: int) -> int:
    """By how much the dearest stretch of time exceeds depth + rate · seconds, in millibits; at most 0 is lawful.

    A stretch from ``a`` to ``b`` costs S(b) − S(before a), so the worst start for each end is a running minimum.
    """
    total, worst, lowest = 0, -depth * 1000, None
    for second, cost in costs:
        start = total - rate * 1000 * second
        lowest = start if lowest is None else min(lowest, start)
        total += cost
        worst = max(worst, total - rate * 1000 * second - lowest - depth * 1000)
    return worst
