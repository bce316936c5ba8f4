"""One sensor as the launcher knows it: its analyser, with a fetcher for a network source, its pipes and its locks.

The reading end of the claims' pipe outlives every analyser, so that a gate that is started again finds what was written
meanwhile. All other ends are made anew for each life, so that nothing meant for one analyser reaches the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from clairvoie.boundary.confinement import Confinement, Lock
from clairvoie.config import ClockSettings, NodeSensor
from clairvoie.egress.pipe import open_pipe, open_writing_end
from clairvoie.node import reach
from clairvoie.node.handshake import NONE, Handshake, name_of
from clairvoie.node.orders import AnalyserOrders, FetcherOrders, GateSensor, moment
from clairvoie.node.processes import Child, spawn

ANALYSER = (sys.executable, "-P", "-m", "clairvoie.node.analyser")
FETCHER = (sys.executable, "-P", "-m", "clairvoie.node.fetcher")
SOUND_DEVICE = "/dev/snd/"


class SensorPost:
    """The analyser of ``sensor``. ``command`` starts it; only our own program is locked, a stand-in for tests is not.

    ``expected``: the locks that held in the trial.
    """

    def __init__(
        self,
        sensor: NodeSensor,
        base: Path,
        clock: ClockSettings,
        control: int,
        *,
        command: Sequence[str] = ANALYSER,
        expected: Confinement = NONE,
    ) -> None:
        self.sensor = sensor
        self.child = Child(f"analyser {sensor.id}", self._start)
        self.claims, writing = open_pipe()
        os.close(writing)  # each analyser gets a writing end of its own, so that the gate notices when it is gone
        self.confinement = expected
        self.handshake: Handshake | None = None
        self._base = base
        self._clock = clock
        self._control = control
        self._command = command
        self._moment: int | None = None
        self._fetcher: subprocess.Popen[bytes] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether its present life can begin, or has begun."""
        return self.handshake is not None and self.handshake.is_ready

    @property
    def is_playing(self) -> bool:
        """Whether a life of it may be turning sound into claims."""
        return self.child.process is not None and (not self.sensor.simulated or self._moment is not None)

    @property
    def awaited(self) -> list[int]:
        """Where it will speak next."""
        return [] if self.handshake is None else self.handshake.awaited

    def gate_sensor(self, model: str, software: str) -> GateSensor:
        """What the gate is told of it."""
        return GateSensor(
            id=self.sensor.id,
            mode=self.sensor.mode,
            claims=self.claims,
            simulated=self.sensor.simulated,
            confinement=self.confinement.mask,
            model=model,
            software=software,
        )

    def begin(self, start: int) -> None:
        """Give this life and those after it the start: that of its settings, or ``start``, which is all others'."""
        source = self.sensor.source
        self._moment = start if source is None or source.start is None else source.start
        if self.handshake is not None and source is not None:
            self.handshake.tell(moment(self._moment))

    def withhold(self) -> None:
        """Lives that begin from now on are not given a start."""
        self._moment = None

    def end(self) -> None:
        """Ask analyser and fetcher to end."""
        self.child.terminate()
        self._end_fetcher()

    def _start(self) -> subprocess.Popen[bytes]:
        self._end_fetcher()
        if self.handshake is not None:
            self.handshake.close()
        reading, ready = open_pipe()
        begin, writing = open_pipe()
        claims = open_writing_end(self.claims)
        packets = self._start_fetcher()
        given = [claims, ready, begin, self._control, *packets]
        try:
            orders = AnalyserOrders(
                parent=os.getpid(),
                sensor=self._placed(),
                clock=self._clock,
                claims=claims,
                ready=ready,
                begin=begin,
                control=self._control,
                packets=packets[0] if packets else -1,
            )
            confining = reach.of_analyser(self.sensor, self._base) if self._command is ANALYSER else None
            process = spawn(self._command, orders, given, confining=confining, silent=True)
            applied = Lock(0) if confining is None else confining.locks
            self.handshake = Handshake(process.pid, reading, writing, applied, [*map(name_of, given), *self._held()])
            return process
        finally:
            for end in (claims, ready, begin, *packets):
                os.close(end)

    def _held(self) -> list[str]:
        """What it opens itself, as the kernel names it."""
        if self.sensor.source is not None:
            return [str((self._base / self.sensor.source.file).resolve())]
        return [SOUND_DEVICE] if self.sensor.microphone is not None else []

    def _start_fetcher(self) -> list[int]:
        """Start the fetcher of a network source; the reading end of its pipe, for the analyser."""
        if self.sensor.stream is None:
            return []
        reading, writing = os.pipe2(os.O_CLOEXEC)
        orders = FetcherOrders(
            parent=os.getpid(), url=self.sensor.stream.url, packets=writing, control=self._control
        )  # fmt: skip
        confining = reach.of_fetcher(self.sensor.stream.url)
        self._fetcher = spawn(FETCHER, orders, [writing, self._control], confining=confining, silent=True)
        os.close(writing)
        return [reading]

    def _end_fetcher(self) -> None:
        if self._fetcher is not None:
            self._fetcher.kill()
            self._fetcher.wait()
            self._fetcher = None

    def _placed(self) -> NodeSensor:
        """The sensor with its file where it is and its start, if it may have one yet."""
        source = self.sensor.source
        if source is None:
            return self.sensor
        return replace(self.sensor, source=replace(source, file=str(self._base / source.file), start=self._moment))
