"""A ledger in memory, for tests of the rooms that record: it keeps what it was given and forgets what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clairvoie.boundary.entry import Entry, EntryKind, LedgerWriter, StoredRecord, decode_entry, encode_entry


@dataclass
class FakeLedger:
    """``entries`` by index, ``None`` once forgotten; ``stored`` by row. It does not roll back with a transaction."""

    entries: list[Entry | None] = field(default_factory=list)
    stored: dict[int, StoredRecord] = field(default_factory=dict)

    def record(self, connection: Any, entry: Entry) -> int:
        self.entries.append(decode_entry(encode_entry(entry)))
        return len(self.entries) - 1

    def record_stored(self, connection: Any, stored: Sequence[StoredRecord]) -> None:
        self.stored.update({record.number: record for record in stored})

    def forget(self, connection: Any, *, entries: Sequence[int] = (), records: Sequence[int] = ()) -> None:
        for index in entries:
            if 0 <= index < len(self.entries):
                self.entries[index] = None
        for number in records:
            self.stored.pop(number, None)

    def forget_before(self, connection: Any, kinds: frozenset[EntryKind], before: float) -> int:
        due = [i for i, e in enumerate(self.entries) if e is not None and e.kind in kinds and e.at < before]
        self.forget(connection, entries=due)
        return len(due)

    def of(self, kind: EntryKind) -> list[Entry]:
        """The entries of one kind, oldest first."""
        return [entry for entry in self.entries if entry is not None and entry.kind is kind]


def _is_a_ledger(ledger: FakeLedger) -> LedgerWriter:
    return ledger
