"""Files of ``clairvoie authorise``: signed documents, charters, people's keys. Whatever is written is written whole:
beside its place first, then moved there, so that nobody ever reads half of it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from clairvoie.boundary.charter import Charter, Signer, decode_charter
from clairvoie.boundary.document import SignedDocument, decode_document, encode_document
from clairvoie.errors import BoundaryError, ConfigurationError

CHARTER = "charter.json"


def read(path: Path, what: str) -> bytes:
    """The bytes of ``path``."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{what} cannot be read ({error.strerror})", str(path), "Check the path.") from error


def read_document(path: Path) -> SignedDocument:
    """The signed document in ``path``; nothing in it is verified yet."""
    data = read(path, "the document")
    try:
        return decode_document(data)
    except BoundaryError as error:
        raise ConfigurationError(
            f"no signed document ({error.what})", str(path), "Draft one with `clairvoie authorise draft`."
        ) from error


def read_charter(path: Path | None, beside: Path | None = None) -> tuple[Charter, bytes]:
    """The charter in ``path``; without one, ``charter.json`` beside a file or here."""
    found = path or find_charter(beside)
    if found is None:
        raise ConfigurationError(
            "the charter is not given and not beside the file", CHARTER, "Give --charter FILE; it says who may sign."
        )
    data = read(found, "the charter")
    try:
        return decode_charter(data), data
    except BoundaryError as error:
        raise ConfigurationError(f"not a charter ({error.what}: {error.value})", str(found)) from error


def find_charter(beside: Path | None) -> Path | None:
    """``charter.json`` beside a file, in the folder above it, or here."""
    folders = [beside.resolve().parent, beside.resolve().parent.parent] if beside is not None else []
    return next((folder / CHARTER for folder in (*folders, Path()) if (folder / CHARTER).is_file()), None)


def read_card(path: Path) -> Signer:
    """The public half of a role's key with its holder's name, as ``clairvoie authorise key`` wrote it."""
    try:
        return msgspec.json.decode(read(path, "the card"), type=Signer)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ConfigurationError(
            f"not the card of a key ({error})", str(path), "Its holder makes one: `key`."
        ) from error


def read_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """A person's key. Raises :class:`ConfigurationError` when others may read it, or :class:`TypeError` when it is
    protected and no passphrase is given."""
    data = read(path, "the key")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigurationError("others may read this key", f"{path} {mode:o}", "Run chmod 600 on it.")
    try:
        key = load_pem_private_key(data, password=passphrase)
    except ValueError as error:
        raise ConfigurationError("the key cannot be read, or the passphrase is wrong", str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("not an Ed25519 key", str(path), "Make one: `clairvoie authorise key`.")
    return key


def make_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """A new key in ``path``, for its owner's eyes only; an existing file is never touched."""
    key = Ed25519PrivateKey.generate()
    protection: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"no key is written here ({error.strerror})", str(path), "Name another file."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
        file.flush()
        os.fsync(file.fileno())
    return key


def digits(key: Ed25519PrivateKey) -> str:
    """The public half as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def put(path: Path, data: bytes) -> None:
    """``data`` in ``path``, readable by all (0644), at once and on the disk: a reader sees the old file or the new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigurationError(f"the file cannot be written ({error.strerror})", str(path)) from error


def file_into(folder: Path, document: SignedDocument) -> Path:
    """``document`` in the hub's folder of acts, with the signatures that are there already; where it is now."""
    path = folder / f"{document.digest[:16]}.json"
    if path.exists():
        there = read_document(path)
        if (there.payload_type, there.payload) != (document.payload_type, document.payload):
            raise ConfigurationError("another document has this name", str(path), "Look at it before you remove it.")
        held = {mark.keyid: mark for mark in (*there.signatures, *document.signatures)}
        document = msgspec.structs.replace(document, signatures=tuple(held.values()))
    put(path, encode_document(document))
    return path


def documents_around(file: Path, folder: Path | None) -> tuple[SignedDocument, ...]:
    """Every signed document in ``folder``; without one, beside ``file`` and in ``authorisations`` there."""
    if folder is not None:
        return documents_in(folder)
    here = file.resolve().parent
    return (*documents_in(here), *documents_in(here / "authorisations"))


def documents_in(folder: Path) -> tuple[SignedDocument, ...]:
    """Every signed document in a folder of acts; files that hold none are passed over, as the hub does."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(decode_document(read(path, "an act")))
        except BoundaryError:
            continue
    return tuple(found)
