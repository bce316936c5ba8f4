"""The end of a shift: what is open, what was done, what the next shift should know, which sensors are not well."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from clairvoie.boundary.hazards import Health
from clairvoie.boundary.incident import IncidentState
from clairvoie.views import person
from clairvoie.views.incidents import NO_NAME, NO_TEXT, NOTE_LENGTH
from clairvoie.views.page import Page, ThePage
from clairvoie.views.preferences import FORGED
from clairvoie.views.words import mark as _

router = APIRouter()
SHIFT_HOURS = (8, 12, 24, 72)
REFUSALS = {
    "malformed": _("Broken off or not readable"),
    "unsupported-version": _("In a version that the hub does not know"),
    "bad-signature": _("Signature wrong"),
    "wrong-epoch": _("Signed with another epoch of the node’s key"),
    "unknown-deployment": _("For another deployment"),
    "unknown-node": _("From a node that is not enrolled"),
    "unknown-sensor": _("From a sensor that is not enrolled for its node"),
    "too-slow": _("Arrived too slowly"),
    "equivocation": _("Two different records under one number"),
    "already-stored": _("Stored already; nothing is lost"),
    "oversized": _("Too large"),
    "wrong-type": _("Of a type that the hub does not take"),
    "invalid-content": _("Content against the rules"),
    "from-the-future": _("Dated in the future"),
    "stale": _("Too old for the live line"),
    "queue-full": _("Hub too busy; it is sent again"),
    "not-authorised": _("Permitted by no authorisation in force"),
    "suspended": _("From a time in which the authorisation is suspended"),
    "revoked": _("Signed with a key that is revoked"),
    "not-active": _("From a sensor that was not active"),
    "wrong-node": _("Over the connection of another node"),
}
"""Why the hub refused an upload, in words, for each code of its closed list."""


def facts(page: Page, hours: int) -> dict[str, Any]:
    """All that the page shows of the last ``hours``."""
    since = page.desk.now() - hours * 3600
    statuses = page.desk.sensors()
    return {
        "hours": hours,
        "choices": SHIFT_HOURS,
        "since": since,
        "waiting": (*page.desk.incidents(IncidentState.OPEN), *page.desk.incidents(IncidentState.TAKEN)),
        "closed": page.desk.incidents(IncidentState.CLOSED, since=since),
        "notes": page.desk.shift_notes(since=since),
        "unwell": [s for s in statuses if s.silent or s.health not in (None, Health.FINE)],
        "refusals": page.desk.refusals(),
        "refusal_words": REFUSALS,
        "problem": "",
        "text": "",
    }


@router.get("/handover")
def handover(request: Request, page: ThePage, hours: int = 12) -> HTMLResponse:
    """The page, for the screen and for paper."""
    return page.render(request, "handover.html", **facts(page, hours if hours in SHIFT_HOURS else 12))


@router.post("/handover/notes")
def write(
    request: Request,
    page: ThePage,
    token: Annotated[str, Form()] = "",
    who: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Leave a note to the next shift."""
    name, kept = person.clean_name(who) or person.name_of(request), text.strip()[:NOTE_LENGTH]
    wrong = ""
    if not person.token_matches(request, token):
        wrong = FORGED
    elif not name or not kept:
        wrong = NO_TEXT if name else NO_NAME
    if wrong:
        status = 403 if wrong == FORGED else 422
        shown = facts(page, 12) | {"problem": page.words(request, wrong), "text": kept}
        return page.render(request, "handover.html", status=status, **shown)
    page.desk.write_shift_note(name, kept)
    response = RedirectResponse("/handover#notes", status_code=303)
    if name != person.name_of(request):
        person.remember(response, request, person.NAME_COOKIE, name)
    return response
