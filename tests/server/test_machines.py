"""Machines are told of nothing that no person has confirmed: not by content, not by a count, not by a change.

Two hubs are alike but for one thing: at the first a sensor reported a hazard, at the second it did not. Whatever a
machine asks, by whichever route lets it in, both must answer alike, byte for byte, until a person confirms. So no field
can be forgotten here. What is public to everybody, the ledger and the acts, is left out: the ledger tells anybody how
many entries it has (docs/threat-model.md).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hub_street import NOW, Served, Street, authorisation, begin, settings_at
from msgspec.structs import replace
from staff import Staff

from clairvoie.boundary.authorisation import Field, Recipient, RecipientKind
from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.boundary.person import Role
from clairvoie.boundary.signed import encode_envelope
from clairvoie.views.routes import NEEDS

LIGHTS = Recipient(name="lights", kind=RecipientKind.MACHINE, purpose="To light a street", fields=tuple(Field))
OF_EVERYBODY = ("/tlog/", "/api/v1/ledger/")
STREAMS = ("/events", "/api/v1/grants")
ROUTES = [need.path for need in NEEDS if need.method == "GET" and not need.path.startswith((*OF_EVERYBODY, *STREAMS))]
RANGE = {"from": "2026-11-21T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
ASKED = {
    "/api/v1/levels": RANGE | {"sensor": "mic-a"},
    "/api/v1/levels.csv": RANGE | {"sensor": "mic-a"},
    "/api/v1/detections": RANGE,
    "/api/v1/notes": {"since": RANGE["from"]},
    "/levels.csv": {"sensor": "mic-a"},
}
BY_CHANCE = re.compile(rb'name="token" value="[^"]+"|_created\S* \S+')
"""Tokens of forms, and when a counter was made: they differ from hub to hub whatever happened."""
Who = Callable[[Served], dict[str, str]]


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """A hub to which a hazard was reported, by a record and live, and one to which it was not."""
    act = authorisation()
    act = replace(act, recipients=(*act.recipients, LIGHTS))
    with ExitStack() as stack:
        found = []
        for heard in (True, False):
            settings = settings_at(tmp_path_factory.mktemp("hub"), act)
            served = stack.enter_context(Served.of(settings, Street(), callers=None))
            served.upload(served.street.minute("mic-a", NOW // 60 * 60 - 60))
            said = {"mic_a": (begin(),)} if heard else {}
            served.stream(encode_envelope(served.street.tick(**said)))  # type: ignore[arg-type]
            served.clock.at += 5
            if heard:
                assert served.upload(served.street.events("mic-a", begin())).status_code == 200
                assert served.desk.strip().incidents_open == 1
            found.append(served)
        yield found[0], found[1]


def machine(served: Served) -> dict[str, str]:
    return Staff(served).machine("lights-1", "lights")


def program(served: Served) -> dict[str, str]:
    """A program with the token of a auditor, who is told of everything at the desk."""
    staff = Staff(served)
    return staff.program(staff.account("aline", Role.AUDITOR))


def answer(served: Served, route: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    path = re.sub(r"\{(number|identifier)\}", "1", route.replace("{sensor}", "mic-a"))
    path = re.sub(r"\{[a-z:]+\}", "nothing", path)
    found = served.ask("GET", path, params=ASKED.get(path, {}), headers={"accept": "text/html"} | headers)
    return found.status_code, found.headers.get("location", ""), BY_CHANCE.sub(b"", found.content)


@pytest.mark.parametrize("who", [machine, program])
def test_no_stream_of_changes_is_for_machines(streets: tuple[Served, Served], who: Who) -> None:
    served = streets[0]
    asking = asyncio.wait_for(served.client.get("/events", headers=who(served)), 5)
    assert served.runner.run(asking).status_code == 403


@pytest.mark.parametrize("who", [machine, program])
@pytest.mark.parametrize("route", ROUTES)
def test_a_machine_cannot_tell_whether_something_happened(streets: tuple[Served, Served], route: str, who: Who) -> None:
    heard, quiet = (answer(served, route, who(served)) for served in streets)
    assert heard == quiet


def test_a_machine_is_told_once_a_person_has_confirmed(tmp_path: Path) -> None:
    act = authorisation()
    settings = settings_at(tmp_path, replace(act, recipients=(*act.recipients, LIGHTS)))
    with Served.of(settings, Street(), callers=None) as served:
        served.upload(served.street.events("mic-a", begin()))
        for who in (machine(served), program(served)):
            assert served.ask("GET", "/api/v1/incidents", headers=who).json()["incidents"] == []
            assert served.ask("GET", "/api/v1/incidents/1", headers=who).status_code == 404
        served.desk.close(1, "Dora (dora)", Outcome.CONFIRMED, Basis.ON_SITE)
        for who in (machine(served), program(served)):
            assert len(served.ask("GET", "/api/v1/incidents", headers=who).json()["incidents"]) == 1
            assert served.ask("GET", "/api/v1/incidents/1", headers=who).status_code == 200


def test_a_program_with_a_person_s_token_confirms_nothing_that_it_is_not_told(tmp_path: Path) -> None:
    """Otherwise it could let itself be told."""
    with Served.of(settings_at(tmp_path), Street(), callers=None) as served:
        served.upload(served.street.events("mic-a", begin()))
        staff = Staff(served)
        headers = staff.program(staff.account("sue", Role.SUPERVISOR))
        confirmed = {"outcome": "confirmed", "basis": "on-site", "take": True}
        for act, body in (("take", {}), ("close", confirmed), ("notes", {"text": "seen"})):
            answer = served.ask("POST", f"/api/v1/incidents/1/{act}", json=body, headers=headers)
            assert answer.status_code in (403, 404)
        assert served.desk.strip().incidents_open == 1
