"""``clairvoie demo`` in real processes: a window breaks, an incident opens, a person takes and closes it, the ledger is
verified over HTTP, and in the end all is gone.

Everything is awaited by asking until it is there, with a deadline that only a fault can reach.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest
from scipy.io import wavfile

from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.errors import ModelError
from clairvoie.lab.loudness import a_level, active_level
from clairvoie.lab.recordings import read_sound

pytestmark = pytest.mark.slow

RATE = 32_000
CLIP = "esc50/4-204777-B-39.flac"
START_SECONDS = 180.0
INCIDENT_SECONDS = 150.0
"""The window breaks every 40 s; a machine that is busy with other tests may miss it once."""
STOP_SECONDS = 60.0
ANSWER_SECONDS = 30.0
ASK_EVERY = 0.5
Found = TypeVar("Found")


@pytest.fixture(autouse=True, scope="module")
def _model() -> None:
    try:
        SoundTagger.load()
    except ModelError as error:
        pytest.fail(f"without its model nothing can be recognised: {error}")


class Running:
    """A demonstration that runs: its process, its address, one client of it, and what it printed so far."""

    def __init__(self, arguments: list[str]) -> None:
        command = [sys.executable, "-u", "-m", "clairvoie", "demo", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.client = httpx.Client(trust_env=False, timeout=ANSWER_SECONDS)
        self.printed = ""

    def wait_until_it_runs(self) -> None:
        self.url = self.line(r"Desk\s+(http://\S+)", START_SECONDS)
        self.client.base_url = self.url
        self.folder = Path(self.line(r"Folder\s+(\S+)", START_SECONDS))

    def line(self, pattern: str, seconds: float) -> str:
        """The first group of ``pattern`` as soon as it is printed."""
        stream = self.process.stdout
        assert stream is not None
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern + r"\s", self.printed)) is None:
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(stream.fileno(), 4096) if ready else b""
            assert piece, f"{pattern} was not printed; this was:\n{self.printed}"
            self.printed += piece.decode(errors="replace")
        return found.group(1)

    def ask(self, path: str, **asked: str) -> Any:
        answer = self.client.get(path, params=asked)
        answer.raise_for_status()
        return answer.json()

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def descendants(self) -> set[int]:
        """Every process that this one started, directly or not."""
        parents: dict[int, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            parents[int(stat.parent.name)] = int(fields[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}


@contextmanager
def demonstration(*arguments: str) -> Iterator[Running]:
    running = Running(list(arguments))
    try:
        running.wait_until_it_runs()
        yield running
    finally:
        running.close()


def until(ask: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """What ``ask`` gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(ASK_EVERY)  # the hub is another process and tells such changes to pages only
    pytest.fail(f"{what}: not within {seconds:g} s")


def first_incident(running: Running, kind: str) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        incidents = running.ask("/api/v1/incidents")["incidents"]
        return next((incident for incident in incidents if incident["kind"] == kind), None)

    return until(ask, INCIDENT_SECONDS, f"an incident of {kind}")


def heard_by_several(running: Running) -> dict[str, Any]:
    """An incident of more than one microphone: the first, or one of a later turn of the scene."""

    def ask() -> dict[str, Any] | None:
        incidents = running.ask("/api/v1/incidents")["incidents"]
        return next((incident for incident in incidents if len(incident["sensors"]) > 1), None)

    return until(ask, INCIDENT_SECONDS, "a second microphone that heard it")


def alive(pids: set[int]) -> set[int]:
    """Those of ``pids`` that run; a zombie does not."""
    states = {}
    for pid in pids:
        try:
            states[pid] = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            continue  # it is gone
    return {pid for pid, state in states.items() if state != "Z"}


def verified(running: Running) -> str:
    """What ``clairvoie ledger verify`` says of the log that the hub publishes, with nothing but the charter."""
    charter = str(running.folder / "charter.json")
    command = [sys.executable, "-m", "clairvoie", "ledger", "verify", f"{running.url}/tlog", "--charter", charter]
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_window_breaks_and_somebody_takes_and_closes_the_incident() -> None:
    with demonstration("--scenario", "window", "--sensors", "4") as running:
        assert running.client.get("/").status_code == 200
        incident = first_incident(running, "glass-breaking")
        assert incident["mode"] == "exercise"
        assert incident["state"] == "open"
        path = f"/api/v1/incidents/{incident['id']}"
        several = heard_by_several(running)
        assert set(several["sensors"]) <= {s["id"] for s in running.ask("/api/v1/sensors")["sensors"]}
        post = running.client.post
        assert post(f"{path}/take", json={"who": "Ada"}).json()["incident"]["state"] == "taken"
        second = post(f"{path}/take", json={"who": "Bo"})
        assert (second.status_code, second.json()["first"]) == (409, "Ada")
        close = {"who": "Ada", "outcome": "confirmed", "basis": "on-site"}
        assert post(f"{path}/close", json=close).json()["incident"]["state"] == "closed"
        running.line(r"(glass-breaking\s+rue \S+)", STOP_SECONDS)
        assert " records" in verified(running)
        everyone = running.descendants()
        assert len(everyone) >= 8  # hub, launcher, gate, uplink, four analysers
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(STOP_SECONDS) == 0
        assert alive(everyone) == set()
        assert not running.folder.exists()


def test_a_demonstration_that_is_killed_takes_its_processes_with_it() -> None:
    with demonstration("--scenario", "window", "--sensors", "2") as running:
        everyone = running.descendants()
        assert len(everyone) >= 4
        running.process.kill()
        running.process.wait()
        until(lambda: not alive(everyone), STOP_SECONDS, "the end of every process")


def test_a_recording_of_breaking_glass_over_street_noise_becomes_an_incident(
    needs_shared: Path, tmp_path: Path
) -> None:
    path = glass_over_street(needs_shared, tmp_path, snr=10.0)
    with demonstration("--sensors", "2", "--sound", str(path)) as running:
        incident = first_incident(running, "glass-breaking")
        assert incident["mode"] == "exercise"
        running.process.terminate()
        assert running.process.wait(STOP_SECONDS) == 0
        assert not running.folder.exists()


def glass_over_street(shared: Path, folder: Path, *, snr: float) -> Path:
    """A clip of the fold that nothing was trained on, ``snr`` dB(A) over a street that nothing was trained on."""
    street = read_sound(shared / "background" / "city.ogg", RATE, 12.0)
    glass = read_sound(shared / "sounds" / CLIP, RATE)
    gain = a_level(street, RATE, 100.0) + snr - active_level(glass, RATE, 100.0)
    mixed = street.astype(np.float64)
    mixed[4 * RATE : 4 * RATE + glass.size] += glass[: mixed.size - 4 * RATE] * 10 ** (gain / 20)
    wavfile.write(folder / "window.wav", RATE, (0.5 * mixed / np.abs(mixed).max()).astype(np.float32))
    return folder / "window.wav"
