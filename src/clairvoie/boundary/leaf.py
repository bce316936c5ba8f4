"""What a leaf of the ledger is, and what is published beside it. Version 1.

Nothing readable is in the log. A leaf is one of two forms, told apart by their second byte:

======  ====================================================================================  =========
form    bytes                                                                                 length
======  ====================================================================================  =========
act     ``01 01`` then the commitment to one entry                                            34
minute  ``01 02``, the minute (POSIX seconds, 8), how many records (4), their Merkle root     46
======  ====================================================================================  =========

A **commitment** is SHA-256(domain || salt || body) with 16 random bytes of salt, and a domain that ends in a zero byte.
Whoever has body and salt can show that this is what was recorded. Once both are erased nobody can: to try likely bodies
one would have to try all 2**128 salts with each.

A **minute** holds every record that the hub stored in it. Each has a :class:`RecordHeader`, one line of JSON that is
published beside the log: sensor, key epoch, sequence, the hash of the same sensor's header before it, what it was
charged, and a commitment to its body. The root is that of RFC 6962 over those lines.

An act of a public kind is published as an :class:`ActBody`, one line of JSON with its number, its salt and its entry.
"""

from __future__ import annotations

import hashlib
from typing import TypeVar

import msgspec
from msgspec import Struct

from clairvoie.boundary.entry import Entry
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue, MalformedMessage

VERSION = 1
ACT = 1
MINUTE = 2
SALT_BYTES = 16
ACT_DOMAIN = b"clairvoie/ledger/act/v1\x00"
RECORD_DOMAIN = b"clairvoie/ledger/record/v1\x00"
NO_HEADER = "0" * 64
"""What the first header of a sensor names as the one before it."""
_ACT_PREFIX = bytes([VERSION, ACT])
_MINUTE_PREFIX = bytes([VERSION, MINUTE])
ACT_BYTES = 34
MINUTE_BYTES = 46

Line = TypeVar("Line", bound=Struct)


def commit(domain: bytes, salt: bytes, body: bytes) -> bytes:
    """The commitment to ``body``: 32 bytes.

    >>> commit(ACT_DOMAIN, bytes(16), b"{}").hex()[:16]
    '7207681e6873cdeb'
    """
    if len(salt) != SALT_BYTES:
        raise InvalidValue(f"a salt has {SALT_BYTES} bytes", len(salt))
    return hashlib.sha256(domain + salt + body).digest()


class MinuteLeaf(Struct, frozen=True, kw_only=True):
    """A hub-minute: its first second, how many records were stored in it, the root over their headers."""

    minute: int
    count: int
    root: bytes


def act_leaf(commitment: bytes) -> bytes:
    """The leaf of an act."""
    return _ACT_PREFIX + commitment


def minute_leaf(leaf: MinuteLeaf) -> bytes:
    """The leaf of a minute."""
    return _MINUTE_PREFIX + leaf.minute.to_bytes(8, "big") + leaf.count.to_bytes(4, "big") + leaf.root


def read_leaf(data: bytes) -> bytes | MinuteLeaf:
    """A leaf's content: the commitment to an act, or a minute. Raises :class:`MalformedMessage`."""
    if len(data) == ACT_BYTES and data.startswith(_ACT_PREFIX):
        return data[2:]
    if len(data) == MINUTE_BYTES and data.startswith(_MINUTE_PREFIX):
        minute, count = int.from_bytes(data[2:10], "big"), int.from_bytes(data[10:14], "big")
        return MinuteLeaf(minute=minute, count=count, root=data[14:])
    raise MalformedMessage("not a leaf of version 1", data[:4].hex())


class RecordHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, array_like=True):
    """What is public of one stored record. ``previous`` and ``commitment`` are 64 hexadecimal digits; ``millibits`` is
    what the record was charged."""

    sensor: str
    epoch: int
    sequence: int
    previous: str
    millibits: int
    commitment: str

    def __post_init__(self) -> None:
        check_name("sensor", self.sensor)
        _check_hex(self.previous, 32)
        _check_hex(self.commitment, 32)


class ActBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published act: its index in the log, its salt (32 hexadecimal digits), its entry."""

    index: int
    salt: str
    entry: Entry

    def __post_init__(self) -> None:
        _check_hex(self.salt, SALT_BYTES)


def _check_hex(digits: str, size: int) -> None:
    if len(digits) != 2 * size or set(digits) - set("0123456789abcdef"):
        raise InvalidValue(f"{size} bytes are written as {2 * size} lower-case hexadecimal digits", digits[:80])


_encoder = msgspec.json.Encoder(order="deterministic")


def encode_line(line: RecordHeader | ActBody) -> bytes:
    """One published line without its newline, in its one canonical form.

    >>> header = RecordHeader(sensor="m", epoch=0, sequence=1, previous="0" * 64, millibits=60, commitment="f" * 64)
    >>> encode_line(header)[:14], decode_line(encode_line(header), RecordHeader) == header
    (b'["m",0,1,"0000', True)
    """
    return _encoder.encode(line)


def decode_line(data: bytes, kind: type[Line]) -> Line:
    """The line in ``data``, which must be exactly what :func:`encode_line` writes."""
    try:
        line = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a published line of the ledger", str(error)) from error
    if _encoder.encode(line) != data:
        raise MalformedMessage("a published line that is not in its canonical form")
    return line


def header_hash(line: bytes) -> str:
    """How the next header of the same sensor names this one: SHA-256 of its line, 64 hexadecimal digits."""
    return hashlib.sha256(line).hexdigest()
