"""A hub's ledger in memory that answers a node's question, honestly or as a test bids it."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.entry import Entry, EntryKind, encode_entry
from clairvoie.boundary.leaf import (
    ACT_DOMAIN,
    NO_HEADER,
    ActBody,
    MinuteLeaf,
    RecordHeader,
    act_leaf,
    commit,
    encode_line,
    header_hash,
    minute_leaf,
)
from clairvoie.oversight.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    Note,
    NoteKey,
    cosign,
    encode_base64,
    origin_of,
    sign_note,
)
from clairvoie.oversight.continuation import Continuation, KeptLog, LedgerTrust, Succession, epoch_of
from clairvoie.oversight.inclusion import NotLogged, OwnRecord, RecordInclusion
from clairvoie.oversight.merkle import consistency_ranges, inclusion_ranges, leaf_hash, root_of

LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS_KEY = NoteKey(name="ville.example/w", kind=COSIGNATURE, public=WITNESS.public_key().public_bytes_raw())
DEPLOYMENT = "quai"
TRUST = LedgerTrust(deployment=DEPLOYMENT, log=LOG.public_key().public_bytes_raw(), witnesses=(WITNESS_KEY,), needed=1)
NOW = 1_795_316_640.0


@dataclass
class Epoch:
    """One epoch's leaves, and the minutes' header lines by index; ``first`` is the line of its first entry."""

    number: int
    leaves: list[bytes] = field(default_factory=list)
    minutes: dict[int, list[bytes]] = field(default_factory=dict)
    first: str = ""

    def hashes(self) -> list[bytes]:
        return [leaf_hash(leaf) for leaf in self.leaves]


def encoded(hashes: list[bytes], ranges: list[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(encode_base64(root_of(hashes[start:end])) for start, end in ranges)


class SmallLedger:
    """Sealed minutes of records, in epochs. ``key`` signs; tests alter ``epochs`` to be dishonest."""

    def __init__(self, *, key: Ed25519PrivateKey = LOG, witnessed: bool = True) -> None:
        self.key = key
        self.witnessed = witnessed
        self.heads: dict[str, str] = {}
        self.epochs: list[Epoch] = []
        self.begin()

    def begin(self, former: str | None = None) -> None:
        """Begin an epoch that names ``former``, by default the last head of the one before."""
        number = len(self.epochs)
        if number and former is None:
            former = self.head().text
        detail = {} if former is None else {"former-checkpoint": former, "reason": "restored"}
        origin = origin_of(DEPLOYMENT, number)
        body = ActBody(
            index=0,
            salt="07" * 16,
            entry=Entry(kind=EntryKind.EPOCH, at=NOW, who="hub", about=origin, detail=detail),
        )
        leaf = act_leaf(commit(ACT_DOMAIN, bytes.fromhex(body.salt), encode_entry(body.entry)))
        self.epochs.append(Epoch(number, [leaf], first=encode_line(body).decode()))

    def act(self) -> None:
        self.epochs[-1].leaves.append(act_leaf(bytes([len(self.epochs[-1].leaves) % 256]) * 32))

    def seal(self, *records: OwnRecord) -> None:
        """A minute of these records, as a hub writes them down."""
        epoch, lines = self.epochs[-1], []
        for record in records:
            header = RecordHeader(
                sensor=record.sensor,
                epoch=record.epoch,
                sequence=record.sequence,
                previous=self.heads.get(record.sensor, NO_HEADER),
                millibits=record.millibits,
                commitment=f"{record.sequence:064x}",
            )
            lines.append(encode_line(header))
            self.heads[record.sensor] = header_hash(lines[-1])
        root = root_of([leaf_hash(line) for line in lines])
        epoch.minutes[len(epoch.leaves)] = lines
        epoch.leaves.append(minute_leaf(MinuteLeaf(minute=int(NOW), count=len(lines), root=root)))

    def head(self, number: int = -1) -> Checkpoint:
        epoch = self.epochs[number]
        return Checkpoint(
            origin=origin_of(DEPLOYMENT, epoch.number), size=len(epoch.leaves), root=root_of(epoch.hashes())
        )

    def note(self, number: int = -1) -> str:
        head = self.head(number)
        signatures = [sign_note(head.text, head.origin, self.key)]
        if self.witnessed:
            signatures.append(cosign(head.text, WITNESS_KEY.name, WITNESS, int(NOW)))
        return Note(text=head.text, signatures=tuple(signatures)).encode().decode()

    def continuation(self, epoch: int, size: int) -> Continuation:
        present, note = self.epochs[-1], self.note()
        since = self.epochs[min(epoch, present.number)]
        if size > len(since.leaves) or epoch > present.number:
            return Continuation(checkpoint=note)
        proof = encoded(since.hashes(), consistency_ranges(size, len(since.leaves)))
        if since is present:
            return Continuation(checkpoint=note, consistency=proof)
        first = encoded(present.hashes(), inclusion_ranges(0, len(present.leaves)))
        succession = Succession(first=present.first, proof=first)
        return Continuation(checkpoint=note, consistency=proof, succession=succession)

    def answer(self, record: OwnRecord, kept: KeptLog | None) -> tuple[int, bytes]:
        """Status and body, as the hub answers."""
        return self.said(record, *((0, 0) if kept is None else (epoch_of(kept.head), kept.head.size)))

    def said(self, record: OwnRecord, epoch_kept: int, size: int) -> tuple[int, bytes]:
        """The same to somebody who kept the checkpoint of that epoch and size."""
        goes_on = self.continuation(epoch_kept, size)
        for epoch in self.epochs:
            for index, lines in epoch.minutes.items():
                for place, line in enumerate(lines):
                    if line.startswith(f'["{record.sensor}",{record.epoch},{record.sequence},'.encode()):
                        return 200, msgspec.json.encode(self.inclusion(epoch, index, place, goes_on))
        return 404, msgspec.json.encode(NotLogged(code="unknown", what="not there", continuation=goes_on))

    def inclusion(self, epoch: Epoch, index: int, place: int, goes_on: Continuation) -> RecordInclusion:
        lines, hashes = epoch.minutes[index], epoch.hashes()
        within = [leaf_hash(line) for line in lines]
        return RecordInclusion(
            header=lines[place].decode(),
            header_hash=header_hash(lines[place]),
            place=place,
            count=len(lines),
            minute_proof=encoded(within, inclusion_ranges(place, len(lines))),
            index=index,
            leaf=encode_base64(epoch.leaves[index]),
            proof=encoded(hashes, inclusion_ranges(index, len(hashes))),
            checkpoint=self.note(epoch.number),
            continuation=goes_on,
        )


def own(sequence: int, sensor: str = "mic-a", **more: float) -> OwnRecord:
    """A record of ours, acknowledged at ``NOW``."""
    fields = {"sensor": sensor, "epoch": 0, "sequence": sequence, "millibits": 60 + sequence, "acknowledged": NOW}
    return OwnRecord(**(fields | more))  # type: ignore[arg-type]
