"""Settings: a mistake in a file is named, never guessed around."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.config import ClockSettings, NodeSettings, child_environment, log_level, read_settings
from clairvoie.errors import ConfigurationError, InvalidValue

NODE = """
deployment = "town"
node = "node-1"
hub = "http://127.0.0.1:8750"
key = "node-1.key"
state = "node-1"

[[sensors]]
id = "mic-1"
calibration = 120
source = { file = "street.wav" }
"""


def read(tmp_path: Path, text: str) -> NodeSettings:
    path = tmp_path / "node.toml"
    path.write_text(text)
    return read_settings(path, NodeSettings)


def test_a_node_needs_little_and_its_clock_is_the_wall_clock(tmp_path: Path) -> None:
    settings = read(tmp_path, NODE)
    assert settings.sensors[0].id == "mic-1"
    assert settings.clock.utc(1_800_000_000.5) == 1_800_000_000.5


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('node = "node-1"', 'node = "Node 1"'),
        ('node = "node-1"', 'node = "node-1"\nnod = 1'),
        ('hub = "http://127.0.0.1:8750"', 'hub = "http://192.0.2.1:8750"'),
        ('hub = "http://127.0.0.1:8750"', 'hub = "https://127.0.0.1:8750"'),
        ('hub = "http://127.0.0.1:8750"', 'hub = "http://127.0.0.1.example"'),
        ('hub = "http://127.0.0.1:8750"', 'hub = "http://127.0.0.1@example.org"'),
        ("calibration = 120", "calibration = 0.1"),
        ("calibration = 120", 'calibration = "loud"'),
        ('state = "node-1"', 'state = "node-1"\noutbox_megabytes = 0'),
        ('state = "node-1"', 'state = "node-1"\nclock = { speed = 0.0 }'),
        ('{ file = "street.wav" }', '{ device = "hw:0" }'),
        ('deployment = "town"', "deployment = "),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in NODE
    with pytest.raises((ConfigurationError, InvalidValue)):
        read(tmp_path, NODE.replace(right, wrong))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such settings file"):
        read_settings(tmp_path / "missing.toml", NodeSettings)


@given(
    start=st.integers(0, 2_000_000_000),
    wall=st.floats(1e9, 2e9),
    speed=st.floats(0.01, 1000),
    later=st.floats(0, 1e5),
)
def test_a_replays_clock_can_be_read_both_ways(start: int, wall: float, speed: float, later: float) -> None:
    clock = ClockSettings(start=start, wall=wall, speed=speed)
    assert clock.wall_of(clock.utc(wall + later)) == pytest.approx(wall + later, abs=1e-3)


def test_the_environment_of_a_nodes_processes_keeps_telemetry_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    monkeypatch.setenv("CLAIRVOIE_LOG", "debug")
    environment = child_environment()
    assert (environment["ORT_DISABLE_TELEMETRY"], environment["OMP_NUM_THREADS"]) == ("1", "1")
    assert environment["CLAIRVOIE_LOG"] == log_level() == "debug"
