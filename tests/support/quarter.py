"""An invented quarter: six microphones, streets, buildings, a square and a canal, as GeoJSON."""

from __future__ import annotations

import math
from typing import Any

from clairvoie.boundary.sensor import Place, Sensor, SensorKind

LATITUDE, LONGITUDE = 47.9025, 1.9045
METRES_A_DEGREE = 111_320.0


def at(east: float, north: float) -> tuple[float, float]:
    """Longitude and latitude of a point ``east`` and ``north`` metres of the quarter's middle."""
    return (
        LONGITUDE + east / (METRES_A_DEGREE * math.cos(math.radians(LATITUDE))),
        LATITUDE + north / METRES_A_DEGREE,
    )


def place(east: float, north: float, words: str) -> Place:
    longitude, latitude = at(east, north)
    return Place(latitude=latitude, longitude=longitude, height=4.0, words=words)


SENSORS = tuple(
    Sensor(id=name, node=node, kind=SensorKind.MICROPHONE, place=place(east, north, words), simulated=True)
    for name, node, east, north, words in (
        ("mic-ecluse", "node-1", -150, 60, "quai de l’Écluse, devant le no 3"),
        ("mic-fontaine", "node-1", -20, 95, "place de la Fontaine"),
        ("mic-halles", "node-1", 130, 80, "rue des Halles, angle de la rue Haute"),
        ("mic-lavoir", "node-2", -120, -70, "passage du Lavoir"),
        ("mic-marche", "node-2", 10, -55, "rue de la Claire-Voie, près du no 12"),
        ("mic-remparts", "node-2", 150, -80, "boulevard des Remparts, devant le no 40"),
    )
)


def feature(kind: str, geometry: str, points: list[tuple[float, float]], name: str = "") -> dict[str, Any]:
    coordinates: list[Any] = [list(at(east, north)) for east, north in points]
    return {
        "type": "Feature",
        "properties": {"kind": kind, "name": name},
        "geometry": {"type": geometry, "coordinates": [coordinates] if geometry == "Polygon" else coordinates},
    }


def block(x: float, y: float, width: float, depth: float) -> dict[str, Any]:
    corners = [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth), (x, y)]
    return feature("building", "Polygon", corners)


QUARTER: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        feature("water", "Polygon", [(-260, 150), (260, 175), (260, 215), (-260, 190), (-260, 150)], "le Canal"),
        feature("green", "Polygon", [(-60, 70), (25, 70), (25, 118), (-60, 118), (-60, 70)], "place de la Fontaine"),
        *[block(x, y, 46, 30) for x in (-235, -180) for y in (-40, 5)],
        *[block(x, y, 38, 34) for x in (-95, -50, 35, 80) for y in (-35, 10)],
        *[block(x, y, 44, 30) for x in (-235, -180, -90, -40, 30, 85, 175) for y in (-105, -150)],
        *[block(x, 95, 34, 34) for x in (-235, -195, -120, 50, 90, 165, 205)],
        *[block(x, y, 38, 34) for x in (160, 205) for y in (-35, 10)],
        feature("street", "LineString", [(-260, -62), (260, -62)], "rue de la Claire-Voie"),
        feature("street", "LineString", [(-260, 60), (260, 60)], "quai de l’Écluse"),
        feature("street", "LineString", [(-112, -180), (-112, 150)], "passage du Lavoir"),
        feature("street", "LineString", [(18, -180), (18, 70)], "rue du Puits"),
        feature("street", "LineString", [(142, -180), (142, 160)], "rue des Halles"),
    ],
}
