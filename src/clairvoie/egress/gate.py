"""The only way out, as a pure rule: what one sensor releases in one second, given what its analyser claimed.

Whatever the claims are, :func:`tick` returns at most one bulletin, of closed types, within the budget; the parts of
:data:`~clairvoie.boundary.bulletin.SCHEDULE` leave in their seconds whether or not there is a value; and time never
runs backwards. Memory and work for each tick are bounded. Nothing here reads a clock, a key or a disk: the caller must
persist the new state together with the records before anything of the tick is released.

Nothing is released that the acts do not permit (:mod:`clairvoie.egress.authority`). A sensor that is permitted nothing,
or has no leave, is silent: no bulletin, no record, and whatever waited is erased. Where it is permitted something, the
rest leaves as "no value" in its seconds, so that size and rate tell nothing.

>>> tick(Rules(sensor="mic-1"), GateState(sensor="mic-1"), 1_800_000_001, ()).silent  # by default there is no leave
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import ObservationKind
from clairvoie.boundary.bulletin import (
    EVENT_ABSENT_MILLIBITS,
    Bulletin,
    Charge,
    MinuteState,
    Scheduled,
    charge,
    fields_millibits,
)
from clairvoie.boundary.detection import (
    Claim,
    DetectionBegin,
    DetectionEnd,
    ImpulseDetection,
    Observation,
)
from clairvoie.boundary.wire import MinuteParts, Record, RecordContent, SecondEvents, SensorStatement
from clairvoie.egress import events
from clairvoie.egress.authority import Kind, Rules
from clairvoie.egress.coarse import absent_part, due_kind, parts_of, period_of, withheld
from clairvoie.egress.screening import (
    CLAIMS_A_TICK,
    EARLY_CLAIMS,
    Reason,
    Refused,
    refusal_of,
    time_of,
)
from clairvoie.egress.state import GateState
from clairvoie.egress.statement import is_due

PHASE = 0.25
"""The tick of a second is made this long after the second is over; claims that arrive later belong to the next."""
SILENCE = 30
"""After so many seconds without any claim, what the analyser had open is closed."""
MINUTE = 60
NO_EVENT = Charge(scheduled=0, events=EVENT_ABSENT_MILLIBITS)


class Release(NamedTuple):
    """What a tick gives: the new state, the bulletin (``None``: nothing at all), records to store, refusals, and
    whether the sensor is silent because it is permitted nothing."""

    state: GateState
    bulletin: Bulletin | None
    records: tuple[Record, ...]
    refused: tuple[Reason, ...]
    silent: bool = False


def tick(
    rules: Rules,
    state: GateState,
    second: int,
    claims: Sequence[Claim | Refused],
    *,
    now: float | None = None,
    gone: bool = False,
    statement: SensorStatement | None = None,
) -> Release:
    """Release what one sensor says in the UTC second ``second``.

    ``now`` is the clock when the claims were read (by default the regular moment of this tick), ``gone`` says that no
    analyser is at the other end of the pipe, ``statement`` is what the node has to say of this sensor's process. A
    second at or below the high-water mark releases nothing and changes nothing.
    """
    if state.second is not None and second <= state.second:
        return Release(state, None, (), ())
    elapsed = 0 if state.second is None else second - state.second
    state = replace(state, second=second, budget=state.budget.refilled(elapsed))
    permitted = rules.permitted(second)
    if not permitted:
        return Release(_erased(rules, state), None, (), (), silent=True)
    late_minute, state = _finish_minute(rules, state, second)
    state = events.vanish(state, rules, permitted)
    state, refused = _take(rules, state, second, claims, second + 1 + PHASE if now is None else now)
    if gone or (state.heard is not None and second - state.heard > SILENCE):
        state = events.close_all(state, second)
    state = events.drop_stale(state, second)
    if not state.budget.holds(NO_EVENT):
        return _record(state, None, late_minute, refused)
    state, leaving = events.release(state, rules, second)
    state, scheduled = _scheduled(state, second, permitted)
    bulletin = Bulletin(sensor=state.sensor, second=second, scheduled=scheduled, events=leaving)
    state = replace(state, budget=state.budget.charged(charge(bulletin)))
    contents = list(late_minute)
    if leaving:
        contents.append(SecondEvents(sensor=state.sensor, second=second, events=leaving))
    if scheduled:
        state = replace(state, said=(*state.said, replace(bulletin, events=())))
    if second % MINUTE == MINUTE - 1:
        last_minute, state = _finish_minute(rules, state, second + 1)
        contents += last_minute
    if statement is not None and is_due(state.stated, statement):
        contents.append(statement)
        state = replace(state, stated=statement)
    return _record(state, bulletin, contents, refused)


def _erased(rules: Rules, state: GateState) -> GateState:
    """The state of a silent sensor: nothing waits, and of what has left, only what was permitted is still recorded."""
    said = tuple(bulletin for bulletin in state.said if rules.would_say(bulletin))
    return replace(state, hazards=(), waiting=(), early=(), parts=(), said=said, drops=0, refusals=0)


def _record(
    state: GateState, bulletin: Bulletin | None, contents: Sequence[RecordContent], refused: tuple[Reason, ...]
) -> Release:
    """Number the records of this tick; the sequence has no gaps."""
    records = tuple(
        Record(sequence=state.sequence + number, content=content) for number, content in enumerate(contents, start=1)
    )
    return Release(replace(state, sequence=state.sequence + len(records)), bulletin, records, refused)


def _finish_minute(rules: Rules, state: GateState, second: int) -> tuple[list[RecordContent], GateState]:
    """The record of the minute whose bulletins are at hand, once ``second`` lies outside it.

    A suspension may reach back into that minute: what it covers has left as provisional, but is not recorded.
    """
    if not state.said:
        return [], state
    minute = state.said[0].second // MINUTE * MINUTE
    if second < minute + MINUTE:
        return [], state
    said = tuple(bulletin for bulletin in state.said if rules.would_say(bulletin))
    state = replace(state, said=())
    return [MinuteParts(sensor=state.sensor, minute=minute, bulletins=said)] if said else [], state


def _take(
    rules: Rules, state: GateState, second: int, claims: Sequence[Claim | Refused], now: float
) -> tuple[GateState, tuple[Reason, ...]]:
    """Take in the claims that may be taken in; keep those of a second that is not over for the next tick."""
    refused = [Reason.TOO_MANY] * max(0, len(claims) - CLAIMS_A_TICK)
    at_hand = (*state.early, *claims[:CLAIMS_A_TICK])
    early: list[Claim] = []
    state = replace(state, early=(), heard=second if claims else state.heard)
    for claim in at_hand:
        reason = refusal_of(rules, claim, second, now)
        if reason is None and not isinstance(claim, Refused):
            if time_of(claim) < second + 1:
                state, reason = _apply(rules, state, claim, second)
            elif len(early) < EARLY_CLAIMS:
                early.append(claim)
            else:
                reason = Reason.TOO_MANY
        if reason is not None:
            refused.append(reason)
        if reason is Reason.NOT_PERMITTED and isinstance(claim, DetectionEnd):
            state = events.forget(state, claim)
    told = sum(reason is not Reason.NOT_PERMITTED for reason in refused)
    return replace(state, early=tuple(early), refusals=events.counted(state.refusals, told)), tuple(refused)


def _apply(rules: Rules, state: GateState, claim: Claim, second: int) -> tuple[GateState, Reason | None]:
    if isinstance(claim, DetectionBegin):
        return events.begin(state, claim, second), None
    if isinstance(claim, DetectionEnd):
        return events.end(state, claim, second), None
    if isinstance(claim, ImpulseDetection):
        return events.impulse(state, claim, second), None
    return _observe(rules, state, claim, second)


def _observe(rules: Rules, state: GateState, claim: Observation, second: int) -> tuple[GateState, Reason | None]:
    """Keep the parts of an observation for their seconds; the first to speak for a second is the one heard.

    What is not permitted in every second that it spans is kept as "no value".
    """

    def throughout(kind: ObservationKind) -> bool:
        return rules.permits_throughout(kind, claim.end - period_of(claim), claim.end)

    known = {(due, type(part)) for due, part in state.parts}
    new = [(due, withheld(part, throughout)) for due, part in parts_of(claim) if due >= second]
    if any((due, type(part)) in known for due, part in new):
        return state, Reason.REPEATED
    parts = tuple((due, part) for due, part in state.parts if due >= second)
    return replace(state, parts=(*parts, *new)), None


def _scheduled(state: GateState, second: int, permitted: frozenset[Kind]) -> tuple[GateState, tuple[Scheduled, ...]]:
    """The part of this second, if one is due and its bucket, which fills by time alone, can pay for it."""
    kind = due_kind(second)
    parts = tuple((due, part) for due, part in state.parts if due > second)
    at_hand = next((part for due, part in state.parts if due == second), None)
    state = replace(state, parts=parts)
    if kind is None or fields_millibits(kind) > state.budget.scheduled:
        return state, ()
    part = absent_part(kind) if at_hand is None else withheld(at_hand, permitted.__contains__)
    if isinstance(part, MinuteState):
        part = replace(part, drops=units.FEW.encode(state.drops), refusals=units.FEW.encode(state.refusals))
        state = replace(state, drops=0, refusals=0)
    return state, (part,)
