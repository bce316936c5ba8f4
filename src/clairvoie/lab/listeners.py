"""Recognisers under test, as one shape: a recording in, a table of scores out, and when each kind begins in it.

Ours begins by the rules of its card (hysteresis, durations); YAMNet, which has none, where a window's score comes to a
threshold. So each is judged as it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.detection import DetectionBegin, DetectionEnd
from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import HAZARD_OUTPUTS, HazardRule
from clairvoie.detect.sound.events import HazardEvents
from clairvoie.detect.sound.sources import LEAST_SCORE
from clairvoie.detect.sound.tagging import TICK_SECONDS, Scores, SoundTagger
from clairvoie.lab.dataset import RATE, Samples
from clairvoie.lab.detection_scores import ScoreTable
from clairvoie.lab.thresholds import leave_of
from clairvoie.lab.trials import scores_of
from clairvoie.lab.yamnet import HOP_SECONDS, SHARED, THRESHOLD, WINDOW, Yamnet

SOURCE_RULE = HazardRule(enter=LEAST_SCORE, leave=LEAST_SCORE, sounding=TICK_SECONDS, gap=1.0)
"""How a source begins, for want of a rule of its own: one tick is enough, a second without it ends it."""


class Begin(NamedTuple):
    """Something begins at ``onset``; ``confidence`` is the greatest score while it lasts."""

    onset: float
    confidence: float


class Listener(Protocol):
    """A recogniser under test."""

    name: str
    kinds: tuple[str, ...]
    """Its columns: hazards by their names, sources by theirs."""

    def hear(self, sound: Samples) -> ScoreTable:
        """Scores of a whole recording at 16 kHz."""
        ...

    def begins(self, kind: str, table: ScoreTable, enter: float | None = None) -> list[Begin]:
        """Where ``kind`` begins, at the threshold in use or at another."""
        ...

    def threshold(self, kind: str) -> float:
        """The threshold in use."""
        ...


class Ours:
    """The recogniser of the package, or one with a card beside it."""

    def __init__(self, tagger: SoundTagger) -> None:
        self.name = "Clairvoie"
        self._tagger = tagger
        self.hazards = tuple(kind.value for kind in HAZARD_OUTPUTS)
        taken = set(HAZARD_OUTPUTS.values())
        self.sources = tuple(source.value for source in tagger.card.sources)
        self.kinds = (*self.hazards, *(name for name in self.sources if name not in self.hazards))
        self._also = {name for name in self.sources if name in taken}

    def hear(self, sound: Samples) -> ScoreTable:
        """A row for each tenth of a second."""
        ticks = scores_of(self._tagger, sound)
        values = [
            [*(t.hazards[HazardKind(k)] for k in self.hazards), *(t.sources[s] for s in self._tagger.card.sources)]
            for t in ticks
        ]
        edges = np.arange(len(ticks) + 1, dtype=np.float64) * TICK_SECONDS
        if len(ticks):
            edges[-1] = max(edges[-1], sound.size / RATE)
        return ScoreTable(edges, np.array(values, dtype=np.float32).reshape(len(ticks), len(self.kinds)))

    def begins(self, kind: str, table: ScoreTable, enter: float | None = None) -> list[Begin]:
        """By the rule of the card, the lower threshold following the upper one."""
        rule = self._tagger.card.rules[HazardKind(kind)] if kind in self.hazards else SOURCE_RULE
        if enter is not None:
            rule = msgspec.structs.replace(rule, enter=enter, leave=leave_of(enter))
        return begins_of(rule, table.values[:, self.kinds.index(kind)])

    def threshold(self, kind: str) -> float:
        """Of the card for hazards; for sources what names one."""
        return self._tagger.card.rules[HazardKind(kind)].enter if kind in self.hazards else LEAST_SCORE


class Other:
    """YAMNet, for the kinds that both know."""

    _HAZARDS: Mapping[str, str] = {kind.value: output for kind, output in HAZARD_OUTPUTS.items()}

    def __init__(self, model: Yamnet) -> None:
        self.name = "YAMNet"
        self._model = model
        self._order = tuple(SHARED)
        self.kinds = tuple(dict.fromkeys((*self._HAZARDS, *self._order)))
        self._columns = [self._order.index(self._HAZARDS.get(kind, kind)) for kind in self.kinds]

    def hear(self, sound: Samples) -> ScoreTable:
        """A row for each step of 0.48 s; the last lasts as long as its window."""
        values = self._model.shared(sound)[:, self._columns]
        edges = np.arange(values.shape[0] + 1, dtype=np.float64) * HOP_SECONDS
        edges[-1] = max(edges[-2] + WINDOW / RATE, sound.size / RATE)
        return ScoreTable(edges, values)

    def begins(self, kind: str, table: ScoreTable, enter: float | None = None) -> list[Begin]:
        """Windows whose score comes to the threshold, with the greatest score of those that follow without a break."""
        column = table.values[:, self.kinds.index(kind)]
        above = np.concatenate([[False], column >= (THRESHOLD if enter is None else enter), [False]]).astype(np.int8)
        change = np.diff(above)
        runs = zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)
        return [Begin(float(table.edges[a]), float(column[a:b].max())) for a, b in runs]

    def threshold(self, kind: str) -> float:
        """The usual one."""
        return THRESHOLD


def begins_of(rule: HazardRule, column: NDArray[np.float32]) -> list[Begin]:
    """Detections in the scores of one kind, by the node's own code, fed only with what can matter to it."""
    kind = HazardKind.GLASS_BREAKING
    after = int(np.ceil(rule.gap / TICK_SECONDS)) + 2
    loud = np.flatnonzero(column >= rule.leave)
    if loud.size == 0 or float(column.max()) < rule.enter:
        return []
    ticks = np.unique((loud[:, None] + np.arange(after)).ravel())
    events, onsets, found = HazardEvents({kind: rule}), {}, []
    claims = [
        claim
        for tick in ticks[ticks < column.size].tolist()
        for claim in events.feed(
            Scores((tick + 1) * TICK_SECONDS, TICK_SECONDS, {kind: float(column[tick])}, {}, 0.0), 0.0, 0.0
        )
    ]
    for claim in (*claims, *events.finish()):
        if isinstance(claim, DetectionBegin):
            onsets[claim.local] = claim.onset
        elif isinstance(claim, DetectionEnd):
            found.append(Begin(onsets[claim.local], claim.confidence))
    return sorted(found)
