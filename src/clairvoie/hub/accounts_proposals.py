"""Proposals in the store, and what an approved change does: effects alone, inside one transaction of the caller's.

An approval is only as good as what it was asked about: when an account is no longer as it was when its change was
proposed, the proposal is overtaken and nothing is done.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, case, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clairvoie.boundary.accounts import (
    AccountChange,
    Change,
    Grant,
    KindInQueue,
    LongerRetention,
    MachineToken,
    NewPassword,
    Proposal,
    ProposalState,
)
from clairvoie.boundary.person import Role
from clairvoie.boundary.trial import Signature
from clairvoie.errors import HubError, InvalidValue
from clairvoie.hub import trial_rows
from clairvoie.hub.accounts_schema import accounts, invitations, proposals, retention, tokens
from clairvoie.hub.accounts_sessions import digest, end_all

INVITATION_SECONDS = 48 * 3600.0
DAY = 86_400.0
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Thirty-two signs that are not mistaken for one another when they are read aloud."""
CODE_LENGTH = 8

_changes: msgspec.json.Decoder[Change] = msgspec.json.Decoder(Change)


def new_code() -> str:
    """Forty random bits for reading aloud: ``K7QM-2XRA``."""
    signs = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return f"{signs[:4]}-{signs[4:]}"


def code_digest(account: str, code: str) -> bytes:
    """What is stored of a code: however it is written, and of no use for another account."""
    return digest(account + "\0" + "".join(c for c in code.upper() if c.isalnum()))


def grant_of(connection: Connection, account: str) -> Grant | None:
    """What an account is given now; ``None`` when there is none of that name."""
    row = connection.execute(select(accounts).where(accounts.c.account == account)).one_or_none()
    if row is None:
        return None
    return Grant(role=Role(row.role), recipient=row.recipient, areas=tuple(row.areas.split()), active=row.active)


def keep(connection: Connection, change: Change, by: str, now: float) -> tuple[Proposal, bool]:
    """Keep a change as a proposal, and whether it is a new one: the same asked twice is one."""
    body = msgspec.json.encode(change, order="deterministic").decode()
    same = select(proposals).where(proposals.c.change == body, proposals.c.state == ProposalState.PENDING.value)
    row = connection.execute(same).first()
    fresh = row is None
    if row is None:
        values = {"at": now, "by": by, "change": body, "state": ProposalState.PENDING.value, "decided_by": ""}
        row = connection.execute(insert(proposals).values(values).returning(proposals)).one()
    return proposal_of(row), fresh


def proposal_of(row: Row[Any]) -> Proposal:
    """A row as a proposal."""
    return Proposal(
        id=row.id,
        at=row.at,
        by=row.by,
        change=_changes.decode(row.change),
        state=ProposalState(row.state),
        decided_by=row.decided_by,
        decided=row.decided,
    )


def existing(connection: Connection, identifier: int) -> Proposal:
    """One proposal, or :class:`HubError`."""
    row = connection.execute(select(proposals).where(proposals.c.id == identifier)).one_or_none()
    if row is None:
        raise HubError("there is no such proposal", identifier)
    return proposal_of(row)


def listed(connection: Connection, limit: int) -> tuple[Proposal, ...]:
    """Pending ones first, then the newest."""
    pending = case((proposals.c.state == ProposalState.PENDING.value, 0), else_=1)
    query = select(proposals).order_by(pending, proposals.c.id.desc()).limit(limit)
    return tuple(proposal_of(row) for row in connection.execute(query))


def decided(connection: Connection, proposal: Proposal, state: ProposalState, by: str, now: float) -> Proposal:
    """Write down what became of a proposal."""
    values = {"state": state.value, "decided_by": by, "decided": now}
    statement = update(proposals).where(proposals.c.id == proposal.id).values(values).returning(proposals)
    return proposal_of(connection.execute(statement).one())


def overtaken(connection: Connection, change: Change) -> bool:
    """Whether what ``change`` would change is no longer as it was when it was proposed."""
    match change:
        case AccountChange(account=account, before=before):
            return grant_of(connection, account) != before
        case NewPassword(account=account):
            found = grant_of(connection, account)
            return found is None or not found.active
        case KindInQueue(trial=trial):
            return not trial_rows.waits(connection, trial)
        case LongerRetention() | MachineToken():
            return False


def carry_out(connection: Connection, change: Change, by: str, now: float) -> str:
    """Do it; the approver's half of an invitation, where there is one."""
    match change:
        case AccountChange(account=account, grant=grant):
            write_account(connection, change, now)
            if not grant.active:
                end_all(connection, account)
                withdraw(connection, account)
            return _invite(connection, account, now) if grant.active and change.before is None else ""
        case NewPassword(account=account):
            return _invite(connection, account, now)
        case MachineToken(machine=machine, recipient=recipient, days=days):
            made = {"label": machine, "account": "", "recipient": recipient, "made": now, "by": by}
            connection.execute(insert(tokens).values(**made, expires=now + days * DAY))
        case LongerRetention():
            write_retention(connection, msgspec.structs.asdict(change))
        case KindInQueue(trial=trial, by=signer, figures=figures):
            signature = Signature(at=now, by=signer, approved_by=by, figures=figures)
            trial_rows.sign_stored(connection, trial, signature)
    return ""


def write_account(connection: Connection, change: AccountChange, now: float) -> None:
    """Make or change an account; its password stays."""
    given = {
        "name": change.name,
        "role": change.grant.role.value,
        "recipient": change.grant.recipient,
        "areas": " ".join(change.grant.areas),
        "active": change.grant.active,
    }
    statement = upsert(accounts).values(account=change.account, password="", made=now, **given)
    connection.execute(statement.on_conflict_do_update(index_elements=[accounts.c.account], set_=given))


def withdraw(connection: Connection, account: str) -> None:
    """What an account could still be entered by is no more: invitations and its programs' tokens."""
    connection.execute(delete(invitations).where(invitations.c.account == account))
    connection.execute(delete(tokens).where(tokens.c.account == account))


def _invite(connection: Connection, account: str, now: float) -> str:
    code = new_code()
    values = {"code": code_digest(account, code), "ticket": None, "expires": now + INVITATION_SECONDS}
    statement = upsert(invitations).values(account=account, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[invitations.c.account], set_=values))
    return code


def retention_in_force(connection: Connection) -> dict[str, int]:
    """How many days each thing is kept now; empty before the first start."""
    return {row.name: row.days for row in connection.execute(select(retention))}


def write_retention(connection: Connection, days: dict[str, int]) -> None:
    """Keep things for so many days from now on."""
    if any(not 1 <= value <= 36_500 for value in days.values()):
        raise InvalidValue("things are kept for 1 to 36500 days", days)
    for name, value in days.items():
        statement = upsert(retention).values(name=name, days=value)
        connection.execute(statement.on_conflict_do_update(index_elements=[retention.c.name], set_={"days": value}))
