"""A desk in memory: the one working fake of :class:`clairvoie.boundary.reading.Desk`, for tests and screenshots.

``FakeDesk()`` is a small invented quarter with six microphones, a day of levels and a few incidents, its clock standing
at :data:`NOW` until :meth:`FakeDesk.pass_time` moves it. It keeps the rules that pages depend on: the first taker wins,
nothing closes without an honest basis, history grows.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fake_door import DoorOfDesk, FakeDoor
from fake_trials import FakeTrials
from quarter import QUARTER, SENSORS, place
from street_day import hour_row, minute_row, scheduled_parts, ten_seconds

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    BeginEvent,
    Bulletin,
    charge,
)
from clairvoie.boundary.confinement import Confinement
from clairvoie.boundary.hazards import HAZARD_KINDS, MODES, HazardKind, Health, Mode
from clairvoie.boundary.incident import (
    Basis,
    DetectionView,
    Incident,
    IncidentState,
    Miss,
    Outcome,
    Transition,
    TransitionKind,
    check_outcome,
)
from clairvoie.boundary.reading import (
    Change,
    Deployment,
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
from clairvoie.errors import HubError, IncidentConflict

NOW = 1_795_316_650.0
"""2026-11-22 04:04:10 in Paris."""


class FakeDesk(DoorOfDesk, FakeTrials):
    """See the module. ``empty`` leaves the incidents, misses and notes out."""

    def __init__(self, *, exercise: bool = False, language: str = "fr", empty: bool = False, now: float = NOW) -> None:
        self.deployed = Deployment(
            id="claire-voie", place="Claire-Voie", time_zone="Europe/Paris", exercise=exercise, language=language,
            map=QUARTER,
        )  # fmt: skip
        self.clock = now
        self.door = FakeDoor(self.deployed.id, exercise, now)
        self.silent_sensors = {"mic-remparts"}
        self.deaf_sensors: set[str] = set()
        self.lock = threading.RLock()
        self.kept: dict[int, Incident] = {}
        self.kept_misses: list[Miss] = []
        self.notes: list[ShiftNote] = []
        self.furnish_trials(now)
        if exercise or empty:
            self.kept_trials, self.heard_on_trial = [], []
        self.listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Change | None]]] = []
        if not empty:
            self._furnish()

    # What tests do to it ------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Move the clock on and tell the pages."""
        self.clock += seconds
        self.tell(Change.TICK)

    def tell(self, change: Change | None) -> None:
        """Tell every open page; ``None`` ends its stream."""
        with self.lock:
            for loop, queue in self.listeners:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(queue.put_nowait, change)

    def open_incident(
        self, kind: HazardKind, sensors: tuple[str, ...], *, ago: float = 20.0, confidence: float = 0.86,
        radius: float = 35.0, words: str = "rue de la Claire-Voie, près du no 12", east: float = 10, north: float = -50,
    ) -> Incident:  # fmt: skip
        """An incident that these sensors heard ``ago`` seconds before now."""
        onset = self.clock - ago
        heard = tuple(
            DetectionView(
                sensor=sensor, identifier=number, kind=kind, mode=self._mode(), onset=onset + 0.1 * number,
                offset=onset + 1.2 + 0.1 * number, confidence=round(confidence - 0.07 * number, 3),
                level=78.0 - 4 * number, clock_sigma=0.001, received=onset + 1.5,
            )
            for number, sensor in enumerate(sensors)
        )  # fmt: skip
        with self.lock:
            incident = Incident(
                id=len(self.kept) + 1, kind=kind, state=IncidentState.OPEN, mode=self._mode(), opened=onset + 1.5,
                onset=onset, last_onset=heard[-1].onset, place=place(east, north, words), radius=radius,
                confidence=confidence, detections=heard,
                history=(Transition(at=onset + 1.5, kind=TransitionKind.OPENED),),
            )  # fmt: skip
            self.kept[incident.id] = incident
        self.tell(Change.INCIDENTS)
        return incident

    def _mode(self) -> Mode:
        return Mode.EXERCISE if self.deployed.exercise else Mode.LIVE

    def _furnish(self) -> None:
        glass = HazardKind.GLASS_BREAKING
        first = self.open_incident(glass, ("mic-lavoir",), ago=26_000, confidence=0.55, radius=80, east=-115, north=-66,
                                   words="passage du Lavoir")  # fmt: skip
        self.clock -= 25_000
        self.take(first.id, "Claire Dupont")
        self.close(first.id, "Claire Dupont", Outcome.FALSE_ALARM, Basis.ON_SITE, "Collecte du verre.")
        self.clock += 25_000
        second = self.open_incident(HazardKind.FIREWORK, ("mic-ecluse", "mic-fontaine"), ago=14_000, confidence=0.91,
                                    east=-90, north=85, words="quai de l’Écluse")  # fmt: skip
        self.clock -= 13_000
        self.close(second.id, "Claire Dupont", Outcome.CONFIRMED, Basis.CALLER)
        self.clock += 13_000
        third = self.open_incident(HazardKind.ALARM_SOUNDING, ("mic-halles",), ago=1_380, confidence=0.74, radius=80,
                                   east=132, north=84, words="rue des Halles, angle de la rue Haute")  # fmt: skip
        self.clock -= 1_200
        self.take(third.id, "Noé Lambert")
        self.note(third.id, "Noé Lambert", "Le gérant est prévenu, il arrive.")
        self.clock += 1_200
        self.open_incident(HazardKind.IMPULSE, ("mic-ecluse", "mic-lavoir"), ago=410, confidence=0.48, radius=60,
                           east=-140, north=10, words="entre le quai de l’Écluse et le passage du Lavoir")  # fmt: skip
        self.open_incident(glass, ("mic-marche", "mic-lavoir", "mic-fontaine"), ago=42)
        self.notes.append(ShiftNote(id=1, at=self.clock - 9_000, who="Claire Dupont",
                                    text="Micro des Remparts muet, le service technique est prévenu."))  # fmt: skip
        self.kept_misses.append(
            Miss(id=1, kind=glass, happened=self.clock - 90_000, place_words="rue Haute, no 7", basis=Basis.ON_SITE,
                 note="Vitrine brisée, aucun micro à moins de 200 m.", reported_by="Noé Lambert",
                 reported=self.clock - 80_000)
        )  # fmt: skip

    # What pages ask -----------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self.clock

    def deployment(self) -> Deployment:
        return self.deployed

    def strip(self) -> Strip:
        statuses = self.sensors()
        return Strip(
            now=self.clock,
            sensors_live=sum(s.hearing for s in statuses),
            sensors_total=len(statuses),
            millibits_per_second=sum(s.millibits_last_minute for s in statuses) / 60,
            last_record=self.clock - 7,
            oldest_missing_minute=None,
            incidents_open=len(self.incidents(IncidentState.OPEN)),
            refusals_last_hour=2,
            **self.in_strip(),
        )

    def sensors(self) -> tuple[SensorStatus, ...]:
        found = [self.sensor(sensor.id) for sensor in SENSORS]
        return tuple(status for status in found if status is not None)

    def sensor(self, sensor: str) -> SensorStatus | None:
        index = next((i for i, s in enumerate(SENSORS) if s.id == sensor), None)
        if index is None:
            return None
        silent = sensor in self.silent_sensors
        deaf = silent or sensor in self.deaf_sensors
        end = int(self.clock) // 10 * 10
        return SensorStatus(
            sensor=SENSORS[index], silent=silent, last_heard=self.clock - (5_400 if silent else 0.6),
            health=Health.SOURCE_LOST if deaf else Health.FINE,
            laeq=None if deaf else ten_seconds(sensor, index, end),
            laeq_end=None if silent else end, clock_sigma=None if silent else 0.001,
            millibits_last_minute=0 if silent else sum(said.millibits for said in self.said(sensor)),
            records_stored=8_412 + index,
            kinds=((HazardKind.GLASS_BREAKING, self._mode()), (HazardKind.FIREWORK, self._mode()),
                   (HazardKind.IMPULSE, Mode.TRIAL), (HazardKind.ALARM_SOUNDING, self._mode())),
            state=self.life(sensor).state, confinement=self._locks(sensor),
        )  # fmt: skip

    def _locks(self, sensor: str) -> Confinement | None:
        said = self.confinement(sensor)
        return None if said is None else said.confinement

    def said(self, sensor: str) -> tuple[SecondSaid, ...]:
        last = int(self.clock) - 1
        return tuple(self._second(sensor, second) for second in range(last - 59, last + 1))

    def _second(self, sensor: str, second: int) -> SecondSaid:
        if sensor in self.silent_sensors:
            return SecondSaid(second=second, bulletin=None, millibits=0)
        index = next(i for i, s in enumerate(SENSORS) if s.id == sensor)
        scheduled = scheduled_parts(sensor, index, second)
        events = tuple(
            BeginEvent(identifier=d.identifier, slot=0, kind=HAZARD_KINDS.index(d.kind), mode=MODES.index(d.mode),
                       age=5, confidence=units.CONFIDENCE.encode(d.confidence),
                       level=units.EVENT_LEVEL.encode(d.level), clock=3)
            for incident in tuple(self.kept.values())
            for d in incident.detections
            if d.sensor == sensor and int(d.onset) + 1 == second
        )  # fmt: skip
        bulletin = Bulletin(sensor=sensor, second=second, scheduled=scheduled, events=events)
        return SecondSaid(second=second, bulletin=bulletin, millibits=charge(bulletin).total)

    def said_by_minute(self, sensor: str, start: float, end: float) -> tuple[MinuteSaid, ...]:
        index = next(i for i, s in enumerate(SENSORS) if s.id == sensor)

        def millibits(minute: int) -> int | None:
            if minute + 60 > self.clock or sensor in self.silent_sensors or minute_row(sensor, index, minute) is None:
                return None
            thirds = 196_000 if minute % 600 == 0 else 0
            events = 36_000 * (1 + minute // 60 % 3) if minute // 60 % 97 == index else 0
            return 209_000 + thirds + events + (300_000 if minute // 60 % 1_009 == index else 0)

        return tuple(
            MinuteSaid(minute=minute, millibits=millibits(minute))
            for minute in range(math.ceil(start / 60) * 60, math.ceil(end), 60)
        )

    def incidents(
        self, state: IncidentState | None = None, *, since: float | None = None, limit: int = 200
    ) -> tuple[Incident, ...]:
        with self.lock:
            found = [
                i
                for i in tuple(self.kept.values())
                if state in (None, i.state) and (since is None or i.opened >= since)
            ]
        waiting = state in (IncidentState.OPEN, IncidentState.TAKEN)
        return tuple(sorted(found, key=lambda i: i.opened, reverse=not waiting)[:limit])

    def incident(self, identifier: int) -> Incident | None:
        return self.kept.get(identifier)

    def detections(
        self, *, start: float, end: float, sensor: str | None = None, limit: int = 1000
    ) -> tuple[DetectionView, ...]:
        found = [
            d
            for incident in tuple(self.kept.values())
            for d in incident.detections
            if start <= d.onset < end and sensor in (None, d.sensor)
        ]
        return tuple(sorted(found, key=lambda d: d.onset, reverse=True)[:limit])

    def levels(self, sensor: str, start: float, end: float) -> tuple[MinuteRow, ...]:
        index = next((i for i, s in enumerate(SENSORS) if s.id == sensor), None)
        if index is None or sensor in self.silent_sensors:
            return ()
        last = min(end, self.clock - 59)
        found = (minute_row(sensor, index, m) for m in range(math.ceil(start / 60) * 60, math.ceil(last), 60))
        return tuple(row for row in found if row is not None)

    def hours(self, sensor: str, start: float, end: float) -> tuple[HourRow, ...]:
        index = next((i for i, s in enumerate(SENSORS) if s.id == sensor), None)
        if index is None or sensor in self.silent_sensors:
            return ()
        last = min(end, self.clock - 59)
        ends = range(math.ceil((start + 60) / 3600) * 3600, math.ceil(last + 60), 3600)
        found = (hour_row(sensor, index, one - 3600) for one in ends)
        return tuple(row for row in found if row is not None)

    def period_levels(self, sensor: str, start: float, end: float) -> PeriodLevels:
        rows = self.levels(sensor, start, end)
        zone = ZoneInfo(self.deployed.time_zone)

        def mean(hours: range) -> float | None:
            chosen = [
                r.laeq for r in rows
                if r.laeq is not None and datetime.fromtimestamp(r.minute, UTC).astimezone(zone).hour in hours
            ]  # fmt: skip
            return 10 * math.log10(sum(10 ** (v / 10) for v in chosen) / len(chosen)) if chosen else None

        day, evening, night = mean(range(6, 18)), mean(range(18, 22)), mean(range(6))
        lden = None
        if day is not None and evening is not None and night is not None:
            parts = ((12, day), (4, evening + 5), (8, night + 10))
            lden = 10 * math.log10(sum(hours * 10 ** (v / 10) for hours, v in parts) / 24)
        coverage = len(rows) * 60 / max(60.0, end - start)
        return PeriodLevels(laeq=mean(range(24)), day=day, evening=evening, night=night, lden=lden, coverage=coverage)

    def misses(self, *, limit: int = 200) -> tuple[Miss, ...]:
        return tuple(reversed(self.kept_misses))[:limit]

    def shift_notes(self, *, since: float) -> tuple[ShiftNote, ...]:
        return tuple(note for note in reversed(self.notes) if note.at >= since)

    def refusals(self) -> tuple[RefusalCount, ...]:
        return (RefusalCount(code="already-stored", count=2, last=self.clock - 1_900),)

    # What people do -----------------------------------------------------------------------------------------------

    def _change(self, incident: Incident, transition: Transition, **fields: Any) -> Incident:
        changed = msgspec.structs.replace(incident, history=(*incident.history, transition), **fields)
        self.kept[incident.id] = changed
        self.tell(Change.INCIDENTS)
        return changed

    def _known(self, identifier: int) -> Incident:
        incident = self.kept.get(identifier)
        if incident is None:
            raise HubError("there is no such incident", identifier)
        return incident

    def take(self, identifier: int, who: str) -> Incident:
        with self.lock:
            incident = self._known(identifier)
            if incident.state is not IncidentState.OPEN:
                raise IncidentConflict("somebody was first", incident.taken_by)
            taken = Transition(at=self.clock, kind=TransitionKind.TAKEN, who=who)
            return self._change(incident, taken, state=IncidentState.TAKEN, taken_by=who)

    def close(self, identifier: int, who: str, outcome: Outcome, basis: Basis, note: str = "") -> Incident:
        check_outcome(outcome, basis)
        with self.lock:
            incident = self._known(identifier)
            if incident.state is IncidentState.CLOSED:
                raise IncidentConflict("the incident is already closed", identifier)
            closed = Transition(
                at=self.clock, kind=TransitionKind.CLOSED, who=who, outcome=outcome, basis=basis, note=note
            )
            return self._change(incident, closed, state=IncidentState.CLOSED, outcome=outcome, basis=basis)

    def note(self, identifier: int, who: str, text: str) -> Incident:
        with self.lock:
            noted = Transition(at=self.clock, kind=TransitionKind.NOTED, who=who, note=text)
            return self._change(self._known(identifier), noted)

    def report_miss(
        self, *, kind: HazardKind, happened: float, place_words: str, basis: Basis, note: str, who: str
    ) -> Miss:
        miss = Miss(
            id=len(self.kept_misses) + 1, kind=kind, happened=happened, place_words=place_words, basis=basis,
            note=note, reported_by=who, reported=self.clock,
        )  # fmt: skip
        self.kept_misses.append(miss)
        self.tell(Change.NOTES)
        return miss

    def write_shift_note(self, who: str, text: str) -> ShiftNote:
        note = ShiftNote(id=len(self.notes) + 1, at=self.clock, who=who, text=text)
        self.notes.append(note)
        self.tell(Change.NOTES)
        return note

    async def changes(self) -> AsyncIterator[Change]:
        listener = (asyncio.get_running_loop(), asyncio.Queue[Change | None]())
        self.listeners.append(listener)
        try:
            while (change := await listener[1].get()) is not None:
                yield change
        finally:
            self.listeners.remove(listener)
