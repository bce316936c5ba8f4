"""Authorisations: the acts as they stand, each on a page to print, and what does not count or was discarded.

What an act says is worded by whoever mounts the site (:class:`~clairvoie.views.wording.Wording`): the desk shows the
very sentences that the command line and the notice at the town hall show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from clairvoie.boundary.authorisation import Authorisation
from clairvoie.boundary.overseen import ActView
from clairvoie.views.handover import REFUSALS
from clairvoie.views.page import Page, ThePage
from clairvoie.views.plan import sensor_mark
from clairvoie.views.words import mark as _

router = APIRouter()
UNKNOWN = _("No valid act here has this digest. The list of authorisations names them all.")
_json = msgspec.json.Encoder()


@router.get("/authorisations")
def listed(request: Request, page: ThePage) -> HTMLResponse:
    """The act that counts, then every other; what does not count, was discarded or refused, each with its reason."""
    acts = page.desk.acts()
    return page.render(
        request,
        "authorisations.html",
        acts=acts,
        others=tuple(view for view in acts.acts if view is not acts.counting),
        discarded=page.desk.discarded(),
        refusals=page.desk.refusals(),
        refusal_words=REFUSALS,
        suspension_words=suspension_words(request, page),
    )


@router.get("/authorisations/{digest}")
def one(request: Request, page: ThePage, digest: str) -> HTMLResponse:
    """One act, fit to be printed and pinned up."""
    view = _found(page, digest)
    if view is None:
        return page.problem(request, 404, page.words(request, UNKNOWN))
    act, language, wording = view.act.authorisation, page.language(request), page.wording
    return page.render(
        request,
        "authorisation.html",
        view=view,
        act=act,
        passages=wording.sentences(act, language),
        not_allowed=wording.not_allowed(act, language),
        suspension_words=suspension_words(request, page),
    )


@router.get("/authorisations/{digest}/map")
def drawn(request: Request, page: ThePage, digest: str) -> Response:
    """What the map of one act shows: its polygon, and those of its sensors that this caller may see."""
    view = _found(page, digest)
    if view is None:
        return page.problem(request, 404, page.words(request, UNKNOWN))
    act, shown = view.act.authorisation, page.shown(request)
    facts = {
        "polygon": act.polygon,
        "sensors": [
            sensor_mark(status, page, shown) for status in page.desk.sensors() if status.sensor.id in act.sensors
        ],
        "incidents": [],
    }
    return Response(_json.encode(facts), media_type="application/json", headers={"Cache-Control": "no-store"})


def _found(page: Page, digest: str) -> ActView | None:
    return next((view for view in page.desk.acts().acts if view.act.digest == digest), None)


def suspension_words(request: Request, page: Page) -> Callable[[Any, Authorisation], str]:
    """Words a suspension of an act for this reader."""
    language = page.language(request)
    return lambda suspension, act: page.wording.suspension(suspension, act.time_zone, language)
