"""The budget: never below nothing, never above its depth, and nothing comes of time that stands still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.bulletin import BITS_PER_SECOND, BURST_BITS, Charge
from clairvoie.egress.budget import Budget
from clairvoie.errors import EgressError, InvalidValue

spendings = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 400_000), st.integers(0, 800_000)), max_size=50)


@given(spendings=spendings)
def test_no_stretch_of_time_costs_more_than_the_burst_and_the_rate(spendings: list[tuple[int, int, int]]) -> None:
    budget, now = Budget(), 0
    paid: list[tuple[int, int]] = []
    for elapsed, scheduled, events in spendings:
        now += elapsed
        budget = budget.refilled(elapsed)
        wish = Charge(scheduled=scheduled, events=events)
        if budget.holds(wish):
            budget = budget.charged(wish)
            paid.append((now, wish.total))
    for first, (begin, _) in enumerate(paid):
        total = 0
        for end, cost in paid[first:]:
            total += cost
            assert total <= (BURST_BITS + BITS_PER_SECOND * (end - begin)) * 1000


def test_a_lost_budget_is_empty() -> None:
    assert (Budget().scheduled, Budget().events) == (0, 0)


def test_time_that_runs_backwards_adds_nothing() -> None:
    budget = Budget(scheduled=1000, events=2000)
    assert budget.refilled(-10) == budget


def test_more_than_is_there_cannot_be_paid() -> None:
    with pytest.raises(EgressError, match="more than"):
        Budget(scheduled=10, events=10).charged(Charge(scheduled=11, events=0))


@pytest.mark.parametrize("wrong", [-1, 300_001])
def test_no_bucket_holds_less_than_nothing_or_more_than_its_depth(wrong: int) -> None:
    with pytest.raises(InvalidValue):
        Budget(scheduled=wrong)
