"""Signed documents: only valid signatures of known keys count, each name once, and no bit can be changed unnoticed."""

from __future__ import annotations

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.document import (
    AUTHORISATION_TYPE,
    MAXIMUM_DOCUMENT_BYTES,
    SUSPENSION_TYPE,
    DocumentSignature,
    SignedDocument,
    add_signature,
    check_keys_once,
    check_words,
    decode_document,
    encode_document,
    signed_bytes,
    signers_of,
    unsigned,
)
from clairvoie.errors import BoundaryError, InvalidValue, MalformedMessage, OversizedMessage

KEYS = {name: Ed25519PrivateKey.from_private_bytes(name.encode() * 32) for name in "abc"}
PUBLIC = {name: key.public_key().public_bytes_raw().hex() for name, key in KEYS.items()}
BODY = b'{"deployment": "town"}'
SIGNED = add_signature(add_signature(unsigned(AUTHORISATION_TYPE, BODY), KEYS["a"]), KEYS["b"])


@given(st.binary(max_size=200), st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc"), unique=True))
def test_who_signed_counts_once_and_only_if_known(body: bytes, signing: list[str], known: list[str]) -> None:
    document = unsigned(AUTHORISATION_TYPE, body)
    for name in signing:
        document = add_signature(document, KEYS[name])
    assert signers_of(document, {name: PUBLIC[name] for name in known}) == set(signing) & set(known)
    assert len(document.signatures) == len(set(signing))
    assert decode_document(encode_document(document)) == document


def test_a_signature_listed_twice_counts_once() -> None:
    twice = msgspec.structs.replace(SIGNED, signatures=SIGNED.signatures * 2)
    assert signers_of(twice, PUBLIC) == {"a", "b"}


@pytest.mark.parametrize("part", ["payload", "signature of a", "keyid of a"])
def test_no_bit_of_payload_or_signature_can_be_changed(part: str) -> None:
    """Every bit of the base64 text, one after another: also those that Python's decoder does not look at."""
    first, second = SIGNED.signatures
    text = {"payload": SIGNED.payload, "signature of a": first.sig, "keyid of a": first.keyid}[part]
    for position in range(len(text) * 7):
        character = chr(ord(text[position // 7]) ^ 1 << position % 7)
        changed = text[: position // 7] + character + text[position // 7 + 1 :]
        if part == "payload":
            document = msgspec.structs.replace(SIGNED, payload=changed)
        else:
            name = "sig" if part.startswith("signature") else "keyid"
            damaged = msgspec.structs.replace(first, **{name: changed})
            document = msgspec.structs.replace(SIGNED, signatures=(damaged, second))
        try:
            who = signers_of(document, PUBLIC)
        except BoundaryError:
            who = frozenset()
        assert "a" not in who, (position, character)
        assert who <= (frozenset() if part == "payload" else {"b"})


def test_spare_bits_of_base64_are_not_ignored() -> None:
    loose = SignedDocument(payload_type=AUTHORISATION_TYPE, payload="QUJDRR==", signatures=())
    assert base64.b64decode("QUJDRR==") == b"ABCE"
    with pytest.raises(MalformedMessage, match="canonical"):
        assert loose.body


def test_a_signature_under_one_type_is_none_under_another() -> None:
    assert signers_of(msgspec.structs.replace(SIGNED, payload_type=SUSPENSION_TYPE), PUBLIC) == set()


@given(st.text(max_size=90), st.text(max_size=90))
def test_no_made_up_signature_counts_or_raises(keyid: str, mark: str) -> None:
    for name in (keyid, PUBLIC["a"]):
        made_up = msgspec.structs.replace(SIGNED, signatures=(DocumentSignature(keyid=name, sig=mark),))
        assert signers_of(made_up, PUBLIC) == set()


def test_a_key_in_the_place_of_another_counts_for_neither() -> None:
    first, second = SIGNED.signatures
    crossed = tuple(
        DocumentSignature(keyid=keyid, sig=sig) for keyid, sig in ((first.keyid, second.sig), (second.keyid, first.sig))
    )
    assert signers_of(msgspec.structs.replace(SIGNED, signatures=crossed), PUBLIC) == set()


@given(st.sampled_from((AUTHORISATION_TYPE, SUSPENSION_TYPE)), st.binary(), st.binary())
def test_two_documents_never_have_the_same_signed_bytes(kind: str, one: bytes, other: bytes) -> None:
    assert (signed_bytes(kind, one) == signed_bytes(kind, other)) is (one == other)
    assert signed_bytes(AUTHORISATION_TYPE, one) != signed_bytes(SUSPENSION_TYPE, other)


@given(st.data())
def test_a_damaged_envelope_is_refused_or_has_no_more_signers(data: st.DataObject) -> None:
    whole = bytearray(encode_document(SIGNED))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        document = decode_document(bytes(whole))
        assert signers_of(document, PUBLIC) <= {"a", "b"}
        assert document.body == BODY or not signers_of(document, PUBLIC)
    except BoundaryError:
        return


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"payloadType":"text/plain","payload":""}'])
def test_what_is_no_document_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_document(data)


def test_a_document_of_an_unknown_type_or_too_long_is_refused() -> None:
    with pytest.raises(InvalidValue):
        unsigned("text/plain", b"")
    with pytest.raises(OversizedMessage):
        decode_document(b" " * (MAXIMUM_DOCUMENT_BYTES + 1))


@pytest.mark.parametrize(
    "text", ["", "   ", "a\nb", "a\x1b[31m", "a\u202eb", "a\u2066b", "a\u200b", "\ufeffa", "x" * 2001]
)
def test_words_that_people_cannot_see_as_they_are_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        check_words("the purpose", text)


@pytest.mark.parametrize("text", ["Mesurer le bruit\u00a0: « la nuit »", "N\u202f°\u202f12, Saint-Étienne", "日本語"])
def test_words_of_any_language_pass(text: str) -> None:
    assert check_words("the purpose", text) == text


def test_a_key_named_twice_is_found_at_any_depth() -> None:
    check_keys_once(b'{"a": {"b": 1}, "b": [{"b": 2}, {"b": 3}]}', "a text")
    with pytest.raises(MalformedMessage, match="twice"):
        check_keys_once(b'{"a": [{"b": 1, "b": 1}]}', "a text")
