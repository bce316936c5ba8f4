"""Whether the log that a hub shows now goes on from the one that somebody kept a checkpoint of. Pure.

A log only grows: the tree that a later checkpoint signs must begin with the tree that an earlier one signed (RFC 6962,
2.1.2). When a hub begins a new epoch (:mod:`clairvoie.oversight.epochs`) the log's first entry names the last
checkpoint of the epoch before, and that one must begin with what was kept. Everything else is an :class:`Accused`: two
heads that the hub's key signed and that exclude one another, or a head that no proof joins to the one kept.

What this cannot show: that others are shown the same log (witnesses are for that), nor anything before the first
checkpoint that was kept, which is believed as it comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from clairvoie.boundary.charter import Charter
from clairvoie.boundary.entry import EntryKind, encode_entry
from clairvoie.boundary.leaf import ACT_DOMAIN, ActBody, act_leaf, commit, decode_line
from clairvoie.boundary.tile import is_epoch
from clairvoie.errors import BoundaryError, MalformedMessage, OversightError
from clairvoie.oversight.checkpoint import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    NoteKey,
    Opened,
    decode_base64,
    open_checkpoint,
    origin_of,
    parse_note,
)
from clairvoie.oversight.merkle import HASH_BYTES, check_consistency, leaf_hash, root_of_inclusion

FORMER = "former-checkpoint"
"""Under which name the first entry of an epoch holds the last checkpoint of the one before."""


class FaultKind(StrEnum):
    """Everything that a node can find wrong with its hub's ledger. Append, never rename."""

    NOT_INCLUDED = "not-included"
    WRONG_PROOF = "wrong-proof"
    OTHER_HEADER = "other-header"
    BAD_SIGNATURE = "bad-signature"
    LOG_SET_BACK = "log-set-back"
    NEW_EPOCH = "new-epoch"


class Accused(OversightError):
    """What the hub says of its ledger is not as it must be."""

    def __init__(self, kind: FaultKind, what: str, value: object = None) -> None:
        super().__init__(what, value)
        self.kind = kind


class LedgerTrust(Struct, frozen=True, kw_only=True):
    """Whose signatures on a deployment's checkpoints count: the hub's ``log`` key (32 bytes) in any epoch, and the
    witnesses', of which ``needed`` make a checkpoint believable to others."""

    deployment: str
    log: bytes
    witnesses: tuple[NoteKey, ...] = ()
    needed: int = 0

    @classmethod
    def of(cls, charter: Charter) -> LedgerTrust:
        """As a charter names them."""
        witnesses = [
            NoteKey(name=w.name, kind=COSIGNATURE, public=bytes.fromhex(w.public_key)) for w in charter.witnesses
        ]
        return cls(
            deployment=charter.deployment,
            log=bytes.fromhex(charter.ledger),
            witnesses=tuple(witnesses),
            needed=charter.witness_threshold,
        )

    def open(self, note: str) -> Opened:
        """The checkpoint of any epoch of this deployment in ``note``. Raises :class:`Accused`."""
        origin, epoch = note.partition("\n")[0], note.partition("\n")[0].rpartition("/")[2]
        if not is_epoch(epoch) or origin != origin_of(self.deployment, int(epoch)):
            raise Accused(FaultKind.BAD_SIGNATURE, "a checkpoint of another log", origin[:80])
        try:
            return open_checkpoint(note.encode(), NoteKey(name=origin, kind=ED25519, public=self.log), self.witnesses)
        except BoundaryError as error:
            raise Accused(FaultKind.BAD_SIGNATURE, f"the checkpoint is not good ({error})") from error


class Succession(Struct, frozen=True, kw_only=True):
    """How a new epoch names the one before: its entry 0, one published line, and the proof that it is that."""

    first: str
    proof: tuple[str, ...]


class Continuation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a hub answers to somebody who kept a checkpoint: its present signed head, and the proof that the log it kept
    goes on. Hashes are base64.

    In the same epoch ``consistency`` leads from the kept tree to that of ``checkpoint``. With ``succession`` it leads
    to the tree of the last checkpoint of the epoch that was kept, which the first entry of the present one names.
    """

    checkpoint: str
    consistency: tuple[str, ...] = ()
    succession: Succession | None = None


class KeptLog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody keeps of a log: the last signed checkpoint that they have seen, and the text of the last one of the
    epoch before, if they saw that end."""

    checkpoint: str
    former: str = ""

    def __post_init__(self) -> None:
        epoch_of(self.head)

    @property
    def head(self) -> Checkpoint:
        """What the checkpoint says. Its signature was verified before it was kept."""
        return Checkpoint.parse(parse_note(self.checkpoint.encode()).text)


