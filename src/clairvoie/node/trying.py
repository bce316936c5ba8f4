"""The launcher's side of the trial: start it, look at it, end it (:mod:`clairvoie.node.trial`)."""

from __future__ import annotations

import os
import select
import sys
import time

from clairvoie.boundary.confinement import Confinement
from clairvoie.egress.confining import Confining
from clairvoie.egress.pipe import open_pipe
from clairvoie.node.handshake import Handshake, name_of
from clairvoie.node.orders import TrialOrders
from clairvoie.node.processes import spawn

TRIAL = (sys.executable, "-P", "-m", "clairvoie.node.trial")
TRIAL_SECONDS = 20.0


def trial() -> Confinement:
    """The locks that hold, on this machine and for this user, on a process locked as an analyser is."""
    control, lifeline = os.pipe2(os.O_CLOEXEC)
    reading, ready = open_pipe()
    begin, writing = open_pipe()
    confining = Confining({})
    ends = [ready, begin, control]
    orders = TrialOrders(parent=os.getpid(), ready=ready, begin=begin, control=control)
    process = spawn(TRIAL, orders, ends, confining=confining, silent=True)
    handshake = Handshake(process.pid, reading, writing, confining.locks, [name_of(end) for end in ends])
    for end in ends:
        os.close(end)
    until = time.monotonic() + TRIAL_SECONDS
    try:
        while not handshake.advance() and handshake.awaited and (left := until - time.monotonic()) > 0:
            select.select(handshake.awaited, [], [], left)
    finally:
        process.kill()
        process.wait()
        handshake.close()
        os.close(lifeline)
    return handshake.confinement
