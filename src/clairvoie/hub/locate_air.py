"""How long sound takes through moving air: still air at a temperature, carried by a wind that is the same everywhere.

A front that left ``source`` is a sphere of radius c·τ around ``source + wind·τ``; a sensor at ``r`` from the source
hears it at the positive root τ of |r − wind·τ| = c·τ. That is exact for uniform air, in every direction, and needs
no approximation of the "effective speed". Not in it: refraction by gradients of wind and temperature with height, ways
around houses, and the finite strength of the loudest bangs, whose front is faster near the source.

>>> round(Air(temperature=20.0).speed, 1)
343.2
>>> with_wind = Air(temperature=20.0, wind=(5.0, 0.0))
>>> east, west = (travel(np.array(side * 343.2), np.zeros(()), np.zeros(()), with_wind).seconds for side in (1, -1))
>>> round(float(east), 4), round(float(west), 4)
(0.9856, 1.0148)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clairvoie.errors import InvalidValue

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

REFERENCE_SPEED = 343.2
"""Metres a second in dry air at :data:`REFERENCE_KELVIN` (ISO 9613-1:1993, annex A)."""
REFERENCE_KELVIN = 293.15
ZERO_KELVIN = 273.15
STRONGEST_WIND = 60.0
NUISANCES = 3
"""What may be wrong about the air: its temperature, its wind to the east, its wind to the north."""


@dataclass(frozen=True, slots=True)
class Air:
    """Temperature in °C, the wind's velocity (metres a second to the east and to the north: where the air goes *to*),
    and the standard uncertainties of the temperature and of each of the wind's two components.

    The default is what one knows of a town without asking anybody: an error of it moves a fix by metres, and the
    ellipse says so. Humidity is left out: it changes the speed by less than 0.4 %, which is less than 2.3 °C do.
    """

    temperature: float = 15.0
    wind: tuple[float, float] = (0.0, 0.0)
    temperature_sigma: float = 8.0
    wind_sigma: float = 2.5

    def __post_init__(self) -> None:
        if not -50 <= self.temperature <= 60:
            raise InvalidValue("the temperature of the air is in °C, -50 to 60", self.temperature)
        if not all(math.isfinite(part) for part in self.wind) or math.hypot(*self.wind) > STRONGEST_WIND:
            raise InvalidValue(f"a wind has two components and at most {STRONGEST_WIND:.0f} m/s", self.wind)
        if not (0 <= self.temperature_sigma <= 50 and 0 <= self.wind_sigma <= 30):
            raise InvalidValue(
                "the uncertainties of temperature and wind are 0 to 50 °C and 0 to 30 m/s",
                (self.temperature_sigma, self.wind_sigma),
            )

    @property
    def speed(self) -> float:
        """Speed of sound in still air, metres a second (ISO 9613-1:1993, annex A)."""
        return REFERENCE_SPEED * math.sqrt((self.temperature + ZERO_KELVIN) / REFERENCE_KELVIN)

    @property
    def speed_sigma(self) -> float:
        """Standard uncertainty of :attr:`speed`, from that of the temperature."""
        return self.speed * self.temperature_sigma / (2 * (self.temperature + ZERO_KELVIN))

    @property
    def exact(self) -> bool:
        """Whether nothing about it is uncertain."""
        return self.temperature_sigma == 0 and self.wind_sigma == 0

    @property
    def relative_sigma(self) -> float:
        """Standard uncertainty of a travel time as a share of it, in the worst direction."""
        return math.hypot(self.speed_sigma, self.wind_sigma) / self.speed

    @property
    def slowest(self) -> float:
        """A speed that sound is very unlikely to fall below in any direction: three standard uncertainties are taken
        off."""
        return max(200.0, self.speed - math.hypot(*self.wind) - 3 * math.hypot(self.speed_sigma, self.wind_sigma))


class Travel(NamedTuple):
    """Travel times in seconds, and how each changes when the *sensor* moves a metre east or north (a source that moves
    does the opposite): the front's slowness there. ``pace`` is what both have in common with the change by speed."""

    seconds: Float
    east: Float
    north: Float
    pace: Float


def travel(x: Float, y: Float, z: Float, air: Air) -> Travel:
    """Travel along rays from source to sensor, in metres east, north and up, arrays of one shape."""
    speed, (east, north) = air.speed, air.wind
    square = x * x + y * y + z * z
    if east == 0.0 == north:
        length = np.sqrt(square)
        pace = 1.0 / (speed * np.maximum(length, 1e-6))
        return Travel(length / speed, x * pace, y * pace, pace)
    along = x * east + y * north
    rest = speed * speed - east * east - north * north
    seconds = (np.sqrt(along * along + rest * square) - along) / rest
    # From F = |r − wτ|² − c²τ² = 0 by implicit differentiation.
    bent_x, bent_y = x - east * seconds, y - north * seconds
    pace = 1.0 / np.maximum(bent_x * east + bent_y * north + speed * speed * seconds, 1e-6 * speed)
    return Travel(seconds, bent_x * pace, bent_y * pace, pace)


def nuisance(found: Travel, air: Air) -> Float:
    """How the travel times change with one standard uncertainty of each of :data:`NUISANCES`, seconds, shape (…, 3)."""
    slower = -air.speed * found.seconds * found.seconds * found.pace
    by_wind = -found.seconds * air.wind_sigma
    return np.stack((slower * air.speed_sigma, by_wind * found.east, by_wind * found.north), axis=-1)
