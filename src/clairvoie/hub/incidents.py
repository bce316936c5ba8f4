"""What belongs together: pure rules from detections to incidents, facts in, effects out.

A begin joins an incident of its kind and mode that nobody has closed, if it was heard near one of its detections in
place and time, the travel time of sound between the two sensors included; otherwise it opens one. What is on
``trial`` neither opens nor joins. A bang alone (``impulse``) opens nothing: its cause is not told apart; it may support
an incident that another kind opened. What bangs that four sensors heard together may open is decided in
:mod:`clairvoie.hub.bangs`. ``live`` and ``exercise`` never meet.

The position of an incident is **not a location**: it is the mean of the sensors' places, weighted by sound pressure,
with the radius of the circle around it that holds the sensors. The source may lie outside that circle. Where bangs
were located, the incident has a fix beside its position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.sensor import Place
from clairvoie.hub.locate_air import Air

SOUND_METRES_PER_SECOND = 340.0
EARTH_METRES = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
LEAST_RADIUS = 75.0
"""Metres; the radius shown when one sensor alone heard something. A convention of the display, not a measurement."""


UNASKED = Air()
"""The air of a town that nobody asked about."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How near is near: ``seconds`` beyond the travel time of sound, ``metres`` between sensors; and the ``air``
    through which bangs are located."""

    seconds: float = 5.0
    metres: float = 300.0
    air: Air = UNASKED

    @property
    def window(self) -> float:
        """Detections further apart than this, in seconds, never belong together."""
        return self.seconds + self.metres / SOUND_METRES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Heard:
    """A detection with the place of its sensor; ``incident`` is what it belongs to, if anything."""

    detection: int
    sensor: str
    place: Place
    kind: HazardKind
    mode: Mode
    onset: float
    level: float | None
    confidence: float | None
    incident: int | None = None
    sigma: float | None = None
    """Standard uncertainty of ``onset`` in seconds, ``None`` when it is not known."""


@dataclass(frozen=True, slots=True)
class Join:
    """The new detection belongs to this incident."""

    incident: int


@dataclass(frozen=True, slots=True)
class Open:
    """The new detection opens an incident, and these bangs support it."""

    supporting: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What an incident says of itself, from all of its detections."""

    onset: float
    last_onset: float
    place: Place
    radius: float
    confidence: float


def decide(new: Heard, nearby: Sequence[Heard], rule: Grouping) -> Join | Open | None:
    """What becomes of a begin. ``nearby``: detections within the window that are free or in an unclosed incident."""
    if new.mode is Mode.TRIAL:
        return None
    together = [other for other in nearby if other.mode is new.mode and belong_together(new, other, rule)]
    supports = new.kind is HazardKind.IMPULSE
    joinable = [o for o in together if o.incident is not None and (supports or o.kind is new.kind)]
    if joinable:
        nearest = min(joinable, key=lambda o: (abs(o.onset - new.onset), o.incident))
        return Join(nearest.incident) if nearest.incident is not None else None
    if supports:
        return None
    return Open(tuple(o for o in together if o.incident is None and o.kind is HazardKind.IMPULSE))


def belong_together(one: Heard, other: Heard, rule: Grouping) -> bool:
    """Whether one sound could have been heard as both: near in place, and in time allowing for its travel."""
    metres = distance(one.place, other.place)
    return metres <= rule.metres and abs(one.onset - other.onset) <= rule.seconds + metres / SOUND_METRES_PER_SECOND


def summarise(kind: HazardKind, heard: Sequence[Heard]) -> Summary:
    """What an incident of ``kind`` says, from all of its detections (at least one).

    Confidence is the greatest of the detections of its kind: combining them would suppose that they err
    independently, which nobody has shown.
    """
    own = [h for h in heard if h.kind is kind] or list(heard)
    place, radius = position(own)
    return Summary(
        onset=min(h.onset for h in own),
        last_onset=max(h.onset for h in own),
        place=place,
        radius=radius,
        confidence=max((h.confidence or 0.0) for h in own),
    )


def position(heard: Sequence[Heard]) -> tuple[Place, float]:
    """The pressure-weighted mean of the sensors' places, and the radius in metres that holds these sensors.

    Not a location: see the docstring of this module. The words are those of the sensor that heard it loudest. A
    level that is not known counts as 30 dB below the loudest.
    """
    loudest: dict[str, Heard] = {}
    for one in heard:
        before = loudest.get(one.sensor)
        if before is None or (one.level or 0.0) > (before.level or 0.0):
            loudest[one.sensor] = one
    ranked = sorted(loudest.values(), key=lambda h: (-(h.level or 0.0), h.onset, h.sensor))
    top = ranked[0].level or 0.0
    weights = [10 ** (((top - 30.0 if h.level is None else h.level) - top) / 20) for h in ranked]
    total = math.fsum(weights)

    def mean(values: list[float]) -> float:
        return math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total

    place = Place(
        latitude=mean([h.place.latitude for h in ranked]),
        longitude=mean([h.place.longitude for h in ranked]),
        height=0.0,
        words=ranked[0].place.words,
    )
    return place, max(LEAST_RADIUS, *(distance(place, h.place) for h in ranked))


def distance(one: Place, other: Place) -> float:
    """Metres between two places along the ground, on a sphere (haversine): within 0.6 % of the ellipsoid.

    >>> round(distance(Place(latitude=48.0, longitude=2.0), Place(latitude=48.001, longitude=2.0)), 1)
    111.2
    """
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    half = math.sin((north - south) / 2) ** 2
    east = math.sin(math.radians(one.longitude - other.longitude) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, half + math.cos(north) * math.cos(south) * east)))
