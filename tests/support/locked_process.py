"""Starts what a test gives it as an analyser is started: the launcher's own code, locks, pipes and looks."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clairvoie.boundary.confinement import Lock
from clairvoie.config import ClockSettings, NodeSensor, ReplaySource
from clairvoie.egress.pipe import open_pipe, read_packets
from clairvoie.node import reach
from clairvoie.node.handshake import Handshake, name_of
from clairvoie.node.orders import AnalyserOrders
from clairvoie.node.processes import spawn

MODULES = ("attacker", "attacks_on_files", "attacks_on_processes", "attacks_on_the_kernel")
PATIENCE = 60.0


def attacker() -> str:
    """A program that makes the modules of the attacker: no file of the tests can be read inside the locks."""
    program = "import sys, types\n"
    for name in MODULES:
        source = Path(__file__).with_name(f"{name}.py").read_text()
        program += f"sys.modules[{name!r}] = made = types.ModuleType({name!r})\n"
        program += f"exec(compile({source!r}, {name!r}, 'exec'), made.__dict__)\n"
    return program


class LockedProcess:
    """One hostile analyser. ``locked`` false gives the control: the same program, with no lock at all."""

    def __init__(self, folder: Path, targets: Mapping[str, Any], *, locked: bool = True) -> None:
        sensor = NodeSensor(id="mic-1", calibration=120, source=ReplaySource(file="street.wav"))
        (folder / "street.wav").touch()
        reading, ready = open_pipe()
        begin, writing = open_pipe()
        self.claims, claims = open_pipe()
        control, self._lifeline = os.pipe()
        orders = AnalyserOrders(
            parent=os.getpid(), sensor=sensor, clock=ClockSettings(), claims=claims, ready=ready, begin=begin,
            control=control,
        )  # fmt: skip
        confining = reach.of_analyser(sensor, folder) if locked else None
        program = f"{attacker()}sys.modules['attacker'].run({dict(targets)!r}, locked={locked})\n"
        ends = [claims, ready, begin, control]
        applied = Lock(0) if confining is None else confining.locks
        self.process: subprocess.Popen[bytes] = spawn(
            (sys.executable, "-P", "-c", program), orders, ends, confining=confining, silent=True
        )
        self.handshake = Handshake(self.process.pid, reading, writing, applied, [name_of(end) for end in ends])
        for end in ends:
            os.close(end)

    def said(self) -> dict[str, str]:
        """All that it says through the only pipe that it has, until it closes it or says that it has ended."""
        found: dict[str, str] = {}
        until = time.monotonic() + PATIENCE
        while (left := until - time.monotonic()) > 0:
            select.select([self.claims, *self.handshake.awaited], [], [], left)
            self.handshake.advance()
            packets, ended = read_packets(self.claims, 1000, 4096)
            found.update(json.loads(packet) for packet in packets)
            if ended or "end" in found:
                return found
        raise AssertionError(f"after {PATIENCE} s it had said only {found}")

    def wait(self) -> int:
        """Its exit status, once it has ended by itself; the handshake goes on meanwhile."""
        self.said()
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.handshake.close()
        os.close(self.claims)
        os.close(self._lifeline)
