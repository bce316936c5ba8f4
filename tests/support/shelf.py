"""A published log in memory, so that one bit of it can be flipped ten thousand times without a disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


class Shelf:
    """A log's files; a :class:`~clairvoie.oversight.tree.Source`."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    @classmethod
    def of(cls, folder: Path) -> Shelf:
        return cls({p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()})

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def names(self) -> list[str]:
        return sorted(self.files)

    def with_file(self, path: str, data: bytes | None) -> Shelf:
        """The same with one file replaced, or gone."""
        files = {**self.files, path: data or b""}
        if data is None:
            del files[path]
        return Shelf(files)

    def flips(self) -> Iterator[tuple[str, int, Shelf]]:
        """Every log that differs from this one in a single bit: the file, the bit, the log."""
        for path, data in sorted(self.files.items()):
            for bit in range(len(data) * 8):
                yield path, bit, self.flipped(path, bit)

    def flipped(self, path: str, bit: int) -> Shelf:
        data = bytearray(self.files[path])
        data[bit // 8] ^= 1 << bit % 8
        return self.with_file(path, bytes(data))
