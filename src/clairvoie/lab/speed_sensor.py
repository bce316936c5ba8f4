"""What one real sensor costs: a node's own analyser process, locked as in a street, at real time.

It is started as a launcher starts it, with a recording for a microphone; its claims are read and thrown away. What is
counted is its own processor time, the kernel's share of it included, from /proc, and the memory it holds.
"""

from __future__ import annotations

import os
import select
import tempfile
import time
import wave
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from clairvoie.boundary.wire import CLAIM_BYTES
from clairvoie.config import ClockSettings, NodeSensor, ReplaySource
from clairvoie.egress.pipe import read_packets
from clairvoie.node.post import SensorPost

PATIENCE_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = 3.0
"""The first seconds, with what is loaded late and the blocks that waited, are not counted."""
_KIBIBYTES: Final = 1024


class SensorCost(Struct, frozen=True, kw_only=True):
    """One analyser over ``seconds`` of the wall clock. ``proportional_mib``: its share of what it shares with others,
    ``None`` where the kernel does not show it. ``ready_seconds``: from start to locked, loaded and ready."""

    seconds: float
    cpu_seconds_a_second: float
    resident_mib: float
    proportional_mib: float | None
    locks: list[str]
    ready_seconds: float


def sensor_cost(bank: NDArray[np.float32], rate: int, *, seconds: float) -> SensorCost | str:
    """Run one for so long; a sentence where it cannot run."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        _write(base / "street.wav", bank, rate)
        control, lifeline = os.pipe2(os.O_CLOEXEC)
        sensor = NodeSensor(id="mic-1", calibration=120, source=ReplaySource(file="street.wav", loop=True))
        post = SensorPost(sensor, base, ClockSettings(), control)
        try:
            return _watched(post, seconds)
        finally:
            post.end()
            post.child.stop()
            os.close(control)
            os.close(lifeline)


def _watched(post: SensorPost, seconds: float) -> SensorCost | str:
    began = time.monotonic()
    pid = post.child.start(began)
    assert post.handshake is not None
    while not post.handshake.advance():
        left = began + PATIENCE_SECONDS - time.monotonic()
        if not post.awaited or left <= 0:
            return "the analyser did not become ready; `clairvoie node` says why on this machine"
        select.select(post.awaited, [], [], left)
    ready = time.monotonic() - began
    post.begin(int(time.time()) + 1)
    _drain(post, SETTLE_SECONDS + 1)
    before, wall = _cpu_seconds(pid), time.monotonic()
    _drain(post, seconds)
    spent, wall = _cpu_seconds(pid) - before, time.monotonic() - wall
    resident, proportional = _memory(pid)
    return SensorCost(
        seconds=wall,
        cpu_seconds_a_second=spent / wall,
        resident_mib=resident,
        proportional_mib=proportional,
        locks=[lock.name or "" for lock in post.handshake.confinement.locks],
        ready_seconds=ready,
    )


def _drain(post: SensorPost, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        select.select([post.claims], [], [], left)
        read_packets(post.claims, 100, CLAIM_BYTES)


def _cpu_seconds(pid: int) -> float:
    """User and system time of the process (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> tuple[float, float | None]:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE") / _KIBIBYTES**2
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except PermissionError:  # an analyser is not dumpable, so that only root may look
        return resident, None
    [pss] = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return resident, pss / _KIBIBYTES


def _write(path: Path, bank: NDArray[np.float32], rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(bank.reshape(-1), -1, 1) * 32_767).astype("<i2").tobytes())
