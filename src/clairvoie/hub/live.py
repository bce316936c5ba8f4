"""Live bulletins: a pure rule for ticks, and the last minute of every sensor in memory.

What is here is provisional: it is never stored and never retried, and a restart forgets it. The rings hold
:data:`REMEMBERED` seconds of each sensor and nothing older, whatever arrives.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    EVENT_ABSENT_MILLIBITS,
    SCHEDULE,
    BeginEvent,
    Bulletin,
    ImpulseEvent,
    MinuteState,
    TenSeconds,
    charge,
)
from clairvoie.boundary.hazards import HEALTHS, NOT_HEARING, Health
from clairvoie.boundary.reading import SecondSaid
from clairvoie.boundary.signed import TICK_DOMAIN, Envelope
from clairvoie.boundary.wire import Tick, decode_tick
from clairvoie.errors import MalformedMessage, OversizedMessage, Refusal, UnsupportedVersion
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.ingest import FUTURE_SECONDS, check_signature, speaker
from clairvoie.hub.leave import Leave
from clairvoie.hub.refusals import Code, refuse

STALE_SECONDS = 60.0
"""A tick older than this is not live."""
REMEMBERED = 90
"""Seconds kept of each sensor: the last whole minute, and some for delay."""


def judge_tick(envelope: Envelope, enrolment: Enrolment, now: float) -> Tick | Refusal:
    """The tick in a live frame, if it is to be believed and is of now."""
    node = speaker(envelope, enrolment, TICK_DOMAIN)
    if isinstance(node, Refusal):
        return node
    unsigned = check_signature(envelope, node)
    if unsigned is not None:
        return unsigned
    try:
        tick = decode_tick(envelope.body)
    except (MalformedMessage, OversizedMessage) as error:
        return refuse(Code.MALFORMED, error.what, None, "Update the node, or report this as a defect.")
    except UnsupportedVersion as error:
        return refuse(Code.UNSUPPORTED_VERSION, error.what, error.value, error.remedy)
    if envelope.sensor != node.id or envelope.sequence != tick.second:
        return refuse(Code.INVALID_CONTENT, "the tick and its envelope differ", (envelope.sensor, envelope.sequence))
    for bulletin in tick.bulletins:
        sensor = enrolment.sensors.get(bulletin.sensor)
        if sensor is None or sensor.node != node.id:
            return refuse(
                Code.UNKNOWN_SENSOR, f"node {node.id} speaks for no such sensor", bulletin.sensor, "Enrol it."
            )
    if tick.second > now + FUTURE_SECONDS:
        return refuse(Code.FROM_THE_FUTURE, "the tick lies ahead of the hub's clock", tick.second, "Set the clocks.")
    if tick.second < now - STALE_SECONDS:
        return refuse(Code.STALE, "the tick is not of now", tick.second, "Send live ticks only; records may be late.")
    return of_active(tick, enrolment)


def of_active(tick: Tick, enrolment: Enrolment) -> Tick:
    """The tick without what sensors say that are not active: one in maintenance does not silence its neighbours."""
    spoken = tuple(b for b in tick.bulletins if enrolment.speaks(b.sensor, tick.second))
    return tick if len(spoken) == len(tick.bulletins) else Tick(second=tick.second, bulletins=spoken)


@dataclass(slots=True)
class _Ring:
    """The last seconds of one sensor. Empty bulletins, which are nearly all, are kept as their second alone."""

    seconds: list[int] = field(default_factory=lambda: [-1] * REMEMBERED)
    said: dict[int, Bulletin] = field(default_factory=dict)
    last: int = -1
    laeq: tuple[int, float | None] | None = None
    health: Health | None = None
    clock: float | None = None
    heard: float | None = None


@dataclass(frozen=True, slots=True)
class LiveState:
    """What is known of a sensor from its live bulletins."""

    last_heard: float | None
    laeq: float | None
    laeq_end: int | None
    health: Health | None
    clock_sigma: float | None
    millibits_last_minute: int


class Live:
    """The last minute of every sensor. Thread-safe."""

    def __init__(self, sensors: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._rings = {sensor: _Ring() for sensor in sensors}
        self._totals = [(-1, 0)] * REMEMBERED

    def admit(self, sensors: Iterable[str]) -> None:
        """Remember these sensors too."""
        with self._lock:
            for sensor in sensors:
                if sensor not in self._rings:
                    self._rings[sensor] = _Ring()

    def add(self, tick: Tick, now: float) -> int:
        """Remember a tick; how many of its bulletins were new. A second that is known already changes nothing."""
        with self._lock:
            return sum(self._add(bulletin, now) for bulletin in tick.bulletins)

    def _add(self, bulletin: Bulletin, now: float) -> bool:
        ring = self._rings[bulletin.sensor]
        second = bulletin.second
        slot = second % REMEMBERED
        if second <= ring.seconds[slot] or second <= ring.last - REMEMBERED:
            return False
        ring.said.pop(ring.seconds[slot], None)
        ring.seconds[slot] = second
        ring.last = max(ring.last, second)
        ring.heard = now
        if bulletin.scheduled or bulletin.events:
            ring.said[second] = bulletin
            _note(ring, bulletin)
        known, total = self._totals[slot]
        if known <= second:
            self._totals[slot] = (second, (total if known == second else 0) + charge(bulletin).total)
        return True

    def erase(self, leave: Leave) -> None:
        """Forget the seconds that ``leave`` does not permit (any more), and what was known from them."""
        with self._lock:
            for sensor, ring in self._rings.items():
                gone = [s for s in ring.seconds if s >= 0 and leave.withheld(_bulletin(sensor, ring, s)) is not None]
                for second in gone:
                    ring.seconds[second % REMEMBERED] = -1
                    ring.said.pop(second, None)
                if gone:
                    ring.laeq = ring.health = ring.clock = None

    def said(self, sensor: str, now: float) -> tuple[SecondSaid, ...]:
        """The last sixty whole seconds, oldest first."""
        end = int(now)
        with self._lock:
            ring = self._rings[sensor]
            return tuple(_said(sensor, ring, second) for second in range(end - 60, end))

    def state(self, sensor: str, now: float) -> LiveState:
        """What is known of a sensor now."""
        said = self.said(sensor, now)
        with self._lock:
            ring = self._rings[sensor]
            return LiveState(
                last_heard=ring.heard,
                laeq=None if ring.laeq is None else ring.laeq[1],
                laeq_end=None if ring.laeq is None else ring.laeq[0],
                health=ring.health,
                clock_sigma=ring.clock,
                millibits_last_minute=sum(second.millibits for second in said),
            )

    def heard_since(self, since: float) -> int:
        """How many sensors were heard at ``since`` or later and, as far as their last minute tells, have sound."""
        with self._lock:
            return sum(
                ring.heard is not None and ring.heard >= since and ring.health not in NOT_HEARING
                for ring in self._rings.values()
            )

    def millibits_per_second(self, now: float) -> float:
        """Mean over the last sixty whole seconds of what all sensors released."""
        end = int(now)
        with self._lock:
            return sum(total for second, total in self._totals if end - 60 <= second < end) / 60


def _note(ring: _Ring, bulletin: Bulletin) -> None:
    for part in bulletin.scheduled:
        if isinstance(part, TenSeconds):
            ring.laeq = (bulletin.second - SCHEDULE[TenSeconds][1], units.LEVEL.decode(part.laeq))
        elif isinstance(part, MinuteState):
            ring.health = HEALTHS[part.health]
    for event in bulletin.events:
        if isinstance(event, BeginEvent):
            ring.clock = units.decode_uncertainty(event.clock)
        elif isinstance(event, ImpulseEvent):
            ring.clock = units.decode_uncertainty(event.sigma)


def _bulletin(sensor: str, ring: _Ring, second: int) -> Bulletin:
    return ring.said.get(second) or Bulletin(sensor=sensor, second=second)


def _said(sensor: str, ring: _Ring, second: int) -> SecondSaid:
    if ring.seconds[second % REMEMBERED] != second:
        return SecondSaid(second=second, bulletin=None, millibits=0)
    bulletin = ring.said.get(second)
    if bulletin is None:
        empty = Bulletin(sensor=sensor, second=second)
        return SecondSaid(second=second, bulletin=empty, millibits=EVENT_ABSENT_MILLIBITS)
    return SecondSaid(second=second, bulletin=bulletin, millibits=charge(bulletin).total)
