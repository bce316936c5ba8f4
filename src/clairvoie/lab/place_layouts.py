"""Layouts on which fixes are measured: sensors drawn evenly over a square, a source among them, and arrival times.

Sensors stand 4 m high, the source 1.5 m. The source is drawn evenly from the hull of the sensors. A wrong arrival is
right in nothing but its sensor: evenly within half a second of when the sound arrived. A late one arrives later than
the sound by an exponential delay, as the first echo does where a house hides the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import ConvexHull

from clairvoie.hub.locate_air import Air, Bool, Float, nuisance, travel
from clairvoie.hub.locate_arrivals import Arrivals

SIDE = 600.0
SENSOR_HEIGHT, SOURCE_HEIGHT = 4.0, 1.5
WRONG_SECONDS = 0.5
ECHO_SECONDS = 0.030
ECHO_SHARE = 0.3
AIRS = 40


@dataclass(frozen=True, slots=True)
class Layouts:
    """Layouts with what their sensors would report, and the best that anybody could make of the right ones.

    ``sources``: (rows, 2) metres; ``bad``: (rows, n), wrong or late arrivals; ``bound``: (rows) metres, the
    Cramér–Rao bound on the RMS error of a place from the arrivals that are not ``bad``, the air's uncertainty included.
    """

    arrivals: Arrivals
    sources: Float
    bad: Bool
    bound: Float


KNOWN_AIR = Air(20.0, temperature_sigma=0.0, wind_sigma=0.0)


@dataclass(frozen=True, slots=True)
class Case:
    """What is drawn: so many sensors, σ of arrivals in seconds, how many are wrong, and whether some come late. ``air``
    is what there is, ``told`` what the fix is told of it."""

    sensors: int
    sigma: float
    wrong: int = 0
    late: bool = False
    air: Air = KNOWN_AIR
    told: Air = KNOWN_AIR


def draw_layouts(case: Case, rows: int, seed: int) -> Layouts:
    """``rows`` layouts of ``case``; the same seed draws the same."""
    generator = np.random.default_rng([seed, case.sensors, case.wrong, round(case.sigma * 1e6), int(case.late)])
    places = np.full((rows, case.sensors, 3), SENSOR_HEIGHT)
    places[..., :2] = generator.uniform(0, SIDE, (rows, case.sensors, 2))
    sources = np.array([_among(places[row, :, :2], generator) for row in range(rows)])
    gap = places[..., :2] - sources[:, None]
    found = travel(gap[..., 0], gap[..., 1], places[..., 2] - SOURCE_HEIGHT, case.air)
    shape = (rows, case.sensors)
    noise = generator.normal(0, case.sigma, shape)
    wrong = np.argsort(generator.random(shape), axis=-1) < case.wrong
    noise = np.where(wrong, generator.uniform(-WRONG_SECONDS, WRONG_SECONDS, shape), noise)
    late = generator.random(shape) < (ECHO_SHARE if case.late else 0.0)
    noise = noise + np.where(late, generator.exponential(ECHO_SECONDS, shape), 0.0)
    arrivals = Arrivals(places, found.seconds + noise, np.full(shape, case.sigma), np.ones(shape, dtype=np.bool_))
    bad = wrong | late
    return Layouts(arrivals, sources, bad, _bound(arrivals, sources, bad, case))


def draw_in_airs(case: Case, rows: int, seed: int) -> Layouts:
    """The same in :data:`AIRS` different airs, each drawn from what ``case.told`` says of it: as wrong as it admits."""
    generator = np.random.default_rng([seed, 99])
    told, parts = case.told, []
    for number in range(AIRS):
        wind = np.asarray(told.wind) + generator.normal(0, told.wind_sigma, 2)
        temperature = told.temperature + generator.normal(0, told.temperature_sigma)
        air = Air(float(np.clip(temperature, -40, 50)), (float(wind[0]), float(wind[1])), 0.0, 0.0)
        parts.append(draw_layouts(replace(case, air=air), rows // AIRS, seed + number))
    arrivals = [part.arrivals for part in parts]
    together = Arrivals(
        *(np.concatenate([getattr(one, name) for one in arrivals]) for name in ("places", "times", "sigmas", "present"))
    )
    return Layouts(together, *(np.concatenate([getattr(p, n) for p in parts]) for n in ("sources", "bad", "bound")))


def _among(places: Float, generator: np.random.Generator) -> Float:
    """A point in the hull of ``places``, evenly: a triangle of its fan by area, then a point in it."""
    corners = places[ConvexHull(places).vertices]
    first, second = corners[1:-1] - corners[0], corners[2:] - corners[0]
    areas = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    number = int(generator.choice(len(areas), p=areas / areas.sum()))
    along, across = generator.random(2)
    if along + across > 1:
        along, across = 1 - along, 1 - across
    return np.asarray(corners[0] + along * first[number] + across * second[number])


def _bound(arrivals: Arrivals, sources: Float, bad: Bool, case: Case) -> Float:
    """√tr of the inverse of the Fisher information of place, emission and air, at the true source."""
    gap = arrivals.places[..., :2] - sources[:, None]
    found = travel(gap[..., 0], gap[..., 1], arrivals.places[..., 2] - SOURCE_HEIGHT, case.air)
    base = np.stack((-found.east, -found.north, np.ones_like(found.east)), axis=-1)
    slopes = np.concatenate((base, nuisance(found, case.told)), axis=-1) * (~bad / arrivals.sigmas)[..., None]
    known = slopes.transpose(0, 2, 1) @ slopes + np.diag([1e-9, 1e-9, 1e-6, 1.0, 1.0, 1.0])
    covariance = np.linalg.inv(known)
    return np.asarray(np.sqrt(covariance[:, 0, 0] + covariance[:, 1, 1]))
