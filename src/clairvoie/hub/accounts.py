"""Accounts of a hub: :class:`clairvoie.boundary.accounts.People` over its store.

Each act is one transaction with its entry in the ledger. What narrows is done at once, what widens waits as a proposal
for a second person.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from clairvoie.boundary.accounts import (
    AccountChange,
    AccountView,
    Change,
    Decision,
    Grant,
    KindInQueue,
    MachineToken,
    NewPassword,
    Proposal,
    ProposalState,
    TokenView,
    check_person_name,
    may_decide,
    widens,
)
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.person import Caller, Power, Role
from clairvoie.errors import HubError, InvalidValue, NotPermitted
from clairvoie.hub import accounts_proposals
from clairvoie.hub.accounts_schema import accounts, invitations, sessions, tokens
from clairvoie.hub.accounts_sessions import PREFIX, digest, new_secret
from clairvoie.hub.accounts_signing_in import SigningIn, need

DAY = 86_400.0
LONGEST_TOKEN_DAYS = 90
MOST_TOKENS = 20


class Accounts(SigningIn):
    """Everything about accounts, tokens and proposals, beside what signing in needs."""

    # Reading ------------------------------------------------------------------------------------------------------

    def accounts(self) -> tuple[AccountView, ...]:
        """All accounts, by name."""
        return self._views()

    def account(self, account: str) -> AccountView | None:
        """One account."""
        return next(iter(self._views(account)), None)

    def _views(self, account: str | None = None) -> tuple[AccountView, ...]:
        now = self._clock()
        query = select(accounts).order_by(accounts.c.account)
        if account is not None:
            query = query.where(accounts.c.account == account)
        counts = select(sessions.c.account, func.count().label("open")).group_by(sessions.c.account)
        waiting = select(invitations.c.account).where(invitations.c.expires > now)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
            open_sessions = {row.account: row.open for row in connection.execute(counts)}
            invited = set(connection.execute(waiting).scalars())
        return tuple(_view(row, open_sessions.get(row.account, 0), row.account in invited) for row in rows)

    def tokens(self) -> tuple[TokenView, ...]:
        """All tokens that hold, newest first."""
        query = select(tokens).where(tokens.c.expires > self._clock()).order_by(tokens.c.id.desc())
        with self._store.reading() as connection:
            return tuple(_token(row) for row in connection.execute(query))

    def proposals(self, *, limit: int = 100) -> tuple[Proposal, ...]:
        """Proposals, pending ones first, then the newest."""
        with self._store.reading() as connection:
            return accounts_proposals.listed(connection, limit)

    def areas(self) -> tuple[tuple[str, str], ...]:
        """The areas that settings name, with their words."""
        return tuple((area.id, area.words or area.id) for area in self._areas.values())

    # Changing -----------------------------------------------------------------------------------------------------

    def propose(self, change: Change, by: Caller) -> Proposal | None:
        """Do what narrows at once (``None``); keep what widens as a proposal."""
        need(by, Power.ADMINISTER)
        self._check(change)

        def proposed(connection: Connection) -> Proposal | None:
            asked = self._as_it_is(connection, change)
            if isinstance(asked, AccountChange) and not widens(asked.before, asked.grant):
                accounts_proposals.carry_out(connection, asked, by.who, self._clock())
                self._tell(connection, EntryKind.ACCOUNT, by.who, asked)
                return None
            kept, fresh = accounts_proposals.keep(connection, asked, by.who, self._clock())
            if fresh:
                self._tell(connection, EntryKind.PROPOSAL, by.who, asked, proposal=str(kept.id))
            return kept

        return self._write(proposed)

    def _check(self, change: Change) -> None:
        if isinstance(change, KindInQueue):
            raise InvalidValue("a kind is let into the queue by a supervisor, on the page of what is on trial", None)
        if isinstance(change, AccountChange):
            unknown = sorted(set(change.grant.areas) - set(self._areas))
            if unknown:
                raise InvalidValue("the settings name no such area", ", ".join(unknown))
            if change.grant.role is Role.ADMINISTRATOR and change.grant.recipient:
                raise InvalidValue("an administrator acts for no recipient", change.grant.recipient)

    @staticmethod
    def _as_it_is(connection: Connection, change: Change) -> Change:
        """``change`` with what the store says the account has now, whatever the caller believed."""
        if isinstance(change, AccountChange):
            before = accounts_proposals.grant_of(connection, change.account)
            return AccountChange(account=change.account, name=change.name, grant=change.grant, before=before)
        if isinstance(change, NewPassword) and accounts_proposals.grant_of(connection, change.account) is None:
            raise HubError("there is no such account", change.account)
        return change

    def decide(self, identifier: int, by: Caller, *, approve: bool) -> Decision:
        """Approve or refuse a proposal; who made it may take it back."""

        def decided(connection: Connection) -> Decision:
            found = accounts_proposals.existing(connection, identifier)
            own = found.by == by.who and not approve and found.state is ProposalState.PENDING
            if not own and not may_decide(found, by):
                raise NotPermitted("not-permitted", "a second person decides, while it is pending", found.about)
            state, code, now = ProposalState.REFUSED, "", self._clock()
            if approve and accounts_proposals.overtaken(connection, found.change):
                state = ProposalState.OVERTAKEN
            elif approve:
                state = ProposalState.APPROVED
                code = accounts_proposals.carry_out(connection, found.change, by.who, now)
            facts = {"proposal": str(found.id), "state": state.value, "proposed-by": found.by}
            self._tell(connection, EntryKind.APPROVAL, by.who, found.change, **facts)
            return Decision(proposal=accounts_proposals.decided(connection, found, state, by.who, now), code=code)

        return self._write(decided)

    # Tokens -------------------------------------------------------------------------------------------------------

    def issue(self, identifier: int, by: Caller) -> str:
        """A machine's token that was approved, shown once."""
        need(by, Power.ADMINISTER)
        made = PREFIX + new_secret()

        def issued(connection: Connection) -> bool:
            fresh = tokens.c.id == identifier, tokens.c.digest.is_(None), tokens.c.expires > self._clock()
            statement = update(tokens).where(*fresh).values(digest=digest(made)).returning(tokens.c.label)
            label = connection.execute(statement).scalar_one_or_none()
            if label is not None:
                self._entry(connection, EntryKind.ACCOUNT, by.who, f"machine:{label}", act="token-issued")
            return label is not None

        if not self._write(issued):
            raise HubError("no approved token waits under this number", identifier, "Propose one.")
        return made

    def make_token(self, label: str, days: int, by: Caller) -> str:
        """A token for a program of the caller's own."""
        need(by, Power.OWN)
        check_person_name(label)
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            raise InvalidValue(f"a token of one's own holds for 1 to {LONGEST_TOKEN_DAYS} days", days)
        made, now = PREFIX + new_secret(), self._clock()
        values = {"digest": digest(made), "label": label, "account": by.who, "recipient": "", "made": now, "by": by.who}

        def kept(connection: Connection) -> None:
            held = select(func.count()).where(tokens.c.account == by.who, tokens.c.expires > now)
            if connection.execute(held).scalar_one() >= MOST_TOKENS:
                raise InvalidValue("nobody needs more tokens than this", MOST_TOKENS, "Revoke one.")
            connection.execute(insert(tokens).values(**values, expires=now + days * DAY))
            self._entry(connection, EntryKind.ACCOUNT, by.who, by.who, act="token-made")

        self._write(kept)
        return made

    def revoke_token(self, identifier: int, by: Caller) -> None:
        """End a token: one's own, or any for an administrator."""

        def revoked(connection: Connection) -> None:
            row = connection.execute(select(tokens).where(tokens.c.id == identifier)).one_or_none()
            if row is None or (row.account != by.who and not by.may(Power.ADMINISTER)):
                raise HubError("there is no such token", identifier)
            connection.execute(delete(tokens).where(tokens.c.id == identifier))
            about = row.account or f"machine:{row.label}"
            self._entry(connection, EntryKind.ACCOUNT, by.who, about, act="token-revoked")

        self._write(revoked)

    # Writing ------------------------------------------------------------------------------------------------------

    def _tell(self, connection: Connection, kind: EntryKind, who: str, change: Change, **detail: str) -> None:
        about = Proposal(id=0, at=0.0, by="", change=change).about
        self._entry(connection, kind, who, about, **told(change), **detail)


