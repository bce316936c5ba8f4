"""Signatures cover every field, and no two identities share a signed string."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary import signed
from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN, Envelope
from clairvoie.errors import InvalidValue, MalformedMessage, OversizedMessage, SignatureMismatch

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
IDENTITY: dict[str, Any] = {
    "domain": RECORD_DOMAIN,
    "deployment": "town",
    "node": "node-1",
    "epoch": 0,
    "sensor": "mic-1",
    "sequence": 5,
}
OTHER: dict[str, Any] = {
    "domain": TICK_DOMAIN,
    "deployment": "town2",
    "node": "node-2",
    "epoch": 1,
    "sensor": "mic-2",
    "sequence": 6,
    "body": b"other bytes",
}


def envelope(body: bytes = b"body") -> Envelope:
    return signed.sign(KEY, **IDENTITY, body=body)


@given(body=st.binary(max_size=200))
def test_what_was_signed_verifies_after_the_wire(body: bytes) -> None:
    received = signed.decode_envelope(signed.encode_envelope(envelope(body)))
    signed.verify(received, KEY.public_key())
    assert received.body == body


@pytest.mark.parametrize("name", sorted(OTHER))
def test_changing_any_field_breaks_the_signature(name: str) -> None:
    changed = msgspec.structs.replace(envelope(), **{name: OTHER[name]})
    with pytest.raises(SignatureMismatch):
        signed.verify(changed, KEY.public_key())


def test_another_key_does_not_verify() -> None:
    with pytest.raises(SignatureMismatch):
        signed.verify(envelope(), Ed25519PrivateKey.generate().public_key())


texts = st.text(alphabet="a1 -", max_size=6)


@given(one=st.tuples(texts, texts, texts), other=st.tuples(texts, texts, texts))
def test_different_identities_have_different_signed_strings(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    def string(deployment: str, node: str, sensor: str) -> bytes:
        return signed.signed_string(RECORD_DOMAIN, deployment, node, 0, sensor, 1, b"")

    assert (string(*one) == string(*other)) == (one == other)


@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_batch_are_refused(data: bytes) -> None:
    with pytest.raises((MalformedMessage, OversizedMessage)):
        signed.decode_batch(data)


def test_a_batch_is_bounded_in_bytes_and_in_number() -> None:
    one = envelope()
    assert signed.decode_batch(signed.encode_batch((one, one))) == (one, one)
    with pytest.raises(OversizedMessage, match="1 to 500"):
        signed.decode_batch(signed.encode_batch((one,) * (signed.MAXIMUM_ENVELOPES + 1)))
    with pytest.raises(OversizedMessage, match="at most"):
        signed.decode_batch(bytes(signed.MAXIMUM_BATCH_BYTES + 1))


def test_an_envelope_without_a_name_or_with_half_a_signature_is_none() -> None:
    with pytest.raises(InvalidValue):
        msgspec.structs.replace(envelope(), sensor="../etc")
    with pytest.raises(InvalidValue, match="64 bytes"):
        msgspec.structs.replace(envelope(), signature=bytes(63))
