"""The uplink's TLS: it comes with its certificate, and believes no authority but the one that it was given."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from clairvoie.config import TlsFiles
from clairvoie.egress.uplink import hub_client, mutual_tls
from clairvoie.errors import EgressError

NOW = datetime.datetime.now(datetime.UTC)
LOOPBACK = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def certificate(folder: Path, name: str, issuer: tuple[str, Ed25519PrivateKey] | None = None) -> Ed25519PrivateKey:
    """A certificate and its key as PEM files; without an issuer, an authority."""
    key = Ed25519PrivateKey.generate()
    by, signing = (name, key) if issuer is None else issuer
    subject, author = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)]) for words in (name, by))
    builder = x509.CertificateBuilder(author, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - datetime.timedelta(1)).not_valid_after(NOW + datetime.timedelta(1))
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if issuer is not None:
        builder = builder.add_extension(LOOPBACK, critical=False)
    (folder / f"{name}.crt").write_bytes(builder.sign(signing, None).public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ours, theirs = certificate(tmp_path, "ours"), certificate(tmp_path, "theirs")
    certificate(tmp_path, "hub", ("ours", ours))
    certificate(tmp_path, "node", ("ours", ours))
    certificate(tmp_path, "stranger", ("theirs", theirs))
    return tmp_path


def files(folder: Path, name: str = "node", authority: str = "ours") -> TlsFiles:
    end = [str(folder / f"{name}.{kind}") for kind in ("crt", "key")]
    return TlsFiles(certificate=end[0], key=end[1], authority=str(folder / f"{authority}.crt"))


def ask(folder: Path, client: TlsFiles | None) -> int:
    """The status of one request to a server that wants TLS 1.3 and a certificate of our authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "hub.crt", folder / "hub.key")
    context.load_verify_locations(folder / "ours.crt")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            return  # the handshake failed: nothing was asked
        finally:
            writer.close()

    async def both() -> int:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with server, hub_client(f"https://127.0.0.1:{port}", client) as http:
            return (await http.get("/")).status_code

    return asyncio.run(both())


def test_a_node_with_its_certificate_is_let_in(folder: Path) -> None:
    assert ask(folder, files(folder)) == 204


def test_a_hub_of_another_authority_is_not_spoken_to(folder: Path) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(folder, files(folder, authority="theirs"))


def test_a_certificate_of_another_authority_is_not_let_in(folder: Path) -> None:
    with pytest.raises(httpx.TransportError):
        ask(folder, files(folder, "stranger"))


def test_without_files_no_unknown_authority_is_believed(folder: Path) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(folder, None)


def test_nothing_older_than_tls_1_3_is_spoken(folder: Path) -> None:
    assert mutual_tls(files(folder)).minimum_version is ssl.TLSVersion.TLSv1_3


def test_files_that_are_missing_are_named(folder: Path) -> None:
    with pytest.raises(EgressError, match="TLS files"):
        hub_client("https://127.0.0.1:1", files(folder, "nobody"))
