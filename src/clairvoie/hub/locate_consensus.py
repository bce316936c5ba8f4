"""The place on which arrivals agree when some of them are wrong, and how sure it is that it is these.

Places of many triples, none too near to a better one, are descended from with weights by rightness; each ends with a
set of arrivals that are more likely right than wrong. To these sets come those that differ from the likeliest by one
arrival. Each set is fitted by itself and has its odds. From the likeliest the posterior is drawn
(:mod:`.locate_posterior`) and the fix is its mean: an arrival of which it is not clear whether it is right thus counts
in part, and the covariance holds what is not clear. Where what is likely lies much further apart than the right
arrivals alone would leave it (:attr:`Consensus.risk`), there is nothing to agree on.

What it cannot find is a place to which none of the descents leads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clairvoie.hub.locate_air import Air, Bool, Float
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.hub.locate_descent import Fit, descend_robustly, fit
from clairvoie.hub.locate_odds import among, evidence, odds_of, rightness
from clairvoie.hub.locate_posterior import Parts, positive, posterior
from clairvoie.hub.locate_triples import Places, candidates, triples

TRIPLES = 120
PLACES = 10
"""Best places of triples from which to descend."""
SCALES = (3.0, 2.0, 1.0, 1.0)
FEWEST = 4
FARTHEST_START = 1e4
"""Metres; nothing is looked for further away."""
APART = 6.0
"""Times the way of sound in σ: the places of one bang by its triples are seldom further apart, and without this all
descents would begin at one place that many triples share, and none at the right one beside it."""
TAKEN = 1e6
"""Cost over that of anything, of what is near to a place taken before."""
PARTS = 8
"""Likeliest sets whose distributions are weighed exactly."""
MOST_SIZE = 2000.0
"""Metres; a less exact fit is none."""
LEAST_EXACT = 300.0
"""Metres; a fit less exact than this either way is not thought likelier for being so inexact."""


class Consensus(NamedTuple):
    """The fit, the arrivals of the likeliest set (rows, n), and the expected square of the fit's error over that which
    the right set would have."""

    fit: Fit
    used: Bool
    risk: Float


def consensus(arrivals: Arrivals, wide: Float, air: Air, height: float) -> Consensus:
    """The consensus of each row. ``wide``: σ of each arrival with the air's uncertainty roughly in it (rows, n)."""
    rows, columns = arrivals.times.shape
    sets, starts, best = _sets(arrivals, wide, air, height)
    first = np.take_along_axis(sets, best[:, None, None], axis=1)
    flipped = first ^ (np.eye(columns, dtype=np.bool_)[None] & arrivals.present[:, None])
    near = np.take_along_axis(starts, best[:, None, None], axis=1)
    every = np.concatenate((sets, flipped), axis=1)
    from_ = np.concatenate((starts, np.repeat(near, columns, axis=1)), axis=1)
    number = every.shape[1]
    many, right = arrivals.repeated(number), every.reshape(-1, columns)
    found = fit(many, right / (many.sigmas * many.sigmas), from_.reshape(-1, 2), air, height, steps=3)
    odds = odds_of(right, found.residuals, found.squares, many.sigmas, many.present, _room(found, right, many))
    odds = np.where((right.sum(axis=-1) >= FEWEST) & _usable(found), odds, -np.inf).reshape(rows, number)
    odds = odds + among(arrivals, found.where.reshape(rows, number, 2))
    odds[_repeated(every)] = -np.inf
    return _mixed(arrivals, every, found, odds, air, height)


def _usable(found: Fit) -> Bool:
    """Which fits are places, and not directions."""
    size = found.covariance[:, 0, 0] + found.covariance[:, 1, 1]
    return np.asarray(np.isfinite(size) & (size < MOST_SIZE**2) & (np.abs(found.where).max(axis=-1) < FARTHEST_START))


