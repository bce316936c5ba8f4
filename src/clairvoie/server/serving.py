"""The hub on its sockets: the desk's, and beside it the node door; both stop within two seconds.

Without TLS the desk listens on loopback only. ``run`` prints one JSON line when everything is ready:
``{"type":"ready","url":"http://127.0.0.1:8750"}``, with ``node_door`` beside it when there is one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from clairvoie.config import DeskTls, HubSettings
from clairvoie.errors import ConfigurationError
from clairvoie.hub.hub import Hub
from clairvoie.hub.node_door import DoorServer
from clairvoie.log import set_up_log
from clairvoie.oversight.publishing import asking
from clairvoie.server.application import create_app
from clairvoie.server.jobs import Jobs

GRACE_SECONDS = 1


class HubServer(uvicorn.Server):
    """Ends its own streams before it waits for connections, says on stdout when it is ready, and stops if one of the
    hub's jobs dies."""

    def __init__(self, config: uvicorn.Config, hub: Hub, jobs: Jobs, url: str, door: DoorServer | None = None) -> None:
        super().__init__(config)
        self._hub = hub
        self._jobs = jobs
        self._url = url
        self._door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            ready = {"type": "ready", "url": self._url}
            if self._door is not None:
                await self._door.open()
                self._jobs.watch(*self._door.tasks)
                ready["node_door"] = self._door.url
            sys.stdout.write(json.dumps(ready, separators=(",", ":")) + "\n")
            sys.stdout.flush()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether it is time to stop."""
        return await super().on_tick(counter) or self._jobs.failure is not None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop once on SIGINT or SIGTERM, with exit status 0; a second one does not wait for anybody."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End live streams and pages' streams, which would otherwise never end, then everything else."""
        self._hub.end_streams()
        if self._door is not None:
            await self._door.close()
        await super().shutdown(sockets)


def run(settings: HubSettings) -> None:
    """Serve the hub until SIGINT or SIGTERM. Port 0 takes any free port, which the ready line names.

    Raises :class:`~clairvoie.errors.JobDied` when the hub had to end because one of its jobs did.
    """
    set_up_log()
    listener = _listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    context = None if settings.tls is None else desk_context(settings.tls)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
        ws="none",
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
    scheme = "http" if settings.tls is None else "https"
    jobs: Jobs = app.state.jobs
    door = _door(settings, app)
    HubServer(config, app.state.hub, jobs, f"{scheme}://{host}:{port}", door).run(sockets=[listener])
    if jobs.failure is not None:
        raise jobs.failure


def desk_context(files: DeskTls) -> ssl.SSLContext:
    """TLS for the desk, 1.2 or later. Raises :class:`ConfigurationError` when the files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.certificate, files.key)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"the desk's certificate and key cannot be used ({error})", files.certificate, "Check the [tls] table."
        ) from error
    return context


def _door(settings: HubSettings, app: FastAPI) -> DoorServer | None:
    """The node door, if the settings ask for one, on a socket that listens already."""
    door = settings.node_door
    if door is None:
        return None
    more = (asking(app.state.keeper),)
    return DoorServer(app.state.hub, Path(settings.keys), _listen(door.host, door.port), door.names, more)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"the hub cannot listen there ({error.strerror})", f"{host}:{port}", "Give another port with --port."
        ) from error
    return listener
