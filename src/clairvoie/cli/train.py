"""``clairvoie lab train``: train the recogniser and write model, card and credits."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from clairvoie.errors import LabError


def _folds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise LabError("folds are whole numbers with commas between them", text, "For instance 1,2,3.") from None


def train(
    data: Annotated[Path, typer.Option(help="Folder that holds sounds/labels.csv, background and speech.")],
    out: Annotated[Path, typer.Option(help="Folder for street.onnx, its card and its credits.")],
    train_folds: Annotated[str, typer.Option(help="Folds to learn from.")] = "1,2,3",
    validate_fold: Annotated[int | None, typer.Option(help="Fold to choose thresholds on; not learned from.")] = None,
    rules: Annotated[Path | None, typer.Option(help="street.json of another run, whose thresholds to take.")] = None,
    test_fold: Annotated[int | None, typer.Option(help="Fold for the figures of the card.")] = None,
    start: Annotated[Path | None, typer.Option(help="street.pt of another run, to go on from.")] = None,
    epochs: Annotated[int, typer.Option(help="Epochs of 4,800 scenes of 4.4 seconds.")] = 60,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 1,
    smoke: Annotated[bool, typer.Option(help="Only see that it runs: few clips, one short epoch.")] = False,
) -> None:
    """Train the recogniser from recordings. Needs the extra `lab` (torch)."""
    for needed in ("torch", "onnx"):
        if importlib.util.find_spec(needed) is None:
            raise LabError(
                "training needs a package that is not installed", needed, "Run: pip install 'clairvoie[lab]'."
            )
    from clairvoie.lab.training import Run, run

    run(
        Run(
            data=data,
            out=out,
            folds=_folds(train_folds),
            validate_fold=validate_fold,
            rules=rules,
            test_fold=test_fold,
            epochs=epochs,
            seed=seed,
            start=start,
            smoke=smoke,
        ),
        typer.echo,
    )
