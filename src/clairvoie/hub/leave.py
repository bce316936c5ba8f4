"""May this be taken? What a bulletin reports, and whether it was permitted in its own second. Pure, but for a memory.

Absent codes report nothing and pass, and so does what a sensor says of itself; but even they are taken only in a second
in which the sensor may report *something*: without leave nothing is taken, not even silence.

:class:`Leave` gives exactly the answers of :meth:`~clairvoie.boundary.standing.Standing.denial` and remembers them: an
answer changes within a UTC minute only where an act or a suspension begins or ends, and sensors that are listed
alike are answered alike (a property test compares every answer).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from clairvoie.boundary.authorisation import Denial, ObservationKind, Reporting
from clairvoie.boundary.bulletin import (
    BeginEvent,
    Bulletin,
    EndEvent,
    Event,
    ImpulseEvent,
)
from clairvoie.boundary.hazards import HAZARD_KINDS, MODES, HazardKind, Mode
from clairvoie.boundary.measured import MEASURES, observed
from clairvoie.boundary.standing import Standing
from clairvoie.errors import Refusal
from clairvoie.hub.refusals import Code, refuse
from clairvoie.hub.trial import permitted_since

FIRST_WHOLE_OFFSET = 100_000_000
"""From 1973 on every time zone differs from UTC by whole minutes; before that nothing is remembered."""
MOST_REMEMBERED = 200_000


class Withheld(NamedTuple):
    """Something that was not permitted: why, and what it was (``None``: that the sensor speaks at all)."""

    why: Denial
    sensor: str
    second: int
    kind: HazardKind | ObservationKind | None = None


def claimed(sensor: str, event: Event) -> Reporting | None:
    """What an event reports. An end names no hazard: here one that is permitted is enough, and where its begin is known
    it is judged by that (:mod:`clairvoie.hub.detection_rows`)."""
    if isinstance(event, BeginEvent):
        return Reporting(sensor, HAZARD_KINDS[event.kind], MODES[event.mode])
    if isinstance(event, ImpulseEvent):
        return Reporting(sensor, HazardKind.IMPULSE, MODES[event.mode])
    assert isinstance(event, EndEvent)
    return None


class Leave:
    """The answers of one :class:`Standing`, remembered. Threads may share it: at worst one is asked twice."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self._listed = [frozenset(act.authorisation.sensors) for act in standing.acts]
        self._suspended = [frozenset(s.sensors) for act in standing.acts for s in act.suspensions]
        moments = [m for act in standing.acts for m in (act.authorisation.starts, act.authorisation.ends)]
        moments += [s.since for act in standing.acts for s in act.suspensions]
        self._uneven = frozenset(moment // 60 for moment in moments if moment % 60)
        self._moments = sorted(set(moments))
        self._since: dict[tuple[str, HazardKind, int], float | None] = {}
        self._throughout: dict[tuple[str, int], tuple[tuple[HazardKind, float], ...]] = {}
        self._first: dict[tuple[bool, ...], str] = {}
        self._alike: dict[str, str] = {}
        self._known: dict[tuple[Reporting, int], Denial | None] = {}
        self._speaks: dict[tuple[str, int, bool], Denial | None] = {}
        self._clear: dict[tuple[str, int], set[ObservationKind]] = {}

    def denial(self, thing: Reporting, second: int) -> Denial | None:
        """Why ``thing`` is not permitted in ``second``; ``None`` when it is."""
        minute = second // 60
        if second < FIRST_WHOLE_OFFSET or minute in self._uneven:
            return self.standing.denial(thing, second)
        key = (thing._replace(sensor=self._like(thing.sensor)), minute)
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {}
            self._known[key] = self.standing.denial(key[0], second)
        return self._known[key]

    def silence(self, sensor: str, second: int, *, hazards: bool = False) -> Denial | None:
        """Why ``sensor`` may say nothing at all in ``second``, or tell of no hazard; ``None`` when it may."""
        minute = second // 60
        if second < FIRST_WHOLE_OFFSET or minute in self._uneven:
            return speaking_denial(self.standing, sensor, second, hazards=hazards)
        key = (self._like(sensor), minute, hazards)
        if key not in self._speaks:
            if len(self._speaks) >= MOST_REMEMBERED:
                self._speaks = {}
            self._speaks[key] = speaking_denial(self.standing, key[0], second, hazards=hazards)
        return self._speaks[key]

    def since(self, sensor: str, kind: HazardKind, second: float) -> float | None:
        """Since when ``kind`` has been permitted at ``sensor`` without a break (:func:`~.trial.permitted_since`)."""
        key = (self._like(sensor), kind, bisect_right(self._moments, second))
        if key not in self._since:
            self._since[key] = permitted_since(self.standing, key[0], kind, second)
        return self._since[key]

    def throughout(self, sensor: str, minute: int) -> tuple[tuple[HazardKind, float], ...]:
        """The kinds that ``sensor`` may tell live from the first to the last second of the UTC minute that begins at
        ``minute``, each with :meth:`since`."""
        key = (self._like(sensor), minute)
        if key not in self._throughout:
            if len(self._throughout) >= MOST_REMEMBERED:
                self._throughout = {}
            act = self.standing.in_force(minute)
            kinds = () if act is None else act.authorisation.hazards
            ends = [(kind, self.since(sensor, kind, minute + 59)) for kind in kinds if self._both(sensor, kind, minute)]
            self._throughout[key] = tuple((kind, since) for kind, since in ends if since is not None)
        return self._throughout[key]

    def _both(self, sensor: str, kind: HazardKind, minute: int) -> bool:
        """At both ends of a minute; within one in which no act and no suspension begins or ends it is one answer."""
        thing = Reporting(sensor, kind, Mode.LIVE)
        even = minute >= FIRST_WHOLE_OFFSET and minute // 60 not in self._uneven
        return self.denial(thing, minute) is None and (even or self.denial(thing, minute + 59) is None)

    def _like(self, sensor: str) -> str:
        """The first sensor asked after that every act and every suspension lists as it lists ``sensor``."""
        found = self._alike.get(sensor)
        if found is None:
            listing = tuple(sensor in sensors for sensors in (*self._listed, *self._suspended))
            found = self._alike[sensor] = self._first.setdefault(listing, sensor)
        return found

    def withheld(self, bulletin: Bulletin) -> Withheld | None:
        """The first thing in ``bulletin`` that was not permitted in its second; ``None`` when all of it was."""
        sensor, second = bulletin.sensor, bulletin.second
        clear = self._clear.get((self._like(sensor), second // 60))
        if (
            clear is not None
            and not bulletin.events
            and all(MEASURES[type(part)] in clear for part in bulletin.scheduled)
        ):
            return None
        ends = any(isinstance(event, EndEvent) for event in bulletin.events)
        silent = self.silence(sensor, second) or (self.silence(sensor, second, hazards=True) if ends else None)
        if silent is not None:
            return Withheld(silent, sensor, second)
        things = [claimed(sensor, event) for event in bulletin.events]
        kinds = (observed(part) for part in bulletin.scheduled)
        for thing in (*things, *(Reporting(sensor, kind) for kind in kinds if kind is not None)):
            denial = None if thing is None else self.denial(thing, second)
            if denial is not None:
                return Withheld(denial, sensor, second, None if thing is None else thing.kind)
        self._note_clear(bulletin)
        return None

    def _note_clear(self, bulletin: Bulletin) -> None:
        """Remember what a permitted bulletin shows to be permitted in the whole of its minute, for those like it."""
        minute = bulletin.second // 60
        if bulletin.second >= FIRST_WHOLE_OFFSET and minute not in self._uneven:
            if len(self._clear) >= MOST_REMEMBERED:
                self._clear = {}
            kinds = {kind for part in bulletin.scheduled if (kind := observed(part)) is not None}
            self._clear.setdefault((self._like(bulletin.sensor), minute), set()).update(kinds)


def speaking_denial(standing: Standing, sensor: str, second: int, *, hazards: bool = False) -> Denial | None:
    """``None`` when there is anything, or any hazard, that ``sensor`` may report in ``second``; else why not."""
    act = standing.in_force(second)
    if act is None:
        return Denial.NO_AUTHORISATION
    mode = Mode.EXERCISE if act.authorisation.exercise else Mode.LIVE
    observations = () if hazards else act.authorisation.observations
    kinds: tuple[HazardKind | ObservationKind, ...] = (*observations, *act.authorisation.hazards)
    denials = [act.denial(Reporting(sensor, kind, mode), second) for kind in kinds]
    return None if None in denials else next(iter(denials), Denial.KIND)


def refusal(withheld: Withheld) -> Refusal:
    """What the node is told: it erases such a record."""
    what = withheld.kind.value if withheld.kind is not None else "anything"
    value = f"{withheld.sensor} at {withheld.second}: {withheld.why.value}"
    if withheld.why is Denial.SUSPENDED:
        return refuse(Code.SUSPENDED, f"reporting {what} is suspended", value, "Erase it.")
    return refuse(Code.NOT_AUTHORISED, f"no act permits reporting {what}", value, "Erase it.")
