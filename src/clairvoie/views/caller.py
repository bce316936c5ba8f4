"""Who makes the request that is being answered: set by the guard, read by the pages and by the desk that discloses.

Outside a request, and wherever the guard has not been, it is nobody: what forgets to ask is told nothing.
"""

from __future__ import annotations

from contextvars import ContextVar

from fastapi import Request

from clairvoie.boundary.person import NOBODY, Caller

CALLER: ContextVar[Caller] = ContextVar("clairvoie-caller", default=NOBODY)
"""The caller of this request; threads that answer it inherit it."""

PLAIN_COOKIE = "clairvoie-session"
TLS_COOKIE = "__Host-clairvoie-session"
"""Over TLS the prefix makes browsers insist on Secure, on no Domain, and on the path / (RFC 6265bis, 4.1.3.2)."""


def session_cookie(scheme: str) -> str:
    """The name of the session's cookie; the plain one is for loopback without TLS alone.

    >>> session_cookie("https"), session_cookie("http")
    ('__Host-clairvoie-session', 'clairvoie-session')
    """
    return TLS_COOKIE if scheme == "https" else PLAIN_COOKIE


def session_of(request: Request) -> str:
    """The session's token in the cookie of this request, or empty."""
    return request.cookies.get(session_cookie(request.url.scheme), "")


def current() -> Caller:
    """The caller of this request."""
    return CALLER.get()
