"""What ``listen`` keeps in columns says what the seconds themselves say, and stays small."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.cli.hearing_series import LevelSeries, SourceSeries
from clairvoie.detect.sound.emergence import Interval
from clairvoie.detect.sound.indicators import energy_mean, indicators_of, intermittency_ratio
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.sources import SourceScores

LEVEL = st.none() | st.floats(-90, 140)


def second(number: int, level: float | None, valid: bool) -> SecondLevels:
    laf = (-math.inf if level is None else level,) * 8
    return SecondLevels(number + 1.0, 1.0, level, level, level, level, level, valid, valid and level == 90.0, laf)


@given(st.lists(st.tuples(LEVEL, st.booleans()), max_size=40))
def test_columns_have_the_indicators_of_their_seconds(found: list[tuple[float | None, bool]]) -> None:
    seconds = [second(number, level, valid) for number, (level, valid) in enumerate(found)]
    series = LevelSeries()
    for one in seconds:
        series.append(one)
    totals, expected = series.totals(), indicators_of(seconds, with_rest=True)
    assert totals.indicators.laeq == pytest.approx(expected.laeq)
    assert totals.indicators.percentiles == expected.percentiles
    assert (totals.indicators.lafmax, totals.indicators.valid) == (expected.lafmax, expected.valid)
    assert totals.intermittency == pytest.approx(intermittency_ratio([s.laeq for s in seconds if s.valid]))
    assert series.length == len(seconds)


def test_only_whole_seconds_inside_intervals_count() -> None:
    series = LevelSeries()
    for number, level in enumerate([50.0, 60.0, 70.0, 80.0]):
        series.append(second(number, level, valid=number != 2))
    assert series.inside((Interval(0.5, 4.0),)) == (pytest.approx(energy_mean([(60, 1), (80, 1)])), 2.0)
    assert series.inside((Interval(2.0, 3.0),)) == (None, 0.0)


def test_a_day_is_kept_in_less_than_20_megabytes() -> None:
    series, sources = LevelSeries(), SourceSeries()
    named = SourceScores(1.0, ((NoiseSource.RAIN, 0.9), (NoiseSource.WIND, 0.5), (NoiseSource.WATER, 0.4)))
    for number in range(1000):
        series.append(second(number, 60.0, valid=True))
        sources.append(named)
    held = [*vars(series).values(), *vars(sources).values()]
    assert sum(column.buffer_info()[1] * column.itemsize for column in held) * 86.4 < 20e6


def test_sources_are_found_again() -> None:
    sources = SourceSeries()
    sources.append(SourceScores(1.0, ((NoiseSource.RAIN, 0.5),)))
    sources.append(SourceScores(3.0, ((NoiseSource.DOG, 0.75), (NoiseSource.RAIN, 0.625))))
    assert list(sources) == [(1.0, NoiseSource.RAIN), (3.0, NoiseSource.DOG)]
    assert sources.best() == [(NoiseSource.DOG, 0.75), (NoiseSource.RAIN, 0.625)]
    assert sources.best(0.0, 1.0) == [(NoiseSource.RAIN, 0.5)]
    assert sources.best(1.0, 2.0) == []
    assert sources.shares() == {NoiseSource.RAIN: 1, NoiseSource.DOG: 1}
    assert SourceSeries().best() == []
