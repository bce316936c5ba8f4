"""What a second and a minute are attributed to; a withheld sound leaves nothing in its place."""

from __future__ import annotations

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.detect.sound.sources import SourceTally
from clairvoie.detect.sound.tagging import Scores

TRAFFIC, SIREN, RAIN, DOG = NoiseSource.TRAFFIC, NoiseSource.SIREN, NoiseSource.RAIN, NoiseSource.DOG


def ticks(start: float, count: int, scores: dict[NoiseSource, float], withheld: float = 0.0) -> list[Scores]:
    return [Scores(start + 0.1 * (n + 1), 0.1, {}, scores, withheld) for n in range(count)]


def test_the_best_sources_of_a_second_come_first() -> None:
    tally = SourceTally()
    tally.feed(ticks(0.0, 10, {TRAFFIC: 0.5, SIREN: 0.9, RAIN: 0.01}))
    named = tally.end_second(1.0)
    assert named is not None
    assert [source for source, _ in named.top] == [SIREN, TRAFFIC]


def test_a_withheld_sound_leaves_nothing_in_its_place() -> None:
    tally = SourceTally()
    for voice in (0.8, 0.5, 0.25):
        tally.feed(ticks(0.0, 10, {TRAFFIC: 0.5}, withheld=voice))
        assert tally.end_second(1.0) is None
        assert tally.end_period(60.0) == ()
    tally.feed(ticks(0.0, 10, {TRAFFIC: 0.5}, withheld=0.24))
    assert tally.end_second(1.0) is not None


def test_a_minute_names_three_sources_with_their_shares() -> None:
    tally = SourceTally()
    for start, source, seconds in ((0, TRAFFIC, 30), (30, SIREN, 10), (40, RAIN, 8), (48, DOG, 5)):
        tally.feed(ticks(float(start), seconds * 10, {source: 0.8}))
    for second in range(1, 61):
        tally.end_second(float(second))
    named = dict(tally.end_period(60.0))
    assert list(named) == [TRAFFIC, SIREN, RAIN]
    assert abs(named[TRAFFIC] - 0.5) < 0.01
    assert tally.end_period(60.0) == ()


def test_ticks_wait_for_their_second() -> None:
    tally = SourceTally()
    tally.feed(ticks(0.0, 20, {SIREN: 0.9}))
    assert tally.end_second(0.0) is None
    assert tally.end_second(1.0) is not None
    assert tally.end_second(2.0) is not None
    assert tally.end_second(3.0) is None


def test_a_tick_without_sources_is_no_source() -> None:
    tally = SourceTally()
    tally.feed(ticks(0.0, 10, {}))
    assert tally.end_second(1.0) is None
