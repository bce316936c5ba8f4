"""One sensor as the launcher knows it: its analyser, the pipes of the analyser's present life, and its locks.

The reading end of the claims' pipe outlives every analyser, so that a gate that is started again finds what was written
meanwhile. All other ends are made anew for each life, so that nothing meant for one analyser reaches the next.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from clairvoie.boundary.confinement import Confinement, Lock
from clairvoie.config import ClockSettings, NodeSensor
from clairvoie.egress.pipe import open_pipe, open_writing_end, read_packets, write_packet
from clairvoie.orders import READY, AnalyserOrders, GateSensor, moment
from clairvoie.processes import Child

Spawn = Callable[[Struct, Sequence[int]], "subprocess.Popen[bytes]"]
NONE = Confinement(locks=Lock(0))


class SensorPost:
    """The analyser of ``sensor``. ``spawn`` starts one with orders and the descriptors that it inherits."""

    def __init__(self, sensor: NodeSensor, base: Path, clock: ClockSettings, control: int, spawn: Spawn) -> None:
        self.sensor = sensor
        self.child = Child(f"analyser {sensor.id}", self._start)
        self.claims, writing = open_pipe()
        os.close(writing)  # each analyser gets a writing end of its own, so that the gate notices when it is gone
        self.confinement = NONE
        self.loaded = -1
        """The reading end on which this life says that it is ready; -1 once it has, or when there is no life."""
        self.is_ready = False
        self._base = base
        self._clock = clock
        self._control = control
        self._spawn = spawn
        self._begin = -1
        self._moment: int | None = None

    @property
    def is_playing(self) -> bool:
        """Whether a life of it may be turning sound into claims."""
        return self.child.process is not None and (not self.sensor.simulated or self._moment is not None)

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
        if self._begin >= 0:
            with contextlib.suppress(BrokenPipeError):  # it has just ended; the next one finds the start in its orders
                write_packet(self._begin, moment(self._moment))

    def withhold(self) -> None:
        """Lives that begin from now on are not given a start."""
        self._moment = None

    def note_ready(self) -> bool:
        """Whether this life has said since last asked that it can begin."""
        if self.loaded < 0:
            return False
        packets, ended = read_packets(self.loaded, 1, len(READY))
        if packets or ended:
            os.close(self.loaded)
            self.loaded = -1
        self.is_ready = self.is_ready or bool(packets)
        return bool(packets)

    def _start(self) -> subprocess.Popen[bytes]:
        self._close_last_life()
        self.loaded, loaded = open_pipe()
        begin, self._begin = open_pipe()
        writing = open_writing_end(self.claims)
        try:
            orders = AnalyserOrders(
                parent=os.getpid(),
                sensor=self._placed(),
                clock=self._clock,
                claims=writing,
                ready=loaded,
                begin=begin,
                control=self._control,
            )
            return self._spawn(orders, [writing, loaded, begin, self._control])
        finally:
            for end in (writing, loaded, begin):
                os.close(end)

    def _placed(self) -> NodeSensor:
        """The sensor with its file where it is and its start, if it may have one yet."""
        source = self.sensor.source
        if source is None:
            return self.sensor
        return replace(self.sensor, source=replace(source, file=str(self._base / source.file), start=self._moment))

    def _close_last_life(self) -> None:
        self.is_ready = False
        for end in (self.loaded, self._begin):
            if end >= 0:
                os.close(end)
        self.loaded = self._begin = -1
