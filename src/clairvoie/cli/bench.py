"""``clairvoie lab bench``: measure what the project claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clairvoie.cli.bench_esc50 import esc50
from clairvoie.cli.bench_onsets import onsets
from clairvoie.cli.bench_place import place
from clairvoie.cli.bench_street import street, trials

bench = typer.Typer(name="bench", help="Measure what the project claims.", no_args_is_help=True)


@bench.callback()
def _bench() -> None:
    pass


bench.command()(street)
bench.command()(trials)
bench.command()(esc50)
bench.command()(place)
bench.command()(onsets)


@bench.command()
def levels(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the margins.")] = None,
) -> None:
    """How far levels stay inside IEC 61672-1 and 61260-1 class 1 at every rate, beside a plain bilinear A-weighting.

    Exit status 1 if anything lies outside.
    """
    import msgspec

    from clairvoie.lab.bench_levels import figures_text, measure

    figures = measure()
    typer.echo(msgspec.json.encode(figures).decode() if json else figures_text(figures))
    if plot is not None:
        from clairvoie.cli.level_plot import draw

        draw(figures, plot)
    if not figures.inside:
        raise typer.Exit(1)
