"""What the gate makes of an hour: coarse codes, or no value where a second of it was not permitted."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clairvoie.boundary.authorisation import Hours, ObservationKind, Suspension
from clairvoie.boundary.bulletin import HourIndicators
from clairvoie.boundary.detection import HourNoise
from clairvoie.egress.authority import Rules
from clairvoie.egress.budget import EVENT_DEPTH, SCHEDULED_DEPTH, Budget
from clairvoie.egress.gate import tick
from clairvoie.egress.state import GateState
from clairvoie.errors import InvalidValue

from .conftest import EVERYTHING, START, leave_of, standing_on

FULL = GateState(sensor="mic-1", second=START - 1, budget=Budget(scheduled=SCHEDULED_DEPTH, events=EVENT_DEPTH))


def hour(**changes: Any) -> HourNoise:
    known = HourNoise(end=START, harmonica=5.3, intermittency=41.0, events=12, coverage=0.98)
    return replace(known, **changes)


def said_of(claim: HourNoise, rules: Rules | None = None) -> HourIndicators:
    """The hour as it leaves, claimed as soon as it is over."""
    rules = leave_of() if rules is None else rules
    heard = tick(rules, FULL, START, [claim])
    assert heard.refused == ()
    release = tick(rules, heard.state, START + 45, ())
    assert release.bulletin is not None
    (part,) = release.bulletin.scheduled
    assert isinstance(part, HourIndicators)
    return part


@pytest.mark.parametrize(
    ("claim", "codes"),
    [
        (hour(harmonica=None), (0, 42, 13, 8)),
        (hour(harmonica=10.0, intermittency=100.0, events=7200, coverage=1.0), (101, 101, 63, 8)),
        (hour(harmonica=0.04, intermittency=0.4, events=0, coverage=0.75), (1, 1, 1, 6)),
        (hour(harmonica=None, intermittency=None, events=None, coverage=0.07), (0, 0, 0, 1)),
        (hour(harmonica=None, intermittency=None, events=None, coverage=0.06), (0, 0, 0, 0)),
    ],
)
def test_an_hour_leaves_coarse_and_what_is_not_known_as_no_value(claim: HourNoise, codes: tuple[int, ...]) -> None:
    part = said_of(claim)
    assert (part.harmonica, part.intermittency, part.events, part.coverage) == codes


def test_of_a_part_of_an_hour_nothing_can_be_claimed_but_how_much_there_was() -> None:
    for field in ({"harmonica": 5.0}, {"intermittency": 40.0}, {"events": 3}):
        with pytest.raises(InvalidValue, match="75% of it"):
            HourNoise(**{"end": START, "harmonica": None, "intermittency": None, "events": None, **field}, coverage=0.7)


def acting(**changes: Any) -> Rules:
    return leave_of(replace(EVERYTHING, **changes))


@pytest.mark.parametrize(
    ("rules", "whole"),
    [
        (leave_of(since=START - 3600), True),
        (leave_of(since=START - 3599), False),
        (acting(starts=START - 3600), True),
        (acting(starts=START - 1), False),
        (acting(hours=(Hours(start="08:00", end="10:00"),)), True),
        (acting(hours=(Hours(start="08:30", end="10:00"),)), False),
        (acting(observations=tuple(kind for kind in ObservationKind if kind is not ObservationKind.LEVELS)), False),
    ],
    ids=["leave", "leave in it", "act", "act in it", "hours", "hours in it", "no levels"],
)
def test_an_hour_leaves_only_if_levels_were_permitted_in_all_of_it(rules: Rules, whole: bool) -> None:
    """START is 9 o'clock in the site's time."""
    codes = (54, 42, 13, 8) if whole else (0, 0, 0, 0)
    part = said_of(hour(), rules)
    assert (part.harmonica, part.intermittency, part.events, part.coverage) == codes


def test_an_hour_that_waits_is_gone_when_levels_are_suspended_before_it_leaves() -> None:
    heard = tick(leave_of(), FULL, START, [hour()])
    suspension = Suspension(
        deployment="town", authorisation=f"{1:064x}", since=START + 20, reason="law",
        observations=(ObservationKind.LEVELS,),
    )  # fmt: skip
    act = replace(standing_on(EVERYTHING).acts[0], suspensions=(suspension,))
    release = tick(leave_of(act, now=START + 45), heard.state, START + 45, ())
    assert release.bulletin is not None
    assert release.bulletin.scheduled == (HourIndicators(harmonica=0, intermittency=0, events=0, coverage=0),)
