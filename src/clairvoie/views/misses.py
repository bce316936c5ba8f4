"""Misses: what happened and no sensor told, reported by people. Without them every figure of success would flatter."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from clairvoie.boundary.hazards import HAZARD_KINDS, HazardKind
from clairvoie.boundary.incident import Basis
from clairvoie.views import person
from clairvoie.views.incidents import NO_NAME, NOTE_LENGTH
from clairvoie.views.page import Page, ThePage
from clairvoie.views.preferences import FORGED
from clairvoie.views.words import mark as _

router = APIRouter()
INCOMPLETE = _("Please say what happened, where, and how it is known.")
NO_SUCH_TIME = _("Please give the date and time at which it happened; it cannot lie in the future.")
BASES = (Basis.ON_SITE, Basis.CALLER, Basis.OTHER_SERVICE)
"""A miss rests on something: what nobody saw cannot have been missed."""
PLACE_LENGTH = 200


def facts(page: Page) -> dict[str, Any]:
    """The form and the list."""
    now = page.clock.local(page.desk.now())
    return {
        "misses": page.desk.misses(),
        "kinds": HAZARD_KINDS,
        "bases": BASES,
        "latest": f"{now:%Y-%m-%dT%H:%M}",
        "problem": "",
        "given": {"kind": "", "happened": f"{now:%Y-%m-%dT%H:%M}", "place_words": "", "basis": "", "note": ""},
    }


@router.get("/misses")
def misses(request: Request, page: ThePage) -> HTMLResponse:
    """The form to report one, and those reported."""
    return page.render(request, "misses.html", **facts(page))


def happened_at(page: Page, text: str) -> float | None:
    """The instant that the form means, if it is one and has passed."""
    try:
        at = page.clock.instant(text)
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at <= page.desk.now() + 60 else None


@router.post("/misses")
def report(
    request: Request,
    page: ThePage,
    token: Annotated[str, Form()] = "",
    who: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    happened: Annotated[str, Form()] = "",
    place_words: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Record a miss."""
    name, at = person.clean_name(who) or person.name_of(request), happened_at(page, happened)
    words, text = place_words.strip()[:PLACE_LENGTH], note.strip()[:NOTE_LENGTH]
    wrong = ""
    if not person.token_matches(request, token):
        wrong = FORGED
    elif not name:
        wrong = NO_NAME
    elif kind not in set(HazardKind) or basis not in set(BASES) or not words:
        wrong = INCOMPLETE
    elif at is None:
        wrong = NO_SUCH_TIME
    if wrong or at is None:
        given = {"kind": kind, "happened": happened, "place_words": words, "basis": basis, "note": text}
        shown = facts(page) | {"problem": page.words(request, wrong), "given": given}
        return page.render(request, "misses.html", status=403 if wrong == FORGED else 422, **shown)
    page.desk.report_miss(
        kind=HazardKind(kind), happened=at, place_words=words, basis=Basis(basis), note=text, who=name
    )
    response = RedirectResponse("/misses#reported", status_code=303)
    if name != person.name_of(request):
        person.remember(response, request, person.NAME_COOKIE, name)
    return response
