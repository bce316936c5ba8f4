"""A hub and a node as processes that a test kills, whose leave comes and goes, over a line that can be cut."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from running_node import SCRIPT, START, born_key, wait_until_gone, write_settings

from clairvoie.boundary.authorisation import Suspension, encode_suspension
from clairvoie.boundary.document import SUSPENSION_TYPE, SignedDocument, add_signature, encode_document, unsigned
from clairvoie.boundary.hazards import HazardKind
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave

SENSORS = ("mic-1", "mic-2")
SPEED = 120.0
OUTAGE_SECONDS = 3600 / SPEED
LEASE_SECONDS = 20
"""Real seconds: the lease ends before the line is mended, and the node falls silent."""
LEAVE = make_leave("town", exercise=False)
SUSPENDED = HazardKind.GLASS_BREAKING
PATIENCE = 120.0
COUNTED = "SELECT count(*) FROM ledger_records"

HUB = """
deployment = "town"
place = "Nowhere"
time_zone = "Europe/Paris"
store = "hub.sqlite"
charter = "charter.json"
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


def in_store(folder: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the hub's store, whether or not the hub lives."""
    with closing(sqlite3.connect(folder / "hub.sqlite", timeout=60)) as store:
        return store.execute(query, values).fetchall()


def act(**about: Any) -> SignedDocument:
    """Leave for everything, signed by two of three roles."""
    permitted = exercise_authorisation("town", SENSORS, exercise=False, lease_seconds=LEASE_SECONDS, **about)
    return LEAVE.signed(permitted)


class Town:
    """A hub and a node as processes, either of which may be missing. ``suspended`` and ``given_again`` are the seconds
    of the replay from which breaking glass may not be reported, and may again; ``mended_at`` that of the line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        text = HUB.format(port=self.port, key=born_key(folder)[1])
        text += "".join(SENSOR.format(id=s, longitude=2.0 + n / 100) for n, s in enumerate(SENSORS))
        (folder / "hub.toml").write_text(text)
        self.act = act()
        write_leave(folder, LEAVE, [self.act])
        self.wall = time.time()
        self.settings = write_settings(folder, self.url, sensors=SENSORS, speed=SPEED, wall=self.wall, leave=LEAVE)
        self.suspended = self.given_again = self.mended_at = 0
        self.mended = float("inf")
        self.log = (folder / "town.log").open("ab")
        self.hub: subprocess.Popen[bytes] | None = None
        self.node: subprocess.Popen[bytes] | None = None

    @property
    def second(self) -> int:
        """The second of the replay."""
        return int(START + (time.time() - self.wall) * SPEED)

    def suspend(self) -> None:
        """One role suspends breaking glass from the newest that the hub has stored on: that is to be erased."""
        newest = "SELECT max(onset) FROM detections WHERE kind = ?"
        self.suspended = int(in_store(self.folder, newest, SUSPENDED.value)[0][0])
        suspension = Suspension(
            deployment="town",
            authorisation=self.act.digest,
            since=self.suspended,
            reason="a test",
            hazards=(SUSPENDED,),
        )
        self._file(add_signature(unsigned(SUSPENSION_TYPE, encode_suspension(suspension)), LEAVE.roles["dpo"]))

    def give_leave_again(self) -> None:
        """Two roles sign another act."""
        self.given_again = self.second
        self._file(act(number=2, starts=self.given_again))

    def cut_the_line(self) -> None:
        self.kill_hub()
        self.mended = time.monotonic() + OUTAGE_SECONDS

    def mend_the_line(self) -> None:
        self.mended = float("inf")
        self.mended_at = self.second
        self.start_hub()
        self.wait_for_hub()

    @property
    def line_is_cut(self) -> bool:
        return self.mended < float("inf")

    def has_stored(self, kind: HazardKind, since: int, times: int = 1) -> bool:
        """Whether the hub has so many detections of ``kind`` that began at ``since`` or later, of every sensor."""
        query = """SELECT name, count(*) FROM detections JOIN sensors ON sensors.id = detections.sensor
            WHERE kind = ? AND onset >= ? GROUP BY name"""
        counts = dict(in_store(self.folder, query, kind.value, since))
        return all(counts.get(sensor, 0) >= times for sensor in SENSORS)

    def wait_for_record(self) -> None:
        """Wait until the hub has stored another record: hub, gate and uplink run and there is leave."""
        before = in_store(self.folder, COUNTED)
        until = time.monotonic() + PATIENCE
        while in_store(self.folder, COUNTED) == before:
            assert time.monotonic() < until, (self.folder / "town.log").read_text()[-4000:]
            time.sleep(0.1)

    def has_said(self, words: str) -> bool:
        """Whether a process has said ``words`` in its log."""
        return words in (self.folder / "town.log").read_text(errors="replace")

    def _file(self, document: SignedDocument) -> None:
        path = self.folder / "authorisations" / document.digest
        path.write_bytes(encode_document(document))
        path.rename(path.with_suffix(".json"))

    def start_hub(self) -> None:
        self.hub = self._start(sys.executable, "-m", "clairvoie", "hub", str(self.folder / "hub.toml"))

    def start_node(self) -> None:
        self.node = self._start(sys.executable, str(SCRIPT), str(self.settings))

    def kill_hub(self) -> None:
        if self.hub is not None:
            self.hub.kill()
            self.hub.wait()
            self.hub = None

    def stop_hub(self) -> None:
        """Let the hub end by itself; it publishes what is left."""
        assert self.hub is not None
        self.hub.terminate()
        assert self.hub.wait(60) == 0
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
            name = words[words.index(b"-m") + 1] if b"-m" in words else b"analyser"
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
