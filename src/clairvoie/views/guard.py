"""What stands before every answer: other sites may not act here, and a browser may load nothing from elsewhere.

A request that changes something and comes from a page of another origin is turned away (``Origin``, and
``Sec-Fetch-Site`` where a browser sends it); programs send neither and pass. There is no CORS. An answer keeps headers
that it set itself.
"""

from __future__ import annotations

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clairvoie.boundary.problem import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """ASGI middleware; streams pass through it as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Turn foreign acts away; add the headers to whatever is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in SAFE_METHODS and is_foreign(Headers(scope=scope), scope["scheme"]):
            problem = Problem(
                code="foreign-origin", what="another site may not act here", remedy="Use the desk itself."
            )
            answer = Response(msgspec.json.encode(problem), 403, media_type="application/json")
            await answer(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)


def is_foreign(headers: Headers, scheme: str) -> bool:
    """Whether a browser says that another site's page asked for this.

    >>> is_foreign(Headers({"host": "127.0.0.1:8750", "origin": "http://127.0.0.1:8750"}), "http")
    False
    >>> is_foreign(Headers({"host": "127.0.0.1:8750", "origin": "http://127.0.0.1:9999"}), "http")
    True
    """
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.lower() != f"{scheme}://{headers.get('host', '')}".lower()
