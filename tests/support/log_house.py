"""A ledger over a real store, opened, closed, restored from a backup and killed as often as a test likes."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.charter import Charter, Signer, Witness, encode_charter
from clairvoie.boundary.entry import Entry, EntryKind, StoredRecord
from clairvoie.hub.store import Store
from clairvoie.oversight.checkpoint import ED25519, NoteKey, origin_of
from clairvoie.oversight.ledger import Ledger
from clairvoie.oversight.publisher import Publisher
from clairvoie.oversight.tree import Trust
from clairvoie.oversight.witnesses import Witnesses

DEPLOYMENT = "quai"
KEY = Ed25519PrivateKey.from_private_bytes(b"ledger".ljust(32, b"."))
MAYOR = Ed25519PrivateKey.from_private_bytes(b"mayor".ljust(32, b"."))
NOW = 1_795_316_645.0


class LogHouse:
    """``folder/log`` is what is published, ``folder/store.db`` the store."""

    def __init__(self, folder: Path, *, step: Callable[[str], None] = lambda _name: None) -> None:
        self.folder = folder
        self.path = folder / "store.db"
        self.log = folder / "log"
        self.now = NOW
        self.step = step
        self.witnesses: Callable[[], Witnesses | None] = lambda: None
        self._numbers = 0
        self._sequences: Counter[str] = Counter()

    def open(self) -> None:
        self.store = Store(self.path, deployment=DEPLOYMENT, sensors=("mic-a", "mic-b"))
        self.ledger = Ledger(DEPLOYMENT, lambda: self.now)
        self.publisher = Publisher(
            self.ledger,
            folder=self.log,
            key=KEY,
            submit=self.store.submit,
            reading=self.store.reading,
            witnesses=self.witnesses(),
            step=self.step,
        )
        self.publisher.open()

    def close(self) -> None:
        self.publisher.close()
        self.store.close()

    def again(self) -> None:
        """Close and open, as a hub that is restarted."""
        self.close()
        self.open()

    def record(self, *entries: Entry) -> None:
        self.store.submit(lambda connection: self.ledger.record_all(connection, entries)).result()

    def acts_in(self, connection: Any, count: int) -> None:
        """Acts inside somebody's transaction."""
        for _ in range(count):
            self.ledger.record(connection, Entry(kind=EntryKind.LOOK, at=self.now, who="anne"))

    def acts(self, count: int, kind: EntryKind = EntryKind.LOOK) -> None:
        self.record(*(Entry(kind=kind, at=self.now, who="anne", about=f"incident/{n}") for n in range(count)))

    def hear(self, sensor: str, *bodies: bytes) -> list[int]:
        """Records of a sensor, as the hub stores them; the numbers of their rows."""
        records = []
        for body in bodies:
            self._numbers += 1
            self._sequences[sensor] += 1
            number = self._numbers
            records.append(
                StoredRecord(
                    sensor=sensor,
                    epoch=0,
                    sequence=self._sequences[sensor],
                    number=number,
                    received=self.now,
                    millibits=60 + number,
                    body=body,
                )
            )
        self.store.submit(lambda connection: self.ledger.record_stored(connection, records)).result()
        return [record.number for record in records]

    def skip(self, sensor: str, count: int) -> None:
        """The sensor's next records have numbers that the hub never gets, or leaves out."""
        self._sequences[sensor] += count

    def minute(self) -> None:
        """A minute passes and is sealed."""
        self.now += 60.0
        self.publisher.seal()

    def back_up(self, name: str = "backup") -> None:
        """Copy the store as it is, with everything committed."""
        self.close()
        shutil.copy(self.path, self.folder / name)
        self.open()

    def restore(self, name: str = "backup") -> None:
        """Put the copy in its place, as after a broken disk, and start again."""
        self.close()
        for stale in self.folder.glob("store.db-*"):
            stale.unlink()
        shutil.copy(self.folder / name, self.path)
        self.open()

    def trust(self, epoch: int = 0) -> Trust:
        public = KEY.public_key().public_bytes_raw()
        return Trust(log=NoteKey(name=origin_of(DEPLOYMENT, epoch), kind=ED25519, public=public))


def charter_file(house: LogHouse, *witnesses: Witness, needed: int = 0) -> Path:
    """The house's charter in a file: its log's key, and these witnesses."""
    charter = Charter(
        deployment=DEPLOYMENT,
        exercise=True,
        roles=(Signer(id="mayor", holder="the mayor", public_key=MAYOR.public_key().public_bytes_raw().hex()),),
        threshold=1,
        leases="11" * 32,
        ledger=KEY.public_key().public_bytes_raw().hex(),
        witnesses=witnesses,
        witness_threshold=needed,
    )
    path = house.folder / "charter.json"
    path.write_bytes(encode_charter(charter))
    return path
