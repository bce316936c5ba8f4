"""What has been kept long enough is erased: a pure rule for what is due, and its effect in the store.

Records are erased in the order in which they came, and each sensor remembers up to where, so that an erased record
that is delivered again is recognised and not stored anew. Detections that belong to an incident live as long as the
incident. Incidents that nobody has closed are never erased: somebody has to close them first. For how long a trial was
watched and what was counted in it is kept when the minutes and the detections are erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, func, select, tuple_, update

from clairvoie.boundary.entry import Entry, EntryKind, LedgerWriter
from clairvoie.boundary.incident import IncidentState
from clairvoie.boundary.standing import Standing
from clairvoie.hub import schema
from clairvoie.hub.fix_rows import forget_fixes

DAY = 86_400.0
ROWS_AT_ONCE = 5000
"""Rows of one kind in one transaction, so that uploads wait little."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many days each thing is kept."""

    levels_days: int
    detections_days: int
    incidents_days: int
    records_days: int


@dataclass(frozen=True, slots=True)
class Due:
    """Everything older than these POSIX seconds is to be erased."""

    levels: float
    detections: float
    incidents: float
    records: float


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were erased."""

    levels: int = 0
    detections: int = 0
    incidents: int = 0
    records: int = 0
    notes: int = 0

    @property
    def total(self) -> int:
        """All rows."""
        return self.levels + self.detections + self.incidents + self.records + self.notes

    def __add__(self, other: Erased) -> Erased:
        return Erased(**{name: getattr(self, name) + getattr(other, name) for name in Erased.__slots__})


def due(limits: Limits, now: float) -> Due:
    """What is to be erased at ``now``.

    >>> due(Limits(levels_days=2, detections_days=1, incidents_days=3, records_days=1), 10 * DAY).levels / DAY
    8.0
    """
    return Due(
        levels=now - limits.levels_days * DAY,
        detections=now - limits.detections_days * DAY,
        incidents=now - limits.incidents_days * DAY,
        records=now - limits.records_days * DAY,
    )


def shorter(limits: Limits, standing: Standing, now: float) -> Limits:
    """``limits``, none of them longer than the act that counts at ``now`` allows; after its end it goes on counting.

    Longer settings are not an error, because acts come and go while a hub runs: the shorter of the two holds.
    """
    act = standing.in_force(now)
    if act is None:
        return limits
    allowed = act.authorisation.retention
    return Limits(**{name: min(getattr(limits, name), getattr(allowed, name)) for name in Limits.__slots__})


def erase(connection: Connection, before: Due, ledger: LedgerWriter) -> Erased:
    """Erase at most :data:`ROWS_AT_ONCE` rows of each kind that is due; call again until nothing is left.

    The ledger forgets what was erased.
    """
    incidents = _erase_incidents(connection, before.incidents, ledger)
    return Erased(
        levels=_erase_levels(connection, before.levels),
        detections=_erase_detections(connection, before.detections, ledger),
        incidents=incidents,
        records=_erase_records(connection, before.records, ledger),
        notes=_erase_notes(connection, before.incidents, ledger),
    )


def _erase_levels(connection: Connection, before: float) -> int:
    table = schema.minutes.c
    minutes = select(table.sensor, table.minute).where(table.minute < before - 60).limit(ROWS_AT_ONCE)
    rows = connection.execute(minutes).all()
    found: dict[int, int] = {}
    for row in rows:
        found[row.sensor] = max(found.get(row.sensor, 0), row.minute)
    erased = 0
    for sensor, newest in found.items():
        statement = delete(schema.minutes).where(table.sensor == sensor, table.minute <= newest)
        erased += connection.execute(statement).rowcount
    return erased


def _erase_detections(connection: Connection, before: float, ledger: LedgerWriter) -> int:
    table = schema.detections.c
    linked = select(schema.incident_detections.c.detection)
    old = select(table.id).where(table.onset < before, table.id.not_in(linked)).limit(ROWS_AT_ONCE)
    return erase_detections(connection, list(connection.execute(old).scalars()), ledger)


def erase_detections(connection: Connection, detections: Sequence[int], ledger: LedgerWriter) -> int:
    """Erase these detections, which no incident has, and what the ledger knows of them; how many there were."""
    table = schema.detections.c
    statement = delete(schema.detections).where(table.id.in_(detections)).returning(table.entry, table.judged_entry)
    erased = connection.execute(statement).all()
    ledger.forget(connection, entries=[entry for row in erased for entry in row if entry is not None])
    return len(erased)


def _erase_incidents(connection: Connection, before: float, ledger: LedgerWriter) -> int:
    table = schema.incidents.c
    closed = and_(table.state == IncidentState.CLOSED.value, table.last_onset < before, table.closed < before)
    old = list(connection.execute(select(table.id).where(closed).limit(ROWS_AT_ONCE)).scalars())
    return erase_incidents(connection, old, ledger)


def erase_incidents(connection: Connection, incidents: Sequence[int], ledger: LedgerWriter) -> int:
    """Erase these incidents with their histories and detections, and what the ledger knows of them; how many."""
    if not incidents:
        return 0
    links = schema.incident_detections.c
    detections = list(connection.execute(select(links.detection).where(links.incident.in_(incidents))).scalars())
    history = schema.transitions.c
    told = connection.execute(
        delete(schema.transitions).where(history.incident.in_(incidents)).returning(history.entry)
    ).scalars()
    ledger.forget(connection, entries=[entry for entry in told if entry is not None])
    connection.execute(delete(schema.incident_detections).where(links.incident.in_(incidents)))
    forget_fixes(connection, incidents)
    erase_detections(connection, detections, ledger)
    return connection.execute(delete(schema.incidents).where(schema.incidents.c.id.in_(incidents))).rowcount


def _erase_records(connection: Connection, before: float, ledger: LedgerWriter) -> int:
    table = schema.records.c
    old = select(table.id).where(table.received < before).order_by(table.received).limit(ROWS_AT_ONCE)
    identifiers = list(connection.execute(old).scalars())
    if not identifiers:
        return 0
    marks = select(table.sensor, table.epoch, func.max(table.sequence).label("sequence")).where(
        table.id.in_(identifiers)
    )
    mark = schema.sensors.c
    for row in connection.execute(marks.group_by(table.sensor, table.epoch).order_by(table.epoch)).all():
        # A record may come long after the one that follows it: a mark never goes back.
        lower = tuple_(mark.erased_epoch, mark.erased_sequence) < tuple_(row.epoch, row.sequence)
        connection.execute(
            update(schema.sensors)
            .where(mark.id == row.sensor, lower)
            .values(erased_epoch=row.epoch, erased_sequence=row.sequence)
        )
    return erase_records(connection, identifiers, ledger)


def erase_records(connection: Connection, numbers: Sequence[int], ledger: LedgerWriter) -> int:
    """Erase these records, and what the ledger knows of them; how many there were."""
    ledger.forget(connection, records=numbers)
    return connection.execute(delete(schema.records).where(schema.records.c.id.in_(numbers))).rowcount


def _erase_notes(connection: Connection, before: float, ledger: LedgerWriter) -> int:
    notes = connection.execute(delete(schema.shift_notes).where(schema.shift_notes.c.at < before)).rowcount
    table = schema.misses.c
    entries = list(
        connection.execute(delete(schema.misses).where(table.reported < before).returning(table.entry)).scalars()
    )
    ledger.forget(connection, entries=[entry for entry in entries if entry is not None])
    return notes + len(entries)


def deletion(erased: Erased, because: str, now: float, *, who: str = "", about: str = "") -> Entry:
    """What the ledger keeps of an erasure: how much, and why; nothing of what it was."""
    counts = {name: str(getattr(erased, name)) for name in Erased.__slots__ if getattr(erased, name)}
    return Entry(kind=EntryKind.DELETION, at=now, who=who, about=about, detail={"because": because, **counts})
