"""``clairvoie demo``: a quarter on one machine, from its sound to the duty desk, in real processes.

It makes a scene, writes the settings of a hub and a node, starts both as any town would, and tells how they fare until
Ctrl-C. Everything it writes is in one temporary folder, deleted at the end unless ``--keep`` names another; should the
demonstration be killed, its processes die with it and the folder stays. A person's own recordings are in that folder
too while it runs, voices included: as the sound of the simulated microphones, nowhere else.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from clairvoie.errors import LabError
from clairvoie.lab.demo_processes import Companion, check_port
from clairvoie.lab.demo_recordings import scene_of_recordings
from clairvoie.lab.demo_settings import NODE, write_hub_settings, write_node_settings
from clairvoie.lab.demo_status import Watch, incident_line, open_page, truth_of
from clairvoie.lab.scenario import SCENARIOS
from clairvoie.lab.scene import Scene
from clairvoie.lab.scene_progress import progress_bar
from clairvoie.lab.soundscape import Written, read_scene_document, write_scene
from clairvoie.lab.town import Quarter, read_quarter

READY_SECONDS = 120.0
ASK_SECONDS = 1.0
FIGURES_SECONDS = 20.0
SUSPICIOUS_ENDS = 3
"""A replayed loop has no end; analysers that end again and again have a fault."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What is asked of the demonstration. ``seconds``: stop by itself after so long."""

    scenario: str = "evening"
    sounds: tuple[Path, ...] = ()
    background: Path | None = None
    snr: float | None = None
    port: int = 8750
    keep: Path | None = None
    seed: int = 1
    sensors: int | None = None
    seconds: float | None = None
    opened: Callable[[str], object] | None = None

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise LabError("no such scenario", self.scenario, f"One of: {', '.join(sorted(SCENARIOS))}.")


def run_demonstration(asked: Demonstration, say: Say) -> None:
    """Run it until SIGINT, SIGTERM or ``asked.seconds``. Raises :class:`LabError` when it cannot start or go on."""
    check_port(asked.port)
    quarter = read_quarter(NODE)
    scene = _scene(asked, quarter)
    with _folder(asked.keep) as folder, _told_to_stop():
        say("An invented quarter with simulated microphones. Everything here is an exercise.")
        if asked.sounds:
            say(f"Your recordings, voices included, are in {folder} while this runs{_fate(asked)}.")
        with progress_bar("Making the quarter's sound") as progress:
            written = write_scene(scene, folder / "sound", progress=progress)
        sensors = tuple(sensor for sensor in quarter.microphones if sensor.id in written.recordings)
        hub_settings = write_hub_settings(folder, quarter, sensors, asked.port)
        with Companion("hub", ["hub", str(hub_settings)], folder / "hub.log") as hub:
            url = str(hub.ready(READY_SECONDS)["url"])
            node_settings = write_node_settings(folder, written.recordings, scene.calibration, url)
            with Companion("node", ["node", str(node_settings)], folder / "node.log") as node:
                ready = node.ready(READY_SECONDS)
                if ready["not_ready"]:
                    say(f"These microphones are not ready: {', '.join(ready['not_ready'])}. {node.last_words()}")
                _tell_where(asked, scene, url, folder, say)
                watch = Watch(url, truth_of(scene, read_scene_document(written.folder), ready["start"]))
                _follow(asked, watch, hub, node, say)
        _sum_up(watch, written, asked, folder, say)


def _scene(asked: Demonstration, quarter: Quarter) -> Scene:
    if asked.sounds:
        return scene_of_recordings(
            quarter,
            asked.sounds,
            background=asked.background,
            snr=asked.snr,
            seed=asked.seed,
            count=asked.sensors,
        )
    if asked.background is not None or asked.snr is not None:
        raise LabError("a background and a ratio go with recordings", None, "Name them with --sound.")
    return SCENARIOS[asked.scenario](quarter, asked.seed, asked.sensors)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to work in: ``keep``, which must be new or empty, or a temporary one."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="clairvoie-demo-") as name:
            yield Path(name)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise LabError("the folder to keep is not empty", str(keep), "Name a new one.")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


@contextlib.contextmanager
def _told_to_stop() -> Iterator[None]:
    """SIGTERM ends the demonstration as Ctrl-C does; either is no error."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_where(asked: Demonstration, scene: Scene, url: str, folder: Path, say: Say) -> None:
    count = len(scene.microphones)
    say(f"\n  Desk        {url}\n  API         {url}/api/docs\n  Folder      {folder}{_fate(asked)}")
    if asked.sounds:
        say(f"  Sound       {len(asked.sounds)} recording(s) heard by {count} microphones, every {scene.seconds:.0f} s")
    else:
        say(f"  Sound       '{asked.scenario}', {count} microphones, every {scene.seconds:.0f} s; a window breaks soon")
    say("  Try         open the desk; take the incident (t) and close it (c); press ? for all keys")
    say("  Stop        Ctrl-C\n")
    if asked.opened is not None:
        asked.opened(url)


def _fate(asked: Demonstration) -> str:
    return " (kept)" if asked.keep is not None else " (deleted at the end; --keep DIR keeps it)"


def _follow(asked: Demonstration, watch: Watch, hub: Companion, node: Companion, say: Say) -> None:
    """Tell what comes until told to stop. An interruption here is the usual end."""
    began = told = time.monotonic()
    client = httpx.Client(timeout=10.0, trust_env=False)
    with contextlib.suppress(KeyboardInterrupt), client, open_page(watch.url):
        while asked.seconds is None or time.monotonic() - began < asked.seconds:
            for companion in (hub, node):
                companion.check()
            try:
                for incident in watch.ask(client):
                    say(incident_line(incident))
            except httpx.HTTPError as error:
                say(f"the hub did not answer ({error})")
            if time.monotonic() - told > FIGURES_SECONDS:
                told = time.monotonic()
                say(f"          {watch.figures()}")
                if watch.speaking == 0 or node.said("analyser ended") >= SUSPICIOUS_ENDS:
                    say(f"Microphones fail. {node.last_words()}")
            time.sleep(ASK_SECONDS)


def _sum_up(watch: Watch, written: Written, asked: Demonstration, folder: Path, say: Say) -> None:
    say(f"\nStopped. {len(watch.incidents)} incidents from {watch.detections} detections; {watch.figures()}.")
    if written.clipped:
        say(f"{written.clipped} samples were beyond full scale.")
    if asked.keep is not None:
        say(f"Kept in {folder}: sound/ (recordings, annotations, scene.json), settings, the hub's store, logs.")
