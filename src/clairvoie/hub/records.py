"""Believable and permitted records become rows, all of an upload or none of it, in the writer's transaction.

Everything that a record causes is written with it: its minute, its detections, the incidents that these open or join,
and what the ledger keeps of each. So a record that is delivered twice has its effect once, whatever was killed in
between. Whether an act permits a record is asked here and nowhere else, in the one thread in which suspensions erase:
what is stored after a suspension was permitted under it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, cast, func, insert, select, tuple_, update
from sqlalchemy import Integer as Whole

from clairvoie.boundary.bulletin import charge
from clairvoie.boundary.entry import LedgerWriter, StoredRecord
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.wire import MinuteParts, SecondEvents, SensorStatement, bulletins_of
from clairvoie.errors import Refusal
from clairvoie.hub import schema
from clairvoie.hub.detection_rows import Made, write_events
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.incident_rows import Ground
from clairvoie.hub.incidents import Grouping
from clairvoie.hub.ingest import Accept, settle
from clairvoie.hub.leave import Leave, refusal
from clairvoie.hub.minute_rows import write_minutes
from clairvoie.hub.refusals import Code, refuse
from clairvoie.hub.statements import Stated, entries_of, keep_statement, read_statements, unfit
from clairvoie.hub.trial_rows import Trials, models_of

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
    statements: tuple[SensorStatement, ...] = ()


class Records:
    """Files records. Its methods run in the writer's thread only.

    ``marks`` remembers the greatest identity stored of each sensor: a greater one need not be looked up. A mark that
    is too high after a rollback only costs a look. ``leave`` gives what is permitted at the moment of asking.
    """

    def __init__(
        self,
        enrolment: Enrolment,
        numbers: Mapping[str, int],
        rule: Grouping,
        leave: Callable[[], Leave],
        ledger: LedgerWriter,
    ) -> None:
        self._enrolment = enrolment
        self._numbers = numbers
        self._rule = rule
        self._leave = leave
        self._ledger = ledger
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

    def file(self, connection: Connection, upload: Sequence[Accept], received: float) -> Stored:
        """Store the new records of an upload. Raises a :class:`Refusal` and writes nothing if one is not taken."""
        leave = self._leave()
        stated = read_statements(connection, {self._numbers[record.sensor] for record in upload})
        fresh, duplicates = self._settle(connection, upload, leave, dict(stated))
        if not fresh:
            raise already_stored(duplicates)
        self._write_records(connection, fresh, received)
        told = self._write_sensors(connection, fresh, received)
        heard = [(self._numbers[r.sensor], r.record.content) for r in fresh if not _stating(r)]
        if heard:
            write_minutes(connection, heard)
        ground = Ground(self._rule, self._enrolment, self._ledger, leave)
        trials = Trials(connection, self._enrolment, leave, self._numbers, {record.sensor for record in fresh})
        made = Made(fresh, models_of(fresh, stated), received)
        try:
            begins, changed = write_events(connection, made, self._numbers, ground, trials)
        except Refusal as refused:
            offending = fresh[refused.index or 0]
            refused.index = next(index for index, record in enumerate(upload) if record is offending)
            raise
        trials.write()
        return Stored(
            accepted=len(fresh),
            duplicates=duplicates,
            begins=begins,
            seconds=tuple(r.record.content.second for r in fresh if isinstance(r.record.content, SecondEvents)),
            sensors=told,
            incidents_changed=changed,
            levels_changed=any(isinstance(r.record.content, MinuteParts) for r in fresh),
            statements=tuple(r.record.content for r in fresh if isinstance(r.record.content, SensorStatement)),
        )

    def _settle(
        self, connection: Connection, upload: Sequence[Accept], leave: Leave, stated: dict[str, Stated]
    ) -> tuple[list[Accept], int]:
        known = self._digests(connection, upload)
        fresh: list[Accept] = []
        duplicates = 0
        for index, record in enumerate(upload):
            if record.identity[1:] <= self._erased.get(record.sensor, (-1, -1)):
                duplicates += 1  # erased by retention, so known once
                continue
            judgement = _withheld(record, leave) or settle(record, known.get(record.identity))
            if isinstance(judgement, Accept):
                judgement = self._fit(record, stated) or judgement
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

    def _fit(self, record: Accept, stated: dict[str, Stated]) -> Refusal | None:
        """Whether the sensor may report behind the locks that its node last told of; a statement is always kept."""
        before = stated.get(record.sensor)
        content = record.record.content
        if isinstance(content, SensorStatement):
            if before is None or (before.epoch, before.sequence) < record.identity[1:]:
                stated[record.sensor] = Stated(epoch=record.epoch, sequence=record.sequence, statement=content)
            return None
        return unfit(self._enrolment.sensors[record.sensor], None if before is None else before.statement)

    def _write_records(self, connection: Connection, fresh: Sequence[Accept], received: float) -> None:
        last = int(connection.execute(_NUMBER_RECORDS, {"added": len(fresh)}).scalar_one())
        numbered = list(enumerate(fresh, start=last - len(fresh) + 1))
        rows = [
            {
                "id": number,
                "sensor": self._numbers[record.sensor],
                "epoch": record.epoch,
                "sequence": record.sequence,
                "digest": record.digest,
                "received": received,
                "body": record.body,
            }
            for number, record in numbered
        ]
        connection.execute(insert(schema.records), rows)
        self._ledger.record_stored(connection, tuple(_told(number, r, received) for number, r in numbered))
        self._write_statements(connection, fresh, received)

    def _write_statements(self, connection: Connection, fresh: Sequence[Accept], received: float) -> None:
        for record in fresh:
            content = record.record.content
            if not isinstance(content, SensorStatement):
                continue
            number = self._numbers[record.sensor]
            before = read_statements(connection, {number}).get(record.sensor)
            if before is not None and record.identity[1:] < (before.epoch, before.sequence):
                continue
            node = self._enrolment.sensors[record.sensor].node
            for entry in entries_of(None if before is None else before.statement, content, node, received):
                self._ledger.record(connection, entry)
            keep_statement(connection, number, Stated(epoch=record.epoch, sequence=record.sequence, statement=content))

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
_NUMBER_RECORDS = (
    update(schema.meta)
    .where(schema.meta.c.name == schema.NUMBERED)
    .values(value=cast(schema.meta.c.value, Whole) + bindparam("added"))
    .returning(schema.meta.c.value)
)


def already_stored(count: int) -> Refusal:
    """The answer to an upload of which every record is stored already: the uplink may forget it."""
    return refuse(Code.ALREADY_STORED, "every record of this upload is stored already", count, "Go on with the next.")


def _stating(record: Accept) -> bool:
    return isinstance(record.record.content, SensorStatement)


def _withheld(record: Accept, leave: Leave) -> Refusal | None:
    """A refusal for the first thing in a record that was not permitted in its own second."""
    for bulletin in bulletins_of(record.record.content):
        withheld = leave.withheld(bulletin)
        if withheld is not None:
            return refusal(withheld)
    return None


def _told(number: int, record: Accept, received: float) -> StoredRecord:
    """What the ledger is told of a record."""
    return StoredRecord(
        sensor=record.sensor,
        epoch=record.epoch,
        sequence=record.sequence,
        number=number,
        received=received,
        millibits=sum(charge(bulletin).total for bulletin in bulletins_of(record.record.content)),
        body=record.body,
    )
