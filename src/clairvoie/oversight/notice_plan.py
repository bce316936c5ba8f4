"""A small drawn map for the notice: the polygon, sensors and, where they are given, streets and buildings. Pure SVG.

Coordinates are projected on the plane that touches the middle of the polygon; north is up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from clairvoie.boundary.polygon import Point, inside
from clairvoie.errors import InvalidValue
from clairvoie.oversight.authorisations import METRES_PER_DEGREE

WIDTH = 680.0
MARGIN = 28.0
SCALES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)


class Shape(NamedTuple):
    """A line or an area of the given map: what it is, and its corners."""

    kind: str
    closed: bool
    corners: tuple[Point, ...]


class Mark(NamedTuple):
    """A sensor on the drawing; ``within`` the polygon or not. Its name is written at ``text_x``, ``text_y``."""

    name: str
    x: float
    y: float
    within: bool
    text_x: float
    text_y: float
    anchor: str


class Plan(NamedTuple):
    """A drawing: sizes in units of the drawing, paths as SVG path data, ``scale`` in metres and in units."""

    width: float
    height: float
    areas: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    polygon: str
    marks: tuple[Mark, ...]
    scale_metres: int
    scale_units: float


def streets_of(data: bytes) -> tuple[Shape, ...]:
    """Lines and areas of a GeoJSON; a feature's ``kind`` (street, building, water, green) chooses how it is drawn."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidValue("not GeoJSON", str(error)) from error
    try:
        return tuple(_shapes(found, ""))
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise InvalidValue("not GeoJSON", str(error)) from error


def _shapes(node: dict[str, Any], kind: str) -> Iterator[Shape]:
    if node["type"] == "FeatureCollection" if "type" in node else False:
        for feature in node["features"]:
            yield from _shapes(feature, kind)
        return
    if node.get("type") == "Feature":
        properties = node.get("properties") or {}
        if node.get("geometry"):
            yield from _shapes(node["geometry"], str(properties.get("kind", "")))
        return
    coordinates = node.get("coordinates") or []
    forms = {"LineString": [coordinates], "MultiLineString": coordinates}
    for line in forms.get(str(node.get("type")), []):
        yield Shape(kind, False, _corners(line))
    areas = {"Polygon": [coordinates], "MultiPolygon": coordinates}
    for rings in areas.get(str(node.get("type")), []):
        yield Shape(kind, True, _corners(rings[0]))


def _corners(line: list[list[float]]) -> tuple[Point, ...]:
    return tuple((float(corner[1]), float(corner[0])) for corner in line)


def plan(polygon: Sequence[Point], streets: Sequence[Shape], sensors: Mapping[str, Point]) -> Plan:
    """The drawing of a polygon with what lies around it."""
    middle = (_mean([p[0] for p in polygon]), _mean([p[1] for p in polygon]))
    east = METRES_PER_DEGREE * math.cos(math.radians(middle[0]))

    def metres(point: Point) -> tuple[float, float]:
        return (point[1] - middle[1]) * east, -(point[0] - middle[0]) * METRES_PER_DEGREE

    shown = [metres(point) for point in (*polygon, *sensors.values())]
    left, right = min(x for x, _ in shown), max(x for x, _ in shown)
    top, bottom = min(y for _, y in shown), max(y for _, y in shown)
    units = (WIDTH - 2 * MARGIN) / max(right - left, (bottom - top) * 2.0, 1.0)
    width, height = WIDTH, (bottom - top) * units + 2 * MARGIN
    shift = (width - (right - left) * units) / 2

    def place(point: Point) -> tuple[float, float]:
        x, y = metres(point)
        return round((x - left) * units + shift, 1), round((y - top) * units + MARGIN, 1)

    def path(corners: Sequence[Point], closed: bool) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in map(place, corners)) + ("Z" if closed else "")

    drawn = [(one, path(one.corners, one.closed)) for one in streets if len(one.corners) > 1]
    metres_shown = max((m for m in SCALES if m * units <= WIDTH / 4), default=SCALES[0])
    return Plan(
        width=width,
        height=round(height, 1),
        areas=tuple((one.kind, d) for one, d in drawn if one.closed),
        lines=tuple((one.kind, d) for one, d in drawn if not one.closed),
        polygon=path(polygon, closed=True),
        marks=_marks({name: place(at) for name, at in sensors.items()}, polygon, sensors),
        scale_metres=metres_shown,
        scale_units=round(metres_shown * units, 1),
    )


def _marks(
    places: Mapping[str, tuple[float, float]], polygon: Sequence[Point], sensors: Mapping[str, Point]
) -> tuple[Mark, ...]:
    """Sensors with their names beside them: on the first side where a name covers no sensor and no other name.

    Where there is none, because sensors stand too close, names do overlap; the list of sensors has them all.
    """
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in places.values()]
    found = []
    for name, (x, y) in places.items():
        own = (x - 7, y - 7, x + 7, y + 7)
        boxes = {side: _box(name, x, y, side) for side in ("start", "end", "middle", "under")}
        free = (s for s, box in boxes.items() if not any(_overlap(box, t) for t in taken if t != own) and _shown(box))
        side = next(free, "start")
        taken.append(boxes[side])
        left, _, right, bottom = boxes[side]
        anchor = "middle" if side == "under" else side
        text_x = {"start": left, "end": right, "middle": (left + right) / 2}[anchor]
        found.append(Mark(name, x, y, inside(polygon, sensors[name]), round(text_x, 1), round(bottom - 3, 1), anchor))
    return tuple(found)


Box = tuple[float, float, float, float]


def _box(name: str, x: float, y: float, side: str) -> Box:
    """Left, top, right and bottom of a name at a mark; letters are about 7 units wide."""
    wide = 7.0 * len(name)
    left, middle = {"start": (x + 10, y), "end": (x - 10 - wide, y)}.get(
        side, (x - wide / 2, y - 15 if side == "middle" else y + 16)
    )
    return left, middle - 8, left + wide, middle + 8


def _shown(box: Box) -> bool:
    return box[0] > 0 and box[2] < WIDTH and box[1] > 0


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _mean(values: list[float]) -> float:
    return (min(values) + max(values)) / 2
