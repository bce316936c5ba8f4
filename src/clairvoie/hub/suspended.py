"""What was captured after a suspension is erased, in the transaction in which the hub accepts that suspension.

A record goes whole if one thing in it is suspended: signed bytes cannot be shortened. With it goes what it caused: its
detections, the incidents that the rest would not open, what it wrote into the minutes. A minute that a record from
before the suspension filled too is written anew from that record; a detection whose end is erased is as its begin left
it.

What remains: rows of minutes are written anew only from records that are still kept (``records_days``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, tuple_, update

from clairvoie.boundary.authorisation import Denial, Reporting, Suspension
from clairvoie.boundary.entry import LedgerWriter
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import TransitionKind
from clairvoie.boundary.wire import RecordContent, SecondEvents, SensorStatement, bulletins_of, decode_record
from clairvoie.hub import schema
from clairvoie.hub.detections import Begun, Ended, read_events
from clairvoie.hub.incident_rows import Ground, stands, summarise_left
from clairvoie.hub.leave import Leave
from clairvoie.hub.minute_rows import rows_of, write_minutes
from clairvoie.hub.retention import Erased, erase_detections, erase_incidents, erase_records
from clairvoie.hub.trial_rows import uncount

MARGIN_SECONDS = 300.0
"""Records received this long before a suspension may tell of seconds after it (clocks differ), and fill its minutes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored record, read."""

    number: int
    sensor: int
    name: str
    epoch: int
    content: RecordContent


def erase_suspended(connection: Connection, suspension: Suspension, ground: Ground) -> Erased:
    """Erase everything in the store that ``suspension`` (which counts already in ``ground``) does not permit."""
    found = _read(connection, suspension)
    gone = [kept for kept in found if _suspended(connection, kept, ground.leave)]
    if not gone:
        return Erased()
    numbers = {kept.number for kept in gone}
    left = [kept for kept in found if kept.number not in numbers]
    detections, incidents = _erase_events(connection, gone, ground.at(suspension.since))
    return Erased(
        levels=_erase_minutes(connection, gone, left),
        detections=detections,
        incidents=incidents,
        records=erase_records(connection, sorted(numbers), ground.ledger),
    )


def _read(connection: Connection, suspension: Suspension) -> list[Kept]:
    table = schema.records.c
    query = (
        select(table.id, table.sensor, schema.sensors.c.name, table.epoch, table.body)
        .select_from(schema.records.join(schema.sensors))
        .where(table.received >= suspension.since - MARGIN_SECONDS)
        .order_by(table.id)
    )
    of_kinds = suspension.hazards or suspension.observations  # these are suspended at every sensor
    if suspension.sensors and not of_kinds:
        query = query.where(schema.sensors.c.name.in_(suspension.sensors))
    return [
        Kept(row.id, row.sensor, row.name, row.epoch, decode_record(row.body).content)
        for row in connection.execute(query)
    ]


def _suspended(connection: Connection, kept: Kept, leave: Leave) -> bool:
    """Whether anything in a record is suspended; an end is judged by the hazard of its begin."""
    for bulletin in bulletins_of(kept.content):
        withheld = leave.withheld(bulletin)
        if withheld is not None and withheld.why is Denial.SUSPENDED:
            return True
    if not isinstance(kept.content, SecondEvents):
        return False
    for ended in _ends(kept.content):
        begun = _detection(connection, kept, ended.identifier)
        if begun is not None:
            thing = Reporting(kept.name, HazardKind(begun.kind), Mode(begun.mode))
            if leave.denial(thing, kept.content.second) is Denial.SUSPENDED:
                return True
    return False


def _ends(content: SecondEvents) -> list[Ended]:
    return [event for event in read_events(content.second, content.events) if isinstance(event, Ended)]


def _begins(content: SecondEvents) -> list[Begun]:
    return [event for event in read_events(content.second, content.events) if isinstance(event, Begun)]


def _detection(connection: Connection, kept: Kept, identifier: int) -> Row[Any] | None:
    table = schema.detections.c
    own = (table.sensor == kept.sensor, table.epoch == kept.epoch, table.identifier == identifier)
    return connection.execute(select(schema.detections).where(*own)).one_or_none()


def _erase_events(connection: Connection, gone: Sequence[Kept], ground: Ground) -> tuple[int, int]:
    """Erase detections of these records and the incidents that are left empty; how many of each."""
    erased: list[int] = []
    touched: set[int] = set()
    for kept in gone:
        if isinstance(kept.content, SecondEvents):
            for begun in _begins(kept.content):
                row = _detection(connection, kept, begun.identifier)
                if row is not None and row.onset == begun.onset:
                    touched |= _unlink(connection, row, kept.name, ground.ledger)
                    erased.append(row.id)
    for kept in gone:
        if isinstance(kept.content, SecondEvents):
            for ended in _ends(kept.content):
                row = _detection(connection, kept, ended.identifier)
                if row is not None and row.id not in erased:
                    touched |= _reopen(connection, row)
    uncount(connection, erased)
    count = erase_detections(connection, erased, ground.ledger)
    founded = _founded(connection, touched, ground)
    for incident in sorted(founded):
        summarise_left(connection, incident, ground)
    links = schema.incident_detections
    connection.execute(delete(links).where(links.c.incident.in_(touched - founded)))
    return count, erase_incidents(connection, sorted(touched - founded), ground.ledger)


def _founded(connection: Connection, incidents: set[int], ground: Ground) -> set[int]:
    """Those of ``incidents`` that what is left of them would still open."""
    return {incident for incident in incidents if stands(connection, incident, ground)}


def _unlink(connection: Connection, row: Row[Any], sensor: str, ledger: LedgerWriter) -> set[int]:
    """Take a detection out of its incident, and its sensor out of the line of history that it wrote there."""
    links = schema.incident_detections
    taken = connection.execute(delete(links).where(links.c.detection == row.id).returning(links.c.incident))
    incidents = set(taken.scalars())
    history = schema.transitions.c
    written = (history.incident.in_(incidents), history.at == row.received, history.note == sensor)
    told: list[int | None] = []
    for kind, statement in (
        (TransitionKind.JOINED, delete(schema.transitions)),
        (TransitionKind.OPENED, update(schema.transitions).values(note="", entry=None)),
    ):
        own = (*written, history.kind == kind.value)
        told += connection.execute(select(history.entry).where(*own)).scalars()
        connection.execute(statement.where(*own))
    ledger.forget(connection, entries=[entry for entry in told if entry is not None])
    return incidents


def _reopen(connection: Connection, row: Row[Any]) -> set[int]:
    """Bring a detection back to what its begin said; the incident that it belongs to, if any."""
    values: dict[str, float | None] = {"offset": None}
    records = schema.records.c
    same = (records.sensor == row.sensor, records.epoch == row.epoch, records.received == row.received)
    for body in connection.execute(select(records.body).where(*same)).scalars():
        content = decode_record(body).content
        for begun in _begins(content) if isinstance(content, SecondEvents) else ():
            if begun.identifier == row.identifier:
                values |= {"confidence": begun.confidence, "level": begun.level}
    connection.execute(update(schema.detections).where(schema.detections.c.id == row.id).values(values))
    links = schema.incident_detections.c
    return set(connection.execute(select(links.incident).where(links.detection == row.id)).scalars())


def _erase_minutes(connection: Connection, gone: Sequence[Kept], left: Sequence[Kept]) -> int:
    """Erase the rows of minutes that these records wrote, and write anew what is left of them; how many are gone."""
    rows = {row for kept in gone if _fills(kept) for row in rows_of(kept.sensor, kept.content)}
    table = schema.minutes.c
    key = tuple_(table.sensor, table.minute)
    connection.execute(delete(schema.minutes).where(key.in_(sorted(rows))))
    again = [(kept.sensor, kept.content) for kept in left if _fills(kept) and rows_of(kept.sensor, kept.content) & rows]
    if again:
        write_minutes(connection, again, only=rows)
    written = connection.execute(select(table.sensor, table.minute).where(key.in_(sorted(rows)))).all()
    return len(rows) - len(written)


def _fills(kept: Kept) -> bool:
    return not isinstance(kept.content, SensorStatement)
