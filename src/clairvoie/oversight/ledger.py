"""The ledger's writer: acts and records become leaves, inside the transactions of those who did them.

What is guaranteed: an act and its entry are committed together or not at all; entries have gapless positions in the
order of their commits; a leaf never changes. Nothing is signed or published here: ``oversight.publisher`` does that.
All methods that take a connection run in the hub's one writer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.entry import PUBLIC_KINDS, Entry, EntryKind, StoredRecord, decode_entry, encode_entry
from clairvoie.boundary.leaf import (
    ACT_DOMAIN,
    NO_HEADER,
    RECORD_DOMAIN,
    SALT_BYTES,
    MinuteLeaf,
    RecordHeader,
    act_leaf,
    commit,
    encode_line,
    header_hash,
    minute_leaf,
)
from clairvoie.boundary.overseen import AccessLine
from clairvoie.boundary.tile import WIDTH
from clairvoie.errors import OversightError
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import origin_of
from clairvoie.oversight.merkle import leaf_hash, root_of

AT_ONCE = 10_000
"""Rows in one statement."""


class Leaf(Struct, frozen=True, kw_only=True):
    """One leaf of the present epoch: its entry's number, its position, and whether it seals a minute."""

    number: int
    position: int
    leaf: bytes
    is_minute: bool
    is_public: bool


