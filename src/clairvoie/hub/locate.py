"""Where a bang was, from nothing but when it arrived: position, emission time and 95 % ellipse, or why there is none.

Facts in, values out; many sounds at once (:func:`locate_all`) or one (:func:`locate`). In order:

1. Every few triples of arrivals give places in closed form (:mod:`.locate_triples`); the one with which most others
   agree is where weighted Gauss–Newton begins, over all arrivals (:mod:`.locate_descent`).
2. If they all fit (χ² at :data:`SURE` and so well that no wrong one need be suspected, none further than
   :data:`FARTHEST` σ), that is the fix. Any other place that explains the same arrivals nearly as well (:data:`ODDS`)
   makes it ambiguous: the second root of the triples, and the mirror image in the line along which sensors stand.
3. Otherwise some are wrong: :mod:`.locate_consensus` finds which, and how sure that is. The fix is ambiguous when the
   expected square of its error is over :data:`LARGEST_RISK` times what the right arrivals alone would leave.

The ellipse comes from the Jacobian at the fix and the stated uncertainties, those of the air included, and where some
arrivals are wrong from all places that are likely; it is **not** scaled by the residuals: residuals that do not fit are
refused instead. Its 95 % hold if the stated uncertainties do.

What it cannot know: a wrong arrival that lies within its own uncertainty of the right one is used, and all arrivals
being echoes of one facade are a consistent wrong place.

>>> square = [(0, 0), (200, 0), (200, 200), (0, 200), (90, 20)]
>>> air = Air(temperature=20.0, temperature_sigma=0.0, wind_sigma=0.0)
>>> def bang(east, north):
...     return [Arrival(x, y, 4.0, math.dist((x, y, 4.0), (east, north, 1.5)) / air.speed, 0.001) for x, y in square]
>>> fix = locate(bang(60.0, 120.0), air)
>>> round(fix.east, 2), round(fix.north, 2), round(fix.major, 2)
(60.0, 120.0, 0.63)
>>> locate(bang(60.0, 120.0)[:3], air)
<Unlocated.TOO_FEW: 'too-few'>
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, gammaln

from clairvoie.boundary.fix import Unlocated
from clairvoie.hub.locate_air import Air, Bool, Float
from clairvoie.hub.locate_arrivals import Arrival, Arrivals
from clairvoie.hub.locate_consensus import FARTHEST_START, SCALES, consensus
from clairvoie.hub.locate_descent import Fit, agreement, descend, descend_robustly, fit
from clairvoie.hub.locate_odds import OUTLIER_SECONDS, evidence, rightness
from clairvoie.hub.locate_triples import Places, candidates, triples

SOURCE_HEIGHT = 1.5
"""Metres above the ground at which a source is supposed, unless it is stated."""
FEWEST = 4
"""Arrivals, with which two coordinates and an emission time leave one equation to disagree with."""
SURE = 0.999
"""Residuals of right arrivals are refused once in a thousand times."""
FARTHEST = 3.7
"""Standard uncertainties; further off than this an arrival is thought wrong."""
ODDS = math.log(20.0)
"""A second place is dismissed when it is so much (log odds) less likely than the first."""
CHANCE = 0.05
"""Expected number of agreements by chance, above which a consensus among wrong arrivals proves nothing."""
LARGEST_DROP = 0.45
"""Share of the arrivals that may be wrong at most."""
LONGEST_ELLIPSE = 150.0
"""Metres; a fix whose 95 % ellipse has a longer half-axis is a direction and no place."""
NARROWEST = 0.02
"""Sensors whose spread across is less than this share of their spread along stand in a line."""
MOST_SUSPECT = 0.1
"""Share of right ones that are looked at as if some were wrong, at most."""
LARGEST_RISK = 12.0
"""Of a consensus: see :attr:`~clairvoie.hub.locate_consensus.Consensus.risk`."""
TRIPLES = 8
"""From which to begin when all arrivals may be right."""
ROWS_AT_ONCE, CONSENSUS_AT_ONCE = 1024, 64
"""More rows no longer stay in a processor's cache, without wrong arrivals and with them."""
RADIUS_95 = math.sqrt(chdtri(2, 0.05))
"""Of the ellipse in standard deviations: the square root of the 95 % quantile of χ² with two degrees of freedom,
2.448."""