def told(change: Change) -> dict[str, str]:
    """A change as the short facts of an entry; the ledger holds no person's name, only accounts."""
    match change:
        case AccountChange(grant=grant):
            return {"act": "account", **_grant_words(grant)}
        case NewPassword():
            return {"act": "new-password"}
        case MachineToken(recipient=recipient, days=days):
            return {"act": "machine-token", "recipient": recipient, "days": str(days)}
        case KindInQueue(figures=figures, by=signer, trial=trial):
            return {"act": "into-the-queue", "trial": str(trial), "signed-by": signer, **figures.facts()}
        case retention:
            return {
                "act": "retention",
                "levels": str(retention.levels_days),
                "incidents": str(retention.incidents_days),
            }


def _grant_words(grant: Grant) -> dict[str, str]:
    return {
        "role": grant.role.value,
        "recipient": grant.recipient,
        "areas": " ".join(grant.areas)[:400],
        "active": "yes" if grant.active else "no",
    }


def _view(row: Row[Any], open_sessions: int, invited: bool) -> AccountView:
    return AccountView(
        account=row.account,
        name=row.name,
        grant=Grant(role=Role(row.role), recipient=row.recipient, areas=tuple(row.areas.split()), active=row.active),
        made=row.made,
        last_sign_in=row.last_sign_in,
        has_password=bool(row.password),
        invited=invited,
        sessions=open_sessions,
    )


def _token(row: Row[Any]) -> TokenView:
    return TokenView(
        id=row.id,
        label=row.label,
        account=row.account,
        recipient=row.recipient,
        made=row.made,
        by=row.by,
        expires=row.expires,
        issued=row.digest is not None,
    )
