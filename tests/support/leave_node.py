"""Runs a node whose gate and uplink are stand-ins, so that a test can give leave and take it.

``leave_node.py [real] CONFIG``: with ``real``, analysers are the real ones, locked; else the scripted one. The gate
says on ``ready`` whatever lines a test writes into the FIFO ``leave`` in the node's state, and writes into ``claims``
there how many claims have come.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import clairvoie.node.launcher
from clairvoie.config import NodeSettings, read_settings
from clairvoie.log import set_up_log
from clairvoie.node.launcher import Node
from clairvoie.node.post import ANALYSER

GATE = """
import os, select, sys
from pathlib import Path
from clairvoie.egress.pipe import read_packets
from clairvoie.node.lifeline import tie_to_parent
from clairvoie.node.orders import GateOrders, read_orders
orders = read_orders(GateOrders)
tie_to_parent(orders.parent)
state = Path(orders.outbox).parent
leave = os.open(state / "leave", os.O_RDWR | os.O_NONBLOCK)
os.write(orders.ready, b"gate 00\\n")
count = 0
known = {s.id: [s.simulated, s.confinement, len(s.model), len(s.software)] for s in orders.sensors}
(state / "told").write_text(__import__("json").dumps(known))
while True:
    pipes = [s.claims for s in orders.sensors]
    ready, _, _ = select.select([leave, orders.control, *pipes], [], [], 0.2)
    if orders.control in ready:
        break
    if leave in ready:
        os.write(orders.ready, os.read(leave, 1000))
    for pipe in pipes:
        count += len(read_packets(pipe, 1000, 512)[0])
    (state / "claims.new").write_text(str(count))
    os.rename(state / "claims.new", state / "claims")
    select.select([], [], [], 0.05)
"""
UPLINK = """
import os, select
from clairvoie.node.lifeline import tie_to_parent
from clairvoie.node.orders import UplinkOrders, read_orders
orders = read_orders(UplinkOrders)
tie_to_parent(orders.parent)
os.write(orders.ready, b"uplink\\nleave on\\n")  # it lies: only the gate is believed
select.select([orders.control], [], [])
"""


def announce(fact: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    config = Path(sys.argv[-1]).resolve()
    scripted = (sys.executable, str(Path(__file__).with_name("scripted_analyser.py")))
    clairvoie.node.launcher.GATE = (sys.executable, "-P", "-c", GATE)  # type: ignore[assignment]
    clairvoie.node.launcher.UPLINK = (sys.executable, "-P", "-c", UPLINK)  # type: ignore[assignment]
    clairvoie.node.launcher.LEAVE_SECONDS = 0.5
    set_up_log()
    settings = read_settings(config, NodeSettings)
    Node(settings, config.parent, announce, analyser=ANALYSER if "real" in sys.argv else scripted).run()
