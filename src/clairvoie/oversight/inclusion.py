"""Is a record that the hub acknowledged in the log that it publishes? The rule by which a node checks its hub. Pure.

The node knows what it sent: sensor, key epoch, sequence and what the record was charged. It knows the hub's key and the
witnesses from its charter, and the checkpoint that it kept last. With that, :func:`judge` reads an answer to
``GET /api/v1/ledger/inclusion`` and gives one verdict: :class:`Included`, :class:`Missing` (not yet, or asked too
soon), :class:`Unanswered` (nobody is accused), or :class:`Faulty`, of a closed list of kinds.

What it does not show: that the record's *content* was logged (an answer has neither body nor salt, since everybody may
ask, so the commitment cannot be opened), nor anything of records that were not asked for.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from clairvoie.boundary.bulletin import charge
from clairvoie.boundary.leaf import MinuteLeaf, RecordHeader, decode_line, header_hash, read_leaf
from clairvoie.boundary.signed import decode_envelope
from clairvoie.boundary.wire import bulletins_of, decode_record
from clairvoie.errors import BoundaryError
from clairvoie.oversight.checkpoint import Checkpoint, decode_base64, parse_note
from clairvoie.oversight.continuation import (
    Accused,
    Continuation,
    Continued,
    FaultKind,
    KeptLog,
    LedgerTrust,
    continued,
    hashes_in,
)
from clairvoie.oversight.merkle import leaf_hash, root_of_inclusion

LATE_SECONDS = 600.0
"""A record that was acknowledged so long ago is in the log, or left out: its minute is over after 60 s at most, sealed
and published within two seconds more, and five for witnesses. The rest is for a hub that is being started again."""
AGAIN_SECONDS = 60.0
"""How long after a first answer without the record a second one counts: a hub that was away publishes in that time
what it had not."""
UNKNOWN = "unknown"
MISSED = 404


class RecordInclusion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a sensor's record stands in the log. Hashes are base64, proofs from the leaf upwards.

    The record's ``header`` is leaf ``place`` of the ``count`` in its minute, whose root is in the leaf at ``index`` of
    the log; ``checkpoint`` is the signed head that ``proof`` leads to. ``continuation`` is there if it was asked for;
    its checkpoint is the same one, or of a later epoch than that in which the record stands.
    """

    header: str
    header_hash: str
    place: int
    count: int
    minute_proof: tuple[str, ...]
    index: int
    leaf: str
    proof: tuple[str, ...]
    checkpoint: str
    continuation: Continuation | None = None


class NotLogged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer while a record is in no log, a problem like any other with the log's present head beside it."""

    code: str
    what: str
    remedy: str = ""
    continuation: Continuation | None = None


class OwnRecord(Struct, frozen=True, kw_only=True):
    """What a node knows of a record that the hub acknowledged at ``acknowledged`` (POSIX seconds), and when it was
    ``missed`` first."""

    sensor: str
    epoch: int
    sequence: int
    millibits: int
    acknowledged: float
    missed: float | None = None

    @classmethod
    def of(cls, envelope: bytes, acknowledged: float) -> OwnRecord:
        """As it stands in the signed bytes. Raises :class:`BoundaryError` if they are damaged."""
        signed = decode_envelope(envelope)
        record = decode_record(signed.body)
        return cls(
            sensor=signed.sensor,
            epoch=signed.epoch,
            sequence=record.sequence,
            millibits=sum(charge(bulletin).total for bulletin in bulletins_of(record.content)),
            acknowledged=acknowledged,
        )


class SeenHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header of a sensor that was proved last: whose it is, its hash, and that of the one it names before it."""

    epoch: int
    sequence: int
    digest: str
    previous: str


class Kept(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node keeps from one question to the next: the log's head, and of each sensor the last header it saw."""

    log: KeptLog | None = None
    headers: dict[str, SeenHeader] = {}


class Included(Struct, frozen=True, kw_only=True):
    """The record stands in the minute at ``index`` of a log that ``size`` entries now have, ``cosigners`` signed it
    too; ``began``: why a new epoch has begun since, if one has."""

    kept: Kept
    index: int
    size: int
    cosigners: tuple[str, ...]
    began: str = ""


class Missing(Struct, frozen=True, kw_only=True):
    """The record is not in the log, and need not be yet: ask again. Not so if a new epoch ``began``: what was
    acknowledged before may stand in the former log, of which a hub that was restored need not know."""

    kept: Kept
    record: OwnRecord
    cosigners: tuple[str, ...]
    began: str = ""


class Unanswered(Struct, frozen=True, kw_only=True):
    """No answer of a hub that knows the question; nobody is accused."""

    what: str


class Faulty(Struct, frozen=True, kw_only=True):
    """The hub's answer accuses it. ``checkpoint`` is the head that it showed, empty if there was none."""

    kind: FaultKind
    what: str
    kept: Kept
    checkpoint: str = ""


Verdict = Included | Missing | Unanswered | Faulty


