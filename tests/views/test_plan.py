"""The map's facts: the deployment's own streets, and marks worded in the language of whoever asks."""

from __future__ import annotations

from fake_desk import QUARTER
from visitor import Visitor


def test_streets_are_the_deployments_and_asked_for_once(jeanne: Visitor) -> None:
    first = jeanne.get("/map.geojson")
    assert first.json() == QUARTER
    again = jeanne.get("/map.geojson", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_waiting_incidents_and_all_sensors_are_on_the_map(jeanne: Visitor, john: Visitor) -> None:
    state = jeanne.get("/map/state").json()
    assert [one["id"] for one in state["incidents"]] == [4, 5, 3]
    assert state["incidents"][1]["sensors"] == ["mic-marche", "mic-lavoir", "mic-fontaine"]
    silent = next(one for one in state["sensors"] if one["silent"])
    assert silent["title"] == (
        "mic-remparts, boulevard des Remparts, devant le no 40, simulé, muet depuis 1 h 30, confinement non connu"
    )
    assert [one["id"] for one in state["sensors"] if one["unconfined"]] == ["mic-lavoir", "mic-remparts"]
    live = next(one for one in john.get("/map/state").json()["sensors"] if one["id"] == "mic-halles")
    assert live["title"].endswith(f"LAeq {live['label']} dB")
    assert "." in live["label"]


def test_a_closed_incident_is_shown_alone(jeanne: Visitor) -> None:
    (one,) = jeanne.get("/map/state?incident=1").json()["incidents"]
    assert one["state"] == "false-alarm"
    assert jeanne.get("/map/state?incident=99").json()["incidents"] == []
