"""The guard against requests that are made to confuse it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_street import Served, Street, begin, settings_at
from staff import Staff

from clairvoie.boundary.person import Role, Visitors
from clairvoie.views.guard import LARGEST_FORM, Guard

DISPOSITION = 'content-disposition: form-data; name="token"'
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served.of(settings_at(tmp_path), Street(), callers=None) as served:
        served.upload(served.street.events("mic-a", begin()))
        yield served


@pytest.fixture
def session(served: Served) -> dict[str, str]:
    staff = Staff(served)
    return staff.session(staff.account("sue", Role.SUPERVISOR))


def test_a_token_that_does_not_hold_is_not_helped_by_a_cookie(served: Served, session: dict[str, str]) -> None:
    assert served.ask("GET", "/api/v1/incidents", headers=session).status_code == 200
    both = session | {"authorization": "Bearer clairvoie_made-up"}
    answer = served.ask("GET", "/api/v1/incidents", headers=both)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_form_that_is_too_large_is_not_read_on(served: Served, session: dict[str, str]) -> None:
    cookie = {"cookie": session["cookie"]} | FORM
    body = f"note={'x' * LARGEST_FORM}&token={session['x-clairvoie-token']}"
    assert served.ask("POST", "/incidents/1/note", content=body, headers=cookie).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            '--x\r\ncontent-disposition: form-data; name="token"\r\n\r\n{token}\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        ('{{"token": "{token}"}}', "application/json"),
        ("token={token}", "text/plain"),
    ],
)
def test_only_a_form_s_own_field_or_the_header_counts(
    served: Served, session: dict[str, str], body: str, kind: str
) -> None:
    headers = {"cookie": session["cookie"], "content-type": kind}
    sent = body.format(token=session["x-clairvoie-token"])
    assert served.ask("POST", "/api/v1/incidents/1/take", content=sent, headers=headers).status_code == 403
    right = {"cookie": session["cookie"]} | FORM
    token = f"token={session['x-clairvoie-token']}"
    assert served.ask("POST", "/incidents/1/take", content=token, headers=right).status_code == 303


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "NONSENSE"])
def test_no_other_method_gets_through(served: Served, session: dict[str, str], method: str) -> None:
    answer = served.ask(method, "/incidents/1", headers=session)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "path", ["/static/../access", "/static/..%2faccess", "/access/", "/ACCESS", "/access;x", "/./access"]
)
def test_another_spelling_of_a_path_is_no_way_round_its_power(served: Served, path: str) -> None:
    staff = Staff(served)
    duty = staff.session(staff.account("dora", Role.DUTY))
    answer = served.ask("GET", path, headers=duty | {"accept": "text/html"})
    assert answer.status_code in (403, 404)
    assert "entr" not in answer.text.lower() or answer.status_code == 404


def test_a_websocket_is_closed_at_once() -> None:
    sent: list[dict[str, Any]] = []

    async def scenario() -> None:
        async def inner(*_: Any) -> None:
            raise AssertionError("nothing behind the guard is reached")

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await Guard(inner, callers=Visitors())({"type": "websocket", "path": "/events"}, receive, send)  # type: ignore[arg-type]

    asyncio.run(scenario())
    assert sent == [{"type": "websocket.close", "code": 1008}]
