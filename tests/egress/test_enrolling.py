"""A node's request: public halves only, proof of both private ones, and an answer that must fit."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.document import ENROLMENT_TYPE, SignedDocument, add_signature, unsigned
from clairvoie.boundary.life import EnrolmentRequest, encode_enrolment, requested
from clairvoie.egress.enrolling import check_answer, request_enrolment
from clairvoie.egress.key import connection_key, node_key, public_digits
from clairvoie.errors import BoundaryError, ClairvoieError, EgressError, SignatureMismatch
from clairvoie.hub.certificates import Authority, authority_in

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return authority_in(tmp_path / "hub", "town", NOW)


def asked(folder: Path, node: str = "lamp-1") -> SignedDocument:
    return request_enrolment(
        "town", node, 0, node_key(folder / f"{node}.pem"), connection_key(folder / f"{node}-tls.pem")
    )


def test_a_request_that_says_the_same_thing_twice_is_none(tmp_path: Path) -> None:
    body = asked(tmp_path).body.replace(b'"epoch":0', b'"epoch":0,"epoch":1')
    twice = add_signature(unsigned(ENROLMENT_TYPE, body), node_key(tmp_path / "lamp-1.pem"))
    with pytest.raises(BoundaryError, match="same thing twice"):
        requested(twice)


def test_a_request_proves_both_keys(tmp_path: Path, authority: Authority) -> None:
    request = requested(asked(tmp_path))
    assert request.public_key == public_digits(node_key(tmp_path / "lamp-1.pem"))
    certificate = authority.issue_node(request, NOW)
    assert certificate.public_key() == connection_key(tmp_path / "lamp-1-tls.pem").public_key()
    assert "PRIVATE" not in request.certificate_request


def test_a_request_for_somebody_else_s_key_is_refused(tmp_path: Path) -> None:
    honest = requested(asked(tmp_path))
    thief = Ed25519PrivateKey.generate()
    stolen = add_signature(unsigned(ENROLMENT_TYPE, encode_enrolment(honest)), thief)
    with pytest.raises(SignatureMismatch):
        requested(stolen)


def altered(request: EnrolmentRequest, **changes: object) -> EnrolmentRequest:
    return msgspec.structs.replace(request, **changes)


def test_a_certificate_request_that_its_key_did_not_sign_or_of_another_kind_is_refused(
    tmp_path: Path, authority: Authority
) -> None:
    request = requested(asked(tmp_path))
    lines = request.certificate_request.splitlines()
    other = requested(asked(tmp_path, "lamp-2")).certificate_request.splitlines()
    for wrong in ("", "no request", "\n".join([*lines[:-2], other[-2], lines[-1], ""])):
        with pytest.raises(ClairvoieError):
            authority.issue_node(altered(request, certificate_request=wrong), NOW)
    with pytest.raises(ClairvoieError, match="another deployment"):
        authority.issue_node(altered(request, deployment="elsewhere"), NOW)


@given(st.binary(max_size=200))
def test_noise_is_no_request(data: bytes) -> None:
    with pytest.raises(BoundaryError):
        requested(unsigned(ENROLMENT_TYPE, data))


def test_the_answer_must_be_for_this_key_and_from_the_authority_beside_it(tmp_path: Path, authority: Authority) -> None:
    certificate, issuer = tmp_path / "node.crt", tmp_path / "authority.crt"
    own = connection_key(tmp_path / "lamp-1-tls.pem")
    certificate.write_bytes(authority.issue_node(requested(asked(tmp_path)), NOW).public_bytes(Encoding.PEM))
    issuer.write_bytes(authority.pem)
    assert check_answer(certificate, issuer, own).public_key() == own.public_key()
    with pytest.raises(EgressError, match="another key"):
        check_answer(certificate, issuer, connection_key(tmp_path / "other.pem"))
    issuer.write_bytes(authority_in(tmp_path / "foreign", "town", NOW).pem)
    with pytest.raises(EgressError, match="not from the authority"):
        check_answer(certificate, issuer, own)
    certificate.write_text("nothing")
    with pytest.raises(EgressError, match="no certificate"):
        check_answer(certificate, issuer, own)
    with pytest.raises(EgressError, match="cannot be read"):
        check_answer(tmp_path / "missing", issuer, own)


def test_the_two_keys_of_a_node_cannot_be_mistaken_for_one_another(tmp_path: Path) -> None:
    signing, connection = tmp_path / "signing.pem", tmp_path / "connection.pem"
    node_key(signing)
    connection_key(connection)
    with pytest.raises(EgressError, match="Ed25519"):
        node_key(connection)
    with pytest.raises(EgressError, match="P-256"):
        connection_key(signing)
