"""What holds: fewer than k signatures never count, order and repetition never matter, the newest started act counts."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.authorisation import (
    Authorisation,
    Denial,
    LegalText,
    ObservationKind,
    Reporting,
    Suspension,
    encode_authorisation,
    encode_suspension,
)
from clairvoie.boundary.charter import Charter, Signer
from clairvoie.boundary.document import (
    AUTHORISATION_TYPE,
    LIFE_TYPE,
    SUSPENSION_TYPE,
    DocumentSignature,
    SignedDocument,
    add_signature,
    unsigned,
)
from clairvoie.boundary.standing import standing_of

KEYS = {name: Ed25519PrivateKey.from_private_bytes(name.encode() * 32) for name in "abcxyz"}
LEVELS = Reporting("mic-1", ObservationKind.LEVELS)


def digits(name: str) -> str:
    return KEYS[name].public_key().public_bytes_raw().hex()


CHARTER = Charter(
    deployment="town",
    exercise=False,
    roles=tuple(Signer(id=f"role-{name}", holder=f"Holder {name}", public_key=digits(name)) for name in "abc"),
    threshold=2,
    technicians=(Signer(id="technician", holder="Technician", public_key=digits("x")),),
    leases=digits("y"),
    ledger=digits("z"),
)


def act(number: int = 1, starts: int = 1000, ends: int = 2000, **changed: object) -> Authorisation:
    plain = Authorisation(
        deployment="town", number=number, authority="The mayor", purpose="Noise",
        legal_texts=(LegalText(title="Deliberation 12", date="2026-01-05"),), impact_assessment="Done",
        starts=starts, ends=ends, time_zone="UTC", sensors=("mic-1",),
        polygon=((0.0, 0.0), (0.0, 1.0), (1.0, 1.0)),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changed)


def signed(body: bytes, by: str, kind: str = AUTHORISATION_TYPE) -> SignedDocument:
    document = unsigned(kind, body)
    for name in by:
        document = add_signature(document, KEYS[name])
    return document


def the(authorisation: Authorisation, by: str = "ab") -> SignedDocument:
    return signed(encode_authorisation(authorisation), by)


def stopped(document: SignedDocument, since: int, by: str = "c", **changed: object) -> SignedDocument:
    plain = Suspension(deployment="town", authorisation=document.digest, since=since, reason="A complaint")
    return signed(encode_suspension(msgspec.structs.replace(plain, **changed)), by, SUSPENSION_TYPE)


@given(st.text("abcxyz", max_size=8))
def test_an_act_counts_when_k_roles_signed_and_never_otherwise(by: str) -> None:
    standing, rejected = standing_of(CHARTER, [the(act(), by)])
    enough = len(set(by) & set("abc")) >= 2
    assert len(standing.acts) == enough
    assert len(rejected) == (not enough)
    assert (standing.denial(LEVELS, 1500) is None) is enough


def test_no_signature_of_a_technician_or_of_the_hub_makes_an_act() -> None:
    standing, rejected = standing_of(CHARTER, [the(act(), "axyz")])
    assert standing.acts == ()
    assert "needs 2" in rejected[0].why


def test_copies_that_different_people_signed_count_together() -> None:
    standing, rejected = standing_of(CHARTER, [the(act(), "a"), the(act(), "b")])
    assert [one.signed_by for one in standing.acts] == [("role-a", "role-b")]
    assert rejected == ()


def test_one_person_in_two_copies_counts_once() -> None:
    assert standing_of(CHARTER, [the(act(), "a"), the(act(), "a")])[0].acts == ()


DOCUMENTS = (
    the(act(1)),
    the(act(1), "abc"),
    the(act(1), "a"),
    the(act(2, starts=1500), "bc"),
    the(act(2, starts=1500, purpose="Another of the same number")),
    the(act(3, deployment="village")),
    the(act(4, exercise=True)),
    stopped(the(act(1)), 1200),
    stopped(the(act(1)), 1100, "a", sensors=("mic-1",)),
    stopped(the(act(2, starts=1500)), 1600, "x"),
    stopped(the(act(2, starts=1500)), 1600, "a", deployment="village"),
    signed(b"nonsense", "ab"),
    signed(b"nonsense", "ab", SUSPENSION_TYPE),
    signed(b"{}", "ab", LIFE_TYPE),
    msgspec.structs.replace(the(act(5)), payload="not base64"),
)


@given(
    st.permutations(DOCUMENTS), st.lists(st.sampled_from(DOCUMENTS)), st.sets(st.sampled_from(range(len(DOCUMENTS))))
)
def test_neither_order_nor_repetition_matters(
    order: list[SignedDocument], again: list[SignedDocument], left_out: set[int]
) -> None:
    kept = [one for one in DOCUMENTS if DOCUMENTS.index(one) not in left_out]
    shuffled = [one for one in order if one in kept]
    repeated = [one for one in again if one in kept]
    assert standing_of(CHARTER, kept) == standing_of(CHARTER, [*shuffled, *repeated])


@given(st.sets(st.sampled_from(range(len(DOCUMENTS)))), st.integers(900, 2100), st.integers(0, 9))
def test_one_more_suspension_never_permits_more(kept: set[int], when: int, since: int) -> None:
    documents = [DOCUMENTS[index] for index in sorted(kept)]
    more = stopped(the(act(1)), 1000 + 100 * since)
    if standing_of(CHARTER, documents)[0].denial(LEVELS, when) is not None:
        assert standing_of(CHARTER, [*documents, more])[0].denial(LEVELS, when) is not None


@pytest.mark.parametrize(("by", "counts"), [("a", True), ("c", True), ("abc", True), ("x", False), ("", False)])
def test_any_one_role_suspends_and_nobody_else(by: str, counts: bool) -> None:
    document = the(act())
    standing, rejected = standing_of(CHARTER, [document, stopped(document, 1200, by)])
    assert standing.denial(LEVELS, 1199) is None
    assert standing.denial(LEVELS, 1200) is (Denial.SUSPENDED if counts else None)
    assert len(rejected) == (not counts)


def test_a_suspension_of_one_act_is_none_of_another() -> None:
    standing, _ = standing_of(CHARTER, [the(act()), stopped(the(act(2)), 1200)])
    assert standing.denial(LEVELS, 1500) is None


def test_a_suspension_that_says_it_is_of_another_deployment_suspends_nothing_here() -> None:
    """Even if it names our act: who signed it for two towns meant one of them, and it says which."""
    one = the(act())
    standing, rejected = standing_of(CHARTER, [one, stopped(one, 1200, deployment="village")])
    assert standing.denial(LEVELS, 1500) is None
    assert ["another deployment" in one.why for one in rejected] == [True]


def test_the_greatest_number_that_has_started_counts_and_an_ended_act_revives_none_before_it() -> None:
    standing, _ = standing_of(
        CHARTER, [the(act(2, starts=1300, ends=1400, sensors=("mic-2",))), the(act(1, 1000, 2000))]
    )
    assert standing.denial(LEVELS, 999) is Denial.NO_AUTHORISATION
    assert standing.denial(LEVELS, 1299) is None
    assert standing.denial(LEVELS, 1300) is Denial.SENSOR
    assert standing.denial(LEVELS, 1400) is Denial.EXPIRED


@pytest.mark.parametrize("changed", [{"deployment": "village"}, {"exercise": True}])
def test_an_act_of_another_deployment_or_of_an_exercise_does_not_count(changed: dict[str, object]) -> None:
    standing, rejected = standing_of(CHARTER, [the(act(**changed))])
    assert standing.acts == ()
    assert len(rejected) == 1


def test_of_two_acts_with_one_number_the_smaller_digest_counts_and_the_other_is_named() -> None:
    for words in ("A", "B", "C", "D"):
        both = [the(act()), the(act(purpose=words))]
        first, second = sorted(both, key=lambda document: document.digest)
        standing, rejected = standing_of(CHARTER, both)
        assert [one.digest for one in standing.acts] == [first.digest]
        assert [(one.digest, first.digest in one.why) for one in rejected] == [(second.digest, True)]


def test_without_documents_nothing_is_permitted() -> None:
    standing, rejected = standing_of(CHARTER, [])
    assert rejected == ()
    assert standing.denial(LEVELS, 1500) is Denial.NO_AUTHORISATION


@given(st.integers(0, 10_000))
def test_a_flipped_bit_never_leaves_an_act_standing(position: int) -> None:
    """In the signed body, and in either of the two signatures that it needs."""
    document = the(act())
    body = bytearray(document.body)
    body[position // 8 % len(body)] ^= 1 << position % 8
    altered = msgspec.structs.replace(unsigned(AUTHORISATION_TYPE, bytes(body)), signatures=document.signatures)
    first, second = document.signatures
    text = bytearray(first.sig.encode())
    text[position // 7 % len(text)] ^= 1 << position % 7
    damaged = (DocumentSignature(keyid=first.keyid, sig=text.decode()), second)
    for wrong in (altered, msgspec.structs.replace(document, signatures=damaged)):
        standing, rejected = standing_of(CHARTER, [wrong])
        assert standing.acts == ()
        assert len(rejected) == 1
