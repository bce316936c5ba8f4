"""The place on which arrivals agree when some of them are wrong, and how sure it is that it is these.

Places of many triples are descended from with weights by rightness; each ends with a set of arrivals that are more
likely right than wrong. To these sets come those that differ from the likeliest by one arrival. Each set is fitted by
itself and has its odds. The fix is the mean of their places by odds and by how exact each would be: an arrival of
which it is not clear whether it is right thus counts in part, and the covariance holds what is not clear. Where sets
that are likely lie further apart than their own uncertainty (:attr:`Consensus.risk`), there is nothing to agree on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clairvoie.hub.locate_air import Air, Bool, Float
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.hub.locate_descent import Fit, descend_robustly, fit
from clairvoie.hub.locate_odds import evidence, odds_of, rightness
from clairvoie.hub.locate_triples import candidates, triples

TRIPLES = 120
PLACES = 10
"""Best places of triples from which to descend."""
SCALES = (3.0, 2.0, 1.0, 1.0)
FEWEST = 4
FARTHEST_START = 1e4
"""Metres; nothing is looked for further away."""
LEAST_EXACT = 300.0
"""Metres; a fit less exact than this either way is not thought likelier for being so inexact."""


class Consensus(NamedTuple):
    """The fit, its arrivals (rows, n), and the expected square of its error over that which the right set would
    have."""

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
    odds = odds_of(right, found.squares, many.sigmas, many.present, _room(found, right, many))
    odds = np.where(right.sum(axis=-1) >= FEWEST, odds, -np.inf).reshape(rows, number)
    odds[_repeated(every)] = -np.inf
    share = np.exp(odds - np.maximum(odds.max(axis=-1, keepdims=True), -1e9))
    share /= np.maximum(share.sum(axis=-1, keepdims=True), 1e-12)
    return _mixed(arrivals, every, found, share, air, height)


def _sets(arrivals: Arrivals, wide: Float, air: Air, height: float) -> tuple[Bool, Float, npt.NDArray[np.intp]]:
    """Sets of arrivals (rows, places, n), the place of each (rows, places, 2), and which is likeliest (rows)."""
    rows, columns = arrivals.times.shape
    places = candidates(arrivals, wide, air, height, triples(columns, TRIPLES))
    number = min(PLACES, places.cost.shape[1])
    order = np.argpartition(places.cost, number - 1, axis=-1)[:, :number]
    starts = np.clip(np.take_along_axis(places.where, order[..., None], axis=1), -FARTHEST_START, FARTHEST_START)
    many, wides = arrivals.repeated(number), np.repeat(wide, number, axis=0)
    emitted = np.take_along_axis(places.emitted, order, axis=1).reshape(-1)
    ended, left = descend_robustly(many, wides, starts.reshape(-1, 2), air, height, SCALES, emitted)
    likely = evidence(left, wides, many.present).reshape(rows, number)
    sets = (many.present & (rightness(left, wides) > 0.5)).reshape(rows, number, columns)
    return sets, ended.reshape(rows, number, 2), likely.argmax(axis=-1)


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


def _mixed(arrivals: Arrivals, sets: Bool, found: Fit, share: Float, air: Air, height: float) -> Consensus:
    rows, number = sets.shape[:2]
    where = found.where.reshape(rows, number, 2)
    covariance = found.covariance.reshape(rows, number, 3, 3)
    size = np.maximum(covariance[..., 0, 0] + covariance[..., 1, 1], 1e-12)
    pull = share / size
    pull /= np.maximum(pull.sum(axis=-1, keepdims=True), 1e-300)
    middle = (pull[..., None] * where).sum(axis=1)
    off = where - middle[:, None]
    risk = 1 + (share * (off * off).sum(axis=-1) / size).sum(axis=-1)
    top = np.arange(rows), share.argmax(axis=-1)
    used = sets[top]
    settled = fit(arrivals, used / (arrivals.sigmas * arrivals.sigmas), middle, air, height, steps=0)
    whole = (share[..., None, None] * covariance).sum(axis=1)
    whole[:, :2, :2] += np.einsum("rk,rki,rkj->rij", share, off, off)
    squares = found.squares.reshape(rows, number)[top]
    return Consensus(settled._replace(covariance=whole, squares=squares), used, risk)
