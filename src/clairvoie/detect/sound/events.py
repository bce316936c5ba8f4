"""From scores to detections: a hazard begins and ends by hysteresis. A pure state machine: ticks in, claims out.

Glass needs a fifth of a second; an alarm ten seconds, with pauses of up to three inside it; a horn five seconds. A
firework is two bangs or more within three seconds of one another, or one sound that lasts (a whistle, a crackling):
that is, its score enters twice, or sounds for 1.2 s in all. The numbers stand in the model card. A claim is never
withdrawn, and nothing but time and the hazard's own score decides: voices and noise sources are not looked at.

>>> rule = HazardRule(enter=0.5, leave=0.3, sounding=0.2, gap=0.5)
>>> events = HazardEvents({HazardKind.GLASS_BREAKING: rule})
>>> def heard(time, score):
...     tick = Scores(time, 0.1, {HazardKind.GLASS_BREAKING: score}, {}, 0.0)
...     return [type(claim).__name__ for claim in events.feed(tick, level=70.0, clock_sigma=0.01)]
>>> heard(1.0, 0.4), heard(1.1, 0.9), heard(1.2, 0.9), heard(1.3, 0.1), heard(1.9, 0.1)
([], ['DetectionBegin'], [], [], ['DetectionEnd'])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clairvoie.boundary.detection import DetectionBegin, DetectionEnd
from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import HazardRule
from clairvoie.detect.sound.tagging import Scores

HazardClaim = DetectionBegin | DetectionEnd
SLACK = 1e-6
"""Seconds: sums of ticks are not exact in binary."""


@dataclass(slots=True)
class _Candidate:
    """A hazard that may be beginning, or has begun as ``local``."""

    onset: float
    last: float
    confidence: float
    level: float
    sounding: float = 0.0
    times: int = 0
    inside: bool = False
    local: int | None = None


class HazardEvents:
    """Follows the hazards of one stream; ``first`` is the number of its first detection."""

    def __init__(self, rules: Mapping[HazardKind, HazardRule], first: int = 0) -> None:
        self._rules = dict(rules)
        self._next = first
        self._open: dict[HazardKind, _Candidate] = {}

    def feed(self, scores: Scores, level: float, clock_sigma: float) -> list[HazardClaim]:
        """Claims after this tick. ``level`` is the LAFmax of the tick in dB; ``clock_sigma`` that of its time."""
        claims: list[HazardClaim] = []
        for kind, rule in self._rules.items():
            candidate = self._heard(kind, rule, scores, level)
            if candidate is None:
                continue
            if candidate.local is None and _begins(candidate, rule):
                candidate.local = self._next
                self._next += 1
                claims.append(_begin(kind, candidate, clock_sigma))
            if scores.time - candidate.last >= rule.gap - SLACK:
                claims += self._end(kind)
        return claims

    def finish(self) -> list[HazardClaim]:
        """End what is open, at the end of a recording or before a gap, where it was last heard."""
        return [claim for kind in tuple(self._open) for claim in self._end(kind)]

    def _heard(self, kind: HazardKind, rule: HazardRule, scores: Scores, level: float) -> _Candidate | None:
        score = scores.hazards.get(kind, 0.0)
        candidate = self._open.get(kind)
        start = scores.time - scores.seconds
        if candidate is None:
            if score < rule.leave:
                return None
            candidate = self._open[kind] = _Candidate(max(0.0, start), scores.time, score, level)
        if score >= rule.leave:
            candidate.last = scores.time
            candidate.sounding += scores.seconds
            candidate.confidence = max(candidate.confidence, score)
            candidate.level = max(candidate.level, level)
            if score >= rule.enter and not candidate.inside:
                candidate.times += 1
                candidate.inside = True
        else:
            candidate.inside = False
            if candidate.times == 0:  # it never entered, so nothing was heard
                del self._open[kind]
                return None
        return candidate

    def _end(self, kind: HazardKind) -> list[HazardClaim]:
        candidate = self._open.pop(kind)
        if candidate.local is None:
            return []
        return [
            DetectionEnd(
                local=candidate.local,
                kind=kind,
                offset=candidate.last,
                confidence=min(1.0, candidate.confidence),
                level=candidate.level,
            )
        ]


def _begins(candidate: _Candidate, rule: HazardRule) -> bool:
    if candidate.times == 0:
        return False
    lasting = candidate.sounding >= rule.sounding - SLACK and candidate.last - candidate.onset >= rule.span - SLACK
    return lasting or 0 < rule.times <= candidate.times


def _begin(kind: HazardKind, candidate: _Candidate, clock_sigma: float) -> DetectionBegin:
    if candidate.local is None:
        raise AssertionError("a detection has a number before it is said")
    return DetectionBegin(
        local=candidate.local,
        kind=kind,
        onset=candidate.onset,
        confidence=min(1.0, candidate.confidence),
        level=candidate.level,
        clock_sigma=clock_sigma,
    )
