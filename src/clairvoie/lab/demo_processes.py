"""The demonstration's hub and node as processes: started, waited for, and gone when the demonstration is.

Each is a process group of its own, so that Ctrl-C in the terminal reaches the demonstration alone, which then stops the
node before the hub. Should the demonstration be killed, the kernel kills both (``PR_SET_PDEATHSIG``), and the node's
own processes follow their launcher in the same way.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clairvoie.errors import LabError
from clairvoie.node.lifeline import tie_to_parent

STOP_SECONDS = 12.0
LAST_LINES = 6


class Companion:
    """One process of the demonstration. Its log goes to a file; its first line on stdout says that it is ready."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "clairvoie", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stream,
                process_group=0,
                preexec_fn=partial(tie_to_parent, os.getpid()),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ready(self, seconds: float) -> dict[str, Any]:
        """The line that says it is ready. Raises :class:`LabError` with its last words if that does not come."""
        stream = self._process.stdout
        assert stream is not None
        deadline = time.monotonic() + seconds
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise LabError(f"the {self.name} was not ready within {seconds:g} s", None, self.last_words())
            piece = os.read(stream.fileno(), 4096)
            if not piece:
                raise LabError(f"the {self.name} ended before it was ready", self._process.wait(), self.last_words())
            line += piece
        found: dict[str, Any] = json.loads(line.splitlines()[0])
        return found

    def check(self) -> None:
        """Raise :class:`LabError` when it has ended by itself."""
        status = self._process.poll()
        if status is not None:
            raise LabError(f"the {self.name} ended by itself", status, self.last_words())

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "It said: " + " / ".join(lines[-LAST_LINES:]) if lines else "It said nothing."

    def said(self, words: str) -> int:
        """How many lines of its log hold ``words``."""
        return sum(words in line for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines())

    def stop(self) -> None:
        """Ask it to end, and kill it if it does not within :data:`STOP_SECONDS`."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def check_port(port: int) -> None:
    """Raise :class:`LabError` when something listens on ``port`` already; 0 is always free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            remedy = f"Is a demo running already? Choose another: clairvoie demo --port {port + 1 if port else 8751}."
            raise LabError(f"this port cannot be used ({error.strerror})", port, remedy) from error
