"""Signed notes, checkpoints and cosignatures, as C2SP specifies them. Pure: bytes in, values out.

- **signed note** (c2sp.org/signed-note): text, a blank line, signature lines ``— name base64(key id || signature)``;
- **checkpoint** (c2sp.org/tlog-checkpoint): a note whose text is origin, tree size and root hash;
- **cosignature/v1** (c2sp.org/tlog-cosignature): a witness's timestamped signature on a checkpoint's text.

The parser is strict: what it takes, :meth:`Note.encode` gives back byte for byte, so no bit of a note is without
meaning. Signatures by unknown keys are ignored, as the specification asks; the caller can ask which there were.

>>> key = NoteKey(name="example.org/log", kind=ED25519, public=bytes(32))
>>> NoteKey.parse(key.vkey) == key
True
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from clairvoie.errors import InvalidValue, MalformedMessage, SignatureMismatch

ED25519 = 0x01
COSIGNATURE = 0x04
MAXIMUM_NOTE_BYTES = 64 * 1024
MOST_SIGNATURES = 64
DASH = "\u2014"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def origin_of(deployment: str, epoch: int) -> str:
    """The name of an epoch's log: a schema-less address, the same in its checkpoints and as its key's name.

    >>> origin_of("quai", 2)
    'quai.clairvoie/ledger/2'
    """
    return f"{deployment}.clairvoie/ledger/{epoch}"


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one canonical form; anything else is refused."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedMessage("not base64", text[:80]) from error
    if base64.b64encode(data).decode() != text:
        raise MalformedMessage("base64 that is not in its canonical form", text[:80])
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def check_key_name(name: str) -> str:
    """A key's name: not empty, without Unicode spaces or plus signs."""
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise InvalidValue("a key's name has no spaces, no plus signs and is not empty", name)
    return name


class NoteKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that signs notes: :data:`ED25519` for logs, :data:`COSIGNATURE` for witnesses."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE) or len(self.public) != 32:
            raise InvalidValue("a note's key is an Ed25519 key of type 1 or 4", self.kind)

    @property
    def id(self) -> bytes:
        """Four bytes of SHA-256(name || newline || type || key): with the name they say which key signed."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as one string, ``name+id+base64(type || key)``."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> NoteKey:
        """The key in such a string. Its id is checked."""
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise InvalidValue("a verifier key is name+id+base64", vkey)
        encoded = decode_base64(parts[2])
        key = cls(name=parts[0], kind=encoded[0] if encoded else 0, public=encoded[1:])
        if parts[1] != key.id.hex():
            raise InvalidValue("the id of this verifier key is not that of its name and key", vkey)
        return key


class NoteSignature(Struct, frozen=True, kw_only=True):
    """One signature line; nothing is verified yet. ``mark`` is what follows the key id."""

    name: str
    key_id: bytes
    mark: bytes

    def encode(self) -> str:
        """The line, with its newline."""
        return f"{DASH} {self.name} {encode_base64(self.key_id + self.mark)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """The signature in a line without its newline."""
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != DASH:
            raise MalformedMessage("a signature line is a dash, a name and base64", line[:120])
        data = decode_base64(parts[2])
        if len(data) < 5:
            raise MalformedMessage("a signature has a key id and at least one more byte", line[:120])
        try:
            return cls(name=check_key_name(parts[1]), key_id=data[:4], mark=data[4:])
        except InvalidValue as error:
            raise MalformedMessage(error.what, parts[1][:80]) from error

    def is_by(self, key: NoteKey) -> bool:
        """Whether it claims to be by ``key``."""
        return self.name == key.name and self.key_id == key.id


class Note(Struct, frozen=True, kw_only=True):
    """A text, which ends in a newline, with its signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note as bytes."""
        return (self.text + "\n" + "".join(s.encode() for s in self.signatures)).encode()


def parse_note(data: bytes) -> Note:
    """The note in ``data``; nothing is verified yet."""
    if len(data) > MAXIMUM_NOTE_BYTES:
        raise MalformedMessage(f"a note has at most {MAXIMUM_NOTE_BYTES} bytes", len(data))
    try:
        text = data.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedMessage("a note is UTF-8", str(error)) from error
    if _CONTROL.search(text) is not None or not text.endswith("\n"):
        raise MalformedMessage("a note has no control characters and ends in a newline")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not body:
        raise MalformedMessage("a note has a text, a blank line and signatures")
    rows = lines[:-1].split("\n")
    if len(rows) > MOST_SIGNATURES:
        raise MalformedMessage(f"a note has at most {MOST_SIGNATURES} signatures", len(rows))
    return Note(text=body + "\n", signatures=tuple(NoteSignature.parse(row) for row in rows))


class Checkpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tree's head: whose log, how many leaves, which root. ``extensions`` are opaque lines, usually none."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origin or any("\n" in line or not line for line in (self.origin, *self.extensions)):
            raise InvalidValue("a checkpoint's lines are not empty", self.origin)
        if not 0 <= self.size < 2**63 or len(self.root) != 32:
            raise InvalidValue("a checkpoint has a size and a root of 32 bytes", self.size)

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint in a note's text."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise MalformedMessage("a checkpoint is an origin, a size, a root, each on its line", text[:80])
        if _NUMBER.fullmatch(lines[1]) is None or int(lines[1]) >= 2**63:
            raise MalformedMessage("a checkpoint's size is a decimal number", lines[1][:40])
        root = decode_base64(lines[2])
        if len(root) != 32:
            raise MalformedMessage("a checkpoint's root has 32 bytes", len(root))
        return cls(origin=lines[0], size=int(lines[1]), root=root, extensions=tuple(lines[3:-1]))


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> NoteSignature:
    """An Ed25519 signature (type 1) on ``text``."""
    public = NoteKey(name=name, kind=ED25519, public=key.public_key().public_bytes_raw())
    return NoteSignature(name=name, key_id=public.id, mark=key.sign(text.encode()))


def cosign(text: str, name: str, key: Ed25519PrivateKey, time: int) -> NoteSignature:
    """A cosignature/v1 (type 4) on a checkpoint's ``text`` at ``time``, POSIX seconds."""
    public = NoteKey(name=name, kind=COSIGNATURE, public=key.public_key().public_bytes_raw())
    mark = time.to_bytes(8, "big") + key.sign(cosigned(text, time))
    return NoteSignature(name=name, key_id=public.id, mark=mark)


