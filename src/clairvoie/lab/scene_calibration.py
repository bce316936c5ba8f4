"""Calibration of a model's scores on scenes of a fold that it was not trained on and is not judged on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import HAZARD_OUTPUTS, Calibration, HazardRule
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.lab import classes
from clairvoie.lab.calibration import fitted
from clairvoie.lab.dataset import esc, read_clips
from clairvoie.lab.listeners import Ours
from clairvoie.lab.operating import HeardScene, ticks_with
from clairvoie.lab.street_scenes import made, street_orders
from clairvoie.lab.trials import HAZARD_OF, read_backgrounds

RATIOS = (20.0, 10.0, 0.0)
EACH = 24
LEAST_THRESHOLD = 0.001


def calibrations(
    tagger: SoundTagger, data: Path, fold: int, seed: int, *, smoke: bool = False
) -> dict[HazardKind, Calibration]:
    """A map for every hazard, from scenes of the shippable clips of ``fold`` over the training backgrounds."""
    clips = esc(read_clips(data), (fold,), shippable=True)
    if smoke:
        clips = [clip for clip in clips if clip.label in HAZARD_OF][::8]
    backgrounds = read_backgrounds(data, classes.TRAIN_BACKGROUNDS[-1:] if smoke else classes.TRAIN_BACKGROUNDS)
    listener, scenes = Ours(tagger), []
    for ratio in RATIOS[:1] if smoke else RATIOS:
        for order in street_orders(clips, backgrounds, ratio, 1 if smoke else EACH, seed):
            scene = made(order, backgrounds)
            sounding = tuple((s.label, span.onset, span.offset) for s in scene.sounding for span in s.spans)
            scenes.append(HeardScene(ratio, listener.hear(scene.samples), sounding))
    labels = {kind: label for label, kind in HAZARD_OF.items()}
    found = {}
    for kind in HAZARD_OUTPUTS:
        column = listener.kinds.index(kind.value)
        scores = np.concatenate([scene.table.values[:, column] for scene in scenes])
        truth = np.concatenate([ticks_with(scene, labels[kind]) for scene in scenes])
        found[kind] = fitted(scores, truth)
    return found


def in_probabilities(
    rules: Mapping[HazardKind, HazardRule], calibration: Mapping[HazardKind, Calibration]
) -> dict[HazardKind, HazardRule]:
    """The same rules for calibrated scores: since the maps are monotone, the detections stay the same."""

    def mapped(kind: HazardKind, value: float) -> float:
        return max(LEAST_THRESHOLD, round(calibration.get(kind, Calibration())(value), 4))

    return {
        kind: msgspec.structs.replace(rule, enter=mapped(kind, rule.enter), leave=mapped(kind, rule.leave))
        for kind, rule in rules.items()
    }
