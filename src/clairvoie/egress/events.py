"""Detections on their way out: repeats merge, the severest leave first, and what waits too long is dropped and counted.

A hazard kind is at most once open at a sensor. A begin of a kind that is open or waiting merges into it, and from
then on its end is the end of the newer one. Bangs closer than 50 ms are one. A begin or a bang waits at most
:data:`PATIENCE` seconds for budget; the end of something whose begin was dropped is dropped with it, uncounted. The end
of something whose begin has left waits as long as it must, and an age beyond its scale leaves as the greatest.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    EVENT_ABSENT_MILLIBITS,
    BeginEvent,
    EndEvent,
    Event,
    ImpulseEvent,
    event_millibits,
)
from clairvoie.boundary.detection import DetectionBegin, DetectionEnd, ImpulseDetection
from clairvoie.boundary.hazards import HAZARD_KINDS, MODES, SEVERITY, HazardKind
from clairvoie.egress.authority import Kind, Rules
from clairvoie.egress.state import COUNT_LIMIT, Ending, GateState, Hazard, WaitingImpulse
from clairvoie.errors import EgressError

PATIENCE = 10
"""Seconds for which a detection waits for budget."""
WAITING_IMPULSES = 32
SAME_IMPULSE = 0.05
"""Seconds within which two bangs are one."""
BEGIN, END, IMPULSE = range(3)
MILLIBITS = {
    BEGIN: event_millibits(BeginEvent),
    END: event_millibits(EndEvent),
    IMPULSE: event_millibits(ImpulseEvent),
}


class Candidate(NamedTuple):
    """An event that could leave; candidates sort by severity, then age (oldest first), then form and codes."""

    severity: int
    time: float
    form: int
    codes: tuple[int, ...]
    subject: Hazard | WaitingImpulse

    @property
    def order(self) -> tuple[int, float, int, tuple[int, ...]]:
        """The sort key."""
        return self.severity, self.time, self.form, self.codes


def counted(count: int, more: int = 1) -> int:
    """A count that stops at its limit."""
    return min(COUNT_LIMIT, count + more)


def begin(state: GateState, claim: DetectionBegin, second: int) -> GateState:
    """A hazard begins, or one that is open goes on under a new local number."""
    known = next((h for h in state.hazards if h.kind is claim.kind), None)
    if known is not None:
        return _with(state, replace(known, local=claim.local, end=None))
    return _with(
        state,
        Hazard(
            kind=claim.kind,
            local=claim.local,
            onset=claim.onset,
            confidence=units.CONFIDENCE.encode(claim.confidence),
            level=units.EVENT_LEVEL.encode(claim.level),
            clock=units.encode_uncertainty(claim.clock_sigma),
            since=second,
        ),
    )


def end(state: GateState, claim: DetectionEnd, second: int) -> GateState:
    """A hazard ends; the end of something that the gate does not know of, or that went on, says nothing."""
    known = next((h for h in state.hazards if h.kind is claim.kind and h.local == claim.local), None)
    if known is None or known.end is not None:
        return state
    ending = Ending(
        offset=max(claim.offset, known.onset),
        confidence=units.CONFIDENCE.encode(claim.confidence),
        level=units.EVENT_LEVEL.encode(claim.level),
        since=second,
    )
    return _with(state, replace(known, end=ending))


def impulse(state: GateState, claim: ImpulseDetection, second: int) -> GateState:
    """A bang; the louder of two that are one stays, while it has not left."""
    if any(abs(onset - claim.onset) < SAME_IMPULSE for onset in state.impulses):
        return state
    level = units.EVENT_LEVEL.encode(claim.level)
    for known in state.waiting:
        if abs(known.onset - claim.onset) < SAME_IMPULSE:
            louder = replace(known, level=max(known.level, level))
            return replace(state, waiting=tuple(louder if w is known else w for w in state.waiting))
    if len(state.waiting) >= WAITING_IMPULSES:
        return replace(state, drops=counted(state.drops))
    new = WaitingImpulse(onset=claim.onset, sigma=units.encode_uncertainty(claim.sigma), level=level, since=second)
    return replace(state, waiting=(*state.waiting, new))


def close_all(state: GateState, second: int) -> GateState:
    """The analyser is gone: whatever it had open ends now, with no confidence and no level."""
    closed = [
        h if h.end else replace(h, end=Ending(offset=max(h.onset, second), confidence=0, level=0, since=second))
        for h in state.hazards
    ]
    return replace(state, hazards=tuple(closed))


def vanish(state: GateState, rules: Rules, permitted: frozenset[Kind]) -> GateState:
    """Without what is not permitted, or was not when it happened: it vanishes, uncounted, open or waiting.

    A hazard that vanishes while it is open has no end: the last permitted second is over when authority has ended.
    """
    hazards = tuple(h for h in state.hazards if h.kind in permitted and _was_permitted(rules, h))
    bangs = HazardKind.IMPULSE in permitted
    waiting = tuple(w for w in state.waiting if bangs and rules.permits(HazardKind.IMPULSE, w.onset))
    return replace(state, hazards=hazards, waiting=waiting)


def forget(state: GateState, claim: DetectionEnd) -> GateState:
    """Without the hazard whose end may not be told."""
    return replace(state, hazards=tuple(h for h in state.hazards if h.kind is not claim.kind or h.local != claim.local))


def _was_permitted(rules: Rules, hazard: Hazard) -> bool:
    """Whether what of ``hazard`` has not left yet happened in permitted seconds."""
    begun = hazard.slot is not None or rules.permits(hazard.kind, hazard.onset)
    return begun and (hazard.end is None or rules.permits(hazard.kind, hazard.end.offset))


def drop_stale(state: GateState, second: int) -> GateState:
    """Without what has waited too long or is older than its age could say; each is counted as a drop."""
    hazards = tuple(h for h in state.hazards if not _hazard_is_stale(h, second))
    waiting = tuple(w for w in state.waiting if not _stale(w.since, w.onset, units.AGE_FINE, second))
    dropped = len(state.hazards) - len(hazards) + len(state.waiting) - len(waiting)
    recent = tuple(onset for onset in state.impulses if second + 1 - onset <= units.AGE_FINE.highest + SAME_IMPULSE)
    return replace(state, hazards=hazards, waiting=waiting, impulses=recent, drops=counted(state.drops, dropped))


def release(state: GateState, rules: Rules, second: int) -> tuple[GateState, tuple[Event, ...]]:
    """The events that leave in ``second``, in order, as far as the budget goes; strictly by severity and age.

    A severe event that cannot be paid for yet keeps milder ones waiting: otherwise small ones would starve it.
    """
    left = state.budget.events - EVENT_ABSENT_MILLIBITS
    events: list[Event] = []
    for candidate in sorted(_candidates(state), key=lambda c: c.order):
        left -= MILLIBITS[candidate.form]
        if left < 0:
            break
        state, event = _leave(state, rules, candidate, second)
        events.append(event)
    return state, tuple(events)


def _with(state: GateState, hazard: Hazard) -> GateState:
    others = [h for h in state.hazards if h.kind is not hazard.kind]
    return replace(state, hazards=tuple(sorted([*others, hazard], key=lambda h: SEVERITY[h.kind])))


def _hazard_is_stale(hazard: Hazard, second: int) -> bool:
    """Only a begin grows stale. An end waits for as long as it must: without it the hub would never see the end."""
    return hazard.slot is None and _stale(hazard.since, hazard.onset, units.AGE_TENTHS, second)


def _stale(since: int, time: float, scale: units.Scale, second: int) -> bool:
    return second - since > PATIENCE or second + 1 - time > scale.highest


def _candidates(state: GateState) -> list[Candidate]:
    found = []
    for hazard in state.hazards:
        severity = SEVERITY[hazard.kind]
        if hazard.slot is None:
            begun = (hazard.confidence, hazard.level, hazard.clock)
            found.append(Candidate(severity, hazard.onset, BEGIN, begun, hazard))
        if hazard.end is not None:
            ended = (hazard.end.confidence, hazard.end.level)
            found.append(Candidate(severity, hazard.end.offset, END, ended, hazard))
    severity = SEVERITY[HazardKind.IMPULSE]
    found += [Candidate(severity, w.onset, IMPULSE, (w.sigma, w.level), w) for w in state.waiting]
    return found


def _leave(state: GateState, rules: Rules, candidate: Candidate, second: int) -> tuple[GateState, Event]:
    subject = candidate.subject
    if isinstance(subject, WaitingImpulse):
        return _leave_impulse(state, rules, subject, second)
    if candidate.form == BEGIN:
        return _leave_begin(state, rules, subject, second)
    return _leave_end(state, subject, second)


def _leave_impulse(
    state: GateState, rules: Rules, waiting: WaitingImpulse, second: int
) -> tuple[GateState, ImpulseEvent]:
    identifier = state.identifier + 1
    event = ImpulseEvent(
        identifier=identifier,
        mode=MODES.index(rules.mode),
        age=units.AGE_FINE.encode(second + 1 - waiting.onset),
        sigma=waiting.sigma,
        level=waiting.level,
    )
    return (
        replace(
            state,
            identifier=identifier,
            waiting=tuple(w for w in state.waiting if w is not waiting),
            impulses=(*state.impulses, waiting.onset),
        ),
        event,
    )


def _leave_begin(state: GateState, rules: Rules, hazard: Hazard, second: int) -> tuple[GateState, BeginEvent]:
    slot = state.free_slot()
    if slot is None:  # a kind is open at most once and there are fewer kinds than slots
        raise EgressError("more hazards are open than there are slots", len(state.hazards))
    identifier = state.identifier + 1
    event = BeginEvent(
        identifier=identifier,
        slot=slot,
        kind=HAZARD_KINDS.index(hazard.kind),
        mode=MODES.index(rules.mode),
        age=units.AGE_TENTHS.encode(second + 1 - hazard.onset),
        confidence=hazard.confidence,
        level=hazard.level,
        clock=hazard.clock,
    )
    return replace(_with(state, replace(hazard, slot=slot, identifier=identifier)), identifier=identifier), event


def _leave_end(state: GateState, hazard: Hazard, second: int) -> tuple[GateState, EndEvent]:
    known = next(h for h in state.hazards if h.kind is hazard.kind)
    if known.end is None or known.slot is None or known.identifier is None:
        raise EgressError("an end would leave before its begin", hazard.kind.value)
    event = EndEvent(
        identifier=known.identifier,
        slot=known.slot,
        age=units.AGE_TENTHS.encode(second + 1 - known.end.offset),
        confidence=known.end.confidence,
        level=known.end.level,
    )
    return replace(state, hazards=tuple(h for h in state.hazards if h.kind is not hazard.kind)), event
