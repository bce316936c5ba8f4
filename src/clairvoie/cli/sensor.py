"""``clairvoie sensor``: the life of sensors and of the nodes that speak for them, one signed act after another."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clairvoie.cli.sensor_tables import show_life, show_lives, show_mistakes, show_plan

if TYPE_CHECKING:
    from clairvoie.boundary.life import LifeAct
    from clairvoie.cli.sensor_office import Office

COLUMNS = """Columns of the list (any order; commas, or semicolons with decimal commas):

sensor, node, kind (microphone or camera), latitude, longitude (WGS 84), and if you like height (metres above ground,
4 without), place (words), hardware, calibration (dB SPL of a full-scale sine), calibrated (its date, 2026-11-22).

    sensor,node,kind,latitude,longitude,height,place,hardware,calibration,calibrated

    mic-12,lamp-12,microphone,48.8566,2.3522,4.5,"Place du Marché, lamp 12",MEMS v2,120,2026-11-02
"""

HELP = """A sensor's life: enrolled, installed, commissioned, active, moved, replaced, retired. Each step is an act that
a technician of the charter signs, and an entry of the public ledger.

From a new node to a sensor that reports:

    clairvoie sensor request node.toml request.json              on the node: its keys are born there

    clairvoie sensor enrol *.json --csv list.csv --key me.pem    at the hub: fifty at once, or none

    clairvoie sensor accept node.toml FOLDER                     on the node: what came back

    clairvoie sensor install mic-12 --photograph sign.jpg --key me.pem

    clairvoie sensor state mic-12 commissioned --key me.pem

    clairvoie sensor state mic-12 active --key me.pem

