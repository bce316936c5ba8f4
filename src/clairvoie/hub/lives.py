"""The lives of nodes and sensors, folded from signed acts: a pure rule.

:func:`fold` takes documents in any order, any number of times, and says which count and why the others do not. An act
counts when a technician of the charter signed it and when it fits those before it, in the order of their ``at``; acts
of the same moment are taken nodes first, then by digest. What holds at a moment follows from the acts up to it alone.

**What a key may still say.** The newest epoch of a node speaks. After a rotation the epoch before it is still taken for
:data:`GRACE_SECONDS`, for records about seconds before the rotation. A revoked key is refused at once, whatever second
it claims, because a thief would date records back; what was stored before stays stored, and stays valid.

What remains: whoever holds a technician's key can date an act back, and so make later ones not fit. That never makes a
key or a sensor believed that no technician signed, and every act is in the ledger in the order in which it arrived.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from msgspec.structs import replace

from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import LIFE_TYPE, SignedDocument
from clairvoie.boundary.life import NEXT, SPEAKING, InspectionAct, LifeAct, NodeAct, SensorAct, SensorState, decode_life
from clairvoie.boundary.overseen import Life, LifeLine
from clairvoie.boundary.sensor import Place, Sensor
from clairvoie.boundary.standing import Rejected
from clairvoie.errors import BoundaryError
from clairvoie.hub.enrolment import Active, Enrolment, KnownNode

GRACE_SECONDS = 7 * 86_400
"""For so long after a rotation a node may still deliver what its former key signed before it, and may still come
through the door with its former certificate."""
REMEMBERED = 2**17
"""Verified acts that are kept in memory; a city of 15,000 sensors has some 60,000."""


class LivedAct(Struct, frozen=True, kw_only=True):
    """An act that counts: its digest, what it says, and the technicians who signed it."""

    digest: str
    act: LifeAct
    signed_by: tuple[str, ...]


class Certified(NamedTuple):
    """A TLS certificate by its SHA-256, and the moment from which it opens the door."""

    digest: str
    since: float


class KeyEpoch(Struct, frozen=True, kw_only=True):
    """One key of a node: from when it is believed, when another replaced it, and when it was revoked."""

    node: str
    epoch: int
    public_key: str
    since: float
    replaced: float = math.inf
    revoked: float = math.inf
    certificates: tuple[Certified, ...] = ()


class Lives(Struct, frozen=True, kw_only=True):
    """All acts that count, in their order."""

    exercise: bool = False
    acts: tuple[LivedAct, ...] = ()

    def until(self, moment: float) -> Lives:
        """The acts up to ``moment``."""
        return replace(self, acts=tuple(lived for lived in self.acts if lived.act.at <= moment))

    def of_sensor(self, sensor: str) -> tuple[LivedAct, ...]:
        """The acts of one sensor, oldest first."""
        return tuple(x for x in self.acts if isinstance(x.act, SensorAct) and x.act.sensor == sensor)

    def of_node(self, node: str) -> tuple[LivedAct, ...]:
        """The acts about the keys of one node, oldest first."""
        return tuple(x for x in self.acts if isinstance(x.act, NodeAct) and x.act.node == node)

    def book(self) -> Book:
        """Where these acts lead."""
        book = Book(exercise=self.exercise)
        for lived in self.acts:
            book.take(lived.act)
        return book

    def next_change(self, now: float) -> float:
        """The first moment after ``now`` at which another enrolment holds, if no act is added."""
        moments = [lived.act.at for lived in self.acts]
        moments += [moment + GRACE_SECONDS for moment in moments]
        return min((moment for moment in moments if moment > now), default=math.inf)

    def enrolment(self, base: Enrolment, now: float) -> Enrolment:
        """``base`` (what the settings list) with everything that these acts establish at ``now``."""
        book = self.until(now).book()
        known = {key: _known(held) for key, held in book.keys.items()}
        newest = {node: known[node, held.epoch] for node, held in book.newest.items()}
        opening, closed = _certificates(book, now)
        return Enrolment(
            deployment=base.deployment,
            nodes={**base.nodes, **newest},
            sensors={**base.sensors, **{s: life.sensor for s, life in book.sensors.items()}},
            former={key: node for key, node in known.items() if _former(book, key, node, now)},
            states={s: life.state for s, life in book.sensors.items()},
            active={s: tuple(life.active) for s, life in book.sensors.items()},
            certificates=opening,
            refused=closed,
            calibrated=frozenset(s for s, life in book.sensors.items() if life.calibrated),
        )


class SensorLife:
    """A sensor's life so far: its state, how it stands, and when it was active."""

    def __init__(self, first: SensorAct, sensor: Sensor) -> None:
        self.state = first.state
        self.sensor = sensor
        self.active: list[Active] = []
        self.last = first
        self.calibrated = False
        self.hardware = first.hardware
        self.installed = first.at

    def enter(self, act: SensorAct, place: Place) -> None:
        """Go on to the state of ``act``, at ``place``."""
        if self.state in SPEAKING:
            self.active[-1] = self.active[-1]._replace(until=act.at)
        self.state = act.state
        self.calibrated = act.calibration is not None or (self.calibrated and act.state is not SensorState.INSTALLED)
        self.last = act
        self.sensor = replace(self.sensor, place=place)
        if act.state is SensorState.INSTALLED or (act.hardware and act.hardware != self.hardware):
            self.installed = act.at
        self.hardware = act.hardware or self.hardware
        if act.state in SPEAKING:
            self.active.append(Active(act.at, math.inf, self.sensor, self.installed))


