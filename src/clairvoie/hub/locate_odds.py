"""Which arrivals are right: normal errors of their stated uncertainty, against wrong ones that may lie anywhere near;
and where bangs are looked for before any time is read: among those that heard them.

The figures below are the whole of the prior. They are constants of the method, written where they can be argued
with, and not settings: whoever moves them moves what "95 %" means.
"""

from __future__ import annotations

import math

import numpy as np

from clairvoie.hub.locate_air import Bool, Float
from clairvoie.hub.locate_arrivals import Arrivals

OUTLIER_SHARE = 0.3
"""How many arrivals are expected to be wrong, once it is clear that some are."""
OUTLIER_SECONDS = 0.5
"""A wrong arrival is taken to lie within so many seconds, before or after, of the right one, anywhere there."""
FURTHER_OFF = 0.05
"""How likely a wrong arrival is further off than that, at each time, over how likely it is within."""
OUTSIDE = 0.05
"""How likely a bang is outside the sensors that heard it, at each place, over how likely it is among them."""
OUTSIDE_METRES = 50.0
"""So far outside it is thought quite outside."""
SIDES = 24
"""Of the polygon around the sensors that stands for their hull."""
_WRONG = OUTLIER_SHARE / (2 * OUTLIER_SECONDS)


def _right(residuals: Float, sigmas: Float) -> Float:
    scaled = residuals / sigmas
    return np.asarray((1 - OUTLIER_SHARE) / math.sqrt(2 * math.pi) * np.exp(-0.5 * scaled * scaled) / sigmas)


def _wrong(residuals: Float) -> Float:
    return np.where(np.abs(residuals) <= OUTLIER_SECONDS, _WRONG, _WRONG * FURTHER_OFF)


def rightness(residuals: Float, sigmas: Float) -> Float:
    """The probability that each arrival is right, given its residual; any shape.

    >>> rightness(np.array([0.0, 0.01]), np.array([0.001, 0.001])).round(3).tolist()
    [0.999, 0.0]
    """
    right = _right(residuals, sigmas)
    return np.asarray(right / (right + _WRONG))


def evidence(residuals: Float, sigmas: Float, present: Bool) -> Float:
    """Log-likelihood of residuals under the mixture of right and wrong arrivals, summed over the last axis."""
    each = np.log(_right(residuals, sigmas) + _wrong(residuals))
    return np.asarray(np.where(present, each, 0.0).sum(axis=-1))


def odds_of(right: Bool, residuals: Float, squares: Float, sigmas: Float, present: Bool, area: Float) -> Float:
    """Log of how likely it is that just the arrivals ``right`` (rows, n) are so, their place being anywhere.

    ``squares``: χ² of the fit to them, ``residuals`` those of all (s); ``area``: log of the square root of the
    determinant of that fit's covariance (Laplace's approximation of the integral over what was fitted). Differences
    mean something, not values.
    """
    each = np.log((1 - OUTLIER_SHARE) / math.sqrt(2 * math.pi) / sigmas)
    known = np.where(right, each, np.where(present, np.log(_wrong(residuals)), 0.0)).sum(axis=-1)
    return np.asarray(known - 0.5 * squares + area)


def among(arrivals: Arrivals, where: Float) -> Float:
    """Log of how likely each place (rows, k, 2) is before any time is read, over one among the row's sensors (rows,
    k)."""
    turn = np.arange(SIDES) * (2 * math.pi / SIDES)
    sides = np.stack((np.cos(turn), np.sin(turn)))
    reach = np.where(arrivals.present[..., None], arrivals.places[..., :2] @ sides, -np.inf).max(axis=1)
    outside = (where @ sides - reach[:, None]).max(axis=-1)
    return np.asarray(math.log(OUTSIDE) * np.clip(outside / OUTSIDE_METRES, 0.0, 1.0))