A hub that runs takes each act within a second; nothing has to be restarted.
"""

sensor = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")

Hub = Annotated[Path, typer.Option("--hub", help="The hub's settings; its folders `lives` and `keys` are used.")]
Key = Annotated[Path, typer.Option("--key", help="The technician's private key (Ed25519, PEM).", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words; they are published.")]
Bundles = Annotated[Path, typer.Option("--bundles", help="Where the folders for the nodes are written.")]
HUB = Path("hub.toml")
BUNDLES = Path("bundles")


def _office(hub: Path) -> Office:
    from clairvoie.cli.sensor_office import Office

    return Office.of(hub)


def _sign(office: Office, acts: list[LifeAct], key: Path) -> None:
    from clairvoie.hub.technician import technician_key

    documents = office.technician.sign(acts, technician_key(key))
    office.technician.write(documents)
    typer.echo(f"{len(documents)} signed; the hub takes them from {office.technician.folder}")


@sensor.command()
def request(
    config: Annotated[Path, typer.Argument(help="The node's settings, with its [tls] table.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="Where to write the request.", show_default=False)],
) -> None:
    """On a node: make its keys, if it has none, and write a request to be enrolled.

    The request holds public keys only, so it may go by any way. Without a [tls] table the node can only speak to a hub
    on its own machine, and needs no request.
    """
    from clairvoie.cli.sensor_office import write_request

    write_request(config, file)
    typer.echo(f"written: {file}. Give it to a technician, and compare the key with them: {_key_of(file)}")


def _key_of(file: Path) -> str:
    from clairvoie.boundary.document import decode_document
    from clairvoie.boundary.life import requested

    return requested(decode_document(file.read_bytes())).public_key


@sensor.command()
def accept(
    config: Annotated[Path, typer.Argument(help="The node's settings.", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="The folder that came back.", show_default=False)],
) -> None:
    """On a node: check what the technician sent back and put it where the settings say.

    The charter is the node's root of trust: compare its digest with the one on the register before you go on.
    """
    from clairvoie.cli.sensor_office import accept_bundle

    digest = accept_bundle(config, folder)
    typer.echo(f"The node can speak to the hub. Its charter has the digest {digest}")


@sensor.command(epilog=COLUMNS)
def enrol(
    requests: Annotated[list[Path], typer.Argument(help="The nodes' requests.", show_default=False)],
    csv: Annotated[Path, typer.Option("--csv", help="The list of sensors; its columns stand below.")],
    key: Key,
    hub: Hub = HUB,
    bundles: Bundles = BUNDLES,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and show it; write nothing.")] = False,
) -> None:
    """Enrol nodes and sensors, as many as the list has. Everything is checked first: all of them or none.

    For each node a folder comes out, with its certificate, the hub's authority and the charter; bring it to the node
    (`clairvoie sensor accept`). The sensors are then planned; `install` and `state` lead them on.
    """
    from clairvoie.cli.sensor_office import ListRefused
    from clairvoie.hub.technician import technician_key

    office = _office(hub)
    now = time.time()
    try:
        plan = office.plan(requests, csv, now)
    except ListRefused as refused:
        show_mistakes(csv, refused.mistakes)
        raise
    show_plan(plan)
    if dry_run:
        typer.echo("Nothing was written: --dry-run.")
        return
    office.enrol(plan, technician_key(key), bundles, now)
    typer.echo(f"{len(plan.requests)} nodes and {len(plan.listed)} sensors enrolled; folders for the nodes: {bundles}")


@sensor.command()
def install(
    name: Annotated[str, typer.Argument(metavar="ID", help="The sensor.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
    photograph: Annotated[
        Path | None, typer.Option(help="A photograph of its street sign (JPEG or PNG), nobody on it.")
    ] = None,
    latitude: Annotated[float | None, typer.Option(help="Where it really is, if not as planned.")] = None,
    longitude: Annotated[float | None, typer.Option()] = None,
    height: Annotated[float | None, typer.Option(help="Metres above the ground.")] = None,
    place: Annotated[str | None, typer.Option(help="The place in words.")] = None,
    hardware: Annotated[str, typer.Option(help="What hangs there: model, serial number.")] = "",
    calibration: Annotated[float | None, typer.Option(help="dB SPL of a full-scale sine.")] = None,
    calibrated: Annotated[str, typer.Option(help="When, and by whom.")] = "",
) -> None:
    """A sensor hangs at its place, with its sign. Also after it has moved: only here does a place change.

    Of the photograph only the SHA-256 is published. The file is copied as it is beside the acts, readable by its owner
    alone; it is neither served nor published, because it may show passers-by in spite of all care.
    """
    from clairvoie.boundary.life import SensorState

    office = _office(hub)
    where = office.moved_place(name, latitude=latitude, longitude=longitude, height=height, words=place)
    act = office.technician.sensor_act(
        name,
        SensorState.INSTALLED,
        time.time(),
        place=where,
        hardware=hardware,
        calibration=calibration,
        calibrated=calibrated,
        photograph="" if photograph is None else office.photograph(photograph),
    )
    _sign(office, [act], key)


@sensor.command()
def state(
    words: Annotated[list[str], typer.Argument(metavar="ID... STATE", help="Sensors, then a state.")],
    key: Key,
    hub: Hub = HUB,
    reason: Reason = "",
    hardware: Annotated[str, typer.Option(help="What hangs there now, if it is other hardware.")] = "",
    calibration: Annotated[
        float | None, typer.Option(help="dB SPL of a full-scale sine, of one sensor that is commissioned.")
    ] = None,
    calibrated: Annotated[str, typer.Option(help="When, and by whom.")] = "",
) -> None:
    """Lead sensors on to a state: commissioned, active, suspended, maintenance, moved, retired.

    Only an active sensor reports. What may follow on what: planned, installed, commissioned, active; from active to
    suspended and back, to maintenance (then commissioned again, with a new calibration if there is one), to moved (then
    installed again); from any to retired.
    """
    from clairvoie.boundary.life import SensorState
    from clairvoie.errors import HubError

    *sensors, wanted = words
    if not sensors or wanted not in list(SensorState):
        raise HubError("give sensors, then one state", wanted, f"States: {', '.join(SensorState)}.")
    if (calibration is not None or calibrated) and (wanted != SensorState.COMMISSIONED or len(sensors) != 1):
        raise HubError(
            "a calibration is given when one sensor is commissioned",
            " ".join(words),
            "Lead it to maintenance, put the calibrator on, then commission it with its calibration.",
        )
    office = _office(hub)
    now = time.time()
    told = {"hardware": hardware, "calibration": calibration, "calibrated": calibrated, "words": reason}
    acts: list[LifeAct] = [office.technician.sensor_act(s, SensorState(wanted), now, **told) for s in sensors]
    _sign(office, acts, key)


@sensor.command()
def retire(
    sensors: Annotated[list[str], typer.Argument(metavar="ID...", help="The sensors.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; they are published.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
) -> None:
    """Take sensors out of service for ever. Their names are never used again; what they reported stays."""
    from clairvoie.boundary.life import SensorState

    office = _office(hub)
    now = time.time()
    _sign(office, [office.technician.sensor_act(s, SensorState.RETIRED, now, words=reason) for s in sensors], key)


@sensor.command()
def replace(
    old: Annotated[str, typer.Argument(help="The sensor that goes.", show_default=False)],
    new: Annotated[str, typer.Argument(help="The name of the one that takes its place.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
    request: Annotated[
        Path | None, typer.Option(help="Of a new node that speaks for it; without: the old one's node.")
    ] = None,
    bundles: Bundles = BUNDLES,
    reason: Reason = "replaced",
    hardware: Annotated[str, typer.Option(help="What hangs there now.")] = "",
    calibration: Annotated[float | None, typer.Option(help="dB SPL of a full-scale sine.")] = None,
) -> None:
    """Retire a sensor and plan another at the same place. It is a new sensor with a name of its own.

    The authorisation lists sensors by name, so the new one reports nothing until an authorisation lists it.
    """
    from clairvoie.hub.technician import technician_key

    office = _office(hub)
    acts = office.replacement(old, new, request, time.time(), reason, hardware=hardware, calibration=calibration)
    office.enrol(acts, technician_key(key), bundles, time.time())
    typer.echo(f"{old} is retired, {new} is planned at its place")


@sensor.command()
def rotate(
    node: Annotated[str, typer.Argument(help="The node.", show_default=False)],
    request: Annotated[Path, typer.Argument(help="Its request with the new key.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
    bundles: Bundles = BUNDLES,
    minutes: Annotated[float, typer.Option("--in", help="The new key counts in so many minutes.")] = 10.0,
) -> None:
    """Give a node its next signing key.

    On the node first: raise `epoch` in its settings by one, name another file as `key`, and write a request. Restart it
    with those settings before the time is up: what the new key signs waits until then, and what the old key signed
    before then is taken for seven days.
    """
    from clairvoie.hub.technician import technician_key

    office = _office(hub)
    now = time.time()
    plan = office.renewal(node, request, now + 60 * minutes, next_epoch=True)
    office.enrol(plan, technician_key(key), bundles, now)
    typer.echo(f"{node} has a new key from {time.strftime('%H:%M:%S UTC', time.gmtime(now + 60 * minutes))} on")


@sensor.command()
def renew(
    node: Annotated[str, typer.Argument(help="The node.", show_default=False)],
    request: Annotated[Path, typer.Argument(help="Its request, with the same signing key.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
    bundles: Bundles = BUNDLES,
) -> None:
    """Give a node its next certificate, for 398 days. The one before it opens the door for seven days more."""
    from clairvoie.hub.technician import technician_key

    office = _office(hub)
    now = time.time()
    office.enrol(office.renewal(node, request, now, next_epoch=False), technician_key(key), bundles, now)
    typer.echo(f"{node} has a new certificate: {bundles / node}")


@sensor.command()
def revoke(
    node: Annotated[str, typer.Argument(help="The node.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; they are published.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
    epoch: Annotated[int | None, typer.Option(help="Of the key; without: the newest.")] = None,
) -> None:
    """A node's key is lost or stolen: from now on nothing that it signs is taken, whatever second it claims.

    Its connections are broken off within a second. What the hub has stored stays, and stays valid.
    """
    office = _office(hub)
    _sign(office, [office.revocation(node, epoch, time.time(), reason)], key)


@sensor.command()
def inspected(
    report: Annotated[Path, typer.Argument(help="What `clairvoie inspect` wrote.", show_default=False)],
    key: Key,
    hub: Hub = HUB,
    remark: Annotated[str, typer.Option("--remark", help="Words; they are published.")] = "",
) -> None:
    """Enter in the ledger that a node's disk was inspected, and how many findings there were.

    The report's SHA-256 is published, not the report: keep it, and show it to whoever asks.
    """
    office = _office(hub)
    _sign(office, [office.inspected(report, time.time(), remark)], key)


@sensor.command("list")
def listed(
    sensors: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Show these lives whole.")] = None,
    hub: Hub = HUB,
) -> None:
    """All sensors and where they stand, or the whole life of some; and files that do not count, with why."""
    office = _office(hub)
    now = time.time()
    if sensors:
        for name in sensors:
            office.technician.last(name)
            show_life(office.technician.lives, name, now)
    else:
        show_lives(office.technician.lives.until(now), now)
    for why in office.technician.unread:
        typer.echo(f"does not count: {why}", err=True)
