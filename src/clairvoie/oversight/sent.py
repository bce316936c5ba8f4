"""What a node sent to its hub in plain HTTP: live ticks and signed records, read back from the bytes on the wire.

HTTP is h11's work. Nothing is trusted: what cannot be read is counted as such, with where it stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import h11

from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN, Envelope, decode_batch, decode_envelope
from clairvoie.boundary.wire import Record, Tick, decode_record, decode_tick
from clairvoie.errors import BoundaryError
from clairvoie.oversight.packets import Stream

RECORDS_TYPE = b"application/vnd.clairvoie.records"
LIVE_TYPE = b"application/vnd.clairvoie.live"
LEASE_TYPE = b"application/vnd.clairvoie.lease-request"
LENGTH_BYTES = 4
LARGEST_FRAME = 1 << 20
LARGEST_LEASE_REQUEST = 1024


class SentTick(NamedTuple):
    """One live tick: when its last byte was seen, how many bytes it had, and what was signed."""

    at: float
    size: int
    envelope: Envelope
    tick: Tick


class SentRecord(NamedTuple):
    """One record of an upload."""

    at: float
    size: int
    envelope: Envelope
    record: Record


class SentLeaseRequest(NamedTuple):
    """A request for a lease: a nonce, and everything that its envelope says."""

    at: float
    size: int
    envelope: Envelope


class Unread(NamedTuple):
    """Bytes that are none of ours: where, how many, and what was wrong with them."""

    at: float
    size: int
    what: str


Sent = SentTick | SentRecord | SentLeaseRequest | Unread


def sent_on(stream: Stream) -> Iterator[Sent]:
    """Everything that was sent on one plain connection to the hub, in order."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    request = _Request(b"", b"", {})
    at = 0.0
    try:
        for at, piece in stream.pieces:
            connection.receive_data(piece)
            while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Request):
                    request = _Request(event.method, event.target, dict(event.headers))
                    yield from request.problems(at, len(piece))
                elif isinstance(event, h11.Data):
                    yield from request.take(at, bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    yield from request.end(at)
                    _answer(connection)
                elif isinstance(event, h11.ConnectionClosed):
                    return
        yield from request.end(at)
    except h11.RemoteProtocolError as error:
        yield Unread(at, len(stream.data), f"not HTTP: {error}")


def _answer(connection: h11.Connection) -> None:
    """Let h11 believe that we answered, so that it reads the next request of the connection."""
    connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    if connection.our_state is h11.DONE and connection.their_state is h11.DONE:
        connection.start_next_cycle()


class _Request:
    """One request: its body is a batch of records, or a stream of frames, or a request for a lease, or nothing."""

    def __init__(self, method: bytes, target: bytes, headers: dict[bytes, bytes]) -> None:
        self._method, self._target = method, target
        self._type = headers.get(b"content-type", b"").split(b";")[0]
        self._headers = sum(len(name) + len(value) for name, value in headers.items())
        self._body = bytearray()

    def problems(self, at: float, size: int) -> Iterator[Unread]:
        """A request that a node of ours does not make."""
        path, _, query = self._target.partition(b"?")
        known = {
            (b"POST", b"/api/v1/records"),
            (b"POST", b"/api/v1/live"),
            (b"POST", b"/api/v1/leases"),
            (b"GET", b"/api/v1/grants"),
        }
        if (self._method, path) not in known or len(query) > 64 or self._headers > 1024:
            yield Unread(at, size, f"a request that no node makes: {self._method.decode()} {self._target.decode()}")

    def take(self, at: float, data: bytes) -> Iterator[Sent]:
        """More of the body; live frames are read as they are whole."""
        self._body += data
        if self._type != LIVE_TYPE:
            return
        while len(self._body) >= LENGTH_BYTES:
            size = int.from_bytes(self._body[:LENGTH_BYTES], "big")
            if size > LARGEST_FRAME:
                yield Unread(at, len(self._body), f"a frame of {size} bytes")
                self._body.clear()
                return
            if len(self._body) < LENGTH_BYTES + size:
                return
            frame = bytes(self._body[LENGTH_BYTES : LENGTH_BYTES + size])
            del self._body[: LENGTH_BYTES + size]
            yield _tick(at, frame)

    def end(self, at: float) -> Iterator[Sent]:
        """The body is whole (or the capture ends here, and a part of it is missing)."""
        body, self._body = bytes(self._body), bytearray()
        if not body or self._type == LIVE_TYPE:
            return
        if self._type == RECORDS_TYPE:
            yield from _records(at, body)
        elif self._type == LEASE_TYPE and len(body) <= LARGEST_LEASE_REQUEST:
            yield _lease_request(at, body)
        else:
            yield Unread(at, len(body), f"a body of type {self._type.decode(errors='replace') or 'none'}")


def _tick(at: float, frame: bytes) -> Sent:
    try:
        envelope = decode_envelope(frame)
        if envelope.domain != TICK_DOMAIN:
            return Unread(at, len(frame), f"a live frame signed as {envelope.domain}")
        return SentTick(at, len(frame), envelope, decode_tick(envelope.body))
    except BoundaryError as error:
        return Unread(at, len(frame), f"a live frame: {error}")


def _records(at: float, body: bytes) -> Iterator[Sent]:
    try:
        for envelope in decode_batch(body):
            if envelope.domain != RECORD_DOMAIN:
                yield Unread(at, len(envelope.body), f"a record signed as {envelope.domain}")
            else:
                yield SentRecord(at, len(envelope.body), envelope, decode_record(envelope.body))
    except BoundaryError as error:
        yield Unread(at, len(body), f"an upload: {error}")


def _lease_request(at: float, body: bytes) -> Sent:
    try:
        return SentLeaseRequest(at, len(body), decode_envelope(body))
    except BoundaryError as error:
        return Unread(at, len(body), f"a request for a lease: {error}")
