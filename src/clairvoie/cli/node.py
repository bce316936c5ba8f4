"""``clairvoie node CONFIG``: run a node until it is told to stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def node(
    config: Annotated[Path, typer.Argument(help="The node's settings, a TOML file.")],
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print the node's public key, made on first use, and exit.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Print what waits for the hub as JSON, and exit.")] = False,
    send_again: Annotated[
        bool, typer.Option("--send-again", help="Put what the hub refused back into the queue, and exit.")
    ] = False,
) -> None:
    """Run a node: an analyser for each sensor, one gate, one uplink. Files and simulated sources only.

    On standard output: one line of JSON when gate, uplink and analysers are ready (after a minute at the latest; it
    then names the sensors that are not), and one for each process that is started again.
    """
    import msgspec

    from clairvoie.config import NodeSettings, read_settings
    from clairvoie.egress.key import node_key, public_digits
    from clairvoie.egress.outbox import Outbox
    from clairvoie.log import set_up_log
    from clairvoie.node.launcher import OUTBOX_NAME, Node

    settings = read_settings(config, NodeSettings)
    base = config.resolve().parent
    outbox = base / settings.state / OUTBOX_NAME
    if public_key:
        print(public_digits(node_key(base / settings.key)))
    elif status:
        print(msgspec.json.encode(Outbox(outbox).status()).decode())
    elif send_again:
        print(f"{Outbox(outbox).send_again()} records will be sent again")
    else:
        set_up_log()
        Node(settings, base, lambda fact: print(json.dumps(fact), flush=True)).run()
