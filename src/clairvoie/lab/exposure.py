"""False alarms with the hours in which they happened, and what may be said of their rate.

Exposure is real recording time, each recording once: playing it again, or under other noise, adds no hour. The interval
of a rate is exact for a Poisson count (Garwood, Biometrika 28, 1936), 95 %. Under a day of exposure no rate a day is
given, since it would be a guess about hours that nobody heard.
"""

from __future__ import annotations

import scipy.stats
from msgspec import Struct

from clairvoie.boundary import exposure
from clairvoie.boundary.exposure import DAY_HOURS


class FalseAlarms(Struct, frozen=True):
    """Detections in an exposure that does not hold the hazard, and the 95 % interval of their rate an hour."""

    count: int
    hours: float
    low: float
    high: float

    @classmethod
    def of(cls, count: int, hours: float) -> FalseAlarms:
        """With its interval; without any exposure nothing is known, and the interval says so."""
        return cls(count, hours, *(poisson_interval(count, hours) if hours > 0 else (0.0, float("inf"))))

    @property
    def text(self) -> str:
        """As it is printed.

        >>> FalseAlarms.of(2, 0.5).text
        '2 in 0.50 h: 4.0 an hour (0.5–14.4)'
        >>> FalseAlarms.of(2, 48.0).text
        '2 in 48.00 h: 0.0 an hour (0.0–0.2), 1.0 a day'
        """
        if self.hours <= 0:
            return f"{self.count} in 0 h: nothing known"
        rate = self.count / self.hours
        text = f"{self.count} in {self.hours:.2f} h: {rate:.1f} an hour ({self.low:.1f}–{self.high:.1f})"
        return f"{text}, {rate * DAY_HOURS:.1f} a day" if self.hours >= DAY_HOURS else text


def poisson_interval(count: int, hours: float) -> tuple[float, float]:
    """Exact 95 % interval of a rate an hour.

    >>> [round(x, 2) for x in poisson_interval(0, 1.0)]
    [0.0, 3.69]
    """
    low, high = exposure.poisson_interval(count)
    return low / hours, high / hours


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Exact 95 % interval of a share (Clopper & Pearson, Biometrika 26, 1934).

    >>> [round(x, 2) for x in share_interval(0, 10)]
    [0.0, 0.31]
    """
    if of == 0:
        return 0.0, 1.0
    found = scipy.stats.binomtest(hits, of).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)
