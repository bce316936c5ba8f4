"""The hub's two doors for nodes: signed records by POST, live ticks down one long upload.

Sizes are checked before anything is read whole, time is bounded, and every refusal is the same JSON object: ``code``
from a closed list, ``what``, the ``index`` of the offending record if it was one, and a ``remedy``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from clairvoie.boundary.problem import Problem
from clairvoie.boundary.signed import MAXIMUM_BATCH_BYTES
from clairvoie.boundary.wire import BULLETIN_BYTES, TICK_HEADER_BYTES
from clairvoie.errors import Refusal, StoreUnavailable
from clairvoie.hub.hub import Hub
from clairvoie.hub.refusals import Code, refuse

RECORDS_TYPE = "application/vnd.clairvoie.records"
LIVE_TYPE = "application/vnd.clairvoie.live"
UPLOAD_SECONDS = 30.0
"""A whole upload arrives within this time."""
IDLE_SECONDS = 60.0
"""A live stream that says nothing for so long is ended."""
LENGTH_BYTES = 4
ENVELOPE_BYTES = 1024
"""More than everything in an envelope but its body."""
STREAMS_TO_SPARE = 8


def refused(refusal: Refusal) -> JSONResponse:
    """A refusal as an answer. The connection is closed: what else is on it is not read."""
    value = "" if refusal.value is None else f": {refusal.value!r}"[:200]
    problem = Problem(code=refusal.code, what=refusal.what + value, index=refusal.index, remedy=refusal.remedy)
    headers = {"Connection": "close"} if refusal.status in (400, 408, 413, 415) else {}
    if refusal.status == 429:
        headers["Retry-After"] = "1"
    return JSONResponse(msgspec.to_builtins(problem), status_code=refusal.status, headers=headers)


def unavailable(error: StoreUnavailable) -> JSONResponse:
    """503: nothing was acknowledged, come back."""
    problem = Problem(code="store-unavailable", what=error.what, remedy=error.remedy)
    return JSONResponse(msgspec.to_builtins(problem), status_code=503, headers={"Retry-After": "5"})


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Refusals with these statuses, for the description."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/json": {"schema": schema}}
    return {status: {"description": "Not done", "content": content} for status in statuses}


def described(media_type: str, words: str) -> dict[str, Any]:
    """A body of octets, for the description."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": words, "content": content}}


def receiving(hub: Hub) -> APIRouter:
    """The doors of ``hub``."""
    router = APIRouter(prefix="/api/v1", tags=["nodes"])
    streams = Streams(hub)

    @router.post(
        "/records",
        summary="Deliver signed records",
        responses=answers(400, 403, 404, 408, 409, 413, 415, 422, 429, 503),
        openapi_extra=described(RECORDS_TYPE, "MessagePack array of 1 to 500 signed envelopes, 4 MiB at most."),
    )
    async def records(request: Request) -> JSONResponse:
        """All records of an upload are stored, or none is; 200 and 409 `already-stored` come after the commit."""
        try:
            body = await read_body(request, RECORDS_TYPE, MAXIMUM_BATCH_BYTES)
        except Refusal as refusal:
            return refused(hub.refused(refusal))
        try:
            stored = await hub.take_upload(body, peer_of(request))
        except Refusal as refusal:
            return refused(refusal)
        except StoreUnavailable as error:
            return unavailable(error)
        return JSONResponse({"accepted": stored.accepted, "duplicates": stored.duplicates})

    @router.post(
        "/live",
        summary="Stream live ticks",
        responses=answers(400, 403, 404, 408, 413, 415, 422, 429),
        openapi_extra=described(LIVE_TYPE, "Signed envelopes, each after its length in 4 bytes, big-endian."),
    )
    async def live(request: Request) -> JSONResponse:
        """One long upload, one frame a second. The first bad frame ends it."""
        return await streams.serve(request)

    return router


