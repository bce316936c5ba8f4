"""The node door on a real socket with a real hub behind it, and nodes that call it by TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from enrolled_town import Town
from fake_ledger import FakeLedger
from hub_street import begin

from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.charter import decode_charter
from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.lease import LeaseRequest, encode_request
from clairvoie.boundary.signed import (
    LEASE_DOMAIN,
    RECORD_DOMAIN,
    TICK_DOMAIN,
    Envelope,
    encode_batch,
    encode_envelope,
    sign,
)
from clairvoie.boundary.wire import Record, SecondEvents, Tick, encode_body
from clairvoie.egress.key import node_key
from clairvoie.hub.granting import REQUEST_TYPE
from clairvoie.hub.hub import Hub
from clairvoie.hub.node_door import DoorServer, NodeDoor
from clairvoie.hub.receiving import LIVE_TYPE, RECORDS_TYPE
from clairvoie.hub.registrar import Registrar
from clairvoie.oversight.keeper import Keeper
from clairvoie.oversight.publishing import asking
from clairvoie.server.application import keeper_of, settings_of, task_of

LOOPBACK = "127.0.0.1"


@dataclass
class OpenDoor:
    """A town with two nodes, enrolled and active, and the door of its hub."""

    town: Town
    hub: Hub
    ledger: FakeLedger
    registrar: Registrar
    server: DoorServer
    door: NodeDoor
    url: str
    port: int
    keeper: Keeper | None = None

    @classmethod
    @contextmanager
    def of(cls, folder: Path, *, clock: Callable[[], float] = time.time, kept: bool = False) -> Iterator[OpenDoor]:
        """``kept``: the hub has a real ledger, by ``clock``, which answers behind the door."""
        town = Town.at(folder, sensors=("mic-0", "mic-1"))
        town.enrol(range(2))
        town.lead_to_active("mic-0", "mic-1")
        for number in range(2):
            town.done("accept", str(folder / f"node-{number}" / "node.toml"), str(town.bundles / f"lamp-{number}"))
        settings = settings_of(folder / "hub.toml")
        ledger = FakeLedger()
        keeper = keeper_of(settings, clock) if kept else None
        hub = Hub(task_of(settings), clock, ledger if keeper is None else keeper.ledger)
        if keeper is not None:
            keeper.open(hub.store.submit, hub.store.reading)
        hub.begin()
        registrar = Registrar(hub, decode_charter((folder / "charter.json").read_bytes()), Path(settings.lives))
        registrar.look()
        listener = socket.create_server((LOOPBACK, 0))
        try:
            with _serving(DoorServer(hub, Path(settings.keys), listener, (), (asking(keeper),))) as door:
                port = listener.getsockname()[1]
                yield cls(town, hub, ledger, registrar, door, door.node_door, door.url, port, keeper)
        finally:
            if keeper is not None:
                keeper.close()
            hub.close()

    def files(self, number: int) -> tuple[Path, Path]:
        folder = self.town.folder / f"node-{number}"
        return folder / "node.crt", folder / "connection.pem"

    def context(self, *files: Path) -> ssl.SSLContext:
        """A client that believes the hub's authority and shows the certificate in ``files``, if any."""
        context = ssl.create_default_context(cafile=str(self.town.folder / "keys" / "node-authority.crt"))
        if files:
            context.load_cert_chain(*files)
        return context

    def client(self, *files: Path, context: ssl.SSLContext | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=context or self.context(*files), trust_env=False, timeout=20)

    def record(self, number: int, sequence: int = 1, second: int | None = None) -> bytes:
        """One upload with one record that the node has signed."""
        sensor = f"mic-{number}"
        at = int(time.time()) + 2 if second is None else second
        content = SecondEvents(sensor=sensor, second=at, events=(begin(sequence, mode=Mode.EXERCISE),))
        body = encode_body(Record(sequence=sequence, content=content))
        return encode_batch((self._signed(number, RECORD_DOMAIN, sensor, sequence, body),))

    def frame(self, number: int) -> bytes:
        """One frame of a live stream."""
        second = int(time.time()) + 2
        body = encode_body(Tick(second=second, bulletins=(Bulletin(sensor=f"mic-{number}", second=second),)))
        envelope = encode_envelope(self._signed(number, TICK_DOMAIN, f"lamp-{number}", second, body))
        return len(envelope).to_bytes(4, "big") + envelope

    def ask_lease(self, client: httpx.Client, number: int) -> httpx.Response:
        """Ask for a lease with a request that the node has signed."""
        body = encode_request(LeaseRequest(nonce=bytes(16)))
        asked = encode_envelope(self._signed(number, LEASE_DOMAIN, f"lamp-{number}", 1, body))
        return client.post("/api/v1/leases", content=asked, headers={"content-type": REQUEST_TYPE})

    def _signed(self, number: int, domain: str, sensor: str, sequence: int, body: bytes) -> Envelope:
        key = node_key(self.town.folder / f"node-{number}" / "signing-0.pem")
        identity = {"deployment": "town", "node": f"lamp-{number}", "epoch": 0}
        return sign(key, domain=domain, sensor=sensor, sequence=sequence, body=body, **identity)  # type: ignore[arg-type]

    @contextmanager
    def speaking(self, number: int) -> Iterator[ssl.SSLSocket]:
        """A connection of a node, to say anything over."""
        with (
            socket.create_connection((LOOPBACK, self.port), timeout=20) as plain,
            self.context(*self.files(number)).wrap_socket(plain, server_hostname=LOOPBACK) as secure,
        ):
            yield secure

    def wait_until_open(self) -> None:
        """Wait until a request is being answered."""
        while not self.door.speaking:
            threading.Event().wait(0.01)

    def until_ended(self, stream: ssl.SSLSocket) -> Iterator[bytes]:
        """What is said until the other side ends the connection, politely or not."""
        try:
            while said := stream.recv(65_536):
                yield said
        except (ConnectionResetError, ssl.SSLEOFError):
            return

    def upload(self, client: httpx.Client, body: bytes) -> httpx.Response:
        return client.post("/api/v1/records", content=body, headers={"content-type": RECORDS_TYPE})

    def live(self, client: httpx.Client, frames: Iterator[bytes]) -> httpx.Response:
        return client.post("/api/v1/live", content=frames, headers={"content-type": LIVE_TYPE})


@contextmanager
def _serving(door: DoorServer) -> Iterator[DoorServer]:
    """The door's event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(door.open(), loop).result(20)
        yield door
        asyncio.run_coroutine_threadsafe(door.close(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
