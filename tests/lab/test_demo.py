"""The demonstration's parts without processes: settings that both commands read, figures, the person's recordings."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from scipy.io import wavfile

from clairvoie.boundary.hazards import Mode
from clairvoie.config import HubSettings, NodeSettings, read_settings
from clairvoie.errors import LabError
from clairvoie.lab.demo import Demonstration, run_demonstration
from clairvoie.lab.demo_processes import Companion, check_port
from clairvoie.lab.demo_recordings import DISTANCE, NEAREST_LEVEL, scene_of_recordings
from clairvoie.lab.demo_settings import write_hub_settings, write_node_settings
from clairvoie.lab.demo_status import Truth, Watch, incident_line, truth_of
from clairvoie.lab.rendering import render
from clairvoie.lab.scenario import window
from clairvoie.lab.scene import Emission, Microphone, Scene
from clairvoie.lab.town import read_quarter

START = 1_800_000_000


def tone(path: Path, seconds: float = 2.0) -> Path:
    wavfile.write(
        path, 44_100, (0.2 * np.sin(2 * np.pi * 700 * np.arange(int(seconds * 44_100)) / 44_100)).astype("f4")
    )
    return path


def test_hub_and_node_read_the_settings_and_everything_in_them_is_an_exercise(tmp_path: Path) -> None:
    quarter = read_quarter()
    hub = read_settings(write_hub_settings(tmp_path, quarter, quarter.microphones, 0), HubSettings)
    recordings = {sensor.id: tmp_path / f"{sensor.id}.wav" for sensor in quarter.microphones}
    node = read_settings(write_node_settings(tmp_path, recordings, 120.0, "http://127.0.0.1:8750"), NodeSettings)
    assert hub.exercise
    assert all(sensor.simulated for sensor in hub.sensors)
    assert {sensor.mode for sensor in node.sensors} == {Mode.EXERCISE}
    assert [sensor.id for sensor in node.sensors] == [sensor.id for sensor in hub.sensors]
    assert (hub.deployment, hub.nodes[0].id) == (node.deployment, node.node)
    assert all(sensor.source.loop and sensor.source.start is None for sensor in node.sensors)
    assert hub.sensors[0].place.words == "rue de la Claire-Voie, no 12"
    assert (tmp_path / "quarter.geojson").is_file()


def test_a_busy_port_is_told_with_what_to_do() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(LabError, match=rf"{port}\. .*--port {port + 1}"):
            check_port(port)
        with pytest.raises(LabError, match="cannot be used"):
            run_demonstration(Demonstration(port=port), print)
    check_port(0)


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(LabError, match=r"no such scenario.*evening"):
        Demonstration(scenario="midnight")


def test_a_background_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="--sound"):
        run_demonstration(Demonstration(port=0, background=tone(tmp_path / "a.wav")), print)


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(LabError, match="not empty"):
        run_demonstration(Demonstration(port=0, scenario="window", keep=tmp_path), print)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_recording_reaches_its_nearest_microphone_at_the_stated_level_and_the_others_later(tmp_path: Path) -> None:
    scene = scene_of_recordings(read_quarter(), [tone(tmp_path / "a.wav"), tone(tmp_path / "b.wav")], count=2)
    assert [e.bare for e in scene.emissions] == [True, True]
    assert scene.loop
    nearest, other = render(scene)
    speed = scene.air.speed_of_sound
    assert nearest.arrivals[0][3] == pytest.approx(NEAREST_LEVEL, abs=0.3)
    assert other.arrivals[1][3] == pytest.approx(NEAREST_LEVEL, abs=0.3)
    assert nearest.arrivals[0][1] == pytest.approx(scene.emissions[0].at + DISTANCE / speed, abs=0.02)
    assert other.arrivals[0][1] > nearest.arrivals[0][1]
    assert nearest.annotations == [note for note in nearest.annotations if note.label in ("traffic", "wind")]


def test_a_ratio_needs_a_background_and_is_met_over_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="background"):
        scene_of_recordings(read_quarter(), [tone(tmp_path / "a.wav")], snr=10.0)
    scene = scene_of_recordings(
        read_quarter(), [tone(tmp_path / "a.wav")], background=tone(tmp_path / "b.wav", 5.0), snr=10.0, count=1
    )
    (part,) = render(scene)
    assert part.arrivals[0][3] == pytest.approx(scene.ambiences[0].level + 10.0, abs=0.2)


def test_a_detection_is_timed_from_the_arrival_that_it_is_about() -> None:
    truth = Truth(START, 40.0, (("near", "glass-breaking", 8.1), ("near", "impulse", 8.1)))
    assert truth.arrival("near", "glass-breaking", START + 88.3) == pytest.approx(START + 88.1)
    assert truth.arrival("near", "glass-breaking", START + 107.0) is None
    assert truth.arrival("far", "glass-breaking", START + 88.3) is None


def test_the_truth_of_a_scene_lists_breaking_glass_as_an_impulse_too() -> None:
    scene = Scene(1, 40.0, (Microphone("near", (0.0, 0.0, 4.0)),), (Emission("glass-breaking", 8.0, (9.0, 0.0, 2.0)),))
    document = {"arrivals": {"near": [{"source": 0, "onset": 8.1, "offset": 9.0, "level": 80.0}]}}
    assert truth_of(scene, document, START).arrivals == (
        ("near", "glass-breaking", 8.1),
        ("near", "impulse", 8.1),
    )


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).isoformat()


def incident(**changes: Any) -> dict[str, Any]:
    known = {
        "id": 1, "kind": "glass-breaking", "onset": moment(8.2), "place": {"words": "rue de la Claire-Voie, no 12"},
        "radius": 75.0, "sensors": ["near"], "confidence": 0.9, "state": "open",
    }  # fmt: skip
    return known | changes


def test_the_watch_tells_each_incident_once_and_times_what_one_sound_decides() -> None:
    detections = [
        {"sensor": "near", "identifier": 1, "kind": "glass-breaking", "onset": moment(8.2), "received": moment(9.6)},
        {"sensor": "near", "identifier": 2, "kind": "alarm-sounding", "onset": moment(8.2), "received": moment(30)},
    ]
    answers = {
        "/api/v1/incidents": {"incidents": [incident()]},
        "/api/v1/detections": {"detections": detections},
        "/api/v1/sensors": {"sensors": [{"silent": False}, {"silent": True}]},
        "/api/v1/latency": {"ways": [{"way": "tick-to-desk", "p50": 0.3, "p99": 0.41}]},
    }
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
    watch = Watch("http://127.0.0.1:1", Truth(START, 40.0, (("near", "glass-breaking", 8.1),)))
    with httpx.Client(transport=transport) as client:
        assert [found["id"] for found in watch.ask(client)] == [1]
        assert watch.ask(client) == []
    assert (watch.detections, watch.speaking) == (2, 1)
    assert watch.sound_to_desk == pytest.approx([1.5])
    assert watch.figures() == "gate tick to desk 0.30 s / 0.41 s, sound to desk 1.50 s / 1.50 s (p50 / p99)"


def test_an_incident_is_one_readable_line() -> None:
    line = incident_line(incident(sensors=["a", "b"]))
    assert line.endswith("glass-breaking   rue de la Claire-Voie, no 12  (2 microphones, 90 %, open)")


def test_a_process_that_ends_before_it_is_ready_says_why(tmp_path: Path) -> None:
    why = r"ended before it was ready: 1\. It said: .*no such settings file"
    with (
        Companion("hub", ["hub", str(tmp_path / "missing.toml")], tmp_path / "log") as hub,
        pytest.raises(LabError, match=why),
    ):
        hub.ready(30.0)


def test_a_process_ends_with_the_block_that_started_it(tmp_path: Path) -> None:
    quarter = read_quarter()
    settings = write_hub_settings(tmp_path, quarter, quarter.microphones, 0)
    with Companion("hub", ["hub", str(settings)], tmp_path / "hub.log") as hub:
        url = hub.ready(60.0)["url"]
        assert httpx.get(url + "/healthz", trust_env=False).status_code == 200
        hub.check()
    with pytest.raises(LabError, match="ended by itself"):
        hub.check()


def test_the_scenario_in_a_hurry_breaks_its_window_first() -> None:
    scene = window(read_quarter(), count=4)
    assert scene.emissions[0].kind == "glass-breaking"
    assert scene.emissions[0].at <= 15