class Code(IntEnum):
    """Outcome of a row."""

    LOCATED = 0
    TOO_FEW = 1
    COLLINEAR = 2
    ILL_CONDITIONED = 3
    AMBIGUOUS = 4
    DISAGREE = 5


REASONS: dict[Code, Unlocated] = {
    Code.TOO_FEW: Unlocated.TOO_FEW,
    Code.COLLINEAR: Unlocated.COLLINEAR,
    Code.ILL_CONDITIONED: Unlocated.ILL_CONDITIONED,
    Code.AMBIGUOUS: Unlocated.AMBIGUOUS,
    Code.DISAGREE: Unlocated.DISAGREE,
}


@dataclass(frozen=True, slots=True)
class Fixes:
    """Rows of results. Where ``code`` is not :attr:`Code.LOCATED` the numbers are the best found, and no fix.

    ``where``: (rows, 2) metres east and north; ``emitted``: (rows) seconds; ``covariance`` of the place: (rows, 2, 2)
    m²; ``used``: (rows, n), the arrivals on which it rests; ``residuals``: (rows, n) seconds; ``squares``: χ² of
    those used.
    """

    code: npt.NDArray[np.int8]
    where: Float
    emitted: Float
    emitted_sigma: Float
    covariance: Float
    used: Bool
    residuals: Float
    squares: Float

    @property
    def located(self) -> Bool:
        """Which rows have a fix."""
        return np.asarray(self.code == Code.LOCATED)


class Located(NamedTuple):
    """One fix: metres, seconds, and the ellipse: half-axes in metres, ``direction`` of the longer one in degrees
    clockwise from north, 0 to 180. ``used`` and ``residuals`` (s) follow the order of the arrivals."""

    east: float
    north: float
    emitted: float
    emitted_sigma: float
    major: float
    minor: float
    direction: float
    used: tuple[bool, ...]
    residuals: tuple[float, ...]


class Ellipse(NamedTuple):
    """Half-axes in metres, and the direction of the longer one in degrees clockwise from north, 0 to 180."""

    major: float
    minor: float
    direction: float


def ellipse(covariance: Float) -> Ellipse:
    """The 95 % ellipse of a covariance of (east, north), (2, 2) in m².

    >>> [round(part, 1) for part in ellipse(np.diag([4.0, 1.0]))]
    [4.9, 2.4, 90.0]
    """
    values, vectors = np.linalg.eigh(covariance)
    minor, major = np.sqrt(np.maximum(values, 0.0)) * RADIUS_95
    east, north = vectors[:, 1]
    return Ellipse(float(major), float(minor), math.degrees(math.atan2(east, north)) % 180.0)


def locate(arrivals: Sequence[Arrival], air: Air, *, height: float = SOURCE_HEIGHT) -> Located | Unlocated:
    """The fix of one sound, or why there is none."""
    if not arrivals:
        return Unlocated.TOO_FEW
    found = locate_all(Arrivals.of([arrivals]), air, height=height)
    code = Code(int(found.code[0]))
    if code is not Code.LOCATED:
        return REASONS[code]
    shape = ellipse(found.covariance[0])
    return Located(
        east=float(found.where[0, 0]),
        north=float(found.where[0, 1]),
        emitted=float(found.emitted[0]),
        emitted_sigma=float(found.emitted_sigma[0]),
        major=shape.major,
        minor=shape.minor,
        direction=shape.direction,
        used=tuple(bool(used) for used in found.used[0]),
        residuals=tuple(float(left) for left in found.residuals[0]),
    )


