"""Witnesses are asked to cosign a checkpoint (C2SP tlog-witness, ``POST <url>/add-checkpoint``), all at the same time.

No witness holds up the log: each has :data:`SECONDS` to answer, and one that did not is left alone for a while. What
counts is only a valid cosignature by the key that the charter names. One answer must stop the hub: that a witness has
cosigned another history of this log than the one that is asked about, :class:`Disagrees`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import structlog
from msgspec import Struct

from clairvoie.boundary import charter
from clairvoie.errors import BoundaryError, OversightError
from clairvoie.oversight.checkpoint import (
    COSIGNATURE,
    MAXIMUM_NOTE_BYTES,
    Note,
    NoteKey,
    NoteSignature,
    encode_base64,
    is_valid,
    parse_note,
)

SECONDS = 2.0
REST_SECONDS = 30.0
"""How long a witness that did not answer is left alone."""
SIZE_TYPE = "text/x.tlog.size"
MOST_PROOF_LINES = 63

log = structlog.get_logger("clairvoie.oversight.witnesses")
Proof = Callable[[int], Sequence[bytes]]


class Disagrees(Struct, frozen=True, kw_only=True):
    """A witness that has cosigned ``size`` entries of this log: more than there are, or others."""

    name: str
    size: int


def encode_request(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    """The body of ``add-checkpoint``: the old size, the consistency proof, a blank line, the checkpoint."""
    lines = [f"old {old}\n", *(encode_base64(digest) + "\n" for digest in proof), "\n"]
    return "".join(lines).encode() + note.encode()


class Witnesses:
    """The witnesses of a charter that have an address."""

    def __init__(
        self,
        witnesses: Sequence[charter.Witness],
        *,
        clock: Callable[[], float],
        transport: Callable[[], httpx.BaseTransport] | None = None,
        needed: int = 0,
    ) -> None:
        self.needed = needed
        self.names = tuple(witness.name for witness in witnesses)
        self.keys = tuple(key_of(witness) for witness in witnesses)
        self._urls = {w.name: w.url.rstrip("/") for w in witnesses if w.url}
        self._clock = clock
        self._transport = transport
        self._sizes: dict[str, tuple[str, int]] = {}
        self._rest: dict[str, float] = {}
        self._pool = ThreadPoolExecutor(max_workers=max(1, 2 * len(self._urls)), thread_name_prefix="witness")

    def close(self) -> None:
        """End what is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wanted(self, cosigners: Sequence[str]) -> bool:
        """Whether somebody who has not cosigned yet could be asked now."""
        return any(name not in cosigners for name in self._due())

    def rest(self, name: str, seconds: float = REST_SECONDS) -> None:
        """Leave a witness alone for a while."""
        self._rest[name] = self._clock() + seconds

    def _due(self) -> list[str]:
        now = self._clock()
        return [name for name in self._urls if self._rest.get(name, 0.0) <= now]

    def ask(self, note: Note, size: int, proof: Proof) -> tuple[NoteSignature, ...] | Disagrees:
        """The cosignatures that were given on ``note``, a checkpoint of ``size`` entries, within :data:`SECONDS`.

        ``proof(old)`` gives the consistency proof from a smaller size.
        """
        keys = {key.name: key for key in self.keys}
        asked = {name: self._pool.submit(self._ask_one, keys[name], note, size, proof) for name in self._due()}
        wait(asked.values(), timeout=SECONDS)
        found: list[NoteSignature] = []
        other: Disagrees | None = None
        for name, future in asked.items():
            try:
                answer = future.result(timeout=0)
            except (httpx.HTTPError, BoundaryError, OversightError, TimeoutError) as error:
                future.cancel()
                self.rest(name)
                log.warning("witness-did-not-cosign", witness=name, reason=str(error) or type(error).__name__)
                continue
            if isinstance(answer, Disagrees):
                other = answer
            else:
                found.append(answer)
        return other if other is not None else tuple(sorted(found, key=lambda s: s.name))

    def _ask_one(self, key: NoteKey, note: Note, size: int, proof: Proof) -> NoteSignature | Disagrees:
        origin = note.text.split("\n", 1)[0]
        known = self._sizes.get(key.name, ("", 0))
        old = known[1] if known[0] == origin else 0
        transport = None if self._transport is None else self._transport()
        with httpx.Client(transport=transport, timeout=SECONDS / 2, follow_redirects=False) as client:
            for _ in range(2):
                body = encode_request(old, proof(old) if old else (), note)
                status, kind, answer = _post(client, f"{self._urls[key.name]}/add-checkpoint", body)
                if status != 409:
                    break
                old = _size_in(kind, answer)
                if old > size:
                    return Disagrees(name=key.name, size=old)
        if status in (409, 422) and old:
            return Disagrees(name=key.name, size=old)
        if status != 200:
            raise OversightError("the witness did not cosign", status)
        signature = cosignature_in(answer, key, note)
        self._sizes[key.name] = (origin, size)
        return signature


def _post(client: httpx.Client, url: str, body: bytes) -> tuple[int, str, bytes]:
    """Status, content type and body of an answer, of which no more is read than a witness has to say."""
    with client.stream("POST", url, content=body) as answer:
        data = bytearray()
        for part in answer.iter_bytes():
            data += part
            if len(data) > MAXIMUM_NOTE_BYTES:
                raise OversightError(f"a witness's answer has at most {MAXIMUM_NOTE_BYTES} bytes", len(data))
        return answer.status_code, answer.headers.get("content-type", ""), bytes(data)


def key_of(witness: charter.Witness) -> NoteKey:
    """A witness's key for cosignatures."""
    return NoteKey(name=witness.name, kind=COSIGNATURE, public=bytes.fromhex(witness.public_key))


def _size_in(kind: str, answer: bytes) -> int:
    digits = answer.removesuffix(b"\n")
    if kind.split(";")[0] != SIZE_TYPE or not digits.isdigit() or len(digits) > 19:
        raise OversightError("the witness does not say which size it cosigned", digits[:40])
    return int(digits)


def cosignature_in(answer: bytes, key: NoteKey, note: Note) -> NoteSignature:
    """The valid cosignature by ``key`` in a witness's answer; signatures by other keys are left out."""
    lines = parse_note(note.text.encode() + b"\n" + answer).signatures
    for signature in lines:
        if is_valid(signature, key, note.text):
            return signature
    raise OversightError("the witness's answer holds no valid cosignature by its key", key.name)
