"""``clairvoie audit PCAP``: does what left a node agree with what it may send, and with the ledger?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.oversight.traffic import Audit, Identity, Peer

MOST_FINDINGS = 20
ENCRYPTED = "What is inside TLS cannot be read from outside: there only sizes, rates and addresses were checked."


def audit(
    capture: Annotated[
        Path,
        typer.Argument(
            metavar="PCAP",
            help="A pcap or pcapng file, taken at the node or on its cable.",
            show_default=False,
            exists=True,
            dir_okay=False,
        ),
    ],
    hub: Annotated[str, typer.Option(help="The hub's address and port, for instance 192.0.2.7:8751.")],
    node: Annotated[str, typer.Option(help="The node's own address in the capture.")],
    key: Annotated[str, typer.Option(help="The node's public key, 64 hexadecimal digits: checks each signature.")] = "",
    ledger: Annotated[
        str | None, typer.Option(help="The published ledger, a folder or an address: is each record sent in it?")
    ] = None,
    charter: Annotated[
        Path | None, typer.Option(help="The charter, with the ledger's key; goes with --ledger.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="What else may be spoken, as protocol/port: for instance udp/4460.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check a packet capture of a node: nothing but the hub was spoken to, nothing but our forms was said, every tick
    has one size, the bits stay under the bound, and the ledger has each record.

    Take one with, for instance, `tcpdump -i any -w node.pcap host NODE` and let it run for some minutes. Exit status 1
    when something is found that should not be.
    """
    import msgspec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from clairvoie.boundary.charter import check_key
    from clairvoie.oversight.packets import read_capture
    from clairvoie.oversight.traffic import audit as judge

    found = judge(
        read_capture(capture),
        _peer(hub),
        node=node,
        key=Ed25519PublicKey.from_public_bytes(bytes.fromhex(check_key("the node", key))) if key else None,
        ledger=None if ledger is None else _charged(ledger, charter),
        allowed=[_service(text) for text in allow or []],
    )
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        _print(found, capture)
    if found.findings:
        raise typer.Exit(1)


def _charged(ledger: str, charter: Path | None) -> dict[Identity, int]:
    from clairvoie.cli.ledger import Keys
    from clairvoie.oversight.published import millibits_in, verified_logs

    if charter is None:
        raise typer.BadParameter("--ledger needs --charter: without the ledger's key nothing in it can be believed")
    return millibits_in(verified_logs(ledger, Keys(None, charter, None).trust))


def _peer(text: str) -> Peer:
    from clairvoie.errors import OversightError
    from clairvoie.oversight.traffic import Peer

    address, _, port = text.rpartition(":")
    if not address or not port.isdecimal():
        raise OversightError("a hub is given as ADDRESS:PORT", text, "For instance --hub 192.0.2.7:8751.")
    return Peer(address.strip("[]"), int(port))


def _service(text: str) -> tuple[str, int]:
    from clairvoie.errors import OversightError

    protocol, _, port = text.partition("/")
    if protocol not in ("tcp", "udp") or not port.isdecimal():
        raise OversightError("a service is given as protocol/port", text, "For instance --allow udp/4460.")
    return protocol, int(port)


def _print(found: Audit, capture: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title=f"{capture.name}: {found.seconds:.0f} s, {found.packets} packets", show_header=False)
    rows = [
        ("Live ticks", f"{found.ticks}, of {len(found.tick_sizes)} frame sizes {list(found.tick_sizes)} bytes"),
        ("Records", _records(found)),
        ("Requests for leases", str(found.lease_requests)),
        ("Most bits beyond 8 a second", f"{found.excess_bits:.0f} (a burst of 1,024 is allowed)"),
        ("Inside TLS", f"{found.encrypted_bytes} bytes; record sizes {list(found.encrypted_sizes)}"),
        ("Holes in the capture", f"{found.lost_bytes} bytes after a hole were not read"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    if found.encrypted_bytes:
        console.print(ENCRYPTED)
    for finding in found.findings[:MOST_FINDINGS]:
        console.print(f"[bold]Found[/bold]: {finding.what} ({finding.where})", highlight=False)
    if len(found.findings) > MOST_FINDINGS:
        console.print(f"And {len(found.findings) - MOST_FINDINGS} findings more; --json has them all.")
    if not found.findings:
        console.print("Nothing was found that should not be in this capture.")


def _records(found: Audit) -> str:
    if found.records_in_ledger is None:
        return f"{found.records}; give --ledger to look each of them up"
    return f"{found.records}, of which {found.records_in_ledger} stand in the ledger with the same bits"
