"""What the ledger keeps: one entry for each act, of a closed list of kinds, and the seam through which rooms write it.

An entry's body is never in the log, only a salted commitment to it (:mod:`clairvoie.boundary.leaf`). ``about`` names
what the act was about (a sensor, an incident, an authorisation), ``who`` the person, node or role that acted,
``detail`` short facts. Nothing here may hold a note's text, a position finer than a sensor's, or anything about a
passer-by; there is no field for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from clairvoie.errors import InvalidValue, MalformedMessage

LONGEST_TEXT = 400


class EntryKind(StrEnum):
    """Everything of which the ledger keeps an entry. Append, never rename."""

    EPOCH = "epoch"
    AUTHORISATION = "authorisation"
    SUSPENSION = "suspension"
    LIFE = "life"
    SETTING = "setting"
    MODEL = "model"
    SANDBOX = "sandbox"
    DETECTION = "detection"
    TRANSITION = "transition"
    LOOK = "look"
    EXPORT = "export"
    DELETION = "deletion"
    ACCOUNT = "account"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    PROPOSAL = "proposal"
    APPROVAL = "approval"
    EQUIVOCATION = "equivocation"
    MISS = "miss"
    INSPECTION = "inspection"
    TRIAL = "trial"


PUBLIC_KINDS = frozenset(
    {
        EntryKind.EPOCH,
        EntryKind.AUTHORISATION,
        EntryKind.SUSPENSION,
        EntryKind.LIFE,
        EntryKind.MODEL,
        EntryKind.SANDBOX,
        EntryKind.EQUIVOCATION,
        EntryKind.INSPECTION,
    }
)
"""Kinds whose bodies are published with the log. Of all others only the commitment is public."""


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act. ``at`` is POSIX seconds by the hub's clock."""

    kind: EntryKind
    at: float
    who: str = ""
    about: str = ""
    detail: dict[str, str] = {}

    def __post_init__(self) -> None:
        for text in (self.who, self.about, *self.detail, *self.detail.values()):
            if len(text) > LONGEST_TEXT:
                raise InvalidValue(f"an entry's texts have at most {LONGEST_TEXT} characters", text[:40])
        msgspec.structs.force_setattr(self, "at", float(self.at))  # a whole number would not be read back as written


_encoder = msgspec.json.Encoder(order="deterministic")


def encode_entry(entry: Entry) -> bytes:
    """Canonical bytes of an entry: JSON with sorted keys.

    >>> encode_entry(Entry(kind=EntryKind.LOOK, at=7))
    b'{"kind":"look","at":7.0,"who":"","about":"","detail":{}}'
    """
    return _encoder.encode(entry)


def decode_entry(data: bytes) -> Entry:
    """The entry in ``data``, which must be exactly what :func:`encode_entry` writes."""
    try:
        entry = msgspec.json.decode(data, type=Entry)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not an entry of the ledger", str(error)) from error
    if encode_entry(entry) != data:
        raise MalformedMessage("an entry that is not in its canonical form")
    return entry


class StoredRecord(Struct, frozen=True, kw_only=True):
    """What the ledger must know of a sensor's record that is being stored. ``number`` is its row, ``millibits`` what it
    was charged, in thousandths of a bit; ``body`` is committed to and not kept."""

    sensor: str
    epoch: int
    sequence: int
    number: int
    received: float
    millibits: int
    body: bytes


class LedgerWriter(Protocol):
    """Where a room records acts. ``connection`` is the store's open transaction: entry and act are committed together
    or not at all."""

    def record(self, connection: Any, entry: Entry) -> int:
        """Add ``entry`` inside the transaction; its number, which is never given again (see :meth:`forget`)."""
        ...

    def record_stored(self, connection: Any, stored: Sequence[StoredRecord]) -> None:
        """Add records of sensors, which are sealed together with all others of the same hub-minute."""
        ...

    def forget(self, connection: Any, *, entries: Sequence[int] = (), records: Sequence[int] = ()) -> None:
        """Erase body and salt of these entries and of these records (their numbers), for ever.

        What remains are commitments, which cannot be linked to what was erased. Unknown numbers are left alone.
        """
        ...

    def forget_before(self, connection: Any, kinds: frozenset[EntryKind], before: float) -> int:
        """Erase body and salt of all entries of these kinds older than ``before`` (POSIX seconds); how many."""
        ...
