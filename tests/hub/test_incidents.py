"""What belongs together, as a rule and through the store; and who was first."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hub_street import begin, impulse
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Basis, IncidentState, Outcome, TransitionKind
from clairvoie.boundary.sensor import Place
from clairvoie.errors import HubError, IncidentConflict, InvalidValue
from clairvoie.hub.acts import LONGEST_NAME
from clairvoie.hub.incidents import (
    SOUND_METRES_PER_SECOND,
    Grouping,
    Heard,
    Join,
    Open,
    belong_together,
    decide,
    distance,
    position,
    summarise,
)

RULE = Grouping(seconds=5.0, metres=300.0)
GLASS, HORN, IMPULSE = HazardKind.GLASS_BREAKING, HazardKind.SUSTAINED_HORN, HazardKind.IMPULSE
DEGREE = 111_195.0


def heard(north: float = 0.0, onset: float = 1000.0, **changes: object) -> Heard:
    place = Place(latitude=48.0 + north / DEGREE, longitude=2.0, words=f"{north:.0f} m")
    fields = {
        "kind": GLASS,
        "mode": Mode.LIVE,
        "level": 70.0,
        "confidence": 0.8,
        "sensor": f"mic-{north:.0f}",
        "detection": 0,
    }
    return Heard(place=place, onset=onset, **{**fields, **changes})  # type: ignore[arg-type]


def test_the_first_opens_and_its_neighbour_joins() -> None:
    assert decide(heard(), [], RULE) == Open(())
    assert decide(heard(), [heard(100, 1004.0, incident=7)], RULE) == Join(7)


def test_travel_time_of_sound_is_allowed_for() -> None:
    limit = 5.0 + 200 / SOUND_METRES_PER_SECOND
    assert belong_together(heard(0), heard(200, 1000 + limit - 0.01), RULE)
    assert not belong_together(heard(0), heard(200, 1000 + limit + 0.01), RULE)
    assert not belong_together(heard(0), heard(301), RULE)


@pytest.mark.parametrize("other", [{"kind": HORN}, {"mode": Mode.EXERCISE}, {"onset": 1006.0}, {"north": 400.0}])
def test_what_differs_opens_its_own(other) -> None:
    assert decide(heard(), [heard(**{"north": 0.0, "incident": 7, **other})], RULE) == Open(())


def test_trial_neither_opens_nor_joins() -> None:
    assert decide(heard(mode=Mode.TRIAL), [heard(mode=Mode.TRIAL, incident=7)], RULE) is None


def test_a_bang_supports_but_never_opens() -> None:
    bang = heard(50, 999.0, kind=IMPULSE, detection=3)
    assert decide(bang, [], RULE) is None
    assert decide(heard(), [bang], RULE) == Open((bang,))
    assert decide(bang, [heard(incident=7)], RULE) == Join(7)


def test_of_two_incidents_the_nearest_in_time_is_joined() -> None:
    assert decide(heard(), [heard(onset=996.0, incident=1), heard(onset=1001.0, incident=2)], RULE) == Join(2)


@given(
    st.lists(st.tuples(st.floats(-500, 500), st.floats(20, 140), st.floats(0, 1)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_a_summary_holds_its_sensors_and_does_not_depend_on_order(points, chance) -> None:
    every = [
        heard(north, 1000.0 + n, level=level, confidence=confidence, sensor=f"mic-{n}")
        for n, (north, level, confidence) in enumerate(points)
    ]
    summary = summarise(GLASS, every)
    shuffled = list(every)
    chance.shuffle(shuffled)
    assert summarise(GLASS, shuffled) == summary
    assert all(distance(summary.place, one.place) <= summary.radius + 1e-6 for one in every)
    assert summary.confidence == max(one.confidence or 0.0 for one in every)
    assert (summary.onset, summary.last_onset) == (1000.0, 1000.0 + len(every) - 1)


def test_the_place_leans_to_the_loudest_and_takes_its_words() -> None:
    place, radius = position([heard(0, level=80.0), heard(100, level=60.0)])
    assert place.words == "0 m"
    assert distance(place, heard(0).place) == pytest.approx(100 / 11, rel=1e-3)  # amplitudes 10 : 1
    assert radius == pytest.approx(1000 / 11, rel=1e-3)


def test_support_does_not_move_an_incident() -> None:
    glass = heard(0, 1000.0)
    assert summarise(GLASS, [glass, heard(200, 990.0, kind=IMPULSE, level=120.0)]) == summarise(GLASS, [glass])


def test_a_street_of_begins_becomes_one_incident(running, street) -> None:
    running.store(street.events("mic-a", begin(level=80.0)))
    running.store(street.events("mic-b", begin(level=70.0)), street.events("mic-far", begin()))
    near, far = sorted(running.desk.incidents(IncidentState.OPEN), key=lambda i: -len(i.detections))
    assert near.sensors == ("mic-a", "mic-b")
    assert near.place.words == "lamp mic-a"
    assert far.sensors == ("mic-far",)
    assert [t.kind for t in near.history] == [TransitionKind.OPENED, TransitionKind.JOINED]
    assert running.desk.strip().incidents_open == 2


def test_modes_and_bangs_through_the_store(running, street) -> None:
    running.store(street.events("mic-a", begin(1, mode=Mode.TRIAL), impulse(2)))
    assert running.desk.incidents() == ()
    running.store(street.events("mic-b", begin(1)))
    (live,) = running.desk.incidents()
    assert sorted(d.kind for d in live.detections) == sorted([GLASS, IMPULSE])
    assert (live.kind, live.mode) == (GLASS, Mode.LIVE)


def test_a_closed_incident_is_not_joined(running, street) -> None:
    running.store(street.events("mic-a", begin(1)))
    (first,) = running.desk.incidents()
    running.desk.close(first.id, "Claire", Outcome.NOT_VERIFIABLE, Basis.NONE)
    running.store(street.events("mic-b", begin(1)))
    assert [i.id for i in running.desk.incidents(IncidentState.OPEN)] == [first.id + 1]


def test_take_and_close_write_history(running, street) -> None:
    running.store(street.events("mic-a", begin()))
    (incident,) = running.desk.incidents()
    taken = running.desk.take(incident.id, "  Noé   Lambert ")
    assert (taken.state, taken.taken_by) == (IncidentState.TAKEN, "Noé Lambert")
    running.desk.note(incident.id, "Noé Lambert", "J'y vais.")
    closed = running.desk.close(incident.id, "Claire Dupont", Outcome.CONFIRMED, Basis.ON_SITE, "Vitrine.")
    assert (closed.state, closed.outcome, closed.basis) == (IncidentState.CLOSED, Outcome.CONFIRMED, Basis.ON_SITE)
    assert [(t.kind.value, t.who) for t in closed.history[1:]] == [
        ("taken", "Noé Lambert"),
        ("noted", "Noé Lambert"),
        ("closed", "Claire Dupont"),
    ]
    with pytest.raises(IncidentConflict, match="Claire Dupont"):
        running.desk.close(incident.id, "Noé", Outcome.CONFIRMED, Basis.ON_SITE)


def test_closing_an_open_incident_takes_it_and_says_so(running, street) -> None:
    running.store(street.events("mic-a", begin()))
    closed = running.desk.close(1, "Claire", Outcome.FALSE_ALARM, Basis.ON_SITE)
    assert [t.kind for t in closed.history][1:] == [TransitionKind.TAKEN, TransitionKind.CLOSED]


def test_without_a_basis_nothing_is_confirmed_and_nothing_changes(running, street) -> None:
    running.store(street.events("mic-a", begin()))
    with pytest.raises(InvalidValue):
        running.desk.close(1, "Claire", Outcome.CONFIRMED, Basis.NONE)
    found = running.desk.incident(1)
    assert found is not None
    assert found.state is IncidentState.OPEN


@pytest.mark.parametrize("who", ["", "   ", "x" * (LONGEST_NAME + 1), "a\x00b"])
def test_nobody_acts_without_a_name(running, street, who) -> None:
    running.store(street.events("mic-a", begin()))
    with pytest.raises(InvalidValue):
        running.desk.take(1, who)


@pytest.mark.parametrize("identifier", [-1, 0, 99, 2**70])
def test_an_unknown_incident_is_an_error_not_a_conflict(running, identifier) -> None:
    assert running.desk.incident(identifier) is None
    with pytest.raises(HubError, match="no such incident") as error:
        running.desk.take(identifier, "Claire")
    assert not isinstance(error.value, IncidentConflict)


def test_of_many_takers_exactly_one_has_it(running, street) -> None:
    for round_ in range(20):
        running.store(street.events("mic-a", begin(round_), second=int(street.clock()) - 1 - 100 * round_))
    barrier = threading.Barrier(8)
    won: list[tuple[int, str]] = []
    told: list[str] = []

    def person(name: str) -> None:
        for incident in range(1, 21):
            barrier.wait(timeout=30)
            try:
                running.desk.take(incident, name)
            except IncidentConflict as conflict:
                told.append(f"{incident} {conflict.value}")
            else:
                won.append((incident, name))

    people = [threading.Thread(target=person, args=(f"person {n}",)) for n in range(8)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join(timeout=60)
    assert sorted(incident for incident, _ in won) == list(range(1, 21))
    assert sorted(told) == sorted(f"{incident} {name}" for incident, name in won for _ in range(7))


def test_the_rule_is_symmetrical_in_who_came_first() -> None:
    one, other = heard(0), heard(250, 1005.5)
    assert belong_together(one, other, RULE) == belong_together(other, one, RULE)
    assert decide(one, [replace(other, incident=1)], RULE) == Join(1)
