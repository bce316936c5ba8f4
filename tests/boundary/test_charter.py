"""Charters: whose signatures count, and how those people hand their trust on."""

from __future__ import annotations

from itertools import combinations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.charter import Charter, Signer, Witness, decode_charter, encode_charter, successor
from clairvoie.boundary.document import AUTHORISATION_TYPE, CHARTER_TYPE, SignedDocument, add_signature, unsigned
from clairvoie.errors import BoundaryError, InvalidValue, MalformedMessage

KEYS = {name: Ed25519PrivateKey.from_private_bytes(name.encode() * 32) for name in "abcdefg"}


def digits(name: str) -> str:
    return KEYS[name].public_key().public_bytes_raw().hex()


def signer(name: str) -> Signer:
    return Signer(id=f"role-{name}", holder=f"Holder {name}", public_key=digits(name))


def charter(names: str = "abc", **changed: object) -> Charter:
    plain = Charter(
        deployment="town", exercise=False, roles=tuple(map(signer, names)), threshold=2,
        leases=digits("f"), ledger=digits("g"),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changed)


def signed(new: Charter, by: str, kind: str = CHARTER_TYPE) -> SignedDocument:
    document = unsigned(kind, encode_charter(new))
    for name in by:
        document = add_signature(document, KEYS[name])
    return document


OLD = charter("abc")
NEW = charter("bde", number=2)


@pytest.mark.parametrize("by", ["".join(c) for n in range(6) for c in combinations("abcde", n)])
def test_a_new_charter_needs_the_threshold_of_the_old_roles_and_of_the_new(by: str) -> None:
    enough = len(set(by) & set("abc")) >= 2 and len(set(by) & set("bde")) >= 2
    document = signed(NEW, by)
    if enough:
        assert successor(OLD, document) == NEW
    else:
        with pytest.raises(BoundaryError, match="roles of charter"):
            successor(OLD, document)


@pytest.mark.parametrize(
    "new",
    [
        msgspec.structs.replace(NEW, number=1),
        msgspec.structs.replace(NEW, number=3),
        msgspec.structs.replace(NEW, deployment="village"),
        msgspec.structs.replace(NEW, exercise=True),
    ],
)
def test_a_charter_of_another_number_or_deployment_replaces_nothing(new: Charter) -> None:
    with pytest.raises(BoundaryError):
        successor(OLD, signed(new, "abcde"))


def test_another_document_replaces_no_charter() -> None:
    with pytest.raises(BoundaryError):
        successor(OLD, signed(NEW, "abcde", AUTHORISATION_TYPE))


@pytest.mark.parametrize(
    "changed",
    [
        {"threshold": 0},
        {"threshold": 4},
        {"roles": (), "threshold": 1},
        {"roles": (signer("a"), signer("a"))},
        {"roles": (signer("a"), msgspec.structs.replace(signer("a"), id="role-z"))},
        {"technicians": (signer("a"),)},
        {"leases": digits("a")},
        {"ledger": digits("b")},
        {"leases": "00"},
        {"number": 0},
        {"witness_threshold": 1},
        {"witnesses": (Witness(name="w", public_key=OLD.ledger),)},
        {"witnesses": (Witness(name="w", public_key=OLD.leases),)},
        {"witnesses": (Witness(name="w", public_key=digits("d")), Witness(name="w", public_key=digits("e")))},
        {"witnesses": (Witness(name="v", public_key=digits("d")), Witness(name="w", public_key=digits("d")))},
    ],
)
def test_a_charter_that_counts_somebody_twice_or_asks_for_too_many_cannot_be_made(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        charter(**changed)


def test_a_charter_is_read_as_it_was_written_and_no_key_of_it_is_read_twice() -> None:
    data = encode_charter(OLD)
    assert decode_charter(data) == OLD
    with pytest.raises(MalformedMessage, match="twice"):
        decode_charter(data.replace(b'"threshold": 2', b'"threshold": 2, "threshold": 1'))