def cosigned(text: str, time: int) -> bytes:
    """What a cosignature/v1 covers.

    >>> cosigned("example.com/log\\n", 1679315147)
    b'cosignature/v1\\ntime 1679315147\\nexample.com/log\\n'
    """
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def is_valid(signature: NoteSignature, key: NoteKey, text: str) -> bool:
    """Whether ``key`` made this signature on ``text``."""
    if not signature.is_by(key):
        return False
    mark, message = signature.mark, text.encode()
    if key.kind == COSIGNATURE:
        if len(mark) != 72 or mark[0] > 127:
            return False
        message, mark = cosigned(text, int.from_bytes(mark[:8], "big")), mark[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(mark, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Opened(Struct, frozen=True, kw_only=True):
    """A checkpoint that its log signed, who cosigned it, and the names on signature lines by unknown keys."""

    checkpoint: Checkpoint
    note: Note
    cosigners: tuple[str, ...]
    unknown: tuple[str, ...]


def open_checkpoint(data: bytes, log: NoteKey, witnesses: Iterable[NoteKey] = ()) -> Opened:
    """The checkpoint in ``data``, which ``log`` must have signed.

    Raises :class:`MalformedMessage`, or :class:`SignatureMismatch` when the log's signature is missing or the signature
    of any known key is not valid. A witness counts once, however often it signed.
    """
    note = parse_note(data)
    known = {(key.name, key.id): key for key in (log, *witnesses)}
    valid: set[str] = set()
    signed = False
    unknown: list[str] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            unknown.append(signature.name)
        elif not is_valid(signature, key, note.text):
            raise SignatureMismatch("a signature on the checkpoint is not valid", signature.name)
        elif key == log:
            signed = True
        else:
            valid.add(key.name)
    if not signed:
        raise SignatureMismatch(
            "the checkpoint is not signed by its log", log.vkey, "Check that this is the right key."
        )
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log.name:
        raise SignatureMismatch("the checkpoint is of another log", checkpoint.origin)
    return Opened(checkpoint=checkpoint, note=note, cosigners=tuple(sorted(valid)), unknown=tuple(unknown))
