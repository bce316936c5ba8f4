"""How many threads a process of ours computes with."""

from __future__ import annotations

import os


def one_thread() -> None:
    """Have numpy's linear algebra work in the thread that asks. Before numpy is loaded.

    Products of the size of a second of sound are done before a second thread has woken, which then waits in a loop: on
    two busy cores the levels of ``lab speed`` took ten times the processor time without this.
    """
    os.putenv("OPENBLAS_NUM_THREADS", "1")
