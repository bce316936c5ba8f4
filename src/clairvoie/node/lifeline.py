"""A node's processes live and die with their launcher, even when the launcher is killed with SIGKILL.

Two independent threads of life: the kernel kills a process when its parent dies (``PR_SET_PDEATHSIG``, prctl(2)), and
the control pipe, of which the launcher alone holds the writing end, ends when the launcher is gone.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal

from clairvoie.errors import EgressError

_PR_SET_PDEATHSIG = 1


def tie_to_parent(parent: int) -> None:
    """Die when process ``parent`` dies. Raises :class:`EgressError` when it has died already or the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise EgressError("this process cannot be tied to its launcher", os.strerror(ctypes.get_errno()))
    if os.getppid() != parent:
        raise EgressError("the launcher is gone", parent)
    # The launcher waits for its signals with all of them blocked, and a blocked signal stays blocked in a child.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def cut(control: int) -> bool:
    """Whether the launcher's end of the control pipe is closed."""
    poller = select.poll()
    poller.register(control, 0)
    return bool(poller.poll(0))
