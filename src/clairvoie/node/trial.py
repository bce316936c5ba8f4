"""The trial of a node's locks: a process that is locked as an analyser is, but has no source, and then waits.

The launcher starts it before anything else and looks at it, so that the gate can say from its first second what holds
on this machine, and so that no live source is opened where that is too little.
"""

from __future__ import annotations

import select
import sys

from clairvoie.egress import sealing
from clairvoie.egress.pipe import read_packets, write_packet
from clairvoie.errors import ClairvoieError
from clairvoie.node.lifeline import tie_to_parent
from clairvoie.node.orders import CLOSED, READY, AnalyserEnd, TrialOrders, read_orders


def main() -> AnalyserEnd:
    """Be locked, be looked at, and end with the launcher's interest."""
    try:
        orders = read_orders(TrialOrders)
        tie_to_parent(orders.parent)
        sealing.close_others((orders.ready, orders.begin, orders.control))
        write_packet(orders.ready, CLOSED)
        poller = select.poll()
        poller.register(orders.begin, select.POLLIN)
        poller.register(orders.control, 0)
        poller.poll()
        if not read_packets(orders.begin, 1, 1)[0]:
            return AnalyserEnd.LAUNCHER_GONE
        sealing.seal(sealing.ANALYSER)
        write_packet(orders.ready, READY)
        poller.poll()
    except ClairvoieError:
        return AnalyserEnd.FAULT
    return AnalyserEnd.SOURCE_ENDED


if __name__ == "__main__":
    sys.exit(main())
