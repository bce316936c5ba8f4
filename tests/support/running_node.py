"""A node as its processes, for tests: started with the scripted analyser, watched through its standard output."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clairvoie.boundary.charter import encode_charter
from clairvoie.egress.key import node_key, public_digits
from clairvoie.egress.outbox import Outbox, OutboxStatus
from clairvoie.lab.leave import Leave

SCRIPT = Path(__file__).with_name("scripted_node.py")
PATIENCE = 60.0
START = int(time.time()) // 600 * 600 - 86_400
"""UTC at which replays begin: yesterday, so that nothing of them is in the future or too old to keep."""

NODE = """
deployment = "town"
node = "{node}"
hub = "{hub}"
key = "{node}.pem"
state = "{node}"
{charter}
{clock}
"""
CLOCK = """
[clock]
start = {start}
wall = {wall}
speed = {speed}
"""
SENSOR = """
[[sensors]]
id = "{id}"
calibration = 120
source = {{ file = "{file}", loop = true, start = {start} }}
"""


def write_settings(
    folder: Path, hub: str, *, sensors: tuple[str, ...], speed: float, node: str = "node-1", wall: float | None = None,
    files: tuple[str, ...] = (), leave: Leave | None = None,
) -> Path:  # fmt: skip
    """Settings of a node whose clock begins at ``START`` now and runs ``speed`` times as fast. ``leave`` gives it a
    charter; without one it never releases anything."""
    clock = CLOCK.format(start=START, wall=time.time() if wall is None else wall, speed=speed)
    if leave is not None:
        (folder / "charter.json").write_bytes(encode_charter(leave.charter))
    charter = "" if leave is None else 'charter = "charter.json"'
    text = NODE.format(node=node, hub=hub, clock=clock, charter=charter)
    sources = files or ("street.wav",) * len(sensors)
    text += "".join(SENSOR.format(id=s, file=file, start=START) for s, file in zip(sensors, sources, strict=True))
    path = folder / f"{node}.toml"
    path.write_text(text)
    return path


class RunningNode:
    """One run of a node. ``processes`` maps names to process identifiers and follows what is started again."""

    def __init__(self, settings: Path, command: tuple[str, ...]) -> None:
        self.settings = settings
        self.log = settings.with_suffix(".log").open("ab")
        self.launcher = subprocess.Popen([*command, str(settings)], stdout=subprocess.PIPE, stderr=self.log)
        self.processes: dict[str, int] = {}
        self.public_key = ""
        self.not_ready: list[str] = []

    def wait_until_ready(self) -> None:
        ready = self._next()
        assert ready["type"] == "ready", ready
        self.processes = ready["processes"]
        self.public_key = ready["public_key"]
        self.not_ready = ready["not_ready"]

    def has_spoken(self) -> bool:
        """Whether a line that nobody has read is on its standard output."""
        return bool(select.select([self.launcher.stdout], [], [], 0)[0])

    def wait_until_started_again(self, name: str) -> None:
        """Wait until the launcher says that it has started ``name`` again; follow what else it says meanwhile."""
        said = ""
        while said != name:
            fact = self._next()
            if fact["type"] == "started":
                said = fact["process"]
                self.processes[said] = fact["pid"]

    def kill(self, name: str) -> None:
        os.kill(self.launcher.pid if name == "launcher" else self.processes[name], signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and the launcher's exit status."""
        self.launcher.terminate()
        return self.launcher.wait(PATIENCE)

    def close(self) -> None:
        if self.launcher.poll() is None:
            self.launcher.kill()
        self.launcher.wait()
        assert self.launcher.stdout is not None
        self.launcher.stdout.close()
        self.log.close()

    def status(self) -> OutboxStatus:
        outbox = Outbox(self.settings.parent / self.settings.stem / "outbox.sqlite")
        try:
            return outbox.status()
        finally:
            outbox.close()

    def _next(self) -> dict[str, object]:
        assert self.launcher.stdout is not None
        line = self.launcher.stdout.readline()
        assert line, self.settings.with_suffix(".log").read_text()
        fact: dict[str, object] = json.loads(line)
        return fact


@contextmanager
def running_node(settings: Path, command: tuple[str, ...] = (sys.executable, str(SCRIPT))) -> Iterator[RunningNode]:
    """A node that is ready, and that is gone afterwards."""
    node = RunningNode(settings, command)
    try:
        node.wait_until_ready()
        yield node
    finally:
        node.close()


def born_key(folder: Path, node: str = "node-1") -> tuple[Ed25519PublicKey, str]:
    """The node's key, made beforehand where the node will look for it, and its digits."""
    key = node_key(folder / f"{node}.pem")
    return key.public_key(), public_digits(key)


def wait_until_gone(pids: list[int]) -> None:
    """Wait until none of these processes is left; a process that has ended is readable through its descriptor."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([descriptor], [], [], PATIENCE)[0], f"process {pid} is still there"
        finally:
            os.close(descriptor)
