"""Detections in the store: a begin is a row, an end refines it, and each lets incidents open, join or change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.authorisation import Denial, Reporting
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.wire import SecondEvents
from clairvoie.errors import Refusal
from clairvoie.hub import schema
from clairvoie.hub.detections import Begun, Ended, read_events
from clairvoie.hub.incident_rows import Ground, attach, refine
from clairvoie.hub.incidents import Heard
from clairvoie.hub.ingest import Accept
from clairvoie.hub.leave import Withheld, refusal

log = structlog.get_logger("clairvoie.hub.records")

Begin = tuple[str, HazardKind, Mode]


def write_events(
    connection: Connection, fresh: Sequence[Accept], numbers: Mapping[str, int], ground: Ground, received: float
) -> tuple[tuple[Begin, ...], bool]:
    """Write the events of these records; the begins among them, and whether any incident changed.

    Raises a :class:`Refusal`, with the index among ``fresh``, for the end of a hazard that was not permitted then.
    """
    begins: list[Begin] = []
    changed = False
    for index, record in enumerate(fresh):
        content = record.record.content
        if not isinstance(content, SecondEvents):
            continue
        number = numbers[record.sensor]
        for event in read_events(content.second, content.events):
            if isinstance(event, Ended):
                try:
                    changed |= _end(connection, record, number, event, ground, received)
                except Refusal as refused:
                    refused.index = index
                    raise
            else:
                changed |= _begin(connection, record, number, event, ground, received)
                begins.append((record.sensor, event.kind, event.mode))
    return tuple(begins), changed


def _begin(connection: Connection, record: Accept, number: int, begun: Begun, ground: Ground, received: float) -> bool:
    detection = insert_detection(connection, number, record.epoch, begun, received)
    if detection is None:
        log.warning("identifier-used-twice", sensor=record.sensor, identifier=begun.identifier)
        return False
    detail = {"kind": begun.kind.value, "mode": begun.mode.value, "onset": f"{begun.onset:.4f}"}
    entry = Entry(kind=EntryKind.DETECTION, at=received, about=record.sensor, detail=detail)
    index = ground.ledger.record(connection, entry)
    table = schema.detections
    connection.execute(update(table).where(table.c.id == detection).values(entry=index))
    heard = Heard(
        detection=detection,
        sensor=record.sensor,
        place=ground.place(record.sensor, begun.onset),
        kind=begun.kind,
        mode=begun.mode,
        onset=begun.onset,
        level=begun.level,
        confidence=begun.confidence,
    )
    return attach(connection, heard, ground.at(_second(record)), received)


def insert_detection(connection: Connection, sensor: int, epoch: int, begun: Begun, received: float) -> int | None:
    """A new detection's number; ``None`` when the sensor has used this identifier before."""
    statement = (
        upsert(schema.detections)
        .values(
            sensor=sensor,
            epoch=epoch,
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
    found: int | None = connection.execute(statement).scalar_one_or_none()
    return found


def _end(connection: Connection, record: Accept, number: int, ended: Ended, ground: Ground, received: float) -> bool:
    table = schema.detections.c
    own = (table.sensor == number, table.epoch == record.epoch, table.identifier == ended.identifier)
    begun = connection.execute(select(table.id, table.kind, table.mode).where(*own)).one_or_none()
    if begun is None:
        log.warning("end-without-begin", sensor=record.sensor, identifier=ended.identifier)
        return False
    denial = end_denial(ground, record.sensor, HazardKind(begun.kind), Mode(begun.mode), _second(record))
    if denial is not None:
        raise refusal(Withheld(denial, record.sensor, _second(record), HazardKind(begun.kind)))
    statement = update(schema.detections).where(table.id == begun.id)
    connection.execute(
        statement.values(
            offset=ended.offset,
            confidence=_greatest(table.confidence, ended.confidence),
            level=_greatest(table.level, ended.level),
        )
    )
    return refine(connection, begun.id, ground.at(_second(record)), received)


def end_denial(ground: Ground, sensor: str, kind: HazardKind, mode: Mode, second: int) -> Denial | None:
    """Why the end of a hazard may not be reported: it names none itself, so it is judged by that of its begin."""
    return ground.leave.denial(Reporting(sensor, kind, mode), second)


def _second(record: Accept) -> int:
    content = record.record.content
    assert isinstance(content, SecondEvents)
    return content.second


def _greatest(column: object, value: float | None) -> object:
    return column if value is None else func.max(func.coalesce(column, value), value)
