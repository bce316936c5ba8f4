"""``/api/v1/outcomes``: how often the hub was right, for programs."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from clairvoie.boundary.reading import Desk
from clairvoie.oversight.outcomes import OutcomeFigures, outcome_figures

MOST = 10_000
"""The newest incidents and misses that figures are taken over; the answer says how many there were."""


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """The figures and what they were taken over."""

    incidents: int
    misses: int
    figures: tuple[OutcomeFigures, ...]


def figures(desk: Desk) -> APIRouter:
    """The figures of ``desk``."""
    router = APIRouter(prefix="/api/v1", tags=["reading"])
    schema = {"type": "object", "required": ["incidents", "misses", "figures"]}
    described = {"description": "Done", "content": {"application/json": {"schema": schema}}}

    @router.get("/outcomes", summary="How often the hub was right", responses={200: described})
    def outcomes() -> Response:
        """All kinds together, then each; shares with their exact 95 % interval, misses as people reported them."""
        incidents, misses = desk.incidents(limit=MOST), desk.misses(limit=MOST)
        found = outcome_figures(incidents, misses)
        answer = Outcomes(incidents=len(incidents), misses=len(misses), figures=found)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return router
