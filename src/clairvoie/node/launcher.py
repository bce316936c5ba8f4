"""The launcher of a node: starts an analyser for each sensor, one gate and one uplink, and keeps them running.

What this process may touch: the settings file, descriptors of its children's pipes (it reads none of them but those on
which they say that they are ready), and processes. It sees no sound, no claim and no key, and has no network.

A node is ready when its gate, its uplink and all of its analysers are, and when its gate has said that it has leave to
release, or has not said so for :data:`LEAVE_SECONDS`. Analysers of recordings load everything and then wait for their
start: with leave, the launcher gives them all one start, a whole second soon after the last of them is ready, so that
no sound is lost to a slow machine. Nobody waits for an analyser that has ended, nor for any longer than
:data:`LOAD_SECONDS`; the ready line names those that were not ready.

A sensor without leave of its own has no analyser if its source is live, and its recording is not played, whatever its
neighbours may do. When the gate says that its leave is off, its analyser is stopped; that of a recording is started
again at once, and waits. A gate that ended leaves things as they
are for :data:`GATE_GRACE`, in which the next one asks for leave anew; nothing is released meanwhile.

The processes are joined by one-way pipes. The launcher keeps no writing end of an analyser's pipe, so that the gate
notices at once when an analyser is gone. A process that ends is started again, sooner or later according to how long it
lived. When the launcher ends, even by SIGKILL, all of them end (:mod:`clairvoie.node.lifeline`).
"""

from __future__ import annotations

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

from clairvoie.boundary.confinement import ALL, Confinement, Lock
from clairvoie.config import NodeSettings, TlsFiles
from clairvoie.egress.memory import memory_path
from clairvoie.egress.observed import locks_of
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.pipe import open_pipe
from clairvoie.errors import EgressError
from clairvoie.node import reach
from clairvoie.node.given import GivenLeave
from clairvoie.node.handshake import NONE, Handshake
from clairvoie.node.orders import AnalyserEnd, GateOrders, UplinkOrders
from clairvoie.node.post import ANALYSER, SensorPost
from clairvoie.node.processes import Awaited, Child, spawn
from clairvoie.node.trying import trial
from clairvoie.oversight.ledger_check import FILE_NAME
from clairvoie.software import model_digest, software_digest

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
OUTBOX_NAME = "outbox.sqlite"
LOAD_SECONDS = 60.0
LEAD_SECONDS = 1.0
"""The common start is the first whole second at least so long after the analysers were ready."""
LEAVE_SECONDS = 5.0
"""How long a node that is ready otherwise waits for leave before it says that it is ready without."""
GATE_GRACE = 10.0
"""Seconds for which analysers go on while a gate that ended is started again and asks for leave."""
GATE_LOCKS = Lock.SECCOMP | Lock.NO_NEW_PRIVILEGES | Lock.NOT_DUMPABLE | Lock.NO_CORE
"""What the launcher looks for on gate and uplink."""
POLL_READY = 0.05
POLL = 5.0

