"""Which of a sensor's records a log does not have, as far as their numbers tell.

A sensor numbers its records one by one, and a record that is left out of the log leaves its number out. So does one
that the node never sent because its outbox was full or a suspension erased it, and one that the hub refused: a missing
number is a question to both, not a proof. What stands before the first and after the last number cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator


class Numbering:
    """Counts numbers of records by sensor and key epoch, in any order, each once.

    >>> numbering = Numbering()
    >>> for number in (4, 5, 9, 6):
    ...     numbering.count("mic-1", 0, number)
    >>> list(numbering.missing())
    ['mic-1/0: 2 of the 6 numbers from 4 to 9 are missing']
    """

    def __init__(self) -> None:
        self._spans: dict[tuple[str, int], tuple[int, int, int]] = {}

    def count(self, sensor: str, epoch: int, sequence: int) -> None:
        """A record of this number is there."""
        first, last, found = self._spans.get((sensor, epoch), (sequence, sequence, 0))
        self._spans[sensor, epoch] = min(first, sequence), max(last, sequence), found + 1

    def missing(self) -> Iterator[str]:
        """A line for each sensor and epoch of which numbers are missing between the first and the last."""
        for (sensor, epoch), (first, last, found) in sorted(self._spans.items()):
            asked = last - first + 1
            if found < asked:
                yield f"{sensor}/{epoch}: {asked - found} of the {asked} numbers from {first} to {last} are missing"
