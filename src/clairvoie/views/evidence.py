"""Why an incident is believed, as far as the desk can say it: who heard it, who did not, and how loud it was around.

Pure functions of what the desk holds. "Did not hear" is claimed only of sensors whose record of that very minute is
stored; a sensor of which nothing is known proves nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from clairvoie.boundary.incident import Incident
from clairvoie.boundary.reading import Desk, MinuteRow
from clairvoie.boundary.sensor import Place

METRES_A_DEGREE = 111_320.0
NEAR_METRES = 400.0
NEAR_COUNT = 12
TEN_SECONDS = 10
AROUND_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """``spread``: seconds from the first sensor's onset to the last's. ``unmoved``: sensors near by that had a record

    of that minute and no detection of the kind in it.
    """

    heard: tuple[str, ...]
    spread: float
    unmoved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelAround:
    """LAeq of the ten seconds from ``start``; ``during`` when the onset lies in them."""

    start: int
    laeq: float | None
    during: bool


def metres_between(first: Place, second: Place) -> float:
    """Distance over the ground in metres, flat over a town (error below 0.5 % within 10 km)."""
    east = (second.longitude - first.longitude) * math.cos(math.radians((first.latitude + second.latitude) / 2))
    return math.hypot(east, second.latitude - first.latitude) * METRES_A_DEGREE


def evidence(desk: Desk, incident: Incident) -> Evidence:
    """Who heard it and who near by did not."""
    heard = incident.sensors
    onsets = [detection.onset for detection in incident.detections]
    others = sorted(
        (metres_between(incident.place, status.sensor.place), status.sensor.id)
        for status in desk.sensors()
        if status.sensor.id not in heard
    )
    near = [name for metres, name in others if metres <= NEAR_METRES][:NEAR_COUNT]
    minute = math.floor(incident.onset / 60) * 60
    unmoved = tuple(
        name
        for name in near
        if any(m.minute == minute and m.millibits is not None for m in desk.said_by_minute(name, minute, minute + 60))
        and not any(d.kind == incident.kind for d in desk.detections(start=minute, end=minute + 60, sensor=name))
    )
    return Evidence(heard=heard, spread=max(onsets) - min(onsets) if onsets else 0.0, unmoved=unmoved)


def levels_around(rows: tuple[MinuteRow, ...], onset: float) -> tuple[LevelAround, ...]:
    """The ten-second levels from a minute before the onset to a minute after, missing ones included as ``None``."""
    known = {row.minute + TEN_SECONDS * i: level for row in rows for i, level in enumerate(row.tens)}
    first = math.floor((onset - AROUND_SECONDS) / TEN_SECONDS) * TEN_SECONDS
    last = math.floor((onset + AROUND_SECONDS) / TEN_SECONDS) * TEN_SECONDS
    return tuple(
        LevelAround(start=start, laeq=known.get(start), during=start <= onset < start + TEN_SECONDS)
        for start in range(first, last + 1, TEN_SECONDS)
    )
