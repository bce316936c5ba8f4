"""Which claims of an analyser the gate takes. The analyser is not trusted: what it says may be anything.

Each refusal has a reason from a closed list. Reasons are for the node's own log; only their number leaves, as a small
saturating count a minute. What is refused for want of authority is not counted in what leaves: the count would tell of
what nobody may be told.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import SCHEDULE, HourIndicators, MinuteState, TenMinuteThirds, TenSeconds
from clairvoie.boundary.detection import (
    Claim,
    DetectionBegin,
    DetectionEnd,
    HourNoise,
    ImpulseDetection,
    MinuteLevels,
    Observation,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import UNTRAINED_SOURCES, HazardKind
from clairvoie.egress.authority import Rules, kind_of
from clairvoie.egress.coarse import period_of

CLAIMS_A_TICK = 64
"""More claims than these in one second are refused unread; an honest microphone makes about three."""
EARLY_CLAIMS = 64
FUTURE_TOLERANCE = 0.5
"""Seconds by which a claim may lie ahead of the gate's clock: block length and rounding."""
LAST_PHASE = {
    TenSecondLevel: SCHEDULE[TenSeconds][1],
    MinuteLevels: SCHEDULE[MinuteState][1],
    ThirdLevels: SCHEDULE[TenMinuteThirds][1],
    HourNoise: SCHEDULE[HourIndicators][1],
}


class Reason(StrEnum):
    """Why the gate refused what an analyser said."""

    MALFORMED = "malformed"
    FUTURE = "future"
    LATE = "late"
    KIND = "kind"
    SOURCE = "source"
    REPEATED = "repeated"
    TOO_MANY = "too-many"
    NOT_PERMITTED = "not-permitted"


class Refused(Struct, frozen=True):
    """Bytes from an analyser that are no claim."""

    reason: Reason = Reason.MALFORMED


def time_of(claim: Claim) -> float:
    """The UTC time, in POSIX seconds, of what a claim is about."""
    if isinstance(claim, (DetectionBegin, ImpulseDetection)):
        return claim.onset
    if isinstance(claim, DetectionEnd):
        return claim.offset
    return claim.end


def refusal_of(rules: Rules, claim: Claim | Refused, second: int, now: float) -> Reason | None:
    """Why the gate does not take ``claim`` in the tick of ``second`` at clock time ``now``; ``None`` when it does."""
    if isinstance(claim, Refused):
        return claim.reason
    if time_of(claim) > now + FUTURE_TOLERANCE:
        return Reason.FUTURE
    if isinstance(claim, (DetectionBegin, DetectionEnd, ImpulseDetection)):
        return _refusal_of_detection(rules, claim, second)
    return _refusal_of_observation(claim, second)


def _refusal_of_detection(
    rules: Rules, claim: DetectionBegin | DetectionEnd | ImpulseDetection, second: int
) -> Reason | None:
    scale = units.AGE_FINE if isinstance(claim, ImpulseDetection) else units.AGE_TENTHS
    kind = kind_of(claim)
    # A bang has a form of its own. A begin of that kind would sort among bangs by a time finer than its code.
    if kind not in rules.kinds or (kind is HazardKind.IMPULSE and not isinstance(claim, ImpulseDetection)):
        return Reason.KIND
    if second + 1 - time_of(claim) > scale.highest:
        return Reason.LATE
    return None if rules.permits(kind, second) and rules.permits(kind, time_of(claim)) else Reason.NOT_PERMITTED


def _refusal_of_observation(claim: Observation, second: int) -> Reason | None:
    period = period_of(claim)
    if claim.end % period != 0 or (isinstance(claim, ThirdLevels) and claim.seconds != period):
        return Reason.MALFORMED
    if isinstance(claim, MinuteLevels) and any(source in UNTRAINED_SOURCES for source, _ in claim.sources):
        return Reason.SOURCE
    return Reason.LATE if claim.end + LAST_PHASE[type(claim)] < second else None
