"""The hub as pages and API see it: :class:`clairvoie.boundary.reading.Desk` over the store and the live minute.

Every method is synchronous and thread-safe. Reading never waits for the writer; an act waits for its commit.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import Basis, DetectionView, Incident, IncidentState, Miss, Outcome, check_outcome
from clairvoie.boundary.life import SPEAKING
from clairvoie.boundary.overseen import (
    AccessLine,
    Acts,
    ActState,
    ConfinementView,
    DiscardCount,
    LedgerReader,
    LedgerStatus,
    Life,
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
from clairvoie.boundary.sensor import SensorKind
from clairvoie.errors import InvalidValue
from clairvoie.hub import acts, schema
from clairvoie.hub.discards import read_discards
from clairvoie.hub.hub import Hub
from clairvoie.hub.incident_rows import read_detections, read_incidents
from clairvoie.hub.levels import MinuteLevel, period_levels
from clairvoie.hub.lives import life_of
from clairvoie.hub.minutes import EMPTY, HOUR, LAST_OF_HOUR, hour_of, row_of
from clairvoie.hub.overseeing import acts_of, confinement_of
from clairvoie.hub.trial_desk import TrialDesk

LONGEST_RANGE = 400 * 86_400.0
"""Seconds; a page or a request reads at most this much at once."""


class HubDesk(TrialDesk):
    """A :class:`~clairvoie.boundary.reading.Desk` over a running hub."""

    def __init__(self, hub: Hub, ledger: LedgerReader | None = None) -> None:
        self._hub = hub
        self._ledger = ledger
        self._deployment = hub.task.deployment
        self._zone = ZoneInfo(self._deployment.time_zone)

    def now(self) -> float:
        """The hub's clock."""
        return self._hub.clock()

    def deployment(self) -> Deployment:
        """The deployment this hub serves."""
        return self._deployment

    def strip(self) -> Strip:
        """The facts of the top strip."""
        now = self.now()
        table = schema.incidents.c
        count = select(func.count()).where(table.state == IncidentState.OPEN.value, table.mode != Mode.TRIAL.value)
        with self._hub.store.reading() as connection:
            unfinished = connection.execute(count).scalar_one()
        return Strip(
            now=now,
            sensors_live=self._hub.live.heard_since(now - self._deployment.silent_after),
            sensors_total=sum(self._hub.enrolment.state(s) in SPEAKING for s in self._hub.enrolment.sensors),
            millibits_per_second=self._hub.live.millibits_per_second(now),
            last_record=self._hub.tallies.last_record,
            oldest_missing_minute=self._hub.tallies.oldest_missing_minute(now),
            incidents_open=unfinished,
            refusals_last_hour=self._hub.refusals.last_hour(now),
            **self._authority(now),
            **self._checkpoint(),
            cameras_total=sum(
                s.kind is SensorKind.CAMERA and self._hub.enrolment.state(s.id) in SPEAKING
                for s in self._hub.enrolment.sensors.values()
            ),
        )

    def _authority(self, now: float) -> dict[str, Any]:
        counting = acts_of(self._hub.authority, now).counting
        if counting is None:
            return {}
        return {
            "authorisation": counting.act.digest,
            "authorised_until": counting.act.authorisation.ends,
            "suspended": counting.state is ActState.SUSPENDED,
        }

    def _checkpoint(self) -> dict[str, Any]:
        status = self.ledger_status()
        if status is None:
            return {}
        return {
            "checkpoint_at": status.at,
            "checkpoint_size": status.size,
            "witnesses": len(status.cosigned),
            "witnesses_needed": status.witnesses_needed,
            "oldest_unsigned_minute": status.oldest_unsigned_minute,
        }

    def sensors(self) -> tuple[SensorStatus, ...]:
        """All sensors, by identifier."""
        return tuple(self._status(sensor) for sensor in sorted(self._hub.enrolment.sensors))

    def sensor(self, sensor: str) -> SensorStatus | None:
        """One sensor."""
        return self._status(sensor) if sensor in self._hub.enrolment.sensors else None

    def _status(self, sensor: str) -> SensorStatus:
        now = self.now()
        state = self._hub.live.state(sensor, now)
        said = self.confinement(sensor)
        silent = state.last_heard is None or now - state.last_heard > self._deployment.silent_after
        return SensorStatus(
            sensor=self._hub.enrolment.sensors[sensor],
            silent=silent,
            last_heard=state.last_heard,
            health=state.health,
            laeq=state.laeq,
            laeq_end=state.laeq_end,
            clock_sigma=state.clock_sigma,
            millibits_last_minute=state.millibits_last_minute,
            records_stored=self._hub.tallies.stored(sensor),
            kinds=self._hub.tallies.kinds(sensor),
            confinement=None if said is None else said.confinement,
            state=self._hub.enrolment.states.get(sensor),
        )

    def said(self, sensor: str) -> tuple[SecondSaid, ...]:
        """The last sixty whole seconds of this sensor, oldest first; of an unknown sensor nothing was received."""
        now = self.now()
        if sensor in self._hub.enrolment.sensors:
            return self._hub.live.said(sensor, now)
        return tuple(SecondSaid(second=int(now) - 60 + k, bulletin=None, millibits=0) for k in range(60))

    def said_by_minute(self, sensor: str, start: float, end: float) -> tuple[MinuteSaid, ...]:
        """The minutes from ``start`` to ``end``, oldest first, none left out."""
        first = math.ceil(start / 60) * 60
        table = schema.minutes.c
        query = select(table.minute, table.said).where(
            table.sensor == self._number(sensor), table.minute >= first, table.minute < end
        )
        _check_range(start, end)
        with self._hub.store.reading() as connection:
            said = {row.minute: row.said for row in connection.execute(query)}
        return tuple(MinuteSaid(minute=m, millibits=said.get(m)) for m in range(first, math.ceil(end), 60))

    def incidents(
        self, state: IncidentState | None = None, *, since: float | None = None, limit: int = 200
    ) -> tuple[Incident, ...]:
        """Incidents outside ``trial``. Open and taken: oldest first. Closed or all: newest first."""
        table = schema.incidents.c
        query = select(schema.incidents).where(table.mode != Mode.TRIAL.value).limit(limit)
        if state is not None:
            query = query.where(table.state == state.value)
        if since is not None:
            query = query.where(table.opened >= since)
        if state in (IncidentState.OPEN, IncidentState.TAKEN):
            query = query.order_by(table.opened, table.id)
        else:
            query = query.order_by(table.opened.desc(), table.id.desc())
        with self._hub.store.reading() as connection:
            return read_incidents(connection, query)

    def incident(self, identifier: int) -> Incident | None:
        """One incident."""
        if not 0 < identifier < 2**63:
            return None
        with self._hub.store.reading() as connection:
            query = select(schema.incidents).where(schema.incidents.c.id == identifier)
            return next(iter(read_incidents(connection, query)), None)

    def detections(
        self, *, start: float, end: float, sensor: str | None = None, limit: int = 1000
    ) -> tuple[DetectionView, ...]:
        """Stored detections with their onset in the range, newest first, trial included."""
        table = schema.detections.c
        query = (
            select(schema.detections, schema.sensors.c.name.label("name"))
            .select_from(schema.detections.join(schema.sensors))
            .where(table.onset >= start, table.onset < end)
            .order_by(table.onset.desc(), table.id.desc())
            .limit(limit)
        )
        if sensor is not None:
            query = query.where(table.sensor == self._number(sensor))
        with self._hub.store.reading() as connection:
            return tuple(read_detections(connection, query))

    def levels(self, sensor: str, start: float, end: float) -> tuple[MinuteRow, ...]:
        """Stored sensor-minutes in the range, oldest first; missing minutes are missing.

        So is a minute of which nothing but events is stored yet: it has no level, and that it is there would tell.
        """
        _check_range(start, end)
        table = schema.minutes.c
        query = select(table.minute, table.codes).where(
            table.sensor == self._number(sensor), table.minute >= start, table.minute < end
        )
        with self._hub.store.reading() as connection:
            rows = connection.execute(query.order_by(table.minute))
            return tuple(row_of(sensor, row.minute, row.codes) for row in rows if row.codes != EMPTY)

    def hours(self, sensor: str, start: float, end: float) -> tuple[HourRow, ...]:
        """Stored sensor-hours whose last minute begins in the range, oldest first."""
        _check_range(start, end)
        table = schema.minutes.c
        query = select(table.minute, table.codes).where(
            table.sensor == self._number(sensor),
            table.minute >= start,
            table.minute < end,
            table.minute % HOUR == LAST_OF_HOUR,
        )
        with self._hub.store.reading() as connection:
            rows = connection.execute(query.order_by(table.minute))
            found = (hour_of(sensor, row.minute, row.codes) for row in rows)
            return tuple(hour for hour in found if hour is not None)

    def period_levels(self, sensor: str, start: float, end: float) -> PeriodLevels:
        """Energy means over the range, by part of the day in the site's time zone."""
        _check_range(start, end)
        table = schema.minutes.c
        query = select(table.minute, table.laeq, table.tens).where(
            table.sensor == self._number(sensor), table.minute >= start, table.minute < end
        )
        with self._hub.store.reading() as connection:
            rows = [MinuteLevel(row.minute, row.laeq, row.tens) for row in connection.execute(query)]
        return period_levels(rows, start, end, self._zone)

    def misses(self, *, limit: int = 200) -> tuple[Miss, ...]:
        """Misses reported by people, newest first."""
        with self._hub.store.reading() as connection:
            return acts.read_misses(connection, limit)

    def shift_notes(self, *, since: float) -> tuple[ShiftNote, ...]:
        """Notes for the next shift, newest first."""
        table = schema.shift_notes.c
        query = select(schema.shift_notes).where(table.at >= since).order_by(table.id.desc())
        with self._hub.store.reading() as connection:
            rows = connection.execute(query)
            return tuple(ShiftNote(id=row.id, at=row.at, who=row.who, text=row.text) for row in rows)

    def refusals(self) -> tuple[RefusalCount, ...]:
        """Uploads refused, by code."""
        return self._hub.refusals.all()

    def acts(self) -> Acts:
        """Authorisations and suspensions as they stand now, and documents that do not count."""
        return acts_of(self._hub.authority, self.now())

    def discarded(self) -> tuple[DiscardCount, ...]:
        """What came from sensors and was discarded for want of leave, by reason."""
        with self._hub.store.reading() as connection:
            return read_discards(connection)

    def ledger_status(self) -> LedgerStatus | None:
        """The ledger's last checkpoint and what stands under it; ``None`` when this hub keeps no ledger."""
        return None if self._ledger is None else self._ledger.status()

    def life(self, sensor: str) -> Life:
        """The signed acts of a sensor's life."""
        return life_of(self._hub.lives, sensor, self.now())

    def confinement(self, sensor: str) -> ConfinementView | None:
        """What its node last said of the process behind a sensor; ``None`` before it said anything."""
        return confinement_of(self._hub.statements.get(sensor))

    def access(
        self, *, kinds: tuple[EntryKind, ...] = (), about: str = "", who: str = "", limit: int = 200
    ) -> tuple[AccessLine, ...]:
        """Entries of the ledger whose bodies are still kept, newest first."""
        if self._ledger is None:
            return ()
        return self._ledger.lines(kinds=kinds, about=about, who=who, limit=limit)

    def record(self, entry: Entry) -> int | None:
        """Write an entry of its own into the ledger; its index, or ``None`` when this hub keeps no ledger."""
        return self._hub.store.submit(lambda connection: self._hub.ledger.record(connection, entry)).result()

    def take(self, identifier: int, who: str) -> Incident:
        """``who`` takes an open incident; the second to try is told who was first."""
        person, number, now = acts.check_person(who), _known_number(identifier), self.now()
        return self._hub.write(lambda c: acts.take(c, self._hub.ledger, number, person, now), Change.INCIDENTS)

    def close(self, identifier: int, who: str, outcome: Outcome, basis: Basis, note: str = "") -> Incident:
        """Close a taken or open incident with what was found and on what that rests."""
        check_outcome(outcome, basis)
        person, number, text, now = acts.check_person(who), _known_number(identifier), acts.check_text(note), self.now()
        return self._hub.write(
            lambda c: acts.close(c, self._hub.ledger, number, person, outcome, basis, text, now), Change.INCIDENTS
        )

    def note(self, identifier: int, who: str, text: str) -> Incident:
        """Add a note to an incident, closed ones included."""
        person, number, now = acts.check_person(who), _known_number(identifier), self.now()
        words = acts.check_text(text, needed=True)
        return self._hub.write(lambda c: acts.note(c, self._hub.ledger, number, person, words, now), Change.INCIDENTS)

    def report_miss(
        self, *, kind: HazardKind, happened: float, place_words: str, basis: Basis, note: str, who: str
    ) -> Miss:
        """Record something of which no sensor told."""
        now = self.now()
        if not 0 <= happened <= now:
            raise InvalidValue("what was missed has happened already", happened, "Give its time in the past.")
        miss = Miss(
            id=0,
            kind=kind,
            happened=happened,
            place_words=acts.check_text(place_words, needed=True),
            basis=basis,
            note=acts.check_text(note),
            reported_by=acts.check_person(who),
            reported=now,
        )
        return self._hub.write(lambda c: acts.report_miss(c, self._hub.ledger, miss), Change.NOTES)

    def write_shift_note(self, who: str, text: str) -> ShiftNote:
        """Leave a note to the next shift."""
        person, words, now = acts.check_person(who), acts.check_text(text, needed=True), self.now()
        return self._hub.write(lambda c: acts.write_shift_note(c, person, words, now), Change.NOTES)

    def changes(self) -> AsyncIterator[Change]:
        """Changes as they happen, bursts merged; ends when the hub stops."""
        return self._hub.changes.subscribe()

    def _number(self, sensor: str) -> int:
        """The store's number of a sensor; 0, which none has, for one that it does not know."""
        return self._hub.store.sensor_ids.get(sensor, 0)


def _known_number(identifier: int) -> int:
    """0, which no incident has, for a number that the store cannot hold."""
    return identifier if 0 < identifier < 2**63 else 0


def _check_range(start: float, end: float) -> None:
    if not (0 <= start <= end <= 2**40 and end - start <= LONGEST_RANGE):
        raise InvalidValue(
            "a range begins before it ends and has at most 400 days", (start, end), "Ask for less at once."
        )
