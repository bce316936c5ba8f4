"""Laws of the gate, whatever an analyser says and whatever befalls the node: counted from what leaves, off the wire."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from stretch import worst_excess

from clairvoie.boundary.authorisation import Hours, ObservationKind, Reporting, Suspension
from clairvoie.boundary.bulletin import (
    BITS_PER_SECOND,
    BURST_BITS,
    EVENT_BITS_PER_SECOND,
    EVENT_DEPTH_BITS,
    OPEN_SLOTS,
    SCHEDULE,
    SCHEDULED_BITS_PER_SECOND,
    SCHEDULED_DEPTH_BITS,
    BeginEvent,
    Bulletin,
    EndEvent,
    Event,
    ImpulseEvent,
    Scheduled,
    charge,
)
from clairvoie.boundary.hazards import HAZARD_KINDS, SEVERITY, SOUND_HAZARDS, HazardKind
from clairvoie.boundary.measured import observed
from clairvoie.boundary.standing import Standing
from clairvoie.boundary.wire import BULLETIN_BYTES, TICK_HEADER_BYTES, SecondEvents, Tick, decode_tick, encode_body
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.budget import EVENT_DEPTH, SCHEDULED_DEPTH, Budget
from clairvoie.egress.events import WAITING_IMPULSES
from clairvoie.egress.gate import tick
from clairvoie.egress.screening import CLAIMS_A_TICK
from clairvoie.egress.state import GateState, encode_state

from .conftest import EVERYTHING, START, History, HostileAnalyser, Step, histories, leave_of, play, standing_on

RULES = leave_of()
FULL = Budget(scheduled=SCHEDULED_DEPTH, events=EVENT_DEPTH)
LARGEST_STATE = 32_768
slow = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(history=histories(lost=True))
def test_no_stretch_of_time_releases_more_than_the_burst_and_eight_bits_a_second(
    history: History,
) -> None:
    bulletins = play(history, RULES).bulletins
    wire = [decode_tick(encode_body(Tick(second=b.second, bulletins=(b,)))).bulletins[0] for b in bulletins]
    charges = [(b.second, charge(b)) for b in wire]
    assert worst_excess(((s, c.total) for s, c in charges), BURST_BITS, BITS_PER_SECOND) <= 0
    assert worst_excess(((s, c.scheduled) for s, c in charges), SCHEDULED_DEPTH_BITS, SCHEDULED_BITS_PER_SECOND) <= 0
    assert worst_excess(((s, c.events) for s, c in charges), EVENT_DEPTH_BITS, EVENT_BITS_PER_SECOND) <= 0


@slow
@given(history=histories(lost=True))
def test_every_tick_has_the_same_size_and_holds_nothing_but_closed_types(history: History) -> None:
    for bulletin in play(history, RULES).bulletins:
        data = encode_body(Tick(second=bulletin.second, bulletins=(bulletin,)))
        assert len(data) == TICK_HEADER_BYTES + BULLETIN_BYTES
        assert decode_tick(data).bulletins == (bulletin,)


@slow
@given(history=histories())
def test_records_hold_exactly_what_bulletins_released_in_an_unbroken_sequence(
    history: History,
) -> None:
    last = max(second for second, _ in history)
    flushed = [*history, (last + 120, Step(120, (), False, False)), (last + 121, Step(1, (), False, False))]
    released = play(flushed, RULES)
    assert [r.sequence for r in released.records] == list(range(1, len(released.records) + 1))
    stored: list[Bulletin] = []
    for record in released.records:
        if isinstance(record.content, SecondEvents):
            content = record.content
            stored.append(Bulletin(sensor=content.sensor, second=content.second, events=content.events))
        else:
            stored += record.content.bulletins
    said_events = [(b.second, b.events) for b in released.bulletins if b.events]
    said_parts = [(b.second, b.scheduled) for b in released.bulletins if b.scheduled and b.second < last + 120]
    assert [(b.second, b.events) for b in stored if b.events] == said_events
    assert [(b.second, b.scheduled) for b in stored if b.scheduled and b.second < last + 120] == said_parts


@slow
@given(history=histories())
def test_time_never_runs_backwards(history: History) -> None:
    seconds = [b.second for b in play(history, RULES).bulletins]
    assert seconds == sorted(set(seconds))


@slow
@given(history=histories())
def test_identifiers_count_up_and_every_end_names_an_open_begin(history: History) -> None:
    open_hazards: dict[int, tuple[int, HazardKind]] = {}
    identifiers: list[int] = []
    for bulletin in play(history, RULES).bulletins:
        for event in bulletin.events:
            if isinstance(event, EndEvent):
                assert open_hazards.pop(event.slot)[0] == event.identifier
                continue
            identifiers.append(event.identifier)
            if isinstance(event, BeginEvent):
                kind = HAZARD_KINDS[event.kind]
                assert kind in SOUND_HAZARDS
                assert kind not in {k for _, k in open_hazards.values()}
                assert event.slot not in open_hazards
                open_hazards[event.slot] = (event.identifier, kind)
    assert identifiers == list(range(1, len(identifiers) + 1))
    assert len(open_hazards) <= OPEN_SLOTS


@slow
@given(history=histories())
def test_events_leave_in_an_order_that_their_codes_alone_decide(history: History) -> None:
    kinds: dict[int, HazardKind] = {}
    for bulletin in play(history, RULES).bulletins:
        keys = []
        for event in bulletin.events:
            if isinstance(event, BeginEvent):
                kinds[event.slot] = HAZARD_KINDS[event.kind]
            keys.append(order_of(event, kinds))
        assert keys == sorted(keys)


def order_of(event: Event, kinds: dict[int, HazardKind]) -> tuple[int, int, int]:
    """Severity, oldest first, begin before end: read off the codes."""
    if isinstance(event, ImpulseEvent):
        return SEVERITY[HazardKind.IMPULSE], -event.age, 2
    return SEVERITY[kinds[event.slot]], -event.age, 0 if isinstance(event, BeginEvent) else 1


@slow
@given(history=histories(), other=st.booleans())
def test_what_an_analyser_says_never_changes_when_a_scheduled_part_leaves(history: History, other: bool) -> None:
    mute = History((second, Step(step.forward, (), other, step.lost)) for second, step in history)
    loud, silent = play(history, RULES).bulletins, play(mute, RULES).bulletins
    assert [(b.second, [type(p) for p in b.scheduled]) for b in loud] == [
        (b.second, [type(p) for p in b.scheduled]) for b in silent
    ]


@slow
@given(history=histories())
def test_nothing_that_the_gate_remembers_grows_without_bound(history: History) -> None:
    for state in play(history, RULES).states:
        assert len(state.waiting) <= WAITING_IMPULSES
        assert len(state.early) <= CLAIMS_A_TICK
        assert len(state.hazards) <= len(SOUND_HAZARDS)
        assert len(state.parts) <= 2 * len(SCHEDULE)


@slow
@given(second=st.integers(START, START + 600), seed=st.integers(0, 2**32), repeats=st.integers(1, 400))
def test_any_number_of_claims_costs_bounded_memory(second: int, seed: int, repeats: int) -> None:
    hostile = HostileAnalyser(seed)
    some = [hostile.claim(second) for _ in range(20)]
    state = GateState(sensor="mic-1", second=second - 1)
    release = tick(RULES, state, second, some * repeats)
    assert len(encode_state(release.state)) < LARGEST_STATE
    assert len(release.refused) >= len(some) * repeats - CLAIMS_A_TICK


def test_every_scheduled_part_can_be_paid_for_once_the_bucket_has_filled() -> None:
    history = [(second, Step(1, (), False, False)) for second in range(START + 17, START + 17 + 3 * 600)]
    left = {b.second: [type(p) for p in b.scheduled] for b in play(history, RULES).bulletins}
    for second in range(START + 600, START + 17 + 3 * 600):
        due = [kind for kind, (period, phase) in SCHEDULE.items() if second % period == phase]
        assert left[second] == due


def narrowings() -> st.SearchStrategy[tuple[Standing, bool]]:
    """Standings that allow less than everything, and whether they only ever take away from some second on."""

    def kinds(hazards: set[HazardKind], observations: set[ObservationKind]) -> tuple[Standing, bool]:
        less = replace(EVERYTHING, hazards=tuple(sorted(hazards)), observations=tuple(sorted(observations)))
        return standing_on(less), True

    def suspended(since: int, about: dict[str, Any]) -> tuple[Standing, bool]:
        suspension = Suspension(deployment="town", authorisation=f"{1:064x}", since=since, reason="law", **about)
        act = replace(standing_on(EVERYTHING).acts[0], suspensions=(suspension,))
        return standing_on(act), True

    later = st.integers(START, START + 900)
    return st.one_of(
        st.builds(kinds, st.sets(st.sampled_from(sorted(SOUND_HAZARDS))), st.sets(st.sampled_from(MEASURED))),
        later.map(lambda second: (standing_on(replace(EVERYTHING, ends=second)), True)),
        later.map(lambda second: (standing_on(replace(EVERYTHING, starts=second)), False)),
        st.builds(suspended, later, st.sampled_from(SUSPENDED_PARTS)),
        st.just((standing_on(replace(EVERYTHING, sensors=("mic-2",))), True)),
        st.just((standing_on(replace(EVERYTHING, models=("ab" * 32,))), True)),
        st.just((standing_on(replace(EVERYTHING, exercise=True)), True)),
        st.just((standing_on(replace(EVERYTHING, hours=(Hours(start="09:05", end="09:10"),))), False)),
    )


MEASURED = (
    ObservationKind.LEVELS, ObservationKind.OCTAVES, ObservationKind.THIRDS, ObservationKind.NOISE_SOURCES,
)  # fmt: skip
SUSPENDED_PARTS: tuple[dict[str, Any], ...] = (
    {},
    {"sensors": ("mic-1",)},
    {"hazards": (HazardKind.IMPULSE,)},
    {"hazards": tuple(sorted(SOUND_HAZARDS - {HazardKind.IMPULSE}))},
    {"observations": (ObservationKind.LEVELS,)},
)


def permitted_in(rules: Rules, bulletin: Bulletin, begun: dict[int, HazardKind]) -> bool:
    """Read off the codes: whether each thing in ``bulletin`` is permitted in its second. ``begun`` tells what began
    under which identifier, since an end does not say of what it is."""

    def allowed(kind: HazardKind | ObservationKind) -> bool:
        return rules.standing.denial(Reporting("mic-1", kind, rules.mode), bulletin.second) is None

    kinds: list[HazardKind | ObservationKind] = [k for p in bulletin.scheduled if (k := observed(p)) is not None]
    kinds += [HAZARD_KINDS[event.kind] for event in bulletin.events if isinstance(event, BeginEvent)]
    kinds += [HazardKind.IMPULSE for event in bulletin.events if isinstance(event, ImpulseEvent)]
    kinds += [begun[event.identifier] for event in bulletin.events if isinstance(event, EndEvent)]
    anything = any(allowed(kind) for kind in (*SOUND_HAZARDS, *MEASURED))
    return anything and all(allowed(kind) for kind in kinds)


def said_by(bulletins: list[Bulletin]) -> Counter[tuple[object, ...]]:
    """Events by what they tell: second and codes, but neither the counters nor the slots, which the gate chooses."""
    told = [(b.second, e) for b in bulletins for e in b.events]
    return Counter(
        (second, type(event), *(getattr(event, n) for n in event.__struct_fields__ if n not in ("identifier", "slot")))
        for second, event in told
    )


@slow
@given(history=histories(), narrowed=narrowings())
def test_less_authority_never_releases_more(history: History, narrowed: tuple[Standing, bool]) -> None:
    standing, takes_away_only = narrowed
    small = History((second, step._replace(claims=step.claims[:10])) for second, step in history)
    less = replace(RULES, standing=standing)
    few, many = play(small, less, budget=FULL), play(small, RULES, budget=FULL)
    begun: dict[int, HazardKind] = {}
    for bulletin in few.bulletins:
        begun |= {e.identifier: HAZARD_KINDS[e.kind] for e in bulletin.events if isinstance(e, BeginEvent)}
        assert permitted_in(less, bulletin, begun)
        assert permitted_in(RULES, bulletin, begun)
    for record in few.records:
        assert less.would_record(record.content)
    by_second = {bulletin.second: bulletin for bulletin in many.bulletins}
    for bulletin in few.bulletins:
        wider = by_second[bulletin.second]
        assert [type(part) for part in bulletin.scheduled] == [type(part) for part in wider.scheduled]
        assert charge(bulletin).scheduled == charge(wider).scheduled
    if takes_away_only:
        assert said_by(few.bulletins) <= said_by(many.bulletins)
        for bulletin in few.bulletins:
            for part, other in zip(bulletin.scheduled, by_second[bulletin.second].scheduled, strict=True):
                assert_withheld_or_same(part, other)


def assert_withheld_or_same(part: Scheduled, other: Scheduled) -> None:
    """Each code of ``part`` is that of ``other``, or says nothing."""
    for name in part.__struct_fields__:
        mine, wider = getattr(part, name), getattr(other, name)
        if name in ("drops", "refusals"):
            assert mine <= wider
        elif isinstance(mine, tuple):
            assert mine == wider or not any(mine)
        else:
            assert mine in (wider, 0)


@slow
@given(history=histories())
def test_without_leave_nothing_at_all_is_released_and_nothing_waits(history: History) -> None:
    released = play(history, replace(RULES, leave=None))
    assert (released.bulletins, released.records) == ([], [])
    for state in released.states:
        assert (state.hazards, state.waiting, state.early, state.parts, state.said) == ((), (), (), (), ())
        assert (state.drops, state.refusals, state.sequence, state.identifier) == (0, 0, 0, 0)
        assert state.budget.events <= EVENT_DEPTH_BITS * 1000


@slow
@given(history=histories(), until=st.integers(0, 120))
def test_nothing_that_was_captured_without_leave_leaves_later(history: History, until: int) -> None:
    since = history[0][0] + until
    late = replace(RULES, leave=Leave(since=since, earliest=since, latest=since))
    for bulletin in play(history, late, budget=FULL).bulletins:
        assert bulletin.second >= since
        for event in bulletin.events:
            tenths = event.age if not isinstance(event, ImpulseEvent) else event.age / 1000
            clipped = event.age == 255 and isinstance(event, EndEvent)
            assert clipped or bulletin.second + 1 - (tenths - 1) / 10 >= since - 0.1
        for part in bulletin.scheduled:
            period, phase = SCHEDULE[type(part)]
            if observed(part) is not None:
                assert bulletin.second - phase - period >= since
