"""Which noise sources a second and a minute are attributed to, from the recogniser's scores.

Ticks in which a withheld sound scores half of what the best source does are attributed to nothing, which reads like
"nothing known"; nothing is put in its place. Half, since in doubt it is a voice: of speech that the packaged model had
not learned a source was named in 15 % of the ticks when a withheld sound had to score as much, and in 8 % so; of ticks
in which a held-out sound was named rightly 4 % are lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.detect.sound.tagging import Scores

LEAST_SCORE = 0.35
"""A source scoring less is not named."""
LEAST_SHARE = 1 / 16
"""A source dominating less of the minute is not named: the gate's smallest step is an eighth."""
MOST_NAMED = 3
WITHHELD_SHARE = 0.5
"""Of the best source's score: from there on a withheld sound keeps the tick to itself."""


def withholds(tick: Scores, score: float) -> bool:
    """Whether a withheld sound keeps this tick from a source that scores ``score``."""
    return tick.withheld >= WITHHELD_SHARE * score


@dataclass(frozen=True, slots=True)
class SourceScores:
    """The best sources of the second that ends at ``t``, best first. For ``listen`` and ``lab``; no pipe carries it."""

    t: float
    top: tuple[tuple[NoiseSource, float], ...]


class SourceTally:
    """Collects ticks into seconds and minutes."""

    def __init__(self) -> None:
        self._waiting: deque[Scores] = deque()
        self._seconds: dict[NoiseSource, float] = {}

    def feed(self, scores: Iterable[Scores]) -> None:
        """Add ticks, in order of time."""
        self._waiting.extend(scores)

    def end_second(self, t_end: float) -> SourceScores | None:
        """Attribute the ticks until ``t_end``; ``None`` when no source is to be named."""
        sums: dict[NoiseSource, float] = {}
        total = 0.0
        while self._waiting and self._waiting[0].time <= t_end + 1e-6:
            tick = self._waiting.popleft()
            total += tick.seconds
            if not tick.sources:
                continue
            best = max(tick.sources, key=tick.sources.__getitem__)
            score = tick.sources[best]
            if withholds(tick, score):
                continue
            for source, value in tick.sources.items():
                sums[source] = sums.get(source, 0.0) + value * tick.seconds
            if score >= LEAST_SCORE:
                self._seconds[best] = self._seconds.get(best, 0.0) + tick.seconds
        means = sorted(((s, v / total) for s, v in sums.items()), key=lambda item: -item[1])
        top = tuple((s, v) for s, v in means[:MOST_NAMED] if v >= LEAST_SCORE)
        return SourceScores(t_end, top) if top else None

    def end_period(self, seconds: float) -> tuple[tuple[NoiseSource, float], ...]:
        """Sources with the share of ``seconds`` that each dominated, at most three, greatest first; then start anew."""
        shares = sorted(((s, min(1.0, v / seconds)) for s, v in self._seconds.items()), key=lambda item: -item[1])
        self._seconds = {}
        return tuple((s, v) for s, v in shares[:MOST_NAMED] if v >= LEAST_SHARE)
