"""Kill the hub, the node's processes, all of them, again and again during a replay; cut the line for an hour of it.

At the end every detection that the gate released is stored at the hub exactly once. The hub and the node are the real
ones, as processes; only the analyser is scripted, so that there is something to detect every few seconds. Moments
and victims come from a seed, which a failure prints.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from running_node import START, born_key, wait_until_gone, write_settings
from stretch import worst_excess

from clairvoie.boundary.bulletin import (
    BITS_PER_SECOND,
    BURST_BITS,
    BeginEvent,
    Bulletin,
    EndEvent,
    ImpulseEvent,
    charge,
)
from clairvoie.boundary.wire import RecordContent, SecondEvents, decode_record
from clairvoie.egress.memory import Memory, memory_path
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.state import GateState, decode_state
from clairvoie.egress.uplink import RecordSender, hub_client

SENSORS = ("mic-1", "mic-2")
SPEED = 120.0
KILLS = 50
OUTAGE_AT = 20
"""After so many kills the line is cut, and the killing goes on at the node."""
OUTAGE_SECONDS = 3600 / SPEED
SEED = 20_261_122
FEWEST_DETECTIONS = 30
"""So many at least, or there was nothing to lose; on an idle machine there are some three hundred a sensor."""
SCRIPT = Path(__file__).parents[1] / "support" / "scripted_node.py"

HUB = """
deployment = "town"
place = "Nowhere"
time_zone = "Europe/Paris"
store = "hub.sqlite"
port = {port}
[[nodes]]
id = "node-1"
public_key = "{key}"
"""
SENSOR = """
[[sensors]]
id = "{id}"
node = "node-1"
kind = "microphone"
simulated = true
place = {{ latitude = 48.0, longitude = {longitude}, words = "corner" }}
"""


class Town:
    """A hub and a node as processes, either of which may be missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        text = HUB.format(port=self.port, key=born_key(folder)[1])
        text += "".join(SENSOR.format(id=s, longitude=2.0 + n / 100) for n, s in enumerate(SENSORS))
        (folder / "hub.toml").write_text(text)
        self.settings = write_settings(folder, self.url, sensors=SENSORS, speed=SPEED)
        self.log = (folder / "town.log").open("ab")
        self.hub: subprocess.Popen[bytes] | None = None
        self.node: subprocess.Popen[bytes] | None = None

    def start_hub(self) -> None:
        self.hub = self._start(sys.executable, "-m", "clairvoie", "hub", str(self.folder / "hub.toml"))

    def start_node(self) -> None:
        self.node = self._start(sys.executable, str(SCRIPT), str(self.settings))

    def kill_hub(self) -> None:
        if self.hub is not None:
            self.hub.kill()
            self.hub.wait()
            self.hub = None

    def kill_node(self) -> None:
        """Kill the launcher; its children must follow by themselves before there is a new one."""
        if self.node is not None:
            children = self.children()
            self.node.kill()
            self.node.wait()
            self.node = None
            wait_until_gone(list(children.values()))

    def children(self) -> dict[str, int]:
        """The node's processes that exist right now, by the last part of what they run."""
        assert self.node is not None
        pids = Path(f"/proc/{self.node.pid}/task/{self.node.pid}/children").read_text().split()
        found = {}
        for pid in pids:
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended in this moment
            name = words[2] if words[1:2] == [b"-m"] else b"analyser"
            found[f"{name.decode()} {pid}"] = int(pid)
        return found

    def kill_child(self, name: str) -> bool:
        """Kill one of the node's processes whose name begins so; false when there is none just now."""
        pids = [pid for child, pid in self.children().items() if child.startswith(name)]
        for pid in pids[:1]:
            os.kill(pid, signal.SIGKILL)
        return bool(pids)

    def wait_for_hub(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "town.log").read_text()[-4000:])

    def close(self) -> None:
        self.kill_node()
        self.kill_hub()
        self.log.close()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    town.start_hub()
    town.wait_for_hub()
    town.start_node()
    yield town
    town.close()


def strike(town: Town, victim: str, *, line_is_cut: bool) -> bool:
    """Kill ``victim`` and start again what nobody else would; false when it could not be killed just now."""
    if victim in ("hub", "everything") and not line_is_cut:
        town.kill_hub()
    elif victim == "hub":
        return False
    if victim in ("launcher", "everything"):
        town.kill_node()
        town.start_node()
    elif victim != "hub":
        return town.kill_child(victim)
    if victim in ("hub", "everything") and not line_is_cut:
        town.start_hub()
    return True


