"""Hysteresis by transcripts: scores at a tenth of a second in, claims out."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.detection import DetectionBegin, DetectionEnd
from clairvoie.boundary.hazards import HazardKind
from clairvoie.detect.sound.card import HazardRule
from clairvoie.detect.sound.events import HazardClaim, HazardEvents
from clairvoie.detect.sound.tagging import Scores

GLASS = HazardKind.GLASS_BREAKING
RULES = {
    GLASS: HazardRule(enter=0.6, leave=0.3, sounding=0.2, gap=1.0),
    HazardKind.FIREWORK: HazardRule(enter=0.6, leave=0.3, sounding=1.2, gap=3.0, times=2),
    HazardKind.ALARM_SOUNDING: HazardRule(enter=0.6, leave=0.3, sounding=3.0, gap=3.0, span=10.0),
    HazardKind.SUSTAINED_HORN: HazardRule(enter=0.6, leave=0.3, sounding=4.0, gap=0.7, span=5.0),
}


def play(kind: HazardKind, scores: Iterable[float], level: float = 70.0, withheld: float = 0.0) -> list[HazardClaim]:
    events = HazardEvents(RULES)
    claims: list[HazardClaim] = []
    for number, score in enumerate(scores, start=1):
        claims += events.feed(Scores(number / 10, 0.1, {kind: score}, {}, withheld), level, 0.002)
    return claims + events.finish()


def lasting(*parts: tuple[float, float]) -> list[float]:
    return [score for score, seconds in parts for _ in range(round(seconds * 10))]


def spans(claims: list[HazardClaim]) -> list[tuple[float, float]]:
    begins = [c.onset for c in claims if isinstance(c, DetectionBegin)]
    ends = [c.offset for c in claims if isinstance(c, DetectionEnd)]
    return [(round(a, 3), round(b, 3)) for a, b in zip(begins, ends, strict=True)]


@pytest.mark.parametrize(
    ("kind", "scores", "expected"),
    [
        (GLASS, lasting((0.1, 1), (0.9, 0.4), (0.1, 2)), [(1.0, 1.4)]),
        (GLASS, lasting((0.1, 1), (0.9, 0.1), (0.1, 2)), []),
        (GLASS, lasting((0.5, 5)), []),
        (GLASS, lasting((0.4, 0.3), (0.9, 0.2), (0.4, 0.3), (0.0, 2)), [(0.0, 0.8)]),
        (GLASS, lasting((0.9, 0.3), (0.0, 0.8), (0.9, 0.3), (0.0, 2)), [(0.0, 1.4)]),
        (GLASS, lasting((0.9, 0.3), (0.0, 1.2), (0.9, 0.3), (0.0, 2)), [(0.0, 0.3), (1.5, 1.8)]),
        (HazardKind.FIREWORK, lasting((0.9, 0.3), (0.0, 4)), []),
        (HazardKind.FIREWORK, lasting((0.9, 0.3), (0.0, 1), (0.9, 0.3), (0.0, 4)), [(0.0, 1.6)]),
        (HazardKind.FIREWORK, lasting((0.9, 0.3), (0.0, 3.2), (0.9, 0.3), (0.0, 4)), []),
        (HazardKind.FIREWORK, lasting((0.9, 1.3), (0.0, 4)), [(0.0, 1.3)]),
        (HazardKind.ALARM_SOUNDING, lasting((0.9, 9.8), (0.0, 4)), []),
        (HazardKind.ALARM_SOUNDING, lasting(*((0.9, 0.5), (0.0, 0.5)) * 11), [(0.0, 10.5)]),
        (HazardKind.ALARM_SOUNDING, lasting(*((0.9, 1.5), (0.0, 2.5)) * 3), []),
        (HazardKind.ALARM_SOUNDING, lasting(*((0.9, 1.5), (0.0, 2.5)) * 4), [(0.0, 13.5)]),
        (HazardKind.SUSTAINED_HORN, lasting((0.9, 4.9), (0.0, 2)), []),
        (HazardKind.SUSTAINED_HORN, lasting((0.9, 5.2), (0.0, 2)), [(0.0, 5.2)]),
        (HazardKind.SUSTAINED_HORN, lasting(*((0.9, 1.0), (0.0, 1.0)) * 6), []),
    ],
)
def test_transcript(kind: HazardKind, scores: list[float], expected: list[tuple[float, float]]) -> None:
    assert spans(play(kind, scores)) == expected


def test_a_begin_comes_as_soon_as_its_rule_is_met_and_says_what_is_known_by_then() -> None:
    events = HazardEvents(RULES, first=41)
    ticks = [(1.0, 0.7, 60.0), (1.1, 0.8, 66.0), (1.2, 0.95, 72.0), (1.3, 0.1, 80.0)]
    told = [events.feed(Scores(t, 0.1, {GLASS: s}, {}, 0.0), level, 0.002) for t, s, level in ticks]
    [begin] = told[1]
    assert begin == DetectionBegin(local=41, kind=GLASS, onset=0.9, confidence=0.8, level=66.0, clock_sigma=0.002)
    assert told[0] == told[2] == told[3] == []
    assert events.finish() == [DetectionEnd(local=41, kind=GLASS, offset=1.2, confidence=0.95, level=72.0)]
    assert events.finish() == []


def test_a_gap_longer_than_the_rule_ends_what_was_open() -> None:
    events = HazardEvents(RULES)
    for t in (1.0, 1.1):
        events.feed(Scores(t, 0.1, {GLASS: 0.9}, {}, 0.0), 60.0, 0.0)
    [end] = events.feed(Scores(60.0, 0.1, {GLASS: 0.0}, {}, 0.0), 60.0, 0.0)
    assert isinstance(end, DetectionEnd)
    assert end.offset == pytest.approx(1.1)


@given(st.lists(st.floats(0, 1), max_size=80))
def test_a_voice_never_changes_what_is_said_of_a_hazard(scores: list[float]) -> None:
    assert play(GLASS, scores, withheld=1.0) == play(GLASS, scores)


@given(st.sampled_from(sorted(RULES)), st.lists(st.floats(0, 1), max_size=200))
def test_every_begin_has_one_end_after_it_and_numbers_count_up(kind: HazardKind, scores: list[float]) -> None:
    claims = play(kind, scores)
    assert [type(c) for c in claims] == [DetectionBegin, DetectionEnd] * (len(claims) // 2)
    assert [c.local for c in claims] == [n for n in range(len(claims) // 2) for _ in range(2)]
    for begin, end in zip(claims[::2], claims[1::2], strict=True):
        assert isinstance(begin, DetectionBegin)
        assert isinstance(end, DetectionEnd)
        assert begin.onset < end.offset
        assert RULES[kind].enter <= begin.confidence <= end.confidence
