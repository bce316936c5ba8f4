"""Thresholds of detections, chosen on recordings that are neither trained on nor in the test fold.

A network trained on two folds hears the third over the training backgrounds at 20, 10 and 3 dB. For each hazard the
lowest threshold is taken at which at most ``FALSE_SHARE`` of the trials of all other sounds set it off. A trial lasts
some twelve seconds, so that is about one an hour of trials; other sounds follow each other there as in no street, so
the share is for choosing, not for quoting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import HazardRule
from clairvoie.detect.sound.tagging import Scores, SoundTagger
from clairvoie.lab.dataset import Clip, Samples
from clairvoie.lab.trials import HAZARD_OF, Heard, Trial, begins, found, scores_of, trials

FALSE_SHARE = 0.003
LEAST_ENTER = 0.1
GRID = tuple(round(float(x), 3) for x in (*np.arange(0.1, 0.9, 0.05), 0.9, 0.93, 0.96, 0.98, 0.99))

STARTING_RULES = {
    HazardKind.GLASS_BREAKING: HazardRule(enter=0.5, leave=0.3, sounding=0.2, gap=1.0),
    HazardKind.FIREWORK: HazardRule(enter=0.5, leave=0.3, sounding=1.2, gap=3.0, times=2),
    HazardKind.ALARM_SOUNDING: HazardRule(enter=0.5, leave=0.3, sounding=3.0, gap=3.0, span=10.0),
    HazardKind.SUSTAINED_HORN: HazardRule(enter=0.5, leave=0.3, sounding=4.0, gap=0.7, span=5.0),
}
"""Durations are set by what the hazards mean; only ``enter`` and ``leave`` are chosen."""


class Judged(NamedTuple):
    """A trial without its samples, and its scores."""

    trial: Trial
    scores: list[Scores]


class Point(NamedTuple):
    """What one threshold gives: recall over trials of the hazard, and the share of other trials with a detection."""

    enter: float
    recall: float
    false_share: float


def judge(
    tagger: SoundTagger, clips: Sequence[Clip], backgrounds: dict[str, Samples], ratios: Sequence[float], seed: int
) -> list[Judged]:
    """Scores of all clips over the backgrounds at each ratio; clips of hazards over four of them."""
    rows = []
    for number, ratio in enumerate(ratios):
        for hazardous in (True, False):
            chosen = [c for c in clips if (c.label in HAZARD_OF) == hazardous]
            for trial in trials(chosen, backgrounds, ratio, each=4 if hazardous else 1, seed=seed + number):
                rows.append(Judged(trial._replace(samples=trial.samples[:0]), scores_of(tagger, trial.samples)))
    return rows


def curve(kind: HazardKind, rule: HazardRule, judged: Sequence[Judged]) -> list[Point]:
    """Recall and false detections for every threshold of the grid."""
    points = []
    for enter in GRID:
        rules = {kind: msgspec.structs.replace(rule, enter=enter, leave=leave_of(enter))}
        hits, positives, false, others = 0, 0, 0, 0
        for row in judged:
            claims = begins(rules, row.scores)
            if HAZARD_OF.get(row.trial.label) == kind:
                positives += 1
                hits += found(Heard(row.scores, claims), row.trial, kind)
            else:
                false += bool(claims)
                others += 1
        points.append(Point(enter, hits / max(1, positives), false / max(1, others)))
    return points


def leave_of(enter: float) -> float:
    """The lower threshold that goes with an upper one."""
    return round(0.6 * enter, 3)


def choose(judged: Sequence[Judged]) -> tuple[dict[HazardKind, HazardRule], dict[HazardKind, list[Point]]]:
    """The rules, and the curves that they were chosen from."""
    curves = {kind: curve(kind, rule, judged) for kind, rule in STARTING_RULES.items()}
    rules = {}
    for kind, rule in STARTING_RULES.items():
        allowed = [p.enter for p in curves[kind] if p.false_share <= FALSE_SHARE and p.enter >= LEAST_ENTER]
        enter = min(allowed, default=GRID[-1])
        rules[kind] = msgspec.structs.replace(rule, enter=enter, leave=leave_of(enter))
    return rules, curves
