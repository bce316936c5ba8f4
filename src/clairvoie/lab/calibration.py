"""From scores to probabilities: a monotone map that is fitted on one fold and judged on another.

Platt's map (1999): a score's logit, stretched and shifted. Being monotone it changes no order, so no operating curve;
it only makes the number mean something: among ticks said to be 0.8 likely, about eight in ten should hold the sound.
What is likely depends on how often a sound occurs, here as often as in the scenes it was fitted on, which hold far
more hazards than a street.

>>> steep = Calibration(slope=2.0, offset=-1.0)
>>> [round(steep(score), 3) for score in (0.0, 0.5, 0.9, 1.0)]
[0.0, 0.269, 0.968, 1.0]
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
from msgspec import Struct
from numpy.typing import NDArray

from clairvoie.detect.sound.card import Calibration

Floats = NDArray[np.float64]
BINS = 10
LEAST_SLOPE = 0.05

__all__ = ["Bin", "Calibration", "Reliability", "fitted", "reliability"]


class Bin(Struct, frozen=True):
    """Ticks whose score lies in one tenth: how many, their mean score, and the share that held the sound."""

    count: int
    said: float
    true: float


class Reliability(Struct, frozen=True):
    """A reliability diagram; ``error``: mean distance of said and true over ticks (expected calibration error)."""

    bins: tuple[Bin, ...]
    error: float


def fitted(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Calibration:
    """The map of least log loss; the identity where only one answer occurs."""
    truth = np.asarray(truth, dtype=np.bool_)
    if truth.all() or not truth.any():
        return Calibration()
    x = logits(np.asarray(scores, dtype=np.float64))

    def loss(values: Floats) -> tuple[float, Floats]:
        z = values[0] * x + values[1]
        wrong = 1 / (1 + np.exp(-z)) - truth
        mean = float(np.mean(np.logaddexp(0, z) - truth * z))
        return mean, np.array([np.mean(wrong * x), np.mean(wrong)])

    bounds = [(LEAST_SLOPE, 20.0), (-50.0, 50.0)]
    found = scipy.optimize.minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=bounds, method="L-BFGS-B")
    return Calibration(slope=round(float(found.x[0]), 4), offset=round(float(found.x[1]), 4))


def logits(scores: Floats) -> Floats:
    """Logarithms of odds, at most about 16 either way."""
    inside = np.clip(scores, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(inside / (1 - inside)))


def reliability(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Reliability:
    """How often it was so when the score said so, in ten bins.

    >>> reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, False])).error
    0.25
    """
    number = np.minimum((np.asarray(scores) * BINS).astype(int), BINS - 1)
    bins = []
    for index in range(BINS):
        inside = number == index
        count = int(inside.sum())
        said, true = (float(np.mean(x[inside])) if count else 0.0 for x in (scores, truth))
        bins.append(Bin(count, round(said, 5), round(true, 5)))
    total = max(1, len(number))
    return Reliability(tuple(bins), round(sum(b.count * abs(b.said - b.true) for b in bins) / total, 5))
