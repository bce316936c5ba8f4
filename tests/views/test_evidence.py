"""Evidence claims silence only of sensors whose record of that minute is stored."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.sensor import Place
from clairvoie.views.evidence import evidence, levels_around, metres_between


def test_only_sensors_with_a_record_count_as_having_heard_nothing(desk: FakeDesk) -> None:
    found = evidence(desk, desk.kept[5])
    assert found.heard == ("mic-marche", "mic-lavoir", "mic-fontaine")
    assert set(found.unmoved) == {"mic-halles", "mic-ecluse"}
    assert found.spread == pytest.approx(0.2)
    desk.silent_sensors.add("mic-halles")
    assert evidence(desk, desk.kept[5]).unmoved == ("mic-ecluse",)


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    south, north = Place(latitude=47.0, longitude=2.0), Place(latitude=48.0, longitude=2.0)
    assert metres_between(south, north) == pytest.approx(111_320)


@given(onset=st.floats(min_value=1e9, max_value=2e9))
def test_thirteen_stretches_surround_the_onset_and_exactly_one_holds_it(onset: float) -> None:
    around = levels_around((), onset)
    assert len(around) == 13
    assert [bar.during for bar in around] == [False] * 6 + [True] + [False] * 6
    assert all(bar.laeq is None for bar in around)


def test_levels_come_from_the_minute_that_holds_them(desk: FakeDesk) -> None:
    incident = desk.kept[5]
    rows = desk.levels("mic-marche", incident.onset - 180, incident.onset + 120)
    by_start = {row.minute + 10 * index: value for row in rows for index, value in enumerate(row.tens)}
    assert [bar.laeq for bar in levels_around(rows, incident.onset)] == [
        by_start.get(bar.start) for bar in levels_around(rows, incident.onset)
    ]
    assert any(bar.laeq is not None for bar in levels_around(rows, incident.onset))
