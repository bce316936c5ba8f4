"""Detections in the store: a begin is a row, an end refines it, and each lets incidents open, join or change.

The mode of a row is the hub's: what a node calls live is so only where the kind is out of its trial
(:mod:`clairvoie.hub.trial`). What the node said stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.authorisation import Denial, Reporting
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.wire import MinuteParts, SecondEvents
from clairvoie.errors import Refusal
from clairvoie.hub import schema
from clairvoie.hub.detections import Begun, Ended, read_events
from clairvoie.hub.incident_rows import Ground, attach, refine
from clairvoie.hub.incidents import Heard
from clairvoie.hub.ingest import Accept
from clairvoie.hub.leave import Withheld, refusal
from clairvoie.hub.trial_rows import Trials

log = structlog.get_logger("clairvoie.hub.records")

Begin = tuple[str, HazardKind, Mode]


class Made(NamedTuple):
    """New records of one upload in their order, under which recogniser each was made, and when they came."""

    records: Sequence[Accept]
    models: Sequence[str | None]
    received: float


def write_events(
    connection: Connection, made: Made, numbers: Mapping[str, int], ground: Ground, trials: Trials
) -> tuple[tuple[Begin, ...], bool]:
    """Write the events of these records, and let ``trials`` see them and the minutes among them, in their order.

    Gives the begins, and whether any incident changed. Raises a :class:`Refusal`, with the index among the records, for
    the end of a hazard that was not permitted then.
    """
    begins: list[Begin] = []
    changed = False
    for index, (record, model) in enumerate(zip(made.records, made.models, strict=True)):
        content = record.record.content
        if isinstance(content, MinuteParts):
            trials.watch(content, model)
        if not isinstance(content, SecondEvents):
            continue
        number = numbers[record.sensor]
        for event in read_events(content.second, content.events):
            if isinstance(event, Ended):
                try:
                    changed |= _end(connection, record, number, event, ground, made.received)
                except Refusal as refused:
                    refused.index = index
                    raise
            else:
                key = record.sensor, event.kind
                mode, trial = trials.mode(key, event.mode, model, content.second)
                trusted = Trusted(msgspec.structs.replace(event, mode=mode), event.mode, trial)
                stored, more = _begin(connection, record, number, trusted, ground, made.received)
                if stored and trial is not None:
                    trials.count(key)
                changed |= more
                begins.append((*key, mode))
    return tuple(begins), changed


class Trusted(NamedTuple):
    """A begin in the mode in which the hub takes it, the mode that its node said, and the trial that counts it."""

    begun: Begun
    said: Mode
    trial: int | None = None


def _begin(
    connection: Connection, record: Accept, number: int, trusted: Trusted, ground: Ground, received: float
) -> tuple[bool, bool]:
    """Whether it was stored, and whether an incident changed."""
    begun = trusted.begun
    detection = insert_detection(connection, number, record.epoch, trusted, received)
    if detection is None:
        log.warning("identifier-used-twice", sensor=record.sensor, identifier=begun.identifier)
        return False, False
    detail = {"kind": begun.kind.value, "mode": begun.mode.value, "onset": f"{begun.onset:.4f}"}
    if trusted.said is not begun.mode:
        detail["said"] = trusted.said.value
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
        sigma=begun.clock_sigma,
    )
    return True, attach(connection, heard, ground.at(_second(record)), received)


def insert_detection(connection: Connection, sensor: int, epoch: int, trusted: Trusted, received: float) -> int | None:
    """A new detection's number; ``None`` when the sensor has used this identifier before."""
    begun = trusted.begun
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
            said=trusted.said.value,
            trial=trusted.trial,
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
