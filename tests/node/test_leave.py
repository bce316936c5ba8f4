"""The launcher and leave: without it nothing is captured, whoever says so; live sources only behind locks."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from running_node import PATIENCE, RunningNode, wait_until_gone, write_settings
from street_camera import TYPES, Camera, recording

from clairvoie.boundary.confinement import Confinement
from clairvoie.egress import landlock

SCRIPT = Path(__file__).parents[1] / "support" / "leave_node.py"
STREAM = """
[[sensors]]
id = "camera-1"
calibration = 120
stream = {{ url = "{url}" }}
"""


@contextmanager
def node_with_leave_in_hand(settings: Path, *words: str) -> Iterator[RunningNode]:
    state = settings.parent / settings.stem
    state.mkdir()
    os.mkfifo(state / "leave")
    node = RunningNode(settings, (sys.executable, str(SCRIPT), *words))
    try:
        yield node
    finally:
        node.close()


def say(settings: Path, line: str) -> None:
    descriptor = os.open(settings.parent / settings.stem / "leave", os.O_RDWR)
    os.write(descriptor, line.encode() + b"\n")
    os.close(descriptor)


def facts_until(node: RunningNode, **wanted: object) -> list[dict[str, Any]]:
    """What the launcher says up to the line that has all of ``wanted``."""
    facts: list[dict[str, Any]] = []
    while not facts or not wanted.items() <= facts[-1].items():
        facts.append(node._next())
    return facts


def test_leave_given_taken_and_given_again(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=("mic-1",), speed=1.0)
    with node_with_leave_in_hand(settings) as node:
        ready = facts_until(node, type="ready")[-1]
        assert (ready["leave"], ready["start"]) == (False, None)
        first = ready["processes"]["analyser mic-1"]
        say(settings, "leave on")
        given = facts_until(node, type="leave")[-1]
        assert given["leave"] is True
        assert isinstance(given["start"], int)
        say(settings, "leave off")
        facts = facts_until(node, type="started", process="analyser mic-1")
        assert {"type": "leave", "leave": False, "start": given["start"]} in facts
        assert facts[-1]["pid"] != first
        wait_until_gone([first])
        say(settings, "leave on")
        again = facts_until(node, type="leave")[-1]
        assert (again["leave"], again["start"]) == (True, given["start"])
        assert node.stop() == 0


def test_a_live_source_stays_closed_where_its_process_is_not_locked(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=("mic-1",), speed=1.0)
    settings.write_text(settings.read_text().split("[clock]")[0] + STREAM.format(url="http://127.0.0.1:9/none"))
    with node_with_leave_in_hand(settings) as node:
        ready = facts_until(node, type="ready")[-1]
        assert "seccomp" in ready["missing"]["camera-1"]
        say(settings, "leave on")
        facts_until(node, type="leave")
        assert node.stop() == 0
    log = settings.with_suffix(".log").read_text()
    assert "live sources stay closed" in log
    assert "analyser camera-1" not in log


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_a_live_source_is_heard_with_leave_behind_all_locks_and_closed_without(tmp_path: Path) -> None:
    with Camera(recording("wav", "pcm_s16le", 25.0), TYPES["wav"]).serve() as url:
        settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=(), speed=1.0)
        settings.write_text(settings.read_text().split("[clock]")[0] + STREAM.format(url=url))
        with node_with_leave_in_hand(settings, "real") as node:
            ready = facts_until(node, type="ready")[-1]
            assert "analyser camera-1" not in ready["processes"]
            assert set(ready["missing"]["camera-1"]) <= {"no-swap"}
            say(settings, "leave on")
            pid = facts_until(node, type="started", process="analyser camera-1")[-1]["pid"]
            until = time.monotonic() + PATIENCE
            while claims_in(settings) < 2 and time.monotonic() < until:
                time.sleep(0.1)
            assert claims_in(settings) >= 2
            say(settings, "leave off")
            facts_until(node, type="leave", leave=False)
            wait_until_gone([pid])
            assert node.stop() == 0
        told = json.loads((tmp_path / "node-1" / "told").read_text())["camera-1"]
        assert Confinement.of(told[1]).fit_for_live
        assert [told[0], *told[2:]] == [False, 64, 64]


def claims_in(settings: Path) -> int:
    path = settings.parent / settings.stem / "claims"
    return int(path.read_text()) if path.exists() else 0


def test_only_the_sensor_that_has_leave_is_listened_to(tmp_path: Path) -> None:
    """Its neighbour on the same node may be suspended, outside its hours, or named by no act."""
    settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=("mic-1", "mic-2"), speed=1.0)
    with node_with_leave_in_hand(settings) as node:
        ready = facts_until(node, type="ready")[-1]
        first, second = (ready["processes"][f"analyser mic-{n}"] for n in (1, 2))
        say(settings, "leave on mic-1\nleave on mic-2")
        facts_until(node, type="leave", leave=True)
        say(settings, "leave off mic-2")
        facts = facts_until(node, type="started", process="analyser mic-2")
        wait_until_gone([second])
        assert not [fact for fact in facts if fact["type"] == "leave"]
        os.kill(first, 0)
        assert node.stop() == 0


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_a_live_source_stays_closed_while_its_neighbour_alone_has_leave(tmp_path: Path) -> None:
    with Camera(recording("wav", "pcm_s16le", 25.0), TYPES["wav"]).serve() as url:
        settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=(), speed=1.0)
        neighbours = STREAM + STREAM.replace("camera-1", "camera-2")
        settings.write_text(settings.read_text().split("[clock]")[0] + neighbours.format(url=url))
        with node_with_leave_in_hand(settings, "real") as node:
            facts_until(node, type="ready")
            say(settings, "leave on camera-2")
            facts = facts_until(node, type="started", process="analyser camera-2")
            say(settings, "leave off camera-2")
            facts += facts_until(node, type="leave", leave=False)
            assert node.stop() == 0
        assert not [fact for fact in facts if fact.get("process") == "analyser camera-1"]
    assert "analyser camera-1" not in settings.with_suffix(".log").read_text()
