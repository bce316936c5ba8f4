"""``clairvoie inspect NODE``: is what lies on a node's disk what was published, authorised and recorded?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.boundary.charter import Charter
    from clairvoie.config import NodeSettings
    from clairvoie.oversight.inspection import DiskFacts, Inspection, Trusted
    from clairvoie.oversight.ledger_check import LedgerCheck
    from clairvoie.oversight.published import Log


Settings = Annotated[
    Path,
    typer.Argument(
        help="The node's settings as they lie on its disk.", show_default=False, exists=True, dir_okay=False
    ),
]
SitePackages = Annotated[
    Path,
    typer.Option(
        help="The folder on that disk in which Clairvoie is installed.",
        show_default=False,
        exists=True,
        file_okay=False,
    ),
]
Root = Annotated[
    Path,
    typer.Option(
        help="Where the disk is mounted: absolute paths in the settings are looked for below it.",
        exists=True,
        file_okay=False,
    ),
]
CharterFile = Annotated[
    Path | None, typer.Option(help="The charter, as you have it from the register.", exists=True, dir_okay=False)
]
Wheel = Annotated[
    Path | None,
    typer.Option(help="A wheel that you trust, for instance built by `make wheel`.", exists=True, dir_okay=False),
]
Act = Annotated[
    Path | None,
    typer.Option(
        help="The signed act in force: which recognisers may run. Goes with --charter.", exists=True, dir_okay=False
    ),
]


def inspect(
    node: Settings,
    site_packages: SitePackages,
    charter: CharterFile = None,
    root: Root = Path("/"),
    wheel: Wheel = None,
    ledger: Annotated[
        str | None, typer.Option(help="The published ledger, a folder or an address. Goes with --charter.")
    ] = None,
    authorisation: Act = None,
    report: Annotated[Path | None, typer.Option(help="Write the report there: `clairvoie sensor inspected`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report, one JSON object.")] = False,
) -> None:
    """Compare a node's disk with a wheel, a charter, an act and the ledger. Exit status 1 when something differs.

    Put the node's disk into another machine and start this program there: a node that lies would lie about itself too.

        clairvoie inspect /mnt/etc/clairvoie/node.toml --root /mnt --site-packages /mnt/opt/…/site-packages
        --charter charter.json --ledger https://hub.example.org/ledger --wheel clairvoie-….whl --report report.json

    It says nothing of what runs in memory, of the hardware, of the operating system, or of yesterday.
    """
    from clairvoie.oversight.inspection import encode_inspection

    if charter is None and (ledger is not None or authorisation is not None):
        raise typer.BadParameter("--ledger and --authorisation need --charter, which says whose signatures count")
    disk = disk_facts(node, root, site_packages)
    trusted = _trusted(wheel, charter, authorisation)
    inspection = _inspected(disk, trusted, () if ledger is None or charter is None else _verified(ledger, charter))
    if report is not None:
        report.write_bytes(encode_inspection(inspection))
    if as_json:
        typer.echo(encode_inspection(inspection), nl=False)
    else:
        _print(inspection, site_packages)
    if inspection.findings:
        raise typer.Exit(1)


def _trusted(wheel: Path | None, charter: Path | None, authorisation: Path | None) -> Trusted:
    from clairvoie.boundary.charter import charter_digest
    from clairvoie.oversight.inspection import Trusted, wheel_software_digest

    return Trusted(
        wheel="" if wheel is None else wheel_software_digest(wheel),
        charter="" if charter is None else charter_digest(charter.read_bytes()),
        models=() if authorisation is None or charter is None else _models(authorisation, charter),
    )


def _inspected(disk: DiskFacts, trusted: Trusted, logs: tuple[Log, ...]) -> Inspection:
    import time

    from clairvoie.oversight.inspection import Finding, Inspection, compare
    from clairvoie.oversight.published import not_continued, recorded_facts
    from clairvoie.software import software_digest

    now = time.time()
    recorded = recorded_facts(logs, disk.node, now) if logs else None
    kept = None if disk.check is None else disk.check.kept.log
    apart = not_continued(logs, kept.head) if logs and kept is not None else None
    shown = [] if apart is None else [Finding("the node was shown another ledger than is published", apart, "one")]
    return Inspection(
        at=now,
        inspector=software_digest(),
        disk=disk,
        trusted=trusted,
        recorded=recorded,
        ledger=tuple(log.report.text for log in logs),
        findings=(*compare(disk, trusted, recorded), *shown),
    )


def disk_facts(node: Path, root: Path, site_packages: Path) -> DiskFacts:
    """What lies on a disk that is mounted at ``root``. Reads only; above all, it makes no key."""
    from clairvoie.config import NodeSettings, read_settings
    from clairvoie.egress.key import node_key, public_digits
    from clairvoie.errors import OversightError
    from clairvoie.oversight.inspection import DiskFacts, altered_files
    from clairvoie.software import PACKAGE, WEIGHTS, model_digest, software_digest

    settings = read_settings(node, NodeSettings)
    package = site_packages / PACKAGE.name
    if not package.is_dir():
        raise OversightError(
            f"{PACKAGE.name} is not installed in that folder", str(site_packages), "Name the node's site-packages."
        )
    weights = package / WEIGHTS.relative_to(PACKAGE)
    key = _on_disk(settings.key, node, root)
    check, unreadable = _check_on_disk(_on_disk(settings.state, node, root))
    return DiskFacts(
        node=settings.node,
        deployment=settings.deployment,
        public_key=public_digits(node_key(key)) if key.exists() else "",
        charter=_charter_on_disk(settings, node, root),
        software=software_digest(package),
        model=model_digest(weights) if weights.is_file() else "",
        sensors=tuple(sensor.id for sensor in settings.sensors),
        live=tuple(sensor.id for sensor in settings.sensors if not sensor.simulated),
        altered=tuple(altered_files(site_packages)),
        check=check,
        unreadable=unreadable,
    )


def _check_on_disk(state: Path) -> tuple[LedgerCheck | None, tuple[str, ...]]:
    """What the node's uplink found of the hub's ledger, or the name of its file if that cannot be read."""
    from clairvoie.errors import MalformedMessage
    from clairvoie.oversight.ledger_check import FILE_NAME, decode_check

    file = state / FILE_NAME
    try:
        return (decode_check(file.read_bytes()) if file.is_file() else None), ()
    except MalformedMessage:
        return None, (FILE_NAME,)


def _on_disk(path: str, node: Path, root: Path) -> Path:
    """Where a path in the settings lies while the disk is mounted at ``root``."""
    return root / path.lstrip("/") if Path(path).is_absolute() else node.resolve().parent / path


def _charter_on_disk(settings: NodeSettings, node: Path, root: Path) -> str:
    from clairvoie.boundary.charter import charter_digest

    path = None if settings.charter is None else _on_disk(settings.charter, node, root)
    return "" if path is None or not path.is_file() else charter_digest(path.read_bytes())


def _verified(ledger: str, charter: Path) -> tuple[Log, ...]:
    from clairvoie.cli.ledger import Keys
    from clairvoie.oversight.published import verified_logs

    return verified_logs(ledger, Keys(None, charter, None).trust)


def _models(authorisation: Path, charter: Path) -> tuple[str, ...]:
    """The recognisers that a signed act names; enough of the charter's roles must have signed it."""
    from clairvoie.boundary.authorisation import decode_authorisation
    from clairvoie.boundary.charter import decode_charter
    from clairvoie.boundary.document import AUTHORISATION_TYPE, decode_document
    from clairvoie.errors import OversightError

    trusted: Charter = decode_charter(charter.read_bytes())
    document = decode_document(authorisation.read_bytes())
    signed = trusted.roles_that_signed(document)
    if document.payload_type != AUTHORISATION_TYPE or len(signed) < trusted.threshold:
        raise OversightError(
            f"this is no act that {trusted.threshold} of the charter's roles signed",
            str(authorisation),
            "Give another.",
        )
    return decode_authorisation(document.body).models


