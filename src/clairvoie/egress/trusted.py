"""Trusted time and leave: what a gate concludes from signed leases, as a pure rule.

The gate asks with a nonce and notes the moment on its own monotonic clock (``CLOCK_BOOTTIME``). The hub reads its clock
between that moment and the moment of the answer, so half of the round trip bounds the error of what it says; from then
on the gate's own clock may drift by :data:`DRIFT`. A lease counts once, if the charter's key for leases signed it for
this deployment and node and if its nonce is outstanding; it gives leave from the moment of *asking*, so an answer that
somebody keeps back gives less. Anything else that the hub signed may bring suspensions and nothing more.

Documents are believed for their own signatures only (:func:`~clairvoie.boundary.standing.standing_of` with the
node's own charter), and none is forgotten. Time never goes back: :attr:`Trust.highest` is a moment that has certainly
passed, and a lease that contradicts it means silence until it has passed again.

What remains: whoever holds the hub's key for leases can renew leave for ever under acts that are in force, and tell a
wrong time as far as the node's own clock agrees with it (:data:`CLOCK_TOLERANCE`). He cannot lift a suspension that the
gate has seen, nor make an act.

>>> trust = Trust(held=Held(issued=1_800_000_000.0, asked=100.0, answered=100.5, until=1000.0))
>>> time_at(trust, 101.25)
Time(earliest=1800000000.749625, latest=1800000001.250375)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from clairvoie.boundary.authorisation import LONGEST_LEASE_SECONDS
from clairvoie.boundary.charter import Charter
from clairvoie.boundary.document import AUTHORISATION_TYPE, LEASE_TYPE, SUSPENSION_TYPE, SignedDocument, signers_of
from clairvoie.boundary.lease import Lease, decode_lease
from clairvoie.boundary.standing import Standing, standing_of
from clairvoie.errors import BoundaryError, EgressError

DRIFT = 0.0005
"""The monotonic clock gains or loses less than this share: 500 parts in a million, the most by which Linux slews it."""
LONGEST_ROUND_TRIP = 5.0
"""Seconds; an answer that took longer gives neither time nor leave."""
CLOCK_TOLERANCE = 5.0
"""Seconds by which the node's own clock may lie outside of trusted time."""
QUESTIONS = 4
"""So many nonces are outstanding at most; older ones are forgotten."""


class Question(Struct, frozen=True, kw_only=True):
    """A nonce that was sent at ``asked`` (monotonic)."""

    nonce: bytes
    asked: float


