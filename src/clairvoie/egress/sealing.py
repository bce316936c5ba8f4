"""The second half of the sandbox: what a process takes from itself once it has loaded and opened all it needs.

:func:`close_others` leaves the descriptors that are named and no other. :func:`seal` then keeps memory from swap, hides
the process from debuggers and core files, and binds every thread to a list of system calls. From then on an analyser
can open, start and reach nothing. Neither can be undone.

Whatever a process loads lazily it must have loaded before; for that :mod:`clairvoie.node.analyser` runs a second of
silence.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterable

from clairvoie.boundary.confinement import Lock
from clairvoie.egress import seccomp
from clairvoie.egress.seccomp import AllowList
from clairvoie.egress.syscalls import COMPUTING, KEEPING_FILES, NETWORKING
from clairvoie.errors import EgressError

ANALYSER = AllowList(COMPUTING)
MICROPHONE = AllowList(COMPUTING, alsa=True)
FETCHER = AllowList(COMPUTING | KEEPING_FILES | NETWORKING, descriptors=True, sockets=True)
GATE = AllowList(COMPUTING | KEEPING_FILES, descriptors=True)
UPLINK = AllowList(COMPUTING | KEEPING_FILES | NETWORKING, descriptors=True, sockets=True)

PR_SET_DUMPABLE = 4
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
STANDARD = (0, 1, 2)
HIGHEST = 1 << 20
FEWEST_DESCRIPTORS = 64
"""poll(2) takes no more descriptors than a process may have."""


def close_others(kept: Iterable[int]) -> None:
    """Close every descriptor but ``kept`` and the three standard ones, and let no higher one be made."""
    keep = sorted({*STANDARD, *kept})
    for below, above in zip(keep, [*keep[1:], HIGHEST], strict=True):
        os.closerange(below + 1, above)
    most = max(FEWEST_DESCRIPTORS, keep[-1] + 1)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def seal(allowed: AllowList) -> Lock:
    """Lock this process for ever; which of these locks hold. What the kernel does not grant is left out.

    A process that lacks one goes on, and its launcher decides what it may be given.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    locks = Lock(0)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0:
        locks |= Lock.NO_SWAP
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
        locks |= Lock.NOT_DUMPABLE
    try:
        seccomp.enforce(allowed)
    except EgressError:
        return locks
    return locks | Lock.SECCOMP
