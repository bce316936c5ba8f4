"""The uplink's part in leases: it carries requests to the hub and what the hub grants to the gate, and judges neither.

A request that fails is forgotten: the gate asks again. Of several that wait only the newest is sent. What the hub
pushes comes down one long answer, frame by frame; when that is silent for :data:`QUIET_SECONDS` or ends, it is opened
again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import httpx

from clairvoie.boundary.document import MAXIMUM_DOCUMENT_BYTES
from clairvoie.egress.pipe import packets_of, write_packet
from clairvoie.egress.uplink import LENGTH_BYTES, LONGEST_LIVE_DELAY, Logger, delay
from clairvoie.errors import OversizedMessage

LEASES_PATH = "/api/v1/leases"
GRANTS_PATH = "/api/v1/grants"
LEASE_REQUEST_TYPE = "application/vnd.clairvoie.lease-request"
QUIET_SECONDS = 45.0
"""The hub pushes every 15 s at least."""
LEASE_TIMEOUT = httpx.Timeout(5.0)
GRANTS_TIMEOUT = httpx.Timeout(10.0, read=QUIET_SECONDS)
ROOM_SECONDS = 0.02
PATIENCE = 5.0
"""Seconds for which a gate that does not read is waited for."""


class GrantPipe:
    """The writing end of the pipe to the gate; two writers never mix their packets."""

    def __init__(self, writing: int, log: Logger) -> None:
        self._writing = writing
        self._log = log
        self._lock = asyncio.Lock()

    async def hand_over(self, document: bytes) -> None:
        """Write one document, as room is made; give it up when the gate does not read."""
        async with self._lock:
            try:
                async with asyncio.timeout(PATIENCE):
                    for packet in packets_of(document):
                        while not write_packet(self._writing, packet):
                            await asyncio.sleep(ROOM_SECONDS)
            except TimeoutError:
                self._log.warning("the gate does not read what it is granted")


class LeaseCarrier:
    """Carries the newest request for a lease to the hub, and its answer to the gate."""

    def __init__(self, client: httpx.AsyncClient, pipe: GrantPipe, log: Logger) -> None:
        self._client = client
        self._pipe = pipe
        self._log = log
        self._newest: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
        self._refused = 0

    def offer(self, envelope: bytes) -> None:
        """Take the place of any request that has not left yet."""
        if self._newest.full():
            self._newest.get_nowait()
        self._newest.put_nowait(envelope)

    async def run(self) -> None:
        """Carry for ever; only cancellation ends it."""
        while True:
            envelope = await self._newest.get()
            try:
                await self._carry(envelope)
            except (httpx.HTTPError, OversizedMessage) as error:
                self._note_refused(f"{type(error).__name__}: {error}")

    async def _carry(self, envelope: bytes) -> None:
        headers = {"content-type": LEASE_REQUEST_TYPE}
        async with self._client.stream(
            "POST", LEASES_PATH, content=envelope, headers=headers, timeout=LEASE_TIMEOUT
        ) as response:
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAXIMUM_DOCUMENT_BYTES:
                    raise OversizedMessage("the hub's answer is longer than a document may be", len(body))
        if response.status_code != 200:
            self._note_refused(f"HTTP {response.status_code} {body[:200]!r}")
            return
        self._refused = 0
        await self._pipe.hand_over(body)

    def _note_refused(self, why: str) -> None:
        self._refused += 1
        (self._log.warning if self._refused == 1 else self._log.debug)("no lease", why=why, attempt=self._refused)


class GrantListener:
    """Listens for what the hub pushes to ``node``, and hands it to the gate."""

    def __init__(self, node: str, client: httpx.AsyncClient, pipe: GrantPipe, log: Logger) -> None:
        self._node = node
        self._client = client
        self._pipe = pipe
        self._log = log

    async def run(self) -> None:
        """Listen for ever, reconnecting; only cancellation ends it."""
        failures = 0
        while True:
            heard = 0
            try:
                async for document in self._pushed():
                    heard += 1
                    await self._pipe.hand_over(document)
                why = "it ended"
            except (httpx.HTTPError, OversizedMessage) as error:
                why = f"{type(error).__name__}: {error}"
            failures = 1 if heard else failures + 1
            (self._log.warning if failures == 1 else self._log.debug)("grants", why=why, attempt=failures)
            await asyncio.sleep(delay(failures, random.random(), LONGEST_LIVE_DELAY))

    async def _pushed(self) -> AsyncIterator[bytes]:
        buffer = b""
        async with self._client.stream(
            "GET", GRANTS_PATH, params={"node": self._node}, timeout=GRANTS_TIMEOUT
        ) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                buffer += part
                while len(buffer) >= LENGTH_BYTES:
                    size = int.from_bytes(buffer[:LENGTH_BYTES], "big")
                    if size > MAXIMUM_DOCUMENT_BYTES:
                        raise OversizedMessage("the hub pushes more than a document may have", size)
                    if len(buffer) < LENGTH_BYTES + size:
                        break
                    yield buffer[LENGTH_BYTES : LENGTH_BYTES + size]
                    buffer = buffer[LENGTH_BYTES + size :]
