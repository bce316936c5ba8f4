"""A sensor as the rest of the system knows it: a name, a kind, a place, and who speaks for it."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from clairvoie.errors import InvalidValue

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def check_name(what: str, value: str) -> str:
    """A name that may appear on the wire, in a path and on a street sign: a-z, 0-9 and inner hyphens, 40 at most."""
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise InvalidValue(f"a {what} is named with a-z, 0-9 and inner hyphens, 40 at most", value)
    return value


class SensorKind(StrEnum):
    """One microphone or one camera."""

    MICROPHONE = "microphone"
    CAMERA = "camera"


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something stands: WGS 84 degrees, metres above ground, and words a person would use."""

    latitude: float
    longitude: float
    height: float = 4.0
    words: str = ""

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise InvalidValue("a place has a latitude and a longitude in degrees", (self.latitude, self.longitude))
        if not -100 <= self.height <= 500:
            raise InvalidValue("a sensor's height is in metres above the ground", self.height)


class Sensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One enrolled sensor. ``simulated`` is shown wherever the sensor is shown."""

    id: str
    node: str
    kind: SensorKind
    place: Place
    simulated: bool = False

    def __post_init__(self) -> None:
        check_name("sensor", self.id)
        check_name("node", self.node)
