"""Where a sound may come from by any three of its arrivals, in closed form, and how well the other arrivals agree.

Three arrivals and a stated height give at most two places. With the origin at the first sensor and the clock at its
arrival, |s_i − p|² = c²(t_i − t0)²; taking the first equation from the other two leaves two that are linear in place
and q = c·t0, so that p = α + β·q, and the first becomes a quadratic in q (after Bancroft, IEEE Trans. AES 21, 1985).
Wind is exact here too: seen from the moving air, sensor i stood at s_i − wind·t_i when it heard the front.

The cost of a place is Σ min(r²/σ², 16) over all arrivals (MSAC: Torr & Zisserman, CVIU 78, 2000): a wrong arrival
costs the same however wrong it is.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clairvoie.hub.locate_air import Air, Float
from clairvoie.hub.locate_arrivals import Arrivals

LARGEST_COST = 16.0
"""Of one arrival: four standard uncertainties, squared."""
NOWHERE = 1e9
"""Metres; a place that three arrivals do not have."""

Index = npt.NDArray[np.intp]


class Places(NamedTuple):
    """Candidate places (rows, candidates, 2) in metres with their costs and emission times (rows, candidates)."""

    where: Float
    cost: Float
    emitted: Float


@lru_cache(64)
def triples(columns: int, most: int) -> Index:
    """``most`` different triples of ``columns`` sensors, shape (most, 3), or all; always the same, drawn evenly."""
    every = np.array(list(combinations(range(columns), 3)), dtype=np.intp).reshape(-1, 3)
    drawn: Index = np.random.default_rng(columns).permutation(len(every))[:most]
    return every[drawn]


def candidates(arrivals: Arrivals, sigmas: Float, air: Air, height: float, chosen: Index) -> Places:
    """Both places of the triples ``chosen`` (triples, 3) of each row, with their costs by ``sigmas`` (rows, n)."""
    times, speed = arrivals.times, air.speed
    moved = arrivals.places[..., :2] - times[..., None] * np.asarray(air.wind)
    above = arrivals.places[..., 2] - height
    where, emitted = _solve(moved, speed * times, above, chosen)
    rays = moved[:, None] - where[:, :, None]
    flown = np.sqrt(np.einsum("rkni,rkni->rkn", rays, rays) + (above * above)[:, None])
    late = (speed * times)[:, None] - emitted[..., None] - flown
    scale = 1.0 / (speed * sigmas)[:, None]
    each = np.where(arrivals.present[:, None], np.minimum((late * scale) ** 2, LARGEST_COST), 0.0)
    missing = ~arrivals.present[:, chosen].all(axis=-1)
    cost = np.where(np.concatenate((missing, missing), axis=1), np.inf, each.sum(axis=-1))
    cost = np.where(np.abs(where).max(axis=-1) < NOWHERE, cost, np.inf)
    return Places(where + (emitted / speed)[..., None] * np.asarray(air.wind), cost, emitted / speed)


def _solve(moved: Float, range_: Float, above: Float, chosen: Index) -> tuple[Float, Float]:
    """Places (rows, 2 × triples, 2) and c·t0 of both roots of each triple; :data:`NOWHERE` where there is none."""
    first, second, third = chosen.T
    base, clock = moved[:, first], range_[:, first]
    x2, y2 = np.moveaxis(moved[:, second] - base, -1, 0)
    x3, y3 = np.moveaxis(moved[:, third] - base, -1, 0)
    r2, r3 = range_[:, second] - clock, range_[:, third] - clock
    low = above * above
    k1 = low[:, first]
    k2 = (x2 * x2 + y2 * y2 - r2 * r2 + low[:, second] - k1) / 2
    k3 = (x3 * x3 + y3 * y3 - r3 * r3 + low[:, third] - k1) / 2
    area = x2 * y3 - x3 * y2
    with np.errstate(all="ignore"):  # triples in a line have no place, and say so below
        ax, ay = (k2 * y3 - k3 * y2) / area, (k3 * x2 - k2 * x3) / area
        bx, by = (r2 * y3 - r3 * y2) / area, (r3 * x2 - r2 * x3) / area
        a, b, c = bx * bx + by * by - 1, ax * bx + ay * by, ax * ax + ay * ay + k1
        root = np.sqrt(np.maximum(b * b - a * c, 0.0))
        # q = c·t0 is before every arrival; c / (…) keeps digits where a is near zero.
        lead = -(b + np.copysign(root, b))
        q = np.stack((lead / a, c / lead))
        x, y, q = base[..., 0] + ax + bx * q, base[..., 1] + ay + by * q, clock + q
    heard = q <= np.minimum(np.minimum(clock, clock + r2), clock + r3) + 1e-6
    good = heard & np.isfinite(x) & np.isfinite(y) & (np.hypot(x, y) < NOWHERE)
    rows = len(moved)

    def flat(values: Float, missing: float) -> Float:
        return np.where(good, values, missing).transpose(1, 0, 2).reshape(rows, -1)

    return np.stack((flat(x, NOWHERE), flat(y, NOWHERE)), axis=-1), flat(q, 0.0)
