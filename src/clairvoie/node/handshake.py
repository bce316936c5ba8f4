"""How the launcher follows a process into its locks: it is looked at from outside, twice, before it hears anything.

The process says ``CLOSED`` when it has closed all descriptors that it does not need; the launcher looks which it still
holds and answers ``SEAL``. The process locks itself and says ``READY``; the launcher looks what holds. What it cannot
see, it applied itself before the process's program began.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from clairvoie.boundary.confinement import Confinement, Lock
from clairvoie.egress.observed import descriptors_of, locks_of, strangers
from clairvoie.egress.pipe import read_packets, write_packet
from clairvoie.node.orders import CLOSED, READY, SEAL

NONE = Confinement(locks=Lock(0))
SEEN = Lock.SECCOMP | Lock.NO_NEW_PRIVILEGES | Lock.NOT_DUMPABLE | Lock.NO_CORE | Lock.NO_SWAP
"""Locks that show from outside. The others hold because the launcher applied them, or looked at the descriptors."""


def name_of(descriptor: int) -> str:
    """What the kernel calls one of our own descriptors; both ends of a pipe have one name."""
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


class Handshake:
    """One life of process ``pid``. ``reading``: what it says, ``writing``: what it is told, ``applied``: what the
    launcher locked before its program began, ``given``: the names of what it may hold open."""

    def __init__(self, pid: int, reading: int, writing: int, applied: Lock, given: Sequence[str]) -> None:
        self.is_ready = False
        self.confinement = NONE
        self.strangers: list[str] = []
        """Descriptors that it held and should not have."""
        self._pid = pid
        self._reading = reading
        self._writing = writing
        self._is_ours = applied != Lock(0)  # a stand-in for tests is not locked, and nothing is claimed of it
        self._locks = applied & ~SEEN
        self._given = tuple(given)

    @property
    def awaited(self) -> list[int]:
        """The descriptor on which it will speak, as long as it may."""
        return [self._reading] if self._reading >= 0 and not self.is_ready else []

    def advance(self) -> bool:
        """Hear what it has said; whether it has just become ready."""
        if not self.awaited:
            return False
        packets, ended = read_packets(self._reading, 2, 1)
        for packet in packets:
            if packet == CLOSED:
                self._look_at_descriptors()
                self.tell(SEAL)
            elif packet == READY:
                if self._is_ours:
                    self.confinement = Confinement(locks=self._locks | locks_of(self._pid) & SEEN)
                self.is_ready = True
        if ended:
            self._close_reading()
        return self.is_ready

    def tell(self, packet: bytes) -> None:
        """Give it a packet; if it has just ended, nobody is told."""
        with contextlib.suppress(BrokenPipeError):
            write_packet(self._writing, packet)

    def close(self) -> None:
        """Forget its pipes."""
        self._close_reading()
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    def _look_at_descriptors(self) -> None:
        held = descriptors_of(self._pid)
        if held is None:
            return
        self.strangers = strangers(held, self._given)
        if not self.strangers and self._is_ours:
            self._locks |= Lock.DESCRIPTORS_CLOSED

    def _close_reading(self) -> None:
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1