def locate_all(arrivals: Arrivals, air: Air, *, height: float = SOURCE_HEIGHT) -> Fixes:
    """The fixes of all rows. ``height``: of the source above the zero from which sensors' heights are counted."""
    near, middle, mean = arrivals.centred()
    rows, columns = near.times.shape
    code = np.where(near.count < FEWEST, Code.TOO_FEW, Code.LOCATED).astype(np.int8)
    code[(code == Code.LOCATED) & _in_line(near)] = Code.COLLINEAR
    fixes = Fixes(
        code, np.zeros((rows, 2)), np.zeros(rows), np.zeros(rows), np.zeros((rows, 2, 2)),
        near.present.copy(), np.zeros((rows, columns)), np.zeros(rows),
    )  # fmt: skip
    wanted = np.flatnonzero(code == Code.LOCATED)
    for first in range(0, wanted.size, ROWS_AT_ONCE):
        chosen = wanted[first : first + ROWS_AT_ONCE]
        _fill(fixes, chosen, near.rows(chosen), air, height)
    fixes.where[...] += middle
    fixes.emitted[...] += mean
    return fixes


def _fill(fixes: Fixes, chosen: npt.NDArray[np.intp], some: Arrivals, air: Air, height: float) -> None:
    """Locate ``some`` and write the results into the rows ``chosen`` of ``fixes``."""
    wide = _wide(some, air)
    weights = some.present / (some.sigmas * some.sigmas)
    places = candidates(some, wide, air, height, triples(some.times.shape[1], TRIPLES))
    best = places.where[np.arange(len(some)), places.cost.argmin(axis=-1)]
    start, _ = descend(some, weights, np.clip(best, -FARTHEST_START, FARTHEST_START), air, height, 2)
    found, used, risk = fit(some, weights, start, air, height), some.present.copy(), np.zeros(len(some))
    fits = _fits(found, some, used)
    wrong = np.flatnonzero(~fits | _suspect(found, some))
    for first in range(0, wrong.size, CONSENSUS_AT_ONCE):
        bad = wrong[first : first + CONSENSUS_AT_ONCE]
        agreed = consensus(some.rows(bad), wide[bad], air, height)
        for whole, part in zip((*found, used, risk), (*agreed.fit, agreed.used, agreed.risk), strict=True):
            whole[bad] = part
    twice = np.where(risk > 0, risk > LARGEST_RISK, _ambiguous(found, some, places, wide, air, height))
    code = _judge(found, some, used, twice, fits)
    fixes.code[chosen] = code
    fixes.where[chosen], fixes.emitted[chosen] = found.where, found.emitted
    fixes.emitted_sigma[chosen] = np.sqrt(np.maximum(found.covariance[:, 2, 2], 0.0))
    fixes.covariance[chosen] = found.covariance[:, :2, :2]
    fixes.used[chosen], fixes.residuals[chosen], fixes.squares[chosen] = used, found.residuals, found.squares


def _judge(found: Fit, some: Arrivals, used: Bool, twice: Bool, fits: Bool) -> npt.NDArray[np.int8]:
    """The code of each row. ``twice``: whether another place explains it; ``fits``: whether all arrivals might be
    right."""
    number, of = used.sum(axis=-1), some.count
    code = np.full(len(some), Code.LOCATED, dtype=np.int8)
    long = np.linalg.eigvalsh(found.covariance[:, :2, :2])[:, 1]
    code[(long * RADIUS_95**2 > LONGEST_ELLIPSE**2) | ~np.isfinite(long)] = Code.ILL_CONDITIONED
    code[twice] = Code.AMBIGUOUS
    wrong = ~_likely(found, used) | (number < FEWEST) | (of - number > LARGEST_DROP * of)
    code[~fits & (wrong | _by_chance(some, used))] = Code.DISAGREE
    return code


def _fits(found: Fit, some: Arrivals, used: Bool) -> Bool:
    """Whether the residuals of what was used are those of right arrivals, together and each."""
    far = np.where(used, np.abs(found.residuals) / some.sigmas, 0.0).max(axis=-1)
    return np.asarray(_likely(found, used) & (far <= FARTHEST))


def _suspect(found: Fit, some: Arrivals) -> Bool:
    """Whether residuals that might be those of right arrivals are so large that a wrong one may hide among them: this
    is asked of as many as wrong ones fall within σ of where they ought to be."""
    sigma = np.where(some.present, some.sigmas, 0.0).sum(axis=-1) / some.count
    share = np.minimum(sigma / OUTLIER_SECONDS, MOST_SUSPECT)
    return np.asarray(found.squares > chdtri(np.maximum(some.count - 3, 1), share))


