"""Authorisations: the acts as they stand, each on a page to print, and what does not count or was discarded."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from clairvoie.views.handover import REFUSALS
from clairvoie.views.page import ThePage
from clairvoie.views.words import mark as _

router = APIRouter()
UNKNOWN = _("No valid act here has this digest. The list of authorisations names them all.")


@router.get("/authorisations")
def listed(request: Request, page: ThePage) -> HTMLResponse:
    """Every act, the newest first; rejected documents, discarded reports and refused uploads, each with its reason."""
    return page.render(
        request,
        "authorisations.html",
        acts=page.desk.acts(),
        discarded=page.desk.discarded(),
        refusals=page.desk.refusals(),
        refusal_words=REFUSALS,
    )


@router.get("/authorisations/{digest}")
def one(request: Request, page: ThePage, digest: str) -> HTMLResponse:
    """One act, fit to be printed and pinned up."""
    view = next((view for view in page.desk.acts().acts if view.act.digest == digest), None)
    if view is None:
        return page.problem(request, 404, page.words(request, UNKNOWN))
    return page.render(request, "authorisation.html", view=view, act=view.act.authorisation)
