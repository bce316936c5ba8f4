"""Incidents in the store: the effects of the pure rules in :mod:`clairvoie.hub.incidents`, and reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import (
    Basis,
    DetectionView,
    Incident,
    IncidentState,
    Outcome,
    Transition,
    TransitionKind,
)
from clairvoie.boundary.sensor import Place, Sensor
from clairvoie.hub import schema
from clairvoie.hub.incidents import Grouping, Heard, Open, Summary, decide, summarise

UNCLOSED = (IncidentState.OPEN.value, IncidentState.TAKEN.value)


def attach(connection: Connection, new: Heard, rule: Grouping, sensors: Mapping[str, Sensor], now: float) -> bool:
    """Let a new begin open or join an incident; whether any incident changed."""
    if new.mode is Mode.TRIAL:
        return False
    decision = decide(new, _nearby(connection, new, rule, sensors), rule)
    if decision is None:
        return False
    if isinstance(decision, Open):
        identifier = _open(connection, new, now)
        _link(connection, identifier, [new, *decision.supporting])
        record(connection, identifier, Transition(at=now, kind=TransitionKind.OPENED, note=new.sensor))
        joined: Sequence[Heard] = decision.supporting
    else:
        identifier = decision.incident
        _link(connection, identifier, [new])
        joined = (new,)
    for one in joined:
        record(connection, identifier, Transition(at=now, kind=TransitionKind.JOINED, note=one.sensor))
    _summarise(connection, identifier, sensors)
    return True


def refine(connection: Connection, detection: int, sensors: Mapping[str, Sensor]) -> bool:
    """Bring an incident up to date after one of its detections ended; whether there is one."""
    table = schema.incident_detections.c
    query = select(table.incident).where(table.detection == detection)
    incident = connection.execute(query).scalar_one_or_none()
    if incident is None:
        return False
    _summarise(connection, incident, sensors)
    return True


def record(connection: Connection, incident: int, transition: Transition) -> None:
    """Add one line to an incident's history."""
    values = {
        "incident": incident,
        "at": transition.at,
        "kind": transition.kind.value,
        "who": transition.who,
        "outcome": transition.outcome and transition.outcome.value,
        "basis": transition.basis and transition.basis.value,
        "note": transition.note,
    }
    connection.execute(insert(schema.transitions), values)


def _detections() -> Select[Any]:
    joined = schema.detections.join(schema.sensors).outerjoin(schema.incident_detections)
    return select(
        schema.detections, schema.sensors.c.name.label("name"), schema.incident_detections.c.incident
    ).select_from(joined)


def _heard(row: Row[Any], sensors: Mapping[str, Sensor]) -> Heard:
    return Heard(
        detection=row.id,
        sensor=row.name,
        place=sensors[row.name].place,
        kind=HazardKind(row.kind),
        mode=Mode(row.mode),
        onset=row.onset,
        level=row.level,
        confidence=row.confidence,
        incident=row.incident,
    )


def _nearby(connection: Connection, new: Heard, rule: Grouping, sensors: Mapping[str, Sensor]) -> list[Heard]:
    """Detections of this mode near in time that an incident might form around: free bangs, and unclosed incidents'."""
    table = schema.detections.c
    open_ones = select(schema.incidents.c.id).where(schema.incidents.c.state.in_(UNCLOSED))
    linked = schema.incident_detections.c.incident
    query = _detections().where(
        table.onset.between(new.onset - rule.window, new.onset + rule.window),
        table.mode == new.mode.value,
        table.id != new.detection,
        or_(linked.in_(open_ones), and_(linked.is_(None), table.kind == HazardKind.IMPULSE.value)),
    )
    return [_heard(row, sensors) for row in connection.execute(query) if row.name in sensors]


