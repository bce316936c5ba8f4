"""Signed acts of nodes' and sensors' lives, taken in from a folder while the hub runs, kept, and entered in the ledger.

An act is accepted once and kept in the store: whoever deletes its file undoes nothing. One that would make an act not
count that was accepted before (it is dated back) is not accepted. What narrows, a revocation or a state in which a
sensor does not report, binds before it is stored and even if it cannot be; everything else binds after its commit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import SignedDocument, decode_document, encode_document
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.life import InspectionAct, LifeAct, NodeAct, SensorAct, SensorState, decode_life
from clairvoie.boundary.standing import Rejected
from clairvoie.errors import StoreUnavailable
from clairvoie.hub import schema
from clairvoie.hub.acts_on_disk import ActsFolder
from clairvoie.hub.hub import Hub
from clairvoie.hub.lives import LivedAct, Lives, fold

log = structlog.get_logger("clairvoie.hub.registrar")

SILENCING = frozenset({SensorState.SUSPENDED, SensorState.MAINTENANCE, SensorState.MOVED, SensorState.RETIRED})
DATED_BACK = "dated back: it would undo an act that was accepted before"

Fold = Callable[[tuple[SignedDocument, ...]], tuple[Lives, tuple[Rejected, ...]]]


def narrows(act: LifeAct) -> bool:
    """Whether an act only takes away what may be said: it adds no key, no node and no sensor."""
    if isinstance(act, NodeAct):
        return act.revoked
    return isinstance(act, SensorAct) and act.state in SILENCING


def admit(
    folded: Fold, held: Sequence[SignedDocument], found: Iterable[SignedDocument]
) -> tuple[list[SignedDocument], tuple[Rejected, ...]]:
    """Which of ``found`` are accepted beside those ``held``, none of which is ever displaced. Pure.

    >>> admit(lambda documents: (Lives(), ()), [], [])
    ([], ())
    """
    known = {document.digest for document in held}
    fresh = {document.digest: document for document in found if document.digest not in known}
    before = {digest for digest, _ in folded(tuple(held))[1]}

    def with_these(documents: list[SignedDocument]) -> tuple[Lives, tuple[Rejected, ...], bool]:
        lives, rejected = folded((*held, *documents))
        return lives, rejected, {digest for digest, _ in rejected} & known <= before

    lives, rejected, harmless = with_these(list(fresh.values()))
    if harmless:
        counted = {lived.digest for lived in lives.acts}
        return [document for digest, document in fresh.items() if digest in counted], rejected
    accepted: list[SignedDocument] = []
    grown = True
    while grown:  # one by one, again and again: each may have waited for another
        grown = False
        for digest in sorted(fresh.keys() - {document.digest for document in accepted}):
            lives, _, harmless = with_these([*accepted, fresh[digest]])
            if harmless and digest in {lived.digest for lived in lives.acts}:
                accepted.append(fresh[digest])
                grown = True
    reasons = dict(with_these([])[1]) | dict(rejected)
    left = sorted(fresh.keys() - {document.digest for document in accepted})
    return accepted, tuple(Rejected(digest, reasons.get(digest, DATED_BACK)) for digest in left)


class Registrar:
    """Looks at ``folder`` and keeps ``hub``'s enrolment up to date. Its methods run in one thread at a time."""

    def __init__(self, hub: Hub, charter: Charter, folder: Path) -> None:
        self._hub = hub
        self._base = hub.task.enrolment
        self._folder = ActsFolder(folder)
        reserved = frozenset({*self._base.nodes, *self._base.sensors})
        # remembered, so that an act is believed after one fold, however many there are
        self._fold: Fold = lru_cache(4)(lambda documents: fold(charter, documents, reserved=reserved))
        with hub.store.reading() as connection:
            rows = connection.execute(select(schema.lives.c.document).order_by(schema.lives.c.digest))
            self._held = [decode_document(row.document) for row in rows]
        self._due = -math.inf
        self._pending = False
        self.rejected: tuple[Rejected, ...] = ()

    def look(self) -> None:
        """Take in what is new in the folder, and what the time has brought. Never raises for a document."""
        seen = self._folder.look()
        now = self._hub.clock()
        if not seen.changed and not self._pending and now < self._due:
            return
        accepted, rejected = admit(self._fold, self._held, seen.documents)
        self._say(rejected + tuple(Rejected(name, why) for name, why in seen.broken))
        try:
            if accepted:
                self._believe([*self._held, *(d for d in accepted if narrows(decode_life(d.body)))], now)
                self._keep(accepted, now)
            self._believe(self._held, now)
            self._pending = False
        except StoreUnavailable as error:
            self._pending = True
            log.error("life-acts-wait", why=str(error), acts=len(accepted))

    def _believe(self, documents: Sequence[SignedDocument], now: float) -> None:
        lives = self._fold(tuple(documents))[0]
        self._hub.enrol(lives.enrolment(self._base, now), lives)
        self._due = lives.next_change(now)

    def _say(self, rejected: tuple[Rejected, ...]) -> None:
        for refused in rejected:
            if refused not in self.rejected:
                log.warning("life-act-rejected", digest=refused.digest, why=refused.why)
        self.rejected = rejected

    def _keep(self, accepted: list[SignedDocument], now: float) -> None:
        """Store acts with their entries, and wait for the commit."""
        digests = {document.digest for document in accepted}
        acts = [lived for lived in self._fold((*self._held, *accepted))[0].acts if lived.digest in digests]
        self._hub.store.submit(lambda connection: self._write(connection, accepted, acts, now)).result()
        self._held += accepted
        for lived in acts:
            log.info("life-act", digest=lived.digest, signed_by=lived.signed_by, about=lived.act.about)

    def _write(self, connection: Connection, accepted: list[SignedDocument], acts: list[LivedAct], now: float) -> None:
        statement = upsert(schema.lives).on_conflict_do_nothing()
        rows = [{"digest": d.digest, "accepted": now, "document": encode_document(d)} for d in accepted]
        connection.execute(statement, rows)
        for lived in acts:
            self._hub.ledger.record(connection, entry_of(lived, now))


def entry_of(lived: LivedAct, now: float) -> Entry:
    """What the ledger keeps of an act: public, for it says nothing of anybody but who signed."""
    return Entry(
        kind=EntryKind.INSPECTION if isinstance(lived.act, InspectionAct) else EntryKind.LIFE,
        at=now,
        who=", ".join(lived.signed_by),
        about=lived.act.about,
        detail=_detail(lived),
    )


def _detail(lived: LivedAct) -> dict[str, str]:
    act = lived.act
    detail = {"act": lived.digest, "dated": f"{act.at:.3f}", "node": act.node, "words": act.words}
    if isinstance(act, NodeAct):
        detail |= {
            "epoch": str(act.epoch),
            "key": act.public_key,
            "certificate": act.certificate,
            "revoked": "yes" if act.revoked else "",
        }
    elif isinstance(act, InspectionAct):
        detail |= {"findings": str(act.findings), "report": act.report}
    else:
        detail |= {
            "state": act.state.value,
            "kind": act.kind.value,
            "hardware": act.hardware,
            "calibration": "" if act.calibration is None else f"{act.calibration:g} dB",
            "calibrated": act.calibrated,
            "photograph": act.photograph,
        }
        if act.place is not None:
            detail["place"] = f"{act.place.latitude:.6f}, {act.place.longitude:.6f}, {act.place.height:g} m"
            detail["at"] = act.place.words
    return {name: text for name, text in detail.items() if text}
