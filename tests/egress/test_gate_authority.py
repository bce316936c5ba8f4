"""What a change of authority does to what has been said, waits, or was refused: each in a few seconds of one sensor."""

from __future__ import annotations

from msgspec.structs import replace

from clairvoie.boundary.authorisation import ObservationKind, Suspension
from clairvoie.boundary.bulletin import MinuteState, TenSeconds
from clairvoie.boundary.detection import Claim, DetectionBegin, MinuteLevels, TenSecondLevel
from clairvoie.boundary.hazards import HEALTHS, HazardKind, Health
from clairvoie.boundary.standing import Act
from clairvoie.boundary.wire import MinuteParts
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.budget import EVENT_DEPTH, SCHEDULED_DEPTH, Budget
from clairvoie.egress.gate import Release, tick
from clairvoie.egress.state import GateState

from .conftest import EVERYTHING, START, leave_of, standing_on

ACT = Act(digest="a" * 64, authorisation=EVERYTHING, signed_by=("authority",))
FULL = GateState(sensor="mic-1", second=START - 1, budget=Budget(scheduled=SCHEDULED_DEPTH, events=EVENT_DEPTH))


def under(*suspensions: Suspension, now: float = START) -> Rules:
    return leave_of(replace(ACT, suspensions=suspensions), now=now)


def suspended(since: int, **what: object) -> Suspension:
    return Suspension(deployment="town", authorisation=ACT.digest, since=since, reason="tried", **what)  # type: ignore[arg-type]


def said(seconds: range, state: GateState, *suspensions: Suspension) -> list[Release]:
    """The ticks of ``seconds``, with a level at the end of every ten."""
    releases = []
    for second in seconds:
        claims: list[Claim] = [TenSecondLevel(end=second, laeq=60.0)] if second % 10 == 0 else []
        releases.append(tick(under(*suspensions, now=second), state, second, claims))
        state = releases[-1].state
    return releases


def tens_recorded(releases: list[Release]) -> dict[int, int]:
    """The codes of the ten-second levels in the minutes' records, by their seconds."""
    minutes = [r.content for one in releases for r in one.records if isinstance(r.content, MinuteParts)]
    return {
        bulletin.second: part.laeq
        for content in minutes
        for bulletin in content.bulletins
        for part in bulletin.scheduled
        if isinstance(part, TenSeconds)
    }


def test_a_suspension_of_levels_reaches_back_into_the_minute_that_is_not_recorded_yet() -> None:
    before = said(range(START, START + 25), FULL)
    after = said(range(START + 25, START + 60), before[-1].state, suspended(START + 15, observations=("levels",)))
    tens = tens_recorded([*before, *after])
    assert [second for second, code in tens.items() if code] == [START + 2, START + 12]
    assert START + 22 not in tens
    assert [tens[second] for second in (START + 32, START + 42, START + 52)] == [0, 0, 0]


def test_of_a_sensor_that_falls_silent_nothing_waits_and_of_what_was_said_only_what_was_permitted_stays() -> None:
    before = said(range(START, START + 31), FULL)[-1].state
    glass = DetectionBegin(
        local=1, kind=HazardKind.GLASS_BREAKING, onset=START + 30.5, confidence=1, level=80, clock_sigma=0
    )
    waiting = tick(under(now=START + 31), replace(before, budget=Budget()), START + 31, [glass]).state
    busy = replace(waiting, parts=before.parts, early=(glass,), drops=3, refusals=3)
    assert busy.parts
    assert busy.hazards
    silent = tick(under(suspended(START + 15), now=START + 32), busy, START + 32, ())
    assert (silent.silent, silent.bulletin, silent.records) == (True, None, ())
    left = silent.state
    assert (left.hazards, left.waiting, left.early, left.parts, left.drops, left.refusals) == ((), (), (), (), 0, 0)
    assert [bulletin.second for bulletin in left.said] == [START + 2, START + 4, START + 6, START + 8, START + 12]


