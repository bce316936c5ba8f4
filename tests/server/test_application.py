"""The hub as a server: its description against its behaviour, its guards, and a process that stops, or is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hub_street import DEPLOYMENT, Served, Street, begin, public_hex, settings_at
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.signed import Envelope, encode_batch, encode_envelope
from clairvoie.config import HubSettings
from clairvoie.errors import ConfigurationError
from clairvoie.hub.granting import REQUEST_TYPE
from clairvoie.hub.receiving import LIVE_TYPE, RECORDS_TYPE
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave
from clairvoie.server.application import create_app, settings_of

URL = "http://127.0.0.1:8750"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served.of(settings_at(tmp_path), Street()) as served:
        served.upload(served.street.events("mic-a", begin()), served.street.minute("mic-a", 1_795_316_580))
        yield served


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_route_behaves_as_its_description_says(served: Served, mode: GenerationMode) -> None:
    """No 5xx, no undocumented status, no answer outside its schema, whatever is asked, rightly or wrongly."""
    description = schemathesis.openapi.from_dict(served.app.openapi())
    tried = []
    for found in description.get_all_operations():
        operation = found.ok()

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def behaves(case: Any) -> None:
            asked = requests.Request(**case.as_transport_kwargs(base_url=URL)).prepare()
            answer = served.ask(asked.method, asked.url, content=asked.body, headers=dict(asked.headers))
            answer.request.read()
            case.validate_response(schemathesis.Response.from_httpx(answer, verify=False), checks=CHECKS)

        try:
            behaves()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # a route that takes nothing cannot be asked wrongly
        tried.append(operation.label)
    assert len(tried) == sum(len(methods) for methods in served.app.openapi()["paths"].values())
    assert len(tried) >= 18


@schemathesis.serializer(RECORDS_TYPE, LIVE_TYPE, REQUEST_TYPE)
def octets(_context: Any, value: Any) -> bytes:
    """What a fuzzer makes up for a door of nodes, as bytes."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8750", 200), ("localhost", 200), ("[::1]:8750", 200), ("example.org", 400), ("127.0.0.1.nip.io", 400)],
)
def test_only_names_of_this_machine_are_answered(served: Served, host: str, status: int) -> None:
    """So that a name somebody else controls cannot be pointed at this desk (DNS rebinding)."""
    assert served.ask("GET", "/api/v1/sensors", headers={"host": host}).status_code == status


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/v1/sensors", "/metrics", "/healthz", "/nothing-here"])
def test_every_answer_is_guarded(served: Served, path: str) -> None:
    headers = served.ask("GET", path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert not [name for name in headers if name.startswith("access-control")]


class Links(HTMLParser):
    """Everything that a page loads or points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        names = {name for name, _ in attrs}
        self.inline += (tag == "script" and "src" not in names) + (tag == "style") + ("style" in names)


def test_the_reference_is_one_page_that_loads_nothing_from_elsewhere(served: Served) -> None:
    text = served.ask("GET", "/api/docs").text
    links = Links(text)
    assert all(link.startswith(("/", "#")) for link in links.found)
    assert links.inline == 0
    for path in served.app.openapi()["paths"]:
        assert path in text
    for stylesheet in [link for link in links.found if link.startswith("/static")]:
        assert served.ask("GET", stylesheet).status_code == 200


def test_metrics_count_what_is_stored_and_nothing_that_nobody_has_confirmed(served: Served) -> None:
    text = served.ask("GET", "/metrics").text
    assert "clairvoie_records_total 1.0" in text  # the minute: the other record holds an event
    assert not re.search("detection|incident|glass|tick-to-stored", text)
    ways = {way["way"]: way["count"] for way in served.ask("GET", "/api/v1/latency").json()["ways"]}
    assert ways["tick-to-stored"] == 1  # which is for people


def test_latency_runs_from_the_gate_s_second_to_the_desk(served: Served) -> None:
    async def scenario() -> None:
        changes = served.desk.changes()
        told = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        served.clock.at += 100.25
        envelope = served.street.events("mic-b", begin(2), second=int(served.clock()) - 1)
        body = encode_batch((envelope,))
        answer = await served.client.post("/api/v1/records", content=body, headers={"content-type": RECORDS_TYPE})
        assert answer.status_code == 200
        await told

    served.runner.run(scenario())
    ways = {way["way"]: way for way in served.ask("GET", "/api/v1/latency").json()["ways"]}
    assert ways["tick-to-stored"]["count"] == 2
    assert ways["tick-to-desk"]["p99"] == pytest.approx(0.25)
    assert ways["stored-to-desk"]["count"] == 1


def test_what_waited_for_a_broken_line_is_backlog_not_latency(served: Served) -> None:
    served.upload(served.street.events("mic-b", begin(2), second=int(served.clock()) - 3600))
    ways = {way["way"]: way for way in served.ask("GET", "/api/v1/latency").json()["ways"]}
    assert (ways["tick-to-stored"]["count"], ways["tick-to-stored"]["backlog"]) == (1, 1)


def test_outcomes_are_counted(served: Served) -> None:
    closing = {"who": "Claire", "outcome": "false-alarm", "basis": "on-site", "take": True}
    assert served.ask("POST", "/api/v1/incidents/1/close", json=closing).status_code == 200
    found = served.ask("GET", "/api/v1/outcomes").json()
    together, glass = found["figures"]
    assert (found["incidents"], together["false_alarm"], glass["kind"]) == (1, 1, "glass-breaking")
    assert glass["interval"] == [0.0, pytest.approx(0.975)]


TOML = """
deployment = "claire-voie"
place = "Claire-Voie"
time_zone = "Europe/Paris"
store = "state/hub.db"
exercise = true
accounts = "exercise"
port = 0
charter = "charter.json"
[[nodes]]
id = "node-1"
public_key = "{key}"
[[sensors]]
id = "mic-a"
node = "node-1"
kind = "microphone"
simulated = true
place = {{ latitude = 48.0, longitude = 2.0, words = "lamp mic-a" }}
"""


class Process:
    """A hub as a process of its own, through the command line."""

    def __init__(self, folder: Path) -> None:
        config = folder / "hub.toml"
        if not config.exists():
            (folder / "state").mkdir()
            config.write_text(TOML.format(key=public_hex("node-1")))
            leave = make_leave(DEPLOYMENT)
            write_leave(folder, leave, [leave.signed(exercise_authorisation(DEPLOYMENT, ["mic-a"]))])
        command = [sys.executable, "-m", "clairvoie", "hub", str(config)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        ready = json.loads(line)
        assert ready["type"] == "ready"
        self.url = ready["url"]

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; the exit status and what was left on stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hub_stops_cleanly_with_streams_open(tmp_path: Path, number: int) -> None:
    hub = Process(tmp_path)
    try:
        opened = threading.Event()

        def frames() -> Iterator[bytes]:
            frame = encode_envelope(Street(clock=lambda: 1.0).tick(second=1))  # stale, but it is never completed
            yield len(frame).to_bytes(4, "big") + frame[:-1]
            opened.set()
            threading.Event().wait(30)

        def stream() -> None:
            with httpx.Client(trust_env=False) as client, contextlib.suppress(httpx.HTTPError):
                client.post(f"{hub.url}/api/v1/live", content=frames(), headers={"content-type": LIVE_TYPE})

        threading.Thread(target=stream, daemon=True).start()
        with httpx.stream("GET", f"{hub.url}/events", timeout=30, trust_env=False) as events:
            lines = events.iter_lines()
            assert any(line.startswith("event:") for line in lines)
            assert opened.wait(30)
            hub.process.send_signal(number)
            assert list(lines) is not None, "the stream of events ends by itself"
        status, errors = hub.end(0) if hub.process.poll() is None else (hub.process.returncode, "")
        assert (status, [line for line in errors.splitlines() if "act-accepted" not in line]) == (0, [])
    finally:
        if hub.process.poll() is None:
            hub.end(signal.SIGKILL)


def test_a_killed_hub_keeps_every_record_that_it_acknowledged(tmp_path: Path) -> None:
    """``kill -9`` in the middle of uploads, twice; what was answered with 200 is there, and there once."""
    street = Street()
    envelopes = [
        street.events("mic-a", begin(n, mode=Mode.EXERCISE), second=1_795_000_000 + 100 * n) for n in range(400)
    ]
    acknowledged: set[int] = set()
    for _ in range(2):
        hub = Process(tmp_path)
        half_way = threading.Event()
        killer = threading.Thread(target=kill_when, args=(hub, half_way))
        killer.start()
        deliver(hub.url, envelopes, acknowledged, half_way)
        killer.join(60)
    hub = Process(tmp_path)
    try:
        with httpx.Client(base_url=hub.url, trust_env=False, timeout=60) as client:
            total = client.get("/api/v1/sensors").json()["sensors"][0]["records_stored"]
            assert total >= len(acknowledged) > 0
            body = encode_batch(tuple(envelopes[number] for number in sorted(acknowledged)))
            again = client.post("/api/v1/records", content=body, headers={"content-type": RECORDS_TYPE})
            assert (again.status_code, again.json()["code"]) == (409, "already-stored")
            assert client.get("/api/v1/sensors").json()["sensors"][0]["records_stored"] == total
    finally:
        hub.end(signal.SIGKILL)


def kill_when(hub: Process, moment: threading.Event) -> None:
    moment.wait(60)
    hub.end(signal.SIGKILL)


def deliver(url: str, envelopes: list[Envelope], acknowledged: set[int], half_way: threading.Event) -> None:
    """Upload what is not acknowledged, a few at a time, until the hub is gone."""
    waiting = [n for n in range(len(envelopes)) if n not in acknowledged]
    done = 0
    with httpx.Client(trust_env=False, timeout=60, headers={"content-type": RECORDS_TYPE}) as client:
        for start in range(0, len(waiting), 7):
            group = waiting[start : start + 7]
            try:
                answer = client.post(f"{url}/api/v1/records", content=encode_batch(tuple(envelopes[n] for n in group)))
            except httpx.HTTPError:
                return
            assert answer.status_code in (200, 409), answer.text
            acknowledged.update(group)
            done += 1
            if done == 12:
                half_way.set()
    half_way.set()


def test_settings_name_what_is_wrong(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(TOML.format(key=public_hex("node-1")) + 'unknown = "key"\n')
    with pytest.raises(ConfigurationError, match="unknown"):
        settings_of(config)
    config.write_text(TOML.format(key=public_hex("node-1")).replace("port = 0", 'host = "0.0.0.0"'))
    with pytest.raises(ConfigurationError, match="loopback only"):
        settings_of(config)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("group_metres = -1.0", "group_metres"),
        ("group_seconds = nan", "group_seconds"),
        ("silent_after = 0.0", "silent_after"),
        ("retention = { records_days = 0 }", "records_days"),
        ("retention = { levels_days = -5 }", "levels_days"),
    ],
)
def test_settings_that_would_erase_or_join_everything_are_refused(tmp_path: Path, line: str, word: str) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(TOML.format(key=public_hex("node-1")).replace("port = 0", line))
    with pytest.raises(ConfigurationError, match=word):
        settings_of(config)


def test_paths_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(TOML.format(key=public_hex("node-1")))
    found = settings_of(config, port=0)
    assert isinstance(found, HubSettings)
    assert found.store == str(tmp_path / "state" / "hub.db")


def test_a_map_that_is_none_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "map.geojson"
    wrong.write_text("[]")
    with pytest.raises(ConfigurationError, match="GeoJSON"):
        create_app(settings_at(tmp_path, map=str(wrong)))
