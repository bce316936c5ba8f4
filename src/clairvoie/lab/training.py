"""One run from recordings to a model that can be shipped: train, export, thresholds, figures, card, credits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import MODEL_NAME, Calibration, HazardRule, read_card
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.errors import LabError
from clairvoie.lab import classes, dataset, thresholds
from clairvoie.lab.bench_street import StreetFigures, measure
from clairvoie.lab.export import write_model
from clairvoie.lab.modelcard import card_of, write_card, write_credits
from clairvoie.lab.network import Street
from clairvoie.lab.scene_calibration import calibrations, in_probabilities
from clairvoie.lab.train import Plan, Say, read_made, read_network, train, write_network
from clairvoie.lab.trials import read_backgrounds

RATIOS = (20.0, 10.0, 3.0)
GOING_ON_RATE = 2e-3


@dataclass(frozen=True, slots=True)
class Run:
    """What ``clairvoie lab train`` was asked for."""

    data: Path
    out: Path
    folds: tuple[int, ...] = (1, 2, 3)
    validate_fold: int | None = None
    rules: Path | None = None
    test_fold: int | None = None
    epochs: int = 60
    seed: int = 1
    start: Path | None = None
    smoke: bool = False
    minutes: float | None = None
    device: str = "auto"
    bank: Path | None = None
    size: int = 48
    batches: int = 100
    synthetic: int = 30
    width: int = 88
    scale: float = 1.0
    teacher: Path | None = None
    weights_only: bool = False
    """Write ``street.pt`` and no more, on a machine that has a bank but no recordings."""

    def __post_init__(self) -> None:
        judged = [fold for fold in (self.validate_fold, self.test_fold) if fold is not None]
        if set(judged) & set(self.folds) or len(set(judged)) != len(judged):
            raise LabError("a fold is learned from, or chosen on, or tested on, never two of these", judged)
        if not self.folds:
            raise LabError("there is nothing to learn from", self.folds, "Give --train-folds.")


WEIGHTS = "street.pt"


def run(order: Run, say: Say) -> None:
    """Do all of it; what is finished is written to ``order.out``. With no epochs: finish what ``start`` holds."""
    order.out.mkdir(parents=True, exist_ok=True)
    if order.epochs == 0 and order.start is not None:
        made = read_made(order.start)
        if made.get("folds") != ",".join(map(str, order.folds)):
            raise LabError("these weights learned from other folds", made.get("folds"), "Give the same --train-folds.")
        finish(order, read_network(order.start), made, say)
        return
    network, labels, epochs = train(plan_of(order), say)
    folds = ",".join(map(str, order.folds))
    made = {"command": command_of(order, epochs), "folds": folds, "seed": order.seed, "epochs": epochs}
    write_network(network, labels, order.out / WEIGHTS, made)
    if order.weights_only:
        say(f"written to {order.out}: {WEIGHTS}; finish with --start {WEIGHTS} --epochs 0 where the recordings are")
        return
    finish(order, network, made, say)


def plan_of(order: Run) -> Plan:
    """What to train, as it was asked for."""
    plan = Plan(
        order.data, order.folds, order.epochs, order.batches, order.size, seed=order.seed, start=order.start,
        bank=order.bank, device=order.device, minutes=order.minutes, width=order.width, scale=order.scale,
        teacher=order.teacher, keep=order.out, synthetic=order.synthetic,
    )  # fmt: skip
    if order.start is not None:
        plan = replace(plan, rate=GOING_ON_RATE)
    if order.smoke:
        plan = replace(plan, epochs=1, minutes=None, batches=2, size=4, synthetic=0, smoke=True)
    return plan


def finish(order: Run, network: Street, made: Mapping[str, str | int], say: Say) -> None:
    """Export a trained network, made as ``made`` says, and write everything that goes with it."""
    sha256 = write_model(network, order.out / MODEL_NAME)
    parameters = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("names."))
    learned = dataset.esc(dataset.read_clips(order.data), order.folds, shippable=True)
    training = dict(made)
    rules: Mapping[HazardKind, HazardRule] = thresholds.STARTING_RULES
    calibration: Mapping[HazardKind, Calibration] = {}

    def write(figures: StreetFigures | None) -> None:
        card = card_of(
            sha256=sha256,
            width=network.width,
            parameters=parameters,
            rules=rules,
            calibration=calibration,
            learned=learned,
            training=training,
            figures=figures,
        )
        write_card(card, order.out)

    write(None)
    if order.rules is not None:
        borrowed = read_card(order.rules.with_suffix(".onnx"))
        rules, calibration = borrowed.rules, borrowed.calibration
        training["thresholds_from"] = _origin(order.rules, order.test_fold)
    elif order.validate_fold is not None:
        tagger = SoundTagger.load(order.out / MODEL_NAME)
        calibration = calibrations(tagger, order.data, order.validate_fold, order.seed, smoke=order.smoke)
        rules = in_probabilities(_chosen(order, order.validate_fold, say), calibration)
        training["thresholds_from"] = f"fold {order.validate_fold}"
    write(None)
    write_credits(learned, order.data / "sounds" / "esc50-attribution.txt", order.out)
    if order.test_fold is not None:
        tagger = SoundTagger.load(order.out / MODEL_NAME)
        write(measure(order.data, tagger, order.test_fold, every=40 if order.smoke else 1))
    say(f"written to {order.out}: {MODEL_NAME}, {parameters:,} parameters, sha256:{sha256}")


def command_of(order: Run, epochs: int) -> str:
    """The command line that does the same again, without its folders."""
    folds = ",".join(map(str, order.folds))
    command = f"clairvoie lab train --train-folds {folds} --epochs {epochs} --seed {order.seed}"
    plain = Run(order.data, order.out)
    for option in ("size", "batches", "synthetic", "width", "scale", "minutes", "validate_fold", "test_fold"):
        value = getattr(order, option)
        if value != getattr(plain, option):
            command += f" --{option.replace('_', '-')} {value}"
    for option in ("start", "rules", "teacher"):
        path = getattr(order, option)
        if path is not None:
            command += f" --{option} {path.name}"
    return command


def _origin(rules: Path, test_fold: int | None) -> str:
    """Where the thresholds of another run's card come from, in words; never from the fold to be tested on."""
    training = msgspec.json.decode(rules.with_suffix(".json").read_bytes())["training"]
    chosen = str(training.get("thresholds_from", "nothing: these are starting values"))
    if test_fold is not None and f"fold {test_fold}" in chosen:
        raise LabError("these thresholds were chosen on the fold to be tested on", str(rules), "Take another run's.")
    return f"{chosen} by the network of `{training['command']}`"


def _chosen(order: Run, fold: int, say: Say) -> Mapping[HazardKind, HazardRule]:
    """Rules whose thresholds were chosen on ``fold`` over the training backgrounds."""
    tagger = SoundTagger.load(order.out / MODEL_NAME)
    clips = dataset.esc(dataset.read_clips(order.data), (fold,), shippable=True)[:: 40 if order.smoke else 1]
    backgrounds = read_backgrounds(order.data, classes.TRAIN_BACKGROUNDS)
    rules, curves = thresholds.choose(thresholds.judge(tagger, clips, backgrounds, RATIOS, order.seed))
    for kind, points in curves.items():
        for point in points:
            say(f"{kind} {point.enter:.2f}: recall {point.recall:.2f}, {point.false_share:.3f} of other trials")
        say(f"{kind}: enter {rules[kind].enter}")
    return rules
