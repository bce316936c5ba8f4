"""The hub's root of trust, read once when it starts: the charter's file, and the key for leases that it names.

A hub that could not sign the leases that its charter promises does not start, and says what to do.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clairvoie.boundary.charter import Charter, charter_digest, decode_charter
from clairvoie.errors import BoundaryError, ConfigurationError
from clairvoie.hub.authority import Trust

LEASES = "leases.pem"


def read_trust(charter: Path, acts: Path, keys: Path, *, deployment: str, exercise: bool) -> Trust:
    """The trust of a hub of ``deployment``: the file ``charter``, the folder ``acts``, and ``keys/leases.pem``.

    Raises :class:`ConfigurationError` when the charter is of another deployment or names another key.
    """
    data = _read(charter, "the charter", "Ask whoever set up this deployment for it.")
    try:
        found = decode_charter(data)
    except BoundaryError as error:
        raise ConfigurationError("the charter cannot be read", str(charter), str(error)) from error
    if found.deployment != deployment or found.exercise != exercise:
        raise ConfigurationError(
            f"the charter is of another deployment than {deployment}{' (an exercise)' if exercise else ''}",
            f"{found.deployment}{' (an exercise)' if found.exercise else ''}",
            "Give the hub its own charter, or correct `deployment` and `exercise` in its settings.",
        )
    return Trust(found, charter_digest(data), acts, _leases_key(keys / LEASES, found))


def _leases_key(path: Path, charter: Charter) -> Ed25519PrivateKey:
    pem = _read(path, "the hub's key for leases", "Put the key there whose public half the charter names.")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError("the hub's key for leases is no PKCS #8 PEM", str(path), str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("the hub's key for leases is no Ed25519 key", str(path), "Give the charter's.")
    if key.public_key().public_bytes_raw().hex() != charter.leases:
        raise ConfigurationError(
            "the charter names another key for leases than the hub has",
            str(path),
            f"Put the key with the public half {charter.leases} there, or have the charter made anew.",
        )
    return key


def _read(path: Path, what: str, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{what} cannot be read ({error.strerror})", str(path), remedy) from error
