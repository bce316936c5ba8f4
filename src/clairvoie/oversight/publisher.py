"""What is committed becomes a published log: tiles, the hub's signature, the witnesses', then the checkpoint.

The order is what makes a crash harmless. The store's transactions are the sequence; everything in the folder follows
from them, the same bytes each time. A checkpoint is renamed into place when every file that it commits to is on the
disk, so whoever reads a checkpoint finds its tree, whatever was killed when. Acts' bodies follow it; which are to be
written is remembered in the store until they are. One publisher at a time: the folder is locked. :meth:`Publisher.seal`
and :meth:`Publisher.publish` may be called from any thread and wait for one another.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from sqlalchemy import Connection, delete, select

from clairvoie.boundary.entry import PUBLIC_KINDS, decode_entry
from clairvoie.boundary.leaf import ActBody, encode_line
from clairvoie.boundary.tile import CHECKPOINT, WIDTH, Tile, bodies_path, minute_path, read_path
from clairvoie.errors import OversightError
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import ED25519, Checkpoint, Note, NoteKey, Opened, open_checkpoint, sign_note
from clairvoie.oversight.epochs import Published, begin_new_epoch, open_ledger
from clairvoie.oversight.ledger import Leaf, Ledger, headers_of, mark_due
from clairvoie.oversight.tiles import NEW, Growth, write_files
from clairvoie.oversight.tree import TreeTiles
from clairvoie.oversight.witnesses import Disagrees, Witnesses

MOST_LEAVES = 50_000
"""Leaves in one publication, so that memory stays bounded."""
EPOCH_SECONDS = 3600.0
"""A witness may make the hub begin a new epoch at most this often; one that asks for more is left alone."""
LOCK = ".lock"

Work = Callable[[Connection], Any]
Step = Callable[[str], None]

log = structlog.get_logger("clairvoie.oversight.publisher")


class Batch(Struct, frozen=True, kw_only=True):
    """What is to be published: the tree with the new leaves, the files, and which tiles are full now."""

    growth: Growth
    leaves: tuple[Leaf, ...]
    files: dict[str, bytes]
    full: tuple[Tile, ...]


class Publisher:
    """Publishes ``ledger`` into ``folder``. :meth:`open` before anything is recorded, :meth:`close` at the end.

    ``submit`` runs work in the store's writer, ``reading`` opens a connection that sees what is committed. ``step`` is
    told before each effect where it stands; tests end the process there.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        folder: Path,
        key: Ed25519PrivateKey,
        submit: Callable[[Work], Future[Any]],
        reading: Callable[[], AbstractContextManager[Connection]],
        witnesses: Witnesses | None = None,
        step: Step = lambda _name: None,
    ) -> None:
        self.ledger = ledger
        self.folder = folder
        self.head: Opened | None = None
        self.published_at: float | None = None
        self.witnesses = witnesses or Witnesses((), clock=ledger.clock)
        self._key = key
        self._submit = submit
        self._reading = reading
        self._step = step
        self._growth = Growth()
        self._lock: int | None = None
        self._once = threading.Lock()
        self._left_epoch = -EPOCH_SECONDS

    @property
    def key(self) -> NoteKey:
        """The public key of the present epoch's checkpoints."""
        return NoteKey(name=self.ledger.origin, kind=ED25519, public=self._public)

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    @property
    def place(self) -> Path:
        """The folder of the present epoch."""
        return self.folder / str(self.ledger.epoch)

    def open(self) -> None:
        """Lock the folder, open the ledger's tables, decide the epoch, and go on where the published log stands."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / LOCK)
        work = self._submit(lambda connection: open_ledger(connection, self.ledger, self.folder, self._public))
        self._growth = work.result()
        checkpoint = self.place / CHECKPOINT
        if checkpoint.is_file():
            self.head, self.published_at = self._opened(checkpoint.read_bytes()), checkpoint.stat().st_mtime
        self._clear_unfinished()

    def _clear_unfinished(self) -> None:
        """Take away what a crash left behind that no checkpoint covers."""
        for unfinished in self.folder.rglob(f"*{NEW}"):
            unfinished.unlink()
        for path in self.place.rglob("*"):
            found = read_path(path.relative_to(self.place).as_posix()) if path.is_file() else None
            if found is not None and _is_beyond(found, self._growth.size):
                path.unlink()

    def close(self) -> None:
        """Unlock the folder."""
        self.witnesses.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def seal(self) -> int:
        """Seal the minutes that are over; how many leaves that made."""
        return int(self._submit(lambda connection: self.ledger.seal(connection, self.ledger.clock())).result())

    def publish(self) -> Opened | None:
        """Publish what is new; the checkpoint that stands then."""
        with self._once:
            with self._reading() as connection:
                batch = self._prepare(connection)
            if batch.leaves:
                write_files(self.place, batch.files, self._step)
                self._submit(lambda connection: mark_due(connection, self._acts_in(batch))).result()
                self._step("tiles are on the disk")
                self._sign(batch)
            elif self.head is not None and self.witnesses.wanted(self.head.cosigners):
                self._put(self.head.note, self._growth.size)
            self._write_bodies()
            return self.head

    def _prepare(self, connection: Connection) -> Batch:
        leaves = self.ledger.leaves(connection, self._growth.size, MOST_LEAVES)
        growth, files, full = self._growth.copy(), {}, []
        for tile, data in growth.extend([leaf.leaf for leaf in leaves]):
            files[tile.path] = data
            full.append(tile)
        for leaf in leaves:
            if leaf.is_minute:
                files[minute_path(leaf.position)] = b"".join(n + b"\n" for n in headers_of(connection, leaf.number))
        if leaves:
            files.update({tile.path: data for tile, data in growth.edge()})
        return Batch(growth=growth, leaves=tuple(leaves), files=files, full=tuple(full))

    def _acts_in(self, batch: Batch) -> set[tuple[int, int]]:
        assert self.ledger.epoch is not None
        return {(self.ledger.epoch, leaf.position // WIDTH) for leaf in batch.leaves if leaf.is_public}

    def _sign(self, batch: Batch) -> None:
        checkpoint = Checkpoint(origin=self.ledger.origin, size=batch.growth.size, root=batch.growth.root())
        if self.head is not None and checkpoint.size < self.head.checkpoint.size:
            raise OversightError("a checkpoint below the last one is never signed", checkpoint.size)
        signature = sign_note(checkpoint.text, checkpoint.origin, self._key)
        self._step("signed")
        if self._put(Note(text=checkpoint.text, signatures=(signature,)), checkpoint.size):
            self._growth = batch.growth
            for tile in batch.full:
                self._drop_partial(tile)

    def _put(self, note: Note, size: int) -> bool:
        """Ask the witnesses, then publish the checkpoint; ``False`` if a new epoch began instead."""
        tiles = TreeTiles(self._read_tile, size)
        answer = self.witnesses.ask(note, size, tiles.consistency)
        if isinstance(answer, Disagrees):
            self._leave_epoch(answer)
            return False
        self._step("cosigned")
        fresh = {signature.name for signature in answer}
        kept = tuple(signature for signature in note.signatures if signature.name not in fresh)
        data = Note(text=note.text, signatures=(*kept, *answer)).encode()
        write_files(self.place, {CHECKPOINT: data}, self._step)
        self.head, self.published_at = self._opened(data), self.ledger.clock()
        self._step("published")
        return True

    def _opened(self, data: bytes) -> Opened:
        return open_checkpoint(data, self.key, self.witnesses.keys)

    def _leave_epoch(self, witness: Disagrees) -> None:
        """A witness cosigned another history: the store was restored. Begin a new epoch, sign no more in this one."""
        log.error("witness-disagrees", witness=witness.name, size=witness.size, origin=self.ledger.origin)
        now = self.ledger.clock()
        if now - self._left_epoch < EPOCH_SECONDS:
            self.witnesses.rest(witness.name, EPOCH_SECONDS)
            return
        epoch, head = self.ledger.epoch, self.head
        assert epoch is not None
        last = Checkpoint(origin=self.ledger.origin, size=0, root=Growth().root()) if head is None else head.checkpoint
        former = Published(epoch=epoch, size=last.size, root=last.root, text=last.text)
        reason = f"witness {witness.name} has cosigned another log of {witness.size} entries"
        self._clear_unfinished()
        self._submit(lambda c: begin_new_epoch(c, self.ledger, self.folder, former, reason)).result()
        self._growth, self.head, self._left_epoch = Growth(), None, now

    def _read_tile(self, path: str) -> bytes | None:
        try:
            return (self.place / path).read_bytes()
        except FileNotFoundError:
            return None

    def _drop_partial(self, tile: Tile) -> None:
        """The partial tiles before a full one go; a reader with an older checkpoint finds the full one."""
        full = self.place / tile.path
        partial = full.with_name(full.name + ".p")
        if partial.is_dir():
            for path in partial.iterdir():
                path.unlink()
            partial.rmdir()

    def _write_bodies(self) -> None:
        """Write the published acts of every bundle that is marked: new ones, and those of which some are forgotten."""
        with self._reading() as connection:
            rows = connection.execute(select(tables.bodies_due)).all()
            size = 0 if self.head is None else self.head.checkpoint.size
            ends = {self.ledger.epoch: size}
            due = [row for row in rows if row.bundle * WIDTH < ends.get(row.epoch, 2**62)]
            bundles = {(row.epoch, row.bundle) for row in due}
            files = {f"{e}/{bodies_path(b)}": _bodies(connection, e, b, ends.get(e, 2**62)) for e, b in bundles}
        if files:
            write_files(self.folder, files, self._step)
            self._step("bodies are on the disk")
            self._submit(lambda connection: _written(connection, [row.id for row in due])).result()


def _bodies(connection: Connection, epoch: int, bundle: int, size: int) -> bytes:
    """The published acts of a bundle: those of public kinds that are below ``size`` and not forgotten."""
    table = tables.entries.c
    first = bundle * WIDTH
    query = select(table.position, table.salt, table.body).where(
        table.epoch == epoch,
        table.position >= first,
        table.position < min(first + WIDTH, size),
        table.kind.in_([kind.value for kind in PUBLIC_KINDS]),
        table.body.is_not(None),
    )
    rows = connection.execute(query.order_by(table.position))
    bodies = [ActBody(index=row.position, salt=row.salt.hex(), entry=decode_entry(row.body)) for row in rows]
    return b"".join(encode_line(body) + b"\n" for body in bodies)


def _written(connection: Connection, marks: Sequence[int]) -> None:
    connection.execute(delete(tables.bodies_due).where(tables.bodies_due.c.id.in_(marks)))


def _is_beyond(found: Tile | tuple[str, int], size: int) -> bool:
    if isinstance(found, Tile):
        level = found.level if isinstance(found.level, int) else 0
        return found.number * WIDTH + found.width > size >> 8 * level
    kind, number = found
    return number >= size if kind == "minutes" else number * WIDTH >= size


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OversightError("another hub publishes into this folder", str(path.parent), "Stop it first.") from None
    return descriptor