class Book:
    """What the acts so far have led to. :meth:`take` raises :class:`BoundaryError` on an act that does not fit."""

    def __init__(self, *, exercise: bool = False, reserved: frozenset[str] = frozenset()) -> None:
        self.keys: dict[tuple[str, int], KeyEpoch] = {}
        self.newest: dict[str, KeyEpoch] = {}
        self.sensors: dict[str, SensorLife] = {}
        self._exercise = exercise
        self._reserved = reserved

    def take(self, act: LifeAct) -> None:
        """Take the next act."""
        if act.about in self._reserved:
            raise BoundaryError(
                "the hub's settings list a simulated one of this name", act.about, "Give it another name."
            )
        if isinstance(act, SensorAct):
            self._sensor(act)
        elif isinstance(act, InspectionAct):
            if act.node not in self.newest:
                raise BoundaryError("no such node was enrolled before", act.node)
        elif act.revoked:
            self._revoke(act)
        elif (act.node, act.epoch) in self.keys:
            self._renew(act)
        else:
            self._enrol(act)

    def _enrol(self, act: NodeAct) -> None:
        before = self.newest.get(act.node)
        if before is not None and act.epoch != before.epoch + 1:
            raise BoundaryError(f"the next key of {act.node} has epoch {before.epoch + 1}", act.epoch)
        if any(key.public_key == act.public_key for key in self.keys.values()):
            raise BoundaryError("this key was enrolled before; a new epoch has a new key", act.node)
        self._check_certificate(act)
        if before is not None:
            self._keep(replace(before, replaced=act.at))
        key = KeyEpoch(node=act.node, epoch=act.epoch, public_key=act.public_key, since=act.at)
        self._keep(_certified(key, act))

    def _renew(self, act: NodeAct) -> None:
        key = self.newest[act.node]
        if key.epoch != act.epoch or key.public_key != act.public_key:
            raise BoundaryError(f"{act.node} already has a key of this epoch", act.epoch, "Rotate to the next epoch.")
        if key.revoked <= act.at:
            raise BoundaryError("a revoked key stays revoked", act.node, "Rotate to a new key.")
        if not act.certificate:
            raise BoundaryError("this key is enrolled already", act.node)
        self._check_certificate(act)
        self._keep(_certified(key, act))

    def _revoke(self, act: NodeAct) -> None:
        key = self.keys.get((act.node, act.epoch))
        if key is None or key.public_key != act.public_key:
            raise BoundaryError(f"{act.node} never had this key in epoch {act.epoch}", act.public_key)
        if key.revoked <= act.at:
            raise BoundaryError("this key is revoked already", act.node)
        self._keep(replace(key, revoked=act.at))

    def _check_certificate(self, act: NodeAct) -> None:
        used = {certified.digest for key in self.keys.values() for certified in key.certificates}
        if act.certificate and act.certificate in used:
            raise BoundaryError("this certificate was enrolled before", act.certificate)

    def _keep(self, key: KeyEpoch) -> None:
        self.keys[key.node, key.epoch] = key
        newest = self.newest.get(key.node)
        if newest is None or key.epoch >= newest.epoch:
            self.newest[key.node] = key

    def _sensor(self, act: SensorAct) -> None:
        life = self.sensors.get(act.sensor)
        if life is None:
            self._begin(act)
            return
        if act.state not in NEXT[life.state]:
            raise BoundaryError(f"{act.sensor} is {life.state} and cannot become so", act.state.value)
        if (act.node, act.kind) != (life.sensor.node, life.sensor.kind):
            raise BoundaryError("a sensor keeps its node and its kind for life", act.sensor, "Replace it by another.")
        place = life.sensor.place if act.place is None else act.place
        if place != life.sensor.place and act.state is not SensorState.INSTALLED:
            raise BoundaryError("a sensor gets another place when it is installed", act.sensor)
        life.enter(act, place)

    def _begin(self, act: SensorAct) -> None:
        if act.state is not SensorState.PLANNED:
            raise BoundaryError(f"the life of {act.sensor} begins with planned", act.state.value)
        if act.node not in self.newest:
            raise BoundaryError("no such node was enrolled before", act.node)
        if act.place is None:
            raise BoundaryError("a sensor is planned for a place", act.sensor)
        sensor = Sensor(id=act.sensor, node=act.node, kind=act.kind, place=act.place, simulated=self._exercise)
        self.sensors[act.sensor] = SensorLife(act, sensor)


