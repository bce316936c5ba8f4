"""What of an incident a caller is told, over generated acts, callers and incidents."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clairvoie.boundary.authorisation import (
    Authorisation,
    Field,
    LegalText,
    ObservationKind,
    Recipient,
    RecipientKind,
    Suspension,
)
from clairvoie.boundary.disclosure import WHOLE, denial_of, disclosed
from clairvoie.boundary.fix import Fix, FixArrival
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import (
    Basis,
    DetectionView,
    Incident,
    IncidentState,
    Outcome,
    Transition,
    TransitionKind,
)
from clairvoie.boundary.person import VISITOR, Area, Caller, CallerKind, Person, Role, caller_of, machine_of
from clairvoie.boundary.sensor import Place
from clairvoie.boundary.standing import Act

NOW = 1_795_316_645.0
AREA = Area(id="quay", polygon=((47.0, 1.0), (47.0, 3.0), (49.0, 3.0), (49.0, 1.0)))
NAMES = ("desk", "fire-service", "lights", "unlisted")

recipients = st.lists(
    st.builds(
        Recipient,
        name=st.sampled_from(NAMES[:3]),
        kind=st.sampled_from(RecipientKind),
        purpose=st.just("to know"),
        fields=st.sets(st.sampled_from(Field), min_size=1).map(lambda found: tuple(sorted(found))),
    ),
    min_size=1,
    unique_by=lambda recipient: recipient.name,
).map(tuple)


def act_of(listed: tuple[Recipient, ...]) -> Act:
    authorisation = Authorisation(
        deployment="town", number=1, authority="The town", purpose="to know",
        legal_texts=(LegalText(title="A law", date="2026-01-01"),), impact_assessment="made",
        starts=1_795_000_000, ends=1_796_000_000, time_zone="Europe/Paris", sensors=("mic-a",),
        polygon=AREA.polygon, hazards=(HazardKind.FIRE,), observations=(ObservationKind.LEVELS,), recipients=listed,
    )  # fmt: skip
    return Act(digest="0" * 64, authorisation=authorisation, signed_by=("authority",))


def caller_named(name: str, machine: bool, confined: bool) -> Caller:
    if machine:
        return machine_of("m", name)
    areas = ("quay",) if confined else ()
    return caller_of(Person(account="p", name="P", role=Role.DUTY, recipient=name, areas=areas), {"quay": AREA})


callers = st.builds(caller_named, st.sampled_from(("", *NAMES)), st.booleans(), st.booleans())


def incident_of(outcome: Outcome | None, latitude: float) -> Incident:
    view = DetectionView(
        sensor="mic-a", identifier=1, kind=HazardKind.FIRE, mode=Mode.LIVE, onset=1.0, offset=None, confidence=0.9,
        level=70.0, clock_sigma=0.001, received=2.0,
    )  # fmt: skip
    closed = Transition(
        at=3.0, kind=TransitionKind.CLOSED, who="Claire", outcome=outcome, basis=Basis.ON_SITE, note="n"
    )
    return Incident(
        id=1, kind=HazardKind.FIRE, state=IncidentState.OPEN if outcome is None else IncidentState.CLOSED,
        mode=Mode.LIVE, opened=1.0, onset=1.0, last_onset=1.0,
        place=Place(latitude=latitude, longitude=2.0, words="quay"), radius=35.0, confidence=0.9, detections=(view,),
        history=(Transition(at=1.0, kind=TransitionKind.OPENED, note="mic-a"), closed), taken_by="Claire",
        outcome=outcome, basis=None if outcome is None else Basis.ON_SITE, fix=fix_at(latitude),
    )  # fmt: skip


def fix_at(latitude: float) -> Fix:
    """In the area where the incident is, or a kilometre north of it, which may be another one."""
    part = FixArrival(sensor="mic-a", residual=0.001, sigma=0.003, used=True, metres=40.0)
    return Fix(
        place=Place(latitude=latitude, longitude=2.0), emitted=1.0, emitted_sigma=0.003, major=5.0, minor=2.0,
        direction=10.0, arrivals=(part,), peak=140.0,
    )  # fmt: skip


incidents = st.builds(incident_of, st.none() | st.sampled_from(Outcome), st.sampled_from((48.0, 60.0)))


@given(listed=recipients, caller=callers, incident=incidents)
def test_nothing_goes_to_whom_the_act_does_not_name(listed, caller, incident) -> None:
    told = disclosed(incident, caller, act_of(listed), NOW)
    recipient = next((r for r in listed if r.name == caller.recipient), None)
    if told is None:
        return
    assert recipient is not None
    assert set(WHOLE) <= set(recipient.fields)
    assert caller.reaches(incident.place)
    if Field.DETECTIONS not in recipient.fields:
        assert told.detections == ()
        assert "mic-a" not in str(told)
    if Field.INCIDENT_OUTCOME not in recipient.fields:
        assert told.outcome is told.basis is None
        assert all(line.outcome is line.basis is None and line.note == "" for line in told.history)


@given(listed=recipients, caller=callers, incident=incidents, apart=st.sampled_from((48.0, 60.0)))
def test_a_fix_where_the_caller_does_not_reach_is_not_told(listed, caller, incident, apart) -> None:
    moved = msgspec.structs.replace(incident, fix=fix_at(apart))
    told = disclosed(moved, caller, act_of(listed), NOW)
    if told is not None:
        assert (told.fix is not None) is caller.reaches(fix_at(apart).place)


@given(listed=recipients, name=st.sampled_from(NAMES), incident=incidents)
def test_a_machine_hears_only_of_what_a_person_confirmed_and_never_of_persons(listed, name, incident) -> None:
    told = disclosed(incident, machine_of("m", name), act_of(listed), NOW)
    if told is not None:
        assert incident.outcome is Outcome.CONFIRMED
        assert next(r for r in listed if r.name == name).kind is RecipientKind.MACHINE
        assert "Claire" not in str(told)
        assert told.history == ()


@given(listed=recipients, caller=callers, incident=incidents)
def test_an_act_that_has_ended_or_is_suspended_tells_nobody(listed, caller, incident) -> None:
    act = act_of(listed)
    suspension = Suspension(deployment="town", authorisation=act.digest, since=int(NOW) - 1, reason="stop")
    assert disclosed(incident, caller, replace(act, suspensions=(suspension,)), NOW) is None
    assert disclosed(incident, caller, act, 1_796_000_000.0) is None
    assert disclosed(incident, caller, None, NOW) is None


@given(listed=recipients, caller=callers, incident=incidents)
def test_fewer_fields_never_tell_more(listed, caller, incident) -> None:
    """Taking any one field away from everybody tells nobody anything that they were not told before."""
    before = disclosed(incident, caller, act_of(listed), NOW)
    for field in Field:
        fewer = tuple(replace(r, fields=tuple(f for f in r.fields if f is not field)) for r in listed)
        for one in Field:
            if denial_of(caller, one, act_of(fewer), NOW, confirmed=True) is None:
                assert denial_of(caller, one, act_of(listed), NOW, confirmed=True) is None
        after = disclosed(incident, caller, act_of(fewer), NOW)
        if after is not None:
            assert before is not None
            assert set(after.detections) <= set(before.detections)
            assert after.outcome in (None, before.outcome)


@given(incident=incidents)
def test_the_visitor_of_an_exercise_is_told_as_before(incident) -> None:
    assert disclosed(incident, VISITOR, None, NOW) == incident
    assert VISITOR.kind is CallerKind.VISITOR
