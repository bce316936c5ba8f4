"""Keep this process to one core, for measurements."""

from __future__ import annotations

import os

from clairvoie.threads import one_thread


def stay_on_one_core() -> None:
    """Pin this process, and those it starts, to one core.

    Before numpy is loaded, whose linear algebra would otherwise start a thread for each core of the machine.
    """
    one_thread()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
