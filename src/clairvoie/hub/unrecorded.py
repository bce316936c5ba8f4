"""What a hub without a charter has for a ledger: none. It has no key to sign one, and takes nothing from sensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clairvoie.boundary.entry import Entry, EntryKind, StoredRecord


class Unrecorded:
    """A :class:`~clairvoie.boundary.entry.LedgerWriter` that keeps nothing; every number it gives is :attr:`NUMBER`."""

    NUMBER = -1

    def record(self, connection: Any, entry: Entry) -> int:
        """Nothing is kept."""
        return self.NUMBER

    def record_stored(self, connection: Any, stored: Sequence[StoredRecord]) -> None:
        """Nothing is kept."""

    def forget(self, connection: Any, *, entries: Sequence[int] = (), records: Sequence[int] = ()) -> None:
        """There is nothing to forget."""

    def forget_before(self, connection: Any, kinds: frozenset[EntryKind], before: float) -> int:
        """There is nothing to forget."""
        return 0
