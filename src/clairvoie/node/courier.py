"""The uplink process of a node: carries what the gate has signed to the hub, and what the hub grants to the gate.

What this process may touch: the outbox file (it reads and deletes records), the reading end of the live pipe, the
writing end of the grants, its connections to the hub with the node's TLS files, the charter (it reads the hub's key for
checkpoints), the file of what it finds of the hub's ledger, and standard error for its log. It has no signing key and
never sees sound or a claim. It is not trusted: what it holds back, alters or invents gives no leave.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx
import structlog

from clairvoie.boundary.signed import LEASE_DOMAIN, decode_envelope
from clairvoie.egress import sealing
from clairvoie.egress.grants import GrantListener, GrantPipe, LeaseCarrier
from clairvoie.egress.leaseholder import charter_in
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.pipe import MessageReader
from clairvoie.egress.uplink import LiveSender, Logger, RecordSender, hub_client
from clairvoie.errors import ClairvoieError
from clairvoie.log import set_up_log
from clairvoie.node.ledger_checker import LedgerChecker
from clairvoie.node.lifeline import tie_to_parent
from clairvoie.node.orders import UplinkOrders, read_orders
from clairvoie.oversight.continuation import LedgerTrust


async def carry(orders: UplinkOrders) -> None:
    """Carry records and live ticks until told to end."""
    log = structlog.get_logger(process="uplink", hub=orders.hub)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    outbox = Outbox(Path(orders.outbox))
    reader = MessageReader(orders.live)
    async with hub_client(orders.hub, orders.tls) as client:
        checker = checker_of(orders, client, log)
        records = RecordSender(outbox, client, log, nobody if checker is None else checker.acknowledged)
        live = LiveSender(client, log)
        pipe = GrantPipe(orders.grants, log)
        leases = LeaseCarrier(client, pipe, log)
        senders = [records.run(), live.run()]
        if checker is not None:
            senders.append(checker.run())
        if orders.grants >= 0:
            senders += [leases.run(), GrantListener(orders.node, client, pipe, log).run()]

        def take_envelopes() -> None:
            for message in reader.messages():
                carrier = leases if decode_envelope(message).domain == LEASE_DOMAIN else live
                carrier.offer(message)
            records.news.set()
            if reader.ended:
                loop.remove_reader(orders.live)
                ended.set()

        loop.add_reader(orders.live, take_envelopes)
        loop.add_reader(orders.control, ended.set)
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, ended.set)
        load_everything()
        sealing.seal(sealing.UPLINK)
        os.write(orders.ready, b"uplink\n")
        tasks = [asyncio.create_task(work) for work in (*senders, _until(ended))]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        loop.remove_reader(orders.control)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        outbox.close()
        for task in done:
            task.result()  # raises what ended a sender, which never ends by itself


def checker_of(orders: UplinkOrders, client: httpx.AsyncClient, log: Logger) -> LedgerChecker | None:
    """Who asks for delivered records in the hub's ledger; ``None`` without a charter, which names the ledger's key."""
    if orders.charter is None:
        return None
    trust = LedgerTrust.of(charter_in(Path(orders.charter)))
    return LedgerChecker(client, trust, Path(orders.check), log)


def nobody(_envelopes: Iterable[bytes]) -> None:
    """Nobody asks."""


def load_everything() -> None:
    """Load what is loaded late otherwise, when names are resolved and the first request is made, and then cannot be."""
    for name in ("anyio._backends._asyncio", "encodings.idna", "unicodedata"):
        importlib.import_module(name)
    socket.getaddrinfo("localhost", None)


async def _until(ended: asyncio.Event) -> None:
    await ended.wait()


if __name__ == "__main__":
    try:
        orders = read_orders(UplinkOrders)
        tie_to_parent(orders.parent)
        set_up_log()
        asyncio.run(carry(orders))
    except ClairvoieError as error:
        sys.stderr.write(f"clairvoie uplink: {error}\n")
        sys.exit(1)
