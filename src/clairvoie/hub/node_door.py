"""The node door: where nodes come in from other machines, by TLS 1.3 with a certificate on each side.

A connection is taken only with a certificate of the hub's own authority; no other is trusted here. Then, at each
request, the door asks whether a signed act that still holds names this very certificate, and for which node; what comes
over the connection must be of that node. When an act revokes the certificate, connections that it opened are
ended at once. Only the routes of nodes are behind this door, and when it is open they are nowhere else.

uvicorn tells an application nothing of the peer; :class:`PeerProtocol` puts the verified certificate where the ASGI
specification has it (extension ``tls``, ``client_cert_chain``).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from cryptography import x509
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from clairvoie.errors import HubError, Refusal
from clairvoie.hub.certificates import DOOR_DAYS, Authority, authority_in, digest_of, door_files, node_uri
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.granting import granting
from clairvoie.hub.hub import Hub
from clairvoie.hub.receiving import receiving, refused
from clairvoie.hub.refusals import Code, refuse

PEER = "clairvoie.peer"
"""In the scope of a request: the node whose certificate the connection has."""
TRANSPORT = "clairvoie.transport"
MOST_CONNECTIONS = 4096
GRACE_SECONDS = 1
KEEP_SECONDS = 60.0
"""How often open connections are looked at: a certificate that ends meanwhile closes its own within this time."""
RENEW_AFTER = datetime.timedelta(days=DOOR_DAYS / 2)

log = structlog.get_logger("clairvoie.hub.node_door")


class PeerProtocol(H11Protocol):
    """HTTP/1.1 whose requests carry the certificate that the TLS handshake has verified."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note whose connection it is."""
        super().connection_made(transport)
        peer = transport.get_extra_info("ssl_object")
        der = None if peer is None else peer.getpeercert(binary_form=True)
        chain = () if der is None else (ssl.DER_cert_to_PEM_cert(der),)
        within = self.app

        async def as_peer(scope: Any, receive: Any, send: Any) -> None:
            extensions = {**scope.get("extensions", {}), "tls": {"client_cert_chain": chain}}
            await within({**scope, "extensions": extensions, TRANSPORT: transport}, receive, send)

        self.app = as_peer


def judge_peer(pem: str | None, enrolment: Enrolment, now: datetime.datetime) -> str | Refusal:
    """The node that a verified certificate speaks for at ``now``, or why it is not let in. Pure."""
    if pem is None:
        return refuse(Code.NOT_AUTHORISED, "this door asks for a certificate", None, "Enrol the node.")
    certificate = x509.load_pem_x509_certificate(pem.encode())
    digest = digest_of(certificate)
    node = enrolment.certificates.get(digest)
    if node is None and digest in enrolment.refused:
        return refuse(Code.REVOKED, "this certificate is revoked or replaced", digest, "Enrol the node's new key.")
    if node is None:
        return refuse(Code.UNKNOWN_NODE, "no signed act names this certificate", digest, "Enrol the node at the hub.")
    if now > certificate.not_valid_after_utc:
        return refuse(Code.REVOKED, "this certificate has ended", digest, "Renew it: `clairvoie sensor renew`.")
    if node_uri(enrolment.deployment, node) not in _uris(certificate):
        return refuse(Code.WRONG_NODE, f"the act names this certificate for {node}, which it does not name", digest)
    return node


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


