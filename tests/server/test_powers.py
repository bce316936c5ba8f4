"""Each route is tried as each role, as a machine, as nobody, and in the wrong area. The table below is written by hand:

it is what we promise, not what the code says of itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hub_street import Served, Street, authorisation, begin, settings_at
from msgspec.structs import replace
from staff import AREAS, Staff

from clairvoie.boundary.authorisation import Field, Recipient, RecipientKind
from clairvoie.boundary.person import VISITOR, Power, Role, Visitors
from clairvoie.views.routes import NEEDS, Need, need_of

EVERYBODY, LEVELS, FIGURES, SIGNED_IN = "NMDSAX", "MDSAX", "DSXA", "DSAX"
"""Nobody, Machine, Duty, Supervisor, Auditor, administrator (X). Figures count what nobody confirmed: not for M."""
PROMISED = {
    "GET /static/style.css": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "POST /preferences": EVERYBODY,
    "GET /invitation": EVERYBODY,
    "POST /invitation": EVERYBODY,
    "GET /api/docs": EVERYBODY,
    "GET /api/openapi.json": EVERYBODY,
    "GET /api/v1/authorisations": EVERYBODY,
    "GET /api/v1/ledger/checkpoint": EVERYBODY,
    "GET /api/v1/ledger/inclusion": EVERYBODY,
    "GET /tlog/{path:path}": EVERYBODY,
    "POST /api/v1/records": EVERYBODY,
    "POST /api/v1/live": EVERYBODY,
    "POST /api/v1/leases": EVERYBODY,
    "GET /api/v1/grants": EVERYBODY,
    "GET /metrics": LEVELS,
    "GET /events": FIGURES,
    "GET /fragments/strip": FIGURES,
    "GET /map.geojson": LEVELS,
    "GET /sensors": FIGURES,
    "GET /sensors/{sensor}": FIGURES,
    "GET /sensors/{sensor}/facts": FIGURES,
    "GET /sensors/{sensor}/said": FIGURES,
    "GET /sensors/{sensor}/day": FIGURES,
    "GET /sensors/{sensor}/sign": FIGURES,
    "GET /sensors/{sensor}/life": FIGURES,
    "GET /levels": FIGURES,
    "GET /levels.json": LEVELS,
    "GET /levels/newest.json": LEVELS,
    "GET /outcomes": FIGURES,
    "GET /authorisations": FIGURES,
    "GET /authorisations/{digest}": FIGURES,
    "GET /authorisations/{digest}/map": FIGURES,
    "GET /ledger": FIGURES,
    "GET /api/v1/latency": FIGURES,
    "GET /api/v1/outcomes": FIGURES,
    "GET /api/v1/sensors": LEVELS,
    "GET /api/v1/levels": LEVELS,
    "GET /levels.csv": "SA",
    "GET /api/v1/levels.csv": "SA",
    "GET /": "MDSA",
    "GET /fragments/queue": "MDSA",
    "GET /map/state": "MDSA",
    "GET /incidents": "MDSA",
    "GET /incidents/{number}": "MDSA",
    "GET /handover": "DSA",
    "GET /misses": "DSA",
    "GET /trial": "DSA",
    "GET /api/v1/incidents": "MDSA",
    "GET /api/v1/incidents/{identifier}": "MDSA",
    "GET /api/v1/detections": "MDSA",
    "GET /api/v1/misses": "DSA",
    "GET /api/v1/notes": "DSA",
    "POST /incidents/{number}/take": "DS",
    "POST /incidents/{number}/close": "DS",
    "POST /incidents/{number}/note": "DS",
    "POST /misses": "DS",
    "POST /trial/detections/{number}": "DS",
    "POST /trial/{sensor}/{kind}/withdraw": "DS",
    "POST /trial/{sensor}/{kind}/queue": "S",
    "POST /handover/notes": "DS",
    "POST /api/v1/incidents/{identifier}/take": "DS",
    "POST /api/v1/incidents/{identifier}/close": "DS",
    "POST /api/v1/incidents/{identifier}/notes": "DS",
    "POST /api/v1/misses": "DS",
    "POST /api/v1/notes": "DS",
    "POST /sign-out": SIGNED_IN,
    "GET /account": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "POST /account/sign-out-everywhere": SIGNED_IN,
    "POST /account/tokens": SIGNED_IN,
    "POST /account/tokens/{number}/revoke": SIGNED_IN,
    "GET /accounts": "X",
    "POST /accounts": "X",
    "GET /accounts/{account}": "X",
    "POST /accounts/{account}": "X",
    "POST /accounts/{account}/invitation": "X",
    "POST /accounts/{account}/new-password": "X",
    "POST /accounts/{account}/sign-out": "X",
    "POST /machines": "X",
    "POST /machines/{number}/issue": "X",
    "POST /machines/{number}/revoke": "X",
    "GET /proposals": "SAX",
    "POST /proposals/{number}": "SAX",
    "GET /access": "A",
    "GET /access.csv": "A",
}
ROLES = {"D": Role.DUTY, "S": Role.SUPERVISOR, "A": Role.AUDITOR, "X": Role.ADMINISTRATOR}
STREAMS = ("/events", "/api/v1/grants")
MACHINE = Recipient(name="lights", kind=RecipientKind.MACHINE, purpose="To light a street", fields=tuple(Field))
RANGE = "from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z"
CHANGING = [route for route, promise in PROMISED.items() if route.startswith("POST") and promise in ("DS", SIGNED_IN)]
BODIES = {
    "take": {},
    "close": {"outcome": "false-alarm", "basis": "on-site", "take": True},
    "notes": {"text": "seen"},
    "misses": {"kind": "fire", "happened": "2026-11-21T00:00:00Z", "place_words": "quay", "basis": "caller"},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    act = authorisation()
    act = replace(act, recipients=(*act.recipients, MACHINE))
    settings = settings_at(tmp_path_factory.mktemp("hub"), act, areas=AREAS)
    with Served.of(settings, Street(), callers=None) as served:
        served.upload(served.street.events("mic-a", begin()), served.street.minute("mic-a", 1_795_316_580))
        yield served


def asked(route: str) -> tuple[str, str, str]:
    """Method, path and query of a request to ``route``."""
    method, path = route.split(" ")
    filled = re.sub(r"\{sensor\}", "mic-a", path)
    filled = re.sub(r"\{(number|identifier)\}", "1", filled)
    filled = re.sub(r"\{[a-z:]+\}", "nothing", filled)
    query = {"/api/v1/levels": f"sensor=mic-a&{RANGE}", "/api/v1/levels.csv": f"sensor=mic-a&{RANGE}"}
    more = {"/api/v1/detections": RANGE, "/api/v1/notes": "since=2026-11-21T00:00:00Z", "/levels.csv": "sensor=mic-a"}
    return method, filled, (query | more).get(filled, "")


async def status_of(
    app: Any, method: str, target: tuple[str, str], headers: dict[str, str], body: bytes
) -> tuple[int, str]:
    """Status and Location of the answer; a stream is left as soon as it has begun."""
    path, query = target
    sent = {"host": "127.0.0.1:8750", "accept": "text/html", **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8750),
    }  # fmt: skip
    began: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if given:
            return given.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            location = dict(message["headers"]).get(b"location", b"").decode()
            began.set_result((message["status"], location))

    task = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait({task, began}, return_when=asyncio.FIRST_COMPLETED)
    if path in STREAMS and began.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        await task
    return began.result()


def ask(served: Served, route: str, headers: dict[str, str]) -> tuple[int, str]:
    """One request, with a body as a program or a page would send it; a page's form carries its token itself."""
    method, path, query = asked(route)
    body, headers = b"", dict(headers)
    if method == "POST" and path.startswith("/api/"):
        headers["content-type"] = "application/json"
        body = msgspec.json.encode(BODIES.get(path.rsplit("/", 1)[-1], {}))
    elif method == "POST":
        headers["content-type"] = "application/x-www-form-urlencoded"
        body = urlencode({"token": headers.pop("x-clairvoie-token", ""), "outcome": "confirmed"}).encode()
    return served.runner.run(status_of(served.app, method, (path, query), headers, body))


