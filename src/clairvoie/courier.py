"""The uplink process of a node: carries what the gate has signed to the hub.

What this process may touch: the outbox file (it reads and deletes records), the reading end of the live pipe, one HTTP
connection to the hub, and standard error for its log. It has no key and never sees sound or a claim.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import structlog

from clairvoie.egress.outbox import Outbox
from clairvoie.egress.pipe import MessageReader
from clairvoie.egress.uplink import LiveSender, RecordSender, hub_client
from clairvoie.errors import ClairvoieError
from clairvoie.lifeline import tie_to_parent
from clairvoie.log import set_up_log
from clairvoie.orders import UplinkOrders, read_orders


async def carry(orders: UplinkOrders) -> None:
    """Carry records and live ticks until told to end."""
    log = structlog.get_logger(process="uplink", hub=orders.hub)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    outbox = Outbox(Path(orders.outbox))
    reader = MessageReader(orders.live)
    async with hub_client(orders.hub) as client:
        records = RecordSender(outbox, client, log)
        live = LiveSender(client, log)

        def take_ticks() -> None:
            for message in reader.messages():
                live.offer(message)
            records.news.set()
            if reader.ended:
                loop.remove_reader(orders.live)
                ended.set()

        loop.add_reader(orders.live, take_ticks)
        loop.add_reader(orders.control, ended.set)
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, ended.set)
        os.write(orders.ready, b"uplink\n")
        tasks = [asyncio.create_task(work) for work in (records.run(), live.run(), ended.wait())]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        loop.remove_reader(orders.control)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        outbox.close()
        for task in done:
            task.result()  # raises what ended a sender, which never ends by itself


if __name__ == "__main__":
    try:
        orders = read_orders(UplinkOrders)
        tie_to_parent(orders.parent)
        set_up_log()
        asyncio.run(carry(orders))
    except ClairvoieError as error:
        sys.stderr.write(f"clairvoie uplink: {error}\n")
        sys.exit(1)
