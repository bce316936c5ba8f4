"""What the demonstration tells while it runs: incidents as they come, and how long a sound takes to the desk.

Figures come from the hub's own API. *Sound to desk* is from the moment at which the sound reached the microphone,
known from the scene, to the moment at which the hub had stored the detection; only for kinds that one sound decides
(breaking glass, a bang), since an alarm is one only after ten seconds. Where the scene knows nothing, because a
person's own recording plays, the onset of the detection stands in for it, which the gate releases to 0.1 s.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from clairvoie.lab.annotation import labels_of
from clairvoie.lab.scene import Scene

DECIDED_AT_ONCE = frozenset({"glass-breaking", "impulse"})
EARLY, LATE = 0.5, 8.0
"""A detection belongs to a sound of the scene when its onset lies so many seconds before or after its arrival."""
PAGE_SECONDS = 3.0
"""The hub tells something every second, so the page notices by then that it is to close."""
LOOK_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Truth:
    """When which kinds of sound reach which microphone: POSIX ``start``, ``period`` of the loop, and
    ``(sensor, label, seconds after the start)``."""

    start: float
    period: float
    arrivals: tuple[tuple[str, str, float], ...] = ()

    def arrival(self, sensor: str, kind: str, onset: float) -> float | None:
        """The arrival that a detection of ``kind`` with this ``onset`` is about, if the scene knows one."""
        fitting: list[float] = []
        for who, label, at in self.arrivals:
            if (who, label) == (sensor, kind):
                turn = round((onset - self.start - at) / self.period)
                fitting.append(self.start + at + turn * self.period)
        near = [time for time in fitting if -EARLY <= onset - time <= LATE]
        return min(near, key=lambda time: abs(onset - time), default=None)


def truth_of(scene: Scene, document: dict[str, Any], start: float) -> Truth:
    """What the written scene tells about arrivals. Breaking glass may rightly be told as an impulse as well."""
    found: list[tuple[str, str, float]] = []
    for sensor, arrivals in document["arrivals"].items():
        for arrival in arrivals:
            kind = scene.emissions[int(arrival["source"])].kind
            labels = set(labels_of(kind, arrival["offset"] - arrival["onset"]))
            labels |= {"impulse"} if "glass-breaking" in labels else set()
            found += [(sensor, label, arrival["onset"]) for label in sorted(labels)]
    return Truth(start, scene.seconds, tuple(found))


@dataclass
class Watch:
    """Asks the hub again and again, and remembers what was seen."""

    url: str
    truth: Truth
    incidents: dict[int, dict[str, Any]] = field(default_factory=dict)
    sound_to_desk: list[float] = field(default_factory=list)
    ways: dict[str, dict[str, Any]] = field(default_factory=dict)
    detections: int = 0
    speaking: int = 0
    """Microphones that the hub has heard lately."""
    _known: set[tuple[str, int]] = field(default_factory=set)

    def ask(self, client: httpx.Client) -> list[dict[str, Any]]:
        """Ask once; the incidents that are new."""
        incidents = self._get(client, "/api/v1/incidents", {"limit": "50"})["incidents"]
        new = [incident for incident in incidents if incident["id"] not in self.incidents]
        self.incidents |= {incident["id"]: incident for incident in incidents}
        now = datetime.now(UTC)
        window = {"start": now - LOOK_BACK, "end": now + timedelta(minutes=1)}
        asked = {"from": window["start"].isoformat(), "to": window["end"].isoformat()}
        for detection in self._get(client, "/api/v1/detections", asked)["detections"]:
            self._note(detection)
        sensors = self._get(client, "/api/v1/sensors", {})["sensors"]
        self.speaking = sum(not sensor["silent"] for sensor in sensors)
        self.ways = {way["way"]: way for way in self._get(client, "/api/v1/latency", {})["ways"]}
        return sorted(new, key=lambda incident: int(incident["id"]))

    def _get(self, client: httpx.Client, path: str, asked: dict[str, str]) -> dict[str, Any]:
        answer = client.get(self.url + path, params=asked)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _note(self, detection: dict[str, Any]) -> None:
        name = (detection["sensor"], detection["identifier"])
        if name in self._known:
            return
        self._known.add(name)
        self.detections += 1
        if detection["kind"] not in DECIDED_AT_ONCE:
            return
        onset, received = (datetime.fromisoformat(detection[key]).timestamp() for key in ("onset", "received"))
        arrived = self.truth.arrival(detection["sensor"], detection["kind"], onset)
        self.sound_to_desk.append(received - (onset if arrived is None else arrived))

    def figures(self) -> str:
        """Both latencies in one line."""
        tick = self.ways.get("tick-to-desk", {})
        return (
            f"gate tick to desk {_seconds(tick.get('p50'))} / {_seconds(tick.get('p99'))}, "
            f"sound to desk {_seconds(quantile(self.sound_to_desk, 0.5))} / "
            f"{_seconds(quantile(self.sound_to_desk, 0.99))} (p50 / p99)"
        )


@contextmanager
def open_page(url: str) -> Iterator[None]:
    """Follow the desk's own stream of changes as an open page does, so that the hub can time itself to a desk."""
    closing = threading.Event()

    def follow() -> None:
        # A page reconnects after a broken line; this one only serves a figure and gives up quietly when the hub stops.
        with suppress(httpx.HTTPError), httpx.stream("GET", url + "/events", timeout=None, trust_env=False) as stream:
            for _ in stream.iter_lines():
                if closing.is_set():
                    return

    page = threading.Thread(target=follow, name="open page", daemon=True)
    page.start()
    try:
        yield
    finally:
        closing.set()
        page.join(PAGE_SECONDS)


def quantile(values: list[float], share: float) -> float | None:
    """The nearest-rank quantile, ``None`` of nothing.

    >>> quantile([3.0, 1.0, 2.0], 0.5), quantile([], 0.99)
    (2.0, None)
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def incident_line(incident: dict[str, Any]) -> str:
    """One incident in a line: when, what, where, how many sensors, how sure."""
    when = datetime.fromisoformat(incident["onset"]).astimezone().strftime("%H:%M:%S")
    words = incident["place"]["words"] or f"within {incident['radius']:.0f} m"
    count = len(incident["sensors"])
    sure = f"{100 * incident['confidence']:.0f} %"
    heard = f"{count} microphone{'s' if count > 1 else ''}"
    return f"{when}  {incident['kind']:<15}  {words}  ({heard}, {sure}, {incident['state']})"
