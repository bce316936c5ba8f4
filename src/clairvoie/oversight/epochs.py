"""Which log a hub may go on with. A hub that was restored from a backup never signs below what was published.

A log is one epoch: an origin of its own, a tree of its own. When the hub opens its ledger it replays the leaves in its
store and compares them with the checkpoint it published last. If the store holds fewer leaves, or others, the store is
not the one that signed; going on would be a second history. So the former epoch is left as it was published, for ever,
and a new one begins, whose first entry names the former's last checkpoint and says why. Leaves that the store holds and
the former log does not show are put into the new one: nothing that was recorded is lost.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.tile import CHECKPOINT, ENTRIES, WIDTH, Tile, decode_entries, tile_at
from clairvoie.errors import BoundaryError, MalformedMessage, OversightError
from clairvoie.oversight import ledger_tables as tables
from clairvoie.oversight.checkpoint import ED25519, NoteKey, Opened, open_checkpoint, origin_of
from clairvoie.oversight.ledger import Ledger, count_of
from clairvoie.oversight.tiles import Growth

REPLAY_ROWS = 50_000


class Kept(Struct, frozen=True, kw_only=True):
    """What the store holds of an epoch: how many leaves, and the root over the first ``published`` of them."""

    epoch: int
    size: int
    root_at_published: bytes | None


class Published(Struct, frozen=True, kw_only=True):
    """The last checkpoint that lies in the published folder."""

    epoch: int
    size: int
    root: bytes
    text: str


def why_new_epoch(kept: Kept, published: Published | None) -> str | None:
    """Why the store must not sign on in its present epoch; ``None`` when it may. Pure.

    >>> kept = Kept(epoch=0, size=5, root_at_published=None)
    >>> why_new_epoch(kept, Published(epoch=0, size=9, root=bytes(32), text=""))
    'the store holds 5 entries of 9 that were published'
    >>> why_new_epoch(kept, None) is None
    True
    """
    if published is None or published.epoch < kept.epoch:
        return None
    if published.epoch > kept.epoch:
        return f"the store does not know epoch {published.epoch} that was published"
    if published.size > kept.size:
        return f"the store holds {kept.size} entries of {published.size} that were published"
    if published.root != kept.root_at_published:
        return "the store holds other entries than were published"
    return None


def open_ledger(connection: Connection, ledger: Ledger, folder: Path, key: bytes) -> Growth:
    """Make the tables, decide the epoch, and replay its leaves up to what is published.

    ``key`` is the public key for checkpoints. Raises :class:`OversightError` when a published checkpoint is not by it.
    """
    tables.metadata.create_all(connection)
    published = last_published(ledger.deployment, folder, key)
    epoch = connection.execute(select(func.max(tables.epochs.c.epoch))).scalar()
    if epoch is None:
        _begin(connection, ledger, 0 if published is None else published.epoch + 1, published, "")
        return Growth()
    _check_origin(connection, ledger, epoch)
    ledger.epoch = epoch
    own = published.size if published is not None and published.epoch == epoch else 0
    growth = replay(connection, epoch, own)
    kept = Kept(
        epoch=epoch,
        size=count_of(connection, epoch),
        root_at_published=growth.root() if growth.size == own else None,
    )
    reason = why_new_epoch(kept, published)
    if reason is None:
        return growth
    assert published is not None
    begin_new_epoch(connection, ledger, folder, published, reason)
    return Growth()


def last_published(deployment: str, folder: Path, key: bytes) -> Published | None:
    """The checkpoint of the greatest epoch in ``folder``."""
    numbers = [int(path.parent.name) for path in folder.glob(f"*/{CHECKPOINT}") if path.parent.name.isdecimal()]
    if not numbers:
        return None
    epoch = max(numbers)
    opened = read_published(folder / str(epoch), origin_of(deployment, epoch), key)
    head = opened.checkpoint
    return Published(epoch=epoch, size=head.size, root=head.root, text=opened.note.text)


def read_published(folder: Path, origin: str, key: bytes) -> Opened:
    """The checkpoint in an epoch's folder, which must be by this key."""
    path = folder / CHECKPOINT
    try:
        return open_checkpoint(path.read_bytes(), NoteKey(name=origin, kind=ED25519, public=key))
    except (BoundaryError, OSError) as error:
        raise OversightError(
            f"the published checkpoint is not one of this hub ({error})",
            str(path),
            "Give the hub its own folder for the ledger, or the key that signed this one.",
        ) from error