def test_what_is_refused_for_want_of_authority_is_not_counted_in_what_leaves() -> None:
    """The count would tell that there was something of which nobody may be told."""
    quiet = replace(EVERYTHING, hazards=())
    for kind, told in ((HazardKind.GLASS_BREAKING, 1), (HazardKind.FIRE, 2)):  # FIRE is nothing that a microphone hears
        state = replace(FULL, second=START + 5)
        for second in range(START + 6, START + 9):
            claim = DetectionBegin(local=1, kind=kind, onset=second + 0.5, confidence=1, level=80, clock_sigma=0)
            claims = [claim] if second == START + 6 else []
            release = tick(leave_of(quiet, now=second), state, second, claims)
            state = release.state
        assert release.bulletin is not None
        (part,) = release.bulletin.scheduled
        assert isinstance(part, MinuteState)
        assert part.refusals == told


def test_an_act_begins_at_the_later_and_ends_at_the_earlier_of_what_the_time_may_be() -> None:
    act = replace(EVERYTHING, starts=START, ends=START + 600)
    glass = HazardKind.GLASS_BREAKING

    def at(when: float, earliest: float, latest: float) -> bool:
        leave = Leave(since=0, earliest=earliest, latest=latest)
        return Rules(sensor="mic-1", standing=standing_on(act), leave=leave).permits(glass, when)

    assert at(START, START, START + 1)
    assert not at(START, START - 0.1, START + 1)
    assert at(START + 599, START + 599, START + 599.9)
    assert not at(START + 599, START + 599, START + 600)


def test_a_quantity_that_is_not_permitted_all_through_its_span_is_no_value() -> None:
    both = standing_on(
        replace(ACT, suspensions=(suspended(START + 5, observations=(ObservationKind.LEVELS,)),)),
        replace(EVERYTHING, number=2, starts=START + 8),
    )
    rules = Rules(sensor="mic-1", standing=both, leave=Leave(since=0, earliest=START + 10, latest=START + 10))
    assert rules.permits(ObservationKind.LEVELS, START)
    assert rules.permits(ObservationKind.LEVELS, START + 9)
    assert not rules.permits_throughout(ObservationKind.LEVELS, START, START + 10)
    assert rules.permits_throughout(ObservationKind.LEVELS, START + 8, START + 10)


def test_a_recogniser_that_the_act_does_not_list_names_no_hazard_and_no_source() -> None:
    act = replace(EVERYTHING, models=("b" * 64,))
    for model, learned in (("b" * 64, True), ("c" * 64, False), ("", False)):
        rules = leave_of(act, model=model)
        assert rules.permits(HazardKind.GLASS_BREAKING, START) is learned
        assert rules.permits(ObservationKind.NOISE_SOURCES, START) is learned
        assert rules.permits(ObservationKind.LEVELS, START)


def test_overloads_and_wind_are_read_off_the_sound_and_go_with_the_levels() -> None:
    """What the sensor says of itself, that it is fine and how many seconds were valid, stays."""
    minute = MinuteLevels(
        end=START, laeq=60.0, lceq=62.0, lafmax=70.0, lcpeak=90.0, l10=62.0, l50=58.0, l90=50.0, octaves=(50.0,) * 9,
        sources=(), valid_seconds=60, overload_seconds=3, windy=True, health=Health.FINE,
    )  # fmt: skip
    for observations, told in ((EVERYTHING.observations, (4, 1)), ((ObservationKind.THIRDS,), (0, 0))):
        act = replace(EVERYTHING, observations=observations, starts=START - 600)
        state, release = replace(FULL, second=START - 1), None
        for second in range(START, START + 9):
            release = tick(leave_of(act, now=second), state, second, [minute] if second == START else [])
            state = release.state
        assert release is not None
        assert release.bulletin is not None
        (part,) = release.bulletin.scheduled
        assert isinstance(part, MinuteState)
        assert (part.overloads, part.windy) == told
        assert (part.valid_seconds, part.health) == (61, HEALTHS.index(Health.FINE))
