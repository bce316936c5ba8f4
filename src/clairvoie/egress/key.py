"""The node's own keys: born here on first use, never shown, never moved.

The signing key (Ed25519) is the gate's alone; the key of the node's connection (ECDSA on P-256) is the uplink's, which
must never hold the other. Each is PKCS #8 in PEM, in a file that nobody but its owner may read. Without a hardware root
of trust, whoever can read the disk has them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from clairvoie.errors import EgressError


def node_key(path: Path) -> Ed25519PrivateKey:
    """The key in ``path``, made on first use. Raises :class:`EgressError` when it is unreadable or open to others."""
    if not path.exists():
        _create(path, Ed25519PrivateKey.generate())
    key = _read(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise EgressError("the node's key is not an Ed25519 key", str(path), "Remove it; the node makes its own.")
    return key


def connection_key(path: Path) -> EllipticCurvePrivateKey:
    """The key of the node's connection to the hub in ``path``, made on first use. Errors as :func:`node_key`."""
    if not path.exists():
        _create(path, generate_private_key(SECP256R1()))
    key = _read(path)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise EgressError("the connection's key is not on P-256", str(path), "Remove it; the node makes its own.")
    return key


def _read(path: Path) -> object:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise EgressError("others may read the node's key", f"{path} {mode:o}", "Run chmod 600 on it.")
        return load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise EgressError(f"the node's key cannot be read ({error})", str(path), "Restore or remove it.") from error


def public_digits(key: Ed25519PrivateKey) -> str:
    """The public half as 64 hexadecimal digits, as the hub's settings list it."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _create(path: Path, key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> None:
    """Write a key beside ``path`` and link it there, so that of two starters one wins and both use its key."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return  # another process of this node was first: its key is the key
        finally:
            beside.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise EgressError(f"the node's key cannot be written ({error})", str(path), "Check the folder.") from error
