"""From a place near by to the place that fits arrivals best: weighted Gauss–Newton, many rows at once.

Emission time is eliminated (its best value is the weighted mean of what is left), so that a step is a 2 × 2 system.
Where the air is not known exactly, :func:`refine` takes everything together, the air's three uncertainties too, each
a further unknown with a prior of its own standard uncertainty; the inverse of that system is the covariance of which
the ellipse is drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clairvoie.hub.locate_air import NUISANCES, Air, Float, Travel, nuisance, travel
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.hub.locate_odds import rightness
from clairvoie.hub.locate_triples import LARGEST_COST

LONGEST_STEP = 150.0
"""Metres; a step of Gauss–Newton from afar may be far too long."""
UNKNOWNS = 3 + NUISANCES


class Fit(NamedTuple):
    """What was fitted: places (rows, 2), emission (rows), the air's errors in standard uncertainties (rows, 0 or 3),
    covariance of all of these in this order (metres and seconds), residuals (rows, n) in seconds with what the air
    explains taken out, and the sum of squares that was minimised."""

    where: Float
    emitted: Float
    air: Float
    covariance: Float
    residuals: Float
    squares: Float


def flown(arrivals: Arrivals, where: Float, air: Air, height: float) -> Travel:
    """Travel from a source at ``where`` (rows, 2) and ``height`` to each sensor, (rows, n)."""
    places = arrivals.places
    return travel(places[..., 0] - where[:, :1], places[..., 1] - where[:, 1:], places[..., 2] - height, air)


def agreement(arrivals: Arrivals, where: Float, sigmas: Float, air: Air, height: float) -> Float:
    """The cost (as in :mod:`.locate_triples`) of a place for each row, emission at the median of what is left."""
    behind = arrivals.times - flown(arrivals, where, air, height).seconds
    scaled = (behind - _median(behind, arrivals)) / sigmas
    return np.asarray(np.where(arrivals.present, np.minimum(scaled * scaled, LARGEST_COST), 0.0).sum(axis=-1))


def descend(
    arrivals: Arrivals, weights: Float, start: Float, air: Air, height: float, steps: int = 3
) -> tuple[Float, Float]:
    """Places (rows, 2) after ``steps``, and the residuals there (rows, n). ``weights``: 1/σ², zero for what is left
    out."""
    where = start
    for step in range(steps + 1):
        found = flown(arrivals, where, air, height)
        behind = arrivals.times - found.seconds
        left = behind - _mean(behind, weights)
        if step < steps:
            where = where + _step(_normal(found, weights), left)
    return where, left


def descend_robustly(
    arrivals: Arrivals,
    sigmas: Float,
    start: Float,
    air: Air,
    height: float,
    scales: tuple[float, ...],
    emitted: Float | None = None,
) -> tuple[Float, Float]:
    """The same, each step with the weights of :func:`~clairvoie.hub.locate_odds.rightness` by ``sigmas`` (rows, n)
    times the next of ``scales``: more than one lets arrivals in that a rough start leaves far off. ``emitted`` (rows):
    when the sound left, as far as known; else that to which the middle one of the arrivals points."""
    where, known = start, arrivals.present / (sigmas * sigmas)
    found = flown(arrivals, where, air, height)
    behind = arrivals.times - found.seconds
    left = behind - (_median(behind, arrivals) if emitted is None else emitted[:, None])
    for scale in scales:
        weights = known * rightness(left, sigmas * scale)
        where = where + _step(_normal(found, weights), behind - _mean(behind, weights))
        found = flown(arrivals, where, air, height)
        behind = arrivals.times - found.seconds
        left = behind - _mean(behind, weights)
    return where, left


def _mean(values: Float, weights: Float) -> Float:
    total = np.maximum(weights.sum(axis=-1), 1e-12)
    return np.asarray((_sum(weights, values) / total)[:, None])


def _median(values: Float, arrivals: Arrivals) -> Float:
    """The middle one of those present, the lower of two."""
    ordered = np.sort(np.where(arrivals.present, values, np.inf), axis=-1)
    at = np.maximum((arrivals.present.sum(axis=-1) - 1) // 2, 0)
    return np.asarray(np.take_along_axis(ordered, at[:, None], axis=-1))


class _Normal(NamedTuple):
    """Slopes of arrival times by the source's place, emission eliminated, and the 2 × 2 system that they make."""

    wx: Float
    wy: Float
    xx: Float
    yy: Float
    xy: Float
    mean: Float


def _normal(found: Travel, weights: Float) -> _Normal:
    """Travel times *fall* when the source moves towards the sensor: hence the signs."""
    mean_x, mean_y = _mean(found.east, weights), _mean(found.north, weights)
    x, y = mean_x - found.east, mean_y - found.north
    wx, wy = weights * x, weights * y
    mean = np.concatenate((-mean_x, -mean_y), axis=-1)
    return _Normal(wx, wy, _sum(wx, x), _sum(wy, y), _sum(wx, y), mean)


