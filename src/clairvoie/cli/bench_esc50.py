"""``clairvoie lab bench esc50``: the published benchmark of short clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clairvoie.errors import LabError

HELP = """Score a fold that a network has not seen, or run the whole protocol.

Train on all folds you have, and score one that you do not:

    clairvoie lab train --model esc50 --data DATA --out W --train-folds 1,2,3,4

    clairvoie lab bench esc50 --data audio --labels esc50.csv --fold 5 --weights W/esc50.pt --predictions OUT.csv

`--protocol --out DIR` gives the mean over folds with its standard error, last epoch. Whatever is in DIR already is
not trained again, so a run that was cut goes on. `--out DIR --plot PNG` draws all widths that DIR holds.
"""


def esc50(
    data: Annotated[Path, typer.Option(help="Folder of the recordings; with --protocol: that of `lab train`.")],
    labels: Annotated[
        Path | None, typer.Option(help="CSV with columns filename and category (or file and label), perhaps fold.")
    ] = None,
    weights: Annotated[
        list[Path] | None, typer.Option(help="Weights of `lab train --model esc50`; several answer together.")
    ] = None,
    predictions: Annotated[Path | None, typer.Option(help="CSV to write: one answer a recording.")] = None,
    fold: Annotated[int | None, typer.Option(help="Only the recordings of this fold.")] = None,
    protocol: Annotated[bool, typer.Option(help="Train on three folds, test on the fourth, for each.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --protocol: folder of weights and figures.")] = None,
    folds: Annotated[str, typer.Option(help="With --protocol: folds to test on.")] = "1,2,3,4",
    width: Annotated[int, typer.Option(help="With --protocol: even; 8 is 0.05 M parameters, 32 0.68 M.")] = 32,
    seeds: Annotated[str, typer.Option(help="With --protocol: seeds, one network each.")] = "1,2,3",
    epochs: Annotated[int, typer.Option(help="With --protocol: epochs of each network.")] = 300,
    minutes: Annotated[float | None, typer.Option(help="With --protocol: instead, minutes for each network.")] = None,
    distil: Annotated[bool, typer.Option(help="With --protocol: one more network, taught by all of them.")] = False,
    yamnet_teaches: Annotated[
        bool, typer.Option(help="With --protocol: learn what YAMNet says too; outside data, figures of their own.")
    ] = False,
    bank: Annotated[Path | None, typer.Option(help="With --protocol: file of spectra, made if not there.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    smoke: Annotated[bool, typer.Option(help="With --protocol: only see that it runs.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="PNG: accuracy over size, of everything that --out holds, beside the published.")
    ] = None,
) -> None:
    """Score recordings or run the protocol; what ``--help`` says is :data:`HELP`."""
    from clairvoie.lab.bench_esc50 import Protocol, read_listed, run_protocol, score

    if protocol:
        if out is None:
            raise LabError("the protocol needs a folder for its weights", None, "Give --out DIR.")
        from clairvoie.cli.train import folds_of

        run_protocol(
            Protocol(
                data, out, width, folds_of(seeds), epochs, minutes, distil, yamnet_teaches,
                folds_of(folds), device, bank, smoke=smoke,
            ),
            typer.echo,
        )  # fmt: skip
    if plot is not None:
        _draw(out, plot)
    if protocol or (plot is not None and labels is None):
        return
    if labels is None or not weights:
        raise LabError("to score recordings, give their table and the weights", None, "See --labels and --weights.")
    found = score(read_listed(data, labels, fold), weights, predictions, device)
    typer.echo(f"{found.right} of {found.of} right: {found.share:.2%}")


def _draw(out: Path | None, plot: Path) -> None:
    from clairvoie.cli.esc50_plot import draw

    if out is None:
        raise LabError("a plot is drawn from a folder of figures", None, "Give --out DIR.")
    draw(out, plot)
    typer.echo(f"drawn: {plot}")


esc50.__doc__ = HELP
