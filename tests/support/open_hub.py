"""A hub's application on a free loopback port, in a thread of its own, for answers that never end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fake_ledger import FakeLedger
from hub_street import Clock

from clairvoie.boundary.document import SignedDocument, decode_document
from clairvoie.boundary.lease import Lease, decode_lease
from clairvoie.boundary.person import Visitors
from clairvoie.config import HubSettings
from clairvoie.hub.hub import Hub
from clairvoie.server.application import create_app


class QuietServer(uvicorn.Server):
    """Tells when it listens, and ends the hub's own streams before it waits for connections."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self.listens = threading.Event()
        self._hub = hub

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listens.set()

    async def shutdown(self, sockets: object = None) -> None:
        self._hub.end_streams()
        await super().shutdown()


@contextmanager
def open_hub(settings: HubSettings, clock: Clock) -> Iterator[tuple[str, Hub]]:
    """The address of a hub that runs with everything that runs beside it, and the hub."""
    app = create_app(settings, clock=clock, callers=Visitors(), ledger=FakeLedger())
    config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1, ws="none")
    server = QuietServer(config, app.state.hub)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.listens.wait(30)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", app.state.hub
    finally:
        server.should_exit = True
        thread.join()


def pushes(answer: httpx.Response) -> Iterator[tuple[SignedDocument, Lease]]:
    """The frames of a stream of grants, as they come."""
    buffer = b""
    for part in answer.iter_raw():
        buffer += part
        while len(buffer) >= 4 and len(buffer) >= 4 + (size := int.from_bytes(buffer[:4], "big")):
            document = decode_document(buffer[4 : 4 + size])
            yield document, decode_lease(document.body)
            buffer = buffer[4 + size :]
