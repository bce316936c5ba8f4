"""``clairvoie lab train``: train the recogniser and write model, card and credits."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from clairvoie.errors import LabError


def folds_of(text: str) -> tuple[int, ...]:
    """Folds as they are given: ``1,2,3``."""
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise LabError("folds are whole numbers with commas between them", text, "For instance 1,2,3.") from None


HELP = """Train the recogniser from recordings. Needs the extra `lab` (torch).

The model for the street learns only from recordings whose licence lets its weights be published:

    clairvoie lab train --data DATA --out A --train-folds 1,2 --validate-fold 3

    clairvoie lab train --data DATA --out B --train-folds 1,2,3 --rules A/street.json --test-fold 4

On a machine with a graphics card and no recordings: make a bank here with `--bank FILE --epochs 0`, carry it there,
train with `--bank FILE --minutes 8 --weights-only`, and finish here with `--start street.pt --epochs 0`. A run that
was cut goes on from its checkpoint in --out.

The benchmark's model learns from all clips of the folds, and is never shipped: `--model esc50 --train-folds
1,2,3,4`; score a fold with `clairvoie lab bench esc50`.
"""


def _needs_torch() -> None:
    for needed in ("torch", "onnx"):
        if importlib.util.find_spec(needed) is None:
            raise LabError(
                "training needs a package that is not installed", needed, "Run: pip install 'clairvoie[lab]'."
            )


def train(
    data: Annotated[Path, typer.Option(help="Folder that holds sounds/labels.csv, background and speech.")],
    out: Annotated[Path, typer.Option(help="Folder for the weights, the card and the credits.")],
    model: Annotated[str, typer.Option(help="`street` (what ships) or `esc50` (the benchmark).")] = "street",
    train_folds: Annotated[str, typer.Option(help="Folds to learn from.")] = "1,2,3",
    validate_fold: Annotated[int | None, typer.Option(help="Fold to choose thresholds on; not learned from.")] = None,
    rules: Annotated[Path | None, typer.Option(help="street.json of another run, whose thresholds to take.")] = None,
    test_fold: Annotated[int | None, typer.Option(help="Fold for the figures of the card.")] = None,
    start: Annotated[Path | None, typer.Option(help="street.pt of another run, to go on from.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="How many; 0: only make the bank, or finish --start. [60; esc50: 300]")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Instead: as many epochs as fit into this time.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    bank: Annotated[
        Path | None, typer.Option(help="File of spectra: read if it is there, made from the recordings if not.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Scenes or clips a batch. [48, on CUDA 256; esc50: 32]")] = None,
    batches: Annotated[int, typer.Option(help="Batches an epoch (street).")] = 100,
    synthetic: Annotated[int, typer.Option(help="Sounds of every synthetic kind in the bank (street).")] = 48,
    width: Annotated[int | None, typer.Option(help="Width of the network. [88; esc50: 32]")] = None,
    scale: Annotated[float, typer.Option(help="Times the channels, for a teacher (street).")] = 1.0,
    teacher: Annotated[Path | None, typer.Option(help="Weights of a larger network to learn from too.")] = None,
    beside: Annotated[
        float | None, typer.Option(help="Teach it by a network so many times as wide, trained beside it (street).")
    ] = None,
    weights_only: Annotated[bool, typer.Option(help="Stop after the weights; needs only --bank (street).")] = False,
    smoke: Annotated[bool, typer.Option(help="Only see that it runs: few clips, one short epoch.")] = False,
) -> None:
    """Train the recogniser; what ``--help`` says is :data:`HELP`."""
    _needs_torch()
    if model == "esc50":
        from clairvoie.lab.esc50_training import Order, train_weights

        train_weights(
            Order(
                data, out, folds_of(train_folds), 300 if epochs is None else epochs, size or 32, width or 32, seed=seed,
                device=device, minutes=minutes, bank=bank, teachers=(teacher,) if teacher else (), smoke=smoke,
            ),
            typer.echo,
        )  # fmt: skip
        return
    from clairvoie.lab.training import Run, run

    if model != "street":
        raise LabError("there are two models", model, "Give street or esc50.")

    run(
        Run(
            data=data, out=out, folds=folds_of(train_folds), validate_fold=validate_fold, rules=rules,
            test_fold=test_fold, epochs=60 if epochs is None else epochs, seed=seed, start=start, smoke=smoke,
            minutes=minutes, device=device, bank=bank, size=size, batches=batches, synthetic=synthetic,
            width=width or 88, scale=scale, teacher=teacher, beside=beside, weights_only=weights_only,
        ),
        typer.echo,
    )  # fmt: skip


train.__doc__ = HELP