class Continued(Struct, frozen=True, kw_only=True):
    """The present head, signed and joined to what was kept; ``kept`` is to be kept from now on. ``began``: why a new
    epoch began, if one did."""

    head: Opened
    kept: KeptLog
    began: str = ""


def epoch_of(checkpoint: Checkpoint) -> int:
    """The epoch that a checkpoint is of. Raises :class:`MalformedMessage` if its origin names none."""
    epoch = checkpoint.origin.rpartition("/")[2]
    if not is_epoch(epoch):
        raise MalformedMessage("a checkpoint of no epoch", checkpoint.origin[:80])
    return int(epoch)


def hashes_in(proof: Iterable[str]) -> list[bytes]:
    """The hashes of a proof. Raises :class:`Accused`."""
    try:
        hashes = [decode_base64(digest) for digest in proof]
    except MalformedMessage as error:
        raise Accused(FaultKind.WRONG_PROOF, "a proof with a hash that is not base64") from error
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise Accused(FaultKind.WRONG_PROOF, f"a proof with a hash that has not {HASH_BYTES} bytes")
    return hashes


def continued(trust: LedgerTrust, kept: KeptLog | None, said: Continuation) -> Continued:
    """The head that the hub shows, if its log goes on from the one that was kept. Raises :class:`Accused`.

    Without anything kept the first signed head is believed and kept.
    """
    head = trust.open(said.checkpoint)
    if kept is None:
        return Continued(head=head, kept=KeptLog(checkpoint=said.checkpoint))
    old, new = kept.head, head.checkpoint
    if epoch_of(new) < epoch_of(old):
        raise Accused(FaultKind.LOG_SET_BACK, "an epoch is shown that has ended", new.origin)
    if epoch_of(new) > epoch_of(old):
        former, why = _succession(old, new, said)
        return Continued(head=head, kept=KeptLog(checkpoint=said.checkpoint, former=former.text), began=why)
    if new.size < old.size:
        raise Accused(FaultKind.LOG_SET_BACK, f"{new.size} entries stand where {old.size} stood")
    if not check_consistency(old.size, new.size, old.root, new.root, hashes_in(said.consistency)):
        raise Accused(FaultKind.LOG_SET_BACK, f"the log does not begin with the {old.size} entries that stood before")
    return Continued(head=head, kept=KeptLog(checkpoint=said.checkpoint, former=kept.former))


def _succession(old: Checkpoint, new: Checkpoint, said: Continuation) -> tuple[Checkpoint, str]:
    """The last checkpoint of the former epoch, which begins with ``old``, and why the new one began."""
    if said.succession is None or epoch_of(new) != epoch_of(old) + 1:
        raise Accused(
            FaultKind.NEW_EPOCH, f"the log began anew and does not show how it follows {old.origin}", new.origin
        )
    try:
        body = decode_line(said.succession.first.encode(), ActBody)
        leaf = act_leaf(commit(ACT_DOMAIN, bytes.fromhex(body.salt), encode_entry(body.entry)))
        former = Checkpoint.parse(body.entry.detail.get(FORMER, ""))
    except BoundaryError as error:
        raise Accused(FaultKind.NEW_EPOCH, f"the first entry of the new log cannot be read ({error})") from error
    root = root_of_inclusion(0, new.size, leaf_hash(leaf), hashes_in(said.succession.proof))
    if root != new.root or body.index != 0 or (body.entry.kind, body.entry.about) != (EntryKind.EPOCH, new.origin):
        raise Accused(FaultKind.NEW_EPOCH, "the new log does not begin with the entry of its epoch", new.origin)
    follows = former.origin == old.origin and check_consistency(
        old.size, former.size, old.root, former.root, hashes_in(said.consistency)
    )
    if not follows:
        raise Accused(FaultKind.NEW_EPOCH, f"the new log follows another than that of the {old.size} entries kept")
    return former, body.entry.detail.get("reason", "")
