"""What a technician does: drafts acts of sensors' lives, signs them, and puts them where the hub looks.

Every act is tried against those that are there before any is written (:meth:`Technician.sign`), by the very rule that
the hub uses, so that what is written is what the hub accepts. All of them or none; only a crash of the machine between
two files can leave some.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import (
    LIFE_TYPE,
    SignedDocument,
    add_signature,
    encode_document,
    unsigned,
)
from clairvoie.boundary.life import EnrolmentRequest, LifeAct, NodeAct, SensorAct, SensorState, encode_life
from clairvoie.boundary.sensor import Place
from clairvoie.errors import HubError
from clairvoie.hub.acts_on_disk import ActsFolder
from clairvoie.hub.lives import KeyEpoch, Lives, fold

PHOTOGRAPHS = "photographs"


class Technician:
    """The acts of a deployment as they lie in ``folder``, under ``charter``; ``reserved`` are simulated names."""

    def __init__(self, charter: Charter, folder: Path, *, reserved: frozenset[str] = frozenset()) -> None:
        self.charter = charter
        self.folder = folder
        self._reserved = reserved
        look = ActsFolder(folder).look()
        self._documents = look.documents
        self.lives, rejected = self._fold(self._documents)
        self.unread = tuple(f"{name}: {why}" for name, why in look.broken) + tuple(
            f"{digest[:16]}: {why}" for digest, why in rejected
        )

    def _fold(self, documents: Iterable[SignedDocument]) -> tuple[Lives, tuple[tuple[str, str], ...]]:
        lives, rejected = fold(self.charter, documents, reserved=self._reserved)
        return lives, tuple((r.digest, r.why) for r in rejected)

    def sign(self, acts: Sequence[LifeAct], key: Ed25519PrivateKey) -> tuple[SignedDocument, ...]:
        """Signed documents of ``acts``. Raises :class:`HubError` unless the hub would accept every one of them, and
        none that is there would cease to count."""
        documents = tuple(add_signature(unsigned(LIFE_TYPE, encode_life(act)), key) for act in acts)
        if not self.charter.technicians_that_signed(documents[0]):
            raise HubError("this key is not that of one of the charter's technicians", None, "Give --key another file.")
        before = {lived.digest for lived in self.lives.acts}
        lives, rejected = self._fold([*self._documents, *documents])
        counted = {lived.digest for lived in lives.acts}
        for document, act in zip(documents, acts, strict=True):
            if document.digest not in counted:
                why = dict(rejected).get(document.digest, "")
                raise HubError(
                    f"this act about {act.about} would not count: {why.rstrip('.')}", None, "Nothing was written."
                )
        if not before <= counted:
            raise HubError("this act would undo others that count", None, "Date it later. Nothing was written.")
        return documents

    def write(self, documents: Iterable[SignedDocument]) -> None:
        """Put signed acts where the hub looks, each whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for document in documents:
            put(self.folder / f"{document.digest[:32]}.json", encode_document(document))

    def moment(self, name: str, now: float) -> float:
        """When an act about a sensor or node that is signed now can be dated: not before its last."""
        dated = [x.act.at for x in (*self.lives.of_sensor(name), *self.lives.of_node(name))]
        return max([now, *(at + 0.001 for at in dated)])

    def last(self, sensor: str) -> SensorAct:
        """The last act of a sensor. Raises :class:`HubError` when it has none."""
        acts = self.lives.of_sensor(sensor)
        if not acts or not isinstance(acts[-1].act, SensorAct):
            raise HubError("no such sensor was enrolled", sensor, "`clairvoie sensor list` names them all.")
        return acts[-1].act

    def place(self, sensor: str) -> Place:
        """Where a sensor stands, by its last act that said so."""
        return self.lives.book().sensors[sensor].sensor.place

    def newest_key(self, node: str) -> KeyEpoch:
        """The newest key of a node. Raises :class:`HubError` when it has none."""
        key = self.lives.book().newest.get(node)
        if key is None:
            raise HubError("no such node was enrolled", node, "`clairvoie sensor list` names them all.")
        return key

    def node_act(self, request: EnrolmentRequest, at: float, certificate: str) -> NodeAct:
        """The act that enrols the key of a request with the certificate of that SHA-256."""
        return NodeAct(
            deployment=self.charter.deployment,
            at=at,
            node=request.node,
            epoch=request.epoch,
            public_key=request.public_key,
            certificate=certificate,
        )

    def sensor_act(self, sensor: str, state: SensorState, now: float, **more: object) -> SensorAct:
        """The act with which a sensor enters ``state``; ``more`` are further fields of :class:`SensorAct`."""
        last = self.last(sensor)
        fields: dict[str, object] = {"place": self.place(sensor) if state is SensorState.INSTALLED else None, **more}
        return SensorAct(
            deployment=self.charter.deployment,
            at=self.moment(sensor, now),
            sensor=sensor,
            node=last.node,
            kind=last.kind,
            state=state,
            **fields,  # type: ignore[arg-type]
        )


def technician_key(path: Path) -> Ed25519PrivateKey:
    """A technician's private key, PKCS #8 in PEM."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise HubError(f"the technician's key cannot be read ({error.strerror})", str(path)) from error
    except (ValueError, TypeError) as error:
        raise HubError(f"this is no private key in PEM ({error})", str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise HubError("a technician signs with an Ed25519 key", str(path))
    return key


def put(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, through to the disk."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
