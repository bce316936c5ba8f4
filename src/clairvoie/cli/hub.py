"""``clairvoie hub CONFIG``: run a hub until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def hub(
    config: Annotated[Path, typer.Argument(help="The hub's settings, a TOML file.", show_default=False)],
    port: Annotated[int | None, typer.Option(help="Listen on this port instead; 0 takes any free one.")] = None,
) -> None:
    """Run a hub: takes signed records, groups them into incidents, and serves the duty desk.

    Without a [tls] table it listens on loopback only; nodes on other machines come in by [node_door]. One JSON line on
    stdout says when it is ready and where:
    {"type":"ready","url":"http://127.0.0.1:8750"}
    """
    from clairvoie.server.application import settings_of
    from clairvoie.server.serving import run

    run(settings_of(config, port=port))
