"""How the ledger is laid out in files, on a disk as over HTTP: C2SP tlog-tiles, and our published bodies beside it.

::

    <epoch>/checkpoint               the signed head of this epoch's log
    <epoch>/tile/<L>/<N>[.p/<W>]     hashes of level L: 256 a tile, or W in the last, partial one
    <epoch>/tile/entries/<N>[...]    the leaves themselves, each after its length in two bytes
    <epoch>/bodies/<N>               published acts among the 256 entries of bundle N (see ActBody)
    <epoch>/minutes/<index>          headers of the records that the minute at this index holds (see RecordHeader)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clairvoie.errors import MalformedMessage

WIDTH = 256
"""Hashes in a full tile."""
ENTRIES = "entries"
CHECKPOINT = "checkpoint"
_NUMBER = r"(?:x[0-9]{3}/)*[0-9]{3}"
_TILE = re.compile(rf"tile/(entries|0|[1-9][0-9]?)/({_NUMBER})(?:\.p/([1-9][0-9]{{0,2}}))?")
_EPOCH = re.compile(r"0|[1-9][0-9]{0,8}")
_BESIDE = re.compile(rf"(bodies|minutes)/({_NUMBER})")


class Tile(NamedTuple):
    """One tile: its level (``"entries"`` for the leaves themselves), its number, and how wide it is."""

    level: int | str
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it lies.

        >>> Tile(0, 1234067).path, Tile("entries", 3, 17).path
        ('tile/0/x001/x234/067', 'tile/entries/003.p/17')
        """
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{number_path(self.number)}{partial}"


def is_epoch(text: str) -> bool:
    """Whether a folder or the end of an origin is the number of an epoch, in its one spelling.

    >>> [is_epoch(text) for text in ("0", "17", "07", "", "٣", "9" * 5000)]
    [True, True, False, False, False, False]
    """
    return _EPOCH.fullmatch(text) is not None


def number_path(number: int) -> str:
    """A number as tlog-tiles writes it into a path.

    >>> number_path(5), number_path(1234067)
    ('005', 'x001/x234/067')
    """
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return "/".join(parts)


def bodies_path(bundle: int) -> str:
    """Where the published acts of a bundle lie."""
    return f"bodies/{number_path(bundle)}"


def minute_path(index: int) -> str:
    """Where the headers of the minute at ``index`` lie."""
    return f"minutes/{number_path(index)}"


def read_path(path: str) -> Tile | tuple[str, int] | None:
    """What lies at a path of one epoch: a tile, or ``("bodies", bundle)``, ``("minutes", index)``; ``None``: nothing
    of ours.

    >>> read_path("tile/entries/003.p/17"), read_path("minutes/x001/000"), read_path("tile/00/000")
    (Tile(level='entries', number=3, width=17), ('minutes', 1000), None)
    """
    if found := _TILE.fullmatch(path):
        level = found[1] if found[1] == ENTRIES else int(found[1])
        tile = Tile(level, _number(found[2]), int(found[3] or WIDTH))
        return tile if tile.path == path else None
    if found := _BESIDE.fullmatch(path):
        number = _number(found[2])
        return (found[1], number) if number_path(number) == found[2] else None
    return None


def _number(digits: str) -> int:
    return int(digits.replace("x", "").replace("/", ""))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of hashes that a tree of ``size`` leaves has, level by level.

    >>> [tile.path for tile in tiles_of(257)]
    ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1']
    """
    level, count = 0, size
    while count:
        full, partial = divmod(count, WIDTH)
        yield from (Tile(level, number) for number in range(full))
        if partial:
            yield Tile(level, full, partial)
        level, count = level + 1, full


def tile_at(level: int | str, number: int, size: int) -> Tile:
    """The tile of that number as it stands in a tree of ``size`` leaves: full, or partial if it is the last."""
    count = size if level == ENTRIES else size >> (8 * int(level))
    return Tile(level, number, min(WIDTH, count - number * WIDTH))


def encode_entries(leaves: Sequence[bytes]) -> bytes:
    """A bundle of leaves, each after its length in two bytes, big end first."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def decode_entries(data: bytes, width: int) -> list[bytes]:
    """Exactly ``width`` leaves of a bundle, and nothing after them."""
    leaves: list[bytes] = []
    position = 0
    while position < len(data):
        end = position + 2 + int.from_bytes(data[position : position + 2], "big")
        if end > len(data) or len(leaves) == width:
            raise MalformedMessage(f"a bundle of {width} entries has another length", len(data))
        leaves.append(data[position + 2 : end])
        position = end
    if len(leaves) != width:
        raise MalformedMessage(f"a bundle of {width} entries holds another number of them", len(leaves))
    return leaves
