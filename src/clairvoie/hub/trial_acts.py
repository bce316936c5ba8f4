"""What people do about trials: judge a detection, let a kind into the queue, take it out again. Each is one transaction
with its entry in the ledger.

To let a kind in widens, so it takes two: a supervisor signs, which becomes a proposal, and a second person approves it
(:mod:`clairvoie.hub.accounts_proposals`). To take it out is done by one person at once.
"""

from __future__ import annotations

from sqlalchemy import Connection, Row, Select, select, update

from clairvoie.boundary.accounts import KindInQueue, Proposal, ProposalState
from clairvoie.boundary.entry import Entry, EntryKind, LedgerWriter
from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.incident import Basis, Outcome, check_outcome
from clairvoie.boundary.person import account_of
from clairvoie.boundary.trial import TrialDetection
from clairvoie.errors import HubError, IncidentConflict
from clairvoie.hub import accounts_proposals, accounts_schema, schema
from clairvoie.hub.incident_rows import detection_view
from clairvoie.hub.trial import COUNTED, Trial, check_ready, withdraw
from clairvoie.hub.trial_rows import Held, Key, begin_stored, current


def detections_on_trial() -> Select[tuple[object, ...]]:
    """All detections that a trial counts, with their sensors' names."""
    table = schema.detections
    joined = table.join(schema.sensors)
    return select(table, schema.sensors.c.name.label("name")).select_from(joined).where(table.c.trial.is_not(None))


def detection_of(row: Row[tuple[object, ...]]) -> TrialDetection:
    """A row of :func:`detections_on_trial` as people are shown it."""
    return TrialDetection(
        number=row.id,
        trial=row.trial,
        heard=detection_view(row),
        said=Mode(row.said),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        basis=None if row.basis is None else Basis(row.basis),
        judged_by=row.judged_by or "",
        judged=row.judged,
    )


def one(connection: Connection, number: int) -> TrialDetection | None:
    """One detection on trial."""
    row = connection.execute(detections_on_trial().where(schema.detections.c.id == number)).one_or_none()
    return None if row is None else detection_of(row)


def judge(
    connection: Connection, ledger: LedgerWriter, number: int, who: str, outcome: Outcome, basis: Basis, now: float
) -> TrialDetection:
    """``who`` says whether a detection on trial was right. Whoever is first wins, as with an incident.

    Raises :class:`IncidentConflict` with the name of the first, :class:`HubError` when no trial counts it.
    """
    check_outcome(outcome, basis)
    found = one(connection, number)
    if found is None:
        raise HubError("there is no such detection on trial", number, "It may have been erased by retention.")
    if found.outcome is not None:
        raise IncidentConflict("this detection was judged already, by", found.judged_by, "It is judged once.")
    detail = {"act": "judged", "kind": found.heard.kind.value, "outcome": outcome.value, "basis": basis.value}
    detail |= {"detection": str(number), "trial": str(found.trial)}
    entry = Entry(kind=EntryKind.TRIAL, at=now, who=account_of(who), about=found.heard.sensor, detail=detail)
    values = {"outcome": outcome.value, "basis": basis.value, "judged_by": who, "judged": now}
    table, counted = schema.detections, schema.trials.c[COUNTED[outcome]]
    statement = update(table).where(table.c.id == number)
    connection.execute(statement.values(**values, judged_entry=ledger.record(connection, entry)))
    trial = update(schema.trials).where(schema.trials.c.id == found.trial)
    connection.execute(trial.values({counted: counted + 1}))
    judged = one(connection, number)
    assert judged is not None
    return judged


def let_in(
    connection: Connection, ledger: LedgerWriter, key: Key, present: Trial | None, who: str, now: float
) -> Proposal:
    """The supervisor ``who`` signs that a kind may enter the queue; what waits for a second person.

    ``present`` is the trial under what holds now. Raises :class:`HubError` before its hours were watched.
    """
    trial = check_ready(present)
    held = current_of(connection, key)
    if held is None or held.trial.conditions != trial.conditions:
        raise HubError("the trial has begun anew", key[0], "Wait until its hours have been watched.")
    accounts_schema.create(connection)
    waiting = pending(connection).get(held.number)
    if waiting is not None:
        return waiting
    change = KindInQueue(sensor=key[0], kind=key[1], trial=held.number, by=who, figures=held.trial.figures)
    kept, _ = accounts_proposals.keep(connection, change, who, now)
    detail = {"act": "into-the-queue", "kind": key[1].value, "trial": str(held.number), "proposal": str(kept.id)}
    detail |= held.trial.figures.facts()
    ledger.record(connection, Entry(kind=EntryKind.PROPOSAL, at=now, who=who, about=change.about, detail=detail))
    return kept


def take_out(connection: Connection, ledger: LedgerWriter, key: Key, who: str, now: float) -> None:
    """``who`` takes a kind out of the queue: its trial begins anew at once. Incidents that it opened stay."""
    held = current_of(connection, key)
    if held is None:
        raise HubError("this kind is not in the queue", key[0], "Nothing is to be done.")
    row = connection.execute(select(schema.sensors.c.id).where(schema.sensors.c.name == key[0])).one()
    begun = begin_stored(connection, row.id, key[1], withdraw(held.trial, now), withdrawn_by=who)
    detail = {"act": "withdrawn", "kind": key[1].value, "trial": str(begun.number)}
    ledger.record(connection, Entry(kind=EntryKind.TRIAL, at=now, who=account_of(who), about=key[0], detail=detail))


def current_of(connection: Connection, key: Key) -> Held | None:
    """The trial that counts for one kind at one sensor."""
    number = connection.execute(select(schema.sensors.c.id).where(schema.sensors.c.name == key[0])).scalar_one_or_none()
    return None if number is None else current(connection, {number}).get(key)


def pending(connection: Connection) -> dict[int, Proposal]:
    """What waits for a second person, by the number of the trial. The tables of accounts must be there."""
    table = accounts_schema.proposals
    rows = connection.execute(select(table).where(table.c.state == ProposalState.PENDING.value))
    proposals = map(accounts_proposals.proposal_of, rows)
    return {found.change.trial: found for found in proposals if isinstance(found.change, KindInQueue)}
