"""Signed documents: a DSSE envelope as JSON around exact bytes, signed by named people's Ed25519 keys.

The signed string is DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol 1.0.0), so any DSSE tool can
check it. Signatures cover the bytes as they stand in the file: nothing is parsed before it is verified, and nothing is
written anew to be verified.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

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
TYPES = (AUTHORISATION_TYPE, SUSPENSION_TYPE, CHARTER_TYPE, LIFE_TYPE, LEASE_TYPE)
MAXIMUM_DOCUMENT_BYTES = 1024 * 1024


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
        try:
            return base64.b64decode(self.payload, validate=True)
        except ValueError as error:
            raise MalformedMessage("a document's payload is not base64", str(error)) from error

    @property
    def digest(self) -> str:
        """SHA-256 of the signed bytes, 64 hexadecimal digits: the name by which other acts refer to this one."""
        return hashlib.sha256(self.body).hexdigest()


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
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits)).verify(base64.b64decode(mark, validate=True), string)
    except (InvalidSignature, ValueError):
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
