"""What came from sensors and was discarded because no act permitted it: how often, by reason, and when last.

What happens in a transaction is counted in it. What is only live is counted in memory and written once a second; a
crash loses the counts of that second and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.authorisation import Denial
from clairvoie.boundary.overseen import DiscardCount
from clairvoie.hub import schema


class Times(NamedTuple):
    """How often, and when last (POSIX seconds)."""

    times: int
    last: float


class Discards:
    """Counts that are not written yet. Thread-safe; memory is bounded by the closed list of reasons."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Denial, Times] = {}

    def add(self, why: Denial, at: float, times: int = 1) -> None:
        """Count."""
        with self._lock:
            self._counts[why] = Times(self._counts.get(why, Times(0, at)).times + times, at)

    def take(self) -> dict[Denial, Times]:
        """What was counted since the last call, for the store."""
        with self._lock:
            taken, self._counts = self._counts, {}
            return taken

    def give_back(self, counts: Mapping[Denial, Times]) -> None:
        """Count again what could not be written."""
        for why, counted in counts.items():
            self.add(why, counted.last, counted.times)


def write_discards(connection: Connection, counts: Mapping[Denial, Times]) -> None:
    """Add to the counts in the store."""
    table = schema.discards.c
    for why, counted in counts.items():
        added = upsert(schema.discards).values(why=why.value, count=counted.times, last=counted.last)
        changed = {"count": table.count + added.excluded.count, "last": func.max(table.last, added.excluded.last)}
        connection.execute(added.on_conflict_do_update(index_elements=["why"], set_=changed))


def read_discards(connection: Connection) -> tuple[DiscardCount, ...]:
    """The counts in the store, by reason."""
    table = schema.discards.c
    rows = connection.execute(select(table.why, table.count.label("times"), table.last).order_by(table.why))
    return tuple(DiscardCount(why=Denial(row.why), count=row.times, last=row.last) for row in rows)
