"""``clairvoie lab bench street`` and ``lab bench trials``: the recogniser, on recordings that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clairvoie.errors import LabError

_DATA = "Folder that holds sounds/labels.csv, background, speech and models."
_MODEL = "A model with its card beside it; the packaged one if not given."
_FOLD = "Fold of ESC-50 that the model was not trained on."


def street(
    data: Annotated[Path, typer.Option(help=_DATA)],
    model: Annotated[Path | None, typer.Option(help=_MODEL)] = None,
    fold: Annotated[int, typer.Option(help=_FOLD)] = 4,
    ratios: Annotated[str, typer.Option(help="Signal-to-noise ratios in dB(A), with commas.")] = "20,10,0",
    each: Annotated[int, typer.Option(help="Sounds of every class at every ratio.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the scenes; the same seed, the same scenes.")] = 11,
    yamnet: Annotated[bool, typer.Option(help="Hear everything with YAMNet too, if it is installed.")] = True,
    scores: Annotated[
        Path | None, typer.Option(help="Folder for the raw scores of every scene and the ground truth, as TSV.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG: recall over false alarms, and reliability.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quick: Annotated[bool, typer.Option(help="A few sounds at one ratio, only to see that it runs.")] = False,
) -> None:
    """How well the street is recognised, with YAMNet beside it in the same run.

    Scenes of a minute hold recordings of the fold over backgrounds that nothing was trained on, in a street whose
    facades answer; they are made as they are heard and not kept. Hits are counted there. False alarms are counted in
    recordings as they are, each once, with their hours and the exact 95 % interval: scenes are no exposure.

    PSDS and the F1 of events need sed_scores_eval, which your own pip has to compile; without it they are left out and
    the rest is measured.
    """
    import msgspec

    from clairvoie.detect.sound.tagging import SoundTagger
    from clairvoie.lab.bench_scenes import StreetBench, bench
    from clairvoie.lab.scene_progress import progress_bar
    from clairvoie.lab.scene_text import scene_text

    try:
        asked = tuple(float(part) for part in ratios.split(",") if part)
    except ValueError:
        raise LabError("ratios are numbers with commas between them", ratios, "For instance 20,10,0.") from None
    order = StreetBench(data, fold, asked, each, seed, yamnet, quick, scores)
    with progress_bar("Listening") as progress:
        figures = bench(order, SoundTagger.load(model), progress)
    typer.echo(msgspec.json.encode(figures).decode() if json else scene_text(figures))
    if plot is not None:
        from clairvoie.cli.bench_street_plot import draw

        draw(figures, plot)
        typer.echo(f"drawn to {plot}", err=True)


def trials(
    data: Annotated[Path, typer.Option(help=_DATA)],
    model: Annotated[Path | None, typer.Option(help=_MODEL)] = None,
    fold: Annotated[int, typer.Option(help=_FOLD)] = 4,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The trials of the model card: each clip of the fold alone and over backgrounds, one at a time, without a street.

    These are the figures of the README. `lab bench street` is the longer and harder test.
    """
    import msgspec

    from clairvoie.detect.sound.tagging import SoundTagger
    from clairvoie.lab.bench_street import measure
    from clairvoie.lab.modelcard import figures_text

    figures = measure(data, SoundTagger.load(model), fold)
    typer.echo(msgspec.json.encode(figures).decode() if json else figures_text(figures))
