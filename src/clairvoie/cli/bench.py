"""``clairvoie lab bench``: measure what the project claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

bench = typer.Typer(name="bench", help="Measure what the project claims.", no_args_is_help=True)


@bench.callback()
def _bench() -> None:
    pass


@bench.command()
def street(
    data: Annotated[Path, typer.Option(help="Folder that holds sounds/labels.csv, background, speech and models.")],
    model: Annotated[
        Path | None, typer.Option(help="A model with its card beside it; the packaged one if not given.")
    ] = None,
    fold: Annotated[int, typer.Option(help="Fold of ESC-50 that the model was not trained on.")] = 4,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """How well sounds are recognised over street noise, with YAMNet beside it where it is installed."""
    import msgspec

    from clairvoie.detect.sound.tagging import SoundTagger
    from clairvoie.lab.bench_street import measure
    from clairvoie.lab.modelcard import figures_text

    figures = measure(data, SoundTagger.load(model), fold)
    typer.echo(msgspec.json.encode(figures).decode() if json else figures_text(figures))


@bench.command()
def levels() -> None:
    """How far A, C and Z stay inside the limits of IEC 61672-1 class 1, at every rate."""
    from clairvoie.lab.level_margins import RATES, margins_text, weighting_margins

    typer.echo(margins_text([margin for rate in RATES for margin in weighting_margins(rate)]))
