"""The gate's rules one by one, on an analyser that means well and on claims that do not belong."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import ObservationKind, Suspension
from clairvoie.boundary.bulletin import (
    BeginEvent,
    Bulletin,
    EndEvent,
    HourIndicators,
    ImpulseEvent,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    TenMinuteThirds,
    TenSeconds,
)
from clairvoie.boundary.detection import (
    OCTAVE_CENTRES,
    THIRD_CENTRES,
    Claim,
    DetectionBegin,
    DetectionEnd,
    HourNoise,
    ImpulseDetection,
    MinuteLevels,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import HAZARD_KINDS, HEALTHS, MODES, HazardKind, Health, Mode, NoiseSource
from clairvoie.egress.authority import Rules
from clairvoie.egress.budget import EVENT_DEPTH, SCHEDULED_DEPTH, Budget
from clairvoie.egress.events import MILLIBITS, PATIENCE
from clairvoie.egress.gate import SILENCE, Release, tick
from clairvoie.egress.screening import Reason, Refused
from clairvoie.egress.state import GateState

from .conftest import EVERYTHING, START, leave_of, standing_on

RULES = leave_of(mode=Mode.LIVE)
FULL = Budget(scheduled=SCHEDULED_DEPTH, events=EVENT_DEPTH)
GLASS, HORN = HazardKind.GLASS_BREAKING, HazardKind.SUSTAINED_HORN
SUSPENDED = START + 2


def begin(kind: HazardKind, onset: float, local: int = 1) -> DetectionBegin:
    return DetectionBegin(local=local, kind=kind, onset=onset, confidence=0.9, level=80.0, clock_sigma=0.002)


def end(kind: HazardKind, offset: float, local: int = 1) -> DetectionEnd:
    return DetectionEnd(local=local, kind=kind, offset=offset, confidence=0.9, level=82.0)


def bang(onset: float, level: float = 90.0) -> ImpulseDetection:
    return ImpulseDetection(onset=onset, sigma=0.0004, level=level)


def minute(**changes: Any) -> MinuteLevels:
    known = MinuteLevels(
        end=START, laeq=60.0, lceq=63.0, lafmax=75.0, lcpeak=95.0, l10=62.0, l50=58.0, l90=55.0,
        octaves=(50.0,) * len(OCTAVE_CENTRES), sources=((NoiseSource.TRAFFIC, 0.5), (NoiseSource.DOG, 0.25)),
        valid_seconds=59, overload_seconds=2, windy=True, health=Health.FINE,
    )  # fmt: skip
    return replace(known, **changes)


class Gate:
    """A gate with full buckets, driven a second at a time."""

    def __init__(self, budget: Budget = FULL, second: int = START - 1) -> None:
        self.state = GateState(sensor="mic-1", second=second, budget=budget)
        self.rules = RULES
        self.refused: list[Reason] = []

    def tick(self, *claims: Claim | Refused, second: int | None = None, gone: bool = False) -> Release:
        at = (self.state.second or 0) + 1 if second is None else second
        release = tick(self.rules, self.state, at, claims, gone=gone)
        self.state = release.state
        self.refused += release.refused
        return release

    def say(self, *claims: Claim | Refused, second: int | None = None, gone: bool = False) -> Bulletin:
        bulletin = self.tick(*claims, second=second, gone=gone).bulletin
        assert bulletin is not None
        return bulletin


def test_a_begin_leaves_coarse_with_the_mode_of_its_sensor() -> None:
    assert Gate().say(begin(GLASS, START + 0.24)).events == (
        BeginEvent(
            identifier=1, slot=0, kind=HAZARD_KINDS.index(GLASS), mode=MODES.index(Mode.LIVE),
            age=units.AGE_TENTHS.encode(0.8), confidence=units.CONFIDENCE.encode(0.9),
            level=units.EVENT_LEVEL.encode(80.0), clock=units.encode_uncertainty(0.002),
        ),
    )  # fmt: skip


def test_begin_and_end_share_identifier_and_slot_and_the_slot_is_free_again() -> None:
    gate = Gate()
    gate.say(begin(HORN, START + 0.1))
    (begun,) = gate.say(begin(GLASS, START + 1.1)).events
    (ended,) = gate.say(end(GLASS, START + 2.3)).events
    (anew,) = gate.say(begin(GLASS, START + 3.2, local=2)).events
    assert isinstance(begun, BeginEvent)
    assert isinstance(anew, BeginEvent)
    assert isinstance(ended, EndEvent)
    assert (ended.identifier, ended.slot) == (begun.identifier, begun.slot) == (2, 1)
    assert (anew.identifier, anew.slot) == (3, 1)


def test_a_kind_that_is_open_does_not_begin_twice_and_ends_with_the_newer() -> None:
    gate = Gate()
    assert len(gate.say(begin(GLASS, START + 0.1, 1)).events) == 1
    assert gate.say(begin(GLASS, START + 1.1, 2)).events == ()
    assert gate.say(end(GLASS, START + 2.1, 1)).events == ()
    assert len(gate.say(end(GLASS, START + 3.1, 2)).events) == 1


def test_bangs_closer_than_fifty_milliseconds_are_one_and_the_louder_level_stays() -> None:
    gate = Gate()
    (event,) = gate.say(bang(START + 0.50, 90.0), bang(START + 0.53, 100.0)).events
    assert isinstance(event, ImpulseEvent)
    assert event.level == units.EVENT_LEVEL.encode(100.0)
    assert event.age == units.AGE_FINE.encode(0.5)
    assert gate.say(bang(START + 0.52)).events == ()
    assert len(gate.say(bang(START + 0.60)).events) == 1


def test_the_severest_leave_first_then_the_oldest() -> None:
    events = (
        Gate().say(bang(START + 0.7), begin(HORN, START - 9.0), begin(GLASS, START + 0.9), bang(START + 0.2)).events
    )
    forms = [type(event) for event in events]
    assert forms == [BeginEvent, ImpulseEvent, ImpulseEvent, BeginEvent]
    assert [event.identifier for event in events] == [1, 2, 3, 4]
    assert [event.kind for event in events if isinstance(event, BeginEvent)] == [
        HAZARD_KINDS.index(GLASS),
        HAZARD_KINDS.index(HORN),
    ]


def test_what_the_budget_cannot_pay_waits_and_is_dropped_and_counted_after_ten_seconds() -> None:
    gate = Gate(Budget(scheduled=SCHEDULED_DEPTH))
    assert gate.say(begin(GLASS, START + 0.5), bang(START + 0.6)).events == ()
    waited = [len(gate.say().events) for _ in range(PATIENCE + 4)]
    assert sum(waited) == 0  # 38 bits at 3 bit/s come too late
    assert gate.state.drops == 2
    assert gate.say(end(GLASS, START + 14.5)).events == ()
    assert gate.state.drops == 2


def test_a_waiting_event_leaves_as_soon_as_it_can_be_paid_for() -> None:
    gate = Gate(Budget(events=MILLIBITS[0] - 9_000))
    waited = [len(gate.say(begin(GLASS, START + 0.5)).events)] + [len(gate.say().events) for _ in range(4)]
    assert waited == [0, 0, 0, 1, 0]


def test_a_mild_event_does_not_overtake_a_severe_one_that_waits() -> None:
    gate = Gate(Budget(events=MILLIBITS[1] + 5_000))
    gate.state = replace(gate.state, budget=FULL)
    gate.say(begin(HORN, START + 0.1))
    gate.state = replace(gate.state, budget=Budget(events=MILLIBITS[1]))
    assert gate.say(begin(GLASS, START + 1.2), end(HORN, START + 1.3)).events == ()


def test_the_end_of_something_that_has_left_waits_as_long_as_it_must() -> None:
    gate = Gate()
    gate.say(begin(HORN, START + 0.1))
    gate.state = replace(gate.state, budget=Budget())
    assert gate.say(end(HORN, START + 1.5)).events == ()
    later = gate.say(second=START + 400).events
    assert [type(event) for event in later] == [EndEvent]
    assert later[0].age == units.AGE_TENTHS.count - 1


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_what_a_lost_analyser_had_open_is_closed_without_confidence_or_level(how: str) -> None:
    gate = Gate()
    gate.say(begin(HORN, START + 0.1))
    bulletin = gate.say(gone=True) if how == "gone" else gate.say(second=START + SILENCE + 1)
    assert [(type(e), e.identifier) for e in bulletin.events] == [(EndEvent, 1)]
    assert (bulletin.events[0].level, bulletin.events[0].confidence) == (0, 0)  # type: ignore[union-attr]


def test_parts_leave_in_their_seconds() -> None:
    gate = Gate()
    gate.say(TenSecondLevel(end=START, laeq=61.5), minute(), thirds(), hour())
    said = {second: gate.say(second=second).scheduled for second in range(START + 1, START + 60)}
    assert said[START + 2] == (TenSeconds(laeq=units.LEVEL.encode(61.5)),)
    indicators, octaves = said[START + 4][0], said[START + 6][0]
    assert isinstance(indicators, MinuteIndicators)
    assert indicators.lceq == units.LEVEL.encode(63.0)
    assert isinstance(octaves, MinuteOctaves)
    assert octaves.levels == (units.OCTAVE.encode(50.0),) * 9
    assert said[START + 8] == (
        MinuteState(
            sources=(1 + 0 * 8 + 3, 1 + 9 * 8 + 1, 0), valid_seconds=60, overloads=3, windy=1,
            health=HEALTHS.index(Health.FINE), drops=1, refusals=1,
        ),
    )  # fmt: skip
    assert said[START + 35] == (TenMinuteThirds(low=(46,) * 14, high=(46,) * 14),)
    assert said[START + 45] == (HourIndicators(harmonica=54, intermittency=42, events=13, coverage=8),)
    left = [second for second, parts in said.items() if parts]
    assert left == [START + s for s in (2, 4, 6, 8, 12, 22, 32, 35, 42, 45, 52)]


def hour(**changes: Any) -> HourNoise:
    known = HourNoise(end=START, harmonica=5.3, intermittency=41.0, events=12, coverage=0.98)
    return replace(known, **changes)


def thirds() -> ThirdLevels:
    return ThirdLevels(end=START, seconds=600, thirds=(50.0,) * len(THIRD_CENTRES))


def test_without_a_value_the_part_leaves_all_the_same_and_the_source_is_lost() -> None:
    gate = Gate()
    said = {second: gate.say(second=second).scheduled for second in range(START, START + 60)}
    assert said[START + 2] == (TenSeconds(laeq=0),)
    assert said[START + 8][0].health == HEALTHS.index(Health.SOURCE_LOST)  # type: ignore[union-attr]
    assert said[START + 35] == (TenMinuteThirds(low=(0,) * 14, high=(0,) * 14),)
    assert said[START + 45] == (HourIndicators(harmonica=0, intermittency=0, events=0, coverage=0),)


def test_a_value_that_comes_too_late_for_one_part_still_serves_the_next() -> None:
    gate = Gate(second=START + 4)
    gate.say(minute(), second=START + 5)
    assert gate.say(second=START + 6).scheduled[0] != MinuteOctaves(levels=(0,) * 9)
    assert gate.refused == []


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Refused(), Reason.MALFORMED),
        (bang(START + 2.5), Reason.FUTURE),
        (bang(START - 12.5), Reason.LATE),
        (begin(GLASS, START - 25.0), Reason.LATE),
        (end(GLASS, START - 25.0), Reason.LATE),
        (begin(HazardKind.FIRE, START + 0.5), Reason.KIND),
        (begin(HazardKind.CROWD_DENSITY, START + 0.5), Reason.KIND),
        (begin(HazardKind.IMPULSE, START + 0.5), Reason.KIND),
        (end(HazardKind.CLOSED_ZONE, START + 0.5), Reason.KIND),
        (TenSecondLevel(end=START - 10, laeq=50.0), Reason.LATE),
        (TenSecondLevel(end=START - 3, laeq=50.0), Reason.MALFORMED),
        (TenSecondLevel(end=START + 10, laeq=50.0), Reason.FUTURE),
        (minute(end=START - 60), Reason.LATE),
        (minute(sources=((NoiseSource.MUSIC, 0.9),)), Reason.SOURCE),
        (ThirdLevels(end=START, seconds=60, thirds=(50.0,) * len(THIRD_CENTRES)), Reason.MALFORMED),
        (hour(end=START - 600), Reason.MALFORMED),
        (hour(end=START - 3600), Reason.LATE),
        (hour(end=START + 3600), Reason.FUTURE),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else type(value).__name__,
)
def test_what_does_not_belong_is_refused_counted_and_released_as_a_count(
    claim: Claim | Refused, reason: Reason
) -> None:
    gate = Gate()
    bulletin = gate.say(claim)
    assert (bulletin.events, bulletin.scheduled) == ((), ())
    assert gate.refused == [reason]
    state = gate.say(second=START + 8).scheduled[0]
    assert isinstance(state, MinuteState)
    assert state.refusals == units.FEW.encode(1)
    assert gate.state.refusals == 0


def test_only_the_first_value_of_a_period_is_heard() -> None:
    gate = Gate()
    gate.say(TenSecondLevel(end=START, laeq=50.0), TenSecondLevel(end=START, laeq=70.0))
    assert gate.refused == [Reason.REPEATED]
    gate.say()
    assert gate.say().scheduled == (TenSeconds(laeq=units.LEVEL.encode(50.0)),)


def test_counts_saturate() -> None:
    gate = Gate()
    gate.say(*[Refused()] * 5_000)
    state = gate.say(second=START + 8).scheduled[0]
    assert isinstance(state, MinuteState)
    assert state.refusals == units.FEW.count - 1


def test_the_record_of_a_minute_is_made_in_its_last_second_or_as_soon_as_the_gate_is_back() -> None:
    gate = Gate()
    for second in range(START, START + 59):
        assert gate.tick(second=second).records == ()
    assert len(gate.tick(second=START + 59).records) == 1
    gate.tick(second=START + 62)
    late = gate.tick(second=START + 300)
    assert [record.sequence for record in late.records] == [2]


def suspended(*hazards: HazardKind, observations: tuple[ObservationKind, ...] = ()) -> Rules:
    """The rules once these alone are suspended, from :data:`SUSPENDED` on; all else stays permitted."""
    (act,) = standing_on(EVERYTHING).acts
    part = Suspension(
        deployment="town", authorisation=act.digest, since=SUSPENDED, reason="test", hazards=hazards,
        observations=observations,
    )  # fmt: skip
    return leave_of(replace(act, suspensions=(part,)), now=SUSPENDED, mode=Mode.LIVE)


@pytest.mark.parametrize("how", ["gone", "silent", "ended"])
def test_the_end_of_what_was_open_when_its_kind_was_suspended_stays_untold(how: str) -> None:
    """Its begin left with leave. The rest of it, however it ends, is of seconds in which it may not be reported."""
    gate = Gate()
    assert len(gate.say(begin(GLASS, START + 0.1), begin(HORN, START + 0.2)).events) == 2
    gate.say()
    gate.rules = suspended(GLASS)
    assert gate.say(*[end(GLASS, SUSPENDED + 0.5)] if how == "ended" else [], gone=how == "gone").events == (
        (EndEvent(identifier=2, slot=1, age=units.AGE_TENTHS.encode(1.0), confidence=0, level=0),)
        if how == "gone"
        else ()
    )
    later = gate.say(second=SUSPENDED + SILENCE + 1).events  # by now whatever is open is closed by itself
    assert [event.identifier for event in later] == ([] if how == "gone" else [2])
    gate.rules = replace(RULES, leave=gate.rules.leave)
    again = [gate.say(second=SUSPENDED + SILENCE + 2 + k, gone=True).events for k in range(3)]
    assert again == [(), (), ()]  # nor is it told when the kind is permitted again


@pytest.mark.parametrize(
    ("claims", "kinds"),
    [
        ((begin(GLASS, START + 1.1),), (GLASS,)),
        ((bang(START + 1.1),), (HazardKind.IMPULSE,)),
        ((begin(GLASS, START + 1.1), end(GLASS, START + 1.6), bang(START + 1.2)), (GLASS, HazardKind.IMPULSE)),
        ((end(HORN, START + 1.5),), (HORN,)),
    ],
    ids=["begin", "bang", "all", "end"],
)
def test_what_waits_for_budget_when_its_kind_is_suspended_vanishes_uncounted(
    claims: tuple[Claim, ...], kinds: tuple[HazardKind, ...]
) -> None:
    gate = Gate()
    gate.say(begin(HORN, START + 0.1))
    gate.state = replace(gate.state, budget=Budget(scheduled=SCHEDULED_DEPTH))
    assert gate.say(*claims).events == ()
    gate.state = replace(gate.state, budget=FULL)
    gate.rules = suspended(*kinds)
    assert gate.say().events == ()
    assert gate.state.waiting == ()
    assert [hazard.kind for hazard in gate.state.hazards] == ([] if HORN in kinds else [HORN])
    assert gate.state.drops == 0


def test_what_waited_when_leave_broke_does_not_leave_although_no_tick_was_made_in_between() -> None:
    gate = Gate(Budget(scheduled=SCHEDULED_DEPTH))
    assert gate.say(begin(GLASS, START + 0.5), bang(START + 0.6)).events == ()
    gate.state = replace(gate.state, budget=FULL)
    gate.rules = leave_of(since=START + 3.0, now=START + 5, mode=Mode.LIVE)
    assert gate.say(second=START + 5).events == ()
    assert (gate.state.hazards, gate.state.waiting) == ((), ())


def test_of_a_suspended_quantity_the_part_leaves_without_its_value() -> None:
    gate = Gate()
    gate.say(TenSecondLevel(end=START, laeq=61.5), minute())
    gate.say()
    gate.rules = suspended(observations=(ObservationKind.LEVELS,))
    said = {second: gate.say(second=second).scheduled for second in range(SUSPENDED, START + 60)}
    assert said[START + 2] == (TenSeconds(laeq=0),)
    assert said[START + 6] == (MinuteOctaves(levels=(units.OCTAVE.encode(50.0),) * 9),)
