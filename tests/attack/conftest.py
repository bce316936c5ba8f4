"""What a hostile analyser could wish to reach, made so that it can be reached by whoever is not locked."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from locked_process import LockedProcess

NEIGHBOUR = """
import ctypes, sys
held = ctypes.create_string_buffer(b"secret")
print(ctypes.addressof(held), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Files, sockets, and a neighbour that is not locked at all."""
    folder = tmp_path_factory.mktemp("attack")
    for name in ("node.key", "outbox.sqlite", "victim", "removable"):
        (folder / name).write_bytes(b"secret")
    (folder / "node.key").chmod(0o600)
    with ExitStack() as stack:
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=5))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(folder / "socket"))
        unix.listen(5)
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{folder}")
        abstract.listen(5)
        neighbour = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", NEIGHBOUR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        assert neighbour.stdout is not None
        assert neighbour.stdin is not None
        yield {
            "folder": str(folder),
            "key": str(folder / "node.key"),
            "outbox": str(folder / "outbox.sqlite"),
            "victim": str(folder / "victim"),
            "udp": udp.getsockname()[1],
            "tcp": tcp.getsockname()[1],
            "unix": str(folder / "socket"),
            "abstract": str(folder),
            "neighbour": neighbour.pid,
            "address": int(neighbour.stdout.readline()),
        }
        neighbour.stdin.close()


def outcomes(targets: dict[str, Any], *, locked: bool) -> dict[str, str]:
    process = LockedProcess(Path(targets["folder"]), targets, locked=locked)
    try:
        return process.said()
    finally:
        process.close()


@pytest.fixture(scope="module")
def locked(targets: dict[str, Any]) -> dict[str, str]:
    """What became of each attack from inside the locks; tried first, so that nothing is left over from the control."""
    return outcomes(targets, locked=True)


@pytest.fixture(scope="module")
def control(targets: dict[str, Any], locked: dict[str, str]) -> dict[str, str]:
    """What became of each attack without any lock."""
    return outcomes(targets, locked=False)
