"""Ed25519 signatures over received bytes, with a domain that names what they are for.

The signed string is the DSSE pre-authentication encoding (secure-systems-lab/dsse, protocol 1.0.0): each field with its
length, so that no two different tuples give the same string. Verification happens on the bytes as received, before
any of them is parsed.
"""

from __future__ import annotations

import hashlib

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue, MalformedMessage, OversizedMessage, SignatureMismatch

RECORD_DOMAIN = "clairvoie/record/v1"
TICK_DOMAIN = "clairvoie/tick/v1"
LEASE_DOMAIN = "clairvoie/lease/v1"
MAXIMUM_ENVELOPES = 500
MAXIMUM_BATCH_BYTES = 4 * 1024 * 1024


class Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signed bytes with everything their signature covers. For a tick, ``sensor`` is the node and ``sequence`` the
    second."""

    domain: str
    deployment: str
    node: str
    epoch: int
    sensor: str
    sequence: int
    body: bytes
    signature: bytes

    def __post_init__(self) -> None:
        if self.domain not in (RECORD_DOMAIN, TICK_DOMAIN, LEASE_DOMAIN):
            raise InvalidValue("an envelope is a record, a tick or a request for a lease", self.domain)
        check_name("deployment", self.deployment)
        check_name("node", self.node)
        check_name("sensor", self.sensor)
        if self.epoch < 0 or self.sequence < 0:
            raise InvalidValue("epoch and sequence count up from zero", (self.epoch, self.sequence))
        if len(self.signature) != 64:
            raise InvalidValue("an Ed25519 signature has 64 bytes", len(self.signature))

    @property
    def digest(self) -> bytes:
        """SHA-256 of the body: two envelopes with the same identity and other digests are equivocation."""
        return hashlib.sha256(self.body).digest()


def signed_string(
    domain: str, deployment: str, node: str, epoch: int, sensor: str, sequence: int, body: bytes
) -> bytes:
    """The DSSE pre-authentication encoding of everything that a signature covers."""
    fields = [domain, deployment, node, str(epoch), sensor, str(sequence)]
    parts = [b"DSSEv1", *(field.encode() for field in fields), body]
    return b" ".join(b"%d %b" % (len(part), part) for part in parts)


def sign(
    key: Ed25519PrivateKey,
    *,
    domain: str,
    deployment: str,
    node: str,
    epoch: int,
    sensor: str,
    sequence: int,
    body: bytes,
) -> Envelope:
    """An envelope around ``body``, signed by the node's key."""
    signature = key.sign(signed_string(domain, deployment, node, epoch, sensor, sequence, body))
    return Envelope(
        domain=domain,
        deployment=deployment,
        node=node,
        epoch=epoch,
        sensor=sensor,
        sequence=sequence,
        body=body,
        signature=signature,
    )


def verify(envelope: Envelope, key: Ed25519PublicKey) -> None:
    """Raise :class:`SignatureMismatch` unless ``key`` signed exactly these bytes for exactly this identity."""
    e = envelope
    string = signed_string(e.domain, e.deployment, e.node, e.epoch, e.sensor, e.sequence, e.body)
    try:
        key.verify(e.signature, string)
    except InvalidSignature:
        raise SignatureMismatch(
            "the signature does not fit the bytes",
            f"{e.node}/{e.sensor}/{e.sequence}",
            "Check the node's public key.",
        ) from None


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_envelope_decoder = msgspec.msgpack.Decoder(Envelope)
_batch_decoder = msgspec.msgpack.Decoder(tuple[Envelope, ...])


def encode_envelope(envelope: Envelope) -> bytes:
    """An envelope as bytes."""
    return _encoder.encode(envelope)


def decode_envelope(data: bytes) -> Envelope:
    """The envelope in ``data``; nothing in it is verified yet."""
    try:
        return _envelope_decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not an envelope", str(error)) from error


def encode_batch(envelopes: tuple[Envelope, ...]) -> bytes:
    """Up to ``MAXIMUM_ENVELOPES`` envelopes as the body of one upload."""
    return _encoder.encode(envelopes)


def decode_batch(data: bytes) -> tuple[Envelope, ...]:
    """The envelopes of one upload; nothing in them is verified yet."""
    if len(data) > MAXIMUM_BATCH_BYTES:
        raise OversizedMessage(f"an upload has at most {MAXIMUM_BATCH_BYTES} bytes", len(data))
    try:
        batch = _batch_decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a batch of envelopes", str(error)) from error
    if not 1 <= len(batch) <= MAXIMUM_ENVELOPES:
        raise OversizedMessage(f"an upload holds 1 to {MAXIMUM_ENVELOPES} records", len(batch))
    return batch
