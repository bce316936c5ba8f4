"""Outcomes: the counts add up, and the interval is the exact one."""

from __future__ import annotations

import re

import pytest
from fake_desk import FakeDesk
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from serve_desk import application
from visitor import Visitor

from clairvoie.boundary.hazards import HazardKind
from clairvoie.views.outcomes import exact_interval, tally


@given(trials=st.integers(min_value=1, max_value=400), data=st.data())
def test_the_interval_is_that_of_scipy(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(min_value=0, max_value=trials))
    expected = binomtest(successes, trials).proportion_ci(method="exact")
    assert exact_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_kinds_add_up_to_the_total(desk: FakeDesk) -> None:
    incidents, misses = desk.incidents(), desk.misses()
    total = tally(None, incidents, misses)
    kinds = [tally(kind, incidents, misses) for kind in HazardKind]
    for name in ("waiting", "confirmed", "false_alarm", "not_verifiable", "missed"):
        assert sum(getattr(one, name) for one in kinds) == getattr(total, name)
    assert total.waiting + total.confirmed + total.false_alarm + total.not_verifiable == len(incidents)


def test_the_table_shows_shares_with_their_intervals(john: Visitor, jeanne: Visitor) -> None:
    english = " ".join(re.sub(r"<[^>]+>", " ", john.get("/outcomes").text).split())
    french = " ".join(re.sub(r"<[^>]+>", " ", jeanne.get("/outcomes").text).split())
    assert "Fireworks 1 0 0 0 0 1 of 1 3 to 100%" in english
    assert "All 1 1 0 3 1 1 of 2 1 to 99%" in english
    assert "Ensemble 1 1 0 3 1 1 sur 2 1 à 99 %" in french


def test_nothing_yet_reads_as_nothing_yet() -> None:
    answer = Visitor(application(FakeDesk(empty=True)), language="en").get("/outcomes")
    assert "There has been no incident yet, and no miss was reported." in answer.text