def fold(
    charter: Charter, documents: Iterable[SignedDocument], *, reserved: frozenset[str] = frozenset()
) -> tuple[Lives, tuple[Rejected, ...]]:
    """The lives that these documents establish under ``charter``, and which of them do not count.

    ``reserved`` are names of nodes and sensors that the settings list as simulated: no act may be about them. In an
    exercise every sensor is simulated.
    """
    found: dict[str, LivedAct] = {}
    rejected: set[Rejected] = set()
    for document in documents:
        try:
            lived = _lived(charter, document)
            held = found.get(lived.digest, lived)
            found[lived.digest] = replace(lived, signed_by=tuple(sorted({*held.signed_by, *lived.signed_by})))
        except BoundaryError as error:
            rejected.add(Rejected(_digest(document), str(error)))
    book = Book(exercise=charter.exercise, reserved=reserved)
    counted: list[LivedAct] = []
    for lived in sorted(found.values(), key=_order):
        try:
            book.take(lived.act)
            counted.append(lived)
        except BoundaryError as error:
            rejected.add(Rejected(lived.digest, str(error)))
    return Lives(exercise=charter.exercise, acts=tuple(counted)), tuple(sorted(rejected))


def _order(lived: LivedAct) -> tuple[float, bool, str]:
    return lived.act.at, not isinstance(lived.act, NodeAct), lived.digest


@lru_cache(REMEMBERED)
def _lived(charter: Charter, document: SignedDocument) -> LivedAct:
    """The act in a document, verified. Remembered, since all acts are folded again whenever one comes."""
    if document.payload_type != LIFE_TYPE:
        raise BoundaryError("not an act of a sensor's life", document.payload_type)
    signed_by = charter.technicians_that_signed(document)
    if not signed_by:
        raise BoundaryError("an act of a sensor's life is signed by one of the charter's technicians", "nobody")
    act = decode_life(document.body)
    if act.deployment != charter.deployment:
        raise BoundaryError("an act of another deployment", act.deployment)
    return LivedAct(digest=document.digest, act=act, signed_by=tuple(sorted(signed_by)))


def _digest(document: SignedDocument) -> str:
    try:
        return document.digest
    except BoundaryError:
        return ""


def _certified(key: KeyEpoch, act: NodeAct) -> KeyEpoch:
    if not act.certificate:
        return key
    return replace(key, certificates=(*key.certificates, Certified(act.certificate, act.at)))


def _known(key: KeyEpoch) -> KnownNode:
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key))
    return KnownNode(key.node, public, key.epoch, replaced=key.replaced, revoked=key.revoked < math.inf)


def _former(book: Book, key: tuple[str, int], node: KnownNode, now: float) -> bool:
    """Whether an earlier key still has to be known: to be taken for a while, or to be refused by name."""
    return key[1] != book.newest[key[0]].epoch and (node.revoked or now < node.replaced + GRACE_SECONDS)


def _certificates(book: Book, now: float) -> tuple[dict[str, str], frozenset[str]]:
    """Certificates that open the door at ``now``, with their nodes, and those that did and do no longer."""
    opening: dict[str, str] = {}
    closed: set[str] = set()
    for key in book.keys.values():
        ends = [later.since for later in key.certificates[1:]] + [key.replaced]
        for certified, end in zip(key.certificates, ends, strict=False):
            if key.revoked <= now or now >= end + GRACE_SECONDS:
                closed.add(certified.digest)
            else:
                opening[certified.digest] = key.node
    return opening, frozenset(closed)


def drifts_of(acts: Sequence[SensorAct]) -> list[float | None]:
    """For each act in order: how far in dB its calibration lies from the last one of the same hardware.

    A sensor that is installed anew, or has other hardware, has no last one.
    """
    found: list[float | None] = []
    last: float | None = None
    hardware = ""
    for act in acts:
        if act.state is SensorState.INSTALLED or (act.hardware and act.hardware != hardware):
            last = None
        hardware = act.hardware or hardware
        found.append(None if last is None or act.calibration is None else act.calibration - last)
        last = last if act.calibration is None else act.calibration
    return found


def life_of(lives: Lives, sensor: str, now: float) -> Life:
    """A sensor's life as pages show it, newest act first; acts that are dated ahead are not shown yet."""
    acts = [(x, x.act) for x in lives.of_sensor(sensor) if isinstance(x.act, SensorAct) and x.act.at <= now]
    drifts = drifts_of([act for _, act in acts])
    lines = tuple(
        LifeLine(
            at=act.at,
            state=act.state,
            by=", ".join(lived.signed_by),
            place=""
            if act.place is None
            else act.place.words or f"{act.place.latitude:.5f}, {act.place.longitude:.5f}",
            hardware=act.hardware,
            calibration=act.calibration,
            calibrated=act.calibrated,
            drift=drift,
            photograph=act.photograph,
            words=act.words,
            digest=lived.digest,
        )
        for (lived, act), drift in reversed([*zip(acts, drifts, strict=True)])
    )
    return Life(state=lines[0].state if lines else None, lines=lines)
