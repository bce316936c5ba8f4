"""Which arrivals are right: normal errors of their stated uncertainty, against wrong ones that may lie anywhere near.

The two figures below are the whole of the prior. They are constants of the method, written where they can be argued
with, and not settings: whoever moves them moves what "95 %" means.
"""

from __future__ import annotations

import math

import numpy as np

from clairvoie.hub.locate_air import Bool, Float

OUTLIER_SHARE = 0.3
"""How many arrivals are expected to be wrong, once it is clear that some are."""
OUTLIER_SECONDS = 0.5
"""A wrong arrival is taken to lie anywhere within so many seconds, before or after, of the right one."""
_WRONG = OUTLIER_SHARE / (2 * OUTLIER_SECONDS)


def _right(residuals: Float, sigmas: Float) -> Float:
    scaled = residuals / sigmas
    return np.asarray((1 - OUTLIER_SHARE) / math.sqrt(2 * math.pi) * np.exp(-0.5 * scaled * scaled) / sigmas)


def rightness(residuals: Float, sigmas: Float) -> Float:
    """The probability that each arrival is right, given its residual; any shape.

    >>> rightness(np.array([0.0, 0.01]), np.array([0.001, 0.001])).round(3).tolist()
    [0.999, 0.0]
    """
    right = _right(residuals, sigmas)
    return np.asarray(right / (right + _WRONG))


def evidence(residuals: Float, sigmas: Float, present: Bool) -> Float:
    """Log-likelihood of residuals under the mixture of right and wrong arrivals, summed over the last axis."""
    return np.asarray(np.where(present, np.log(_right(residuals, sigmas) + _WRONG), 0.0).sum(axis=-1))


def odds_of(right: Bool, squares: Float, sigmas: Float, present: Bool, area: Float) -> Float:
    """Log of how likely it is that just the arrivals ``right`` (rows, n) are so, their place being anywhere.

    ``squares``: χ² of the fit to them; ``area``: log of the square root of the determinant of that fit's covariance
    (Laplace's approximation of the integral over places and emission times). Differences mean something, not values.
    """
    each = np.log((1 - OUTLIER_SHARE) / math.sqrt(2 * math.pi) / sigmas)
    known = np.where(right, each, np.where(present, math.log(_WRONG), 0.0)).sum(axis=-1)
    return np.asarray(known - 0.5 * squares + area)
