"""Who is at the desk: the account that is signed in, or, in an exercise, a name that somebody typed.

In an exercise nobody signs in: the name is asked for once and kept in a ``SameSite=Strict`` cookie. Anybody at that
browser can write any name; the page says so. Preferences (language, theme) are cookies too. Forms carry a token: a
session's own (the guard asks for it too), else one that must equal that in a second strict cookie, so that a page of
another origin cannot post in somebody's name even where a browser ignores SameSite.
"""

from __future__ import annotations

import secrets
from urllib.parse import quote, unquote

from fastapi import Request, Response

from clairvoie.boundary.person import CallerKind
from clairvoie.views.caller import current
from clairvoie.views.words import LANGUAGES, languages_accepted

NAME_COOKIE = "clairvoie-name"
LANGUAGE_COOKIE = "clairvoie-language"
THEME_COOKIE = "clairvoie-theme"
TOKEN_COOKIE = "clairvoie-token"
NAME_LENGTH = 60
THEMES = ("light", "dark")
_YEAR = 365 * 86_400
_SHIFT = 16 * 3600
"""Seconds for which a name is kept: longer than any shift, shorter than a day, so that the next person is asked."""


def name_of(request: Request) -> str:
    """The name of whoever is signed in; in an exercise that in the cookie, or empty."""
    caller = current()
    if caller.kind is CallerKind.PERSON:
        return caller.name
    return clean_name(unquote(request.cookies.get(NAME_COOKIE, "")))


def clean_name(text: str) -> str:
    """A name on one line, without control characters, at most ``NAME_LENGTH`` characters.

    >>> clean_name("  Claire\\n Dupont ")
    'Claire Dupont'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:NAME_LENGTH].strip()


def language_of(request: Request, default: str) -> str:
    """The language chosen by the switch, else that of the deployment, else the first that the browser accepts."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    accepted = languages_accepted(request.headers.get("accept-language", ""))
    return next(name for name in (chosen, default, *accepted, "en") if name in LANGUAGES)


def theme_of(request: Request) -> str:
    """``light`` or ``dark`` by the switch, or empty: as the system wishes."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def token_of(request: Request) -> str:
    """The token that this browser's forms carry; a new one when it has none."""
    return current().form_token or request.cookies.get(TOKEN_COOKIE, "") or secrets.token_urlsafe(24)


def token_matches(request: Request, given: str) -> bool:
    """Whether a form came from a page that we gave to this browser."""
    held = current().form_token or request.cookies.get(TOKEN_COOKIE, "")
    return bool(held) and secrets.compare_digest(held.encode(), given.encode())


def remember(response: Response, request: Request, cookie: str, value: str) -> None:
    """Set one of the cookies; ``Secure`` wherever the page itself came over TLS."""
    response.set_cookie(
        cookie,
        quote(value),
        max_age=_SHIFT if cookie in (NAME_COOKIE, TOKEN_COOKIE) else _YEAR,
        samesite="strict" if cookie in (NAME_COOKIE, TOKEN_COOKIE) else "lax",
        httponly=True,
        secure=request.url.scheme == "https",
    )
