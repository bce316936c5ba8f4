"""The head and the tree of a published log, read out of its files, with the place of whatever is not as it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from msgspec import Struct

from clairvoie.boundary.tile import CHECKPOINT, ENTRIES, WIDTH, Tile, decode_entries, tile_at
from clairvoie.errors import BoundaryError, MalformedMessage, OversightError
from clairvoie.oversight.checkpoint import NoteKey, Opened, open_checkpoint
from clairvoie.oversight.merkle import HASH_BYTES, consistency_ranges, inclusion_ranges, range_hash, root_of

Read = Callable[[str], bytes | None]


class Source(Protocol):
    """Where one epoch's files are read from."""

    def read(self, path: str) -> bytes | None:
        """A file's bytes; ``None`` when there is none."""
        ...

    def names(self) -> Iterable[str] | None:
        """The paths of all files; ``None`` where that cannot be known, as over HTTP."""
        ...


class Trust(Struct, frozen=True, kw_only=True):
    """Whom to believe. ``strict``: every signature on a checkpoint must be by one of these keys."""

    log: NoteKey
    witnesses: tuple[NoteKey, ...] = ()
    strict: bool = False


class Fault(NamedTuple):
    """Something that is not as it must be: in which file, at which entry, what."""

    place: str
    entry: int | None
    what: str

    def __str__(self) -> str:
        at = "" if self.entry is None else f": entry {self.entry}"
        return f"{self.place}{at}: {self.what}"


class Broken(OversightError):
    """A file that a proof needs is missing or is not what it must be."""

    def __init__(self, place: str, what: str, entry: int | None = None) -> None:
        super().__init__(what, place)
        self.fault = Fault(place, entry, what)


class TreeTiles:
    """The hashes of a tree of ``size`` leaves, out of its tiles. A partial tile that is gone is read from the full."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self.size = size
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    def hashes(self, level: int, number: int) -> list[bytes]:
        """The hashes of one tile."""
        if (level, number) not in self._kept:
            tile = tile_at(level, number, self.size)
            data = read_tile(self._read, tile, tile.width * HASH_BYTES)
            self._kept[level, number] = [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
        return self._kept[level, number]

    def subtree(self, height: int, index: int) -> bytes:
        """The hash of the perfect subtree over the leaves from ``index << height``, 2**height of them."""
        level, rest = divmod(height, 8)
        number, first = divmod(index << rest, WIDTH)
        return root_of(self.hashes(level, number)[first : first + (1 << rest)])

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that the leaf at ``index`` is in the tree."""
        return [range_hash(start, end, self.subtree) for start, end in inclusion_ranges(index, self.size)]

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree begins with the one of ``old`` leaves."""
        return [range_hash(start, end, self.subtree) for start, end in consistency_ranges(old, self.size)]

    def leaves(self, number: int) -> list[bytes]:
        """The entries of a bundle."""
        tile = tile_at(ENTRIES, number, self.size)
        data = self._read(tile.path)
        if data is not None:
            return _entries(data, tile, tile.width)
        full = Tile(ENTRIES, number)
        data = self._read(full.path)
        if data is None:
            raise Broken(tile.path, "is missing")
        return _entries(data, full, WIDTH)[: tile.width]


def _entries(data: bytes, tile: Tile, width: int) -> list[bytes]:
    try:
        return decode_entries(data, width)
    except MalformedMessage as error:
        raise Broken(tile.path, error.what) from error


def read_tile(read: Read, tile: Tile, length: int) -> bytes:
    """A tile's ``length`` bytes, from the full tile when the partial one is gone."""
    data = read(tile.path)
    if data is None and tile.width < WIDTH:
        full = Tile(tile.level, tile.number)
        data = read(full.path)
        if data is not None and len(data) == WIDTH * HASH_BYTES:
            return data[:length]
    if data is None:
        raise Broken(tile.path, "is missing")
    if len(data) != length:
        raise Broken(tile.path, f"has {len(data)} bytes where {length} belong")
    return data


def open_head(source: Source, trust: Trust) -> Opened:
    """The published checkpoint, signed by its log. Raises :class:`Broken`."""
    data = source.read(CHECKPOINT)
    if data is None:
        raise Broken(CHECKPOINT, "is missing")
    try:
        opened = open_checkpoint(data, trust.log, trust.witnesses)
    except BoundaryError as error:
        raise Broken(CHECKPOINT, str(error)) from error
    if trust.strict and opened.unknown:
        raise Broken(CHECKPOINT, f"bears a signature by somebody who is not in the charter, {opened.unknown[0]}")
    return opened