VICTIMS = (
    *("hub", "hub", "clairvoie.gatekeeper", "clairvoie.gatekeeper", "clairvoie.gatekeeper"),
    *("clairvoie.courier", "clairvoie.courier", "analyser", "launcher", "everything"),
)


def kill_at_random(town: Town, chance: random.Random) -> dict[str, int]:
    """Fifty kills at random moments, with the line cut for an hour of replayed time in between; who died how often."""
    died = dict.fromkeys(VICTIMS, 0)
    mended = float("inf")
    while sum(died.values()) < KILLS or mended < float("inf"):
        time.sleep(chance.uniform(0.05, 1.8))
        if sum(died.values()) == OUTAGE_AT and mended == float("inf"):
            town.kill_hub()
            mended = time.monotonic() + OUTAGE_SECONDS
        if time.monotonic() > mended:
            mended = float("inf")
            town.start_hub()
            town.wait_for_hub()
        victim = chance.choice(VICTIMS)
        if strike(town, victim, line_is_cut=mended < float("inf")):
            died[victim] += 1
    return died


def deliver_the_rest(town: Town) -> dict[str, GateState]:
    """Stop the node, send what its outbox still holds, and return what its gate remembers."""

    async def send(outbox: Outbox) -> None:
        async with hub_client(town.url) as client:
            sender = RecordSender(outbox, client, structlog.get_logger())
            while await sender.send_once() is not None:
                continue

    assert town.node is not None
    town.node.terminate()
    town.node.wait(30)
    town.node = None
    outbox = Outbox(town.folder / "node-1" / "outbox.sqlite")
    asyncio.run(send(outbox))
    assert outbox.refusals() == []
    assert outbox.status().trimmed_events == 0
    outbox.close()
    memory = Memory(memory_path(town.folder / "node-1"))
    assert memory.status().waiting == 0
    states = {sensor: decode_state(body) for sensor, body in memory.states().items()}
    memory.close()
    return states


def stored_at_hub(folder: Path) -> tuple[dict[str, list[tuple[int, bytes]]], dict[str, list[int]]]:
    """From the hub's store: each sensor's records by sequence, and the identifiers of its detections."""
    store = sqlite3.connect(folder / "hub.sqlite")
    names = dict(store.execute("SELECT id, name FROM sensors"))
    records: dict[str, list[tuple[int, bytes]]] = {sensor: [] for sensor in SENSORS}
    for sensor, sequence, body in store.execute("SELECT sensor, sequence, body FROM records ORDER BY sequence"):
        records[names[sensor]].append((sequence, body))
    detections: dict[str, list[int]] = {sensor: [] for sensor in SENSORS}
    for sensor, identifier in store.execute("SELECT sensor, identifier FROM detections ORDER BY identifier"):
        detections[names[sensor]].append(identifier)
    store.close()
    return records, detections


def bulletins_of(content: RecordContent) -> tuple[Bulletin, ...]:
    if isinstance(content, SecondEvents):
        return (Bulletin(sensor=content.sensor, second=content.second, events=content.events),)
    return content.bulletins


@pytest.mark.slow
def test_every_detection_that_the_gate_released_is_stored_exactly_once(town: Town, tmp_path: Path) -> None:
    died = kill_at_random(town, random.Random(SEED))
    town.wait_for_hub()
    states = deliver_the_rest(town)
    town.kill_hub()
    records, detections = stored_at_hub(tmp_path)
    assert sum(died.values()) >= KILLS, died
    assert min(died.values()) >= 1, died
    for sensor in SENSORS:
        state = states[sensor]
        assert state.second is not None
        assert state.second > START + 3600
        assert state.identifier >= FEWEST_DETECTIONS
        assert [sequence for sequence, _ in records[sensor]] == list(range(1, state.sequence + 1))
        contents = [decode_record(body).content for _, body in records[sensor]]
        events = [event for content in contents if isinstance(content, SecondEvents) for event in content.events]
        begun = [event.identifier for event in events if isinstance(event, BeginEvent | ImpulseEvent)]
        ended = [event.identifier for event in events if isinstance(event, EndEvent)]
        assert begun == list(range(1, state.identifier + 1))
        assert len(ended) == len(set(ended))
        assert detections[sensor] == begun
        costs = [(b.second, charge(b).total) for content in contents for b in bulletins_of(content)]
        assert worst_excess(sorted(costs), BURST_BITS, BITS_PER_SECOND) <= 0
