"""``permits``: less authority never permits more, and what an act does not say is not permitted."""

from __future__ import annotations

import datetime
import math
from zoneinfo import ZoneInfo

import msgspec
import pytest
from generated_acts import (
    FIRST,
    LAST,
    NARROWINGS,
    authorisations,
    away_from_borders,
    moments,
    places,
    suspensions,
    things,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from clairvoie.boundary.authorisation import (
    LAST_MOMENT,
    Authorisation,
    Denial,
    Disclosure,
    Field,
    LegalText,
    ObservationKind,
    Recipient,
    RecipientKind,
    Reporting,
    Retention,
    Suspension,
    Thing,
    decode_authorisation,
    decode_suspension,
    encode_authorisation,
    encode_suspension,
    permits,
)
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.hours import Hours
from clairvoie.boundary.polygon import Point
from clairvoie.errors import BoundaryError, InvalidValue, MalformedMessage

PARIS = ZoneInfo("Europe/Paris")
SQUARE = ((48.8, 2.3), (48.8, 2.4), (48.9, 2.4), (48.9, 2.3))
STARTS, ENDS = 1_780_000_000, 1_790_000_000
GLASS = Reporting("mic-1", HazardKind.GLASS_BREAKING)
LEVELS = Reporting("mic-1", ObservationKind.LEVELS)
DUTY = Recipient(name="duty-desk", kind=RecipientKind.PERSON, purpose="To look", fields=(Field.INCIDENT_KIND,))
RELAY = Recipient(
    name="relay", kind=RecipientKind.MACHINE, purpose="To call", fields=(Field.INCIDENT_KIND, Field.LEVELS)
)


def an_act(**changed: object) -> Authorisation:
    plain = Authorisation(
        deployment="town",
        number=1,
        authority="The mayor",
        purpose="Noise at night",
        legal_texts=(LegalText(title="Deliberation 12", date="2026-01-05"),),
        impact_assessment="Done in January",
        starts=STARTS,
        ends=ENDS,
        time_zone="Europe/Paris",
        sensors=("mic-1", "mic-2"),
        polygon=SQUARE,
    )
    return msgspec.structs.replace(plain, **changed)


def suspension(since: int = STARTS, **named: tuple[str, ...]) -> Suspension:
    return Suspension(deployment="town", authorisation="0" * 64, since=since, reason="A complaint", **named)


places_asked = st.one_of(st.none(), places)


@pytest.mark.parametrize("dimension", sorted(NARROWINGS))
@given(data=st.data(), act=authorisations(), thing=things, when=moments, where=places_asked)
def test_less_authority_never_permits_more(
    dimension: str, data: st.DataObject, act: Authorisation, thing: Thing, when: float, where: Point | None
) -> None:
    narrower = NARROWINGS[dimension](data.draw, act)
    assume(where is None or (away_from_borders(act, where) and away_from_borders(narrower, where)))
    if permits(act, thing, when, where) is not None:
        assert permits(narrower, thing, when, where) is not None


@given(
    data=st.data(),
    act=authorisations(),
    when=moments,
    where=places_asked,
    thing=things,
    names=st.lists(st.sampled_from(sorted(NARROWINGS)), max_size=6),
    held=st.lists(suspensions(), max_size=3),
    more=suspensions(),
)
def test_many_narrowings_and_one_more_suspension_never_permit_more(
    data: st.DataObject,
    act: Authorisation,
    when: float,
    where: Point | None,
    thing: Thing,
    names: list[str],
    held: list[Suspension],
    more: Suspension,
) -> None:
    narrower = act
    for name in names:
        narrower = NARROWINGS[name](data.draw, narrower)
    assume(where is None or (away_from_borders(act, where) and away_from_borders(narrower, where)))
    if permits(act, thing, when, where, suspensions=held) is not None:
        assert permits(narrower, thing, when, where, suspensions=[*held, more]) is not None


@given(
    act=authorisations(),
    thing=things,
    when=st.one_of(moments, st.floats(), st.integers(-(2**70), 2**70)),
    where=st.one_of(st.none(), st.tuples(st.floats(), st.floats())),
    held=st.lists(suspensions(), max_size=2),
)
def test_permits_raises_nothing_and_says_yes_only_within_the_act(
    act: Authorisation, thing: Thing, when: float, where: Point | None, held: list[Suspension]
) -> None:
    if permits(act, thing, when, where, suspensions=held) is None:
        assert act.starts <= when < act.ends
        assert not any(s.since <= when and s.whole for s in held)
        if isinstance(thing, Reporting):
            assert thing.sensor in act.sensors
            assert thing.kind in (*act.hazards, *act.observations)
        else:
            assert any(r.name == thing.recipient and thing.field in r.fields for r in act.recipients)


def test_by_default_noise_is_measured_and_nothing_else_is_allowed() -> None:
    act = an_act()
    allowed = {
        kind for kind in (*HazardKind, *ObservationKind) if permits(act, Reporting("mic-1", kind), STARTS) is None
    }
    assert allowed == {ObservationKind.LEVELS}
    assert {permits(act, Disclosure("duty-desk", field, confirmed=True), STARTS) for field in Field} == {
        Denial.RECIPIENT
    }


def test_it_starts_with_its_first_second_and_ends_with_its_last() -> None:
    act = an_act()
    assert permits(act, LEVELS, math.nextafter(STARTS, 0)) is Denial.NOT_YET
    assert permits(act, LEVELS, STARTS) is None
    assert permits(act, LEVELS, math.nextafter(ENDS, 0)) is None
    assert permits(act, LEVELS, ENDS) is Denial.EXPIRED


def test_a_suspension_holds_from_its_second_on() -> None:
    act, held = an_act(), [suspension(STARTS + 100)]
    assert permits(act, LEVELS, math.nextafter(STARTS + 100, 0), suspensions=held) is None
    assert permits(act, LEVELS, STARTS + 100, suspensions=held) is Denial.SUSPENDED


def test_a_suspension_of_some_things_leaves_the_others() -> None:
    act = an_act(hazards=(HazardKind.GLASS_BREAKING,), recipients=(DUTY, RELAY))

    def held(**named: tuple[str, ...]) -> list[Denial | None]:
        asked = (
            LEVELS,
            GLASS,
            Reporting("mic-2", ObservationKind.LEVELS),
            Disclosure("duty-desk", Field.INCIDENT_KIND),
        )
        return [permits(act, thing, STARTS, suspensions=[suspension(**named)]) for thing in asked]

    off = Denial.SUSPENDED
    assert held() == [off, off, off, off]
    assert held(sensors=("mic-1",)) == [off, off, None, None]
    assert held(hazards=(HazardKind.GLASS_BREAKING,)) == [None, off, None, None]
    assert held(observations=(ObservationKind.LEVELS,)) == [off, None, off, None]
    assert held(recipients=("duty-desk",)) == [None, None, None, off]


def test_a_machine_is_told_of_an_incident_only_after_a_person_confirmed_it() -> None:
    act = an_act(recipients=(DUTY, RELAY))
    assert permits(act, Disclosure("relay", Field.INCIDENT_KIND), STARTS) is Denial.NOT_CONFIRMED
    assert permits(act, Disclosure("relay", Field.INCIDENT_KIND, confirmed=True), STARTS) is None
    assert permits(act, Disclosure("relay", Field.LEVELS), STARTS) is None
    assert permits(act, Disclosure("duty-desk", Field.INCIDENT_KIND), STARTS) is None
    assert permits(act, Disclosure("duty-desk", Field.INCIDENT_PLACE), STARTS) is Denial.FIELD
    assert permits(act, Disclosure("newspaper", Field.INCIDENT_KIND), STARTS) is Denial.RECIPIENT


def test_an_exercise_and_what_is_real_never_stand_for_one_another() -> None:
    drill = Reporting("mic-1", HazardKind.GLASS_BREAKING, Mode.EXERCISE)
    real, exercise = (an_act(hazards=(HazardKind.GLASS_BREAKING,), exercise=e) for e in (False, True))
    assert [permits(real, thing, STARTS) for thing in (GLASS, drill)] == [None, Denial.EXERCISE]
    assert [permits(exercise, thing, STARTS) for thing in (GLASS, drill)] == [Denial.EXERCISE, None]


def test_a_position_outside_the_polygon_is_denied_and_its_border_is_half_open() -> None:
    act = an_act()
    assert permits(act, LEVELS, STARTS, (48.85, 2.35)) is None
    assert permits(act, LEVELS, STARTS, (48.95, 2.35)) is Denial.PLACE
    assert permits(act, LEVELS, STARTS, (math.nan, 2.35)) is Denial.PLACE
    assert permits(act, LEVELS, STARTS, (math.inf, -math.inf)) is Denial.PLACE
    assert [permits(act, LEVELS, STARTS, (48.85, x)) for x in (2.3, 2.4)] == [None, Denial.PLACE]


def local(day: int, hour: int, minute: int, *, month: int, fold: int = 0) -> float:
    return datetime.datetime(2026, month, day, hour, minute, tzinfo=PARIS, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("hours", "moment", "permitted"),
    [
        # Clocks go forward on Sunday 29 March 2026: 02:00 to 03:00 do not exist.
        (Hours(start="02:00", end="03:00"), local(29, 1, 59, month=3), False),
        (Hours(start="02:00", end="03:00"), local(29, 1, 59, month=3) + 60, False),  # the next minute is 03:00
        (Hours(start="01:30", end="03:30"), local(29, 1, 59, month=3) + 60, True),
        # They go back on Sunday 25 October 2026: 02:30 comes twice.
        (Hours(start="02:00", end="03:00"), local(25, 2, 30, month=10), True),
        (Hours(start="02:00", end="03:00"), local(25, 2, 30, month=10, fold=1), True),
        (Hours(start="02:00", end="03:00"), local(25, 3, 0, month=10), False),
        # The whole day is every second of 23 and of 25 hours.
        (Hours(days=(7,)), local(29, 0, 0, month=3), True),
        (Hours(days=(7,)), local(29, 0, 0, month=3) + 23 * 3600 - 1, True),
        (Hours(days=(7,)), local(29, 0, 0, month=3) + 23 * 3600, False),
        (Hours(days=(7,)), local(25, 0, 0, month=10) + 25 * 3600 - 1, True),
        (Hours(days=(7,)), local(25, 0, 0, month=10) + 25 * 3600, False),
        # Over midnight: Friday's night lasts into Saturday, Saturday's own does not begin.
        (Hours(days=(5,), start="22:00", end="02:00"), local(17, 23, 0, month=7), True),
        (Hours(days=(5,), start="22:00", end="02:00"), local(18, 1, 59, month=7), True),
        (Hours(days=(5,), start="22:00", end="02:00"), local(18, 2, 0, month=7), False),
        (Hours(days=(5,), start="22:00", end="02:00"), local(18, 23, 0, month=7), False),
        (Hours(days=(5,), start="22:00", end="02:00"), local(17, 1, 0, month=7), False),
        (Hours(days=(5,), start="08:00", end="08:00"), local(18, 7, 59, month=7), True),
    ],
)
def test_hours_are_those_on_the_wall(hours: Hours, moment: float, permitted: bool) -> None:
    act = an_act(starts=FIRST, ends=LAST, hours=(hours,))
    assert permits(act, LEVELS, moment) is (None if permitted else Denial.HOURS)


def test_an_hour_ends_with_the_last_fraction_of_its_last_second() -> None:
    act = an_act(hours=(Hours(start="08:00", end="22:00"),))
    ten = local(17, 22, 0, month=7)
    assert permits(act, LEVELS, math.nextafter(ten, 0)) is None
    assert permits(act, LEVELS, ten) is Denial.HOURS
    eight = local(17, 8, 0, month=7)
    assert [permits(act, LEVELS, m) for m in (math.nextafter(eight, 0), eight)] == [Denial.HOURS, None]


def test_an_act_without_hours_permits_no_report() -> None:
    assert permits(an_act(hours=()), LEVELS, STARTS) is Denial.HOURS


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"number": 0},
        {"deployment": "Town Hall"},
        {"sensors": ("mic-1", "mic-1")},
        {"sensors": ("mic 1",)},
        {"hazards": (HazardKind.FIRE, HazardKind.FIRE)},
        {"observations": (ObservationKind.LEVELS, ObservationKind.LEVELS)},
        {"hours": (Hours(), Hours())},
        {"recipients": (DUTY, msgspec.structs.replace(DUTY, purpose="Another"))},
        {"models": ("abc",)},
        {"models": ("A" * 64,)},
        {"models": ("a" * 64, "a" * 64)},
        {"lease_seconds": 0},
        {"lease_seconds": 86_401},
        {"starts": ENDS},
        {"starts": -1},
        {"ends": LAST_MOMENT + 1},
        {"time_zone": "Europe/Atlantis"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": ""},
        {"legal_texts": ()},
        {"authority": "  "},
        {"purpose": "Noise\x1b[2J and everything else"},
        {"purpose": "Noise \u202eeverything"},
        {"purpose": "Noise\neverything"},
        {"impact_assessment": "x" * 2001},
        {"contact": "a\u200bb"},
        {"polygon": SQUARE[:2]},
    ],
)
def test_an_act_that_cannot_be_meant_cannot_be_made(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        an_act(**changed)


def test_an_act_ends_no_later_than_its_legal_text() -> None:
    last_day = LegalText(title="Experiment", date="2026-01-01", until="2026-07-31")
    midnight = int(datetime.datetime(2026, 8, 1, tzinfo=PARIS).timestamp())
    assert an_act(legal_texts=(last_day,), ends=midnight).ends == midnight
    with pytest.raises(InvalidValue, match="ends on 2026-07-31"):
        an_act(legal_texts=(last_day,), ends=midnight + 1)
    with pytest.raises(InvalidValue, match="ends on 2026-07-31"):
        an_act(legal_texts=(LegalText(title="Another", date="2026-01-01"), last_day), ends=midnight + 1)


@pytest.mark.parametrize("dates", [("2026-13-01", ""), ("20260101", ""), ("2026-01-02", "2026-01-01"), ("", "")])
def test_dates_of_a_legal_text_are_dates_in_order(dates: tuple[str, str]) -> None:
    with pytest.raises(InvalidValue):
        LegalText(title="A text", date=dates[0], until=dates[1])


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_nothing_is_kept_for_no_day_or_for_ever(days: int) -> None:
    for name in Retention.__struct_fields__:
        with pytest.raises(InvalidValue, match=name):
            Retention(**{name: days})


@pytest.mark.parametrize(
    "changed", [{"authorisation": "00"}, {"since": -1}, {"reason": ""}, {"reason": "a\rb"}, {"deployment": "A b"}]
)
def test_a_suspension_names_its_act_its_moment_and_why(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        msgspec.structs.replace(suspension(), **changed)


@given(act=authorisations(), held=suspensions())
def test_acts_are_read_as_they_were_written(act: Authorisation, held: Suspension) -> None:
    assert decode_authorisation(encode_authorisation(act)) == act
    assert decode_suspension(encode_suspension(held)) == held


def test_an_act_that_says_something_twice_is_not_read() -> None:
    data = encode_authorisation(an_act()).replace(b'"number": 1', b'"number": 1, "hazards": ["fire"]')
    with pytest.raises(MalformedMessage, match="twice"):
        decode_authorisation(data)


@given(data=st.data())
def test_a_damaged_act_is_refused_or_is_a_valid_one(data: st.DataObject) -> None:
    whole = bytearray(encode_authorisation(an_act()))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        assert isinstance(decode_authorisation(bytes(whole)), Authorisation)
    except BoundaryError:
        return


def test_sensors_are_found_whatever_their_order() -> None:
    act = an_act(sensors=("mic-9", "mic-10", "a", "mic-1"))
    asked = ("mic-9", "mic-10", "a", "mic-1", "mic-11", "")
    assert [permits(act, Reporting(s, ObservationKind.LEVELS), STARTS) for s in asked] == [
        None, None, None, None, Denial.SENSOR, Denial.SENSOR,
    ]  # fmt: skip
