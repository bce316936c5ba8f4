"""Who makes a request: sessions of people at a desk, tokens of programs and machines.

A session's token is 256 random bits in a cookie; the store knows only its SHA-256. It ends :data:`IDLE_SECONDS` after
the last request (an open page asks every few seconds, so that a desk at which nothing happens is not signed out at
night) and :data:`LONGEST_SECONDS` after the sign-in, whatever happens. The token that forms carry is derived from the
session's own, so that it belongs to that session and to no other. Everything is read anew at every request: who was
deactivated or signed out is so at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from clairvoie.boundary.person import NOBODY, Area, Caller, Person, Role, caller_of, machine_of
from clairvoie.hub.accounts_schema import accounts, sessions, tokens
from clairvoie.hub.store import Store

IDLE_SECONDS = 30 * 60.0
LONGEST_SECONDS = 12 * 3600.0
"""One shift."""
TOUCH_SECONDS = 60.0
"""How exactly the last use is kept."""
TOKEN_BYTES = 32
LONGEST_TOKEN = 128
PREFIX = "clairvoie_"
"""Begins every API token, so that one that lies about is recognised."""


def new_secret() -> str:
    """256 random bits in URL-safe base64."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def form_token(session: str) -> str:
    """What forms of a session carry: HMAC-SHA-256 keyed with the session's token."""
    made = hmac.new(session.encode(), b"clairvoie forms", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def holds(made: float, used: float, now: float) -> bool:
    """Whether a session still holds. One from the future does not: the clock went back, sign in again.

    >>> holds(0, 0, IDLE_SECONDS), holds(0, 1, IDLE_SECONDS), holds(0, LONGEST_SECONDS - 1, LONGEST_SECONDS)
    (False, True, False)
    """
    return -TOUCH_SECONDS <= now - made < LONGEST_SECONDS and now - used < IDLE_SECONDS


def begin(connection: Connection, account: str, now: float) -> str:
    """A new session of ``account``; its token. What has ended is deleted on the way."""
    token = new_secret()
    ended = or_(sessions.c.used <= now - IDLE_SECONDS, sessions.c.made <= now - LONGEST_SECONDS)
    connection.execute(delete(sessions).where(ended))
    connection.execute(insert(sessions).values(digest=digest(token), account=account, made=now, used=now))
    return token


def end(connection: Connection, token: str) -> str:
    """End one session; whose it was, or empty."""
    statement = delete(sessions).where(sessions.c.digest == digest(token)).returning(sessions.c.account)
    return connection.execute(statement).scalar_one_or_none() or ""


def end_all(connection: Connection, account: str) -> None:
    """End every session of ``account``."""
    connection.execute(delete(sessions).where(sessions.c.account == account))


def person_of(row: Row[object]) -> Person:
    """A row of ``accounts`` as a person."""
    return Person(
        account=row.account,
        name=row.name,
        role=Role(row.role),
        recipient=row.recipient,
        areas=tuple(row.areas.split()),
    )


class StoredCallers:
    """:class:`clairvoie.boundary.person.Callers` over the store."""

    def __init__(self, store: Store, areas: Mapping[str, Area], clock: Callable[[], float]) -> None:
        self._store = store
        self._areas = areas
        self._clock = clock

    def of_session(self, token: str) -> Caller | None:
        """Whoever signed in and got ``token``."""
        if not 0 < len(token) <= LONGEST_TOKEN:
            return None
        now, key = self._clock(), digest(token)
        query = select(accounts, sessions.c.made.label("began"), sessions.c.used).join_from(sessions, accounts)
        with self._store.reading() as connection:
            row = connection.execute(query.where(sessions.c.digest == key, accounts.c.active)).one_or_none()
        if row is None or not holds(row.began, row.used, now):
            return None
        if now - row.used > TOUCH_SECONDS:
            touch = update(sessions).where(sessions.c.digest == key).values(used=now)
            self._store.submit(lambda connection: connection.execute(touch) and None)
        return caller_of(person_of(row), self._areas, form_token=form_token(token))

    def of_token(self, token: str) -> Caller | None:
        """Whoever was given this API token: a machine, or a program of a person whose account is active."""
        if not token.startswith(PREFIX) or len(token) > LONGEST_TOKEN:
            return None
        query = select(tokens).where(tokens.c.digest == digest(token), tokens.c.expires > self._clock())
        with self._store.reading() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            if not row.account:
                return machine_of(row.label, row.recipient)
            owner = select(accounts).where(accounts.c.account == row.account, accounts.c.active)
            person = connection.execute(owner).one_or_none()
        return None if person is None else caller_of(person_of(person), self._areas, program=True)

    def of_nobody(self) -> Caller:
        """Nobody known."""
        return NOBODY
