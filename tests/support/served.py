"""A desk in memory behind a real server on a free loopback port, which can stop and come back on the same port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn
from fake_desk import FakeDesk
from serve_desk import application

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
"""What the fixture ``open_page`` gives."""


class Served:
    """``url`` answers from :meth:`start` to :meth:`stop`: the socket listens before the server runs."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.port = 0
        self.server: uvicorn.Server | None = None
        self.thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(64)
        self.port = listening.getsockname()[1]
        settings = uvicorn.Config(
            application(self.desk), log_level="error", lifespan="off", timeout_graceful_shutdown=1, ws="none"
        )
        self.server = uvicorn.Server(settings)

        def serve(server: uvicorn.Server = self.server) -> None:
            with listening:
                server.run(sockets=[listening])

        self.thread = threading.Thread(target=serve)
        self.thread.start()

    def stop(self) -> None:
        if self.server is None or self.thread is None:
            return
        self.server.should_exit = True
        while self.thread.is_alive():
            self.desk.tell(None)
            self.thread.join(0.05)
        self.server = None
