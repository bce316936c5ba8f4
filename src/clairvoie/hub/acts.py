"""What a person does: take, close, note, report a miss, leave a note to the next shift. Each is one transaction.

Whoever is first wins, and the database decides who that is: the state is changed by one conditional ``UPDATE``. The
second is told by :class:`~clairvoie.errors.IncidentConflict` who was first.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from clairvoie.boundary.entry import Entry, EntryKind, LedgerWriter
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import (
    Basis,
    Incident,
    IncidentState,
    Miss,
    Outcome,
    Transition,
    TransitionKind,
    check_outcome,
)
from clairvoie.boundary.person import account_of
from clairvoie.boundary.reading import ShiftNote
from clairvoie.errors import HubError, IncidentConflict, InvalidValue
from clairvoie.hub import schema
from clairvoie.hub.incident_rows import read_incidents, record

LONGEST_NAME = 110
LONGEST_TEXT = 4000


def check_person(who: str) -> str:
    """A name that a person signs with: something printable, 80 characters at most."""
    name = " ".join(who.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidValue(f"a name has 1 to {LONGEST_NAME} printable characters", who[:LONGEST_NAME], "Say who acts.")
    return name


def check_text(text: str, *, needed: bool = False) -> str:
    """A note: line breaks allowed, other control characters not, 4000 characters at most."""
    note = text.strip()
    plain = note.replace("\r\n", "\n").replace("\n", " ").replace("\t", " ")
    if len(note) > LONGEST_TEXT or (needed and not note) or (plain and not plain.isprintable()):
        raise InvalidValue(
            f"a note has {1 if needed else 0} to {LONGEST_TEXT} printable characters", len(note), "Shorten it."
        )
    return note


def take(connection: Connection, ledger: LedgerWriter, identifier: int, who: str, now: float) -> Incident:
    """``who`` takes an open incident."""
    table = schema.incidents
    statement = (
        update(table)
        .where(table.c.id == identifier, table.c.state == IncidentState.OPEN.value)
        .values(state=IncidentState.TAKEN.value, taken_by=who)
    )
    if connection.execute(statement).rowcount == 0:
        raise _conflict(connection, identifier)
    record(connection, identifier, Transition(at=now, kind=TransitionKind.TAKEN, who=who), ledger)
    return existing(connection, identifier)


def close(
    connection: Connection,
    ledger: LedgerWriter,
    identifier: int,
    who: str,
    outcome: Outcome,
    basis: Basis,
    note: str,
    now: float,
) -> Incident:
    """``who`` closes an incident; one that nobody has taken is taken by the same act, and its history says so."""
    check_outcome(outcome, basis)
    if existing(connection, identifier).state is IncidentState.OPEN:
        take(connection, ledger, identifier, who, now)
    table = schema.incidents
    statement = (
        update(table)
        .where(table.c.id == identifier, table.c.state == IncidentState.TAKEN.value)
        .values(state=IncidentState.CLOSED.value, outcome=outcome.value, basis=basis.value, closed=now)
    )
    if connection.execute(statement).rowcount == 0:
        raise _conflict(connection, identifier)
    closing = Transition(at=now, kind=TransitionKind.CLOSED, who=who, outcome=outcome, basis=basis, note=note)
    record(connection, identifier, closing, ledger)
    return existing(connection, identifier)


def note(connection: Connection, ledger: LedgerWriter, identifier: int, who: str, text: str, now: float) -> Incident:
    """Add a note to an incident, closed ones included."""
    existing(connection, identifier)
    record(connection, identifier, Transition(at=now, kind=TransitionKind.NOTED, who=who, note=text), ledger)
    return existing(connection, identifier)


def report_miss(connection: Connection, ledger: LedgerWriter, miss: Miss) -> Miss:
    """Record something of which no sensor told; the identifier of ``miss`` is replaced by the store's."""
    values = {
        "kind": miss.kind.value,
        "happened": miss.happened,
        "place_words": miss.place_words,
        "basis": miss.basis.value,
        "note": miss.note,
        "reported_by": miss.reported_by,
        "reported": miss.reported,
    }
    detail = {"kind": miss.kind.value, "happened": f"{miss.happened:.0f}", "basis": miss.basis.value}
    entry = Entry(kind=EntryKind.MISS, at=miss.reported, who=account_of(miss.reported_by), detail=detail)
    values["entry"] = ledger.record(connection, entry)
    key = connection.execute(insert(schema.misses).values(values).returning(schema.misses.c.id)).scalar_one()
    return read_misses(connection, 1, identifier=key)[0]


def read_misses(connection: Connection, limit: int, *, identifier: int | None = None) -> tuple[Miss, ...]:
    """Misses reported by people, newest first."""
    query = select(schema.misses).order_by(schema.misses.c.id.desc()).limit(limit)
    if identifier is not None:
        query = query.where(schema.misses.c.id == identifier)
    return tuple(
        Miss(
            id=row.id,
            kind=HazardKind(row.kind),
            happened=row.happened,
            place_words=row.place_words,
            basis=Basis(row.basis),
            note=row.note,
            reported_by=row.reported_by,
            reported=row.reported,
        )
        for row in connection.execute(query)
    )


def write_shift_note(connection: Connection, who: str, text: str, now: float) -> ShiftNote:
    """Leave a note to the next shift."""
    values = {"at": now, "who": who, "text": text}
    statement = insert(schema.shift_notes).values(values).returning(schema.shift_notes.c.id)
    return ShiftNote(id=connection.execute(statement).scalar_one(), at=now, who=who, text=text)


def existing(connection: Connection, identifier: int) -> Incident:
    """The incident, or :class:`HubError`."""
    found = read_incidents(connection, select(schema.incidents).where(schema.incidents.c.id == identifier))
    if not found:
        raise HubError("there is no such incident", identifier, "It may have been erased by retention.")
    return found[0]


def _conflict(connection: Connection, identifier: int) -> IncidentConflict:
    incident = existing(connection, identifier)
    if incident.state is IncidentState.CLOSED:
        who = next((t.who for t in reversed(incident.history) if t.kind is TransitionKind.CLOSED), "")
        return IncidentConflict("this incident was closed already, by", who, "Add a note instead.")
    return IncidentConflict("this incident was taken first by", incident.taken_by, "Speak to them.")