def _sets(arrivals: Arrivals, wide: Float, air: Air, height: float) -> tuple[Bool, Float, npt.NDArray[np.intp]]:
    """Sets of arrivals (rows, places, n), the place of each (rows, places, 2), and which is likeliest (rows)."""
    rows, columns = arrivals.times.shape
    places = candidates(arrivals, wide, air, height, triples(columns, TRIPLES))
    number = min(PLACES, places.cost.shape[1])
    order = _apart(places, APART * air.speed * wide.mean(axis=-1), number)
    starts = np.clip(np.take_along_axis(places.where, order[..., None], axis=1), -FARTHEST_START, FARTHEST_START)
    many, wides = arrivals.repeated(number), np.repeat(wide, number, axis=0)
    emitted = np.take_along_axis(places.emitted, order, axis=1).reshape(-1)
    ended, left = descend_robustly(many, wides, starts.reshape(-1, 2), air, height, SCALES, emitted)
    likely = evidence(left, wides, many.present).reshape(rows, number)
    sets = (many.present & (rightness(left, wides) > 0.5)).reshape(rows, number, columns)
    return sets, ended.reshape(rows, number, 2), likely.argmax(axis=-1)


def _apart(places: Places, clear: Float, number: int) -> npt.NDArray[np.intp]:
    """Numbers of the best places (rows, number), none of them within ``clear`` (rows) metres of a better one as long as
    there are others."""
    cost = places.cost.copy()
    rows, taken = np.arange(len(cost)), np.empty((len(cost), number), dtype=np.intp)
    for turn in range(number):
        taken[:, turn] = best = cost.argmin(axis=-1)
        gap = places.where - places.where[rows, best][:, None]
        near = np.hypot(gap[..., 0], gap[..., 1]) < clear[:, None]
        cost = np.where(near, cost + TAKEN, cost)
        cost[rows, best] = np.inf
    return taken


def _room(found: Fit, right: Bool, arrivals: Arrivals) -> Float:
    """Log of the square root of the determinant of each covariance, at most that of :data:`LEAST_EXACT` both ways."""
    known = np.log(np.maximum((right / arrivals.sigmas**2).sum(axis=-1), 1e-12))
    most = 2 * np.log(LEAST_EXACT) - 0.5 * known
    volume = np.linalg.det(found.covariance)
    room = 0.5 * np.log(np.where(volume > 0, volume, np.inf))
    return np.asarray(np.where(np.isfinite(room), np.minimum(room, most), -np.inf))


def _repeated(sets: Bool) -> Bool:
    """Which of the sets (rows, number, n) stood before in the same row."""
    codes = (sets * 2.0 ** np.arange(sets.shape[-1])).sum(axis=-1)
    order = np.argsort(codes, axis=-1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=-1)
    same = np.zeros(codes.shape, dtype=np.bool_)
    np.put_along_axis(same, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=-1)
    return same


def _mixed(arrivals: Arrivals, sets: Bool, found: Fit, odds: Float, air: Air, height: float) -> Consensus:
    """The consensus of ``sets`` (rows, sets, n) with their fits and their log odds (rows, sets)."""
    rows, number = odds.shape
    top = np.argsort(-odds, axis=-1, kind="stable")[:, :PARTS]
    kept = (np.arange(rows)[:, None] * number + top).reshape(-1)
    odds = np.take_along_axis(odds, top, axis=1)
    odds = np.where(positive(found.covariance[kept]).reshape(odds.shape), odds, -np.inf)
    none = (odds == -np.inf).all(axis=-1)
    odds[none, 0] = 0.0  # so that there is something to compute with; the risk says what it is worth
    usable = (np.isfinite(odds) & ~none[:, None]).reshape(-1, 1)
    unknowns = found.covariance.shape[-1]
    means = np.concatenate((found.where, found.emitted[:, None], found.air), axis=-1)[kept]
    covariances = np.where(usable[..., None], found.covariance[kept], np.eye(unknowns))
    shape = (*odds.shape, unknowns)
    parts = Parts(np.where(usable, means, 0.0).reshape(shape), covariances.reshape(*shape, unknowns), odds)
    likely = posterior(arrivals, parts, air, height)
    used = np.take_along_axis(sets, top[:, :1, None], axis=1)[:, 0]
    settled = fit(arrivals, used / (arrivals.sigmas * arrivals.sigmas), likely.where, air, height, steps=0)
    whole = settled.covariance.copy()
    whole[:, :3, :3] = likely.covariance
    squares = found.squares[kept].reshape(odds.shape)[:, 0]
    agreed = settled._replace(emitted=likely.emitted, covariance=whole, squares=squares)
    return Consensus(agreed, used, np.where(none, np.inf, likely.risk))
