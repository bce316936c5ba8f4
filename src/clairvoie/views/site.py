"""The site: every page and the files that pages load, put into an application over one desk.

``mount(app, desk)`` is all that the server needs to know of the views.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response
from fastapi.staticfiles import StaticFiles

from clairvoie.boundary.reading import Desk
from clairvoie.views import desk as queue
from clairvoie.views import handover, incidents, levels, live, misses, outcomes, plan, preferences, sensors
from clairvoie.views.page import HERE, Page

ROUTERS = (
    queue.router,
    incidents.router,
    plan.router,
    handover.router,
    misses.router,
    outcomes.router,
    sensors.router,
    levels.router,
    live.router,
    preferences.router,
)
"""One router a page. None appears in the API's description: pages are for people."""


class Assets(StaticFiles):
    """Files that a browser keeps but asks about each time, so that no page ever runs an older script than its own."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """The file, or 304 when the browser has it."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount(app: FastAPI, desk: Desk) -> None:
    """Serve every page of ``desk`` from ``app``."""
    app.state.page = Page(desk)
    app.mount("/static", Assets(directory=HERE / "static"), name="static")
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
