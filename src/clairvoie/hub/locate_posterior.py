"""How likely each place is, all of them together: what a fix is when it is not clear which arrivals are right.

Laplace's approximation takes each set of arrivals for a normal distribution around its fit. Where σ is metres or
sensors stand badly that is not so, and the tails decide what is ambiguous. So points are drawn from the likeliest of
these distributions, made wider (:data:`WIDER`), and each is weighed by what it ought to have: the likelihood under the
mixture of right and wrong arrivals (:mod:`.locate_odds`), the air's errors included, over the density from which it
was drawn (importance sampling with a deterministic mixture: Owen & Zhou, JASA 95, 2000, §4). The points are the same
for every row: a fix follows from its arrivals alone.

The place is the mean by these weights and by how exact a fit there would be. It is the one with the least expected
square of error over bound, and that expectation is :attr:`Posterior.risk`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from clairvoie.hub.locate_air import Air, Bool, Float, nuisance, travel
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.hub.locate_odds import among, evidence

POINTS = {3: 32, 6: 128}
"""From each distribution, by its number of unknowns; even numbers."""
WIDER = 1.4
"""Times as wide as by Laplace points are drawn: what is further out would be missed, what is further in is weighed."""
FEWEST_POINTS = 2.5
"""Effective number; if fewer have all of the weight (of normal distributions it is some twenty) nothing is known."""
HAIR = 1e-10
QUANTILE_95 = 5.991464547107979
"""Of χ² with two degrees of freedom."""


class Parts(NamedTuple):
    """Normal distributions of each row's unknowns: means (rows, parts, d) and covariances (rows, parts, d, d), in the
    order of :class:`~clairvoie.hub.locate_descent.Fit`, and log odds (rows, parts), minus infinity for none."""

    means: Float
    covariances: Float
    odds: Float


class Posterior(NamedTuple):
    """Of each row: place (rows, 2), emission (rows), covariance of both (rows, 3, 3) such that its 95 % ellipse holds
    95 % of what is likely, and the expected square of error over that of a fit to the right arrivals, infinite where
    too few points were near what is likely."""

    where: Float
    emitted: Float
    covariance: Float
    risk: Float


def posterior(arrivals: Arrivals, parts: Parts, air: Air, height: float) -> Posterior:
    """The mean and spread of what is likely; see the module."""
    drawn, weights, whose = _weighed(arrivals, parts, air, height)
    size = parts.covariances[..., 0, 0] + parts.covariances[..., 1, 1]
    pull = weights * (whose / size[..., None]).sum(axis=1) / whose.sum(axis=1)
    drawn = drawn[..., :3]
    middle = ((pull / pull.sum(axis=-1, keepdims=True))[:, None] @ drawn)[:, 0]
    off = drawn - middle[:, None]
    risk = (pull * (off[..., :2] ** 2).sum(axis=-1)).sum(axis=-1)
    covariance = (off * weights[..., None]).transpose(0, 2, 1) @ off
    few = (weights * weights).sum(axis=-1) > 1 / FEWEST_POINTS
    covariance[few] += parts.covariances[few, 0, :3, :3]
    risk[few] = np.inf
    return Posterior(middle[:, :2], middle[:, 2], _held(covariance, off[..., :2], weights), risk)


def _weighed(arrivals: Arrivals, parts: Parts, air: Air, height: float) -> tuple[Float, Float, Float]:
    """Points (rows, points, d), their weights (rows, points), which sum to one, and how likely each is of which part
    (rows, parts, points), up to a factor."""
    rows, _, unknowns = parts.means.shape
    lower = _roots(parts.covariances)
    steps = _points(unknowns) @ (WIDER * lower).transpose(0, 1, 3, 2)
    drawn = (parts.means[:, :, None] + steps).reshape(rows, -1, unknowns)
    inverse = np.linalg.inv(lower)
    scaled = drawn[:, None] @ inverse.transpose(0, 1, 3, 2) - (inverse @ parts.means[..., None]).transpose(0, 1, 3, 2)
    squares = (scaled * scaled).sum(axis=-1)
    volume = np.log(np.einsum("rkii->rki", lower)).sum(axis=-1)[..., None]
    usable = np.isfinite(parts.odds)
    density = _sum_of_logs(np.where(usable[..., None], -0.5 * squares / WIDER**2 - volume, -np.inf))
    log_weights = _likelihood(arrivals, drawn, air, height) - density
    log_weights = np.where(np.repeat(usable, POINTS[unknowns], axis=1), log_weights, -np.inf)
    weights = np.exp(log_weights - log_weights.max(axis=-1, keepdims=True))
    whose = parts.odds[..., None] - 0.5 * squares - volume
    whose = np.exp(whose - whose.max(axis=1, keepdims=True))
    return drawn, weights / weights.sum(axis=-1, keepdims=True), whose


def positive(covariances: Float) -> Bool:
    """Which of the covariances (…, d, d) are ones from which points can be drawn, in spite of rounding."""
    finite = np.isfinite(covariances).all(axis=(-2, -1)) & (np.einsum("...ii->...i", covariances) > 0).all(axis=-1)
    unit, _ = _unit(np.where(finite[..., None, None], covariances, np.eye(covariances.shape[-1])))
    return np.asarray(finite & (np.linalg.eigvalsh(unit)[..., 0] > -0.5 * HAIR))


def _unit(covariances: Float) -> tuple[Float, Float]:
    """The same with a unit diagonal, and the standard deviations."""
    scale = np.sqrt(np.einsum("...ii->...i", covariances))
    return covariances / (scale[..., :, None] * scale[..., None, :]), scale


def _roots(covariances: Float) -> Float:
    """Lower triangles whose squares the covariances are, but for a hair that keeps rounding from making them
    negative."""
    unit, scale = _unit(covariances)
    return np.asarray(np.linalg.cholesky(unit + HAIR * np.eye(scale.shape[-1])) * scale[..., :, None])


def _sum_of_logs(values: Float) -> Float:
    """Log of the sum of exponentials over the second axis."""
    most = values.max(axis=1)
    return np.asarray(most + np.log(np.exp(values - most[:, None]).sum(axis=1)))


def _likelihood(arrivals: Arrivals, drawn: Float, air: Air, height: float) -> Float:
    """Log, of each point (rows, points)."""
    places = arrivals.places[:, None]
    found = travel(places[..., 0] - drawn[..., :1], places[..., 1] - drawn[..., 1:2], places[..., 2] - height, air)
    left = arrivals.times[:, None] - drawn[..., 2:3] - found.seconds
    prior = among(arrivals, drawn[..., :2])
    if drawn.shape[-1] > 3:
        errors = drawn[..., 3:]
        left = left - (nuisance(found, air) @ errors[..., None])[..., 0]
        prior = prior - 0.5 * (errors * errors).sum(axis=-1)
    return evidence(left, arrivals.sigmas[:, None], arrivals.present[:, None]) + prior


def _held(covariance: Float, off: Float, weights: Float) -> Float:
    """The covariance, so scaled that its 95 % ellipse around the mean holds 95 % of the weights."""
    inverse = np.linalg.inv(covariance[:, :2, :2])
    squares = ((off @ inverse) * off).sum(axis=-1)
    order = np.argsort(squares, axis=-1)
    squares, held = np.take_along_axis(squares, order, axis=-1), np.take_along_axis(weights, order, axis=-1)
    held = held.cumsum(axis=-1) - 0.5 * held
    at = np.minimum((held < 0.95).sum(axis=-1), held.shape[1] - 1)[:, None]
    high, low = np.take_along_axis(squares, at, -1)[:, 0], np.take_along_axis(squares, np.maximum(at - 1, 0), -1)[:, 0]
    above, below = np.take_along_axis(held, at, -1)[:, 0], np.take_along_axis(held, np.maximum(at - 1, 0), -1)[:, 0]
    part = np.clip((0.95 - below) / np.maximum(above - below, 1e-12), 0.0, 1.0)
    return np.asarray(covariance * ((low + part * (high - low)) / QUANTILE_95)[:, None, None])


@lru_cache
def _points(unknowns: int) -> Float:
    """Standard normal points (points, unknowns), always the same: multiples of irrational steps, which fill the
    unit cube evenly (powers of the root of x^(d+1) = x + 1 as for the golden ratio, d = 1), each with its opposite, and
    their covariance made one."""
    root = 1.5
    for _ in range(60):
        root = (1 + root) ** (1 / (unknowns + 1))
    number = POINTS[unknowns]
    even = np.outer(np.arange(1, number // 2 + 1), root ** -np.arange(1.0, unknowns + 1)) % 1.0
    half = ndtri(even)
    points = np.concatenate((half, -half))
    spread = np.linalg.cholesky(points.T @ points / number)
    return np.asarray(np.linalg.solve(spread, points.T).T)
