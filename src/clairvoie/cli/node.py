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
    status: Annotated[
        bool,
        typer.Option(
            "--status", help="Print as JSON what waits for the hub and what was found of its ledger, and exit."
        ),
    ] = False,
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
    from clairvoie.oversight.ledger_check import FILE_NAME

    settings = read_settings(config, NodeSettings)
    base = config.resolve().parent
    outbox = base / settings.state / OUTBOX_NAME
    if public_key:
        print(public_digits(node_key(base / settings.key)))
    elif status:
        ledger = checked(outbox.with_name(FILE_NAME))
        print(msgspec.json.encode({**msgspec.to_builtins(Outbox(outbox).status()), "ledger": ledger}).decode())
    elif send_again:
        print(f"{Outbox(outbox).send_again()} records will be sent again")
    else:
        set_up_log()
        Node(settings, base, lambda fact: print(json.dumps(fact), flush=True)).run()


def checked(file: Path) -> dict[str, object] | None:
    """What the uplink has found of the hub's ledger, in short; ``None`` if it has asked for nothing yet."""
    import msgspec

    from clairvoie.oversight.ledger_check import decode_check

    if not file.is_file():
        return None
    check = decode_check(file.read_bytes())
    fields = ("proved", "witnessed", "began", "unanswered", "faults")
    return {name: msgspec.to_builtins(getattr(check, name)) for name in fields}
