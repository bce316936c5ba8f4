"""The least error over bound that any method can reach where arrivals are wrong: the mean of the exact posterior.

It is told what no method in a street knows: how many arrivals are wrong, that the source stands among the sensors,
where anything is as likely as anything else, and that wrong arrivals lie evenly within half a second. For each place
of a grid and each set of arrivals that may be right the likelihood is written out, the emission time integrated in
closed form. The mean by it and by 1/bound² has the least expected square of error over bound; the layouts of which
this expectation is largest are refused. What is then expected of the others is a floor for every method that refuses as
many, up to how few layouts there are: no estimate has a lower expectation (the definition of a Bayes estimate).
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from scipy.spatial import ConvexHull

from clairvoie.hub.locate_air import Bool, Float, travel
from clairvoie.lab.place_layouts import SOURCE_HEIGHT, WRONG_SECONDS, Case, Layouts, draw_layouts

STEPS = 0.9
"""Of the grid, times the way of sound in σ."""
LEAST = 25.0
"""Log odds under the likeliest; what is less likely is left out."""
FLOOR = Case(10, 0.020, wrong=3)


class Floor(Struct, frozen=True, kw_only=True):
    """Of ``layouts`` of one case with ``refused`` of them refused: the root of the mean square of error over bound that
    the posterior expects, and that which was found."""

    sensors: int
    wrong: int
    sigma_ms: float
    layouts: int
    refused: float
    expected: float
    found: float


class _Likely(NamedTuple):
    """Places of one layout (k, 2), their weights (k), which sum to one, and the squares of the bounds there (k)."""

    where: Float
    weights: Float
    squares: Float


def measure_floor(case: Case, rows: int, seed: int, refused: float) -> Floor:
    """The floor of ``case``, whose air is known and whose sensors stand at one height."""
    layouts = draw_layouts(case, rows, seed)
    risk, found = np.zeros(rows), np.zeros(rows)
    for row in range(rows):
        likely = _posterior(layouts, row, case)
        pull = likely.weights / likely.squares
        middle = pull @ likely.where / pull.sum()
        risk[row] = pull @ ((likely.where - middle) ** 2).sum(axis=-1)
        found[row] = ((middle - layouts.sources[row]) ** 2).sum() / layouts.bound[row] ** 2
    kept = np.argsort(risk)[: round(rows * (1 - refused))]
    return Floor(
        sensors=case.sensors,
        wrong=case.wrong,
        sigma_ms=case.sigma * 1000,
        layouts=rows,
        refused=refused,
        expected=round(float(np.sqrt(risk[kept].mean())), 4),
        found=round(float(np.sqrt(found[kept].mean())), 4),
    )


def _posterior(layouts: Layouts, row: int, case: Case) -> _Likely:
    places, times = layouts.arrivals.places[row], layouts.arrivals.times[row]
    grid = _grid(places[:, :2], STEPS * case.air.speed * case.sigma)
    ray = places[None, :, :2] - grid[:, None]
    flown = travel(ray[..., 0], ray[..., 1], places[:, 2] - SOURCE_HEIGHT, case.air)
    behind = times - flown.seconds
    behind -= np.median(behind, axis=1, keepdims=True)
    sets = _sets(case)
    right = case.sensors - case.wrong
    mean = behind @ sets.T / right
    logs = -0.5 * ((behind * behind) @ sets.T - right * mean * mean) / case.sigma**2
    place, number = np.nonzero(logs > logs.max() - LEAST)
    chosen = sets[number]
    far = np.abs(behind[place] - mean[place, number][:, None])
    logs = np.where(((far <= WRONG_SECONDS) | (chosen > 0)).all(axis=-1), logs[place, number], -np.inf)
    weights = np.exp(logs - logs.max())
    squares = _squares(flown.east[place], flown.north[place], chosen) * case.sigma**2
    return _Likely(grid[place], weights / weights.sum(), squares)


def _sets(case: Case) -> Float:
    """Every set of arrivals that may be the right ones (sets, n), ones and zeros."""
    sets = [np.isin(np.arange(case.sensors), left) for left in combinations(range(case.sensors), case.wrong)]
    return np.asarray(1.0 - np.array(sets), dtype=np.float64)


def _grid(places: Float, step: float) -> Float:
    """Places ``step`` metres apart in the hull of the sensors (k, 2)."""
    hull = ConvexHull(places)
    low, high = places.min(axis=0), places.max(axis=0)
    lines = [np.arange(low[axis], high[axis] + step, step) for axis in (0, 1)]
    grid = np.stack(np.meshgrid(*lines), axis=-1).reshape(-1, 2)
    inside: Bool = (grid @ hull.equations[:, :2].T + hull.equations[:, 2]).max(axis=-1) <= step / 2
    return np.asarray(grid[inside])


def _squares(east: Float, north: Float, chosen: Float) -> Float:
    """Trace of the inverse of the information of a place for σ of one second, emission eliminated."""
    number = chosen.sum(axis=-1)
    x, y = ((slope * chosen).sum(axis=-1) / number for slope in (east, north))
    xx = (east * east * chosen).sum(axis=-1) - number * x * x
    yy = (north * north * chosen).sum(axis=-1) - number * y * y
    xy = (east * north * chosen).sum(axis=-1) - number * x * y
    return np.asarray((xx + yy) / np.maximum(xx * yy - xy * xy, 1e-30))