def let_in(answer: tuple[int, str]) -> bool:
    """Whether somebody got past the guard and the desk: whatever else was wrong with the request."""
    status, location = answer
    assert status != 405
    assert status < 500
    return status not in (401, 403) and not location.startswith("/sign-in")


def test_the_promise_is_about_every_route_there_is(served: Served) -> None:
    """A route that nobody promised anything about, or that has no power, fails here; and is refused by the guard."""
    promised = {route.replace("/static/style.css", "/static/{path:path}") for route in PROMISED}
    assert {f"{need.method} {need.path}" for need in NEEDS} == promised
    undeclared = [f"{method} {path}" for method, path in routes_of(served.app.routes) if not declared(method, path)]
    assert undeclared == []


def routes_of(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes)
        elif getattr(route, "methods", None):
            yield from ((method, route.path) for method in route.methods)
        else:
            yield "GET", f"{route.path}/file"


def declared(method: str, path: str) -> bool:
    return isinstance(need_of(method, re.sub(r"\{[^}]+\}", "1", path)), Need)


@pytest.mark.parametrize("who", [*"NMDSAX"])
@pytest.mark.parametrize("route", PROMISED)
def test_each_route_lets_in_whom_it_promises_and_nobody_else(served: Served, route: str, who: str) -> None:
    staff = Staff(served)
    headers: dict[str, str] = {}
    if who == "M":
        headers = staff.machine("lights-1", "lights")
    elif who in ROLES:
        recipient = "" if who == "X" else "duty-desk"
        headers = staff.session(staff.account(f"role-{who.lower()}", ROLES[who], recipient=recipient))
    answer = ask(served, route, headers)
    expected = who in PROMISED[route]
    if route in ("POST /sign-in", "POST /preferences", "POST /invitation") and answer[0] in (401, 403):
        return  # a sign-in that is refused as such, or a form without its token: not a matter of roles
    if route in ("POST /sign-out", "POST /account/sign-out-everywhere") and expected:
        assert answer == (303, "/sign-in")
        return
    assert let_in(answer) is expected, answer


