"""Where a published log is read from: a folder, or an address over HTTP. Nothing that is read is believed here."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

from clairvoie.boundary.tile import CHECKPOINT, is_epoch
from clairvoie.errors import OversightError
from clairvoie.oversight.tree import Source

SECONDS = 30.0
MAXIMUM_FILE_BYTES = 256 * 1024 * 1024


class Folder:
    """A log's files in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, path: str) -> bytes | None:
        """A file's bytes; ``None`` when there is none."""
        try:
            return (self.path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def names(self) -> Iterable[str]:
        """The paths of all files."""
        return sorted(path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if not path.is_dir())


class Address:
    """A log's files under an address that begins with http:// or https://."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """What stands at a path; ``None`` when the server says that there is nothing."""
        request = urllib.request.Request(f"{self.base}/{path}", headers={"Accept-Encoding": "identity"})
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                data: bytes = answer.read(MAXIMUM_FILE_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return None
            raise OversightError(f"the log cannot be read (HTTP {error.code})", f"{self.base}/{path}") from error
        except OSError as error:
            raise OversightError(f"the log cannot be read ({error})", f"{self.base}/{path}") from error
        if len(data) > MAXIMUM_FILE_BYTES:
            raise OversightError("a file of the log is too large", f"{self.base}/{path}")
        return data

    def names(self) -> None:
        """A server does not list its files."""
        return


def source_of(where: str) -> Source:
    """A folder or an address, as it is written on the command line."""
    if where.startswith(("http://", "https://")):
        return Address(where)
    if not Path(where).is_dir():
        raise OversightError("there is no such folder", where, "Give a folder or an address of a published log.")
    return Folder(Path(where))


def logs_in(where: str) -> Iterator[tuple[str, Source]]:
    """Each epoch's log at ``where``, oldest first: its folders 0, 1, 2... if there are such, else the place itself.

    Raises :class:`OversightError` when an epoch is missing before another: in a folder before any, at an address, which
    lists nothing, before the next.
    """
    base, epoch = source_of(where), 0
    while base.read(f"{epoch}/{CHECKPOINT}") is not None:
        place = f"{where.rstrip('/')}/{epoch}"
        yield place, source_of(place)
        epoch += 1
    later = base.read(f"{epoch + 1}/{CHECKPOINT}") is not None or _has_later(Path(where), epoch)
    if later and (epoch or base.read(CHECKPOINT) is None):
        raise OversightError("an epoch of the log is missing before others", f"{where.rstrip('/')}/{epoch}")
    if epoch == 0 and base.read(CHECKPOINT) is None:
        raise OversightError("there is no log", where, "Give the folder or address that holds 'checkpoint' or '0'.")
    if epoch == 0:
        yield where, base


def _has_later(folder: Path, epoch: int) -> bool:
    """Whether a folder holds the log of an epoch after ``epoch``."""
    found = folder.glob(f"*/{CHECKPOINT}") if folder.is_dir() else ()
    return any(is_epoch(path.parent.name) and int(path.parent.name) > epoch for path in found)


def strangers(where: str, epochs: int) -> list[str]:
    """What lies in a folder of epochs beside them; nothing can be said of an address."""
    folder = Path(where)
    if not folder.is_dir() or not (folder / "0").is_dir():
        return []
    known = {".lock", *map(str, range(epochs))}
    return sorted(str(path) for path in folder.iterdir() if path.name not in known)
