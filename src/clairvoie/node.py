"""The launcher of a node: starts an analyser for each sensor, one gate and one uplink, and keeps them running.

What this process may touch: the settings file, descriptors of its children's pipes (it reads none of them but those on
which they say that they are ready), and processes. It sees no sound, no claim and no key, and has no network.

A node is ready when its gate, its uplink and all of its analysers are. Analysers whose settings name no start load
everything and then wait: the launcher gives them all one start, a whole second soon after the last of them is ready, so
that no sound is lost to a slow machine. Nobody waits for an analyser that has ended, nor for any longer than
:data:`LOAD_SECONDS`; the ready line names those that were not ready.

The processes are joined by one-way pipes. The launcher keeps the reading end of every analyser's pipe, so that a gate
that is started again finds what was written meanwhile; it keeps no writing end, so that the gate notices at once when
an analyser is gone. A process that ends is started again, sooner or later according to how long it lived. When the
launcher ends, even by SIGKILL, all of them end (:mod:`clairvoie.lifeline`).
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from clairvoie.config import NodeSensor, NodeSettings, child_environment
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.pipe import open_pipe, open_writing_end, read_packets, write_packet
from clairvoie.errors import EgressError
from clairvoie.orders import (
    READY,
    AnalyserEnd,
    AnalyserOrders,
    GateOrders,
    GateSensor,
    UplinkOrders,
    moment,
    written,
)

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
OUTBOX_NAME = "outbox.sqlite"
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
SHORT_LIFE = 2.0
"""Seconds; who lives longer is started again without a growing delay."""
LOAD_SECONDS = 60.0
LEAD_SECONDS = 1.0
"""The common start is the first whole second at least so long after the analysers were ready."""
POLL_READY = 0.05
POLL = 5.0
PATIENCE = 5.0
"""Seconds that a process has to end after SIGTERM before it is killed."""

Announce = Callable[[dict[str, Any]], None]
ANALYSER = (sys.executable, "-m", "clairvoie.analyser")
GATE = (sys.executable, "-m", "clairvoie.gatekeeper")
UPLINK = (sys.executable, "-m", "clairvoie.courier")


class Child:
    """One process that is kept running. ``start`` starts it and returns it."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self.done = False
        self._start = start
        self._began = 0.0
        self._short_lives = 0

    def start(self, now: float) -> int:
        """Start it; its process identifier."""
        self.process = self._start()
        self._began = now
        return self.process.pid

    def ended(self, now: float) -> int | None:
        """The exit status if it has ended since last asked; from then on it is due to be started again."""
        if self.process is None or (status := self.process.poll()) is None:
            return None
        self.process = None
        self._short_lives = self._short_lives + 1 if now - self._began < SHORT_LIFE else 0
        self.due = now + min(LONGEST_DELAY, FIRST_DELAY * 2**self._short_lives)
        return status

    def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Node:
    """The processes of one node. ``base`` is the folder that paths in the settings are relative to."""

    def __init__(
        self,
        settings: NodeSettings,
        base: Path,
        announce: Announce,
        *,
        analyser: Sequence[str] = ANALYSER,
        load_seconds: float = LOAD_SECONDS,
    ) -> None:
        self._settings = settings
        self._base = base
        self._announce = announce
        self._analyser = analyser
        self._log = structlog.get_logger(process="launcher", node=settings.node)
        self._state = base / settings.state
        Outbox(self._outbox, megabytes=settings.outbox_megabytes).close()  # made before two processes open it at once
        self._control, self._lifeline = os.pipe2(os.O_CLOEXEC)
        self._ready, self._ready_writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._live, self._live_writing = open_pipe()
        self._claims = {sensor.id: self._claims_pipe() for sensor in settings.sensors}
        self._loaded = {sensor.id: open_pipe() for sensor in settings.sensors}
        self._begin = {sensor.id: open_pipe() for sensor in settings.sensors}
        self._start: int | None = None
        self._waiting = {sensor.id for sensor in settings.sensors}
        self._not_ready = set(self._waiting)
        self._load_until = time.monotonic() + load_seconds
        self._children = [
            Child("gate", self._start_gate),
            Child("uplink", self._start_uplink),
            *(Child(f"analyser {s.id}", self._analyser_starter(s)) for s in settings.sensors),
        ]
        self._answers = b""
        self._announced = False

    @property
    def _outbox(self) -> Path:
        return self._state / OUTBOX_NAME

    def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises :class:`EgressError` when the gate cannot start at all."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            while True:
                self._start_due(time.monotonic())
                told = signal.sigtimedwait(SIGNALS, POLL if self._announced else POLL_READY)
                if told is not None and told.si_signo != signal.SIGCHLD:
                    return
                self._notice_ends(time.monotonic())
                if not self._announced:
                    self._announce_when_ready()
        finally:
            self.stop()

    def stop(self) -> None:
        """End all processes: first those that speak, last the one that carries what was said."""
        for child in reversed(self._children):
            if child.name.startswith("analyser") and child.process is not None:
                child.process.terminate()
        for child in reversed(self._children):
            if child.name != "uplink":
                child.stop()
        next(child for child in self._children if child.name == "uplink").stop()
        self._log.info("stopped")

    def _start_due(self, now: float) -> None:
        for child in self._children:
            if child.process is None and not child.done and child.due <= now:
                pid = child.start(now)
                self._log.info("started", child=child.name, pid=pid)
                if self._announced:
                    self._announce({"type": "started", "process": child.name, "pid": pid})

    def _notice_ends(self, now: float) -> None:
        for child in self._children:
            status = child.ended(now)
            if status is None:
                continue
            if child.name.startswith("analyser"):
                self._waiting.discard(child.name.removeprefix("analyser "))
                why = AnalyserEnd(status).name if status in list(AnalyserEnd) else f"signal or status {status}"
                child.done = status == AnalyserEnd.SOURCE_ENDED
                self._log.warning("analyser ended", child=child.name, why=why)
                continue
            self._log.error("process ended", child=child.name, status=status)
            if not self._announced and status > 0:
                raise EgressError(f"the {child.name} cannot start", status, "Its own line above says why.")

    def _announce_when_ready(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._answers += os.read(self._ready, 4096)
        lines = dict(line.partition(" ")[::2] for line in self._answers.decode().splitlines())
        self._note_loaded()
        late = time.monotonic() > self._load_until
        if not {"gate", "uplink"} <= lines.keys() or (self._waiting and not late):
            return
        if self._not_ready:
            remedy = "A line above says why one ended; whoever still loads joins in."
            self._log.error("analysers are not ready", sensors=sorted(self._not_ready), remedy=remedy)
        self._give_start()
        self._announced = True
        self._announce(
            {
                "type": "ready",
                "node": self._settings.node,
                "public_key": lines["gate"],
                "processes": {c.name: c.process.pid for c in self._children if c.process is not None},
                "start": self._start,
                "not_ready": sorted(self._not_ready),
            }
        )

    def _note_loaded(self) -> None:
        for sensor in sorted(self._not_ready):
            if read_packets(self._loaded[sensor][0], 1, len(READY))[0]:
                self._waiting.discard(sensor)
                self._not_ready.discard(sensor)

    def _give_start(self) -> None:
        """Choose the common start and tell every analyser; those that are started later find it in their orders."""
        self._start = math.ceil(self._settings.clock.utc(time.time() + LEAD_SECONDS))
        for _, writing in self._begin.values():
            write_packet(writing, moment(self._start))

    def _claims_pipe(self) -> int:
        """The reading end of an analyser's pipe; each analyser gets a writing end of its own."""
        reading, writing = open_pipe()
        os.close(writing)
        return reading

    def _spawn(self, command: Sequence[str], orders: Struct, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
        silent = command is self._analyser
        return subprocess.Popen(
            [*command, written(orders)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if silent else None,
            env=child_environment(),
            process_group=0,
        )

    def _start_gate(self) -> subprocess.Popen[bytes]:
        settings = self._settings
        sensors = tuple(GateSensor(id=s.id, mode=s.mode, claims=self._claims[s.id]) for s in settings.sensors)
        orders = GateOrders(
            parent=os.getpid(),
            deployment=settings.deployment,
            node=settings.node,
            epoch=settings.epoch,
            key=str(self._base / settings.key),
            outbox=str(self._outbox),
            outbox_megabytes=settings.outbox_megabytes,
            sensors=sensors,
            clock=settings.clock,
            live=self._live_writing,
            control=self._control,
            ready=self._ready_writing,
        )
        ends = [*self._claims.values(), self._live_writing, self._control, self._ready_writing]
        return self._spawn(GATE, orders, ends)

    def _start_uplink(self) -> subprocess.Popen[bytes]:
        orders = UplinkOrders(
            parent=os.getpid(),
            hub=self._settings.hub,
            node=self._settings.node,
            tls=self._settings.tls,
            outbox=str(self._outbox),
            live=self._live,
            control=self._control,
            ready=self._ready_writing,
        )
        return self._spawn(UPLINK, orders, [self._live, self._control, self._ready_writing])

    def _analyser_starter(self, sensor: NodeSensor) -> Callable[[], subprocess.Popen[bytes]]:
        source = sensor.source

        def start_analyser() -> subprocess.Popen[bytes]:
            start = self._start if source.start is None else source.start
            placed = replace(sensor, source=replace(source, file=str(self._base / source.file), start=start))
            ready, begin = self._loaded[sensor.id][1], self._begin[sensor.id][0]
            writing = open_writing_end(self._claims[sensor.id])
            try:
                orders = AnalyserOrders(
                    parent=os.getpid(),
                    sensor=placed,
                    clock=self._settings.clock,
                    claims=writing,
                    ready=ready,
                    begin=begin,
                    control=self._control,
                )
                return self._spawn(self._analyser, orders, [writing, ready, begin, self._control])
            finally:
                os.close(writing)

        return start_analyser
