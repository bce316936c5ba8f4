"""What holds at a moment: the authorisations that were validly signed, with the suspensions that narrow them.

:func:`standing_of` turns signed documents into a :class:`Standing`, or says which one does not count and why; the
gate and the hub both call it on documents as they received them, and trust nothing else. Order does not matter, nor
does receiving a document twice. The newest number of a deployment's authorisations that has started replaces those
before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
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
    """What these documents establish under ``charter``, and which of them do not count.

    Copies of one document count together: each role may have signed its own.
    """
    acts: list[Act] = []
    suspensions: list[tuple[str, Suspension]] = []
    rejected: set[Rejected] = set()
    for (kind, body, digest), roles in sorted(_together(charter, documents, rejected).items()):
        try:
            if kind == AUTHORISATION_TYPE:
                acts.append(_act(charter, body, digest, roles))
            elif kind == SUSPENSION_TYPE:
                suspensions.append((digest, _suspension(charter, body, roles)))
            else:
                rejected.add(Rejected(digest, f"neither authorisation nor suspension: {kind}"))
        except BoundaryError as error:
            rejected.add(Rejected(digest, str(error)))
    numbers: dict[int, Act] = {}
    for act in sorted(acts, key=lambda a: a.digest):
        first = numbers.setdefault(act.authorisation.number, act)
        if first is not act:
            rejected.add(Rejected(act.digest, f"number {act.authorisation.number} is taken by {first.digest}"))
    held = tuple(
        msgspec.structs.replace(
            act, suspensions=tuple(s for _, s in sorted(suspensions, key=_by_digest) if s.authorisation == act.digest)
        )
        for _, act in sorted(numbers.items())
    )
    return Standing(acts=held), tuple(sorted(rejected))


Copy = tuple[str, bytes, str]
"""A document's type, body and digest: what is the same in all its copies."""


def _together(
    charter: Charter, documents: Iterable[SignedDocument], rejected: set[Rejected]
) -> dict[Copy, frozenset[str]]:
    """Each document once, with the roles that signed any copy of it."""
    found: dict[Copy, frozenset[str]] = {}
    for document in documents:
        try:
            copy = (document.payload_type, document.body, document.digest)
        except BoundaryError as error:
            rejected.add(Rejected("", str(error)))
            continue
        found[copy] = found.get(copy, frozenset()) | charter.roles_that_signed(document)
    return found


def _by_digest(suspension: tuple[str, Suspension]) -> str:
    return suspension[0]


def _act(charter: Charter, body: bytes, digest: str, roles: frozenset[str]) -> Act:
    if len(roles) < charter.threshold:
        raise BoundaryError(
            f"an authorisation needs {charter.threshold} of the charter's roles", ", ".join(sorted(roles)) or "nobody"
        )
    authorisation = decode_authorisation(body)
    if authorisation.deployment != charter.deployment:
        raise BoundaryError("an authorisation of another deployment", authorisation.deployment)
    if authorisation.exercise != charter.exercise:
        raise BoundaryError("an exercise and what is not one are authorised apart", authorisation.exercise)
    return Act(digest=digest, authorisation=authorisation, signed_by=tuple(sorted(roles)))


def _suspension(charter: Charter, body: bytes, roles: frozenset[str]) -> Suspension:
    if not roles:
        raise BoundaryError("a suspension is signed by one of the charter's roles", "nobody")
    suspension = decode_suspension(body)
    if suspension.deployment != charter.deployment:
        raise BoundaryError("a suspension of another deployment", suspension.deployment)
    return suspension
