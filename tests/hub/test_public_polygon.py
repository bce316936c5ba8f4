"""Positions outside the public polygon are discarded at the hub and counted; no incident is ever shown there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from hub_street import (
    LEAVE,
    METRE,
    NOW,
    Running,
    Street,
    authorisation,
    begin,
    end,
    give_leave,
    impulse,
    settings_at,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clairvoie.boundary.authorisation import Denial, Point, inside
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.life import SensorState
from clairvoie.hub.enrolment import Active
from clairvoie.hub.lives import Lives

WEST, EAST = 1.99, 2.01


def strip(south: float, north: float) -> tuple[Point, ...]:
    """Everything between two parallels, in metres north of ``mic-a``."""
    low, high = 48.0 + south * METRE, 48.0 + north * METRE
    return ((low, WEST), (low, EAST), (high, EAST), (high, WEST))


def with_a_notch(south: float, north: float) -> tuple[Point, ...]:
    """Like :func:`strip` from 50 m south to 250 m north, but for a notch around the microphones' own meridian."""
    corners = [(-50.0, WEST), (-50.0, EAST), (250.0, EAST), (250.0, WEST)]
    notch = [(north, WEST), (north, 2.001), (south, 2.001), (south, WEST)]
    return tuple((48.0 + metres * METRE, longitude) for metres, longitude in (*corners, *notch))


@contextmanager
def hub_within(tmp_path: Path, polygon: tuple[Point, ...]) -> Iterator[Running]:
    with Running.of(settings_at(tmp_path, authorisation(polygon=polygon)), Street()) as running:
        yield running


def outside(running: Running) -> int:
    return sum(count.count for count in running.desk.discarded() if count.why is Denial.PLACE)


def test_a_sensor_outside_opens_and_joins_nothing(tmp_path: Path) -> None:
    with hub_within(tmp_path, strip(50, 300)) as running:
        running.store(running.street.events("mic-a", begin(1)))
        assert running.desk.incidents() == ()
        assert len(running.desk.detections(start=0, end=2**33)) == 1, "that it heard something is not a position"
        running.store(running.street.events("mic-b", begin(1)), running.street.events("mic-a", begin(2)))
        (incident,) = running.desk.incidents()
        assert incident.sensors == ("mic-b",)
        assert outside(running) == 2


def test_a_bang_from_outside_supports_nothing(tmp_path: Path) -> None:
    with hub_within(tmp_path, strip(50, 300)) as running:
        running.store(running.street.events("mic-a", impulse(1)), running.street.events("mic-b", begin(1)))
        assert running.desk.incidents()[0].sensors == ("mic-b",)
        assert outside(running) == 1


def test_what_would_move_an_incident_outside_does_not_join_it(tmp_path: Path) -> None:
    """Both microphones stand inside; the mean of their places would not."""
    with hub_within(tmp_path, with_a_notch(60, 140)) as running:
        running.store(running.street.events("mic-a", begin(1, level=80.0)))
        running.store(running.street.events("mic-c", begin(1, level=80.0)))
        (incident,) = running.desk.incidents()
        assert (incident.sensors, incident.place.words) == (("mic-a",), "lamp mic-a")
        assert [line.kind for line in incident.history] == ["opened"]
        assert outside(running) == 1


def test_an_end_that_would_move_it_outside_leaves_it_where_it_is(tmp_path: Path) -> None:
    with hub_within(tmp_path, with_a_notch(60, 140)) as running:
        running.store(running.street.events("mic-a", begin(1, level=100.0)))
        running.store(running.street.events("mic-c", begin(1, level=60.0, confidence=0.5)))
        (before,) = running.desk.incidents()
        assert before.sensors == ("mic-a", "mic-c")
        running.store(running.street.events("mic-c", end(1, level=100.0)))
        (after,) = running.desk.incidents()
        assert (after.place, after.radius) == (before.place, before.radius)
        assert after.confidence == 1.0
        assert outside(running) == 1


def test_the_act_of_that_second_says_where(tmp_path: Path) -> None:
    acts = authorisation(polygon=strip(-50, 50)), authorisation(number=2, starts=NOW, polygon=strip(50, 300))
    with Running.of(settings_at(tmp_path, *acts), Street()) as running:
        running.store(running.street.events("mic-a", begin(1), second=NOW - 1))
        running.store(running.street.events("mic-b", begin(1, kind=HazardKind.FIREWORK), second=NOW - 1))
        running.store(running.street.events("mic-b", begin(2), second=NOW + 20))
        running.store(running.street.events("mic-a", begin(2, kind=HazardKind.FIREWORK), second=NOW + 20))
        assert sorted(i.place.words for i in running.desk.incidents()) == ["lamp mic-a", "lamp mic-b"]
        assert outside(running) == 2


def test_an_incident_that_a_suspension_shortens_does_not_move_outside(tmp_path: Path) -> None:
    """What kept its position inside was the loudest detection, and that is the one which is erased."""
    polygon = with_a_notch(60, 140)
    with hub_within(tmp_path, polygon) as running:
        for sensor, number, level, second in (
            ("mic-a", 1, 80.0, NOW - 1),
            ("mic-a", 2, 100.0, NOW + 2),
            ("mic-c", 1, 82.0, NOW - 1),
        ):
            running.store(running.street.events(sensor, begin(number, level=level), second=second))
        (before,) = running.desk.incidents()
        assert (before.sensors, len(before.detections)) == (("mic-a", "mic-c"), 3)
        (act,) = running.hub.authority.held
        give_leave(tmp_path, LEAVE.suspended(act, NOW + 1))
        running.hub.look_at_acts()
        (after,) = running.desk.incidents()
        assert len(after.detections) == 2
        assert inside(polygon, (after.place.latitude, after.place.longitude))
        assert after.place.words == "lamp mic-c"
        assert outside(running) == 1


def test_an_incident_stays_where_its_sensor_stood_when_that_is_moved(tmp_path: Path) -> None:
    with hub_within(tmp_path, strip(-50, 10_000)) as running:
        running.store(running.street.events("mic-a", begin(1)))
        (before,) = running.desk.incidents()
        here = running.hub.enrolment.sensors["mic-a"]
        there = msgspec.structs.replace(here, place=running.hub.enrolment.sensors["mic-far"].place)
        moved = dataclasses.replace(
            running.hub.enrolment,
            sensors={**running.hub.enrolment.sensors, "mic-a": there},
            states={"mic-a": SensorState.ACTIVE},
            active={"mic-a": (Active(0, NOW, here), Active(NOW, 2**33, there))},
        )
        running.hub.enrol(moved, Lives())
        running.store(running.street.events("mic-a", end(1), second=NOW - 1))
        (after,) = running.desk.incidents()
        assert (after.place, after.confidence) == (before.place, 1.0)
        running.store(running.street.events("mic-far", begin(1), second=NOW))
        assert len(running.desk.incidents()) == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.sampled_from(("mic-a", "mic-b", "mic-c")), st.sampled_from((60.0, 80.0, 100.0)), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    polygon=st.sampled_from((strip(50, 300), strip(-50, 50), with_a_notch(60, 140), with_a_notch(110, 180))),
)
def test_no_incident_is_ever_outside(tmp_path_factory, said, polygon) -> None:
    with hub_within(tmp_path_factory.mktemp("hub"), polygon) as running:
        for number, (sensor, level, ends) in enumerate(said):
            running.store(running.street.events(sensor, begin(number, level=level)))
            if ends:
                running.store(running.street.events(sensor, end(number, level=110.0)))
            for incident in running.desk.incidents():
                assert inside(polygon, (incident.place.latitude, incident.place.longitude))
