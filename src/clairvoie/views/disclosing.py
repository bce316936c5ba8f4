"""The desk as one caller may see it: a :class:`~clairvoie.boundary.reading.Desk` around the hub's.

Pages and API have no other desk, so no route can forget to ask. What lies outside a caller's areas does not exist for
them; what the act that counts does not let their recipient be told is left out
(:func:`~clairvoie.boundary.disclosure.disclosed`); what somebody signs, they sign as themselves. A look at an incident
is recorded before it is given: once a caller, an incident and :data:`LOOK_SECONDS`.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from clairvoie.boundary.authorisation import Denial, Field
from clairvoie.boundary.bulletin import charge
from clairvoie.boundary.disclosure import WHOLE, denial_of, disclosed
from clairvoie.boundary.entry import LONGEST_TEXT, Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, DetectionView, Incident, IncidentState, Miss, Outcome
from clairvoie.boundary.person import Caller, CallerKind, Power
from clairvoie.boundary.reading import (
    Change,
    Deployment,
    Desk,
    HourRow,
    MinuteRow,
    MinuteSaid,
    PeriodLevels,
    RefusalCount,
    SecondSaid,
    SensorStatus,
    ShiftNote,
    Strip,
)
from clairvoie.boundary.standing import Act
from clairvoie.errors import HubError, InvalidValue, NotPermitted
from clairvoie.views.caller import current
from clairvoie.views.disclosing_trials import MOST_LOOKED_THROUGH, DisclosingTrials

LOOK_SECONDS = 300.0
LONG_LIST = 100
"""A program that is given more rows at once takes them away: that is an export."""
OF_EVERYBODY = frozenset({"acts", "discarded", "ledger_status"})
"""What is the same for everyone whom a route lets in: nothing in it tells of an incident."""


class Looks:
    """Which looks at incidents were recorded lately."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], float] = {}
        self._lock = threading.Lock()

    def due(self, who: str, incident: int, now: float) -> bool:
        """Whether a look must be recorded now; it then counts as recorded."""
        with self._lock:
            self._last = {key: at for key, at in self._last.items() if 0 <= now - at < LOOK_SECONDS}
            if (who, incident) in self._last:
                return False
            self._last[who, incident] = now
            return True

    def forget(self, who: str, incident: int) -> None:
        """It could not be recorded after all."""
        with self._lock:
            self._last.pop((who, incident), None)