@pytest.mark.parametrize("who", ["D", "S"])
@pytest.mark.parametrize("route", CHANGING)
def test_nothing_changes_on_a_cookie_alone(served: Served, route: str, who: str) -> None:
    """Without the token of this very session, its forms and its calls do nothing."""
    staff = Staff(served)
    account = staff.account(f"role-{who.lower()}", ROLES[who])
    mine, others = staff.session(account), staff.session(account)
    for token in ("", "x", others["x-clairvoie-token"]):
        headers = {"cookie": mine["cookie"]} | ({"x-clairvoie-token": token} if token else {})
        assert ask(served, route, headers)[0] == 403


@pytest.mark.parametrize("route", [r for r in PROMISED if "{sensor}" in r or "/incidents/{" in r])
def test_what_lies_in_another_area_is_not_there(served: Served, route: str) -> None:
    staff = Staff(served)
    far = staff.session(staff.account("far", Role.SUPERVISOR, areas=("elsewhere",)))
    lost = staff.session(staff.account("lost", Role.SUPERVISOR, areas=("no-longer-there",)))
    for headers in (far, lost):
        assert ask(served, route, headers)[0] in (404, 422 if "/notes" in route else 404)


@pytest.mark.parametrize("route", [r for r, promise in PROMISED.items() if promise in ("MDSA", "DSA", "DS")])
def test_who_acts_for_nobody_in_the_act_is_told_nothing(served: Served, route: str) -> None:
    staff = Staff(served)
    for number, recipient in enumerate(("", "somebody-else", "lights")):
        person = staff.session(staff.account(f"unlisted-{number}", Role.SUPERVISOR, recipient=recipient))
        answer = ask(served, route, person)
        if recipient != "lights":
            assert answer[0] in (403, 422), answer
    for recipient in ("somebody-else", "duty-desk"):
        machine = staff.machine("stray", recipient)
        assert ask(served, route, machine)[0] == 403


@pytest.mark.parametrize("route", PROMISED)
def test_the_visitor_of_an_exercise_administers_nothing(served: Served, route: str) -> None:
    need = need_of(*asked(route)[:2])
    assert isinstance(need, Need)
    administers = set(PROMISED[route]) <= {"X"} or PROMISED[route] in (SIGNED_IN, "SAX")
    assert VISITOR.may(need.power) is not administers
    assert not VISITOR.may(Power.ADMINISTER)


def test_the_visitor_goes_as_soon_as_one_sensor_is_real() -> None:
    real: list[str] = []
    callers = Visitors(lambda: not real)
    assert callers.of_nobody().may(Power.ACT)
    real.append("mic")
    assert not callers.of_nobody().may(Power.READ_FIGURES)


@pytest.mark.parametrize(
    "path", ["/elsewhere", "//access", "/api/v1/elsewhere", "/incidents/1/erase", "//", "/static", "/accounts/"]
)
def test_what_is_not_declared_is_not_there(served: Served, path: str) -> None:
    headers = Staff(served).session(Staff(served).account("role-x", Role.ADMINISTRATOR, recipient=""))
    answer = served.runner.run(status_of(served.app, "GET", (path, ""), headers, b""))
    assert answer[0] == 404
