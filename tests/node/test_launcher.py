"""A node as its processes: what one writes the next reads, whoever dies is replaced, and all end together."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import running_node as running
from fake_hub import FakeHub, problem
from running_node import SCRIPT, START, RunningNode, born_key, running_node, wait_until_gone

from clairvoie.boundary.bulletin import BeginEvent, EndEvent, ImpulseEvent
from clairvoie.boundary.wire import MinuteParts, SecondEvents
from clairvoie.lab.leave import exercise_authorisation, make_leave

SENSORS = ("mic-1", "mic-2")
SPEED = 60.0


LEAVE = make_leave("town", exercise=False)
ACT = LEAVE.signed(exercise_authorisation("town", SENSORS, exercise=False))


def write_settings(*args: Any, **about: Any) -> Path:
    return running.write_settings(*args, leave=LEAVE, **about)


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    return FakeHub(born_key(tmp_path)[0], LEAVE, (ACT,))


@pytest.fixture
def address(hub: FakeHub) -> Iterator[str]:
    with hub.serve() as port:
        yield f"http://127.0.0.1:{port}"


def check_records(hub: FakeHub) -> None:
    """Every sensor's records came without a gap, and its detections are numbered without one."""
    for sensor in SENSORS:
        sequences = sorted(sequence for name, sequence in hub.records if name == sensor)
        assert sequences == list(range(1, len(sequences) + 1))
        contents = [hub.records[sensor, sequence].content for sequence in sequences]
        identifiers = [
            event.identifier
            for content in contents
            if isinstance(content, SecondEvents)
            for event in content.events
            if not isinstance(event, EndEvent)
        ]
        assert identifiers == list(range(1, len(identifiers) + 1))


def detections(hub: FakeHub) -> set[type]:
    contents = [record.content for record in hub.records.values()]
    return {type(event) for content in contents if isinstance(content, SecondEvents) for event in content.events}


def minutes(hub: FakeHub) -> int:
    return sum(isinstance(record.content, MinuteParts) for record in hub.records.values())


def test_what_analysers_claim_arrives_signed_in_order_and_ticks_have_one_size(
    hub: FakeHub, address: str, tmp_path: Path
) -> None:
    with running_node(write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)) as node:
        assert hub.wait_for(lambda: minutes(hub) >= 4 and detections(hub) == {BeginEvent, EndEvent, ImpulseEvent})
        assert hub.wait_for(lambda: len(hub.ticks) >= 20)
        assert node.public_key == born_key(tmp_path)[1]
        assert node.stop() == 0
        check_records(hub)
    assert len(hub.tick_sizes) == 1
    assert all(len(tick.bulletins) == len(SENSORS) and tick.second >= START for tick in hub.ticks)


def test_a_node_is_ready_when_its_last_analyser_is(hub: FakeHub, address: str, tmp_path: Path) -> None:
    settings = write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED, files=("street.wav", "late.wav"))
    node = RunningNode(settings, (sys.executable, str(SCRIPT)))
    try:
        assert hub.wait_for(lambda: len(hub.ticks) >= 20)  # gate and uplink are
        assert not node.has_spoken()
        (tmp_path / "late.wav").touch()
        node.wait_until_ready()
        assert node.not_ready == []
        assert node.stop() == 0
    finally:
        node.close()


@pytest.mark.parametrize(("file", "patience"), [("missing.wav", "60"), ("late.wav", "0.5")])
def test_a_node_does_not_wait_for_ever_and_names_who_is_not_ready(
    hub: FakeHub, address: str, tmp_path: Path, file: str, patience: str
) -> None:
    settings = write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED, files=("street.wav", file))
    with running_node(settings, (sys.executable, str(SCRIPT), patience)) as node:
        assert "mic-2" in node.not_ready
        assert hub.wait_for(lambda: minutes(hub) >= 1)
        assert node.stop() == 0
    assert "analysers are not ready" in settings.with_suffix(".log").read_text()


