"""Signing in at a hub: passwords, sessions and invitations, each act one transaction with its entry in the ledger.

What fails is told in one sentence whatever it was, costs the same time, and is counted. An invitation has two halves:
the administrator gets a ticket, the person who approved gets a code, so that neither alone can become somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol, TypeVar

from sqlalchemy import Connection, delete, select, update

from clairvoie.boundary.accounts import SignedIn, check_password
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.person import Area, Caller, Power
from clairvoie.errors import HubError, NotPermitted, SignInRefused
from clairvoie.hub import accounts_pace, accounts_proposals, accounts_schema
from clairvoie.hub.accounts_passwords import Passwords
from clairvoie.hub.accounts_schema import accounts, invitations, tokens
from clairvoie.hub.accounts_sessions import StoredCallers, begin, digest, end, end_all, new_secret, person_of
from clairvoie.hub.store import Store

Result = TypeVar("Result")


class Recorder(Protocol):
    """Of the ledger, what is needed here."""

    def record(self, connection: Any, entry: Entry) -> object:
        """Add ``entry`` inside the transaction."""
        ...


class SigningIn:
    """See the module. ``callers`` tells who makes a request."""

    def __init__(
        self,
        store: Store,
        ledger: Recorder,
        clock: Callable[[], float],
        *,
        areas: Iterable[Area] = (),
        passwords: Passwords | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._areas = {area.id: area for area in areas}
        self._passwords = passwords or Passwords()
        store.submit(accounts_schema.create).result()
        self.callers = StoredCallers(store, self._areas, clock)

    # Signing in ---------------------------------------------------------------------------------------------------

    def sign_in(self, account: str, password: str, address: str, *, old_token: str = "") -> SignedIn:
        """Begin a session; ``old_token``'s session ends."""
        stored = self._attempt(account, address)
        right = self._passwords.matches(stored, password[:1024])
        if not right:
            self._refuse(account)
        again = self._passwords.hashed(password) if self._passwords.outdated(stored or "") else None

        def signed(connection: Connection) -> SignedIn | None:
            if old_token:
                end(connection, old_token)
            if again is not None:
                statement = update(accounts).where(accounts.c.account == account, accounts.c.password == stored)
                connection.execute(statement.values(password=again))
            return self._begin(connection, account, address, unless_changed=again or stored)

        found = self._write(signed)
        if found is None:
            self._refuse(account)
        return found

    def _attempt(self, account: str, address: str) -> str | None:
        """Count the attempt; the stored password of an active account, or ``None``."""

        def counted(connection: Connection) -> tuple[float, str | None]:
            wait = accounts_pace.count(connection, account, address, self._clock())
            query = select(accounts.c.password).where(accounts.c.account == account, accounts.c.active)
            return wait, connection.execute(query).scalar_one_or_none()

        wait, stored = self._write(counted)
        if wait > 0:
            raise SignInRefused(wait)
        return stored

    def _refuse(self, account: str) -> NoReturn:
        """Record a refused sign-in, of an account by name only if there is one: else it may be a typed password."""

        def refused(connection: Connection) -> None:
            known = accounts_proposals.grant_of(connection, account) is not None
            self._entry(
                connection, EntryKind.SIGN_IN, account if known else "", account if known else "", act="refused"
            )

        self._write(refused)
        raise SignInRefused

    def _begin(
        self, connection: Connection, account: str, address: str, *, unless_changed: str | None = None
    ) -> SignedIn | None:
        """A session for an account whose secret was just checked; ``None`` when it was changed meanwhile."""
        query = select(accounts).where(accounts.c.account == account, accounts.c.active)
        row = connection.execute(query).one_or_none()
        if row is None or (unless_changed is not None and row.password != unless_changed):
            return None
        now = self._clock()
        accounts_pace.succeeded(connection, account, address)
        connection.execute(update(accounts).where(accounts.c.account == account).values(last_sign_in=now))
        self._entry(connection, EntryKind.SIGN_IN, account, account, act="signed-in")
        return SignedIn(person=person_of(row), token=begin(connection, account, now))

    def sign_out(self, token: str) -> None:
        """End one session."""

        def out(connection: Connection) -> None:
            account = end(connection, token)
            if account:
                self._entry(connection, EntryKind.SIGN_OUT, account, account, act="signed-out")

        self._write(out)

    def sign_out_everywhere(self, account: str, by: Caller) -> None:
        """End all sessions of an account and revoke its programs' tokens."""
        if by.who != account:
            need(by, Power.ADMINISTER)

        def out(connection: Connection) -> None:
            end_all(connection, account)
            connection.execute(delete(tokens).where(tokens.c.account == account))
            self._entry(connection, EntryKind.SIGN_OUT, by.who, account, act="signed-out-everywhere")

        self._write(out)

    def change_password(self, caller: Caller, old: str, new: str, address: str) -> SignedIn:
        """Set another password: every session ends, a new one begins. The old one is tried at the pace of sign-ins."""
        check_password(new, caller.who)
        stored = self._attempt(caller.who, address)
        if not self._passwords.matches(stored, old[:1024]):
            self._refuse(caller.who)
        return self._set_password(caller.who, new, address)

    def _set_password(self, account: str, new: str, address: str) -> SignedIn:
        made = self._passwords.hashed(new)

        def changed(connection: Connection) -> SignedIn | None:
            connection.execute(update(accounts).where(accounts.c.account == account).values(password=made))
            connection.execute(delete(invitations).where(invitations.c.account == account))
            end_all(connection, account)
            self._entry(connection, EntryKind.ACCOUNT, account, account, act="password-set")
            return self._begin(connection, account, address)

        found = self._write(changed)
        if found is None:
            raise SignInRefused
        return found

    # Invitations --------------------------------------------------------------------------------------------------

    def ticket(self, account: str, by: Caller) -> str:
        """The administrator's half of an invitation that was approved; an earlier one becomes worthless."""
        need(by, Power.ADMINISTER)
        made = new_secret()

        def tell(connection: Connection) -> bool:
            open_ones = invitations.c.account == account, invitations.c.expires > self._clock()
            statement = update(invitations).where(*open_ones).values(ticket=digest(made))
            found = connection.execute(statement).rowcount > 0
            if found:
                self._entry(connection, EntryKind.ACCOUNT, by.who, account, act="invited")
            return found

        if not self._write(tell):
            raise HubError("no approved invitation waits for this account", account, "Propose a new password.")
        return made

    def invited(self, ticket: str) -> str | None:
        """The account to which a ticket belongs, while it holds."""
        query = select(invitations.c.account).where(
            invitations.c.ticket == digest(ticket[:1024]), invitations.c.expires > self._clock()
        )
        with self._store.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def accept(self, ticket: str, code: str, password: str, address: str) -> SignedIn:
        """Set the first password with both halves of an invitation; codes are tried at the pace of sign-ins."""
        account = self.invited(ticket)
        if account is not None:
            check_password(password, account)
        self._attempt(account or ticket[:64], address)
        query = select(invitations.c.code).where(invitations.c.account == (account or ""))
        with self._store.reading() as connection:
            wanted = connection.execute(query).scalar_one_or_none()
        if account is None or wanted != accounts_proposals.code_digest(account, code):
            self._refuse(account or "")
        return self._set_password(account, password, address)

    # Writing ------------------------------------------------------------------------------------------------------

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        return self._store.submit(work).result()

    def _entry(self, connection: Connection, kind: EntryKind, who: str, about: str, **detail: str) -> None:
        self._ledger.record(connection, Entry(kind=kind, at=self._clock(), who=who, about=about, detail=detail))


def need(caller: Caller, power: Power) -> None:
    """Raise :class:`NotPermitted` unless ``caller`` has ``power``."""
    if not caller.may(power):
        raise NotPermitted("not-permitted", f"this needs the power {power.value}", caller.who or None)
