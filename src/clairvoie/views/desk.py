"""The desk: the map and the queue of incidents that wait for a person, the longest waiting first."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from clairvoie.boundary.incident import IncidentState
from clairvoie.views.page import Page, ThePage

router = APIRouter()


def queue(page: Page) -> dict[str, Any]:
    """What the queue shows: open incidents, then taken ones, oldest first, and when the last of all was."""
    last = page.desk.incidents(limit=1)
    return {
        "open_incidents": page.desk.incidents(IncidentState.OPEN),
        "taken_incidents": page.desk.incidents(IncidentState.TAKEN),
        "last_incident": last[0] if last else None,
    }


@router.get("/")
def desk(request: Request, page: ThePage) -> HTMLResponse:
    """The desk."""
    return page.render(request, "desk.html", **queue(page))


@router.get("/fragments/queue")
def queue_fragment(request: Request, page: ThePage) -> HTMLResponse:
    """The queue alone, for a page that is already open."""
    return page.render(request, "fragments/queue.html", **queue(page))
