"""Degrees to metres and back, around one point: the plane in which sounds are located.

Places become metres east and north of an origin on the WGS 84 ellipsoid (pymap3d's local tangent plane). Heights are
taken over from the places as they are: above the ground, which is thought flat. Over a kilometre the plane parts from
the ground by 8 cm; a hill between two sensors is an error that no uncertainty here covers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pymap3d

from clairvoie.boundary.sensor import Place


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane that touches the ellipsoid at ``latitude`` and ``longitude``, in degrees."""

    latitude: float
    longitude: float

    @classmethod
    def around(cls, places: Iterable[Place]) -> Plane:
        """A plane at the first of ``places`` by latitude and longitude, so that their order does not matter."""
        first = min(places, key=lambda place: (place.latitude, place.longitude))
        return cls(first.latitude, first.longitude)

    def metres(self, place: Place) -> tuple[float, float, float]:
        """East and north of the origin, and the height above the ground.

        >>> east, north, up = Plane(48.0, 2.0).metres(Place(latitude=48.001, longitude=2.0, height=4.0))
        >>> abs(east) < 1e-6, round(north, 1), up
        (True, 111.2, 4.0)
        """
        east, north, _ = pymap3d.geodetic2enu(place.latitude, place.longitude, 0, self.latitude, self.longitude, 0)
        return float(east), float(north), place.height

    def place(self, east: float, north: float, height: float, words: str = "") -> Place:
        """The place at so many metres east and north."""
        latitude, longitude, _ = pymap3d.enu2geodetic(east, north, 0, self.latitude, self.longitude, 0)
        return Place(latitude=float(latitude), longitude=float(longitude), height=height, words=words)