class DisclosingDesk(DisclosingTrials):
    """See the module. ``whole`` is the hub's desk, for what is counted over the deployment and names nothing."""

    def __init__(self, desk: Desk, act: Callable[[], Act | None] | None = None) -> None:
        """``act`` gives the act that counts now; by default it is asked of ``desk``."""
        self.whole = desk
        self._act = act or self._shown_act
        self._looks = Looks()

    def _need(self, power: Power) -> Caller:
        caller = current()
        if not caller.may(power):
            raise NotPermitted("not-permitted", f"this needs the power {power.value}", caller.who or None)
        return caller

    def _shown_act(self) -> Act | None:
        counting = self.whole.acts().counting
        return None if counting is None else counting.act

    def _denial(self, caller: Caller, field: Field) -> Denial | None:
        """Of an incident that nobody has confirmed; a machine may still be told of confirmed ones."""
        if caller.kind is CallerKind.VISITOR:
            return None
        return denial_of(caller, field, self._act(), self.whole.now())

    def _reader(self) -> tuple[Caller, Act | None]:
        """A caller who may be told of some incident at all, and the act that says so."""
        caller = self._need(Power.READ_INCIDENTS)
        if caller.kind is CallerKind.VISITOR:
            return caller, None
        act, now = self._act(), self.whole.now()
        for field in WHOLE:
            denial = denial_of(caller, field, act, now, confirmed=True)
            if denial is not None:
                raise NotPermitted(
                    "not-disclosed",
                    f"the act that counts lets no incident be told to this recipient ({denial.value})",
                    caller.recipient or caller.who,
                    "See the authorisations, or ask an administrator.",
                )
        return caller, act

    # The same for everybody ---------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """What is the hub's own and the same for everyone."""
        if name in OF_EVERYBODY:
            return getattr(self.whole, name)
        raise AttributeError(name)

    def now(self) -> float:
        """The hub's clock."""
        return self.whole.now()

    def deployment(self) -> Deployment:
        """The deployment this hub serves."""
        return self.whole.deployment()

    def refusals(self) -> tuple[RefusalCount, ...]:
        """Uploads refused, by code."""
        self._need(Power.READ_FIGURES)
        return self.whole.refusals()

    def changes(self) -> AsyncIterator[Change]:
        """Changes as they happen, without content."""
        self._need(Power.READ_FIGURES)
        return self.whole.changes()

    # Figures ------------------------------------------------------------------------------------------------------

    def strip(self) -> Strip:
        """The facts of the top strip; open incidents are those that this caller may see."""
        strip, caller = self.whole.strip(), current()
        if caller.kind is CallerKind.VISITOR:
            return strip
        if caller.is_machine:  # what is counted or dated by events tells of them
            return msgspec.structs.replace(strip, incidents_open=0, last_record=None, millibits_per_second=0.0)
        seen = 0
        if caller.may(Power.READ_INCIDENTS) and self._denial(caller, Field.INCIDENT_KIND) is None:
            seen = len(self.incidents(IncidentState.OPEN)) if caller.confined else strip.incidents_open
        return msgspec.structs.replace(strip, incidents_open=seen)

    def sensors(self) -> tuple[SensorStatus, ...]:
        """The sensors in this caller's areas."""
        caller = self._need(Power.READ_LEVELS)
        return tuple(
            _uncounted(status, caller) for status in self.whole.sensors() if caller.reaches(status.sensor.place)
        )

    def sensor(self, sensor: str) -> SensorStatus | None:
        """One sensor, if it is in this caller's areas."""
        caller = self._need(Power.READ_LEVELS)
        found = self.whole.sensor(sensor)
        return _uncounted(found, caller) if found is not None and caller.reaches(found.sensor.place) else None

    def _measured(self, sensor: str) -> bool:
        """Whether this caller may be told what ``sensor`` measured. Staff without a recipient may: they tend it."""
        if self.sensor(sensor) is None:
            return False
        caller = current()
        if caller.kind is not CallerKind.MACHINE and not caller.recipient:
            return True
        return self._denial(caller, Field.LEVELS) is None

    def levels(self, sensor: str, start: float, end: float) -> tuple[MinuteRow, ...]:
        """Stored sensor-minutes, their noise sources only where those may be told."""
        if not self._measured(sensor):
            return ()
        rows, caller = self.whole.levels(sensor, start, end), current()
        if not caller.recipient or self._denial(caller, Field.SOURCES) is None:
            return rows
        return tuple(msgspec.structs.replace(row, sources=()) for row in rows)

    def hours(self, sensor: str, start: float, end: float) -> tuple[HourRow, ...]:
        """Stored sensor-hours; they go with the levels."""
        return self.whole.hours(sensor, start, end) if self._measured(sensor) else ()

    def period_levels(self, sensor: str, start: float, end: float) -> PeriodLevels:
        """Energy means over the range, by part of the day."""
        if not self._measured(sensor):
            return PeriodLevels(laeq=None, day=None, evening=None, night=None, lden=None, coverage=0.0)
        return self.whole.period_levels(sensor, start, end)

    def said(self, sensor: str) -> tuple[SecondSaid, ...]:
        """The last minute of a sensor; its events only for those who may be told of detections."""
        seconds = self.whole.said(sensor)
        if not self._measured(sensor):
            return tuple(msgspec.structs.replace(said, bulletin=None, millibits=0) for said in seconds)
        caller = current()
        if caller.may(Power.READ_INCIDENTS) and self._denial(caller, Field.DETECTIONS) is None:
            return seconds
        return tuple(map(_without_events, seconds))

    def said_by_minute(self, sensor: str, start: float, end: float) -> tuple[MinuteSaid, ...]:
        """How much a sensor said, by the minute."""
        return self.whole.said_by_minute(sensor, start, end) if self.sensor(sensor) is not None else ()

    def life(self, sensor: str) -> Any:
        """The signed acts of a sensor's life, which its street sign tells too."""
        return self.whole.life(sensor)

    def confinement(self, sensor: str) -> Any:
        """What its node last said of the process behind a sensor."""
        return self.whole.confinement(sensor)

    # Incidents ----------------------------------------------------------------------------------------------------

    def incidents(
        self, state: IncidentState | None = None, *, since: float | None = None, limit: int = 200
    ) -> tuple[Incident, ...]:
        """The incidents that this caller may see, each with what they may be told of it."""
        caller, act = self._reader()
        if caller.kind is CallerKind.VISITOR:
            return self.whole.incidents(state, since=since, limit=limit)
        now, read = self.whole.now(), limit
        while True:
            found = self.whole.incidents(state, since=since, limit=read)
            told = [disclosed(incident, caller, act, now) for incident in found]
            kept = tuple(incident for incident in told if incident is not None)
            if len(kept) >= limit or len(found) < read or read >= MOST_LOOKED_THROUGH:
                return kept[:limit]
            read = min(max(read * 8, 64), MOST_LOOKED_THROUGH)

    def incident(self, identifier: int) -> Incident | None:
        """One incident, and an entry that says who looked."""
        caller, act = self._reader()
        found, now = self.whole.incident(identifier), self.whole.now()
        if found is not None and caller.kind is not CallerKind.VISITOR:
            found = disclosed(found, caller, act, now)
        who = caller.who or CallerKind.VISITOR.value
        if found is not None and self._looks.due(who, identifier, now):
            try:
                self.whole.record(Entry(kind=EntryKind.LOOK, at=now, who=who, about=f"incident-{identifier}"))
            except Exception:
                self._looks.forget(who, identifier)
                raise
        return found

    def detections(
        self, *, start: float, end: float, sensor: str | None = None, limit: int = 1000
    ) -> tuple[DetectionView, ...]:
        """Detections at this caller's sensors, for those who may be told of them before anybody confirmed anything."""
        caller, _ = self._reader()
        if self._denial(caller, Field.DETECTIONS) is not None:
            return ()
        if not caller.confined:
            return self.whole.detections(start=start, end=end, sensor=sensor, limit=limit)
        mine = {status.sensor.id for status in self.sensors()}
        found = self.whole.detections(start=start, end=end, sensor=sensor, limit=MOST_LOOKED_THROUGH)
        return tuple(view for view in found if view.sensor in mine)[:limit]

    def _person(self) -> Caller:
        """A caller who may be told of what nobody has confirmed: people's own notes and misses are such things."""
        caller, _ = self._reader()
        denial = self._denial(caller, Field.INCIDENT_KIND)
        if denial is not None:
            raise NotPermitted("not-disclosed", f"machines are told of confirmed incidents alone ({denial.value})")
        return caller

    def misses(self, *, limit: int = 200) -> tuple[Miss, ...]:
        """Misses reported by people."""
        self._person()
        return self.whole.misses(limit=limit)

    def shift_notes(self, *, since: float) -> tuple[ShiftNote, ...]:
        """Notes for the next shift."""
        self._person()
        return self.whole.shift_notes(since=since)

    def access(self, **asked: Any) -> Any:
        """Who did what: entries of the ledger."""
        self._need(Power.READ_ACCESS)
        return self.whole.access(**asked)

    def export(self, what: str, rows: int | None = None) -> None:
        """Record that ``what`` is taken away, before it is given; a list of ``rows`` only when it is a long one."""
        if rows is not None and rows <= LONG_LIST:
            return
        detail = {} if rows is None else {"rows": str(rows)}
        self.record(Entry(kind=EntryKind.EXPORT, at=self.now(), about=what[:LONGEST_TEXT], detail=detail))

    def record(self, entry: Entry) -> int | None:
        """Write an entry, in this caller's name whatever it says."""
        caller = current()
        who = caller.who or caller.kind.value
        return self.whole.record(msgspec.structs.replace(entry, who=who))

    # Acts ---------------------------------------------------------------------------------------------------------

    def _signing(self, who: str) -> str:
        """As whom this caller signs: themselves. Another name is refused rather than put right in silence."""
        caller = self._need(Power.ACT)
        if caller.kind is CallerKind.VISITOR:
            if not who:
                raise InvalidValue("an act is signed with a name", who, "Say who acts.")
            return who
        if who not in ("", caller.name, caller.who, caller.signature):
            raise NotPermitted("not-you", "whoever is signed in signs as themselves", who[:80], "Leave the name out.")
        return caller.signature

    def _on(self, identifier: int, does: Callable[[], Incident]) -> Incident:
        """Do it to an incident that exists for this caller; give back what they may be told."""
        if self.incident(identifier) is None:
            raise HubError("there is no such incident", identifier)
        done = does()
        caller, act = self._reader()
        told = done if caller.kind is CallerKind.VISITOR else disclosed(done, caller, act, self.whole.now())
        if told is None:
            raise HubError("there is no such incident", identifier)
        return told

    def take(self, identifier: int, who: str) -> Incident:
        """Take an open incident."""
        name = self._signing(who)
        return self._on(identifier, lambda: self.whole.take(identifier, name))

    def close(self, identifier: int, who: str, outcome: Outcome, basis: Basis, note: str = "") -> Incident:
        """Close an incident."""
        name = self._signing(who)
        return self._on(identifier, lambda: self.whole.close(identifier, name, outcome, basis, note))

    def note(self, identifier: int, who: str, text: str) -> Incident:
        """Add a note to an incident."""
        name = self._signing(who)
        return self._on(identifier, lambda: self.whole.note(identifier, name, text))

    def report_miss(
        self, *, kind: HazardKind, happened: float, place_words: str, basis: Basis, note: str, who: str
    ) -> Miss:
        """Record something of which no sensor told."""
        name = self._signing(who)
        self._person()
        return self.whole.report_miss(
            kind=kind, happened=happened, place_words=place_words, basis=basis, note=note, who=name
        )

    def write_shift_note(self, who: str, text: str) -> ShiftNote:
        """Leave a note to the next shift."""
        name = self._signing(who)
        self._person()
        return self.whole.write_shift_note(name, text)


def _uncounted(status: SensorStatus, caller: Caller) -> SensorStatus:
    """What a caller may know of a sensor; for a machine without what is counted by events, which would tell of them."""
    if not caller.is_machine:
        return status
    return msgspec.structs.replace(status, kinds=(), records_stored=0, millibits_last_minute=0, clock_sigma=None)


def _without_events(said: SecondSaid) -> SecondSaid:
    """A second without its events, charged as if there had been none: the charge would tell."""
    if said.bulletin is None:
        return said
    bulletin = msgspec.structs.replace(said.bulletin, events=())
    return msgspec.structs.replace(said, bulletin=bulletin, millibits=charge(bulletin).total)
