"""One entry's proof in a file that needs no log: C2SP tlog-proof, with the entry itself as its extra data.

::

    c2sp.org/tlog-proof@v1
    extra <base64 of {"leaf": ..., "body": ...}>
    index 73
    <base64 hashes, from the leaf upwards>

    <the checkpoint>

``body`` is the entry with its salt if it is published, or if somebody who holds both put it there.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from clairvoie.boundary.entry import encode_entry
from clairvoie.boundary.leaf import ACT_DOMAIN, ActBody, MinuteLeaf, commit, decode_line, read_leaf
from clairvoie.boundary.tile import CHECKPOINT, WIDTH, bodies_path
from clairvoie.errors import BoundaryError, InvalidValue, MalformedMessage
from clairvoie.oversight.checkpoint import decode_base64, encode_base64, open_checkpoint
from clairvoie.oversight.merkle import HASH_BYTES, leaf_hash, root_of_inclusion
from clairvoie.oversight.report import Report
from clairvoie.oversight.tree import Broken, Fault, Source, TreeTiles, Trust, open_head

HEADER = "c2sp.org/tlog-proof@v1"
FILE = "the proof"


class Extra(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The leaf's bytes, and the body that it commits to when that may be shown."""

    leaf: bytes
    body: ActBody | None = None


class Proof(Struct, frozen=True, kw_only=True):
    """That an entry is in the log that a checkpoint stands for."""

    extra: Extra
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The proof as text."""
        lines = [HEADER, f"extra {encode_base64(_encoder.encode(self.extra))}", f"index {self.index}"]
        lines += [encode_base64(digest) for digest in self.hashes]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint


_encoder = msgspec.json.Encoder(order="deterministic")


def decode_proof(data: bytes) -> Proof:
    """The proof in ``data``; nothing is proved yet. What it takes, :meth:`Proof.encode` gives back byte for byte."""
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        words = [line.split(" ") for line in lines[:3]]
        if not blank or lines[0] != HEADER or [word[0] for word in words[1:]] != ["extra", "index"]:
            raise MalformedMessage("a proof begins with its header, extra data and an index", lines[0][:40])
        extra = msgspec.json.decode(decode_base64(words[1][1]), type=Extra)
        hashes = tuple(decode_base64(line) for line in lines[3:])
        proof = Proof(extra=extra, index=int(words[2][1]), hashes=hashes, checkpoint=checkpoint)
    except (IndexError, UnicodeDecodeError, ValueError, msgspec.MsgspecError) as error:
        raise MalformedMessage("not a proof of inclusion", str(error)[:80]) from error
    if proof.encode() != data or any(len(digest) != HASH_BYTES for digest in proof.hashes):
        raise MalformedMessage("a proof of inclusion that is not in its canonical form")
    return proof


def prove(source: Source, trust: Trust, index: int) -> Proof:
    """The proof of the entry at ``index``, out of a published log. Raises :class:`Broken`."""
    head = open_head(source, trust)
    size = head.checkpoint.size
    if not 0 <= index < size:
        raise InvalidValue(f"the log has {size} entries, counted from 0, and none of this number", index)
    tiles = TreeTiles(source.read, size)
    leaf = tiles.leaves(index // WIDTH)[index % WIDTH]
    hashes = tuple(tiles.inclusion(index))
    if root_of_inclusion(index, size, leaf_hash(leaf), hashes) != head.checkpoint.root:
        raise Broken(CHECKPOINT, "the log's files do not prove this entry; verify the whole log", index)
    return Proof(
        extra=Extra(leaf=leaf, body=_body_of(source, index)),
        index=index,
        hashes=hashes,
        checkpoint=head.note.encode(),
    )


def _body_of(source: Source, index: int) -> ActBody | None:
    for line in (source.read(bodies_path(index // WIDTH)) or b"").splitlines():
        body = decode_line(line, ActBody)
        if body.index == index:
            return body
    return None


def verify_proof(data: bytes, trust: Trust) -> Report:
    """Check a proof with nothing but the keys; the report's ``first`` is the entry's body if the proof holds it."""
    try:
        proof = decode_proof(data)
        head = open_checkpoint(proof.checkpoint, trust.log, trust.witnesses)
        content = read_leaf(proof.extra.leaf)
    except BoundaryError as error:
        return Report(faults=(Fault(FILE, None, str(error)),))
    faults: list[Fault] = []
    new, body = head.checkpoint, proof.extra.body
    if root_of_inclusion(proof.index, new.size, leaf_hash(proof.extra.leaf), proof.hashes) != new.root:
        faults.append(Fault(FILE, proof.index, "is not in the tree that the checkpoint commits to"))
    if body is not None:
        salt = bytes.fromhex(body.salt)
        right = not isinstance(content, MinuteLeaf) and commit(ACT_DOMAIN, salt, encode_entry(body.entry)) == content
        if not right or body.index != proof.index:
            faults.append(Fault(FILE, proof.index, "the body is not what the leaf commits to"))
    if trust.strict and head.unknown:
        faults.append(Fault(FILE, None, f"bears a signature by somebody who is not in the charter, {head.unknown[0]}"))
    return Report(
        origin=new.origin,
        size=new.size,
        root=new.root,
        cosigners=head.cosigners,
        entries=1,
        faults=tuple(faults),
        first=body,
    )
