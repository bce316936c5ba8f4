"""The JSON API over a desk in memory: the answers that programs rely on."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import datetime
from typing import Any

import httpx
import pytest
from fake_desk import NOW, FakeDesk
from fastapi import FastAPI

from clairvoie.boundary.incident import IncidentState
from clairvoie.boundary.person import Visitors
from clairvoie.views import api
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.guard import Guard

DAY = {"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z"}


class Program:
    """A program that asks the API over a desk in memory."""

    def __init__(self) -> None:
        self.desk = FakeDesk()
        self.app = FastAPI()
        api.mount(self.app, DisclosingDesk(self.desk))
        self.app.add_middleware(Guard, callers=Visitors())

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8750") as client:
                return await client.request(method, f"/api/v1{path}", **more)

        return asyncio.run(send())

    def open_incident(self) -> int:
        return self.desk.incidents(IncidentState.OPEN)[0].id


@pytest.fixture
def program() -> Program:
    return Program()


def test_moments_are_utc_with_the_zone_beside_them(program) -> None:
    found = program.ask("GET", "/sensors").json()
    assert (found["time_zone"], found["now"]) == ("Europe/Paris", "2026-11-22T03:04:10Z")
    assert len(found["sensors"]) == 6
    incident = program.ask("GET", "/incidents").json()["incidents"][0]
    assert incident["onset"].endswith("Z")


def test_incidents_by_state_and_one_by_number(program) -> None:
    states = {state: program.ask("GET", f"/incidents?state={state}").json()["incidents"] for state in IncidentState}
    assert all(incident["state"] == state for state, found in states.items() for incident in found)
    assert all(states.values())
    number = states["closed"][0]["id"]
    assert program.ask("GET", f"/incidents/{number}").json()["incident"] == states["closed"][0]


def test_the_second_taker_is_told_who_was_first(program) -> None:
    number = program.open_incident()
    taken = program.ask("POST", f"/incidents/{number}/take", json={"who": "Claire"})
    assert (taken.status_code, taken.json()["incident"]["taken_by"]) == (200, "Claire")
    second = program.ask("POST", f"/incidents/{number}/take", json={"who": "Noé"})
    assert (second.status_code, second.json()["code"], second.json()["first"]) == (409, "conflict", "Claire")


def test_closing_needs_a_taker_and_an_honest_basis(program) -> None:
    number = program.open_incident()
    closing = {"who": "Claire", "outcome": "confirmed", "basis": "on-site"}
    assert program.ask("POST", f"/incidents/{number}/close", json=closing).status_code == 409
    baseless = program.ask("POST", f"/incidents/{number}/close", json={**closing, "basis": "none", "take": True})
    assert (baseless.status_code, baseless.json()["code"]) == (422, "invalid")
    assert program.desk.incident(number).state is IncidentState.OPEN
    closed = program.ask("POST", f"/incidents/{number}/close", json={**closing, "take": True})
    assert closed.json()["incident"]["outcome"] == "confirmed"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/incidents/999999", None, 404),
        ("GET", "/incidents/0", None, 422),
        ("GET", "/incidents/none", None, 422),
        ("GET", "/incidents?state=lost", None, 422),
        ("POST", "/incidents/999999/take", {"who": "Claire"}, 404),
        ("POST", "/incidents/1/take", {}, 422),
        ("POST", "/incidents/1/take", {"who": "Claire", "force": True}, 422),
        ("GET", "/levels?sensor=mic-z&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z", None, 404),
        ("GET", "/levels?sensor=mic-halles&from=2026-11-21T00:00:00&to=2026-11-22T00:00:00Z", None, 422),
        ("GET", "/detections", None, 422),
        ("DELETE", "/incidents/1", None, 405),
    ],
)
def test_what_is_wrong_is_said_so(program, method, path, body, status) -> None:
    answer = program.ask(method, path, json=body) if body is not None else program.ask(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "what", "index", "remedy", "first"}


def test_levels_come_as_json_and_as_csv_with_the_same_figures(program) -> None:
    as_json = program.ask("GET", "/levels", params={"sensor": "mic-halles", **DAY}).json()
    answer = program.ask("GET", "/levels.csv", params={"sensor": "mic-halles", **DAY})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == len(as_json["minutes"]) > 1000
    for line, minute in zip(lines, as_json["minutes"], strict=True):
        assert (line["minute_utc"], float(line["laeq"])) == (minute["minute"], round(minute["laeq"], 1))
    assert as_json["period"]["lden"] > as_json["period"]["laeq"]


def test_hours_come_as_json_and_as_csv_with_the_same_figures(program) -> None:
    hours = program.ask("GET", "/levels", params={"sensor": "mic-halles", **DAY}).json()["hours"]
    answer = program.ask("GET", "/levels.csv", params={"sensor": "mic-halles", "part": "hours", **DAY})
    assert 'filename="hours-mic-halles.csv"' in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == len(hours) == 24
    for line, hour in zip(lines, hours, strict=True):
        assert (line["hour_utc"], float(line["harmonica"])) == (hour["hour"], hour["harmonica"])
        assert (float(line["intermittency_percent"]), int(line["noise_events"])) == (
            hour["intermittency"], hour["events"],
        )  # fmt: skip
        assert float(line["coverage"]) == hour["coverage"]
    assert program.ask("GET", "/levels.csv", params={"sensor": "mic-halles", "part": "days", **DAY}).status_code == 422


def test_misses_and_notes_are_recorded(program) -> None:
    miss = {
        "who": "Claire",
        "kind": "glass-breaking",
        "happened": "2026-11-21T22:00:00+01:00",
        "place_words": "rue Haute",
        "basis": "caller",
    }
    assert program.ask("POST", "/misses", json=miss).json()["happened"] == "2026-11-21T21:00:00Z"
    assert program.ask("GET", "/misses").json()["misses"][0]["place_words"] == "rue Haute"
    assert program.ask("POST", "/notes", json={"who": "Claire", "text": "calme"}).json()["text"] == "calme"
    found = program.ask("GET", "/notes", params={"since": "2026-11-22T03:04:00Z"}).json()["notes"]
    assert [note["text"] for note in found] == ["calme"]
    number = program.open_incident()
    noted = program.ask("POST", f"/incidents/{number}/notes", json={"who": "Claire", "text": "vu"}).json()
    assert noted["incident"]["history"][-1]["note"] == "vu"


def test_detections_of_a_range(program) -> None:
    found = program.ask("GET", "/detections", params={"from": "2026-11-22T03:00:00Z", "to": "2026-11-22T04:00:00Z"})
    onsets = [datetime.fromisoformat(detection["onset"]) for detection in found.json()["detections"]]
    assert onsets == sorted(onsets, reverse=True)
    assert onsets


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:8750"}, 200),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://example.org"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_another_site_may_not_act(program, headers, status) -> None:
    number = program.open_incident()
    answer = program.ask("POST", f"/incidents/{number}/take", json={"who": "Claire"}, headers=headers)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    taken = program.desk.incident(number).state is IncidentState.TAKEN
    assert taken is (status == 200)


def test_the_clock_of_the_fake_is_the_clock_of_the_api(program) -> None:
    assert api.documents.moment(NOW).timestamp() == NOW


def test_what_the_sandbox_could_not_enforce_is_told_of_each_sensor() -> None:
    """``null`` before a node has said anything: that is not the same as nothing missing."""
    sensors = Program().ask("GET", "/sensors").json()["sensors"]
    told = {one["id"]: one["confinement_missing"] for one in sensors}
    assert told.pop("mic-lavoir") == ["landlock_scope", "no_swap"]
    assert told.pop("mic-remparts") is None
    assert set(map(tuple, told.values())) == {()}
