"""``clairvoie lab bench esc50``: score clips that a network has not seen, or run the whole published protocol.

The protocol: train on three folds, test on the fourth, last epoch, for each of the four folds at hand, and give the
mean with its standard error. Only clips of ESC-50 are learned from; nothing of any other data set or model is used,
teachers included, which are networks trained by the same run on the same three folds.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import Struct

from clairvoie.errors import LabError
from clairvoie.lab.dataset import esc, read_clips, read_sound
from clairvoie.lab.esc50_network import size
from clairvoie.lab.esc50_spectra import ClipTable, mel_levels
from clairvoie.lab.esc50_training import (
    Order,
    clip_table,
    epochs_of,
    probabilities,
    read_classifier,
    read_weights,
    train_on,
)
from clairvoie.lab.esc50_yamnet import ask
from clairvoie.lab.train import Say, device_of
from clairvoie.lab.yamnet import yamnet

PROTOCOL_FOLDS = (1, 2, 3, 4)


class Accuracy(Struct, frozen=True):
    """``right`` of ``of`` clips."""

    right: int
    of: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.right / max(1, self.of)


class ProtocolFigures(Struct, frozen=True, kw_only=True):
    """Accuracy of each fold, their mean in % and its standard error (deviation over folds by the root of how many)."""

    what: str
    parameters: int
    epochs: tuple[int, ...]
    folds: dict[str, list[float]]
    mean: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Protocol:
    """What to run: networks of ``width`` from every seed, and one taught by all of them if ``distil``."""

    data: Path
    out: Path
    width: int = 32
    seeds: tuple[int, ...] = (1, 2, 3)
    epochs: int = 300
    minutes: float | None = None
    """For each network, instead of ``epochs``: as many as fit into this time."""
    distil: bool = False
    yamnet: bool = False
    """YAMNet teaches too: outside data, and therefore figures of their own."""
    folds: tuple[int, ...] = PROTOCOL_FOLDS
    device: str = "auto"
    bank: Path | None = None
    size: int = 32
    smoke: bool = False


def read_listed(folder: Path, labels: Path, fold: int | None) -> ClipTable:
    """Clips of a table with columns ``filename`` or ``file``, ``category`` or ``label`` or ``target``, and perhaps
    ``fold``: ESC-50's own or ours."""
    try:
        with labels.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise LabError(f"the table of labels cannot be read ({error})", str(labels)) from error
    names, categories = (_column(rows, labels, options) for options in (("filename", "file"), ("category", "label")))
    chosen = [row for row in rows if fold is None or int(row.get("fold", fold)) == fold]
    found = [row for row in chosen if (folder / row[names]).is_file()]
    if not found:
        raise LabError("none of the listed recordings is in this folder", str(folder), f"{labels} lists {names}.")
    return ClipTable(
        np.stack([mel_levels(read_sound(folder / row[names])) for row in found]),
        tuple(row[names] for row in found),
        tuple(row[categories] for row in found),
        np.array([int(row.get("fold", 0)) for row in found], dtype=np.int64),
    )


def _column(rows: Sequence[dict[str, str]], path: Path, options: tuple[str, ...]) -> str:
    found = next((name for name in options if rows and name in rows[0]), None)
    if found is None:
        raise LabError(f"the table of labels has no column {' or '.join(options)}", str(path))
    return found


def score(table: ClipTable, weights: Sequence[Path], predictions: Path | None, device: str = "auto") -> Accuracy:
    """How many clips get their own label from these networks together; every answer goes to ``predictions``."""
    read = [read_classifier(path) for path in weights]
    labels = read[0][1]
    if any(known != labels for _, known in read):
        raise LabError("these networks know different classes", [path.name for path in weights])
    said = probabilities([network for network, _ in read], table, device_of(device)).numpy()
    best = said.argmax(axis=1)
    if predictions is not None:
        predictions.parent.mkdir(parents=True, exist_ok=True)
        with predictions.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "label", "predicted", "probability"])
            for name, label, index, row in zip(table.files, table.labels, best, said, strict=True):
                writer.writerow([name, label, labels[index], f"{row[index]:.4f}"])
    right = sum(labels[index] == label for index, label in zip(best, table.labels, strict=True))
    return Accuracy(right, len(table.files))


