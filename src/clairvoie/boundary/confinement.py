"""What keeps a process of a node where it belongs, lock by lock: which were applied, and which were not.

The launcher reads most of it from outside (``/proc``), so that a process is not believed about itself.
"""

from __future__ import annotations

from enum import IntFlag

from msgspec import Struct

from clairvoie.errors import InvalidValue


class Lock(IntFlag):
    """One lock on a process. The values are codes on the wire: append, never change."""

    LANDLOCK_FILES = 1
    LANDLOCK_NETWORK = 2
    LANDLOCK_SCOPE = 4
    SECCOMP = 8
    NO_NEW_PRIVILEGES = 16
    NOT_DUMPABLE = 32
    NO_CORE = 64
    NO_SWAP = 128
    RESOURCE_LIMITS = 256
    DESCRIPTORS_CLOSED = 512


ALL = Lock(1023)
REQUIRED = ALL & ~Lock.NO_SWAP & ~Lock.LANDLOCK_SCOPE & ~Lock.LANDLOCK_NETWORK
"""Without these a node opens no live microphone or camera. Memory that cannot be locked, and kernels whose Landlock
knows no network or scope (seccomp forbids sockets and signals there too), are shown, not refused."""


class Confinement(Struct, frozen=True, kw_only=True):
    """The locks that hold on the processes of one sensor."""

    locks: Lock

    @classmethod
    def of(cls, mask: int) -> Confinement:
        """From the number on the wire."""
        if type(mask) is not int or not 0 <= mask <= ALL:
            raise InvalidValue(f"a confinement is 0 to {ALL.value}", mask)
        return cls(locks=Lock(mask))

    @property
    def mask(self) -> int:
        """The number on the wire."""
        return self.locks.value

    @property
    def missing(self) -> Lock:
        """The locks that do not hold."""
        return ALL & ~self.locks

    @property
    def fit_for_live(self) -> bool:
        """Whether a live source may be opened behind them."""
        return self.locks & REQUIRED == REQUIRED
