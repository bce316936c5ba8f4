"""How often something happened in a time that was watched, with the exact interval of its rate.

A rate never stands without its exposure: three false alarms in 168 hours say something, three alone do not. A rate a
day is given from 24 hours of exposure on, never extrapolated from less.

>>> rate = Rate(count=1, seconds=37 * 3600)
>>> rate.hours, [round(end, 3) for end in rate.expected], [round(end, 2) for end in rate.daily or ()]
(37.0, [0.025, 5.572], [0.65, 0.02, 3.61])
>>> Rate(count=1, seconds=23 * 3600).daily is None
True
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from clairvoie.errors import InvalidValue

HOUR = 3600
DAY_HOURS = 24.0


@lru_cache(1024)
def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Garwood's exact interval of the mean of a Poisson variable of which ``count`` was seen (Biometrika 28, 1936).

    The lower end is the mean under which at least ``count`` has the probability (1 − confidence)/2, the upper one that
    under which at most ``count`` has it. Compared with the quantiles of χ² in ``tests/boundary/test_exposure.py``.

    >>> [round(end, 3) for end in poisson_interval(0)], [round(end, 3) for end in poisson_interval(3)]
    ([0.0, 3.689], [0.619, 8.767])
    """
    if count < 0 or not 0 < confidence < 1:
        raise InvalidValue("an interval has a count and a confidence between 0 and 1", (count, confidence))
    tail = (1 - confidence) / 2
    high = count + 1.0
    while _at_most(count, high) > tail:
        high *= 2
    upper = _where(lambda mean: _at_most(count, mean) > tail, float(count), high)
    lower = _where(lambda mean: _at_least(count, mean) < tail, 0.0, float(count)) if count else 0.0
    return lower, upper


def _where(below: Callable[[float], bool], low: float, high: float) -> float:
    """The point between ``low`` and ``high`` up to which ``below`` holds, as near as floats come to it."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if below(middle) else (low, middle)
    return middle


def _probability(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) if mean > 0 else float(count == 0)


def _at_most(count: int, mean: float) -> float:
    """P(N ≤ count) for a mean of at least ``count``: the terms fall from the first on."""
    term = total = _probability(count, mean)
    for k in range(count, 0, -1):
        term *= k / mean
        total += term
        if term < total * 1e-17:
            break
    return total


def _at_least(count: int, mean: float) -> float:
    """P(N ≥ count) for a mean of at most ``count``: the terms fall from the first on."""
    term = total = _probability(count, mean)
    k = count
    while term > total * 1e-17:
        k += 1
        term *= mean / k
        total += term
    return total


class Rate(Struct, frozen=True, kw_only=True):
    """So many in so many seconds that were watched."""

    count: int
    seconds: float

    def __post_init__(self) -> None:
        if self.count < 0 or not 0 <= self.seconds < math.inf:
            raise InvalidValue("a rate has a count and the seconds that were watched", (self.count, self.seconds))

    @property
    def hours(self) -> float:
        """The exposure in hours."""
        return self.seconds / HOUR

    @property
    def expected(self) -> tuple[float, float]:
        """The exact 95 % interval of how many are to be expected in another such time."""
        return poisson_interval(self.count)

    @property
    def hourly(self) -> tuple[float, float, float] | None:
        """The rate an hour with its interval; ``None`` while nothing was watched."""
        return self._each(1.0)

    @property
    def daily(self) -> tuple[float, float, float] | None:
        """The rate a day with its interval; ``None`` under 24 hours of exposure."""
        return self._each(DAY_HOURS) if self.hours >= DAY_HOURS else None

    def _each(self, hours: float) -> tuple[float, float, float] | None:
        if not self.seconds:
            return None
        low, high = self.expected
        share = hours / self.hours
        return self.count * share, low * share, high * share
