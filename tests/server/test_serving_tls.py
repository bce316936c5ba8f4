"""The hub over TLS: the desk on https, and settings that would leave it open on a network without TLS."""

from __future__ import annotations

import datetime
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from enrolled_town import Town

from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.config import DeskTls, DoorSettings, EnrolledNode, HubSettings, NodeSettings, read_settings
from clairvoie.errors import ConfigurationError
from clairvoie.hub.certificates import authority_in, door_files
from clairvoie.server.application import create_app, settings_of
from clairvoie.server.serving import desk_context

HUB: dict[str, Any] = {"deployment": "town", "place": "Town", "time_zone": "Europe/Paris", "store": "hub.sqlite"}
PLACE = Place(latitude=48.0, longitude=2.0)


def test_settings_list_simulated_sensors_only() -> None:
    real = Sensor(id="mic-1", node="lamp-1", kind=SensorKind.MICROPHONE, place=PLACE)
    node = EnrolledNode(id="lamp-1", public_key="0" * 64)
    with pytest.raises(ConfigurationError, match=r"simulated sensors only.*mic-1.*sensor enrol"):
        HubSettings(**HUB, sensors=(real,), nodes=(node,))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "hub.example.org"])
def test_without_tls_the_desk_stays_on_loopback(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback only"):
        HubSettings(**HUB, host=host)
    assert HubSettings(**HUB, host=host, tls=DeskTls(certificate="desk.crt", key="desk.pem")).host == host


def test_a_door_for_every_address_needs_a_name() -> None:
    with pytest.raises(ConfigurationError, match="need a name"):
        DoorSettings(port=8751, host="0.0.0.0")
    assert DoorSettings(port=8751, host="0.0.0.0", names=("hub.example.org",)).names


@pytest.mark.parametrize("hub", ["http://192.0.2.1:8751", "https://hub example", "ftp://hub", "https://user@hub:1"])
def test_a_node_calls_another_machine_by_https_only(tmp_path: Path, hub: str) -> None:
    town = Town.at(tmp_path)
    assert read_settings(town.node(1), NodeSettings).hub.startswith("https://")
    with pytest.raises(ConfigurationError, match="the hub's address"):
        read_settings(town.node(1, hub=hub), NodeSettings)


@pytest.mark.parametrize("more", ["[node_door]\nport = 0", '[tls]\ncertificate = "desk.crt"\nkey = "desk.pem"'])
def test_with_a_node_door_or_beyond_loopback_the_desk_has_no_route_of_nodes(tmp_path: Path, more: str) -> None:
    """Nodes come in from other machines with a certificate of their own, or not at all."""
    town = Town.at(tmp_path, more=more, accounts="required")
    app = create_app(settings_of(town.folder / "hub.toml"))
    try:
        paths = set(app.openapi()["paths"])
        assert "/api/v1/incidents" in paths
        assert not paths & {"/api/v1/records", "/api/v1/live", "/api/v1/leases", "/api/v1/grants"}
    finally:
        app.state.hub.close()


def test_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    (tmp_path / "desk.crt").write_text("nothing")
    for name in ("desk.crt", "missing.crt"):
        with pytest.raises(ConfigurationError, match="certificate and key"):
            desk_context(DeskTls(certificate=str(tmp_path / name), key=str(tmp_path / "desk.crt")))


@pytest.mark.slow
def test_the_desk_answers_on_https(tmp_path: Path) -> None:
    Town.at(tmp_path, more='[tls]\ncertificate = "keys/door.crt"\nkey = "keys/door.pem"\nnames = ["desk.example"]')
    now = datetime.datetime.now(datetime.UTC)
    authority = authority_in(tmp_path / "keys", "town", now)
    door_files(authority, tmp_path / "keys", ["127.0.0.1"], now)
    command = [sys.executable, "-m", "clairvoie", "hub", str(tmp_path / "hub.toml")]
    with (tmp_path / "hub.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (tmp_path / "hub.log").read_text()
        url = json.loads(line)["url"]
        assert url.startswith("https://127.0.0.1:")
        verify = ssl.create_default_context(cadata=authority.pem.decode())
        with httpx.Client(base_url=url, verify=verify, trust_env=False) as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/healthz", headers={"host": "desk.example"}).status_code == 200
            assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400
        with pytest.raises(httpx.TransportError):
            httpx.get(url.replace("https", "http") + "/healthz", trust_env=False)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
