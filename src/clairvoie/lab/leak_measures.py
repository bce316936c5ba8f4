"""How much of speech is left: intelligibility, and whether anybody talked; and how sure a figure is.

STOI and ESTOI by pystoi (Taal et al. 2011; Jensen and Taal 2016), talking by ridge logistic regression. Each is only as
strong as its control on plain audio shows it to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np
from scipy.signal import resample_poly
from scipy.stats import beta

from clairvoie.errors import LabError
from clairvoie.lab.leak_results import Interval
from clairvoie.lab.leak_speech import RATE
from clairvoie.lab.recordings import Sound

LISTENING_RATE = 16_000
RIDGE = 1.0
RESAMPLES = 1000
CONFIDENCE = 0.95


def intelligibility(clean: Sound, heard: Sound) -> tuple[float, float]:
    """STOI and ESTOI of ``heard`` against ``clean``, of equal length. Nothing to be heard is 0."""
    try:
        from pystoi import stoi
    except ImportError:
        raise LabError("pystoi is not installed", None, "pip install clairvoie[leak]") from None
    if not np.any(heard):
        return 0.0, 0.0
    first, second = (np.asarray(listened(sound), dtype=np.float64) for sound in (clean, heard))
    return float(stoi(first, second, LISTENING_RATE)), float(stoi(first, second, LISTENING_RATE, extended=True))


def listened(sound: Sound) -> Sound:
    """``sound`` at :data:`LISTENING_RATE`."""
    common = gcd(RATE, LISTENING_RATE)
    return np.asarray(resample_poly(sound, LISTENING_RATE // common, RATE // common), dtype=np.float32)


def mean_interval(values: Sequence[float] | np.ndarray, weights: Sequence[float] | None = None) -> Interval:
    """The mean (weighted, where given) with its percentile bootstrap interval over the values.

    >>> mean_interval([1.0, 1.0])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    found = np.asarray(values, dtype=np.float64)
    weight = np.ones(found.size) if weights is None else np.asarray(weights, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(found.size, size=(RESAMPLES, found.size))
    means = (found * weight)[drawn].sum(axis=1) / weight[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float((found * weight).sum() / weight.sum()), float(low), float(high))


def share_interval(chances: Sequence[float] | np.ndarray) -> Interval:
    """The mean of chances with the exact interval of a share (Clopper and Pearson 1934).

    Chances vary less than the yes or no that the interval is for, so that it is, if anything, too wide.

    >>> found = share_interval([1.0, 0.0])
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.5, 0.013, 0.987)
    """
    count, right = len(chances), float(np.sum(chances))
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if right <= 0 else float(beta.ppf(tail, right, count - right + 1))
    high = 1.0 if right >= count else float(beta.ppf(1 - tail, right + 1, count - right))
    return Interval(right / count, low, high)


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """The chance that a positive scores above a negative (ties half).

    >>> area_under_curve(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    above = (positive[:, None] > negative[None, :]).mean()
    return float(above + 0.5 * (positive[:, None] == negative[None, :]).mean())


def told_apart(vectors: np.ndarray, talking: np.ndarray, groups: np.ndarray, seed: int = 0) -> Interval:
    """Area under the curve of "was somebody talking?" by ridge logistic regression, learned on other ``groups``.

    The 95 % interval is by resampling whole groups, since minutes of one scene are alike.
    """
    scores = np.zeros(talking.size)
    for half in (0, 1):
        learn = groups % 2 == half
        mean, deviation = vectors[learn].mean(0), vectors[learn].std(0) + 1e-6
        weights = _logistic((vectors[learn] - mean) / deviation, talking[learn])
        own = np.column_stack([np.ones((~learn).sum()), (vectors[~learn] - mean) / deviation]) @ weights
        scores[~learn] = own - np.median(own)
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    resampled = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([np.flatnonzero(groups == g) for g in rng.choice(names, names.size)])
        yes, no = scores[chosen][talking[chosen]], scores[chosen][~talking[chosen]]
        if yes.size and no.size:
            resampled.append(area_under_curve(yes, no))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(area_under_curve(scores[talking], scores[~talking]), float(low), float(high))


def _logistic(vectors: np.ndarray, talking: np.ndarray) -> np.ndarray:
    """Ridge logistic regression by Newton's method; the first weight is the constant."""
    design = np.column_stack([np.ones(len(vectors)), vectors])
    weights = np.zeros(design.shape[1])
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (chance - talking) + penalty @ weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        weights = weights - np.linalg.solve(curve, slope)
    return weights
