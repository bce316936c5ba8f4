"""What each threshold gives: how many sounds are found, and how many false alarms in how many hours of recordings.

Hits are counted in scenes, one for each sound; false alarms in recordings as they are, each heard once. The point at
most one false alarm an hour is read off the very recordings it is measured on: it compares recognisers, and promises
nothing for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from clairvoie.boundary.hazards import SOUND_HAZARDS
from clairvoie.lab.detection_scores import ScoreTable
from clairvoie.lab.exposure import FalseAlarms
from clairvoie.lab.listeners import Begin, Listener

GRID = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93,
        0.95, 0.97, 0.98, 0.99, 0.995, 0.998)  # fmt: skip
SOURCE_GRID = GRID[1::2]
"""Sources get half of the thresholds, for time."""
MOST_AN_HOUR = 1.0
BEFORE, AFTER = 0.5, 1.0
"""Seconds by which a detection may come before a sound or after its end and still be of it."""


class HeardScene(NamedTuple):
    """Scores of a scene, its ratio, and where each kind sounds in it: ``(kind, onset, offset)``."""

    ratio: float
    table: ScoreTable
    sounding: tuple[tuple[str, float, float], ...]


class HeardRecording(NamedTuple):
    """Scores of a recording as it is: what it is, of which sort, how long, and the kinds that may sound in it."""

    label: str
    sort: str
    hours: float
    table: ScoreTable
    possible: frozenset[str]


class Point(Struct, frozen=True):
    """At ``threshold``: hits by ratio, and false alarms in all recordings that do not hold the kind."""

    threshold: float
    hits: dict[str, int]
    false: int


class Curve(Struct, frozen=True):
    """All points of one kind: how many sounds there are by ratio, and in how many hours false alarms were counted."""

    of: dict[str, int]
    hours: float
    points: tuple[Point, ...]
    in_use: Point

    @property
    def best(self) -> Point | None:
        """The point of most hits with at most one false alarm an hour; ``None`` if there is no such point."""
        allowed = [p for p in self.points if p.false <= MOST_AN_HOUR * self.hours]
        return max(allowed, key=lambda p: (sum(p.hits.values()), p.threshold), default=None)

    def alarms(self, point: Point) -> FalseAlarms:
        """The false alarms of a point with their interval."""
        return FalseAlarms.of(point.false, self.hours)


def curve(listener: Listener, kind: str, scenes: Sequence[HeardScene], recordings: Sequence[HeardRecording]) -> Curve:
    """Every point of one kind for one recogniser."""
    of: dict[str, int] = {}
    for scene in scenes:
        of[ratio_key(scene.ratio)] = of.get(ratio_key(scene.ratio), 0) + sum(s[0] == kind for s in scene.sounding)
    against = [recording for recording in recordings if kind not in recording.possible]

    def point(enter: float | None) -> Point:
        hits = dict.fromkeys(of, 0)
        for scene in scenes:
            if any(s[0] == kind for s in scene.sounding):
                begins = listener.begins(kind, scene.table, enter)
                hits[ratio_key(scene.ratio)] += sum(found(begins, s[1], s[2]) for s in scene.sounding if s[0] == kind)
        false = sum(len(listener.begins(kind, recording.table, enter)) for recording in against)
        return Point(round(listener.threshold(kind) if enter is None else enter, 4), hits, false)

    hours = sum(recording.hours for recording in against)
    grid = GRID if kind in SOUND_HAZARDS else SOURCE_GRID
    return Curve(of, round(hours, 5), tuple(point(enter) for enter in grid), point(None))


def ratio_key(ratio: float) -> str:
    """A ratio as a key of the results."""
    return f"{ratio:.0f}"


def found(begins: Iterable[Begin], onset: float, offset: float) -> bool:
    """Whether one of these begins with the sound that lasts from ``onset`` to ``offset``.

    >>> found([Begin(3.9, 1.0)], 4.0, 6.0), found([Begin(7.5, 1.0)], 4.0, 6.0)
    (True, False)
    """
    return any(onset - BEFORE <= begin.onset <= offset + AFTER for begin in begins)


def set_off_by(
    listener: Listener, kind: str, scene: HeardScene, labels: Sequence[tuple[str, float, float]], background: str
) -> list[str]:
    """What sounded where ``kind`` was said and is not: labels of the scene's sounds, or its background."""
    own = [s for s in scene.sounding if s[0] == kind]
    causes = []
    for begin in listener.begins(kind, scene.table):
        if any(found([begin], onset, offset) for _, onset, offset in own):
            continue
        near = [label for label, onset, offset in labels if found([begin], onset, offset)]
        causes.append(near[0] if near else f"background:{background}")
    return causes


def ticks_with(scene: HeardScene, kind: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows of the scene's table lie mostly within a sound of this kind."""
    edges = scene.table.edges
    middle = (edges[1:] + edges[:-1]) / 2
    inside = np.zeros(middle.size, dtype=np.bool_)
    for name, onset, offset in scene.sounding:
        if name == kind:
            inside |= (middle >= onset) & (middle < offset)
    return inside
