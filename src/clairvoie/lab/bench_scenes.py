"""``clairvoie lab bench street``: how well the street is recognised, against YAMNet in the same run.

Scenes of a minute hold held-out sounds over held-out backgrounds in a street, at 20, 10 and 0 dB
(:mod:`clairvoie.lab.street_scenes`); they count hits, confusions, PSDS, F1 and calibration. False alarms are counted in
recordings as they are, each once, with their hours by sort: clips of the test fold, backgrounds, UrbanSound8K as
sounds of another world, speech. Nothing here chooses anything: thresholds in use are those of the card.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.lab import classes
from clairvoie.lab.annotation import labels_of
from clairvoie.lab.bench_street import spoken
from clairvoie.lab.calibration import Reliability, reliability
from clairvoie.lab.dataset import RATE, Clip, Samples, esc, read_clips, read_sound, urban
from clairvoie.lab.detection_scores import ClassScores, class_scores
from clairvoie.lab.exposure import FalseAlarms
from clairvoie.lab.listeners import Listener, Other, Ours
from clairvoie.lab.operating import Curve, HeardRecording, HeardScene, curve, ratio_key, set_off_by, ticks_with
from clairvoie.lab.refusal import Refusal, refusals
from clairvoie.lab.score_files import ScoreFiles
from clairvoie.lab.street_scenes import StreetScene, made, street_orders
from clairvoie.lab.trials import HAZARD_OF, read_backgrounds
from clairvoie.lab.yamnet import yamnet

RATIOS = (20.0, 10.0, 0.0)
EACH = 100
SEED = 11
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class StreetBench:
    """What to measure: ``each`` sounds of every class at every ratio; ``quick`` takes a few, to see that it runs."""

    data: Path
    fold: int = 4
    ratios: tuple[float, ...] = RATIOS
    each: int = EACH
    seed: int = SEED
    compare: bool = True
    quick: bool = False
    scores: Path | None = None


class Recogniser(Struct, frozen=True):
    """Everything measured of one recogniser, by kind; ``classes``: by ratio and kind, or why there is none."""

    curves: dict[str, Curve]
    exposures: dict[str, dict[str, FalseAlarms]]
    classes: dict[str, dict[str, ClassScores]] | str
    set_off_by: dict[str, dict[str, int]]
    reliability: dict[str, Reliability]
    refusals: dict[str, Refusal]


class SceneFigures(Struct, frozen=True, kw_only=True):
    """The whole result. ``scene_hours`` are hours of remixes: they count hits and are no exposure."""

    version: int = 1
    model: str
    fold: int
    seed: int
    ratios: tuple[float, ...]
    sounds_of_each_class: int
    scene_hours: float
    exposure_hours: dict[str, float]
    recognisers: dict[str, Recogniser]
    missing: str


def bench(order: StreetBench, tagger: SoundTagger, progress: Progress = lambda _what, _done: None) -> SceneFigures:
    """Hear everything with both recognisers and count."""
    if order.quick:
        order = StreetBench(
            order.data, order.fold, order.ratios[:1], 2, order.seed, order.compare, quick=True, scores=order.scores
        )
    other = yamnet(order.data) if order.compare else "not asked for"
    listeners: list[Listener] = [Ours(tagger)]
    if not isinstance(other, str):
        listeners.append(Other(other))
    files = ScoreFiles(order.scores)
    clips = esc(read_clips(order.data), (order.fold,), shippable=False)
    heard = _Heard(listeners, files)
    for number, (sort, label, sound, possible) in enumerate(recordings(order, clips)):
        progress(f"alone: {label}", min(0.2, number / 4000))
        heard.recording(sort, label, sound, possible)
    backgrounds = read_backgrounds(order.data, classes.TEST_BACKGROUNDS)
    chosen = few(clips) if order.quick else clips
    planned = [x for ratio in order.ratios for x in street_orders(chosen, backgrounds, ratio, order.each, order.seed)]
    for number, scene_order in enumerate(planned):
        progress(f"{scene_order.ratio:.0f} dB over {scene_order.background}", 0.2 + 0.7 * number / len(planned))
        heard.scene(made(scene_order, backgrounds))
    files.finish()
    progress("counting", 0.9)
    return SceneFigures(
        model=tagger.model_hash,
        fold=order.fold,
        seed=order.seed,
        ratios=order.ratios,
        sounds_of_each_class=order.each,
        scene_hours=round(len(planned) / 60, 3),
        exposure_hours=heard.hours(),
        recognisers={listener.name: heard.counted(listener) for listener in listeners},
        missing=other if isinstance(other, str) else "",
    )


def few(clips: Sequence[Clip]) -> list[Clip]:
    """The first clip of every hazard and of a voice, for a quick look."""
    first = {clip.label: clip for clip in reversed(clips)}
    return [first[label] for label in (*HAZARD_OF, "laughing") if label in first]


def recordings(order: StreetBench, clips: Sequence[Clip]) -> Iterator[tuple[str, str, Samples, frozenset[str]]]:
    """Every recording that false alarms are counted in: sort, label, samples, and the kinds that may sound in it."""
    step = 40 if order.quick else 1
    for clip in clips[::step]:
        yield "clips of the test fold", clip.label, read_sound(clip.path), possible_in(clip.label)
    for name, sound in read_backgrounds(order.data, classes.TEST_BACKGROUNDS).items():
        yield "test backgrounds", f"background:{name}", sound, frozenset(_sources())
    for clip in urban(read_clips(order.data))[::step]:
        yield "UrbanSound8K", clip.label, read_sound(clip.path), possible_in(clip.label)
    for path in list(spoken(order.data))[::step]:
        yield "speech", "speech", read_sound(path), frozenset()


def possible_in(label: str) -> frozenset[str]:
    """The kinds that a recording of this label may hold: what it is, and what nobody knows about it."""
    hazards = {HAZARD_OF[label].value} if label in HAZARD_OF else set()
    return frozenset({*labels_of(label, 60.0), *classes.UNSURE.get(label, ()), *hazards} - {"withheld"})


def _sources() -> set[str]:
    """Sources that a street, a café or a storm may hold without anybody having written it down."""
    return set(classes.OUTPUTS) - {"glass-breaking", "firework", "withheld"}


class _Heard:
    """What was heard, by every recogniser under test."""

    def __init__(self, listeners: Sequence[Listener], files: ScoreFiles) -> None:
        self._listeners = listeners
        self._files = files
        self._scenes: list[StreetScene] = []
        self._tables: dict[str, list[HeardScene]] = {x.name: [] for x in listeners}
        self._recordings: dict[str, list[HeardRecording]] = {x.name: [] for x in listeners}

    def recording(self, sort: str, label: str, sound: Samples, possible: frozenset[str]) -> None:
        """Hear a recording as it is."""
        for listener in self._listeners:
            table = listener.hear(sound)
            heard = HeardRecording(label, sort, sound.size / RATE / 3600, table, possible)
            self._recordings[listener.name].append(heard)

    def scene(self, scene: StreetScene) -> None:
        """Hear a scene; its samples are forgotten."""
        sounding = tuple((w, s.onset, s.offset) for s in scene.sounding for w in s.words)
        self._files.truth(scene.lines)
        for listener in self._listeners:
            table = listener.hear(scene.samples)
            self._files.scores(listener.name, listener.kinds, scene.order.name, table)
            self._tables[listener.name].append(HeardScene(scene.order.ratio, table, sounding))
        self._scenes.append(scene._replace(samples=scene.samples[:0]))

    def hours(self) -> dict[str, float]:
        """Hours of recordings by sort, each recording once."""
        found: dict[str, float] = defaultdict(float)
        for recording in next(iter(self._recordings.values())):
            found[recording.sort] += recording.hours
        return {sort: round(hours, 5) for sort, hours in found.items()}

    def counted(self, listener: Listener) -> Recogniser:
        """The results of one recogniser."""
        scenes, alone = self._tables[listener.name], self._recordings[listener.name]
        return Recogniser(
            curves={kind: curve(listener, kind, scenes, alone) for kind in listener.kinds},
            exposures={kind: _exposures(listener, kind, alone) for kind in listener.kinds},
            classes=self._classes(listener),
            set_off_by={kind: self._causes(listener, kind) for kind in listener.kinds if _is_hazard(kind)},
            reliability={kind: _reliability(listener, kind, scenes) for kind in listener.kinds if _is_hazard(kind)},
            refusals=refusals(listener, alone),
        )

    def _classes(self, listener: Listener) -> dict[str, dict[str, ClassScores]] | str:
        found: dict[str, dict[str, ClassScores]] = {}
        for ratio in sorted({scene.order.ratio for scene in self._scenes}, reverse=True):
            pairs = zip(self._scenes, self._tables[listener.name], strict=True)
            chosen = [(scene, heard) for scene, heard in pairs if scene.order.ratio == ratio]
            truth = {s.order.name: [(x.onset, x.offset, x.event_label) for x in s.lines] for s, _ in chosen}
            present = {event[2] for events in truth.values() for event in events}
            kinds = [kind for kind in listener.kinds if kind in present]
            columns = [listener.kinds.index(kind) for kind in kinds]
            tables = {
                s.order.name: msgspec.structs.replace(h.table, values=h.table.values[:, columns]) for s, h in chosen
            }
            scores = class_scores(tables, kinds, truth, {kind: listener.threshold(kind) for kind in kinds})
            if isinstance(scores, str):
                return scores
            found[ratio_key(ratio)] = scores
        return found

    def _causes(self, listener: Listener, kind: str) -> dict[str, int]:
        causes: Counter[str] = Counter()
        for scene, heard in zip(self._scenes, self._tables[listener.name], strict=True):
            labels = [(s.label, s.onset, s.offset) for s in scene.sounding]
            causes.update(set_off_by(listener, kind, heard, labels, scene.order.background))
        return dict(causes.most_common())


def _is_hazard(kind: str) -> bool:
    return kind in {hazard.value for hazard in HAZARD_OF.values()}


def _exposures(listener: Listener, kind: str, alone: Sequence[HeardRecording]) -> dict[str, FalseAlarms]:
    """False alarms at the threshold in use, by sort of recording."""
    counts: Counter[str] = Counter()
    hours: dict[str, float] = defaultdict(float)
    for recording in alone:
        if kind not in recording.possible:
            hours[recording.sort] += recording.hours
            counts[recording.sort] += len(listener.begins(kind, recording.table))
    return {sort: FalseAlarms.of(counts[sort], round(hours[sort], 5)) for sort in hours}


def _reliability(listener: Listener, kind: str, scenes: Sequence[HeardScene]) -> Reliability:
    """Over every tick of every scene."""
    column = listener.kinds.index(kind)
    scores = np.concatenate([scene.table.values[:, column] for scene in scenes])
    return reliability(scores, np.concatenate([ticks_with(scene, kind) for scene in scenes]))
