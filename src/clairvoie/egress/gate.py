"""The only way out, as a pure rule: what one sensor releases in one second, given what its analyser claimed.

Whatever the claims are, :func:`tick` returns at most one bulletin, of closed types, within the budget; the parts of
:data:`~clairvoie.boundary.bulletin.SCHEDULE` leave in their seconds whether or not there is a value; and time never
runs backwards. Memory and work for each tick are bounded. Nothing here reads a clock, a key or a disk: the caller must
persist the new state together with the records before anything of the tick is released.

>>> from clairvoie.boundary.detection import TenSecondLevel
>>> rules = Rules(sensor="mic-1")
>>> first = tick(rules, GateState(sensor="mic-1"), 1_800_000_001, ())
>>> print(first.bulletin)  # the buckets are empty: not even silence can be paid for
None
>>> tick(rules, first.state, 1_800_000_002, ()).bulletin.scheduled  # its bucket holds 5 bits, the part costs 8
()
>>> second = tick(rules, first.state, 1_800_000_012, (TenSecondLevel(end=1_800_000_010, laeq=61.4),))
>>> second.bulletin.scheduled
(TenSeconds(laeq=84),)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from clairvoie.boundary import units
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
from clairvoie.boundary.wire import MinuteParts, Record, RecordContent, SecondEvents
from clairvoie.egress import events
from clairvoie.egress.coarse import absent_part, due_kind, parts_of
from clairvoie.egress.screening import (
    CLAIMS_A_TICK,
    EARLY_CLAIMS,
    Reason,
    Refused,
    Rules,
    refusal_of,
    time_of,
)
from clairvoie.egress.state import GateState

PHASE = 0.25
"""The tick of a second is made this long after the second is over; claims that arrive later belong to the next."""
SILENCE = 30
"""After so many seconds without any claim, what the analyser had open is closed."""
MINUTE = 60
NO_EVENT = Charge(scheduled=0, events=EVENT_ABSENT_MILLIBITS)


class Release(NamedTuple):
    """What a tick gives: the new state, the bulletin (``None``: nothing at all), records to store, and refusals."""

    state: GateState
    bulletin: Bulletin | None
    records: tuple[Record, ...]
    refused: tuple[Reason, ...]


def tick(
    rules: Rules,
    state: GateState,
    second: int,
    claims: Sequence[Claim | Refused],
    *,
    now: float | None = None,
    gone: bool = False,
) -> Release:
    """Release what one sensor says in the UTC second ``second``.

    ``now`` is the clock when the claims were read (by default the regular moment of this tick), ``gone`` says that no
    analyser is at the other end of the pipe. A second at or below the high-water mark releases nothing and changes
    nothing.
    """
    if state.second is not None and second <= state.second:
        return Release(state, None, (), ())
    elapsed = 0 if state.second is None else second - state.second
    state = replace(state, second=second, budget=state.budget.refilled(elapsed))
    late_minute, state = _finish_minute(state, second)
    state, refused = _take(rules, state, second, claims, second + 1 + PHASE if now is None else now)
    if gone or (state.heard is not None and second - state.heard > SILENCE):
        state = events.close_all(state, second)
    state = events.drop_stale(state, second)
    if not state.budget.holds(NO_EVENT):
        return _record(state, None, late_minute, refused)
    state, leaving = events.release(state, rules, second)
    state, scheduled = _scheduled(state, second)
    bulletin = Bulletin(sensor=state.sensor, second=second, scheduled=scheduled, events=leaving)
    state = replace(state, budget=state.budget.charged(charge(bulletin)))
    contents = list(late_minute)
    if leaving:
        contents.append(SecondEvents(sensor=state.sensor, second=second, events=leaving))
    if scheduled:
        state = replace(state, said=(*state.said, replace(bulletin, events=())))
    if second % MINUTE == MINUTE - 1:
        last_minute, state = _finish_minute(state, second + 1)
        contents += last_minute
    return _record(state, bulletin, contents, refused)


def _record(
    state: GateState, bulletin: Bulletin | None, contents: Sequence[RecordContent], refused: tuple[Reason, ...]
) -> Release:
    """Number the records of this tick; the sequence has no gaps."""
    records = tuple(
        Record(sequence=state.sequence + number, content=content) for number, content in enumerate(contents, start=1)
    )
    return Release(replace(state, sequence=state.sequence + len(records)), bulletin, records, refused)


def _finish_minute(state: GateState, second: int) -> tuple[list[RecordContent], GateState]:
    """The record of the minute whose bulletins are at hand, once ``second`` lies outside it."""
    if not state.said:
        return [], state
    minute = state.said[0].second // MINUTE * MINUTE
    if second < minute + MINUTE:
        return [], state
    return [MinuteParts(sensor=state.sensor, minute=minute, bulletins=state.said)], replace(state, said=())


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
                state, reason = _apply(state, claim, second)
            elif len(early) < EARLY_CLAIMS:
                early.append(claim)
            else:
                reason = Reason.TOO_MANY
        if reason is not None:
            refused.append(reason)
    state = replace(state, early=tuple(early), refusals=events.counted(state.refusals, len(refused)))
    return state, tuple(refused)


def _apply(state: GateState, claim: Claim, second: int) -> tuple[GateState, Reason | None]:
    if isinstance(claim, DetectionBegin):
        return events.begin(state, claim, second), None
    if isinstance(claim, DetectionEnd):
        return events.end(state, claim, second), None
    if isinstance(claim, ImpulseDetection):
        return events.impulse(state, claim, second), None
    return _observe(state, claim, second)


def _observe(state: GateState, claim: Observation, second: int) -> tuple[GateState, Reason | None]:
    """Keep the parts of an observation for their seconds; the first to speak for a second is the one heard."""
    known = {(due, type(part)) for due, part in state.parts}
    new = [(due, part) for due, part in parts_of(claim) if due >= second]
    if any((due, type(part)) in known for due, part in new):
        return state, Reason.REPEATED
    parts = tuple((due, part) for due, part in state.parts if due >= second)
    return replace(state, parts=(*parts, *new)), None


def _scheduled(state: GateState, second: int) -> tuple[GateState, tuple[Scheduled, ...]]:
    """The part of this second, if one is due and its bucket, which fills by time alone, can pay for it."""
    kind = due_kind(second)
    parts = tuple((due, part) for due, part in state.parts if due > second)
    at_hand = next((part for due, part in state.parts if due == second), None)
    state = replace(state, parts=parts)
    if kind is None or fields_millibits(kind) > state.budget.scheduled:
        return state, ()
    part = absent_part(kind) if at_hand is None else at_hand
    if isinstance(part, MinuteState):
        part = replace(part, drops=units.FEW.encode(state.drops), refusals=units.FEW.encode(state.refusals))
        state = replace(state, drops=0, refusals=0)
    return state, (part,)
