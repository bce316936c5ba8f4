"""The site: every page and the files that pages load, put into an application over one desk.

``mount(app, desk, wording)`` is all that the server needs to know of the views.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from clairvoie.boundary.accounts import People
from clairvoie.errors import NotPermitted
from clairvoie.views import (
    access,
    accounts,
    authorisations,
    handover,
    incidents,
    ledger,
    levels,
    live,
    lives,
    misses,
    outcomes,
    plan,
    preferences,
    sensors,
    signing_in,
    trials,
)
from clairvoie.views import desk as queue
from clairvoie.views.caller import current
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.guard import Refused, refusal
from clairvoie.views.page import HERE, Page
from clairvoie.views.wording import Wording

ROUTERS = (
    queue.router,
    incidents.router,
    plan.router,
    handover.router,
    misses.router,
    trials.router,
    outcomes.router,
    sensors.router,
    lives.router,
    levels.router,
    authorisations.router,
    ledger.router,
    live.router,
    preferences.router,
    signing_in.router,
    accounts.router,
    access.router,
)
"""One router a page. None appears in the API's description: pages are for people."""


class Assets(StaticFiles):
    """Files that a browser keeps but asks about each time, so that no page ever runs an older script than its own."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """The file, or 304 when the browser has it."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def not_permitted(request: Request, error: Exception) -> Response:
    """What the desk would not tell or do: a page for people, JSON for programs."""
    assert isinstance(error, NotPermitted)
    what = error.what if error.value is None else f"{error.what}: {error.value!r}"
    refused = Refused(403, error.code, what[:400], error.remedy)
    return await run_in_threadpool(refusal, request, current(), refused)


def mount(app: FastAPI, desk: DisclosingDesk, wording: Wording, people: People | None = None) -> None:
    """Serve every page of ``desk`` from ``app``, acts in the words of ``wording``; without ``people`` there are no
    accounts and nobody signs in."""
    app.state.people = people
    app.add_exception_handler(NotPermitted, not_permitted)
    app.state.page = Page(desk, wording)
    app.mount("/static", Assets(directory=HERE / "static"), name="static")
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
