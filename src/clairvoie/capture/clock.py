"""From sample index to UTC, with the uncertainty stated; and the clock of a replay. Pure: nobody here asks for the
time.

>>> SampleClock(origin=1_800_000_000.0, rate=32_000, sigma=0.001).time_of(16_000)
1800000000.5
>>> replayed = ReplayClock(start=1_800_000_000.0, wall_origin=50.0, speed=10.0)
>>> replayed.now(wall=51.0), replayed.wall_of(1_800_000_020.0)
(1800000010.0, 52.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from clairvoie.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class SampleClock:
    """Sample 0 was taken at ``origin``; every time has standard uncertainty ``sigma`` seconds.

    ``sigma`` covers what is common to all samples. That the true rate differs from ``rate`` is not in it; whoever
    measures the drift makes a new clock.
    """

    origin: float
    rate: int
    sigma: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.origin) and self.rate > 0 and self.sigma >= 0):
            raise InvalidValue("a clock has an origin, a rate and an uncertainty", (self.origin, self.rate, self.sigma))

    def time_of(self, index: int) -> float:
        """UTC of sample ``index`` in POSIX seconds. Exact to the resolution of a float, 0.24 microseconds today."""
        whole, rest = divmod(index, self.rate)
        return self.origin + whole + rest / self.rate


@dataclass(frozen=True, slots=True)
class ReplayClock:
    """Time in a replay: ``start`` when the wall clock shows ``wall_origin``, then ``speed`` seconds for each second."""

    start: float
    wall_origin: float
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.wall_origin)):
            raise InvalidValue("a replay has a start and an origin", (self.start, self.wall_origin))
        if not (math.isfinite(self.speed) and self.speed > 0):
            raise InvalidValue("the speed of a replay is positive", self.speed, "1 is real time.")

    def now(self, wall: float) -> float:
        """Replayed time when the wall clock shows ``wall``."""
        return self.start + (wall - self.wall_origin) * self.speed

    def wall_of(self, time: float) -> float:
        """What the wall clock shows at replayed ``time``."""
        return self.wall_origin + (time - self.start) / self.speed
