"""`lab speed` in its quick size: every stage, peer and process is there and adds up. Nothing here is held to a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from clairvoie.cli import app
from clairvoie.cli.speed_plot import draw
from clairvoie.cli.speed_table import speed_text
from clairvoie.egress import landlock
from clairvoie.lab.speed import STAGES, Load, Speed, measure
from clairvoie.lab.speed_decoding import Decoding
from clairvoie.lab.speed_peers import Peer
from clairvoie.lab.speed_sensor import SensorCost


@pytest.fixture(scope="module")
def quick() -> tuple[Speed, list[str]]:
    told: list[str] = []
    found = measure(None, quick=True, sensor=landlock.version() > 0, report=lambda what, done, of: told.append(what))
    return found, told


def test_stages_add_up_and_peers_are_beside_them(quick: tuple[Speed, list[str]]) -> None:
    found, _ = quick
    assert [load.streams for load in found.loads] == [1, 3]
    for load in found.loads:
        assert tuple(load.stages) == STAGES
        assert load.ms == pytest.approx(sum(load.stages.values()))
        assert all(value > 0 for value in load.stages.values())
    peer, yamnet = found.peers
    assert isinstance(peer, Peer)
    assert set(peer.stages) == set(STAGES)
    assert yamnet == "no --data was given, so YAMNet was not measured"
    assert 10 < found.kib_a_stream < 2000
    assert {one.name for one in found.decoding if isinstance(one, Decoding)} >= {"WAV", "FLAC"}


def test_what_is_being_done_is_said(quick: tuple[Speed, list[str]]) -> None:
    _, told = quick
    assert told[0] == "1 streams"
    assert told[-1] == "one sensor's process"


def test_a_sensors_process_is_the_locked_one(quick: tuple[Speed, list[str]]) -> None:
    cost = quick[0].sensor
    if landlock.version() == 0:
        pytest.skip("this kernel has no Landlock")
    assert isinstance(cost, SensorCost)
    assert {"SECCOMP", "LANDLOCK_FILES", "DESCRIPTORS_CLOSED"} <= set(cost.locks)
    assert cost.cpu_seconds_a_second > 0
    assert cost.resident_mib > (cost.proportional_mib or 0.0) > 0 or cost.proportional_mib is None


def measured(ms: float) -> Speed:
    stages = dict.fromkeys(STAGES, ms / len(STAGES))
    return Speed(
        version=1,
        rate=32_000,
        model="sha256:0",
        cores=2,
        load_before=0.1,
        load_after=1.0,
        quick=False,
        loads=[
            Load(streams=1, stages=stages, ms=2 * ms, wall_ms=2 * ms),
            Load(streams=9, stages=stages, ms=ms, wall_ms=ms),
        ],
        kib_a_stream=70.0,
        peers=[Peer(name="other", what="one thing", stages={"tagging": 4.0}, ms=4.0), "no YAMNet here"],
        decoding=[Decoding(name="FLAC", ms=0.25), "MP3: not here"],
        sensor="not asked for",
    )


def test_the_text_says_whether_the_goal_is_reached_and_against_whom() -> None:
    text = speed_text(measured(1.6))
    assert "Goal: 500 streams a core, 2 ms: reached, 625 with 9." in text
    assert "Against other: 2.5 times the streams on a core (one thing)." in text
    assert "no YAMNet here" in text
    assert "FLAC 0.25 ms, MP3: not here" in text
    assert "missed, 250 with 9" in speed_text(measured(4.0))
    assert "2.0 times fewer streams" in speed_text(measured(8.0))
    assert "not to cite" in speed_text(replace(measured(1.0), quick=True))


def test_figures_that_were_kept_are_read_drawn_and_printed_again(tmp_path: Path) -> None:
    import msgspec

    kept, picture = tmp_path / "speed.json", tmp_path / "speed.png"
    kept.write_bytes(msgspec.json.encode(measured(1.6)))
    told = CliRunner().invoke(app, ["lab", "speed", "--figures", str(kept), "--plot", str(picture), "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout) == json.loads(kept.read_text())
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ['{"version": 2}', "no figures at all"])
def test_other_figures_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "speed.json").write_text(text)
    told = CliRunner().invoke(app, ["lab", "speed", "--figures", str(tmp_path / "speed.json")])
    assert told.exit_code != 0


def test_a_plot_that_cannot_be_written_is_a_named_error(tmp_path: Path) -> None:
    from clairvoie.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="cannot be written"):
        draw(measured(1.0), tmp_path / "nowhere" / "speed.png")
