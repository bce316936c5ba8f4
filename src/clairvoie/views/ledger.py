"""The ledger: its last checkpoint, who witnessed it, what it counts, and how anybody verifies it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from clairvoie.views.page import ThePage

router = APIRouter()


@router.get("/ledger")
def ledger(request: Request, page: ThePage) -> HTMLResponse:
    """The ledger as it stands."""
    return page.render(request, "ledger.html", ledger=page.desk.ledger_status(), base=str(request.base_url))
