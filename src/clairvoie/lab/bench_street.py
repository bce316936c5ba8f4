"""``clairvoie lab bench trials``: one clip at a time over held-out backgrounds; the figures of the model card.

For each clip of the test fold: alone, and over the test backgrounds at 20, 10 and 0 dB A-weighted. False detections are
counted with the hours in which they happened and the exact Poisson interval (Garwood 1936, 95 %); the exposure is dense
with sounds that resemble hazards, so the rate is no forecast for a street. Nothing here chooses a threshold.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import HAZARD_OUTPUTS
from clairvoie.detect.sound.sources import LEAST_SCORE, withholds
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.lab import classes
from clairvoie.lab.dataset import RATE, Clip, Samples, esc, read_clips, read_sound, urban
from clairvoie.lab.exposure import FalseAlarms
from clairvoie.lab.trials import (
    HAZARD_OF,
    LASTING,
    Trial,
    alone,
    found,
    hear,
    mixed,
    read_backgrounds,
    scores_of,
    sounding_part,
    top_source,
    trials,
)
from clairvoie.lab.yamnet import READINGS, Yamnet, yamnet

RATIOS = (20.0, 10.0, 0.0)
HAZARD_BACKGROUNDS = 7
SEED = 7
MIXED = "clips of the test fold over test backgrounds"
"""Of these YAMNet hears only trials of the hazards that it knows, for time; its false alarms are counted elsewhere."""
RESEMBLES = {
    HazardKind.ALARM_SOUNDING: {"clock_alarm"},
    HazardKind.SUSTAINED_HORN: {"car_horn"},
    HazardKind.GLASS_BREAKING: {"glass_breaking"},
    HazardKind.FIREWORK: {"fireworks"},
}
"""Labels whose sounds are the hazard itself, so that a detection in them is not false."""


class Share(Struct, frozen=True):
    """``hits`` of ``of``."""

    hits: int
    of: int


class StreetFigures(Struct, frozen=True, kw_only=True):
    """Everything that ``clairvoie lab bench street`` measures. Keys of ratios are ``alone``, ``20``, ``10``, ``0``."""

    model: str
    fold: int
    hazards: dict[str, dict[str, Share]]
    sources: dict[str, dict[str, Share]]
    false_alarms: dict[str, dict[str, FalseAlarms]]
    false_by_label: dict[str, dict[str, int]]
    false_by_background: dict[str, dict[str, int]]
    speech_seconds_named: Share
    speech_detections: int
    yamnet: dict[str, dict[str, Share]] | str
    yamnet_false_alarms: dict[str, dict[str, FalseAlarms]]
    milliseconds_per_stream_second: float


class _Tally:
    """Counts while trials go by."""

    def __init__(self, tagger: SoundTagger, other: Yamnet | None) -> None:
        self._tagger = tagger
        self._other = other
        self.hazards: dict[str, dict[str, list[int]]] = {}
        self.sources: dict[str, dict[str, list[int]]] = {}
        self.other: dict[str, dict[str, list[int]]] = {}
        self.false: dict[str, Counter[str]] = {}
        self.other_false: dict[str, Counter[str]] = {}
        self.labels: dict[str, Counter[str]] = {}
        self.backgrounds: dict[str, Counter[str]] = {}
        self.samples: dict[str, Counter[HazardKind]] = {}
        self.cost = 0.0
        self.seconds = 0.0

    def hear(self, trial: Trial, exposure: str, *, judged: bool = True) -> None:
        """One trial, counted under its ratio and under ``exposure``."""
        began = time.process_time()
        heard = hear(self._tagger, trial)
        self.cost += time.process_time() - began
        self.seconds += trial.samples.size / RATE
        ratio = "alone" if trial.ratio is None else f"{trial.ratio:.0f}"
        for kind in HAZARD_OUTPUTS:
            if trial.label in RESEMBLES[kind]:
                if judged and HAZARD_OF.get(trial.label) == kind:
                    _count(self.hazards, kind.value, ratio, hit=found(heard, trial, kind))
                continue
            count = sum(claim.kind == kind for claim in heard.claims)
            self.false.setdefault(exposure, Counter())[kind.value] += count
            self.samples.setdefault(exposure, Counter())[kind] += trial.samples.size
            if count:
                self.labels.setdefault(kind.value, Counter())[trial.label] += count
                self.backgrounds.setdefault(kind.value, Counter())[trial.background] += count
        if judged and (taught := [x for x in classes.TEACHES.get(trial.label, ()) if x in self._tagger.card.sources]):
            top = top_source(heard, trial)
            _count(self.sources, taught[0], ratio, hit=top is not None and top.value == taught[0])
        rivals = [kind for kind, _ in READINGS.values() if trial.label in RESEMBLES[kind]]
        if self._other is not None and (rivals or exposure != MIXED):
            self._compare(self._other, trial, exposure, ratio, judged=judged)

    def _compare(self, other: Yamnet, trial: Trial, exposure: str, ratio: str, *, judged: bool) -> None:
        for reading, starts in other.begins(trial.samples).items():
            if trial.label not in RESEMBLES[READINGS[reading][0]]:
                if exposure == MIXED:
                    continue
                self.other_false.setdefault(exposure, Counter())[reading] += len(starts)
            elif judged:
                hit = any(trial.onset - 1.0 <= start <= trial.offset + 0.5 for start in starts)
                _count(self.other, reading, ratio, hit=hit)

    def alarms(self, false: dict[str, Counter[str]]) -> dict[str, dict[str, FalseAlarms]]:
        """Counts with their hours and intervals, by kind or reading and exposure."""
        table: dict[str, dict[str, FalseAlarms]] = {}
        for exposure, counts in false.items():
            for name, count in counts.items():
                kind = READINGS[name][0] if name in READINGS else HazardKind(name)
                hours = self.samples[exposure][kind] / RATE / 3600
                table.setdefault(name, {})[exposure] = FalseAlarms.of(count, hours)
        return table


def _count(table: dict[str, dict[str, list[int]]], row: str, column: str, *, hit: bool) -> None:
    cell = table.setdefault(row, {}).setdefault(column, [0, 0])
    cell[0] += hit
    cell[1] += 1


def _shares(table: dict[str, dict[str, list[int]]]) -> dict[str, dict[str, Share]]:
    return {row: {column: Share(*cell) for column, cell in cells.items()} for row, cells in sorted(table.items())}


def street_trials(clips: Sequence[Clip], backgrounds: dict[str, Samples]) -> Iterator[Trial]:
    """Hazards over every test background, everything else over one, at each ratio."""
    for number, ratio in enumerate(RATIOS):
        for hazardous in (True, False):
            chosen = [c for c in clips if (c.label in HAZARD_OF) == hazardous]
            each = min(HAZARD_BACKGROUNDS, len(backgrounds)) if hazardous else 1
            yield from trials(chosen, backgrounds, ratio, each=each, seed=SEED + number)


def lasting_alone(clip: Clip) -> Trial:
    """The clip alone; one whose hazard must last is repeated, over its own digital silence."""
    if clip.label not in LASTING:
        return alone(clip)
    part = sounding_part(read_sound(clip.path))
    return mixed(part, clip.label, np.zeros(RATE, dtype=np.float32), "none", 0.0, 0)._replace(ratio=None)


def measure(data: Path, tagger: SoundTagger, fold: int = 4, *, compare: bool = True, every: int = 1) -> StreetFigures:
    """All figures of the street for one model; ``every`` takes only each so many-th clip, for a quick look."""
    clips = read_clips(data)
    tested = esc(clips, (fold,), shippable=False)[::every]
    backgrounds = read_backgrounds(data, classes.TEST_BACKGROUNDS)
    other = yamnet(data) if compare else "not asked for"
    tally = _Tally(tagger, None if isinstance(other, str) else other)
    for clip in tested:
        tally.hear(lasting_alone(clip), "clips of the test fold, alone")
    for trial in street_trials(tested, backgrounds):
        tally.hear(trial, MIXED)
    for name, sound in backgrounds.items():
        length = sound.size / RATE
        tally.hear(Trial(sound, f"background:{name}", 0.0, length, None, name), "test backgrounds", judged=False)
    for clip in urban(clips)[::every]:
        tally.hear(alone(clip), "UrbanSound8K fold 1, alone", judged=False)
    named, seconds, detections = speech(tagger, data, tally)
    return StreetFigures(
        model=tagger.model_hash,
        fold=fold,
        hazards=_shares(tally.hazards),
        sources=_shares(tally.sources),
        false_alarms=tally.alarms(tally.false),
        false_by_label={kind: dict(counts.most_common()) for kind, counts in tally.labels.items()},
        false_by_background={kind: dict(counts.most_common()) for kind, counts in tally.backgrounds.items()},
        speech_seconds_named=Share(named, seconds),
        speech_detections=detections,
        yamnet=other if isinstance(other, str) else _shares(tally.other),
        yamnet_false_alarms=tally.alarms(tally.other_false),
        milliseconds_per_stream_second=tally.cost / tally.seconds * 1000,
    )


def speech(tagger: SoundTagger, data: Path, tally: _Tally) -> tuple[int, int, int]:
    """Speech that nothing was trained on: tenths of a second named as a source, all of them, and detections."""
    named = ticks = detections = 0
    for path in spoken(data):
        sound = read_sound(path)
        tally.hear(Trial(sound, "speech", 0.0, sound.size / RATE, None, "none"), "speech", judged=False)
        for tick in scores_of(tagger, sound):
            best = max(tick.sources.values())
            named += best >= LEAST_SCORE and not withholds(tick, best)
            ticks += 1
    detections = sum(tally.false.get("speech", Counter()).values())
    return named, ticks, detections


def spoken(data: Path) -> Iterable[Path]:
    """Sentences kept from training, and every spoken digit."""
    sentences = sorted((data / "speech").glob("*.wav"))
    return [p for p in sentences if p.stem not in classes.TRAIN_SPEECH] + sorted((data / "speech" / "digits").glob("*"))
