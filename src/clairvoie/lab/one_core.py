"""Keep this process to one core, for measurements."""

from __future__ import annotations

import os


def stay_on_one_core() -> None:
    """Pin this process, and those it starts, to one core.

    Before numpy is loaded: its linear algebra starts as many threads as it may use cores.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
