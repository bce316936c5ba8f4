"""Live pages: the stream of changes, and the top strip that follows them.

``/events`` tells *that* something changed, never what: the page then asks for the fragment whole, so that nothing
depends on having heard every event. On connecting, and so after every reconnection, each kind of change is told once:
a page that was cut off is right again without knowing what it missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from clairvoie.boundary.reading import Change, Desk
from clairvoie.views.page import ThePage

router = APIRouter()
RETRY_MILLISECONDS = 2000


async def events(desk: Desk) -> AsyncIterator[str]:
    """The stream as text/event-stream (WHATWG HTML, 9.2.6): every change once at first, then each as it happens.

    Listening begins before the first line is sent, so no change falls between a page's first question and its stream.
    """
    changes = aiter(desk.changes())
    awaited = asyncio.ensure_future(following(changes))
    try:
        await asyncio.sleep(0)  # an iterator that registers when it is first asked has now been asked
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        for change in Change:
            yield event(change, desk.now())
        while (heard := await awaited) is not None:
            yield event(heard, desk.now())
            awaited = asyncio.ensure_future(following(changes))
    finally:
        awaited.cancel()


async def following(changes: AsyncIterator[Change]) -> Change | None:
    """The next change, or ``None`` when the hub stops."""
    return await anext(changes, None)


def event(change: Change, now: float) -> str:
    """One event; its data is the hub's second, which pages show as the age of what they know."""
    return f"event: {change.value}\ndata: {int(now)}\n\n"


@router.get("/events")
async def stream(page: ThePage) -> StreamingResponse:
    """Changes as they happen."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(page.desk), media_type="text/event-stream", headers=headers)


@router.get("/fragments/strip")
def strip(request: Request, page: ThePage) -> HTMLResponse:
    """The top strip."""
    return page.render(request, "fragments/strip.html")
