"""The hub's small authority: certificates by which nodes and the hub's node door know one another.

It signs nothing else and is trusted by nobody else. A node's certificate names it in one URI, in the form of SPIFFE
(``spiffe://DEPLOYMENT/node/NODE``), and is good for a client only, so that no node can pose as the hub; the door's
names the host and is good for a server only. Keys are ECDSA on P-256, made where they are used.

A certificate is necessary, never sufficient: the door also asks whether its digest stands in a signed act that has not
been revoked (:mod:`clairvoie.hub.node_door`), so there is no revocation list. Whoever reads
``node-authority.pem`` can make certificates, but none that a technician's act names.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clairvoie.boundary.life import EnrolmentRequest
from clairvoie.errors import HubError, InvalidValue, SignatureMismatch

AUTHORITY_KEY = "node-authority.pem"
AUTHORITY_CERTIFICATE = "node-authority.crt"
DOOR_KEY = "door.pem"
DOOR_CERTIFICATE = "door.crt"
AUTHORITY_DAYS = 3650
NODE_DAYS = 398
"""A node's certificate lasts thirteen months; ``clairvoie sensor renew`` signs the next."""
DOOR_DAYS = 398
"""The door's own is made anew at each start of the hub, and in the middle of its time."""
EARLIER = datetime.timedelta(hours=1)
"""Certificates begin a little earlier than they are made: a node's clock may be behind."""


@dataclass(frozen=True)
class Authority:
    """The deployment's authority: its certificate and its key."""

    deployment: str
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """Its certificate, for nodes."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue_node(
        self, request: EnrolmentRequest, now: datetime.datetime, *, days: float = NODE_DAYS
    ) -> x509.Certificate:
        """A certificate for the node that sent ``request``.

        Raises :class:`InvalidValue` or :class:`SignatureMismatch` when what it sent is no request for one.
        """
        if request.deployment != self.deployment:
            raise InvalidValue("a request for another deployment", request.deployment)
        name = node_uri(request.deployment, request.node)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        key = requested_key(request)
        return self._issue(request.node, key, x509.UniformResourceIdentifier(name), usage, now, days)

    def issue_door(self, key: EllipticCurvePrivateKey, names: list[str], now: datetime.datetime) -> x509.Certificate:
        """The node door's certificate, for these host names and addresses."""
        general = [_host(name) for name in names]
        usage = ExtendedKeyUsageOID.SERVER_AUTH
        return self._issue("hub", key.public_key(), general[0], usage, now, DOOR_DAYS, general[1:])

    def _issue(
        self,
        name: str,
        key: CertificatePublicKeyTypes,
        first: x509.GeneralName,
        usage: x509.ObjectIdentifier,
        now: datetime.datetime,
        days: float,
        others: list[x509.GeneralName] | None = None,
    ) -> x509.Certificate:
        builder = _builder(f"{self.deployment} {name}", self.certificate.subject, key, now, days)
        for extension, critical in (
            (x509.SubjectAlternativeName([first, *(others or [])]), False),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs_certificates=False), True),
            (x509.ExtendedKeyUsage([usage]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False),
        ):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, SHA256())


def node_uri(deployment: str, node: str) -> str:
    """The name of a node in its certificate.

    >>> node_uri("town", "lamp-9")
    'spiffe://town/node/lamp-9'
    """
    return f"spiffe://{deployment}/node/{node}"


def digest_of(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate (DER), 64 hexadecimal digits, as a signed act names it."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def requested_key(request: EnrolmentRequest) -> CertificatePublicKeyTypes:
    """The key for which ``request`` asks a certificate, after checking that whoever asks has it.

    A P-256 key, and not the node's signing key, which the uplink must never hold (Ed25519 keys are refused).
    """
    try:
        asked = x509.load_pem_x509_csr(request.certificate_request.encode())
        key = asked.public_key()
        valid = asked.is_signature_valid
    except (ValueError, InvalidSignature) as error:
        raise InvalidValue(f"the request holds no certificate request ({error})", request.node) from error
    if not valid:
        raise SignatureMismatch("the certificate request is not signed by its own key", request.node)
    if getattr(getattr(key, "curve", None), "name", "") != SECP256R1.name:
        raise InvalidValue("a node's connection has a key on P-256", type(key).__name__)
    return key


def authority_in(folder: Path, deployment: str, now: datetime.datetime) -> Authority:
    """The authority whose key lies in ``folder``, made at first use. Raises :class:`HubError` when it is damaged, open
    to others, or of another deployment."""
    key_file, file = folder / AUTHORITY_KEY, folder / AUTHORITY_CERTIFICATE
    if not key_file.exists():
        _make_authority(folder, deployment, now)
    if key_file.stat().st_mode & 0o077:
        raise HubError("others may read the authority's key", str(key_file), "Run chmod 600 on it.")
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise HubError(f"the authority cannot be read ({error})", str(folder), "Restore it from a backup.") from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise HubError("the authority's key and certificate do not belong together", str(folder), "Restore both.")
    if certificate.subject != _name(f"{deployment} authority"):
        raise HubError("the authority is of another deployment", certificate.subject.rfc4514_string())
    return Authority(deployment, certificate, key)


def door_files(authority: Authority, folder: Path, names: list[str], now: datetime.datetime) -> tuple[Path, Path]:
    """Certificate and key of the node door, made anew: the files' paths."""
    key = generate_private_key(SECP256R1())
    certificate = authority.issue_door(key, names, now)
    _write(folder / DOOR_KEY, _pem_of(key), 0o600)
    _write(folder / DOOR_CERTIFICATE, certificate.public_bytes(Encoding.PEM), 0o644)
    return folder / DOOR_CERTIFICATE, folder / DOOR_KEY


def _make_authority(folder: Path, deployment: str, now: datetime.datetime) -> None:
    key = generate_private_key(SECP256R1())
    name = _name(f"{deployment} authority")
    builder = _builder(f"{deployment} authority", name, key.public_key(), now, AUTHORITY_DAYS)
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(signs_certificates=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ):
        builder = builder.add_extension(extension, critical)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate = builder.sign(key, SHA256())
    _write(folder / AUTHORITY_CERTIFICATE, certificate.public_bytes(Encoding.PEM), 0o644)
    _write(folder / AUTHORITY_KEY, _pem_of(key), 0o600)


def _builder(
    common_name: str, issuer: x509.Name, key: CertificatePublicKeyTypes, now: datetime.datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem_of(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file whole or not at all, with these permissions from the first byte on."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
