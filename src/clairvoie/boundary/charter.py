"""The charter of a deployment: whose signatures count, and for what. It is the root of trust of nodes and of the hub.

Nodes and hub are given its file when they are set up and print its digest; whoever replaces that file by hand replaces
the root of trust, and ``clairvoie inspect`` shows it. Everything else that is signed is checked against it.

- ``roles`` sign authorisations: ``threshold`` different ones of them to authorise or widen, any one to suspend.
- ``technicians`` sign what happens to sensors (planned, installed, moved...); that never widens what may be released.
- ``number`` counts charters of a deployment: its roles may replace it (:func:`successor`) by the next.
- ``leases`` is the hub's key for leases, ``ledger`` its key for checkpoints; ``witnesses`` are asked to cosign those,
  and ``witness_threshold`` of them make a checkpoint believable.
"""

from __future__ import annotations

import hashlib
import re

import msgspec
from msgspec import Struct

from clairvoie.boundary.document import (
    CHARTER_TYPE,
    SignedDocument,
    check_different,
    check_keys_once,
    check_words,
    signers_of,
)
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import BoundaryError, InvalidValue, MalformedMessage

_DIGITS = re.compile(r"[0-9a-f]{64}")


def check_key(what: str, digits: str) -> str:
    """A public Ed25519 key as 64 lower-case hexadecimal digits."""
    if not isinstance(digits, str) or _DIGITS.fullmatch(digits) is None:
        raise InvalidValue(f"the public key of {what} is 64 lower-case hexadecimal digits", digits)
    return digits


class Signer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role or a technician: ``id`` names it in signatures, ``holder`` says in words who it is."""

    id: str
    holder: str
    public_key: str

    def __post_init__(self) -> None:
        check_name("signer", self.id)
        check_words("who holds a key", self.holder)
        check_key(self.id, self.public_key)


class Witness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who cosigns checkpoints (C2SP tlog-witness): a key name, a key and, where it is asked, an address."""

    name: str
    public_key: str
    url: str = ""

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name):
            raise InvalidValue("a witness has a key name without spaces or plus signs", self.name)
        check_key(self.name, self.public_key)


class Charter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose signatures count in ``deployment``. See the module."""

    deployment: str
    exercise: bool
    number: int = 1
    roles: tuple[Signer, ...]
    threshold: int
    leases: str
    ledger: str
    technicians: tuple[Signer, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    witness_threshold: int = 0

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        names = [signer.id for signer in (*self.roles, *self.technicians)]
        keys = [signer.public_key for signer in (*self.roles, *self.technicians)]
        if len(set(names)) != len(names) or len(set(keys)) != len(keys):
            raise InvalidValue("each signer of a charter has a name and a key of its own", names)
        if {self.leases, self.ledger} & {*keys, *(witness.public_key for witness in self.witnesses)}:
            raise InvalidValue("a hub's key is nobody's own", self.leases, "Make the hub keys of its own.")
        check_different("witnesses and their keys", [w.name for w in self.witnesses])
        check_different("witnesses and their keys", [w.public_key for w in self.witnesses])
        if self.number < 1:
            raise InvalidValue("a deployment's charters are numbered from 1", self.number)
        if not 1 <= self.threshold <= len(self.roles):
            raise InvalidValue(f"the threshold lies between 1 and the {len(self.roles)} roles", self.threshold)
        if not 0 <= self.witness_threshold <= len(self.witnesses):
            raise InvalidValue("a charter asks for at most as many witnesses as it has", self.witness_threshold)
        check_key("leases", self.leases)
        check_key("ledger", self.ledger)

    def roles_that_signed(self, document: SignedDocument) -> frozenset[str]:
        """The roles whose signature on ``document`` is valid."""
        return signers_of(document, {role.id: role.public_key for role in self.roles})

    def technicians_that_signed(self, document: SignedDocument) -> frozenset[str]:
        """The technicians whose signature on ``document`` is valid."""
        return signers_of(document, {signer.id: signer.public_key for signer in self.technicians})


def successor(old: Charter, document: SignedDocument) -> Charter:
    """The charter in ``document`` that replaces ``old``.

    As a new root does in The Update Framework (specification 1.0.33, 5.3): it has the next number and is signed by the
    threshold of the old roles, who give their trust away, and by the threshold of the new ones, who show that they hold
    their keys. Raises :class:`BoundaryError` otherwise.
    """
    if document.payload_type != CHARTER_TYPE:
        raise BoundaryError("not a signed charter", document.payload_type)
    before, new = old.roles_that_signed(document), decode_charter(document.body)
    after = new.roles_that_signed(document)
    if (new.deployment, new.exercise) != (old.deployment, old.exercise):
        raise BoundaryError("a charter of another deployment", new.deployment)
    if new.number != old.number + 1:
        raise BoundaryError(f"the charter after number {old.number} has the next number", new.number)
    for charter, signed in ((old, before), (new, after)):
        if len(signed) < charter.threshold:
            raise BoundaryError(
                f"a new charter is signed by {charter.threshold} roles of charter {charter.number}",
                ", ".join(sorted(signed)) or "nobody",
            )
    return new


def encode_charter(charter: Charter) -> bytes:
    """A charter as the bytes of its file: JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(charter), indent=2) + b"\n"


def decode_charter(data: bytes) -> Charter:
    """The charter in ``data``."""
    check_keys_once(data, "a charter")
    try:
        return msgspec.json.decode(data, type=Charter)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a charter", str(error)) from error


def charter_digest(data: bytes) -> str:
    """SHA-256 of a charter's file, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
