"""One process of a node that is kept running, and how a launcher waits for all of them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from clairvoie.config import child_environment
from clairvoie.egress.confining import Confining
from clairvoie.errors import EgressError
from clairvoie.node.orders import written

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
SHORT_LIFE = 2.0
"""Seconds; who lives longer is started again without a growing delay."""
PATIENCE = 5.0
"""Seconds that a process has to end after SIGTERM before it is killed."""


class Child:
    """One process that is kept running while it is ``wanted``. ``start`` starts it and returns it."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self.wanted = True
        self.done = False
        self._start = start
        self._began = 0.0
        self._short_lives = 0

    def is_due(self, now: float) -> bool:
        """Whether it is to be started."""
        return self.process is None and self.wanted and not self.done and self.due <= now

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

    def terminate(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            self.process.terminate()

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


def spawn(
    command: Sequence[str],
    orders: Struct,
    descriptors: Sequence[int],
    *,
    confining: Confining | None = None,
    silent: bool = False,
) -> subprocess.Popen[bytes]:
    """Start ``command`` with ``orders``, these descriptors and no others, inside ``confining``, which is then closed.

    Its standard input and output are the null device, and if ``silent`` its standard error too.
    """
    try:
        return subprocess.Popen(
            [*command, written(orders)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if silent else None,
            env=child_environment(),
            process_group=0,
            preexec_fn=confining,
        )
    except subprocess.SubprocessError as error:
        raise EgressError(f"a process could not be locked before it began ({error})", command[-1]) from error
    finally:
        if confining is not None:
            confining.close()


class Awaited:
    """Signals and readable descriptors, awaited together. For the main thread of a process, once."""

    def __init__(self, signals: Iterable[int]) -> None:
        self._woken, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, _noted)

    def wait(self, seconds: float, descriptors: Iterable[int]) -> set[int]:
        """Wait so long for a signal or until one of ``descriptors`` can be read; the signals that came."""
        poller = select.poll()
        for descriptor in (self._woken, *descriptors):
            poller.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll(max(0.0, seconds) * 1000)}
        return set(os.read(self._woken, 4096)) if self._woken in ready else set()


def _noted(number: int, frame: object) -> None:
    """Its number is in the pipe by now, which is all that is wanted."""