def _likely(found: Fit, used: Bool) -> Bool:
    return np.asarray(found.squares <= chdtri(np.maximum(used.sum(axis=-1) - 3, 1), 1 - SURE))


def _by_chance(some: Arrivals, used: Bool) -> Bool:
    """Whether so many arrivals could agree by chance: after three have made a place, each further one does with
    6σ / (2 × :data:`OUTLIER_SECONDS`), and there are so many ways to choose them."""
    number, of = used.sum(axis=-1), some.count
    if np.all(number == of):
        return np.zeros(len(some), dtype=np.bool_)
    share = np.minimum(1.0, np.where(used, some.sigmas, 0.0).sum(axis=-1) / np.maximum(number, 1) * 3 / OUTLIER_SECONDS)
    ways = gammaln(of + 1) - gammaln(number + 1) - gammaln(of - number + 1)
    return np.asarray((number < of) & (ways + (number - 3) * np.log(np.maximum(share, 1e-12)) > math.log(CHANCE)))


def _ambiguous(found: Fit, some: Arrivals, places: Places, wide: Float, air: Air, height: float) -> Bool:
    """Whether another place explains the arrivals nearly as well: see the module."""
    rows = np.arange(len(some))
    clear = 2 * RADIUS_95 * np.sqrt(np.maximum(np.trace(found.covariance[:, :2, :2], axis1=1, axis2=2), 1e-6))
    apart = np.hypot(*np.moveaxis(places.where - found.where[:, None], -1, 0))
    elsewhere = np.where(apart > clear[:, None], places.cost, np.inf)
    second = elsewhere.argmin(axis=-1)
    own = np.minimum((found.residuals / some.sigmas) ** 2, 16.0)
    slack = np.where(some.present, own, 0.0).sum(axis=-1) + 24.0
    mirror = _mirrored(some, found.where)
    twice = np.zeros(len(some), dtype=np.bool_)
    for start, worth in (
        (places.where[rows, second], elsewhere[rows, second] < slack),
        (mirror, agreement(some, mirror, wide, air, height) < slack),
    ):
        at = np.flatnonzero(worth & np.isfinite(start).all(axis=-1) & (np.abs(start).max(axis=-1) < 1e4))
        if at.size:
            part, narrow = some.rows(at), wide[at]
            ended, left = descend_robustly(part, narrow, start[at], air, height, SCALES)
            right = part.present & (rightness(left, narrow) > 0.5)
            other = fit(part, right / (part.sigmas * part.sigmas), ended, air, height)
            far = np.hypot(*(other.where - found.where[at]).T) > clear[at]
            here = evidence(found.residuals[at], part.sigmas, part.present)
            better = evidence(other.residuals, part.sigmas, part.present) > here - ODDS
            twice[at] |= far & better
    return twice


def _mirrored(some: Arrivals, where: Float) -> Float:
    """The mirror image of each place in the line along which the sensors stand."""
    flat = some.places[..., :2] * some.present[..., None]
    xx, yy = (flat[..., 0] ** 2).sum(axis=-1), (flat[..., 1] ** 2).sum(axis=-1)
    angle = np.arctan2(2 * (flat[..., 0] * flat[..., 1]).sum(axis=-1), xx - yy)
    x, y = where[:, 0], where[:, 1]
    return np.stack((np.cos(angle) * x + np.sin(angle) * y, np.sin(angle) * x - np.cos(angle) * y), axis=-1)


def _in_line(some: Arrivals) -> Bool:
    """Whether a row's sensors stand in a line: beside it, left and right cannot be told apart."""
    flat = some.places[..., :2] * some.present[..., None]
    spread = np.linalg.eigvalsh(flat.transpose(0, 2, 1) @ flat)
    return np.asarray(spread[:, 0] <= NARROWEST**2 * spread[:, 1])


def _wide(some: Arrivals, air: Air) -> Float:
    """Standard uncertainties with the air's roughly in them: enough to find who agrees, not to found."""
    reach = np.sqrt((some.places[..., :2] ** 2).sum(axis=(1, 2)) / np.maximum(some.count, 1.0))
    return np.asarray(np.hypot(some.sigmas, air.relative_sigma * reach[:, None] / air.speed))