async def read_body(request: Request, media_type: str, most: int) -> bytes:
    """The body of a request. Raises :class:`Refusal` as soon as it is too large, too slow or of another type."""
    check_type(request, media_type)
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > most:
        raise _oversized(announced, most)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _oversized(size, most)
                parts.append(part)
    except TimeoutError:
        raise refuse(Code.TOO_SLOW, f"the upload took more than {UPLOAD_SECONDS:.0f} s", None, "Send less.") from None
    except ClientDisconnect:
        raise refuse(Code.MALFORMED, "the upload broke off", size, "Send it again.") from None
    return b"".join(parts)


def peer_of(request: Request) -> str | None:
    """The node whose certificate this connection has; ``None`` on loopback without TLS (:mod:`~.node_door`)."""
    peer: str | None = request.scope.get("clairvoie.peer")
    return peer


def check_type(request: Request, wanted: str) -> None:
    """Raise :class:`Refusal` unless the body is of the media type ``wanted``."""
    found = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if found != wanted:
        raise refuse(Code.WRONG_TYPE, "this door takes another media type", found, f"Send {wanted}.")


def _oversized(size: object, most: int) -> Refusal:
    return refuse(Code.OVERSIZED, f"an upload has at most {most} bytes", size, "Send fewer at once.")


class StreamEnded(Exception):
    """A live stream is over and nobody is to blame: the node went away, or the hub stops."""


class Streams:
    """Live streams: bounded in number, ended when the hub stops."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open = 0

    @property
    def _most(self) -> int:
        return len(self._hub.enrolment.nodes) * 2 + STREAMS_TO_SPARE

    @property
    def largest_frame(self) -> int:
        """Bytes of the longest frame that a node now enrolled may send."""
        return TICK_HEADER_BYTES + BULLETIN_BYTES * self._hub.enrolment.largest_node() + ENVELOPE_BYTES

    async def serve(self, request: Request) -> JSONResponse:
        """Take frames until the node ends the stream, a frame is bad, or the hub stops."""
        if self._open >= self._most:
            return refused(self._hub.refused(refuse(Code.QUEUE_FULL, "too many live streams", self._most, "Wait.")))
        accepted = 0
        self._count(1)
        try:
            check_type(request, LIVE_TYPE)
            async for frame in self._frames(request):
                accepted += self._hub.take_frame(frame, peer_of(request))
        except Refusal as refusal:
            return refused(self._hub.refused(refusal))
        except StreamEnded:
            return JSONResponse({"accepted": accepted}, headers={"Connection": "close"})
        finally:
            self._count(-1)
        return JSONResponse({"accepted": accepted})

    def _count(self, change: int) -> None:
        self._open += change
        self._hub.metrics.streams.set(self._open)

    async def _frames(self, request: Request) -> AsyncIterator[bytes]:
        buffer = bytearray()
        largest = self.largest_frame
        async for part in self._parts(request):
            buffer += part
            while len(buffer) >= LENGTH_BYTES:
                size = int.from_bytes(buffer[:LENGTH_BYTES], "big")
                if not 0 < size <= largest:
                    raise refuse(Code.OVERSIZED, f"a frame has 1 to {largest} bytes", size, "Check framing.")
                if len(buffer) < LENGTH_BYTES + size:
                    break
                yield bytes(buffer[LENGTH_BYTES : LENGTH_BYTES + size])
                del buffer[: LENGTH_BYTES + size]
        if buffer:
            raise refuse(Code.MALFORMED, "the stream ended inside a frame", len(buffer), "Reconnect.")

    async def _parts(self, request: Request) -> AsyncIterator[bytes]:
        stream = aiter(request.stream())
        stopping = asyncio.ensure_future(self._hub.stopping.wait())
        part: asyncio.Future[bytes] | None = None
        try:
            while True:
                part = asyncio.ensure_future(anext(stream))
                await asyncio.wait({part, stopping}, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if stopping.done():
                    raise StreamEnded
                if not part.done():
                    raise refuse(Code.TOO_SLOW, f"nothing came for {IDLE_SECONDS:.0f} s", None, "Reconnect.")
                yield part.result()
        except StopAsyncIteration:
            return
        except ClientDisconnect:
            raise StreamEnded from None
        finally:
            stopping.cancel()
            if part is not None:
                part.cancel()