def _sum(one: Float, other: Float) -> Float:
    return np.asarray(np.einsum("rn,rn->r", one, other))


def _step(system: _Normal, left: Float) -> Float:
    """One step of Gauss–Newton for (east, north)."""
    gx, gy = _sum(system.wx, left), _sum(system.wy, left)
    ridge = 1e-6 * (system.xx + system.yy) + 1e-12
    xx, yy, xy = system.xx + ridge, system.yy + ridge, system.xy
    step = np.stack((yy * gx - xy * gy, xx * gy - xy * gx), axis=-1) / (xx * yy - xy * xy)[:, None]
    length = np.maximum(np.sqrt((step * step).sum(axis=-1, keepdims=True)), 1e-9)
    return np.asarray(step * np.minimum(1.0, LONGEST_STEP / length))


def fit(arrivals: Arrivals, weights: Float, start: Float, air: Air, height: float, *, steps: int = 2) -> Fit:
    """The fit of everything from a place that is nearly right; of place and emission alone where the air is exact."""
    if not air.exact:
        return refine(arrivals, weights, start, air, height, steps=steps)
    where = start
    for step in range(steps + 1):
        found = flown(arrivals, where, air, height)
        behind = arrivals.times - found.seconds
        emitted = _mean(behind, weights)
        left, system = behind - emitted, _normal(found, weights)
        if step < steps:
            where = where + _step(system, left)
    area = np.maximum(system.xx * system.yy - system.xy * system.xy, 1e-30)
    covariance = np.empty((len(arrivals), 3, 3))
    covariance[:, 0, 0], covariance[:, 1, 1] = system.yy / area, system.xx / area
    covariance[:, 0, 1] = covariance[:, 1, 0] = -system.xy / area
    shared = -(covariance[:, :2, :2] @ system.mean[..., None])[..., 0]
    covariance[:, :2, 2] = covariance[:, 2, :2] = shared
    total = np.maximum(weights.sum(axis=-1), 1e-12)
    covariance[:, 2, 2] = 1 / total - (shared * system.mean).sum(axis=-1)
    return Fit(
        where, emitted[:, 0], np.zeros((len(arrivals), 0)), covariance, left, (weights * left * left).sum(axis=-1)
    )


def refine(arrivals: Arrivals, weights: Float, start: Float, air: Air, height: float, *, steps: int = 2) -> Fit:
    """The fit of everything from a place that is nearly right; see the module."""
    where = start
    prior = np.diag([0.0, 0.0, 0.0, *[1.0] * NUISANCES])
    root = np.sqrt(weights)
    for step in range(steps + 1):
        found = flown(arrivals, where, air, height)
        slopes = _slopes(found, nuisance(found, air))
        behind = arrivals.times - found.seconds
        slopes *= root[..., None]
        normal = slopes.transpose(0, 2, 1) @ slopes + prior
        pulled = (slopes.transpose(0, 2, 1) @ (behind * root)[..., None])[..., 0]
        inverse = _inverse(normal)
        change = (inverse @ pulled[..., None])[..., 0]
        if step < steps:
            length = np.maximum(np.hypot(change[:, 0], change[:, 1]), 1e-9)
            where = where + change[:, :2] * np.minimum(1.0, LONGEST_STEP / length)[:, None]
    left = behind - change[:, 2:3] - (nuisance(found, air) @ change[:, 3:][..., None])[..., 0]
    squares = (weights * left * left).sum(axis=-1) + (change[:, 3:] * change[:, 3:]).sum(axis=-1)
    return Fit(where, change[:, 2], change[:, 3:], inverse, left, squares)


def _slopes(found: Travel, air: Float) -> Float:
    """How arrival times change with each unknown: the source's place, its emission, the air; (rows, n, 6)."""
    slopes = np.empty((*found.seconds.shape, UNKNOWNS))
    slopes[..., 0], slopes[..., 1], slopes[..., 2] = -found.east, -found.north, 1.0
    slopes[..., 3:] = air
    return slopes


def _inverse(normal: Float) -> Float:
    """Inverses of symmetric systems, scaled to a unit diagonal first; a singular one gets an immense inverse."""
    scale = 1.0 / np.sqrt(np.maximum(np.einsum("rii->ri", normal), 1e-30))
    unit = normal * scale[:, :, None] * scale[:, None, :] + 1e-12 * np.eye(UNKNOWNS)
    return np.asarray(np.linalg.inv(unit) * scale[:, :, None] * scale[:, None, :])