class Held(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest lease: the hub's time ``issued``, and on the monotonic clock when it was asked for and answered, and
    when it ends."""

    issued: float
    asked: float
    answered: float
    until: float


class Time(NamedTuple):
    """Trusted time lies between ``earliest`` and ``latest``, POSIX seconds."""

    earliest: float
    latest: float


class Trust(Struct, frozen=True, kw_only=True):
    """All that the gate believes. ``broken`` is the last monotonic moment at which there was no leave."""

    documents: tuple[SignedDocument, ...] = ()
    standing: Standing = Standing()
    questions: tuple[Question, ...] = ()
    held: Held | None = None
    highest: float = 0.0
    broken: float = 0.0


class Outcome(StrEnum):
    """What became of something that the uplink handed over; ``NEWS``: a push that names acts which only a lease may
    bring."""

    LEAVE = "leave"
    PUSH = "push"
    NEWS = "news"
    NOT_SIGNED = "not-signed"
    MALFORMED = "malformed"
    FOREIGN = "foreign"
    SLOW = "slow"


class Silence(StrEnum):
    """Why there is no leave."""

    NO_CHARTER = "no-charter"
    NO_LEASE = "no-lease"
    LAPSED = "lapsed"
    BACKWARDS = "time-went-back"
    CLOCK = "clock-disagrees"
    NO_AUTHORISATION = "no-authorisation"


def ask(trust: Trust, nonce: bytes, moment: float) -> Trust:
    """The trust after sending ``nonce`` at ``moment``."""
    return replace(trust, questions=(*trust.questions, Question(nonce=nonce, asked=moment))[-QUESTIONS:])


def admit(charter: Charter, node: str, trust: Trust, document: SignedDocument, moment: float) -> tuple[Trust, Outcome]:
    """What ``document``, which the uplink handed over at ``moment``, changes."""
    try:
        if document.payload_type != LEASE_TYPE or not signers_of(document, {"leases": charter.leases}):
            return trust, Outcome.NOT_SIGNED
        lease = decode_lease(document.body)
        known = {act.digest for act in trust.documents}
        news = any(act.digest not in known for act in _authorisations(lease))
    except BoundaryError:
        return trust, Outcome.MALFORMED
    if lease.deployment != charter.deployment or lease.node != node:
        return trust, Outcome.FOREIGN
    question = next((q for q in trust.questions if q.nonce == lease.nonce), None)
    if question is None:
        return _with_documents(charter, trust, _suspensions(lease)), Outcome.NEWS if news else Outcome.PUSH
    # Used once, and whatever was asked before it is answered too: leases never replace newer ones.
    trust = replace(trust, questions=tuple(q for q in trust.questions if q.asked > question.asked))
    if moment - question.asked > LONGEST_ROUND_TRIP:
        return _with_documents(charter, trust, _suspensions(lease)), Outcome.SLOW
    before = trust.held
    trust = _with_documents(charter, trust, lease.documents)
    held = Held(
        issued=lease.issued,
        asked=question.asked,
        answered=moment,
        until=question.asked + min(lease.seconds, LONGEST_LEASE_SECONDS),
    )
    unbroken = before is not None and question.asked <= _end(trust, before, lease.issued)
    return replace(trust, held=held, broken=trust.broken if unbroken else moment), Outcome.LEAVE


def time_at(trust: Trust, moment: float) -> Time | None:
    """Trusted time at ``moment``, ``None`` without a lease; its earliest never goes back."""
    held = trust.held
    if held is None or moment < held.answered:
        return None
    middle = held.issued + moment - (held.asked + held.answered) / 2
    doubt = (held.answered - held.asked) / 2 + DRIFT * (moment - held.answered)
    return Time(max(middle - doubt, trust.highest), middle + doubt)


def leave_at(trust: Trust, moment: float, wall: float) -> Time | Silence:
    """Trusted time if there is leave at ``moment``, when the node's own clock says ``wall``; else why there is none."""
    time = time_at(trust, moment)
    if trust.held is None or time is None:
        return Silence.NO_LEASE
    if time.latest < trust.highest:
        return Silence.BACKWARDS
    if any(trust.standing.in_force(when) is None for when in time):
        return Silence.NO_AUTHORISATION
    if moment >= min(_end(trust, trust.held, when) for when in time):
        return Silence.LAPSED
    if not time.earliest - CLOCK_TOLERANCE <= wall <= time.latest + CLOCK_TOLERANCE:
        return Silence.CLOCK
    return time


def passed(trust: Trust, time: Time) -> Trust:
    """The trust once something is released at ``time``."""
    return replace(trust, highest=max(trust.highest, time.earliest))


def silent(trust: Trust, moment: float) -> Trust:
    """The trust once there was no leave at ``moment``."""
    return replace(trust, broken=max(trust.broken, moment))


def duration(trust: Trust) -> float:
    """For how many seconds the newest lease gives leave, from the moment of asking; nothing without one."""
    held = trust.held
    return 0.0 if held is None else _end(trust, held, held.issued) - held.asked


def suspended_since(before: Standing, after: Standing) -> int | None:
    """The earliest moment from which ``after`` suspends anything that ``before`` did not know to be suspended."""
    known = {suspension for act in before.acts for suspension in act.suspensions}
    new = [s.since for act in after.acts for s in act.suspensions if s not in known]
    return min(new, default=None)


def _end(trust: Trust, held: Held, when: float) -> float:
    """Until when, on the monotonic clock, ``held`` gives leave under the act that is in force at ``when``."""
    act = trust.standing.in_force(when)
    return held.until if act is None else min(held.until, held.asked + act.authorisation.lease_seconds)


def _suspensions(lease: Lease) -> tuple[SignedDocument, ...]:
    return tuple(document for document in lease.documents if document.payload_type == SUSPENSION_TYPE)


def _authorisations(lease: Lease) -> tuple[SignedDocument, ...]:
    return tuple(document for document in lease.documents if document.payload_type == AUTHORISATION_TYPE)


def _with_documents(charter: Charter, trust: Trust, new: Iterable[SignedDocument]) -> Trust:
    """Add what is validly signed; each document is kept once, with valid signatures of roles and no others."""
    together: dict[tuple[str, str], SignedDocument] = {}
    for document in (*trust.documents, *new):
        try:
            clean = _signed_by_roles(charter, document)
            name = (clean.payload_type, clean.digest)
        except BoundaryError:
            continue  # not base64: nobody can have signed it
        known = together.get(name)
        marks = {s.keyid: s for s in (*clean.signatures, *(known.signatures if known else ()))}
        together[name] = replace(clean, signatures=tuple(marks[keyid] for keyid in sorted(marks)))
    _, rejected = standing_of(charter, together.values())
    refused = {one.digest for one in rejected}
    documents = tuple(document for _, document in sorted(together.items()) if document.digest not in refused)
    if documents == trust.documents:
        return trust
    return replace(trust, documents=documents, standing=standing_of(charter, documents)[0])


def _signed_by_roles(charter: Charter, document: SignedDocument) -> SignedDocument:
    keys = {role.public_key for role in charter.roles}
    alone = [replace(document, signatures=(mark,)) for mark in document.signatures if mark.keyid in keys]
    valid = [one.signatures[0] for one in alone if charter.roles_that_signed(one)]
    return replace(document, signatures=tuple(valid))


class _Kept(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    boot: str
    held: Held | None
    highest: float
    broken: float


def stored(trust: Trust, boot: str) -> dict[str, bytes]:
    """What must be on disk before anything is released; ``boot`` names this run of the machine."""
    kept = _Kept(boot=boot, held=trust.held, highest=trust.highest, broken=trust.broken)
    return {"time": msgspec.msgpack.encode(kept), "documents": msgspec.json.encode(trust.documents)}


def restored(charter: Charter, kept: Mapping[str, bytes], boot: str, moment: float) -> Trust:
    """The trust that :func:`stored` gave. The monotonic clock begins anew at each boot, so only a lease of this very
    ``boot`` is kept. Raises :class:`EgressError` when it was written by something else."""
    if not kept:
        return Trust(broken=moment)
    try:
        time = msgspec.msgpack.decode(kept["time"], type=_Kept)
        documents = msgspec.json.decode(kept["documents"], type=tuple[SignedDocument, ...])
    except (KeyError, msgspec.MsgspecError, ValueError) as error:
        raise EgressError(
            f"what the gate knew of time and authority cannot be read ({error})",
            sorted(kept),
            "Move the outbox file aside and enrol the node under a new epoch.",
        ) from error
    same = time.boot == boot
    trust = Trust(held=time.held if same else None, highest=time.highest, broken=time.broken if same else moment)
    return _with_documents(charter, trust, documents)
