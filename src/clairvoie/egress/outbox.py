"""What waits for the hub: one SQLite file shared by gate and uplink. The gate's own memory has the same form, in a file
of its own (:mod:`clairvoie.egress.memory`).

What is committed together (WAL, ``synchronous=FULL``) is all there after ``kill -9`` or a power cut, or none of it. The
gate puts signed records in; the uplink reads them in order and deletes what the hub has stored. What the hub refuses
for good is set aside with the reason and never blocks the rest; what it refuses for want of authority, and what a
suspension covers, is erased and counted. SQLite overwrites what is deleted (``secure_delete``); a disk may still hold
older copies of its blocks, and the write-ahead log holds them for a while.

The signed bytes kept are bounded. When the bound is reached the oldest refused records go first, then the oldest
minutes, then the oldest events; what went is counted, and its sequence numbers are missing at the hub for everyone to
see. The file itself is somewhat larger than the bound: SQLite's pages, its write-ahead log, the states.
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from clairvoie.boundary.signed import Envelope, encode_envelope
from clairvoie.errors import EgressError

MEGABYTE = 1_000_000
BUSY_SECONDS = 5.0
TRIMMED_AT_ONCE = 16
LOCK_SECONDS = 5.0
LOCK_POLL_SECONDS = 0.05

SCHEMA = """
CREATE TABLE IF NOT EXISTS states (sensor TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trust (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, form TEXT NOT NULL, envelope BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS minutes ON records (id) WHERE form = 'minute';
CREATE TABLE IF NOT EXISTS refused (
    id INTEGER PRIMARY KEY, form TEXT NOT NULL, envelope BLOB NOT NULL, code TEXT NOT NULL, what TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO totals VALUES ('bytes', 0), ('trimmed-refused', 0), ('trimmed-minute', 0), ('trimmed-events', 0),
    ('erased', 0);
CREATE TRIGGER IF NOT EXISTS record_in AFTER INSERT ON records
    BEGIN UPDATE totals SET value = value + length(NEW.envelope) WHERE name = 'bytes'; END;
CREATE TRIGGER IF NOT EXISTS record_out AFTER DELETE ON records
    BEGIN UPDATE totals SET value = value - length(OLD.envelope) WHERE name = 'bytes'; END;
CREATE TRIGGER IF NOT EXISTS refused_in AFTER INSERT ON refused
    BEGIN UPDATE totals SET value = value + length(NEW.envelope) WHERE name = 'bytes'; END;
CREATE TRIGGER IF NOT EXISTS refused_out AFTER DELETE ON refused
    BEGIN UPDATE totals SET value = value - length(OLD.envelope) WHERE name = 'bytes'; END;
"""
ADDED = (("records", "sensor", "TEXT NOT NULL DEFAULT ''"), ("refused", "sensor", "TEXT NOT NULL DEFAULT ''"))
"""Columns that outboxes of version 0.1 lack."""


class OutboxUnavailable(EgressError):
    """Nothing could be stored now (disk full, locked, I/O error), so nothing may be released; try again later."""


def hold_alone(outbox: Path, *, patience: float = LOCK_SECONDS) -> BinaryIO:
    """Hold the writing side of ``outbox`` alone, until the file that is returned is closed or this process ends.

    Two gates on one outbox would each give the next sequence to records of their own. A predecessor that is dying is
    given ``patience`` seconds. Raises :class:`EgressError` when another gate goes on living.
    """
    file = outbox.with_name(f"{outbox.name}.lock").open("ab")
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                file.close()
                raise EgressError("another gate holds this outbox", str(outbox), "Is the node running twice?") from None
            time.sleep(LOCK_POLL_SECONDS)
        else:
            return file


class Outgoing(Struct, frozen=True, kw_only=True):
    """A signed record on its way into the outbox; ``form`` is ``events``, ``minute`` or ``statement``."""

    form: str
    envelope: Envelope


class Kept(Struct, frozen=True, kw_only=True):
    """A signed record in the outbox, by its number there."""

    id: int
    envelope: bytes


class OutboxStatus(Struct, frozen=True, kw_only=True):
    """How full the outbox is and what was lost to its bound since it was made."""

    waiting: int
    refused: int
    bytes: int
    trimmed_refused: int
    trimmed_minutes: int
    trimmed_events: int
    erased: int = 0


class Outbox:
    """The outbox in the file ``path``; ``megabytes`` bounds the signed bytes kept."""

    def __init__(self, path: Path, *, megabytes: int = 256) -> None:
        self._bound = megabytes * MEGABYTE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute("PRAGMA secure_delete=ON")
            self._database.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")
            self._add_columns()
        except (OSError, sqlite3.Error) as error:
            raise EgressError(f"the outbox cannot be opened ({error})", str(path), "Check the disk.") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def states(self) -> dict[str, bytes]:
        """The gate's state of each sensor, as it was stored."""
        with self._transaction("DEFERRED"):
            return dict(self._database.execute("SELECT sensor, body FROM states"))

    def trust(self) -> dict[str, bytes]:
        """What the gate knew of time and authority, as it was stored."""
        with self._transaction("DEFERRED"):
            return dict(self._database.execute("SELECT name, body FROM trust"))

    def commit(
        self,
        states: Iterable[tuple[str, bytes]],
        records: Sequence[Outgoing],
        trust: Mapping[str, bytes] | None = None,
    ) -> int:
        """Store the states and records of one tick and what is known of time and authority, all or nothing; returns
        how many old records had to go.

        Raises :class:`OutboxUnavailable` when they could not be stored; then nothing of the tick may be released.
        """
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO states VALUES (?, ?)", states)
            self._database.executemany("INSERT OR REPLACE INTO trust VALUES (?, ?)", (trust or {}).items())
            self._database.executemany(
                "INSERT INTO records (form, sensor, envelope) VALUES (?, ?, ?)",
                ((record.form, record.envelope.sensor, encode_envelope(record.envelope)) for record in records),
            )
            return self._trim() if records else 0

    def oldest(self, count: int, most_bytes: int, *, without: Collection[str] = ()) -> tuple[Kept, ...]:
        """The oldest ``count`` records at most, as far as ``most_bytes`` allow; at least one if there is one.

        Records of the sensors in ``without`` are passed over.
        """
        marks = ", ".join("?" * len(without))
        with self._transaction("DEFERRED"):
            rows = self._database.execute(
                f"SELECT id, envelope FROM records WHERE sensor NOT IN ({marks}) ORDER BY id LIMIT ?",
                (*without, count),
            ).fetchall()
        kept: list[Kept] = []
        size = 0
        for identifier, envelope in rows:
            size += len(envelope)
            if kept and size > most_bytes:
                break
            kept.append(Kept(id=identifier, envelope=envelope))
        return tuple(kept)

    def newest(self, *, without: Collection[str] = ()) -> Kept | None:
        """The newest record, those of the sensors in ``without`` passed over."""
        marks = ", ".join("?" * len(without))
        with self._transaction("DEFERRED"):
            row = self._database.execute(
                f"SELECT id, envelope FROM records WHERE sensor NOT IN ({marks}) ORDER BY id DESC LIMIT 1",
                tuple(without),
            ).fetchone()
        return None if row is None else Kept(id=row[0], envelope=row[1])

    def forget_states(self) -> None:
        """Forget states and trust: they are kept elsewhere now."""
        with self._transaction():
            self._database.execute("DELETE FROM states")
            self._database.execute("DELETE FROM trust")

    def delete(self, identifiers: Iterable[int]) -> None:
        """Forget records that the hub has stored."""
        with self._transaction():
            self._database.executemany("DELETE FROM records WHERE id = ?", ((i,) for i in identifiers))

    def erase(self, identifiers: Iterable[int]) -> int:
        """Delete records that may not be kept, and count them; returns how many there were."""
        with self._transaction():
            return self._erase("records", identifiers)

    def erase_all(self, forbidden: Callable[[bytes], bool]) -> int:
        """Delete whatever of the waiting and of the refused records is ``forbidden``, judged by its envelope."""
        with self._transaction():
            return sum(
                self._erase(table, [i for i, envelope in self._rows(table) if forbidden(envelope)])
                for table in ("records", "refused")
            )

    def set_aside(self, identifier: int, code: str, what: str) -> None:
        """Set aside a record that the hub refuses for good, with the reason."""
        with self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO refused (id, form, envelope, code, what, sensor)"
                " SELECT id, form, envelope, ?, ?, sensor FROM records WHERE id = ?",
                (code[:40], what[:400], identifier),
            )
            self._database.execute("DELETE FROM records WHERE id = ?", (identifier,))

    def send_again(self) -> int:
        """Put every record that was set aside back into the queue, in its old place; returns how many."""
        with self._transaction():
            count = self._database.execute(
                "INSERT INTO records (id, form, envelope, sensor) SELECT id, form, envelope, sensor FROM refused"
            ).rowcount
            self._database.execute("DELETE FROM refused")
        return count

    def refusals(self) -> list[tuple[int, str, str]]:
        """Number, code and reason of each record that was set aside."""
        with self._transaction("DEFERRED"):
            return self._database.execute("SELECT id, code, what FROM refused ORDER BY id").fetchall()

    def status(self) -> OutboxStatus:
        """How full the outbox is."""
        with self._transaction("DEFERRED"):
            totals = dict(self._database.execute("SELECT name, value FROM totals"))
            waiting = self._database.execute("SELECT count(*) FROM records").fetchone()[0]
            refused = self._database.execute("SELECT count(*) FROM refused").fetchone()[0]
        return OutboxStatus(
            waiting=waiting,
            refused=refused,
            bytes=totals["bytes"],
            trimmed_refused=totals["trimmed-refused"],
            trimmed_minutes=totals["trimmed-minute"],
            trimmed_events=totals["trimmed-events"],
            erased=totals["erased"],
        )

    def _add_columns(self) -> None:
        for table, column, kind in ADDED:
            columns = [row[1] for row in self._database.execute(f"PRAGMA table_info({table})")]
            if column not in columns:
                self._database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def _rows(self, table: str) -> Iterator[tuple[int, bytes]]:
        yield from self._database.execute(f"SELECT id, envelope FROM {table} ORDER BY id")

    def _erase(self, table: str, identifiers: Iterable[int]) -> int:
        gone = sum(
            self._database.execute(f"DELETE FROM {table} WHERE id = ?", (identifier,)).rowcount
            for identifier in identifiers
        )
        self._database.execute("UPDATE totals SET value = value + ? WHERE name = 'erased'", (gone,))
        return gone

    def _trim(self) -> int:
        """Delete what is least missed until the bound holds."""
        gone = 0
        for what, table, choice in (
            ("trimmed-refused", "refused", ""),
            ("trimmed-minute", "records", "WHERE form = 'minute'"),
            ("trimmed-events", "records", "WHERE form <> 'minute'"),
        ):
            while self._bytes() > self._bound:
                deleted = self._database.execute(
                    f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} {choice} ORDER BY id LIMIT ?)",
                    (TRIMMED_AT_ONCE,),
                ).rowcount
                if deleted == 0:
                    break
                self._database.execute("UPDATE totals SET value = value + ? WHERE name = ?", (deleted, what))
                gone += deleted
        return gone

    def _bytes(self) -> int:
        value: int = self._database.execute("SELECT value FROM totals WHERE name = 'bytes'").fetchone()[0]
        return value

    @contextlib.contextmanager
    def _transaction(self, lock: str = "IMMEDIATE") -> Iterator[None]:
        """One transaction, all or nothing; what SQLite cannot do now becomes :class:`OutboxUnavailable`."""
        try:
            self._database.execute(f"BEGIN {lock}")
            yield
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise OutboxUnavailable(
                f"the outbox cannot store or read now ({error})", None, "Free some disk space; it is tried again."
            ) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            with contextlib.suppress(sqlite3.OperationalError):  # SQLite may have rolled back by itself already
                self._database.execute("ROLLBACK")