def _print(inspection: Inspection, site_packages: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from clairvoie.software import PACKAGE

    disk, trusted = inspection.disk, inspection.trusted
    console = Console()
    table = Table(title=f"{disk.node}, of {disk.deployment}", title_justify="left", show_header=False)
    compared = [
        ("software", disk.software, "the wheel" if trusted.wheel else ""),
        ("recogniser", disk.model, "the act" if trusted.models else ""),
        ("charter", disk.charter, "yours" if trusted.charter else ""),
        ("key", disk.public_key, ""),
    ]
    for name, digest, with_what in compared:
        others = ([with_what] if with_what else []) + (
            ["the ledger"] if inspection.ledger and name != "charter" else []
        )
        table.add_row(name, digest or "none", "compared with " + " and ".join(others) if others else "not compared")
    console.print(table)
    if disk.check is not None:
        console.print(f"Of its hub's ledger the node's uplink says: {_in_short(disk.check)}", highlight=False)
    if site_packages.resolve() == PACKAGE.parent:
        console.print("This program inspects itself here: what it says is worth no more than what it is.")
    for finding in inspection.findings:
        found = f"[bold]Found[/bold]: {finding.what}: {finding.found}, should be {finding.expected}"
        console.print(found, highlight=False)
    if not inspection.findings:
        console.print("Nothing differs from what it was compared with.")


def _in_short(check: LedgerCheck) -> str:
    from clairvoie.oversight.inspection import shown_time

    if check.proved is None:
        said = "no record was proved yet"
    else:
        last = check.proved
        said = f"{last.sensor} {last.sequence} was in a log of {last.size} entries at {shown_time(last.at)}"
    if check.began is not None:
        said += f"; a new epoch at {shown_time(check.began[0])}, because {check.began[1] or 'nothing was said'}"
    if check.unanswered is not None:
        said += f"; no answer since {shown_time(check.unanswered)}"
    return said + "."
