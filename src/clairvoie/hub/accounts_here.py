"""What is done about accounts on the hub's own machine, by whoever may read and write its store.

The first administrator is made so, and the first supervisor or auditor, because until there is one nobody could approve
another. Whoever has the machine can do all this by other means too; what this adds is that it becomes an entry of the
ledger. The command runs beside the hub, which alone writes the ledger: entries wait in the store until the hub takes
them over, at its start or within seconds.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select, update

from clairvoie.boundary.accounts import AccountChange, Grant, LongerRetention, check_password
from clairvoie.boundary.entry import Entry, EntryKind, decode_entry, encode_entry
from clairvoie.boundary.person import POWERS, Power, Role
from clairvoie.errors import NotPermitted
from clairvoie.hub import accounts_proposals, accounts_schema
from clairvoie.hub.accounts_passwords import Passwords
from clairvoie.hub.accounts_schema import accounts, waiting
from clairvoie.hub.accounts_sessions import end_all
from clairvoie.hub.accounts_signing_in import Recorder

HERE = "hub-machine"
"""Who acted, in entries of what was done on the machine."""
APPROVERS = tuple(role.value for role in Role if Power.APPROVE in POWERS[role])


class WaitingEntries:
    """A :class:`Recorder` that leaves entries in the store for the hub."""

    def record(self, connection: Connection, entry: Entry) -> None:
        """Keep ``entry`` until the hub takes it over."""
        connection.execute(insert(waiting).values(body=encode_entry(entry)))


def take_over(connection: Connection, ledger: Recorder) -> int:
    """Write what waits into the ledger, in order; how many there were."""
    rows = connection.execute(select(waiting).order_by(waiting.c.id)).all()
    for row in rows:
        ledger.record(connection, decode_entry(row.body))
    if rows:
        connection.execute(delete(waiting).where(waiting.c.id <= rows[-1].id))
    return len(rows)


def make_account(
    connection: Connection, ledger: Recorder, change: AccountChange, password: str, passwords: Passwords, now: float
) -> None:
    """Make an account with a password, or give one that has this role a new password.

    An administrator at any time; a supervisor or auditor only while nobody active could approve one; nobody else.
    """
    check_password(password, change.account)
    accounts_schema.create(connection)
    before = accounts_proposals.grant_of(connection, change.account)
    if not may_be_made_here(change.grant.role, before, _approvers(connection)):
        raise NotPermitted(
            "not-permitted",
            "on the machine only administrators are made, and the first who can approve",
            f"{change.account}, {change.grant.role.value}",
            "Sign in as an administrator and propose the account.",
        )
    accounts_proposals.write_account(connection, change, now)
    stored = update(accounts).where(accounts.c.account == change.account)
    connection.execute(stored.values(password=passwords.hashed(password)))
    end_all(connection, change.account)
    detail = {"act": "made-here" if before is None else "password-set-here", "role": change.grant.role.value}
    ledger.record(connection, Entry(kind=EntryKind.ACCOUNT, at=now, who=HERE, about=change.account, detail=detail))


def may_be_made_here(role: Role, before: Grant | None, approvers: int) -> bool:
    """Whether an account of ``role`` may be made on the machine, where one stood before or ``None``.

    >>> may_be_made_here(Role.SUPERVISOR, None, 0), may_be_made_here(Role.SUPERVISOR, None, 1)
    (True, False)
    >>> may_be_made_here(Role.DUTY, None, 0), may_be_made_here(Role.ADMINISTRATOR, Grant(role=Role.DUTY), 3)
    (False, False)
    """
    if before is not None and before.role is not role:
        return False
    return role is Role.ADMINISTRATOR or (role.value in APPROVERS and approvers == 0)


def _approvers(connection: Connection) -> int:
    able = accounts.c.role.in_(APPROVERS), accounts.c.active, accounts.c.password != ""
    found: int = connection.execute(select(func.count()).select_from(accounts).where(*able)).scalar_one()
    return found


def settle_retention(
    connection: Connection, ledger: Recorder, asked: dict[str, int], now: float
) -> tuple[dict[str, int], bool]:
    """How long things are kept from now on, given what the settings ask, and whether a proposal waits.

    What is shorter than before holds at once; what is longer becomes a proposal and waits for a second person. The
    first start of a hub takes the settings as they are.
    """
    accounts_schema.create(connection)
    before = accounts_proposals.retention_in_force(connection)
    held = {name: min(days, before.get(name, days)) for name, days in asked.items()}
    if held != before:
        accounts_proposals.write_retention(connection, held)
        detail = {"act": "retention", **_words(held)}
        ledger.record(connection, Entry(kind=EntryKind.SETTING, at=now, who=HERE, about="retention", detail=detail))
    if held != asked:
        proposal, fresh = accounts_proposals.keep(connection, LongerRetention(**asked), HERE, now)
        if fresh:
            facts = {"act": "retention", "proposal": str(proposal.id), **_words(asked)}
            ledger.record(connection, Entry(kind=EntryKind.PROPOSAL, at=now, who=HERE, about="retention", detail=facts))
    return held, held != asked


def _words(days: dict[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in days.items()}
