"""A trained network becomes a model that can be shipped: export, thresholds, calibration, figures, card, credits."""

from __future__ import annotations

from collections.abc import Mapping
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
from clairvoie.lab.train import Say
from clairvoie.lab.training import Run
from clairvoie.lab.trials import read_backgrounds

RATIOS = (20.0, 10.0, 3.0)


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
