"""Believable records become rows, all of an upload or none of it, in the writer's transaction.

Everything that a record causes is written with it: its minute, its detections, the incidents that these open or join.
So a record that is delivered twice has its effect once, whatever was killed in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, bindparam, func, insert, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.bulletin import EVENT_ABSENT_MILLIBITS, charge
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.sensor import Place, Sensor
from clairvoie.boundary.wire import MinuteParts, SecondEvents
from clairvoie.errors import Refusal
from clairvoie.hub import minutes, schema
from clairvoie.hub.detections import Begun, Ended, read_events
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.incident_rows import attach, refine
from clairvoie.hub.incidents import Grouping, Heard
from clairvoie.hub.ingest import Accept, bulletins_of, settle
from clairvoie.hub.refusals import Code, refuse

SILENT_MINUTE_MILLIBITS = 60 * EVENT_ABSENT_MILLIBITS
"""What sixty seconds without any event are charged."""

log = structlog.get_logger("clairvoie.hub.records")

Identity = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """What one upload left in the store, told to the rest of the hub after the commit."""

    accepted: int
    duplicates: int
    begins: tuple[tuple[str, HazardKind, Mode], ...] = ()
    seconds: tuple[int, ...] = ()
    """The seconds whose events were stored."""
    sensors: tuple[tuple[str, int, int | None], ...] = ()
    """Sensor, records added, newest minute stored."""
    incidents_changed: bool = False
    levels_changed: bool = False


class Records:
    """Files records. Its methods run in the writer's thread only.

    ``marks`` remembers the greatest identity stored of each sensor: a greater one need not be looked up. A mark that
    is too high after a rollback only costs a look.
    """

    def __init__(self, enrolment: Enrolment, numbers: Mapping[str, int], rule: Grouping) -> None:
        self._enrolment = enrolment
        self._numbers = numbers
        self._rule = rule
        self._marks: dict[str, tuple[int, int]] = {}
        self._erased: dict[str, tuple[int, int]] = {}

    def load(self, connection: Connection) -> None:
        """Read the marks: once at the start, and after retention has erased records."""
        names = {number: name for name, number in self._numbers.items()}
        for row in connection.execute(select(schema.sensors)):
            name = names.get(row.id)
            if name is not None:
                self._marks[name] = (row.epoch, row.sequence)
                self._erased[name] = (row.erased_epoch, row.erased_sequence)

    def enrol(self, enrolment: Enrolment) -> None:
        """File for these sensors from now on; their rows are in the store already. One assignment, in any thread."""
        self._enrolment = enrolment

    @property
    def _sensors(self) -> Mapping[str, Sensor]:
        return self._enrolment.sensors

    def file(self, connection: Connection, upload: Sequence[Accept], received: float) -> Stored:
        """Store the new records of an upload. Raises a :class:`Refusal` and writes nothing if one is not taken."""
        fresh, duplicates = self._settle(connection, upload)
        if not fresh:
            raise already_stored(duplicates)
        rows = [
            {
                "sensor": self._numbers[record.sensor],
                "epoch": record.epoch,
                "sequence": record.sequence,
                "digest": record.digest,
                "received": received,
                "body": record.body,
            }
            for record in fresh
        ]
        connection.execute(insert(schema.records), rows)
        told = self._write_sensors(connection, fresh, received)
        write_minutes(connection, [(self._numbers[record.sensor], record) for record in fresh])
        begins, changed = self._write_events(connection, fresh, received)
        return Stored(
            accepted=len(fresh),
            duplicates=duplicates,
            begins=begins,
            seconds=tuple(r.record.content.second for r in fresh if isinstance(r.record.content, SecondEvents)),
            sensors=told,
            incidents_changed=changed,
            levels_changed=any(isinstance(r.record.content, MinuteParts) for r in fresh),
        )

    def _settle(self, connection: Connection, upload: Sequence[Accept]) -> tuple[list[Accept], int]:
        known = self._digests(connection, upload)
        fresh: list[Accept] = []
        duplicates = 0
        for index, record in enumerate(upload):
            if record.identity[1:] <= self._erased.get(record.sensor, (-1, -1)):
                duplicates += 1  # erased by retention, so known once
                continue
            judgement = settle(record, known.get(record.identity))
            if isinstance(judgement, Refusal):
                judgement.index = index
                raise judgement
            if isinstance(judgement, Accept):
                fresh.append(judgement)
                known[record.identity] = record.digest
                self._marks[record.sensor] = max(self._marks.get(record.sensor, (-1, -1)), record.identity[1:])
            else:
                duplicates += 1
        return fresh, duplicates

    def _digests(self, connection: Connection, upload: Sequence[Accept]) -> dict[Identity, bytes]:
        seen = [r.identity for r in upload if r.identity[1:] <= self._marks.get(r.sensor, (-1, -1))]
        if not seen:
            return {}
        names = {self._numbers[sensor]: sensor for sensor, _, _ in seen}
        table = schema.records.c
        wanted = [(self._numbers[sensor], epoch, sequence) for sensor, epoch, sequence in seen]
        query = select(table.sensor, table.epoch, table.sequence, table.digest).where(
            tuple_(table.sensor, table.epoch, table.sequence).in_(wanted)
        )
        return {(names[row.sensor], row.epoch, row.sequence): row.digest for row in connection.execute(query)}

    def _write_sensors(
        self, connection: Connection, fresh: Sequence[Accept], received: float
    ) -> tuple[tuple[str, int, int | None], ...]:
        counts: dict[str, int] = {}
        newest: dict[str, int] = {}
        for record in fresh:
            counts[record.sensor] = counts.get(record.sensor, 0) + 1
            content = record.record.content
            if isinstance(content, MinuteParts):
                newest[record.sensor] = max(newest.get(record.sensor, 0), content.minute)
        rows = [
            {
                "number": self._numbers[sensor],
                "added": count,
                "mark_epoch": self._marks[sensor][0],
                "mark_sequence": self._marks[sensor][1],
                "minute": newest.get(sensor, 0),
                "at": received,
            }
            for sensor, count in counts.items()
        ]
        connection.execute(_UPDATE_SENSOR, rows)
        return tuple((sensor, count, newest.get(sensor)) for sensor, count in counts.items())

    def _write_events(
        self, connection: Connection, fresh: Sequence[Accept], received: float
    ) -> tuple[tuple[tuple[str, HazardKind, Mode], ...], bool]:
        begins: list[tuple[str, HazardKind, Mode]] = []
        changed = False
        for record in fresh:
            content = record.record.content
            if not isinstance(content, SecondEvents):
                continue
            for event in read_events(content.second, content.events):
                if isinstance(event, Ended):
                    changed |= self._end(connection, record, event)
                else:
                    changed |= self._begin(connection, record, event, received)
                    begins.append((record.sensor, event.kind, event.mode))
        return tuple(begins), changed

    def _begin(self, connection: Connection, record: Accept, begun: Begun, received: float) -> bool:
        number = self._numbers[record.sensor]
        statement = (
            upsert(schema.detections)
            .values(
                sensor=number,
                epoch=record.epoch,
                identifier=begun.identifier,
                kind=begun.kind.value,
                mode=begun.mode.value,
                onset=begun.onset,
                confidence=begun.confidence,
                level=begun.level,
                clock_sigma=begun.clock_sigma,
                received=received,
            )
            .on_conflict_do_nothing()
            .returning(schema.detections.c.id)
        )
        detection = connection.execute(statement).scalar_one_or_none()
        if detection is None:
            log.warning("identifier-used-twice", sensor=record.sensor, identifier=begun.identifier)
            return False
        heard = Heard(
            detection=detection,
            sensor=record.sensor,
            place=self._place(record.sensor, begun.onset),
            kind=begun.kind,
            mode=begun.mode,
            onset=begun.onset,
            level=begun.level,
            confidence=begun.confidence,
        )
        return attach(connection, heard, self._rule, self._sensors, received)

    def _place(self, sensor: str, onset: float) -> Place:
        """Where it stood then, if it moved since: a late record is of the old place."""
        return (self._enrolment.standing(sensor, onset) or self._sensors[sensor]).place

    def _end(self, connection: Connection, record: Accept, ended: Ended) -> bool:
        table = schema.detections.c
        statement = (
            update(schema.detections)
            .where(
                table.sensor == self._numbers[record.sensor],
                table.epoch == record.epoch,
                table.identifier == ended.identifier,
            )
            .values(
                offset=ended.offset,
                confidence=_greatest(table.confidence, ended.confidence),
                level=_greatest(table.level, ended.level),
            )
            .returning(table.id)
        )
        detection = connection.execute(statement).scalar_one_or_none()
        if detection is None:
            log.warning("end-without-begin", sensor=record.sensor, identifier=ended.identifier)
            return False
        return refine(connection, detection, self._sensors)


_UPDATE_SENSOR = (
    update(schema.sensors)
    .where(schema.sensors.c.id == bindparam("number"))
    .values(
        stored=schema.sensors.c.stored + bindparam("added"),
        epoch=bindparam("mark_epoch"),
        sequence=bindparam("mark_sequence"),
        last_minute=func.max(func.coalesce(schema.sensors.c.last_minute, 0), bindparam("minute")),
        last_received=bindparam("at"),
    )
)


def _greatest(column: object, value: float | None) -> object:
    return column if value is None else func.max(func.coalesce(column, value), value)


def already_stored(count: int) -> Refusal:
    """The answer to an upload of which every record is stored already: the uplink may forget it."""
    return refuse(Code.ALREADY_STORED, "every record of this upload is stored already", count, "Go on with the next.")


def write_minutes(connection: Connection, fresh: Sequence[tuple[int, Accept]]) -> None:
    """Merge scheduled parts and bits released into the packed rows that they belong to."""
    spots: dict[tuple[int, int], list[minutes.Spot]] = {}
    said: dict[tuple[int, int], int] = {}
    for sensor, record in fresh:
        for bulletin in bulletins_of(record.record.content):
            for spot in minutes.placed(bulletin):
                spots.setdefault((sensor, spot.minute), []).append(spot)
            own = (sensor, bulletin.second // 60 * 60)
            said[own] = said.get(own, 0) + charge(bulletin).total - EVENT_ABSENT_MILLIBITS
    touched = sorted({*spots, *said})
    found = connection.execute(_SELECT_MINUTES, {"touched": touched})
    before = {(row.sensor, row.minute): (row.said, row.codes) for row in found}
    rows = []
    for key in touched:
        old_said, codes = before.get(key, (None, minutes.EMPTY))
        for spot in spots.get(key, ()):
            codes = minutes.write(codes, spot)
        new_said = old_said
        if key in said:
            new_said = (SILENT_MINUTE_MILLIBITS if old_said is None else old_said) + said[key]
        tens = sum(level is not None for level in minutes.tens_of(codes))
        laeq = minutes.laeq_hundredths(codes)
        rows.append({"sensor": key[0], "minute": key[1], "laeq": laeq, "tens": tens, "said": new_said, "codes": codes})
    connection.execute(_UPSERT_MINUTE, rows)


_minutes = schema.minutes.c
_SELECT_MINUTES = select(_minutes.sensor, _minutes.minute, _minutes.said, _minutes.codes).where(
    tuple_(_minutes.sensor, _minutes.minute).in_(bindparam("touched", expanding=True))
)
_insert_minute = upsert(schema.minutes)
_UPSERT_MINUTE = _insert_minute.on_conflict_do_update(
    index_elements=[schema.minutes.c.sensor, schema.minutes.c.minute],
    set_={name: _insert_minute.excluded[name] for name in ("laeq", "tens", "said", "codes")},
)
