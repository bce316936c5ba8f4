"""Which sensors of a node have leave, as its gate says it, line by line: a pure rule for the launcher.

Each sensor has leave of its own. One that no act names, that is suspended or outside its hours, is not listened to
because its neighbour may be. While a gate that ended is started again things stay as they were, for a while.

>>> given = GivenLeave(["mic-1", "mic-2"])
>>> given.hear("on mic-1")
>>> sorted(given.held)
['mic-1']
>>> given.gate_ended(until=10.0)
>>> given.hear("off mic-1")  # every gate begins without leave
>>> sorted(given.held)
['mic-1']
>>> given.expire(10.5)
>>> sorted(given.held)
[]
"""

from __future__ import annotations

import math
from collections.abc import Iterable


class GivenLeave:
    """What the gate has said of ``sensors``. ``held`` are those that have leave."""

    def __init__(self, sensors: Iterable[str]) -> None:
        self.held: frozenset[str] = frozenset()
        self._sensors = tuple(sensors)
        self._told: dict[str, bool] = {}
        self._until = math.inf

    def hear(self, words: str) -> None:
        """``on`` or ``off`` with a sensor's name, or alone, which is for all."""
        word, _, named = words.partition(" ")
        for sensor in [named] if named else self._sensors:
            self._told[sensor] = word == "on"
        if word == "on":
            self._until = math.inf
        if self._until == math.inf:
            self._settle({sensor: sensor in self.held for sensor in self._sensors})

    def gate_ended(self, *, until: float) -> None:
        """The gate ended: until then, or until the next one gives leave to any, what it said last holds."""
        self._told = {}
        if self.held:
            self._until = until

    def expire(self, now: float) -> None:
        """If the next gate has not given any leave in time, there is none but what it has said."""
        if now > self._until:
            self._until = math.inf
            self._settle({})

    def _settle(self, before: dict[str, bool]) -> None:
        self.held = frozenset(sensor for sensor in self._sensors if (before | self._told).get(sensor, False))
