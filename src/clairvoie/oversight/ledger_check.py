"""What a node found of its hub's ledger, from one question to the next, and the file in which it keeps that. Pure.

The file is small and of bounded size: what the rule needs next time (:class:`~clairvoie.oversight.inclusion.Kept`), the
last record that was proved, and of each kind of fault how often and when, with the head that the hub showed, which its
key signed. No fault is forgotten by itself; a person who has settled it removes the file.

The uplink writes it, which has a network and is trusted by nobody on the node: it is a check of the hub, not of the
node.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from clairvoie.errors import MalformedMessage
from clairvoie.oversight.continuation import FaultKind, LedgerTrust
from clairvoie.oversight.inclusion import Faulty, Included, Kept, OwnRecord, Unanswered, Verdict

FILE_NAME = "ledger-check.json"
MAXIMUM_FILE_BYTES = 512 * 1024
LONGEST_TEXT = 300
LONGEST_CHECKPOINT = 16 * 1024
"""A longer head that accuses is not kept beside the fault."""
REMEDIES = {
    FaultKind.NOT_INCLUDED: "Ask who keeps the hub where the record is; it acknowledged it.",
    FaultKind.WRONG_PROOF: "Run `clairvoie ledger verify` on the hub's published log.",
    FaultKind.OTHER_HEADER: "Look the record up in the published minutes and ask who keeps the hub.",
    FaultKind.BAD_SIGNATURE: "Compare the node's charter with the hub's; somebody else may answer in its place.",
    FaultKind.LOG_SET_BACK: "Keep this file: with the published checkpoint it shows two logs under one key.",
    FaultKind.NEW_EPOCH: "Run `clairvoie ledger verify` on all epochs; when it is settled, remove this file.",
}


class Proved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record that was proved last: when (POSIX seconds), which, where, and how large the log was."""

    at: float
    sensor: str
    sequence: int
    index: int
    size: int


class Found(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of fault: when it was found first and last, how often, and what it was the first time."""

    first: float
    last: float
    count: int
    what: str
    sensor: str
    sequence: int
    checkpoint: str = ""


class LedgerCheck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node knows of its hub's ledger. ``witnessed``: when as many witnesses as the charter asks for had signed
    the head. ``began``: when and why a new epoch began last. ``unanswered``: since when no hub that knows the question
    has answered it."""

    kept: Kept = Kept()
    proved: Proved | None = None
    witnessed: float | None = None
    began: tuple[float, str] | None = None
    unanswered: float | None = None
    faults: dict[FaultKind, Found] = {}

    def after(self, trust: LedgerTrust, record: OwnRecord, verdict: Verdict, now: float) -> LedgerCheck:
        """The same with ``verdict`` on ``record`` at ``now``."""
        if isinstance(verdict, Unanswered):
            return replace(self, unanswered=now if self.unanswered is None else self.unanswered)
        check = replace(self, kept=verdict.kept, unanswered=None)
        if isinstance(verdict, Faulty):
            return replace(check, faults={**self.faults, verdict.kind: self._found(record, verdict, now)})
        if trust.needed and len(verdict.cosigners) >= trust.needed:
            check = replace(check, witnessed=now)
        if verdict.began:
            check = replace(check, began=(now, verdict.began[:LONGEST_TEXT]))
        if isinstance(verdict, Included):
            proved = Proved(
                at=now, sensor=record.sensor, sequence=record.sequence, index=verdict.index, size=verdict.size
            )
            check = replace(check, proved=proved)
        return check

    def _found(self, record: OwnRecord, verdict: Faulty, now: float) -> Found:
        before = self.faults.get(verdict.kind)
        if before is not None:
            return replace(before, last=now, count=before.count + 1)
        shown = verdict.checkpoint
        return Found(
            first=now,
            last=now,
            count=1,
            what=verdict.what[:LONGEST_TEXT],
            sensor=record.sensor,
            sequence=record.sequence,
            checkpoint=shown if len(shown) <= LONGEST_CHECKPOINT else "",
        )


_encoder = msgspec.json.Encoder(order="deterministic")


def encode_check(check: LedgerCheck) -> bytes:
    """A check as the bytes of its file: JSON, indented for people."""
    return msgspec.json.format(_encoder.encode(check), indent=2) + b"\n"


def decode_check(data: bytes) -> LedgerCheck:
    """The check in ``data``. Raises :class:`MalformedMessage`.

    >>> decode_check(encode_check(LedgerCheck())) == LedgerCheck()
    True
    """
    if len(data) > MAXIMUM_FILE_BYTES:
        raise MalformedMessage(f"a node's check of the ledger has at most {MAXIMUM_FILE_BYTES} bytes", len(data))
    try:
        return msgspec.json.decode(data, type=LedgerCheck)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a node's check of the ledger", str(error)[:LONGEST_TEXT]) from error
