"""A small witness (C2SP tlog-witness): it cosigns a log's checkpoints as long as each begins with the one before.

:func:`judge` is the pure rule. :class:`Witness` keeps, for each log, the last checkpoint that it cosigned: on the disk,
flushed, before the cosignature is given away, and one request at a time, so that no two histories are ever cosigned.
It is made for tests and for neighbours who watch one another; who runs one is what it is worth.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from fastapi import FastAPI, Request
from fastapi.responses import Response
from msgspec import Struct
from starlette.concurrency import run_in_threadpool

from clairvoie.boundary.tile import is_epoch
from clairvoie.errors import BoundaryError, MalformedMessage, OversightError, SignatureMismatch
from clairvoie.oversight.checkpoint import (
    COSIGNATURE,
    ED25519,
    MAXIMUM_NOTE_BYTES,
    Checkpoint,
    NoteKey,
    cosign,
    decode_base64,
    open_checkpoint,
    parse_note,
)
from clairvoie.oversight.merkle import HASH_BYTES, check_consistency
from clairvoie.oversight.tiles import write_files
from clairvoie.oversight.witnesses import MOST_PROOF_LINES, SIZE_TYPE

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
MAXIMUM_REQUEST_BYTES = MAXIMUM_NOTE_BYTES + 4096


class Seen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last checkpoint of a log that was cosigned; the root in hexadecimal digits."""

    size: int
    root: str


class Asked(Struct, frozen=True, kw_only=True):
    """A request: from which size on, the proof, the checkpoint as it came."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes


class Refused(Struct, frozen=True, kw_only=True):
    """Why a checkpoint is not cosigned: an HTTP status, and for 409 the size that was cosigned."""

    status: int
    size: int | None = None


def read_request(data: bytes) -> Asked:
    """The request in ``data``. Raises :class:`MalformedMessage`."""
    head, blank, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedMessage("the lines before the checkpoint are ASCII", str(error)) from error
    word, _, digits = lines[0].partition(" ")
    canonical = _SIZE.fullmatch(digits) is not None
    if not blank or word != "old" or not canonical or len(lines) > MOST_PROOF_LINES + 1:
        raise MalformedMessage("a request is 'old' with a size, proof lines, a blank line, a checkpoint", lines[0][:40])
    proof = tuple(decode_base64(line) for line in lines[1:])
    if any(len(digest) != HASH_BYTES for digest in proof):
        raise MalformedMessage(f"each line of a proof has {HASH_BYTES} bytes")
    return Asked(old=int(digits), proof=proof, note=note)


def judge(asked: Asked, logs: Sequence[NoteKey], seen: dict[str, Seen]) -> Checkpoint | Refused:
    """The checkpoint to cosign, or why not, in the order of the specification. Pure."""
    try:
        origin = Checkpoint.parse(parse_note(asked.note).text).origin
    except BoundaryError:
        return Refused(status=400)
    keys = [key for key in logs if key.name == origin]
    if not keys:
        return Refused(status=404)
    new = None
    for key in keys:
        try:
            new = open_checkpoint(asked.note, key).checkpoint
        except SignatureMismatch:
            continue
    if new is None:
        return Refused(status=403)
    if asked.old > new.size:
        return Refused(status=400)
    last = seen.get(origin)
    if asked.old != (0 if last is None else last.size):
        return Refused(status=409, size=0 if last is None else last.size)
    if last is None or last.size == 0:
        return new if not asked.proof else Refused(status=422)
    old_root = bytes.fromhex(last.root)
    if asked.old == new.size and old_root != new.root:
        return Refused(status=409, size=last.size)
    agrees = check_consistency(asked.old, new.size, old_root, new.root, asked.proof)
    return new if agrees else Refused(status=422)


class Witness:
    """A witness named ``name`` that knows these logs. ``logs`` may be asked anew for each request, so that a log's new
    epoch is known by its base (``knows``)."""

    def __init__(
        self,
        name: str,
        key: Ed25519PrivateKey,
        state: Path,
        knows: Callable[[str], Sequence[NoteKey]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._key = key
        self._state = state
        self._knows = knows
        self._clock = clock
        self._lock = threading.Lock()
        self.seen = _read_state(state)

    def add(self, data: bytes) -> tuple[int, str, bytes]:
        """Answer a request: status, content type, body. The new checkpoint is on the disk before this returns."""
        try:
            asked = read_request(data)
        except BoundaryError as error:
            return 400, "text/plain", str(error).encode()
        with self._lock:
            origin = asked.note.split(b"\n", 1)[0].decode("utf-8", errors="replace")
            answer = judge(asked, self._knows(origin), self.seen)
            if isinstance(answer, Refused):
                if answer.size is not None:
                    return answer.status, SIZE_TYPE, b"%d\n" % answer.size
                return answer.status, "text/plain", b""
            seen = {**self.seen, answer.origin: Seen(size=answer.size, root=answer.root.hex())}
            write_files(self._state.parent, {self._state.name: msgspec.json.encode(seen)})
            self.seen = seen
            line = cosign(answer.text, self.name, self._key, int(self._clock())).encode()
        return 200, "text/plain; charset=utf-8", line.encode()


def _read_state(path: Path) -> dict[str, Seen]:
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Seen])
    except msgspec.MsgspecError as error:
        raise OversightError(
            f"the witness's memory cannot be read ({error})",
            str(path),
            "A witness that forgot must take a new name and key.",
        ) from error


def epochs_of(base: str, public: bytes) -> Callable[[str], list[NoteKey]]:
    """A log and all of its later epochs: origins ``base/0``, ``base/1``... by one key."""

    def knows(origin: str) -> list[NoteKey]:
        prefix, _, epoch = origin.rpartition("/")
        known = prefix == base and is_epoch(epoch)
        return [NoteKey(name=origin, kind=ED25519, public=public)] if known else []

    return knows


def create_app(witness: Witness) -> FastAPI:
    """The witness over HTTP."""
    app = FastAPI(title="Clairvoie witness", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """Cosign a checkpoint, or say why not."""
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > MAXIMUM_REQUEST_BYTES:
                return Response(status_code=413)
        status, kind, body = await run_in_threadpool(witness.add, bytes(data))
        return Response(body, status_code=status, headers={"content-type": kind})

    return app


def run_witness(name: str, private_key: Path, state: Path, log_keys: Sequence[str], port: int) -> None:
    """Serve a witness on loopback until SIGINT or SIGTERM. It prints one JSON line with its address and verifier key.

    A log's key is believed for all of its epochs: origins that differ from the key's name in the last number only.
    """
    key = _private_key(private_key)
    known = [NoteKey.parse(text) for text in log_keys]
    rules = [epochs_of(log.name.rpartition("/")[0], log.public) for log in known]
    witness = Witness(name, key, state, lambda origin: [log for rule in rules for log in rule(origin)])
    public = NoteKey(name=name, kind=COSIGNATURE, public=key.public_key().public_bytes_raw())
    with socket.create_server(("127.0.0.1", port)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        sys.stdout.write(json.dumps({"type": "ready", "url": url, "key": public.vkey}) + "\n")
        sys.stdout.flush()
        config = uvicorn.Config(create_app(witness), log_config=None, access_log=False, server_header=False, ws="none")
        uvicorn.Server(config).run(sockets=[listener])


def _private_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        path.touch(mode=0o600)
        made = Ed25519PrivateKey.generate()
        path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise OversightError(f"the witness's key cannot be read ({error})", str(path), "Give PKCS #8 PEM.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise OversightError("the witness's key is no Ed25519 key", str(path))
    return key
