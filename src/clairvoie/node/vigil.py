"""How the gate waits, and what it tells its launcher."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Protocol


class Watched(Protocol):
    """As much of a sensor at the gate as waiting concerns: its pipe, and whether nobody writes to it any more."""

    gone: bool

    @property
    def descriptor(self) -> int: ...  # noqa: D102


class Vigil:
    """Waits for the next tick while watching the lifeline, the signals, what is granted, and whether analysers are
    still there."""

    def __init__(self, control: int, grants: int, sensors: Sequence[Watched]) -> None:
        self.ended = False
        self._sensors = {sensor.descriptor: sensor for sensor in sensors}
        self._poller = select.poll()
        self._poller.register(control, 0)
        self._control = control
        self._grants = grants
        if grants >= 0:
            self._poller.register(grants, select.POLLIN)
        self._woken, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        self._poller.register(self._woken, select.POLLIN)
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, self._end)

    def wait(self, seconds: float) -> None:
        """Wait so long, until something is granted, or until the end; an analyser that goes away meanwhile is marked
        as gone."""
        until = time.monotonic() + seconds
        granted = False
        for descriptor, sensor in self._sensors.items():
            if not sensor.gone:
                self._poller.register(descriptor, 0)
        while not (self.ended or granted) and (left := until - time.monotonic()) > 0:
            for descriptor, events in self._poller.poll(left * 1000):
                if descriptor in (self._control, self._woken):
                    self.ended = True
                elif descriptor == self._grants:
                    granted = self._note_granted(events)
                else:
                    self._sensors[descriptor].gone = True
                    self._poller.unregister(descriptor)

    def _note_granted(self, events: int) -> bool:
        if not events & select.POLLIN:  # nobody is left who could write
            self._poller.unregister(self._grants)
        return bool(events & select.POLLIN)

    def _end(self, number: int, frame: object) -> None:
        self.ended = True


class Teller:
    """Tells the launcher, on the pipe ``ready``, who this gate is and whenever a sensor's leave comes or goes."""

    def __init__(self, ready: int, digits: str) -> None:
        self._ready = ready
        self._told: dict[str, bool] = {}
        os.write(ready, f"gate {digits}\n".encode())

    def tell(self, leave: Mapping[str, bool]) -> None:
        """Say of each sensor what is new, a line each; a launcher that does not listen is told later."""
        for sensor, given in leave.items():
            if self._told.get(sensor) is not given:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._ready, f"leave {'on' if given else 'off'} {sensor}\n".encode())
                    self._told[sensor] = given
