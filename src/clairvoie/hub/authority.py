"""Whose leave the hub has: its charter, the signed acts it accepted, and what holds under them.

An act is accepted once and kept in the store: whoever deletes or alters its file withdraws nothing. What narrows binds
at once, before it is stored and even if it cannot be stored; what widens binds after its commit. Only a suspension
narrows; only a new act, signed by enough of the charter's roles, widens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from sqlalchemy import Connection, select

from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import SUSPENSION_TYPE, SignedDocument, decode_document
from clairvoie.boundary.standing import Rejected, Standing, standing_of
from clairvoie.hub import schema
from clairvoie.hub.acts_on_disk import ActsFolder, Broken
from clairvoie.hub.leave import Leave

log = structlog.get_logger("clairvoie.hub.authority")


@dataclass(frozen=True, slots=True)
class Trust:
    """The root of trust of this hub: its ``charter`` (whose file has ``digest``), the folder ``acts`` of signed acts,
    and the private key with which it signs leases."""

    charter: Charter
    digest: str
    acts: Path
    leases: Ed25519PrivateKey


class Reception(NamedTuple):
    """What became of documents that were not held: those accepted, in an order that does not depend on theirs."""

    accepted: tuple[SignedDocument, ...]
    rejected: tuple[Rejected, ...]


def receive(charter: Charter, held: Sequence[SignedDocument], found: Iterable[SignedDocument]) -> Reception:
    """Which of ``found`` are accepted beside those ``held``. Nothing that is held is ever displaced. Pure.

    Copies of one document count together, so that each role may send its own signature.
    """
    known = {document.digest for document in held}
    copies: dict[str, SignedDocument] = {}
    for document in found:
        if document.digest not in known:
            copies[document.digest] = _with_signatures(copies.get(document.digest, document), document)
    fresh = [document for _, document in sorted(copies.items())]
    if not fresh:
        return Reception((), ())
    why = _faults(charter, [*held, *fresh])
    at_fault = _faults(charter, held).keys() if why.keys() & known else set[str]()
    if not (why.keys() - at_fault) & known:  # nothing held is displaced, so they may be judged all at once
        accepted = [document for document in fresh if document.digest not in why]
    else:
        accepted = []
        for document in fresh:
            faults = _faults(charter, [*held, *accepted, document])
            if document.digest not in faults and not (faults.keys() - at_fault) & known:
                accepted.append(document)
            else:
                taken = "its number is taken by an act that was accepted before"
                why[document.digest] = faults.get(document.digest, taken)
    chosen = {document.digest for document in accepted}
    rejected = tuple(Rejected(d.digest, why[d.digest]) for d in fresh if d.digest not in chosen)
    return Reception(tuple(accepted), rejected)


def _faults(charter: Charter, documents: Sequence[SignedDocument]) -> dict[str, str]:
    return {rejected.digest: rejected.why for rejected in standing_of(charter, documents)[1]}


def _with_signatures(one: SignedDocument, other: SignedDocument) -> SignedDocument:
    """One document with the signatures of both copies."""
    fresh = tuple(s for s in other.signatures if s not in one.signatures)
    return replace(one, signatures=(*one.signatures, *fresh))


class Authority:
    """What this hub holds. Without ``trust`` nothing is ever permitted.

    :attr:`leave` is replaced whole; whoever needs one answer for several questions keeps it in a variable.
    """

    def __init__(self, trust: Trust | None, connection: Connection) -> None:
        self.trust = trust
        self.held: tuple[SignedDocument, ...] = ()
        self.waiting: tuple[SignedDocument, ...] = ()
        self.leave = Leave(Standing())
        self.rejected: tuple[Rejected, ...] = ()
        self._folder = None if trust is None else ActsFolder(trust.acts)
        if trust is not None:
            self._hold(tuple(decode_document(row.document) for row in connection.execute(_STORED)))

    @property
    def standing(self) -> Standing:
        """What holds."""
        return self.leave.standing

    @property
    def narrowing(self) -> tuple[SignedDocument, ...]:
        """The suspensions that wait to be stored; they bind already."""
        return tuple(document for document in self.waiting if document.payload_type == SUSPENSION_TYPE)

    @property
    def documents(self) -> tuple[SignedDocument, ...]:
        """Everything that binds, for nodes to judge for themselves."""
        return (*self.held, *self.narrowing)

    def look(self) -> bool:
        """Look at the folder; whether anything is new there: accepted (then it is :attr:`waiting`), broken or rejected.

        Suspensions bind when this returns. What is broken or rejected is logged once, and listed while it is there.
        """
        if self.trust is None or self._folder is None:
            return False
        found = self._folder.look()
        if not found.changed:
            return False
        reception = receive(self.trust.charter, (*self.held, *self.waiting), found.documents)
        self._report(reception.rejected, found.broken)
        self.waiting = (*self.waiting, *reception.accepted)
        if any(document.payload_type == SUSPENSION_TYPE for document in reception.accepted):
            self._hold(self.held)
        return True

    def stored(self, documents: Iterable[SignedDocument]) -> None:
        """These were stored: all of them bind now."""
        done = tuple(documents)
        self.waiting = tuple(document for document in self.waiting if document not in done)
        self._hold((*self.held, *done))

    def give_up(self) -> None:
        """Permit nothing from now on: the hub no longer does all that it must, such as seeing suspensions."""
        self.leave = Leave(Standing())
        log.error("nothing-permitted", remedy="Start the hub again; until then it takes nothing.")

    def _hold(self, documents: tuple[SignedDocument, ...]) -> None:
        if self.trust is not None:
            self.held = documents
            self.leave = Leave(standing_of(self.trust.charter, self.documents)[0])

    def _report(self, rejected: Iterable[Rejected], broken: Iterable[Broken]) -> None:
        listed = (*rejected, *(Rejected("", f"{one.name}: {one.why}") for one in broken))
        for one in listed:
            if one not in self.rejected:
                log.warning("act-rejected", digest=one.digest, why=one.why)
        self.rejected = listed


_STORED = select(schema.acts.c.document).order_by(schema.acts.c.accepted, schema.acts.c.digest)
