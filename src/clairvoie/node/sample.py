"""Which of the records that the hub acknowledged are asked for in its ledger: one of each stretch of time, by chance.

A sample is enough against a hub that leaves records out as a habit, and the hub cannot know which will be asked for:
each record acknowledged between two questions is as likely as any other. If a hub leaves out a share ``f`` of them,
``n`` questions find that with probability 1 - (1 - f)**n: of one in a hundred, after 300 questions, 95 %.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from clairvoie.oversight.inclusion import OwnRecord

ASK_AFTER = 180.0
"""Seconds from the acknowledgement to the question: the minute is over and published long before."""
MOST_WAITING = 16
"""While so many wait, which a hub that does not answer causes, no new one is taken."""


class Sample:
    """``choose(n)`` gives a number from 0 to n - 1 that nobody can foretell."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._choose = choose
        self._offered = 0
        self._chosen: tuple[bytes, float] | None = None
        self._waiting: deque[OwnRecord] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, envelopes: Iterable[bytes], now: float) -> None:
        """These records were acknowledged at ``now`` (POSIX seconds)."""
        for envelope in envelopes:
            self._offered += 1
            if self._choose(self._offered) == 0:
                self._chosen = (envelope, now)

    def next(self, now: float) -> OwnRecord | None:
        """End the stretch, and give the record that is to be asked for at ``now``, if there is one.

        Raises :class:`~clairvoie.errors.BoundaryError` when the one that was chosen is damaged.
        """
        chosen, self._chosen, self._offered = self._chosen, None, 0
        if chosen is not None and len(self._waiting) < MOST_WAITING:
            self._waiting.append(OwnRecord.of(*chosen))
        due = next((record for record in self._waiting if now - record.acknowledged >= ASK_AFTER), None)
        if due is not None:
            self._waiting.remove(due)
        return due

    def put_back(self, record: OwnRecord) -> None:
        """To be asked for once more, after those that wait already."""
        self._waiting.append(record)

    def forget(self) -> None:
        """Ask for none of those that were acknowledged until now."""
        self._waiting.clear()
        self._chosen, self._offered = None, 0
