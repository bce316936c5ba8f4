"""A growing tree as tiles, and files that are on the disk before anything refers to them.

:class:`Growth` is pure: leaves in, tiles out, and the root at any moment from at most 255 hashes a level.
:func:`write_files` writes so that after a crash each file is either what it was or what it became.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from clairvoie.boundary.tile import ENTRIES, WIDTH, Tile, encode_entries
from clairvoie.oversight.merkle import join, leaf_hash, perfect_subtrees, root_of

AT_ONCE = 16
"""Files that are open at once while they are written."""
NEW = ".new"
"""How the name of a file ends that is not finished."""


class Growth:
    """The right edge of a tree: of each level the hashes of its last, unfinished tile."""

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[bytes]] = []
        self._bundle: list[bytes] = []

    def copy(self) -> Growth:
        """Another one that grows on its own."""
        other = Growth()
        other.size, other._bundle = self.size, list(self._bundle)
        other._rows = [list(row) for row in self._rows]
        return other

    def extend(self, leaves: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Add leaves; the tiles that become full. Must be consumed."""
        position = 0
        while position < len(leaves):
            taken = leaves[position : position + WIDTH - len(self._bundle)]
            position += len(taken)
            self.size += len(taken)
            self._bundle += taken
            self._row(0).extend(map(leaf_hash, taken))
            if len(self._bundle) == WIDTH:
                yield Tile(ENTRIES, self.size // WIDTH - 1), encode_entries(self._bundle)
                self._bundle = []
                yield from self._carry()

    def _carry(self) -> Iterator[tuple[Tile, bytes]]:
        """Each level whose tile is full gives it away and one hash to the level above."""
        level = 0
        while len(row := self._row(level)) == WIDTH:
            yield Tile(level, (self.size >> 8 * (level + 1)) - 1), b"".join(row)
            self._row(level + 1).append(root_of(row))
            row.clear()
            level += 1

    def _row(self, level: int) -> list[bytes]:
        if level == len(self._rows):
            self._rows.append([])
        return self._rows[level]

    def edge(self) -> Iterator[tuple[Tile, bytes]]:
        """The partial tiles as they stand now."""
        if self._bundle:
            yield Tile(ENTRIES, self.size // WIDTH, len(self._bundle)), encode_entries(self._bundle)
        for level, row in enumerate(self._rows):
            if row:
                yield Tile(level, self.size >> 8 * (level + 1), len(row)), b"".join(row)

    def root(self) -> bytes:
        """The root over all leaves."""
        peaks = []
        for row in reversed(self._rows):
            for height, index in perfect_subtrees(0, len(row)):
                peaks.append(root_of(row[index << height : (index + 1) << height]))
        return join(peaks)


def write_files(folder: Path, files: Mapping[str, bytes], step: Callable[[str], None] = lambda _name: None) -> None:
    """Write ``files`` (path in ``folder`` -> bytes). When this returns they are on the disk, as far as the disk keeps
    its promises; when it is cut short each is what it was or what it became.

    All are written beside their names and flushed, then renamed, then their folders are flushed. ``step`` is told where
    it stands; tests end the process there.
    """
    folders: set[Path] = set()
    names = list(files)
    for start in range(0, len(names), AT_ONCE):
        folders |= _write_new(folder, {name: files[name] for name in names[start : start + AT_ONCE]}, step)
    for name in files:
        path = folder / name
        step(f"flushed {name}")
        (path.parent / (path.name + NEW)).replace(path)
        step(f"renamed {name}")
        folders.add(path.parent)
    for parent in folders:
        flush_folder(parent)


def _write_new(folder: Path, files: Mapping[str, bytes], step: Callable[[str], None]) -> set[Path]:
    """Write files beside their names and flush them, all at the same time; the folders whose listing changed."""
    changed: set[Path] = set()
    with ExitStack() as stack:
        opened: list[int] = []
        for name, data in files.items():
            path = folder / name
            changed |= _make_folder(path.parent)
            file = stack.enter_context((path.parent / (path.name + NEW)).open("wb"))
            file.write(data)
            step(f"written {name}")
            file.flush()
            opened.append(file.fileno())
        if len(opened) == 1:
            os.fsync(opened[0])
        else:  # the disk joins flushes that are asked for together
            with ThreadPoolExecutor(max_workers=len(opened)) as pool:
                list(pool.map(os.fsync, opened))
    return changed


def _make_folder(path: Path) -> set[Path]:
    """Make a folder with its parents; those whose listing changed."""
    changed: set[Path] = set()
    missing = path
    while not missing.is_dir():
        changed.add(missing.parent)
        missing = missing.parent
    path.mkdir(parents=True, exist_ok=True)
    return changed


def flush_folder(path: Path) -> None:
    """Flush a folder's listing to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
