"""A fix as a drawing that needs no script: sensors, the ellipse, who heard it when, and a scale, in one SVG's numbers.

Flat over a town, north up. Pure functions of what the desk holds; the template only prints the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from clairvoie.boundary.fix import Fix
from clairvoie.boundary.sensor import Place

METRES_A_DEGREE = 111_320.0
WIDTH, HEIGHT, MARGIN = 480.0, 300.0, 44.0
SCALES = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)
CORNERS = 48


class PlanSensor(NamedTuple):
    """A sensor on the plan; ``used``: its arrival was thought right."""

    name: str
    x: float
    y: float
    used: bool


class FixPlan(NamedTuple):
    """An SVG ``width`` by ``height``: the source with its ellipse, sensors, and a bar of ``scale`` metres."""

    width: float
    height: float
    x: float
    y: float
    major: float
    minor: float
    turned: float
    sensors: tuple[PlanSensor, ...]
    scale: int
    bar: float


def plan_of(fix: Fix, places: Mapping[str, Place]) -> FixPlan:
    """The plan of a fix; ``places``: where sensors stand, those missing are left out."""
    parts = [
        (part.sensor, _metres(places[part.sensor], fix.place), part.used)
        for part in fix.arrivals
        if part.sensor in places
    ]
    xs = [0.0 - fix.major, fix.major, *(east for _, (east, _north), _used in parts)]
    ys = [0.0 - fix.major, fix.major, *(north for _, (_east, north), _used in parts)]
    zoom = min((WIDTH - 2 * MARGIN) / (max(xs) - min(xs)), (HEIGHT - 2 * MARGIN) / (max(ys) - min(ys)))
    left = (WIDTH - zoom * (max(xs) - min(xs))) / 2 - zoom * min(xs)
    top = (HEIGHT - zoom * (max(ys) - min(ys))) / 2 + zoom * max(ys)
    scale = max((metres for metres in SCALES if metres * zoom <= WIDTH / 4), default=SCALES[0])
    return FixPlan(
        width=WIDTH,
        height=HEIGHT,
        x=round(left, 1),
        y=round(top, 1),
        major=round(max(zoom * fix.major, 2.0), 1),
        minor=round(max(zoom * fix.minor, 2.0), 1),
        turned=round(fix.direction - 90, 1),
        sensors=tuple(
            PlanSensor(name, round(left + zoom * east, 1), round(top - zoom * north, 1), used)
            for name, (east, north), used in parts
        ),
        scale=scale,
        bar=round(scale * zoom, 1),
    )


def outline(fix: Fix) -> list[tuple[float, float]]:
    """The ellipse as latitudes and longitudes, for a map that draws polygons."""
    along, turn = METRES_A_DEGREE * math.cos(math.radians(fix.place.latitude)), math.radians(fix.direction)
    found = []
    for number in range(CORNERS):
        angle = 2 * math.pi * number / CORNERS
        far, near = fix.major * math.cos(angle), fix.minor * math.sin(angle)
        east = far * math.sin(turn) + near * math.cos(turn)
        north = far * math.cos(turn) - near * math.sin(turn)
        found.append((fix.place.latitude + north / METRES_A_DEGREE, fix.place.longitude + east / along))
    return found


def _metres(place: Place, origin: Place) -> tuple[float, float]:
    along = METRES_A_DEGREE * math.cos(math.radians(origin.latitude))
    return (place.longitude - origin.longitude) * along, (place.latitude - origin.latitude) * METRES_A_DEGREE
