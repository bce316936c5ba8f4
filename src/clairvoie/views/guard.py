"""What stands before every answer: nobody gets what their role does not give, other sites may not act here, and a
browser may load nothing from elsewhere.

For each request, in this order: a page of another origin may change nothing (``Origin``, and ``Sec-Fetch-Site`` where
a browser sends it; programs send neither and pass); a route that :mod:`clairvoie.views.routes` does not name is not
there; whoever asks is told from a bearer token or the session's cookie; the route's power is theirs, or they are turned
away; and what changes something on the strength of a cookie carries that session's own token, in a form's field
``token`` or in ``X-Clairvoie-Token``. Only then is anything else read or done. There is no CORS. An answer keeps
headers that it set itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

import msgspec
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clairvoie.boundary.person import NOBODY, Caller, CallerKind, Callers
from clairvoie.boundary.problem import Problem
from clairvoie.views.caller import CALLER, session_cookie
from clairvoie.views.routes import Need, need_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER = "x-clairvoie-token"
FORM_TYPE = "application/x-www-form-urlencoded"
LARGEST_FORM = 128 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
RefusedPage = Callable[[Request, str], Response]
"""Makes the page that tells a person why not; the second argument is a code of :data:`REFUSALS`."""

log = structlog.get_logger("clairvoie.views.guard")


class Refused(NamedTuple):
    """Why a request goes no further."""

    status: int
    code: str
    what: str
    remedy: str


FOREIGN = Refused(403, "foreign-origin", "another site may not act here", "Use the desk itself.")
SIGN_IN = Refused(401, "sign-in-needed", "nobody is signed in", "Sign in, or send a token that holds.")
NOT_PERMITTED = Refused(403, "not-permitted", "this account may not do that", "Ask somebody whose role it is.")
FORGED = Refused(403, "form-token", "the token of this session's forms is missing", "Open the page again.")
UNKNOWN = Refused(404, "unknown", "there is no such thing", "See /api/docs.")
WRONG_METHOD = Refused(405, "wrong-method", "this method is not for that address", "See /api/docs.")
TOO_LARGE = Refused(413, "oversized", "a form has at most 128 KiB", "Shorten it.")


class Guard:
    """ASGI middleware; streams pass through it as they come."""

    def __init__(self, app: ASGIApp, callers: Callers, export: Callable[[str], object] | None = None) -> None:
        """``export`` is told, in the caller's name, of what is about to be taken away."""
        self._app = app
        self._callers = callers
        self._export = export

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what may pass; add the headers to whatever is answered."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        caller, refused, receive = await self._judge(scope, receive)
        kept = CALLER.set(caller)
        try:
            if refused is None:
                await self._note_export(scope)
                await self._app(scope, receive, send_guarded)
            else:
                answer = await run_in_threadpool(refusal, Request(scope), caller, refused)
                await answer(scope, receive, send_guarded)
        finally:
            CALLER.reset(kept)

    async def _judge(self, scope: Scope, receive: Receive) -> tuple[Caller, Refused | None, Receive]:
        headers, method = Headers(scope=scope), scope["method"]
        changes = method not in SAFE_METHODS
        if changes and is_foreign(headers, scope["scheme"]):
            return NOBODY, FOREIGN, receive
        need = need_of(method, scope["path"])
        if not isinstance(need, Need):
            if not need:
                log.debug("no-such-route", path=scope["path"])
                return NOBODY, UNKNOWN, receive
            return NOBODY, WRONG_METHOD._replace(remedy=f"Use {' or '.join(sorted(need))}."), receive
        if need.anonymous:
            return NOBODY, None, receive
        caller = await run_in_threadpool(self._caller, scope, headers)
        if not caller.may(need.power):
            return caller, SIGN_IN if caller.kind is CallerKind.NOBODY else NOT_PERMITTED, receive
        if changes and caller.session:
            given, receive = await given_token(headers, receive)
            if given is None:
                return caller, TOO_LARGE, receive
            if not secrets.compare_digest(given.encode(), caller.form_token.encode()):
                return caller, FORGED, receive
        return caller, None, receive

    async def _note_export(self, scope: Scope) -> None:
        need = need_of(scope["method"], scope["path"])
        if self._export is not None and isinstance(need, Need) and need.export:
            query = scope["query_string"].decode("ascii", "replace")
            await run_in_threadpool(self._export, f"{scope['path']}?{query}" if query else scope["path"])

    def _caller(self, scope: Scope, headers: Headers) -> Caller:
        """A token that is sent decides alone: when it does not hold, a cookie beside it is of no use."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._callers.of_token(token.strip()) or NOBODY
        session = Request(scope).cookies.get(session_cookie(scope["scheme"]), "")
        found = self._callers.of_session(session) if session else None
        return found or self._callers.of_nobody()


async def given_token(headers: Headers, receive: Receive) -> tuple[str | None, Receive]:
    """The token that a request carries, empty if none, ``None`` if its form is too large; and its body, to be read
    again."""
    in_header = headers.get(TOKEN_HEADER, "")
    if in_header or headers.get("content-type", "").split(";")[0].strip().lower() != FORM_TYPE:
        return in_header, receive
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_FORM:
            return None, receive
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    found = parse_qs(body.decode(errors="replace"), max_num_fields=100).get("token", [""])
    return found[-1], again


def refusal(request: Request, caller: Caller, refused: Refused) -> Response:
    """The answer to a request that goes no further: a page to a person at a browser, JSON to a program."""
    path = request.url.path
    background = "hx-request" in request.headers
    if path.startswith("/api/") or ("text/html" not in request.headers.get("accept", "") and not background):
        return as_json(refused)
    if refused is SIGN_IN and request.method == "GET":
        asked = path + (f"?{request.url.query}" if request.url.query else "")
        if background:
            return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
        return RedirectResponse(f"/sign-in?next={quote(asked)}" if asked != "/" else "/sign-in", status_code=303)
    page: Any = getattr(request.app.state, "page", None)
    if page is None or caller.kind is CallerKind.NOBODY:
        return as_json(refused)
    answer: Response = page.refused(request, refused.status, refused.code)
    return answer


def as_json(refused: Refused) -> Response:
    """A refusal for a program."""
    problem = Problem(code=refused.code, what=refused.what, remedy=refused.remedy)
    headers = {"Cache-Control": "no-store"}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(problem), refused.status, headers=headers, media_type="application/json")


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
