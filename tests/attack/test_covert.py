"""Covert channels: what a hostile analyser gets past the gate to an accomplice stays under the bound."""

from __future__ import annotations

import subprocess
from typing import cast

import pytest

from clairvoie.lab.covert import HOUR, Capacity, Trick, bound, measure, score, table
from clairvoie.lab.tricks import TRICKS, Everything, Flood, Order, Values
from clairvoie.node.processes import LONGEST_DELAY, SHORT_LIFE, Child

WORTHLESS = (Order,)
"""Tricks that the gate leaves nothing of: it sorts."""


@pytest.fixture(scope="module")
def measured() -> dict[type[Trick], Capacity]:
    """Each trick against the gate for one simulated hour."""
    return {}


@pytest.mark.parametrize("kind", TRICKS, ids=lambda kind: kind.name)
def test_no_more_arrives_than_is_stated(kind: type[Trick], measured: dict[type[Trick], Capacity]) -> None:
    found = measured[kind] = measure(kind(), HOUR)
    assert found.charged <= bound(HOUR)
    assert found.arrived <= bound(HOUR)
    assert found.arrived <= found.charged
    assert (found.arrived > 0) is (kind not in WORTHLESS), "the accomplice cannot read what this trick hides"
    print(table([found]))  # noqa: T201  (shown with -s)


def test_the_measure_finds_a_channel_where_there_is_one() -> None:
    """The same trick without a gate: whoever reads the claims themselves gets far more than the bound."""
    trick = Flood()
    for second in range(600):
        trick.claims(second)
    open_door = score(trick, trick.sent, 600, 0.0)
    assert open_door.arrived == open_door.offered > 5 * bound(600)
    assert not open_door.holds


def test_symbols_that_are_guessed_are_worth_nothing() -> None:
    trick = Values()
    for second in range(0, 600, 10):
        trick.claims(second)
    wrong = {key: (value + 1) % trick.sizes[key] for key, value in trick.sent.items()}
    assert score(trick, wrong, 600, 0.0).arrived == 0.0


def test_two_seeds_of_the_richest_trick_stay_under_the_bound_from_the_first_minute_on() -> None:
    for seed in (3, 4):
        assert measure(Everything(seed), 60).holds


class Ended:
    """A process that has ended with a fault."""

    pid = 1

    def poll(self) -> int:
        return 1


@pytest.mark.parametrize(("life", "most"), [(0.0, 130), (SHORT_LIFE, 1440)])
def test_an_analyser_that_crashes_on_purpose_waits(life: float, most: int) -> None:
    """How often in an hour it can be seen to be gone; each time that it had a hazard open costs it an end event."""
    starts, now = 0, 0.0
    child = Child("analyser", lambda: cast("subprocess.Popen[bytes]", Ended()))
    while now < HOUR:
        child.start(now)
        starts += 1
        now += life
        assert child.ended(now) == 1
        assert now < child.due <= now + LONGEST_DELAY
        now = child.due
    assert starts <= most