def replay(connection: Connection, epoch: int, size: int) -> Growth:
    """The tree over the first ``size`` leaves that the store holds of an epoch; smaller if it holds fewer."""
    growth, table = Growth(), tables.entries.c
    while growth.size < size:
        wanted = min(REPLAY_ROWS, size - growth.size)
        query = select(table.leaf).where(table.epoch == epoch, table.position >= growth.size)
        leaves = connection.execute(query.order_by(table.position).limit(wanted)).scalars().all()
        if not leaves:
            return growth
        for _tile in growth.extend(leaves):
            continue
    return growth


def begin_new_epoch(connection: Connection, ledger: Ledger, folder: Path, former: Published, reason: str) -> None:
    """Leave the present epoch as it was published and begin another, with the leaves that the former does not show."""
    present = ledger.epoch
    assert present is not None
    common = _common(connection, present, folder / str(present), former)
    _begin(connection, ledger, max(present, former.epoch) + 1, former, reason)
    table = tables.entries.c
    left = select(table.id).where(table.epoch == present, table.position >= common).order_by(table.position)
    moved = list(connection.execute(left).scalars())
    for position, number in enumerate(moved, start=1):
        connection.execute(
            update(tables.entries).where(table.id == number).values(epoch=ledger.epoch, position=position)
        )


def _begin(connection: Connection, ledger: Ledger, epoch: int, former: Published | None, reason: str) -> None:
    origin, now = origin_of(ledger.deployment, epoch), ledger.clock()
    size = 0 if former is None else former.size
    row = {"epoch": epoch, "origin": origin, "at": now, "former_size": size, "reason": reason}
    connection.execute(insert(tables.epochs).values(row))
    ledger.epoch = epoch
    detail = {"epoch": str(epoch)}
    if former is not None:
        detail |= {"former-checkpoint": former.text, "reason": reason or "the store is new"}
    ledger.record(connection, Entry(kind=EntryKind.EPOCH, at=now, who="hub", about=origin, detail=detail))


def _common(connection: Connection, epoch: int, folder: Path, former: Published) -> int:
    """How many leaves of the store the published log of this epoch begins with."""
    table = tables.entries.c
    query = select(table.position, table.leaf).where(table.epoch == epoch).order_by(table.position)
    shown: list[bytes] = []
    size = former.size if former.epoch == epoch else _size_of(folder)
    for row in connection.execute(query):
        if row.position >= size:
            return size
        if row.position % WIDTH == 0:
            shown = _bundle(folder, row.position // WIDTH, size)
        if row.position % WIDTH >= len(shown) or shown[row.position % WIDTH] != row.leaf:
            return int(row.position)
    return count_of(connection, epoch)


def _size_of(folder: Path) -> int:
    path = folder / CHECKPOINT
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    return int(lines[1]) if len(lines) > 1 and lines[1].isdecimal() else 0


def _bundle(folder: Path, number: int, size: int) -> list[bytes]:
    """The published leaves of a bundle; none if they cannot be read, so that all are put into the new epoch."""
    tile = tile_at(ENTRIES, number, size)
    for candidate in (tile, Tile(ENTRIES, number)):
        path = folder / candidate.path
        if path.is_file():
            try:
                return decode_entries(path.read_bytes(), candidate.width)
            except MalformedMessage:
                return []
    return []


def _check_origin(connection: Connection, ledger: Ledger, epoch: int) -> None:
    origin = connection.execute(select(tables.epochs.c.origin).where(tables.epochs.c.epoch == epoch)).scalar_one()
    if origin != origin_of(ledger.deployment, epoch):
        raise OversightError("the store holds the ledger of another deployment", origin, "Give this one its own store.")
