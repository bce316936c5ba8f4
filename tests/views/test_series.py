"""Thinning: means by energy, gaps that stay gaps, and a grid that loses no minute."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from street_day import minute_row

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.boundary.reading import MinuteRow
from clairvoie.errors import InvalidValue
from clairvoie.views.series import energy_mean, tens, thin

START = 1_795_302_000
"""2026-11-22 00:00:00 in Paris."""


def row(minute: int, **fields: Any) -> MinuteRow:
    made = minute_row("mic-1", 0, START)
    assert made is not None
    return msgspec.structs.replace(made, minute=START + 60 * minute, **fields)


@given(st.lists(st.one_of(st.none(), st.floats(min_value=20, max_value=140)), min_size=1, max_size=60))
def test_an_energy_mean_lies_between_its_levels_and_above_their_mean(levels: list[float | None]) -> None:
    known = [level for level in levels if level is not None]
    found = energy_mean(levels)
    if not known:
        assert found is None
        return
    assert found is not None
    assert min(known) - 0.051 <= found <= max(known) + 0.051
    assert found >= sum(known) / len(known) - 0.051


@given(levels=st.lists(st.floats(min_value=20, max_value=140), min_size=30, max_size=30), step=st.sampled_from([5, 15]))
def test_a_thinned_column_is_the_energy_mean_of_its_minutes(levels: list[float], step: int) -> None:
    rows = [row(minute, laeq=level) for minute, level in enumerate(levels)]
    series = thin("mic-1", rows, START, START + 1800, step * 60)
    for index, level in enumerate(series.laeq):
        part = levels[index * step : (index + 1) * step]
        assert level == pytest.approx(10 * math.log10(sum(10 ** (v / 10) for v in part) / step), abs=0.051)
    assert series.minutes == [step] * (30 // step)


def test_a_gap_is_a_gap_and_never_filled() -> None:
    rows = [row(0, laeq=60.0), row(1, laeq=None, l10=None), row(4, laeq=70.0)]
    series = thin("mic-1", rows, START, START + 360, 60)
    assert series.laeq == [60.0, None, None, None, 70.0, None]
    assert series.minutes == [1, 0, 0, 0, 1, 0]
    assert series.stored == [1, 1, 0, 0, 1, 0]
    assert series.l10[1] is None
    assert series.times == [START + 60 * minute for minute in range(6)]


def test_maxima_are_maxima_and_percentiles_are_means() -> None:
    rows = [row(0, lafmax=70.0, lcpeak=90.0, l10=60.0), row(1, lafmax=80.5, lcpeak=None, l10=62.0)]
    series = thin("mic-1", rows, START, START + 120, 120)
    assert (series.lafmax, series.lcpeak, series.l10) == ([80.5], [90.0], [61.0])


def test_shares_of_sources_are_means_over_the_stored_minutes() -> None:
    siren, traffic = NoiseSource.SIREN, NoiseSource.TRAFFIC
    rows = [row(0, sources=((traffic, 0.5), (siren, 0.25))), row(1, sources=((traffic, 1.0),)), row(2, sources=())]
    series = thin("mic-1", rows, START, START + 360, 180)
    assert list(series.sources) == [traffic, siren]
    assert series.sources[traffic] == [0.5, None]
    assert series.sources[siren] == [0.083, None]


def test_octaves_that_are_missing_are_unknown() -> None:
    series = thin("mic-1", [row(0, octaves=())], START, START + 60, 60)
    assert series.octaves == ([None],) * 9


def test_minutes_outside_the_range_do_not_enter_it() -> None:
    series = thin("mic-1", [row(-1), row(0, laeq=60.0), row(2)], START, START + 120, 60)
    assert series.laeq == [60.0, None]


def test_tens_stand_where_they_were_measured() -> None:
    levels = (50.0, None, 52.0, 53.0, 54.0, 55.0)
    assert tens([row(1, tens=levels)], START, START + 180) == [None] * 6 + list(levels) + [None] * 6


def test_nothing_known_is_a_series_of_nothing() -> None:
    series = thin("mic-1", [], START, START + 600, 300)
    assert series.laeq == [None, None]
    assert series.sources == {}


@pytest.mark.parametrize(
    ("start", "end", "step"), [(START, START + 60, 10), (START + 1, START + 61, 60), (START, START, 60)]
)
def test_a_grid_of_part_minutes_is_refused(start: int, end: int, step: int) -> None:
    with pytest.raises(InvalidValue):
        thin("mic-1", [], start, end, step)
