"""The invented quarter: streets, houses, a park, a river, and eight lamp posts with microphones.

It lies in the open Atlantic, at 46.5° N 5.0° W, so that nobody takes it for a street that exists; its clock is that of
``Europe/Paris``. Scenes are computed in metres east, north and up of that origin.

>>> quarter = read_quarter()
>>> len(quarter.microphones), quarter.microphones[0].place.words
(8, 'rue de la Claire-Voie, no 12')
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pymap3d
import shapely

from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.errors import LabError
from clairvoie.lab.propagation import Point, Surroundings

TIME_ZONE = "Europe/Paris"
NAME = "Quartier de la Claire-Voie"


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter: its GeoJSON as it is, its origin in degrees, its microphones, and what reflects and shields sound."""

    geojson: dict[str, Any]
    latitude: float
    longitude: float
    microphones: tuple[Sensor, ...]
    surroundings: Surroundings
    streets: tuple[shapely.LineString, ...] = ()

    def draw_street_point(self, generator: np.random.Generator) -> tuple[float, float]:
        """A point in the middle of a street, in metres; every metre of street is equally likely."""
        lengths = np.array([street.length for street in self.streets])
        street = self.streets[int(generator.choice(lengths.size, p=lengths / lengths.sum()))]
        point = street.interpolate(float(generator.uniform(0.05, 0.95)), normalized=True)
        return (float(point.x), float(point.y))

    def metres(self, place: Place) -> Point:
        """``place`` in metres east and north of the origin; its height stays the height above the ground."""
        east, north, _ = pymap3d.geodetic2enu(place.latitude, place.longitude, 0, self.latitude, self.longitude, 0)
        return (float(east), float(north), place.height)

    def place(self, point: Point, words: str = "") -> Place:
        """The WGS 84 place of a ``point`` in metres."""
        latitude, longitude, _ = pymap3d.enu2geodetic(point[0], point[1], 0, self.latitude, self.longitude, 0)
        return Place(latitude=float(latitude), longitude=float(longitude), height=point[2], words=words)


def read_quarter(node: str = "quarter") -> Quarter:
    """The quarter in the package; its microphones are simulated and speak through ``node``."""
    text = resources.files("clairvoie.lab").joinpath("assets", "quarter.geojson").read_text(encoding="utf-8")
    return _quarter(json.loads(text), node)


def read_quarter_file(path: Path, node: str = "quarter") -> Quarter:
    """A quarter of your own: GeoJSON with an ``origin``, buildings with ``height``, lamp posts with ``sensor``."""
    try:
        return _quarter(json.loads(path.read_text(encoding="utf-8")), node)
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise LabError(f"the map cannot be read ({error})", str(path), "See lab/assets/quarter.geojson.") from error


def _quarter(document: dict[str, Any], node: str) -> Quarter:
    latitude, longitude = document["origin"]["latitude"], document["origin"]["longitude"]
    sensors: list[Sensor] = []
    buildings: list[shapely.Polygon] = []
    heights: list[float] = []
    streets: list[shapely.LineString] = []
    for feature in document["features"]:
        properties, shape = feature["properties"], feature["geometry"]
        if properties["kind"] == "building":
            buildings.append(shapely.Polygon(_flat(shape["coordinates"][0], latitude, longitude)))
            heights.append(float(properties["height"]))
        elif properties["kind"] == "street":
            streets.append(shapely.LineString(_flat(shape["coordinates"], latitude, longitude)))
        elif properties["kind"] == "lamp-post":
            east, north = shape["coordinates"]
            place = Place(latitude=north, longitude=east, height=properties["height"], words=properties["name"])
            sensors.append(
                Sensor(id=properties["sensor"], node=node, kind=SensorKind.MICROPHONE, place=place, simulated=True)
            )
    around = Surroundings(tuple(buildings), tuple(heights))
    return Quarter(document, latitude, longitude, tuple(sensors), around, tuple(streets))


def _flat(line: list[list[float]], latitude: float, longitude: float) -> list[tuple[float, float]]:
    corners = (pymap3d.geodetic2enu(north, east, 0, latitude, longitude, 0) for east, north in line)
    return [(float(east), float(north)) for east, north, _ in corners]