def judge(trust: LedgerTrust, kept: Kept, record: OwnRecord, status: int, body: bytes, now: float) -> Verdict:
    """What an answer with this HTTP ``status`` and ``body`` says of ``record`` at ``now`` (POSIX seconds).

    Only an answer that is certainly a hub's own can accuse it; a proxy's page or an older hub is :class:`Unanswered`.
    """
    said = _read(status, body)
    if said is None or said.continuation is None:
        return Unanswered(what=f"HTTP {status}, and not what a hub says that knows the question")
    shown = said.continuation.checkpoint
    try:
        log = continued(trust, kept.log, said.continuation)
    except Accused as found:
        return Faulty(kind=found.kind, what=str(found), kept=kept, checkpoint=shown)
    kept = Kept(log=log.kept, headers={} if log.began else kept.headers)
    if isinstance(said, NotLogged):
        return _missing(kept, log, record, now)
    try:
        header = _proved(said, log, record)
        seen = _in_chain(header, said.header_hash, kept.headers.get(record.sensor))
    except Accused as found:
        return Faulty(kind=found.kind, what=str(found), kept=kept, checkpoint=shown)
    return Included(
        kept=replace(kept, headers={**kept.headers, record.sensor: seen}),
        index=said.index,
        size=log.head.checkpoint.size,
        cosigners=log.head.cosigners,
        began=log.began,
    )


def _read(status: int, body: bytes) -> RecordInclusion | NotLogged | None:
    try:
        if status == 200:
            return msgspec.json.decode(body, type=RecordInclusion)
        said = msgspec.json.decode(body, type=NotLogged) if status == MISSED else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return said if said is not None and said.code == UNKNOWN else None


def _missing(kept: Kept, log: Continued, record: OwnRecord, now: float) -> Missing | Faulty:
    """Too soon, or left out: late by the acknowledgement, and missed twice with time in between."""
    head = log.head
    missed = now if record.missed is None else record.missed
    if log.began or now - record.acknowledged < LATE_SECONDS or now - missed < AGAIN_SECONDS:
        record = replace(record, missed=missed)
        return Missing(kept=kept, record=record, cosigners=head.cosigners, began=log.began)
    size, ago = head.checkpoint.size, round((now - record.acknowledged) / 60)
    what = f"acknowledged {ago} minutes ago and in no minute of a log of {size} entries"
    return Faulty(kind=FaultKind.NOT_INCLUDED, what=what, kept=kept, checkpoint=log.kept.checkpoint)


def _proved(said: RecordInclusion, log: Continued, record: OwnRecord) -> RecordHeader:
    """The header, which both proofs join to the head, and which is of this record. Raises :class:`Accused`."""
    head = _head_of(said, log)
    try:
        header = decode_line(said.header.encode(), RecordHeader)
        leaf = decode_base64(said.leaf)
        minute = read_leaf(leaf)
    except BoundaryError as error:
        raise Accused(FaultKind.WRONG_PROOF, f"the answer cannot be read ({error})") from error
    line = leaf_hash(said.header.encode())
    within = isinstance(minute, MinuteLeaf) and (
        minute.count == said.count
        and root_of_inclusion(said.place, said.count, line, hashes_in(said.minute_proof)) == minute.root
    )
    if not within or said.header_hash != header_hash(said.header.encode()):
        raise Accused(FaultKind.WRONG_PROOF, "the record's header is not in the minute that is named", said.index)
    if root_of_inclusion(said.index, head.size, leaf_hash(leaf), hashes_in(said.proof)) != head.root:
        raise Accused(FaultKind.WRONG_PROOF, f"the minute is not in the log of {head.size} entries", said.index)
    told = (header.sensor, header.epoch, header.sequence)
    if told != (record.sensor, record.epoch, record.sequence):
        raise Accused(FaultKind.OTHER_HEADER, "the log has another record in its place", told)
    if header.millibits != record.millibits:
        what = f"the log says that the record was charged otherwise than {record.millibits} thousandths of a bit"
        raise Accused(FaultKind.OTHER_HEADER, what, header.millibits)
    return header


def _head_of(said: RecordInclusion, log: Continued) -> Checkpoint:
    """The head that the proof leads to: the present one, or the last of the epoch before."""
    if said.checkpoint == log.kept.checkpoint:
        return log.head.checkpoint
    try:
        text = parse_note(said.checkpoint.encode()).text
        if log.kept.former and text == log.kept.former:
            return Checkpoint.parse(text)
    except BoundaryError as error:
        raise Accused(FaultKind.WRONG_PROOF, f"the proof leads to no checkpoint ({error})") from error
    raise Accused(FaultKind.WRONG_PROOF, "the proof leads to another checkpoint than the log's head", text[:80])


def _in_chain(header: RecordHeader, digest: str, seen: SeenHeader | None) -> SeenHeader:
    """The header as one that was seen, unless it and the one seen before it cannot stand in one chain."""
    new = SeenHeader(epoch=header.epoch, sequence=header.sequence, digest=digest, previous=header.previous)
    if seen is not None and new != seen:
        if (new.epoch, new.sequence) == (seen.epoch, seen.sequence):
            raise Accused(FaultKind.OTHER_HEADER, "the record has another header than before", digest)
        if new.previous == seen.previous:
            raise Accused(
                FaultKind.OTHER_HEADER, "two headers of the sensor name the same one before them", new.previous
            )
    return new