def run_protocol(order: Protocol, say: Say) -> list[ProtocolFigures]:
    """Train what is not there yet, score every fold, and write ``figures-WIDTH-FOLDS.json`` after each.

    Folds that are trained by several processes at once are put together by one more run, which finds them all there.
    """
    table = clip_table(order.data, order.bank, say, smoke=order.smoke)
    said = _asked(order, say) if order.yamnet else None
    mark = "yamnet-" if order.yamnet else ""
    single: dict[str, list[float]] = {}
    together: dict[str, list[float]] = {}
    taught: dict[str, list[float]] = {}
    found: list[ProtocolFigures] = []
    for fold in order.folds:
        held_out = table.part((fold,))
        paths = [_trained(table, order, fold, f"{mark}seed{seed}", seed, (), said, say) for seed in order.seeds]
        shares = [score(held_out, [path], path.with_suffix(".csv"), order.device).share for path in paths]
        single[str(fold)] = shares
        together[str(fold)] = [score(held_out, paths, None, order.device).share]
        if order.distil:
            path = _trained(table, order, fold, f"{mark}taught", order.seeds[0] + 100, tuple(paths), said, say)
            taught[str(fold)] = [score(held_out, [path], path.with_suffix(".csv"), order.device).share]
        seeds = len(order.seeds)
        kinds = {f"one network, {seeds} seed{'s' * (seeds > 1)}": single}
        kinds |= {f"{seeds} networks together": together} if seeds > 1 else {}
        kinds |= {f"one network taught by {seeds}": taught} if order.distil else {}
        found = [_figures(what, folds, order) for what, folds in kinds.items()]
        for figures in found:
            say(protocol_text(figures))
        _write(found, order.out / f"figures-{mark}{order.width}-folds{''.join(map(str, order.folds))}.json")
    return found


def _trained(
    table: ClipTable, order: Protocol, fold: int, name: str, seed: int, teachers: tuple[Path, ...],
    yamnet: Path | None, say: Say,
) -> Path:  # fmt: skip
    """The weights of one run, which is not made again if they are there."""
    learned = tuple(f for f in PROTOCOL_FOLDS if f != fold)
    path = order.out / f"fold{fold}-width{order.width}-{name}.pt"
    if path.is_file():
        read_weights(path)
        say(f"{path.name} is there")
        return path
    return train_on(
        table,
        Order(
            data=order.data, out=order.out, folds=learned, epochs=order.epochs, size=order.size, width=order.width,
            seed=seed, device=order.device, minutes=order.minutes, teachers=teachers, yamnet=yamnet, smoke=order.smoke,
            name=path.name,
        ),
        say,
    )  # fmt: skip


def _asked(order: Protocol, say: Say) -> Path:
    """The file of what YAMNet said of every clip, made if it is not there."""
    path = order.out / "yamnet.npz"
    if not path.is_file():
        model = yamnet(order.data)
        if isinstance(model, str):
            raise LabError("YAMNet cannot be asked", model, "Leave out --yamnet-teaches.")
        ask(model, esc(read_clips(order.data), PROTOCOL_FOLDS, shippable=False), path, say)
    return path


def _figures(what: str, folds: dict[str, list[float]], order: Protocol) -> ProtocolFigures:
    mark = "yamnet-" if order.yamnet else ""
    pattern = f"fold[{''.join(folds)}]-width{order.width}-{mark}{'taught' if 'taught' in what else 'seed*'}.pt"
    mean, error = mean_and_error([sum(shares) / len(shares) for shares in folds.values()])
    return ProtocolFigures(
        what=what + (", YAMNet teaching too (outside data)" if order.yamnet else ""),
        parameters=size(order.width) * (len(order.seeds) if "together" in what else 1),
        epochs=tuple(sorted({epochs_of(path) for path in order.out.glob(pattern)})),
        folds={fold: [round(100 * share, 2) for share in shares] for fold, shares in folds.items()},
        mean=round(100 * mean, 2),
        standard_error=round(100 * error, 2),
    )


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and its standard error by the deviation over the values; 0 for one value alone.

    >>> [round(x, 3) for x in mean_and_error([0.8, 0.9])]
    [0.85, 0.05]
    """
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, 0.0
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean, spread / math.sqrt(len(values))


def protocol_text(figures: ProtocolFigures) -> str:
    """One line."""
    said = " to ".join(str(x) for x in dict.fromkeys((min(figures.epochs), max(figures.epochs))))
    folds = ", ".join(f"fold {fold} " + "/".join(f"{x:.2f}" for x in shares) for fold, shares in figures.folds.items())
    return (
        f"{figures.what}, {figures.parameters / 1e6:.2f} M parameters, {said} epochs: {figures.mean:.2f} % "
        f"± {figures.standard_error:.2f} (standard error over {len(figures.folds)} folds): {folds}"
    )


def _write(found: Sequence[ProtocolFigures], path: Path) -> None:
    import msgspec

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(msgspec.to_builtins(list(found)), indent=1) + "\n", encoding="utf-8")
