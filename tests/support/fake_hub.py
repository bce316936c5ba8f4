"""A hub in memory, for tests of what a node sends: it verifies, stores once, and can be told to misbehave.

With a :class:`~clairvoie.lab.leave.Leave` it gives leases under ``documents`` and pushes them when they change. With a
``ledger`` it seals each upload at once and says where its records stand.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from small_ledger import SmallLedger
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from clairvoie.boundary.document import LEASE_TYPE, SignedDocument, add_signature, encode_document, unsigned
from clairvoie.boundary.lease import Lease, decode_request, encode_lease
from clairvoie.boundary.signed import LEASE_DOMAIN, Envelope, decode_batch, decode_envelope, encode_envelope, verify
from clairvoie.boundary.wire import Record, Tick, decode_record, decode_tick
from clairvoie.lab.leave import Leave
from clairvoie.oversight.inclusion import OwnRecord

Misbehaviour = Callable[[tuple[Envelope, ...]], Response | None]


def problem(status: int, code: str, index: int | None = None) -> JSONResponse:
    """A refusal as the hub words it."""
    return JSONResponse({"code": code, "what": "said by the fake hub", "index": index}, status)


class FakeHub:
    """Takes the records of one node. ``misbehaviour`` sees each upload first and may answer in its place."""

    def __init__(
        self,
        key: Ed25519PublicKey | None = None,
        leave: Leave | None = None,
        documents: tuple[SignedDocument, ...] = (),
        ledger: SmallLedger | None = None,
    ) -> None:
        self.ledger = ledger
        self.questions = 0
        self.key = key
        self.leave = leave
        self.documents = documents
        self.lease_seconds = 900
        self.granting = True
        self.clock: Callable[[], float] = time.time
        self.asked = 0
        self.misbehaviour: Misbehaviour = lambda _: None
        self.records: dict[tuple[str, int], Record] = {}
        self.ticks: list[Tick] = []
        self.tick_sizes: set[int] = set()
        self.uploads: list[int] = []
        self.duplicates = 0
        self.broken_streams = 0
        self.offered: set[tuple[str, int]] = set()
        self.arrived = threading.Condition()
        self.app = Starlette(
            routes=[
                Route("/api/v1/records", self._records, methods=["POST"]),
                Route("/api/v1/live", self._live, methods=["POST"]),
                Route("/api/v1/leases", self._leases, methods=["POST"]),
                Route("/api/v1/grants", self._grants),
                Route("/api/v1/ledger/inclusion", self._inclusion),
            ]
        )

    def wait_for(self, happened: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Wait until ``happened`` is true, asked after each arrival; false when it takes longer than ``seconds``."""
        with self.arrived:
            return self.arrived.wait_for(happened, seconds)

    @contextmanager
    def serve(self) -> Iterator[int]:
        """Serve on a free port of loopback, which is yielded, from a thread of its own."""
        server = uvicorn.Server(
            uvicorn.Config(self.app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        )
        started = threading.Event()
        startup = server.startup

        async def tell(sockets: object = None) -> None:
            await startup()
            started.set()

        server.startup = tell  # type: ignore[method-assign,assignment]
        thread = threading.Thread(target=server.run)
        thread.start()
        assert started.wait(30)
        try:
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()

    def lease(self, node: str, nonce: bytes) -> SignedDocument:
        """A lease for ``node`` by this hub's clock; without a nonce it is a push."""
        assert self.leave is not None
        lease = Lease(
            deployment=self.leave.charter.deployment, node=node, issued=self.clock(), seconds=self.lease_seconds,
            nonce=nonce, documents=self.documents,
        )  # fmt: skip
        return add_signature(unsigned(LEASE_TYPE, encode_lease(lease)), self.leave.leases)

    async def _leases(self, request: Request) -> Response:
        envelope = decode_envelope(await request.body())
        assert envelope.domain == LEASE_DOMAIN
        if self.key is not None:
            verify(envelope, self.key)
        with self.arrived:
            self.asked += 1
            self.arrived.notify_all()
        if self.leave is None or not self.granting:
            return problem(403, "not-authorised")
        nonce = decode_request(envelope.body).nonce
        return Response(encode_document(self.lease(envelope.node, nonce)), media_type="application/json")

    async def _grants(self, request: Request) -> Response:
        if self.leave is None:
            return problem(403, "not-authorised")

        async def frames() -> AsyncIterator[bytes]:
            told: tuple[SignedDocument, ...] | None = None
            while not await request.is_disconnected():
                if self.granting and self.documents != told:
                    told = self.documents
                    body = encode_document(self.lease(request.query_params["node"], b""))
                    yield len(body).to_bytes(4, "big") + body
                await asyncio.sleep(0.05)

        return StreamingResponse(frames())

    async def _records(self, request: Request) -> Response:
        batch = decode_batch(await request.body())
        with self.arrived:
            self.offered.update((envelope.sensor, envelope.sequence) for envelope in batch)
            self.arrived.notify_all()
        answer = self.misbehaviour(batch)
        if answer is not None:
            return answer
        for index, envelope in enumerate(batch):
            known = self.records.get((envelope.sensor, envelope.sequence))
            if known is not None and known != decode_record(envelope.body):
                return problem(409, "equivocation", index)
        with self.arrived:
            accepted = sum(self._store(envelope) for envelope in batch)
            if self.ledger is not None:
                self.ledger.seal(*(OwnRecord.of(encode_envelope(envelope), 0.0) for envelope in batch))
            self.uploads.append(len(batch))
            self.duplicates += len(batch) - accepted
            self.arrived.notify_all()
        return JSONResponse({"accepted": accepted, "duplicates": len(batch) - accepted})

    def _store(self, envelope: Envelope) -> bool:
        if self.key is not None:
            verify(envelope, self.key)
        record = decode_record(envelope.body)
        identity = envelope.sensor, envelope.sequence
        if identity in self.records:
            return False
        self.records[identity] = record
        return True

    async def _inclusion(self, request: Request) -> Response:
        asked = request.query_params
        with self.arrived:
            self.questions += 1
            self.arrived.notify_all()
        if self.ledger is None:
            return problem(404, "unknown")
        epoch, sequence = int(asked["epoch"]), int(asked["sequence"])
        record = OwnRecord(sensor=asked["sensor"], epoch=epoch, sequence=sequence, millibits=0, acknowledged=0.0)
        status, body = self.ledger.said(record, *map(int, asked["kept"].split("/")))
        return Response(body, status, media_type="application/json")

    async def _live(self, request: Request) -> Response:
        buffer = b""
        try:
            async for part in request.stream():
                buffer += part
                while len(buffer) >= 4 and len(buffer) >= 4 + (size := int.from_bytes(buffer[:4], "big")):
                    self._take_frame(buffer[4 : 4 + size])
                    buffer = buffer[4 + size :]
        except ClientDisconnect:
            self.broken_streams += 1
        return JSONResponse({"accepted": len(self.ticks)})

    def _take_frame(self, frame: bytes) -> None:
        envelope = decode_envelope(frame)
        if self.key is not None:
            verify(envelope, self.key)
        with self.arrived:
            self.ticks.append(decode_tick(envelope.body))
            self.tick_sizes.add(len(frame))
            self.arrived.notify_all()
