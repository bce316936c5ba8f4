"""Incidents in the store: the effects of the pure rules in :mod:`clairvoie.hub.incidents`, and reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, insert, or_, select, update

from clairvoie.boundary.authorisation import Denial, inside
from clairvoie.boundary.entry import Entry, EntryKind, LedgerWriter
from clairvoie.boundary.fix import Fix, Unlocated
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
from clairvoie.boundary.person import account_of
from clairvoie.boundary.sensor import Place, Sensor
from clairvoie.hub import schema
from clairvoie.hub.bangs import IMPULSIVE, told_by, told_with
from clairvoie.hub.correlate import MOST
from clairvoie.hub.discards import Times, write_discards
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.fix_rows import forget_fixes, read_fixes, write_fix
from clairvoie.hub.incidents import Grouping, Heard, Join, Open, Summary, decide, summarise
from clairvoie.hub.leave import Leave

UNCLOSED = (IncidentState.OPEN.value, IncidentState.TAKEN.value)


@dataclass(frozen=True, slots=True)
class Ground:
    """What incidents are formed on: the rule, the sensors, the ledger, and what is permitted, for what ``second``."""

    rule: Grouping
    enrolment: Enrolment
    ledger: LedgerWriter
    leave: Leave
    second: int = 0

    def at(self, second: int) -> Ground:
        """The same, for an event that was released in ``second``."""
        return replace(self, second=second)

    @property
    def sensors(self) -> Mapping[str, Sensor]:
        """The sensors that are enrolled."""
        return self.enrolment.sensors

    def place(self, sensor: str, onset: float) -> Place:
        """Where a sensor stood then, if it moved since: a late record is of the old place."""
        return (self.enrolment.standing(sensor, onset) or self.sensors[sensor]).place

    def calibrated(self, heard: Heard) -> bool:
        """Whether the level of a detection is one."""
        return self.enrolment.is_calibrated(heard.sensor, heard.mode)

    def outside(self, place: Place) -> bool:
        """Whether ``place`` lies outside the public polygon of the act that counts in :attr:`second`."""
        act = self.leave.standing.in_force(self.second)
        return act is None or not inside(act.authorisation.polygon, (place.latitude, place.longitude))


def attach(connection: Connection, new: Heard, ground: Ground, now: float) -> bool:
    """Let a new begin open or join an incident; whether any incident changed.

    A position outside the public polygon, of the sensor, of the incident that would follow or of the fix with which
    bangs would open one, is discarded and counted; the detection stays without an incident.
    """
    if new.mode is Mode.TRIAL:
        return False
    if ground.outside(new.place):
        return _discard(connection, now)
    nearby = _nearby(connection, new, ground)
    decision: Join | Open | None = decide(new, nearby, ground.rule)
    if decision is None:
        told = told_with(new, [one for one in nearby if one.incident is None], ground.rule.air, ground.calibrated)
        if not told.opens or told.fix is None:
            return False
        if ground.outside(told.fix.place) or ground.outside(summarise(new.kind, told.heard).place):
            return _discard(connection, now)
        decision = Open(tuple(one for one in told.heard if one.detection != new.detection))
    if isinstance(decision, Open):
        identifier = _open(connection, new, now)
        _link(connection, identifier, [new, *decision.supporting])
        opened = Transition(at=now, kind=TransitionKind.OPENED, note=new.sensor)
        record(connection, identifier, opened, ground.ledger)
        joined: Sequence[Heard] = decision.supporting
    else:
        identifier = decision.incident
        _link(connection, identifier, [new])
        if _position_outside(connection, identifier, ground):
            links = schema.incident_detections
            connection.execute(delete(links).where(links.c.detection == new.detection))
            return _discard(connection, now)
        joined = (new,)
    for one in joined:
        record(connection, identifier, Transition(at=now, kind=TransitionKind.JOINED, note=one.sensor), ground.ledger)
    summarise_stored(connection, identifier, ground)
    _relocate(connection, identifier, ground, now)
    return True


def _relocate(connection: Connection, incident: int, ground: Ground, now: float) -> None:
    """Write where the bangs of an incident were, or why that is not known; nothing while there are too few.

    With more bangs than are looked at (an evening of fireworks) what was found stays.
    """
    kind, heard = _heard_in(connection, incident, ground)
    if kind not in IMPULSIVE or (len(heard) > MOST and incident in read_fixes(connection, [incident])):
        return
    told = told_by(heard, ground.rule.air, ground.calibrated)
    if told.reason is Unlocated.TOO_FEW:
        forget_fixes(connection, [incident])
    elif told.fix is not None and ground.outside(told.fix.place):
        _discard(connection, now)
        write_fix(connection, incident, Unlocated.OUTSIDE)
    else:
        write_fix(connection, incident, told.fix or told.reason or Unlocated.DISAGREE)


def stands(connection: Connection, incident: int, ground: Ground) -> bool:
    """Whether what an incident has left would open it: a detection of its kind or, where that is the bang, enough of
    them."""
    kind, heard = _heard_in(connection, incident, ground)
    if kind is not HazardKind.IMPULSE:
        return any(one.kind is kind for one in heard)
    told = told_by(heard, ground.rule.air, ground.calibrated)
    return told.opens and told.fix is not None and not ground.outside(told.fix.place)


def _discard(connection: Connection, now: float) -> bool:
    write_discards(connection, {Denial.PLACE: Times(1, now)})
    return False


def _position_outside(connection: Connection, incident: int, ground: Ground) -> bool:
    summary = _summary(connection, incident, ground)
    return summary is not None and ground.outside(summary.place)


def refine(connection: Connection, detection: int, ground: Ground, now: float) -> bool:
    """Bring an incident up to date after one of its detections ended; whether there is one.

    If its position would leave the public polygon, the position stays as it was, and that is counted.
    """
    table = schema.incident_detections.c
    query = select(table.incident).where(table.detection == detection)
    incident = connection.execute(query).scalar_one_or_none()
    if incident is None:
        return False
    outside = _position_outside(connection, incident, ground)
    if outside:
        _discard(connection, now)
    summarise_stored(connection, incident, ground, position=not outside)
    return True


def record(connection: Connection, incident: int, transition: Transition, ledger: LedgerWriter) -> None:
    """Add one line to an incident's history, and its entry to the ledger (a note's text is not in it)."""
    values = {
        "incident": incident,
        "at": transition.at,
        "kind": transition.kind.value,
        "who": transition.who,
        "outcome": transition.outcome and transition.outcome.value,
        "basis": transition.basis and transition.basis.value,
        "note": transition.note,
        "entry": ledger.record(connection, _entry(incident, transition)),
    }
    connection.execute(insert(schema.transitions), values)


def _entry(incident: int, transition: Transition) -> Entry:
    by_hub = transition.kind in (TransitionKind.OPENED, TransitionKind.JOINED)
    facts = {
        "transition": transition.kind.value,
        "sensor": transition.note if by_hub else "",
        "outcome": "" if transition.outcome is None else transition.outcome.value,
        "basis": "" if transition.basis is None else transition.basis.value,
    }
    detail = {name: fact for name, fact in facts.items() if fact}
    return Entry(
        kind=EntryKind.TRANSITION,
        at=transition.at,
        who=account_of(transition.who),
        about=f"incident-{incident}",
        detail=detail,
    )


def _detections() -> Select[Any]:
    joined = schema.detections.join(schema.sensors).outerjoin(schema.incident_detections)
    return select(
        schema.detections, schema.sensors.c.name.label("name"), schema.incident_detections.c.incident
    ).select_from(joined)


def _heard(row: Row[Any], ground: Ground) -> Heard:
    return Heard(
        detection=row.id,
        sensor=row.name,
        place=ground.place(row.name, row.onset),
        kind=HazardKind(row.kind),
        mode=Mode(row.mode),
        onset=row.onset,
        level=row.level,
        confidence=row.confidence,
        incident=row.incident,
        sigma=row.clock_sigma,
    )


def _nearby(connection: Connection, new: Heard, ground: Ground) -> list[Heard]:
    """Detections of this mode near in time that an incident might form around: free bangs, and unclosed incidents'.

    Those of sensors outside the public polygon are not among them.
    """
    window = ground.rule.window
    table = schema.detections.c
    open_ones = select(schema.incidents.c.id).where(schema.incidents.c.state.in_(UNCLOSED))
    linked = schema.incident_detections.c.incident
    query = _detections().where(
        table.onset.between(new.onset - window, new.onset + window),
        table.mode == new.mode.value,
        table.id != new.detection,
        or_(linked.in_(open_ones), and_(linked.is_(None), table.kind == HazardKind.IMPULSE.value)),
    )
    found = [_heard(row, ground) for row in connection.execute(query) if row.name in ground.sensors]
    return [one for one in found if not ground.outside(one.place)]


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


def summarise_stored(connection: Connection, incident: int, ground: Ground, *, position: bool = True) -> None:
    """Write what an incident says from the detections that it has; its position only if asked to."""
    summary = _summary(connection, incident, ground)
    if summary is not None:
        columns = _columns(summary)
        if not position:
            columns = {name: value for name, value in columns.items() if name not in POSITION}
        connection.execute(update(schema.incidents).where(schema.incidents.c.id == incident).values(columns))


def summarise_left(connection: Connection, incident: int, ground: Ground) -> None:
    """Write what an incident says after some of its detections were erased. If the mean of the places that are left
    lies outside the public polygon, the position is that of the sensor that heard it loudest, which stands inside."""
    kind, heard = _heard_in(connection, incident, ground)
    summary = summarise(kind, heard)
    if ground.outside(summary.place):
        _discard(connection, ground.second)
        loudest = max((one for one in heard if one.kind is kind), key=lambda one: one.level or 0.0)
        alone = summarise(kind, [loudest])
        summary = replace(summary, place=alone.place, radius=alone.radius)
    connection.execute(update(schema.incidents).where(schema.incidents.c.id == incident).values(_columns(summary)))
    _relocate(connection, incident, ground, ground.second)


def _summary(connection: Connection, incident: int, ground: Ground) -> Summary | None:
    kind, heard = _heard_in(connection, incident, ground)
    return summarise(kind, heard) if heard else None


def _heard_in(connection: Connection, incident: int, ground: Ground) -> tuple[HazardKind, list[Heard]]:
    kind = connection.execute(select(schema.incidents.c.kind).where(schema.incidents.c.id == incident)).scalar_one()
    query = _detections().where(schema.incident_detections.c.incident == incident)
    return HazardKind(kind), [_heard(row, ground) for row in connection.execute(query) if row.name in ground.sensors]


POSITION = frozenset({"latitude", "longitude", "height", "words", "radius"})


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
    fixes = read_fixes(connection, identifiers)
    return tuple(_incident(row, heard[row.id], history[row.id], fixes.get(row.id)) for row in found)


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


def _incident(
    row: Row[Any], detections: list[DetectionView], history: list[Transition], told: Fix | Unlocated | None
) -> Incident:
    if told is None:
        told = Unlocated.TOO_FEW if row.kind in IMPULSIVE else Unlocated.NOT_IMPULSIVE
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
        fix=told if isinstance(told, Fix) else None,
        unlocated=told if isinstance(told, Unlocated) else None,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        basis=None if row.basis is None else Basis(row.basis),
    )
