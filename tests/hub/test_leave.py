"""What is permitted: remembered answers are the real ones, absent codes report nothing, less authority takes less."""

from __future__ import annotations

import pytest
from generated_acts import FIRST, LAST, NARROWINGS, SENSORS, authorisations, suspensions
from hub_street import authorisation, begin, end, impulse
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clairvoie.boundary.authorisation import Denial, ObservationKind, Reporting
from clairvoie.boundary.bulletin import (
    SCHEDULE,
    Bulletin,
    Event,
    HourIndicators,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    Scheduled,
    TenMinuteThirds,
    TenSeconds,
)
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.measured import observed
from clairvoie.boundary.standing import Act, Standing
from clairvoie.egress.coarse import absent_part
from clairvoie.hub.leave import FIRST_WHOLE_OFFSET, Leave, Withheld, refusal, speaking_denial

DAY = 86_400
MIDDAY = 1_795_316_400 // DAY * DAY + DAY // 2


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Up to three acts, each with up to two suspensions."""
    numbered = {act.number: act for act in draw(st.lists(authorisations(), max_size=3))}
    return Standing(
        acts=tuple(
            Act(
                digest=f"{number:064x}",
                authorisation=act,
                signed_by=("authority",),
                suspensions=tuple(draw(st.lists(suspensions(), max_size=2))),
            )
            for number, act in sorted(numbered.items())
        )
    )


def edges(standing: Standing) -> list[int]:
    """Seconds at which something may change, and those beside them."""
    named = [m for act in standing.acts for m in (act.authorisation.starts, act.authorisation.ends)]
    named += [s.since for act in standing.acts for s in act.suspensions]
    return [m + by for m in named for by in (-60, -1, 0, 1, 60)] or [FIRST]


reportings = st.builds(
    Reporting,
    st.sampled_from((*SENSORS, "mic-unknown")),
    st.sampled_from((*HazardKind, *ObservationKind)),
    st.sampled_from(Mode),
)


@settings(max_examples=100)
@given(data=st.data(), standing=standings())
def test_a_remembered_answer_is_the_answer(data: st.DataObject, standing: Standing) -> None:
    leave = Leave(standing)
    seconds = st.one_of(st.integers(FIRST - 100, LAST + 100), st.sampled_from(edges(standing)), st.integers(0, 2**31))
    for _ in range(12):
        thing, second = data.draw(reportings), data.draw(seconds)
        for _ in range(2):
            assert leave.denial(thing, second) == standing.denial(thing, second)
            for only in (False, True):
                real = speaking_denial(standing, thing.sensor, second, hazards=only)
                assert leave.silence(thing.sensor, second, hazards=only) == real


@settings(max_examples=100)
@given(data=st.data(), standing=standings())
def test_a_bulletin_is_judged_as_if_it_were_the_first(data: st.DataObject, standing: Standing) -> None:
    """Whatever was asked before, about whichever sensor and minute."""
    leave = Leave(standing)
    minutes = [moment // 60 * 60 for moment in edges(standing)]
    for _ in range(20):
        kind = data.draw(st.sampled_from(list(SCHEDULE)))
        part = data.draw(st.sampled_from((FULL[kind][0], absent_part(kind))))
        period, phase = SCHEDULE[kind]
        second = data.draw(st.sampled_from(minutes)) // period * period + phase
        events = data.draw(st.sampled_from(((), (), (begin(),), (end(),))))
        said = Bulletin(sensor=data.draw(st.sampled_from(SENSORS)), second=second, scheduled=(part,), events=events)
        assert leave.withheld(said) == Leave(standing).withheld(said)


@given(standing=standings(), sensor=st.sampled_from(SENSORS), minute=st.integers(FIRST // 60, LAST // 60))
def test_within_a_minute_every_second_has_its_own_answer(standing: Standing, sensor: str, minute: int) -> None:
    """All sixty, asked in an order in which the first could be mistaken for the others."""
    leave = Leave(standing)
    thing = Reporting(sensor, ObservationKind.LEVELS)
    for second in range(minute * 60, minute * 60 + 60):
        assert leave.denial(thing, second) == standing.denial(thing, second)


def test_seconds_of_odd_offsets_are_asked_every_time() -> None:
    leave = Leave(Standing())
    assert leave.denial(Reporting("mic-1", ObservationKind.LEVELS), FIRST_WHOLE_OFFSET - 1) is Denial.NO_AUTHORISATION
    assert leave._known == {}


def widest(**changes: object) -> Leave:
    """An act for everything that ``mic-a`` can report, changed."""
    act = replace(authorisation(), **changes)
    return Leave(Standing(acts=(Act(digest="0" * 64, authorisation=act, signed_by=("authority",)),)))


FULL: dict[type, tuple[Scheduled, ObservationKind]] = {
    TenSeconds: (TenSeconds(laeq=1), ObservationKind.LEVELS),
    MinuteIndicators: (MinuteIndicators(lceq=0, lafmax=0, lcpeak=0, l10=0, l50=0, l90=1), ObservationKind.LEVELS),
    HourIndicators: (HourIndicators(harmonica=0, intermittency=0, events=0, coverage=1), ObservationKind.LEVELS),
    MinuteOctaves: (MinuteOctaves(levels=(0,) * 8 + (1,)), ObservationKind.OCTAVES),
    TenMinuteThirds: (TenMinuteThirds(low=(0,) * 14, high=(0,) * 13 + (1,)), ObservationKind.THIRDS),
    MinuteState: (
        MinuteState(sources=(0, 0, 1), valid_seconds=0, overloads=0, windy=0, health=0, drops=0, refusals=0),
        ObservationKind.NOISE_SOURCES,
    ),
}


def test_every_part_that_can_leave_has_a_rule() -> None:
    assert FULL.keys() == SCHEDULE.keys()


@pytest.mark.parametrize("kind", list(SCHEDULE))
def test_one_code_is_a_report_and_none_is_not(kind: type) -> None:
    part, reported = FULL[kind]
    assert observed(part) is reported
    assert observed(absent_part(kind)) is None
    period, phase = SCHEDULE[kind]
    second = MIDDAY // period * period + phase
    others = tuple(o for o in ObservationKind if o is not reported)
    said = Bulletin(sensor="mic-a", second=second, scheduled=(part,))
    silent = replace(said, scheduled=(absent_part(kind),))
    assert widest().withheld(said) is None
    assert widest(observations=others).withheld(said) == Withheld(Denial.KIND, "mic-a", second, reported)
    assert widest(observations=others).withheld(silent) is None


def test_what_a_sensor_says_of_itself_is_no_report() -> None:
    state = MinuteState(sources=(0, 0, 0), valid_seconds=61, overloads=7, windy=1, health=6, drops=7, refusals=7)
    said = Bulletin(sensor="mic-a", second=MIDDAY + 8, scheduled=(state,))
    assert widest(observations=(ObservationKind.COUNTS,)).withheld(said) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sensors": ("mic-b",)}, Denial.SENSOR),
        ({"observations": (), "hazards": ()}, Denial.KIND),
        ({"starts": MIDDAY + 1}, Denial.NO_AUTHORISATION),
        ({"starts": DAY, "ends": MIDDAY}, Denial.EXPIRED),
        ({"hours": ()}, Denial.HOURS),
    ],
)
def test_not_even_silence_is_taken_without_leave(changes: dict[str, object], why: Denial) -> None:
    assert widest(**changes).withheld(Bulletin(sensor="mic-a", second=MIDDAY)) == Withheld(why, "mic-a", MIDDAY)


def test_events_are_judged_by_hazard_and_mode() -> None:
    def why(event: object, **changes: object) -> Denial | None:
        found = widest(**changes).withheld(Bulletin(sensor="mic-a", second=MIDDAY, events=(event,)))  # type: ignore[arg-type]
        return None if found is None else found.why

    glass_only = {"hazards": (HazardKind.GLASS_BREAKING,)}
    assert why(begin(), **glass_only) is why(begin(mode=Mode.TRIAL), **glass_only) is None
    assert why(impulse(), **glass_only) is Denial.KIND
    assert why(begin(mode=Mode.EXERCISE)) is Denial.EXERCISE
    assert why(begin(), exercise=True) is Denial.EXERCISE
    assert why(end(), **glass_only) is None  # by the hazard of its begin, where that is known
    assert why(end(), hazards=()) is Denial.KIND


def test_a_refusal_says_whether_it_is_a_suspension() -> None:
    assert refusal(Withheld(Denial.SUSPENDED, "mic-a", 5)).code == "suspended"
    assert all(refusal(Withheld(why, "mic-a", 5)).code == "not-authorised" for why in Denial if why != "suspended")
    assert {refusal(Withheld(why, "mic-a", 5)).status for why in Denial} == {403}


def of_its_second(second: int, sensor: str, kind: type, full: bool, events: list[Event]) -> Bulletin:
    """A bulletin in a second in which ``kind`` may leave, with it or without."""
    period, phase = SCHEDULE[kind]
    parts = (FULL[kind][0],) if full else ()
    return Bulletin(sensor=sensor, second=second // period * period + phase, scheduled=parts, events=tuple(events))


bulletins = st.builds(
    of_its_second,
    st.integers(FIRST, LAST),
    st.sampled_from(SENSORS),
    st.sampled_from((TenMinuteThirds, HourIndicators)),
    st.booleans(),
    st.lists(
        st.builds(begin, kind=st.sampled_from(HazardKind), mode=st.sampled_from(Mode)) | st.builds(impulse), max_size=3
    ),
)


@settings(max_examples=100)
@given(data=st.data(), act=authorisations(), said=bulletins, ways=st.lists(st.sampled_from(sorted(NARROWINGS))))
def test_less_authority_never_takes_more(data: st.DataObject, act, said: Bulletin, ways: list[str]) -> None:
    less = act
    for way in ways:
        less = NARROWINGS[way](data.draw, less)
    narrowing = tuple(data.draw(st.lists(suspensions(), max_size=2)))

    def leave(one, *suspended) -> Leave:
        signed = {"digest": "0" * 64, "signed_by": ("authority",)}
        return Leave(Standing(acts=(Act(authorisation=one, suspensions=suspended, **signed),)))

    if leave(less, *narrowing).withheld(said) is None:
        assert leave(act).withheld(said) is None