Announce = Callable[[dict[str, Any]], None]
GATE = (sys.executable, "-P", "-m", "clairvoie.node.gatekeeper")
UPLINK = (sys.executable, "-P", "-m", "clairvoie.node.courier")


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
        self._log = structlog.get_logger(process="launcher", node=settings.node)
        self._state = base / settings.state
        Outbox(self._outbox, megabytes=settings.outbox_megabytes).close()  # made before two processes open it at once
        self._control, self._lifeline = os.pipe2(os.O_CLOEXEC)
        # A pipe each: what the uplink says, which has a network, must not be taken for the gate's word.
        self._ready = {name: os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) for name in ("gate", "uplink")}
        self._live, self._live_writing = open_pipe()
        self._grants, self._grants_writing = open_pipe()
        expected = trial() if analyser is ANALYSER else NONE
        self._say_what_is_missing(expected)
        self._posts = [
            SensorPost(sensor, base, settings.clock, self._control, command=analyser, expected=expected)
            for sensor in settings.sensors
        ]
        self._digests = model_digest(), software_digest()
        self._children = [
            Child("gate", self._start_gate),
            Child("uplink", self._start_uplink),
            *(post.child for post in self._posts),
        ]
        self._heard = dict.fromkeys(self._ready, b"")
        self._said: dict[str, str] = {}
        self._given = GivenLeave(sensor.id for sensor in settings.sensors)
        self._leave: frozenset[str] = frozenset()
        self._start: int | None = None
        self._gave_up = set[str]()
        self._load_until = time.monotonic() + load_seconds
        self._complete_since = math.inf
        self._announced = False
        self._permit_live()

    @property
    def _outbox(self) -> Path:
        return self._state / OUTBOX_NAME

    @property
    def _charter(self) -> str | None:
        return None if self._settings.charter is None else str(self._base / self._settings.charter)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises :class:`EgressError` when the gate cannot start at all."""
        awaited = Awaited(SIGNALS)
        try:
            while True:
                self._start_due(time.monotonic())
                told = awaited.wait(self._patience(time.monotonic()), self._listened())
                if told & {signal.SIGTERM, signal.SIGINT}:
                    return
                self._notice_ends(time.monotonic())
                self._hear_answers()
                self._note_ready()
                self._given.expire(time.monotonic())
                self._follow_leave(self._given.held)
                if not self._announced:
                    self._announce_when_ready(time.monotonic())
        finally:
            self.stop()

    def stop(self) -> None:
        """End all processes: first those that speak, last the one that carries what was said."""
        self._stop_posts(self._posts)
        gate, uplink = self._children[:2]
        gate.stop()
        uplink.stop()
        self._log.info("stopped")

    def _patience(self, now: float) -> float:
        if not self._announced:
            return POLL_READY
        due = [child.due - now for child in self._children if child.process is None and child.wanted and not child.done]
        return min([POLL, *(max(0.0, wait) for wait in due)])

    def _listened(self) -> list[int]:
        return [reading for reading, _ in self._ready.values()] + [end for p in self._posts for end in p.awaited]

    def _start_due(self, now: float) -> None:
        for child in self._children:
            if child.is_due(now):
                pid = child.start(now)
                self._log.info("started", child=child.name, pid=pid)
                if self._announced:
                    self._announce({"type": "started", "process": child.name, "pid": pid})

    def _notice_ends(self, now: float) -> None:
        for post in self._posts:
            status = post.child.ended(now)
            if status is None:
                continue
            self._gave_up.add(post.sensor.id)
            why = AnalyserEnd(status).name if status in list(AnalyserEnd) else f"signal or status {status}"
            post.child.done = status == AnalyserEnd.SOURCE_ENDED and post.sensor.simulated
            self._log.warning("analyser ended", child=post.child.name, why=why)
        for child in self._children[:2]:
            status = child.ended(now)
            if status is None:
                continue
            self._log.error("process ended", child=child.name, status=status)
            if not self._announced and status > 0:
                raise EgressError(f"the {child.name} cannot start", status, "Its own line above says why.")
            if child.name == "gate":
                self._given.gate_ended(until=now + GATE_GRACE)

    def _hear_answers(self) -> None:
        """Whole lines that gate and uplink have said: ``gate DIGITS``, ``uplink``, ``leave on SENSOR``..."""
        for name, (reading, _) in self._ready.items():
            try:
                self._heard[name] += os.read(reading, 4096)
            except BlockingIOError:
                continue
            *lines, self._heard[name] = self._heard[name].split(b"\n")
            for line in lines:
                word, _, rest = line.decode(errors="replace").partition(" ")
                if word == name:
                    self._said[name] = rest
                    self._look_at(name)
                elif name == "gate" and word == "leave":
                    self._given.hear(rest)

    def _look_at(self, name: str) -> None:
        """What holds on a gate or an uplink that has just said that it is ready."""
        process = next(child.process for child in self._children if child.name == name)
        if process is not None and (missing := GATE_LOCKS & ~locks_of(process.pid)):
            self._log.warning("locks that do not hold", child=name, missing=_names(Confinement(locks=ALL & ~missing)))

    def _follow_leave(self, leave: frozenset[str]) -> None:
        """Open live sources and play recordings of the sensors in ``leave``, and stop those of all others."""
        if leave == self._leave:
            return
        lost, gained, is_news = self._leave - leave, leave - self._leave, bool(leave) != bool(self._leave)
        self._leave = leave
        self._permit_live()
        if gained and self._announced:
            self._give_start(gained)
        self._stop_without_leave([post for post in self._posts if post.sensor.id in lost])
        self._log.info("leave" if leave else "no leave: nothing is captured", sensors=sorted(leave))
        if self._announced and is_news:
            self._announce({"type": "leave", "leave": bool(leave), "start": self._start})

    def _permit_live(self) -> None:
        for post in self._posts:
            may_hear = post.sensor.id in self._leave and post.confinement.fit_for_live
            post.child.wanted = post.sensor.simulated or may_hear

    def _stop_without_leave(self, posts: Sequence[SensorPost]) -> None:
        playing = [post for post in posts if post.is_playing]
        for post in posts:
            post.withhold()
        self._stop_posts(playing)
        for post in playing:
            post.child.due = time.monotonic()

    def _stop_posts(self, posts: Sequence[SensorPost]) -> None:
        for post in posts:
            post.end()
        for post in posts:
            post.child.stop()

    def _note_ready(self) -> None:
        for post in self._posts:
            if post.handshake is not None and post.handshake.advance():
                self._compare(post, post.handshake)

    def _compare(self, post: SensorPost, handshake: Handshake) -> None:
        """What holds on an analyser that has just locked itself, beside what held in the trial."""
        if handshake.strangers:
            self._log.error("an analyser held more than it needs", child=post.child.name, held=handshake.strangers)
        if handshake.confinement == post.confinement:
            return
        post.confinement = handshake.confinement
        self._log.warning("other locks hold than in the trial", child=post.child.name, missing=_names(post.confinement))
        self._children[0].terminate()  # it is started again at once, and then says so
        if not post.sensor.simulated and not post.confinement.fit_for_live:
            self._log.error("a live source is closed", child=post.child.name)
            post.child.wanted = False
            self._stop_posts([post])

    def _say_what_is_missing(self, expected: Confinement) -> None:
        if missing := _names(expected):
            self._log.warning("locks that do not hold on this machine", missing=missing)
        live = [sensor.id for sensor in self._settings.sensors if not sensor.simulated]
        if live and not expected.fit_for_live:
            self._log.error("live sources stay closed: this machine does not lock their processes enough", sensors=live)

    def _announce_when_ready(self, now: float) -> None:
        waiting = [p for p in self._posts if p.child.wanted and not p.is_ready and p.sensor.id not in self._gave_up]
        if not self._ready.keys() <= self._said.keys() or (waiting and now <= self._load_until):
            return
        self._complete_since = min(self._complete_since, now)
        if not self._leave and now < self._complete_since + LEAVE_SECONDS:
            return
        not_ready = sorted(post.sensor.id for post in self._posts if post.child.wanted and not post.is_ready)
        if not_ready:
            remedy = "A line above says why one ended; whoever still loads joins in."
            self._log.error("analysers are not ready", sensors=not_ready, remedy=remedy)
        if self._leave:
            self._give_start(self._leave)
        self._announced = True
        self._announce(
            {
                "type": "ready",
                "node": self._settings.node,
                "public_key": self._said["gate"],
                "processes": {c.name: c.process.pid for c in self._children if c.process is not None},
                "leave": bool(self._leave),
                "start": self._start,
                "not_ready": not_ready,
                "missing": {post.sensor.id: _names(post.confinement) for post in self._posts},
            }
        )

    def _give_start(self, sensors: frozenset[str]) -> None:
        """Choose the common start, once, and tell the analysers of ``sensors``; those that begin later find it in their
        orders."""
        if self._start is None:
            self._start = math.ceil(self._settings.clock.utc(time.time() + LEAD_SECONDS))
        for post in self._posts:
            if post.sensor.id in sensors:
                post.begin(self._start)

    def _start_gate(self) -> subprocess.Popen[bytes]:
        settings = self._settings
        ready = self._ready["gate"][1]
        orders = GateOrders(
            parent=os.getpid(),
            deployment=settings.deployment,
            node=settings.node,
            epoch=settings.epoch,
            key=str(self._base / settings.key),
            memory=str(memory_path(self._state)),
            outbox=str(self._outbox),
            outbox_megabytes=settings.outbox_megabytes,
            sensors=tuple(post.gate_sensor(*self._digests) for post in self._posts),
            clock=settings.clock,
            live=self._live_writing,
            control=self._control,
            ready=ready,
            charter=self._charter,
            grants=self._grants,
        )
        ends = [*(post.claims for post in self._posts), self._live_writing, self._grants, self._control, ready]
        return spawn(GATE, orders, ends, confining=reach.of_gate(settings, self._base))

    def _tls_files(self) -> TlsFiles | None:
        tls = self._settings.tls
        if tls is None:
            return None
        files = (str(self._base / name) for name in (tls.certificate, tls.key, tls.authority))
        return TlsFiles(**dict(zip(TlsFiles.__struct_fields__, files, strict=True)))

    def _start_uplink(self) -> subprocess.Popen[bytes]:
        ready = self._ready["uplink"][1]
        orders = UplinkOrders(
            parent=os.getpid(),
            hub=self._settings.hub,
            node=self._settings.node,
            tls=self._tls_files(),
            outbox=str(self._outbox),
            live=self._live,
            control=self._control,
            ready=ready,
            grants=self._grants_writing,
            charter=self._charter,
            check=str(self._state / FILE_NAME),
        )
        ends = [self._live, self._grants_writing, self._control, ready]
        return spawn(UPLINK, orders, ends, confining=reach.of_uplink(self._settings, self._base))


def _names(confinement: Confinement) -> list[str]:
    """The locks that do not hold, by name."""
    return [lock.name.lower().replace("_", "-") for lock in confinement.missing if lock.name is not None]
