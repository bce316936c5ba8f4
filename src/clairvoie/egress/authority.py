"""What one sensor may say: the gate's questions to the signed acts, asked of every second that is concerned.

A thing is released only if the acts permit it in the second of its release, in every second in which it was captured,
and now, at both ends of trusted time. Without leave, :attr:`Rules.leave` is ``None`` and everything is denied.
A recogniser whose hash the act does not list reports neither hazards nor noise sources.

>>> Rules(sensor="mic-1").permitted(1_800_000_000)
frozenset()
"""

from __future__ import annotations

from msgspec import Struct

from clairvoie.boundary.authorisation import ObservationKind, Reporting
from clairvoie.boundary.bulletin import (
    BeginEvent,
    Bulletin,
    ImpulseEvent,
)
from clairvoie.boundary.detection import Detection, ImpulseDetection
from clairvoie.boundary.hazards import HAZARD_KINDS, SOUND_HAZARDS, HazardKind, Mode
from clairvoie.boundary.measured import observed
from clairvoie.boundary.sensor import check_name
from clairvoie.boundary.standing import Standing
from clairvoie.boundary.wire import MinuteParts, RecordContent, SecondEvents

Kind = HazardKind | ObservationKind
SOUND_OBSERVATIONS: frozenset[Kind] = frozenset(
    {ObservationKind.LEVELS, ObservationKind.OCTAVES, ObservationKind.THIRDS, ObservationKind.NOISE_SOURCES}
)
MINUTE = 60


class Leave(Struct, frozen=True, kw_only=True):
    """There is leave, without a break from ``since`` on (the node's UTC); it is now between ``earliest`` and
    ``latest``, trusted time."""

    since: float
    earliest: float
    latest: float


class Rules(Struct, frozen=True, kw_only=True):
    """What one sensor is allowed: the kinds it can have, the mode of its detections, its recogniser's SHA-256, and the
    acts with the leave to use them. By default nothing."""

    sensor: str
    mode: Mode = Mode.TRIAL
    kinds: frozenset[HazardKind] = SOUND_HAZARDS
    model: str = ""
    standing: Standing = Standing()
    leave: Leave | None = None

    def __post_init__(self) -> None:
        check_name("sensor", self.sensor)

    @property
    def all_kinds(self) -> frozenset[Kind]:
        """Everything that a sensor of this form could ever report."""
        return frozenset[Kind](self.kinds) | SOUND_OBSERVATIONS

    def permits(self, kind: Kind, when: float) -> bool:
        """Whether ``kind`` may be reported of the moment ``when``, which lies within the leave, and now."""
        leave = self.leave
        if leave is None or when < leave.since:
            return False
        return all(self._act_permits(kind, moment) for moment in (when, leave.earliest, leave.latest))

    def permits_throughout(self, kind: Kind, start: int, end: int) -> bool:
        """Whether ``kind`` may be reported of every moment from ``start`` to before ``end``.

        Hours change on whole minutes of UTC, and otherwise only what acts and suspensions name changes anything.
        """
        edges = {start, *range(start - start % MINUTE + MINUTE, end, MINUTE)}
        for act in self.standing.acts:
            named = (act.authorisation.starts, act.authorisation.ends, *(s.since for s in act.suspensions))
            edges |= {moment for moment in named if start < moment < end}
        return self.permits(kind, start) and all(self._act_permits(kind, moment) for moment in edges)

    def permitted(self, second: float) -> frozenset[Kind]:
        """All that may be released in ``second``. When that is nothing, the sensor is silent altogether."""
        return frozenset(kind for kind in self.all_kinds if self.permits(kind, second))

    def would_record(self, content: RecordContent) -> bool:
        """Whether the acts, suspensions included, permit every part of a record in its own second."""
        if isinstance(content, SecondEvents):
            return self._permits_events(content)
        if isinstance(content, MinuteParts):
            return all(self.would_say(bulletin) for bulletin in content.bulletins)
        return self._permits_anything(content.second)

    def would_say(self, bulletin: Bulletin) -> bool:
        """The same of the scheduled parts of a bulletin."""
        kinds = [kind for part in bulletin.scheduled if (kind := observed(part)) is not None]
        return self._permits_anything(bulletin.second) and all(self._act_permits(k, bulletin.second) for k in kinds)

    def _permits_events(self, content: SecondEvents) -> bool:
        for event in content.events:
            if isinstance(event, BeginEvent):
                kinds = [HAZARD_KINDS[event.kind]]
            elif isinstance(event, ImpulseEvent):
                kinds = [HazardKind.IMPULSE]
            else:
                kinds = list(self.kinds)  # an end does not say of what: one permitted hazard is enough
            if not any(self._act_permits(kind, content.second) for kind in kinds):
                return False
        return True

    def _permits_anything(self, second: int) -> bool:
        return any(self._act_permits(kind, second) for kind in self.all_kinds)

    def _act_permits(self, kind: Kind, when: float) -> bool:
        act = self.standing.in_force(when)
        if act is None or act.denial(Reporting(self.sensor, kind, self.mode), when) is not None:
            return False
        learned = isinstance(kind, HazardKind) or kind is ObservationKind.NOISE_SOURCES
        return not learned or not act.authorisation.models or self.model in act.authorisation.models


def kind_of(claim: Detection) -> HazardKind:
    """The hazard that a claim is about."""
    return HazardKind.IMPULSE if isinstance(claim, ImpulseDetection) else claim.kind