class Ledger:
    """Where rooms record what was done. ``epoch`` is set when the ledger is opened (``oversight.epochs``)."""

    def __init__(self, deployment: str, clock: Callable[[], float]) -> None:
        self.deployment = deployment
        self.clock = clock
        self.epoch: int | None = None

    @property
    def origin(self) -> str:
        """The name of the present epoch's log."""
        return origin_of(self.deployment, self._epoch())

    def record(self, connection: Connection, entry: Entry) -> int:
        """Add ``entry`` inside the transaction; its number, which is never given again."""
        self.record_all(connection, (entry,))
        return int(connection.execute(select(func.max(tables.entries.c.id))).scalar_one())

    def record_all(self, connection: Connection, entries: Iterable[Entry]) -> None:
        """Add many entries at once, in their order."""
        epoch = self._epoch()
        position = count_of(connection, epoch)
        rows = []
        for index, entry in enumerate(entries):
            salt, body = os.urandom(SALT_BYTES), encode_entry(entry)
            leaf = act_leaf(commit(ACT_DOMAIN, salt, body))
            kind = entry.kind.value
            rows.append((epoch, position + index, entry.at, kind, entry.who, entry.about, leaf, salt, body))
        if rows:
            connection.exec_driver_sql(_INSERT_ACT, rows)  # twice as fast as a compiled insert of as many rows

    def record_stored(self, connection: Connection, stored: Sequence[StoredRecord]) -> None:
        """Add records of sensors; :meth:`seal` puts them into the log when their minute is over."""
        self._epoch()
        rows = []
        for record in stored:
            salt = os.urandom(SALT_BYTES)
            rows.append(
                {
                    "number": record.number,
                    "sensor": record.sensor,
                    "epoch": record.epoch,
                    "sequence": record.sequence,
                    "minute": int(record.received // 60) * 60,
                    "millibits": record.millibits,
                    "commitment": commit(RECORD_DOMAIN, salt, record.body),
                    "salt": salt,
                }
            )
        if rows:
            connection.execute(insert(tables.records), rows)

    def seal(self, connection: Connection, now: float) -> int:
        """One leaf for each hub-minute that is over and has records which are not sealed; how many leaves.

        A record that comes into a minute after that was sealed, which a clock set back can cause, is sealed in another
        leaf of the same minute: no record is left out.
        """
        table = tables.records.c
        over = select(table.minute).where(table.entry.is_(None), table.minute + 60 <= now).distinct()
        minutes = sorted(connection.execute(over).scalars())
        for minute in minutes:
            self._seal_minute(connection, minute)
        return len(minutes)

    def _seal_minute(self, connection: Connection, minute: int) -> None:
        table, epoch = tables.records.c, self._epoch()
        waiting = select(tables.records).where(table.entry.is_(None), table.minute == minute).order_by(table.id)
        rows = connection.execute(waiting).all()
        heads = {row.sensor: row.header for row in connection.execute(select(tables.heads))}
        changed: dict[str, bytes] = {}
        sealed, hashes = [], []
        for row in rows:
            previous = changed.get(row.sensor, heads.get(row.sensor, bytes.fromhex(NO_HEADER)))
            line = encode_line(header_of(row, previous))
            hashes.append(leaf_hash(line))
            changed[row.sensor] = bytes.fromhex(header_hash(line))
            sealed.append({"row": row.id, "before": previous})
        leaf = minute_leaf(MinuteLeaf(minute=minute, count=len(rows), root=root_of(hashes)))
        values = {"epoch": epoch, "position": count_of(connection, epoch), "at": float(minute), "leaf": leaf}
        number = connection.execute(insert(tables.entries).values(**values).returning(tables.entries.c.id)).scalar_one()
        connection.execute(_SEAL.values(entry=number, previous=bindparam("before")), sealed)
        connection.execute(_UPSERT_HEAD, [{"sensor": sensor, "header": header} for sensor, header in changed.items()])

    def forget(self, connection: Connection, *, entries: Sequence[int] = (), records: Sequence[int] = ()) -> None:
        """Erase body and salt of these entries and the salts of these records (their numbers), for ever.

        Published bodies among them are taken down by the next publication. Unknown numbers are left alone.
        """
        for start in range(0, len(entries), AT_ONCE):
            chosen = tables.entries.c.id.in_(entries[start : start + AT_ONCE])
            self._forget_entries(connection, chosen)
        if records:
            connection.execute(_FORGET_RECORD, [{"which": number} for number in records])

    def forget_before(self, connection: Connection, kinds: frozenset[EntryKind], before: float) -> int:
        """Erase body and salt of all entries of these kinds older than ``before`` (POSIX seconds); how many."""
        table = tables.entries.c
        old = (table.kind.in_([kind.value for kind in kinds])) & (table.at < before) & table.body.is_not(None)
        return self._forget_entries(connection, old)

    def _forget_entries(self, connection: Connection, chosen: object) -> int:
        table = tables.entries.c
        public = [kind.value for kind in PUBLIC_KINDS]
        found = select(table.epoch, table.position).where(chosen, table.kind.in_(public))  # type: ignore[arg-type]
        published = {(row.epoch, row.position // WIDTH) for row in connection.execute(found)}
        mark_due(connection, published)
        nothing = {"salt": None, "body": None, "who": None, "about": None}
        return connection.execute(update(tables.entries).where(chosen).values(nothing)).rowcount  # type: ignore[arg-type]

    def leaves(self, connection: Connection, since: int, limit: int = 100_000) -> list[Leaf]:
        """Leaves of the present epoch from position ``since`` on."""
        table = tables.entries.c
        query = select(table.id, table.position, table.leaf, table.kind).where(
            table.epoch == self._epoch(), table.position >= since
        )
        rows = connection.execute(query.order_by(table.position).limit(limit))
        return [
            Leaf(
                number=row.id,
                position=row.position,
                leaf=row.leaf,
                is_minute=row.kind is None,
                is_public=row.kind in PUBLIC_KINDS,
            )
            for row in rows
        ]

    def lines(
        self,
        connection: Connection,
        *,
        kinds: tuple[EntryKind, ...] = (),
        about: str = "",
        who: str = "",
        limit: int = 200,
    ) -> tuple[AccessLine, ...]:
        """Entries whose bodies are still kept, newest first."""
        table = tables.entries.c
        query = select(table.epoch, table.position, table.body).where(table.body.is_not(None))
        if kinds:
            query = query.where(table.kind.in_([kind.value for kind in kinds]))
        if about:
            query = query.where(table.about == about)
        if who:
            query = query.where(table.who == who)
        rows = connection.execute(query.order_by(table.id.desc()).limit(limit))
        return tuple(AccessLine(index=row.position, entry=decode_entry(row.body), epoch=row.epoch) for row in rows)

    def _epoch(self) -> int:
        if self.epoch is None:
            raise OversightError("the ledger is not open yet", self.deployment, "Open it before anything is recorded.")
        return self.epoch


def mark_due(connection: Connection, bundles: Iterable[tuple[int, int]]) -> None:
    """Remember that the published acts of these bundles (epoch, bundle) are to be written anew."""
    rows = [{"epoch": epoch, "bundle": bundle} for epoch, bundle in bundles]
    if rows:
        connection.execute(insert(tables.bodies_due), rows)


def header_of(row: Row[tuple[object, ...]], previous: bytes) -> RecordHeader:
    """The public header of a row of ``ledger_records``."""
    return RecordHeader(
        sensor=row.sensor,
        epoch=row.epoch,
        sequence=row.sequence,
        previous=previous.hex(),
        millibits=row.millibits,
        commitment=row.commitment.hex(),
    )


def headers_of(connection: Connection, number: int) -> list[bytes]:
    """The header lines that the minute with this number seals, in their order."""
    table = tables.records.c
    rows = connection.execute(select(tables.records).where(table.entry == number).order_by(table.id))
    return [encode_line(header_of(row, row.previous)) for row in rows]


def count_of(connection: Connection, epoch: int) -> int:
    """How many leaves the log of this epoch has."""
    table = tables.entries.c
    last = connection.execute(select(func.max(table.position)).where(table.epoch == epoch)).scalar()
    return 0 if last is None else last + 1


_INSERT_ACT = (
    "INSERT INTO ledger_entries (epoch, position, at, kind, who, about, leaf, salt, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SEAL = update(tables.records).where(tables.records.c.id == bindparam("row"))
_FORGET_RECORD = update(tables.records).where(tables.records.c.number == bindparam("which")).values(salt=None)
_insert_head = upsert(tables.heads)
_UPSERT_HEAD = _insert_head.on_conflict_do_update(
    index_elements=["sensor"], set_={"header": _insert_head.excluded.header}
)