class NodeDoor:
    """The routes of nodes, and ``more`` that they may ask, for peers that are let in."""

    def __init__(self, hub: Hub, more: Iterable[APIRouter] = ()) -> None:
        self._hub = hub
        self._open: dict[asyncio.Transport, str | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        app = FastAPI(title="Clairvoie: node door", docs_url=None, redoc_url=None, openapi_url=None)
        app.include_router(receiving(hub))
        for router in (granting(hub), *more):
            app.include_router(router)
        self._app: ASGIApp = app
        hub.enrolled.append(self._recheck_soon)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: let in, and ended as soon as its certificate no longer holds."""
        self._loop = asyncio.get_running_loop()
        chain = scope["extensions"]["tls"]["client_cert_chain"]
        pem = next(iter(chain), None)
        peer = judge_peer(pem, self._hub.enrolment, _now())
        if isinstance(peer, Refusal):
            await refused(self._hub.refused(peer))(scope, receive, send)
            return
        transport = scope[TRANSPORT]
        self._open[transport] = pem
        try:
            await self._app({**scope, PEER: peer}, receive, send)
        finally:
            self._open.pop(transport, None)

    @property
    def speaking(self) -> frozenset[str]:
        """Certificates (PEM) whose requests are being answered now."""
        return frozenset(pem for pem in self._open.values() if pem is not None)

    def _recheck_soon(self) -> None:
        """Another enrolment holds; told from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.end_strangers)

    def end_strangers(self) -> None:
        """Break off every connection whose certificate no longer holds."""
        for transport, pem in list(self._open.items()):
            peer = judge_peer(pem, self._hub.enrolment, _now())
            if isinstance(peer, Refusal):
                log.warning("connection-ended", why=peer.what)
                self._hub.refused(peer)
                transport.abort()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def door_context(certificate: Path, key: Path, authority: Authority) -> ssl.SSLContext:
    """TLS 1.3 only, a certificate of ``authority`` from whoever calls, no resumption of earlier connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.num_tickets = 0
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(cadata=authority.pem.decode())
    return context


class DoorServer(uvicorn.Server):
    """The node door on its socket, beside the desk's server and in its event loop; it leaves signals to that one."""

    def __init__(
        self,
        hub: Hub,
        keys: Path,
        listener: socket.socket,
        names: tuple[str, ...],
        more: Iterable[APIRouter] = (),
    ) -> None:
        self._keys = keys
        self._names = _names(listener, names)
        self._authority = authority_in(keys, hub.task.deployment.id, _now())
        self._issued = _now()
        files = door_files(self._authority, keys, self._names, self._issued)
        self._context = context = door_context(*files, self._authority)
        self.node_door = NodeDoor(hub, more)
        super().__init__(
            uvicorn.Config(
                self.node_door,
                http=PeerProtocol,
                ssl_context_factory=lambda _config, _default: context,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=64 * 1024,
                limit_concurrency=MOST_CONNECTIONS,
            )
        )
        self._listener = listener
        self._serving: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self._opened.set()

    async def open(self) -> None:
        """Listen; done when connections are taken. Raises :class:`HubError` when that cannot be."""
        self._serving = asyncio.create_task(self.serve(sockets=[self._listener]), name="door")
        opened = asyncio.create_task(self._opened.wait())
        await asyncio.wait({self._serving, opened}, return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        if self._serving.done():
            raise HubError("the node door cannot be opened", self.url) from self._serving.exception()
        self._keeping = asyncio.create_task(self._keep(), name="door")

    async def _keep(self) -> None:
        """Break off what has ended, and renew the door's own certificate long before it ends."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            self.node_door.end_strangers()
            try:
                if _now() - self._issued > RENEW_AFTER:
                    self.renew()
            except OSError as error:
                log.warning("door-certificate-waits", reason=str(error))

    @property
    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """What runs as long as it is open; whoever opened it has to see it if one of them dies."""
        return tuple(task for task in (self._serving, self._keeping) if task is not None)

    def renew(self) -> None:
        """Show a new certificate to whoever comes from now on."""
        now = _now()
        self._context.load_cert_chain(*door_files(self._authority, self._keys, self._names, now))
        self._issued = now

    async def close(self) -> None:
        """Stop listening and end what is open."""
        self.should_exit = True
        if self._keeping is not None:
            self._keeping.cancel()
        if self._serving is not None:
            await self._serving


def _names(listener: socket.socket, names: tuple[str, ...]) -> list[str]:
    host: str = listener.getsockname()[0]
    every = host in ("0.0.0.0", "::")
    return [*names] if every else [*dict.fromkeys([host, *names])]
