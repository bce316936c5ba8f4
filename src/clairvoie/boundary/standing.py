"""What holds at a moment: the authorisations that were validly signed, with the suspensions that narrow them.

:func:`standing_of` turns signed documents into a :class:`Standing`, or says which one does not count and why; the
gate and the hub both call it on documents as they received them, and trust nothing else. Order does not matter, nor
does receiving a document twice. The newest number of a deployment's authorisations that has started replaces those
before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from clairvoie.boundary.authorisation import (
    Authorisation,
    Denial,
    Point,
    Suspension,
    Thing,
    decode_authorisation,
    decode_suspension,
    permits,
)
from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import AUTHORISATION_TYPE, SUSPENSION_TYPE, SignedDocument
from clairvoie.errors import BoundaryError


class Act(Struct, frozen=True, kw_only=True):
    """A valid authorisation with its digest and who signed it."""

    digest: str
    authorisation: Authorisation
    signed_by: tuple[str, ...]
    suspensions: tuple[Suspension, ...] = ()

    def denial(self, thing: Thing, when: float, where: Point | None = None) -> Denial | None:
        """What :func:`permits` says of this act and its suspensions."""
        return permits(self.authorisation, thing, when, where, suspensions=self.suspensions)


class Rejected(NamedTuple):
    """A document that does not count: its digest and a sentence."""

    digest: str
    why: str


class Standing(Struct, frozen=True, kw_only=True):
    """All valid acts of a deployment, by number."""

    acts: tuple[Act, ...] = ()

    def in_force(self, when: float) -> Act | None:
        """The act that counts at ``when``: of those that have started, the one with the greatest number."""
        started = [act for act in self.acts if act.authorisation.starts <= when]
        return max(started, key=lambda act: act.authorisation.number, default=None)

    def denial(self, thing: Thing, when: float, where: Point | None = None) -> Denial | None:
        """``None`` when ``thing`` is permitted at ``when``; with no act in force, nothing is."""
        act = self.in_force(when)
        return Denial.NO_AUTHORISATION if act is None else act.denial(thing, when, where)


def standing_of(charter: Charter, documents: Iterable[SignedDocument]) -> tuple[Standing, tuple[Rejected, ...]]:
    """What these documents establish under ``charter``, and which of them do not count."""
    acts: dict[str, Act] = {}
    suspensions: dict[str, tuple[str, Suspension]] = {}
    rejected: list[Rejected] = []
    for document in documents:
        try:
            digest = document.digest
            if document.payload_type == AUTHORISATION_TYPE:
                acts[digest] = _act(charter, document)
            elif document.payload_type == SUSPENSION_TYPE:
                suspension = _suspension(charter, document)
                suspensions[digest] = (suspension.authorisation, suspension)
            else:
                rejected.append(Rejected(digest, f"neither authorisation nor suspension: {document.payload_type}"))
        except BoundaryError as error:
            rejected.append(Rejected("" if not document.payload else _safe_digest(document), str(error)))
    numbers: dict[int, Act] = {}
    for act in sorted(acts.values(), key=lambda a: a.digest):
        first = numbers.setdefault(act.authorisation.number, act)
        if first is not act:
            rejected.append(Rejected(act.digest, f"number {act.authorisation.number} is taken by {first.digest}"))
    held = [
        Act(
            digest=act.digest,
            authorisation=act.authorisation,
            signed_by=act.signed_by,
            suspensions=tuple(s for _, (about, s) in sorted(suspensions.items()) if about == act.digest),
        )
        for _, act in sorted(numbers.items())
    ]
    return Standing(acts=tuple(held)), tuple(rejected)


def _safe_digest(document: SignedDocument) -> str:
    try:
        return document.digest
    except BoundaryError:
        return ""


def _act(charter: Charter, document: SignedDocument) -> Act:
    roles = charter.roles_that_signed(document)
    if len(roles) < charter.threshold:
        raise BoundaryError(
            f"an authorisation needs {charter.threshold} of the charter's roles", ", ".join(sorted(roles)) or "nobody"
        )
    authorisation = decode_authorisation(document.body)
    if authorisation.deployment != charter.deployment or authorisation.exercise != charter.exercise:
        raise BoundaryError("an authorisation of another deployment", authorisation.deployment)
    return Act(digest=document.digest, authorisation=authorisation, signed_by=tuple(sorted(roles)))


def _suspension(charter: Charter, document: SignedDocument) -> Suspension:
    if not charter.roles_that_signed(document):
        raise BoundaryError("a suspension is signed by one of the charter's roles", "nobody")
    suspension = decode_suspension(document.body)
    if suspension.deployment != charter.deployment:
        raise BoundaryError("a suspension of another deployment", suspension.deployment)
    return suspension
