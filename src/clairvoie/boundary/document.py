"""Signed documents: a DSSE envelope as JSON around exact bytes, signed by named people's Ed25519 keys.

The signed string is DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol 1.0.0), so any DSSE tool can
check it. Signatures cover the bytes as they stand in the file: nothing is parsed before it is verified, and nothing is
written anew to be verified. Base64 is taken in its one canonical form only, so no bit of payload or signature can be
changed without a consequence.
"""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from clairvoie.errors import InvalidValue, MalformedMessage, OversizedMessage

AUTHORISATION_TYPE = "application/vnd.clairvoie.authorisation+json"
SUSPENSION_TYPE = "application/vnd.clairvoie.suspension+json"
CHARTER_TYPE = "application/vnd.clairvoie.charter+json"
LIFE_TYPE = "application/vnd.clairvoie.life+json"
LEASE_TYPE = "application/vnd.clairvoie.lease+json"
ENROLMENT_TYPE = "application/vnd.clairvoie.enrolment+json"
TYPES = (AUTHORISATION_TYPE, SUSPENSION_TYPE, CHARTER_TYPE, LIFE_TYPE, LEASE_TYPE, ENROLMENT_TYPE)
MAXIMUM_DOCUMENT_BYTES = 1024 * 1024
LONGEST_WORDS = 2000
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_words(what: str, text: str, *, empty: bool = False) -> str:
    """A text for people: one line, at most 2,000 characters, none of which is invisible or changes how others are read
    (controls, terminal escapes, reversed direction): what a signer reads is what is signed."""
    if not (empty or text.strip()):
        raise InvalidValue(f"{what} is given in words", text)
    if len(text) > LONGEST_WORDS:
        raise InvalidValue(f"{what} has at most {LONGEST_WORDS} characters", len(text))
    unseen = next((character for character in text if unicodedata.category(character) in _UNSEEN), None)
    if unseen is not None:
        raise InvalidValue(f"{what} is one line of visible characters", f"U+{ord(unseen):04X}", "Remove that one.")
    return text


def check_different(what: str, values: Sequence[object]) -> None:
    """Each of ``values`` once."""
    if len(set(values)) < len(values):
        raise InvalidValue(f"{what} are listed once each", tuple(str(value) for value in values))


class DocumentSignature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signature; ``keyid`` is the signer's public key in 64 hexadecimal digits, a hint until it is verified."""

    keyid: str
    sig: str


class SignedDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A DSSE envelope: ``payload`` is base64 of the exact bytes that the signatures cover."""

    payload_type: str
    payload: str
    signatures: tuple[DocumentSignature, ...]

    def __post_init__(self) -> None:
        if self.payload_type not in TYPES:
            raise InvalidValue("a signed document is one of " + ", ".join(TYPES), self.payload_type)

    @property
    def body(self) -> bytes:
        """The signed bytes."""
        return _canonical(self.payload, "a document's payload")

    @property
    def digest(self) -> str:
        """SHA-256 of the signed bytes, 64 hexadecimal digits: the name by which other acts refer to this one."""
        return hashlib.sha256(self.body).hexdigest()


def _canonical(text: str, what: str) -> bytes:
    """What ``text`` stands for in base64, if it is the one text that does: Python's decoder ignores spare bits."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedMessage(f"{what} is not base64", str(error)) from error
    if base64.b64encode(data).decode() != text:
        raise MalformedMessage(f"{what} is not canonical base64", text[-8:])
    return data


def unsigned(payload_type: str, body: bytes) -> SignedDocument:
    """A document that nobody has signed yet."""
    return SignedDocument(payload_type=payload_type, payload=base64.b64encode(body).decode(), signatures=())


def signed_bytes(payload_type: str, body: bytes) -> bytes:
    """DSSE's pre-authentication encoding.

    >>> signed_bytes("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def add_signature(document: SignedDocument, key: Ed25519PrivateKey) -> SignedDocument:
    """The document with one more signature; an older one by the same key is replaced."""
    keyid = key.public_key().public_bytes_raw().hex()
    mark = key.sign(signed_bytes(document.payload_type, document.body))
    signature = DocumentSignature(keyid=keyid, sig=base64.b64encode(mark).decode())
    others = tuple(s for s in document.signatures if s.keyid != keyid)
    return msgspec.structs.replace(document, signatures=(*others, signature))


def signers_of(document: SignedDocument, keys: Mapping[str, str]) -> frozenset[str]:
    """The names among ``keys`` (name -> public key in hexadecimal digits) whose signature on ``document`` is valid.

    Signatures of unknown keys and invalid ones count for nothing; each name counts once.
    """
    string = signed_bytes(document.payload_type, document.body)
    names: set[str] = set()
    for name, digits in keys.items():
        marks = [s.sig for s in document.signatures if s.keyid == digits]
        if any(_valid(digits, mark, string) for mark in marks):
            names.add(name)
    return frozenset(names)


def _valid(digits: str, mark: str, string: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits)).verify(_canonical(mark, "a signature"), string)
    except (InvalidSignature, ValueError, MalformedMessage):
        return False
    return True


def encode_document(document: SignedDocument) -> bytes:
    """The envelope as JSON, one line."""
    return msgspec.json.encode(document) + b"\n"


def decode_document(data: bytes) -> SignedDocument:
    """The envelope in ``data``; nothing in it is verified yet."""
    if len(data) > MAXIMUM_DOCUMENT_BYTES:
        raise OversizedMessage(f"a signed document has at most {MAXIMUM_DOCUMENT_BYTES} bytes", len(data))
    try:
        return msgspec.json.decode(data, type=SignedDocument)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a signed document", str(error)) from error


def check_keys_once(data: bytes, what: str) -> None:
    """No object of the JSON in ``data`` names a key twice: readers would differ on which one counts."""

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in found]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise MalformedMessage(f"{what} says the same thing twice", twice)
        return dict(found)

    try:
        json.loads(data, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not {what}", str(error)) from error