@pytest.mark.parametrize("victim", ["gate", "uplink", "analyser mic-1"])
def test_a_process_that_is_killed_is_replaced_and_nothing_is_lost_or_told_twice(
    hub: FakeHub, address: str, tmp_path: Path, victim: str
) -> None:
    with running_node(write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)) as node:
        assert hub.wait_for(lambda: len(hub.records) >= 4)
        others = {name: pid for name, pid in node.processes.items() if name != victim}
        node.kill(victim)
        node.wait_until_started_again(victim)
        before, ticks = len(hub.records), len(hub.ticks)
        assert hub.wait_for(lambda: len(hub.records) >= before + 8)
        assert hub.wait_for(lambda: len(hub.ticks) >= ticks + 2)
        assert {name: pid for name, pid in node.processes.items() if name != victim} == others
        assert node.stop() == 0
        check_records(hub)


def test_all_processes_end_when_the_launcher_is_killed(hub: FakeHub, address: str, tmp_path: Path) -> None:
    with running_node(write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)) as node:
        assert hub.wait_for(lambda: len(hub.records) >= 1)
        node.kill("launcher")
        wait_until_gone(list(node.processes.values()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_processes_stop_cleanly_together(hub: FakeHub, address: str, tmp_path: Path, number: int) -> None:
    with running_node(write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)) as node:
        assert hub.wait_for(lambda: len(hub.records) >= 1)
        node.launcher.send_signal(number)
        assert node.launcher.wait(30) == 0
        wait_until_gone(list(node.processes.values()))


def test_a_node_started_again_goes_on_where_it_was(hub: FakeHub, address: str, tmp_path: Path) -> None:
    settings = write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)
    for life in (1, 2):
        with running_node(settings) as node:
            assert hub.wait_for(lambda wanted=6 * life: len(hub.records) >= wanted)
            node.kill("launcher")
            wait_until_gone(list(node.processes.values()))
    check_records(hub)


def test_what_is_said_while_the_hub_takes_nothing_arrives_later(hub: FakeHub, address: str, tmp_path: Path) -> None:
    hub.misbehaviour = lambda _: problem(503, "store-unavailable")
    with running_node(write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)) as node:
        assert hub.wait_for(lambda: len(hub.offered) >= 10)
        assert hub.records == {}
        hub.misbehaviour = lambda _: None
        assert hub.wait_for(lambda: hub.offered <= hub.records.keys() and len(hub.records) > 10)
        assert node.stop() == 0
    check_records(hub)


def test_a_gate_that_cannot_start_ends_the_node_with_a_named_error(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=SENSORS, speed=1.0)
    key = tmp_path / "node-1.pem"
    key.write_bytes(b"no key")
    key.chmod(0o600)
    ended = subprocess.run(
        [sys.executable, "-m", "clairvoie", "node", str(settings)], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "clairvoie gate: the node's key cannot be read" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("clairvoie: the gate cannot start")


def test_a_node_that_runs_already_is_not_run_twice(hub: FakeHub, address: str, tmp_path: Path) -> None:
    settings = write_settings(tmp_path, address, sensors=SENSORS, speed=SPEED)
    with running_node(settings) as node:
        command = [sys.executable, "-m", "clairvoie", "node", str(settings)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 1
        assert "another gate holds this outbox" in ended.stderr
        before = len(hub.records)
        assert hub.wait_for(lambda: len(hub.records) > before)
        assert node.stop() == 0
    check_records(hub)


def test_the_command_line_prints_the_public_key_and_the_state_of_the_outbox(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, "http://127.0.0.1:9", sensors=SENSORS, speed=1.0)

    def say(option: str) -> str:
        command = [sys.executable, "-m", "clairvoie", "node", str(settings), option]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    assert say("--public-key") == born_key(tmp_path)[1]
    assert say("--status").startswith('{"waiting":0,')
    assert say("--send-again").startswith("0 records")
