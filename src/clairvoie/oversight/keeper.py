"""The ledger of a running hub: its key, its writer, its publisher, and what is told of it.

Made before the hub, opened over the hub's store before anything is recorded, then :meth:`Keeper.work` once a second.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Connection, func, select

from clairvoie.boundary.charter import Charter
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.overseen import AccessLine, Epoch, LedgerStatus
from clairvoie.errors import ConfigurationError, OversightError, StoreUnavailable
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import encode_base64
from clairvoie.oversight.ledger import Ledger
from clairvoie.oversight.merkle import EMPTY_ROOT
from clairvoie.oversight.publisher import Publisher
from clairvoie.oversight.witnesses import Witnesses

LEDGER_KEY = "ledger.pem"
Reading = Callable[[], AbstractContextManager[Connection]]
Submit = Callable[[Callable[[Connection], Any]], Future[Any]]

log = structlog.get_logger("clairvoie.oversight.keeper")


class Keeper:
    """The ledger of one hub. ``ledger`` is what rooms record through; it implements ``LedgerWriter``."""

    def __init__(self, charter: Charter, key: Ed25519PrivateKey, folder: Path, clock: Callable[[], float]) -> None:
        self.charter = charter
        self.folder = folder
        self.ledger = Ledger(charter.deployment, clock)
        self._key = key
        self._publisher: Publisher | None = None
        self._submit: Submit | None = None
        self._reading: Reading | None = None

    def open(self, submit: Submit, reading: Reading) -> None:
        """Open the ledger over the hub's store. Raises :class:`OversightError` if somebody else publishes it."""
        self._submit, self._reading = submit, reading
        publisher = Publisher(
            self.ledger,
            folder=self.folder,
            key=self._key,
            submit=submit,
            reading=reading,
            witnesses=Witnesses(self.charter.witnesses, clock=self.ledger.clock, needed=self.charter.witness_threshold),
        )
        with ExitStack() as undo:
            undo.callback(publisher.close)
            publisher.open()
            undo.pop_all()
        self._publisher = publisher

    @property
    def publisher(self) -> Publisher:
        """The publisher, once it is open."""
        assert self._publisher is not None, "the ledger is not open yet"
        return self._publisher

    def work(self) -> None:
        """Seal the minutes that are over and publish what is new; what cannot be done now is done the next time.

        Anything else that goes wrong is raised: a ledger that could never be published again must not wait in silence.
        """
        try:
            self.publisher.seal()
            self.publisher.publish()
        except (StoreUnavailable, OversightError, OSError) as error:
            log.warning("ledger-waits", reason=str(error))

    def close(self) -> None:
        """Publish what is left, if that can be done, and unlock the folder. Before the store is closed."""
        if self._publisher is not None:
            try:
                self.work()
            finally:
                self._publisher.close()
                self._publisher = None

    def status(self) -> LedgerStatus | None:
        """The last checkpoint and what stands under it; ``None`` before the ledger is open."""
        if self._publisher is None or self._reading is None:
            return None
        head, origin = self._publisher.head, self.ledger.origin
        size = 0 if head is None else head.checkpoint.size
        with self._reading() as connection:
            return LedgerStatus(
                origin=origin,
                key=self._publisher.key.vkey,
                size=size,
                root=encode_base64(EMPTY_ROOT if head is None else head.checkpoint.root),
                at=self._publisher.published_at,
                cosigned=() if head is None else head.cosigners,
                witnesses=self._publisher.witnesses.names,
                witnesses_needed=self.charter.witness_threshold,
                epochs=_epochs(connection),
                counts=_counts(connection),
                oldest_unsigned_minute=_oldest_unsigned(connection, self.ledger.epoch, size),
            )

    def lines(
        self, *, kinds: tuple[EntryKind, ...] = (), about: str = "", who: str = "", limit: int = 200
    ) -> tuple[AccessLine, ...]:
        """Entries whose bodies are still kept, newest first."""
        if self._reading is None:
            return ()
        with self._reading() as connection:
            return self.ledger.lines(connection, kinds=kinds, about=about, who=who, limit=limit)

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that sees what is committed."""
        assert self._reading is not None, "the ledger is not open yet"
        return self._reading()

    def record(self, entry: Entry) -> int:
        """Write an entry of its own, in a transaction of its own; its number."""
        assert self._submit is not None, "the ledger is not open yet"
        return int(self._submit(lambda connection: self.ledger.record(connection, entry)).result())


def read_ledger_key(keys: Path, charter: Charter) -> Ed25519PrivateKey:
    """The hub's key for checkpoints, ``ledger.pem`` in the folder ``keys``, which must be the charter's."""
    path = keys / LEDGER_KEY
    remedy = f"Put the key there whose public half the charter names, {charter.ledger}."
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"the hub's key for the ledger cannot be read ({error})", str(path), remedy) from error
    if not isinstance(key, Ed25519PrivateKey) or key.public_key().public_bytes_raw().hex() != charter.ledger:
        raise ConfigurationError("the hub's key for the ledger is not the charter's", str(path), remedy)
    return key


def _epochs(connection: Connection) -> tuple[Epoch, ...]:
    rows = connection.execute(select(tables.epochs).order_by(tables.epochs.c.epoch))
    return tuple(Epoch(number=row.epoch, at=row.at, size=row.former_size, reason=row.reason) for row in rows)


def _counts(connection: Connection) -> tuple[tuple[EntryKind, int], ...]:
    table = tables.entries.c
    query = select(table.kind, func.count()).where(table.kind.is_not(None)).group_by(table.kind).order_by(table.kind)
    return tuple((EntryKind(kind), count) for kind, count in connection.execute(query))


def _oldest_unsigned(connection: Connection, epoch: int | None, size: int) -> int | None:
    entry, record = tables.entries.c, tables.records.c
    first = select(func.min(entry.at)).where(entry.epoch == epoch, entry.position >= size)
    waiting = select(func.min(record.minute)).where(record.entry.is_(None))
    found = [m for m in (connection.execute(first).scalar(), connection.execute(waiting).scalar()) if m is not None]
    return int(min(found) // 60) * 60 if found else None