def _open(connection: Connection, new: Heard, now: float) -> int:
    summary = summarise(new.kind, [new])
    values = {
        "kind": new.kind.value,
        "mode": new.mode.value,
        "state": IncidentState.OPEN.value,
        "opened": now,
        **_columns(summary),
    }
    statement = insert(schema.incidents).values(values).returning(schema.incidents.c.id)
    identifier: int = connection.execute(statement).scalar_one()
    return identifier


def _link(connection: Connection, incident: int, heard: Sequence[Heard]) -> None:
    rows = [{"detection": one.detection, "incident": incident} for one in heard]
    connection.execute(insert(schema.incident_detections), rows)


def _summarise(connection: Connection, incident: int, sensors: Mapping[str, Sensor]) -> None:
    kind = connection.execute(select(schema.incidents.c.kind).where(schema.incidents.c.id == incident)).scalar_one()
    query = _detections().where(schema.incident_detections.c.incident == incident)
    heard = [_heard(row, sensors) for row in connection.execute(query) if row.name in sensors]
    if heard:
        columns = _columns(summarise(HazardKind(kind), heard))
        connection.execute(update(schema.incidents).where(schema.incidents.c.id == incident).values(columns))


def _columns(summary: Summary) -> dict[str, Any]:
    return {
        "onset": summary.onset,
        "last_onset": summary.last_onset,
        "latitude": summary.place.latitude,
        "longitude": summary.place.longitude,
        "height": summary.place.height,
        "words": summary.place.words,
        "radius": summary.radius,
        "confidence": summary.confidence,
    }


def read_incidents(connection: Connection, query: Select[Any]) -> tuple[Incident, ...]:
    """The incidents that ``query`` (over the table ``incidents``) finds, with detections and history, in its order."""
    found = connection.execute(query).all()
    identifiers = [row.id for row in found]
    if not identifiers:
        return ()
    heard: dict[int, list[DetectionView]] = {identifier: [] for identifier in identifiers}
    detections = _detections().where(schema.incident_detections.c.incident.in_(identifiers))
    for row in connection.execute(detections.order_by(schema.detections.c.onset, schema.detections.c.id)):
        heard[row.incident].append(detection_view(row))
    history: dict[int, list[Transition]] = {identifier: [] for identifier in identifiers}
    table = schema.transitions
    for row in connection.execute(select(table).where(table.c.incident.in_(identifiers)).order_by(table.c.id)):
        history[row.incident].append(_transition(row))
    return tuple(_incident(row, heard[row.id], history[row.id]) for row in found)


def read_detections(connection: Connection, query: Select[Any]) -> Iterable[DetectionView]:
    """The detections that ``query`` finds; it selects the table ``detections`` and ``sensors.name``."""
    return (detection_view(row) for row in connection.execute(query))


def detection_view(row: Row[Any]) -> DetectionView:
    """One stored detection as the desk sees it."""
    return DetectionView(
        sensor=row.name,
        identifier=row.identifier,
        kind=HazardKind(row.kind),
        mode=Mode(row.mode),
        onset=row.onset,
        offset=row.offset,
        confidence=row.confidence,
        level=row.level,
        clock_sigma=row.clock_sigma,
        received=row.received,
    )


def _transition(row: Row[Any]) -> Transition:
    return Transition(
        at=row.at,
        kind=TransitionKind(row.kind),
        who=row.who,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        basis=None if row.basis is None else Basis(row.basis),
        note=row.note,
    )


def _incident(row: Row[Any], detections: list[DetectionView], history: list[Transition]) -> Incident:
    return Incident(
        id=row.id,
        kind=HazardKind(row.kind),
        state=IncidentState(row.state),
        mode=Mode(row.mode),
        opened=row.opened,
        onset=row.onset,
        last_onset=row.last_onset,
        place=Place(latitude=row.latitude, longitude=row.longitude, height=row.height, words=row.words),
        radius=row.radius,
        confidence=row.confidence,
        detections=tuple(detections),
        history=tuple(history),
        taken_by=row.taken_by,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        basis=None if row.basis is None else Basis(row.basis),
    )
