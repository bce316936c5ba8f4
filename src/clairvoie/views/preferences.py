"""The signature, the language and the theme of the person at this browser: plain forms that set a cookie each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from clairvoie.views import person
from clairvoie.views.page import ThePage
from clairvoie.views.words import LANGUAGES
from clairvoie.views.words import mark as _

router = APIRouter()
FORGED = _("This form did not come from a page of this desk. Open the page again and repeat what you did.")


def back(path: str) -> str:
    """A path on this site to return to; anything that could lead elsewhere becomes the desk.

    >>> back("/incidents?state=open"), back("//elsewhere"), back("https://elsewhere/")
    ('/incidents?state=open', '/', '/')
    """
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if local else "/"


@router.post("/preferences")
def choose(
    request: Request,
    page: ThePage,
    token: Annotated[str, Form()] = "",
    language: Annotated[str | None, Form()] = None,
    theme: Annotated[str | None, Form()] = None,
    name: Annotated[str | None, Form()] = None,
    next: Annotated[str, Form()] = "/",  # noqa: A002  (the field's usual name in forms)
) -> Response:
    """Remember what was chosen and go back to the page on which it was chosen."""
    if not person.token_matches(request, token):
        return page.problem(request, 403, page.words(request, FORGED))
    response = RedirectResponse(back(next), status_code=303)
    if language in LANGUAGES:
        person.remember(response, request, person.LANGUAGE_COOKIE, language)
    if theme in (*person.THEMES, "system"):
        person.remember(response, request, person.THEME_COOKIE, theme)
    if name is not None:
        person.remember(response, request, person.NAME_COOKIE, person.clean_name(name))
    return response
