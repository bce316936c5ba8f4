"""The folder of signed acts, looked at again and again: what is new in it, and which of its files cannot be read.

A file is read again when its inode, size or time of change differ. One that is broken, half written, too large or
unreadable is a :class:`Broken`, never an error: the next look may find it whole. Nothing is ever written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clairvoie.boundary.document import MAXIMUM_DOCUMENT_BYTES, SignedDocument, decode_document
from clairvoie.errors import BoundaryError

Mark = tuple[int, int, int]


class Broken(NamedTuple):
    """A file that holds no signed document."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the folder holds, and whether that is any different from the last look."""

    documents: tuple[SignedDocument, ...]
    broken: tuple[Broken, ...]
    changed: bool


class ActsFolder:
    """``path`` with its ``*.json``. A folder that is not there is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, tuple[Mark, SignedDocument | Broken]] = {}
        self._unreadable: str = ""

    def look(self) -> Look:
        """Look once; only files that changed are read."""
        before = (self._known, self._unreadable)
        found: dict[str, tuple[Mark, SignedDocument | Broken]] = {}
        self._unreadable = ""
        try:
            paths = sorted(self.path.glob("*.json"))
        except OSError as error:
            paths, self._unreadable = [], str(error.strerror)
        for path in paths:
            entry = self._entry(path)
            if entry is not None:
                found[path.name] = entry
        self._known = found
        contents = [content for _, content in found.values()]
        broken = tuple(content for content in contents if isinstance(content, Broken))
        if self._unreadable:
            broken = (*broken, Broken(self.path.name, f"the folder cannot be read: {self._unreadable}"))
        return Look(
            documents=tuple(content for content in contents if isinstance(content, SignedDocument)),
            broken=broken,
            changed=before != (self._known, self._unreadable),
        )

    def _entry(self, path: Path) -> tuple[Mark, SignedDocument | Broken] | None:
        try:
            status = path.stat()
            mark = (status.st_ino, status.st_size, status.st_mtime_ns)
            known = self._known.get(path.name)
            if known is not None and known[0] == mark:
                return known
            if status.st_size > MAXIMUM_DOCUMENT_BYTES:
                return mark, Broken(path.name, f"more than {MAXIMUM_DOCUMENT_BYTES} bytes")
            return mark, _read(path)
        except FileNotFoundError:
            return None  # it went away between listing and reading
        except OSError as error:
            return (0, 0, 0), Broken(path.name, f"it cannot be read: {error.strerror}")


def _read(path: Path) -> SignedDocument | Broken:
    try:
        document = decode_document(path.read_bytes())
        _ = document.digest
    except BoundaryError as error:
        return Broken(path.name, str(error))
    return document
