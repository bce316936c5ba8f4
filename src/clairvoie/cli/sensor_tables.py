"""What ``clairvoie sensor`` shows as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clairvoie.cli.sensor_office import Plan
    from clairvoie.hub.enrolment_list import Mistake
    from clairvoie.hub.lives import Lives


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def show_mistakes(file: Path, mistakes: Sequence[Mistake]) -> None:
    """Every mistake of a list, on standard error."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{file.name}: mistakes", title_justify="left")
    table.add_column("line", justify="right")
    table.add_column("column")
    table.add_column("what", overflow="fold")
    for mistake in mistakes:
        table.add_row(str(mistake.line) if mistake.line else "", mistake.column, mistake.what)
    Console(stderr=True).print(table)


def show_plan(plan: Plan) -> None:
    """What is about to be signed."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="To be enrolled", title_justify="left")
    for heading in ("sensor", "kind", "node", "node's key", "place", "hardware", "calibration"):
        table.add_column(heading, overflow="fold")
    keys = {request.node: request.public_key for request in plan.requests}
    for listed in plan.listed:
        place = listed.place
        table.add_row(
            listed.sensor,
            listed.kind.value,
            listed.node,
            f"{keys[listed.node][:16]}…" if listed.node in keys else "enrolled already",
            f"{place.latitude:.5f}, {place.longitude:.5f}, {place.height:g} m {place.words}".strip(),
            listed.hardware,
            "" if listed.calibration is None else f"{listed.calibration:g} dB {listed.calibrated}".strip(),
        )
    Console().print(table)


def show_lives(lives: Lives, now: float) -> None:
    """Where every sensor and every node stands."""
    from rich.console import Console
    from rich.table import Table

    from clairvoie.boundary.life import SPEAKING

    book = lives.book()
    table = Table(title=f"Sensors: {len(book.sensors)}", title_justify="left")
    for heading in ("sensor", "state", "since (UTC)", "node", "kind", "place"):
        table.add_column(heading, overflow="fold")
    for name, life in sorted(book.sensors.items()):
        style = "bold" if life.state in SPEAKING else "dim"
        place = life.sensor.place.words or f"{life.sensor.place.latitude:.5f}, {life.sensor.place.longitude:.5f}"
        row = (name, life.state.value, _moment(life.last.at), life.sensor.node, life.sensor.kind.value, place)
        table.add_row(*row, style=style)
    nodes = Table(title=f"Nodes: {len(book.newest)}", title_justify="left")
    for heading in ("node", "epoch", "key", "since (UTC)", ""):
        nodes.add_column(heading, overflow="fold")
    for name, key in sorted(book.newest.items()):
        said = f"revoked {_moment(key.revoked)}" if key.revoked <= now else ""
        nodes.add_row(name, str(key.epoch), f"{key.public_key[:16]}…", _moment(key.since), said)
    console = Console()
    console.print(table)
    console.print(nodes)


def show_life(lives: Lives, sensor: str, now: float) -> None:
    """All acts of one sensor."""
    from rich.console import Console
    from rich.table import Table

    from clairvoie.hub.lives import life_of

    table = Table(title=sensor, title_justify="left")
    for heading in ("since (UTC)", "state", "signed by", "what"):
        table.add_column(heading, overflow="fold")
    for line in reversed(life_of(lives, sensor, now).lines):
        facts = [line.place, line.hardware, line.words]
        facts += [f"{line.calibration:g} dB {line.calibrated}"] if line.calibration is not None else []
        facts += [f"drift {line.drift:+.1f} dB"] if line.drift is not None else []
        facts += [f"photograph {line.photograph[:16]}…"] if line.photograph else []
        table.add_row(_moment(line.at), line.state.value, line.by, "; ".join(filter(None, facts)))
    Console().print(table)
