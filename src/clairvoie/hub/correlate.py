"""Which arrivals are of one bang: several at once, some missing, some false, some echoes. Pure: facts in, groups out.

Arrivals are merged by time cones, never by windows that stand side by side: two of one bang differ by no more than the
sound needs from one sensor to the other, |t_i − t_j| ≤ d_ij / c + slack. That is needed, not enough: bangs a second
apart in one quarter share cones. So where four sensors or more are left in one cone, every few triples of them give a
place (:mod:`clairvoie.hub.locate_triples`), and the place from which most sensors heard something in time is a
bang's: its arrivals go, later ones at the same sensors within :data:`ECHO_SECONDS` go with them as its echoes, and
the rest is looked at again. What is left at the end is grouped by cones alone, the earliest first.

Two laws hold for every group: it has at most one arrival of each sensor, and each two of its arrivals fit the cone.

An arrival is put into one group only. Two bangs closer together than the uncertainties of place and time are one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clairvoie.hub.locate_air import Air, Bool, Float
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.hub.locate_descent import descend_robustly, fit
from clairvoie.hub.locate_triples import Index, candidates, triples

MOST = 48
"""Arrivals looked at in one call; of more, those nearest in time to the one that is new."""
SIGMAS = 4.0
"""Slack of a cone, in standard uncertainties of the difference of two arrivals."""
FEWEST = 4
"""Sensors that make a place worth looking for."""
ECHO_SECONDS = 0.4
"""A later arrival at a sensor that heard a bang, no later than this after it, is thought an echo of it: ways by facades
within 65 m. A second bang within it is taken for an echo; the price is that it has one sensor less."""
DRAWN, TRIPLES = 12_000, 600
"""Triples that are drawn, and those of them that are tried because they fit each other's cones."""
BEST = 8
"""Places that are refined."""
REACH = 200.0
"""Metres; over such ways the air's uncertainty counts when it is asked who agrees, before it is fitted."""


class Heard(NamedTuple):
    """One arrival: who heard it, where that sensor stands (metres east, north, up), when (s), how exactly (s)."""

    number: int
    sensor: str
    east: float
    north: float
    up: float
    time: float
    sigma: float


class Group(NamedTuple):
    """Arrivals of one bang, earliest first; ``echoes`` are later ones at the same sensors. ``placed``: they agree on a
    place, beyond fitting the cones."""

    members: tuple[Heard, ...]
    echoes: tuple[Heard, ...] = ()
    placed: bool = False

    @property
    def sensors(self) -> frozenset[str]:
        """Who heard it."""
        return frozenset(one.sensor for one in self.members)


def correlate(heard: Sequence[Heard], air: Air, *, height: float = 1.5) -> tuple[Group, ...]:
    """Groups of ``heard``, at most :data:`MOST` of them, the largest first; every arrival is in one group or is an
    echo of one. The order of ``heard`` does not matter."""
    left = sorted(heard, key=lambda one: (one.time, one.sensor, one.number))[:MOST]
    groups: list[Group] = []
    while len({one.sensor for one in left}) >= FEWEST:
        found = _placed(left, air, height)
        if found is None:
            break
        groups.append(found)
        left = _without(left, found)
    while left:
        found = _by_cones(left, air)
        groups.append(found)
        left = _without(left, found)
    return tuple(sorted(groups, key=lambda group: (-len(group.members), group.members[0].time)))


def around(heard: Sequence[Heard], new: Heard, air: Air) -> list[Heard]:
    """What may be of one bang with ``new``, or an echo beside it: those in its cone, at most :data:`MOST`, nearest in
    time."""
    near = [one for one in heard if one.number != new.number and _cone(one, new, air, ECHO_SECONDS)]
    near.sort(key=lambda one: (abs(one.time - new.time), one.sensor, one.number))
    return [new, *near[: MOST - 1]]


def fits(one: Heard, other: Heard, air: Air) -> bool:
    """Whether two sensors may have heard one bang: the cone."""
    return one.sensor != other.sensor and _cone(one, other, air, 0.0)


def _cone(one: Heard, other: Heard, air: Air, more: float) -> bool:
    apart = math.dist((one.east, one.north, one.up), (other.east, other.north, other.up))
    slack = SIGMAS * math.hypot(one.sigma, other.sigma)
    return abs(one.time - other.time) <= apart / air.slowest + slack + more


def _without(heard: Sequence[Heard], group: Group) -> list[Heard]:
    gone = {one.number for one in (*group.members, *group.echoes)}
    return [one for one in heard if one.number not in gone]


def _by_cones(heard: Sequence[Heard], air: Air) -> Group:
    """The earliest arrival with whatever fits the cones of all that were taken before, earliest first."""
    members: list[Heard] = []
    for one in heard:
        if all(fits(one, other, air) for other in members):
            members.append(one)
    return Group(tuple(members), _echoes(heard, members))


def _echoes(heard: Sequence[Heard], members: Sequence[Heard]) -> tuple[Heard, ...]:
    first = {one.sensor: one for one in members}
    taken = {one.number for one in members}
    return tuple(
        one
        for one in heard
        if one.number not in taken and one.sensor in first and 0 <= one.time - first[one.sensor].time <= ECHO_SECONDS
    )


def _placed(heard: Sequence[Heard], air: Air, height: float) -> Group | None:
    """The bang that most sensors heard, if four or more agree on a place."""
    chosen = _triples(heard, air)
    if not len(chosen):
        return None
    table = np.array([(one.east, one.north, one.up, one.time, one.sigma) for one in heard])
    present = np.ones((1, len(heard)), dtype=np.bool_)
    arrivals, _, _ = Arrivals(table[None, :, :3], table[None, :, 3], table[None, :, 4], present).centred()
    wide = np.hypot(arrivals.sigmas, air.relative_sigma * REACH / air.speed)
    places = candidates(arrivals, wide, air, height, chosen)
    order = np.argsort(places.cost[0], kind="stable")[:BEST]
    order = order[np.isfinite(places.cost[0, order])]
    if not len(order):
        return None
    many, wides = arrivals.repeated(len(order)), np.repeat(wide, len(order), axis=0)
    where, left = descend_robustly(
        many, wides, places.where[0, order], air, height, (3.0, 2.0, 1.0), places.emitted[0, order]
    )
    names = np.unique([one.sensor for one in heard], return_inverse=True)[1]
    used = _one_each(names, np.abs(left) / wides)
    for _ in range(2):  # what the air explains is taken out, and who fits is asked again
        found = fit(many, used / many.sigmas**2, where, air, height, steps=1)
        where = found.where
        used = _one_each(names, np.abs(found.residuals) / many.sigmas)
    misfit = np.where(used, np.abs(found.residuals) / many.sigmas, 0.0).sum(axis=-1)
    best = np.lexsort((misfit, -used.sum(axis=-1)))[0]
    return _group(heard, np.flatnonzero(used[best]), air)


@lru_cache(MOST)
def _drawn(count: int) -> Index:
    """:data:`DRAWN` triples of ``count`` arrivals, or all; always the same."""
    return triples(count, DRAWN)


def _triples(heard: Sequence[Heard], air: Air) -> Index:
    """Triples of different sensors that fit each other's cones, at most :data:`TRIPLES`."""
    fitting = _fitting(heard, air)
    first, second, third = _drawn(len(heard)).T
    good = fitting[first, second] & fitting[first, third] & fitting[second, third]
    return np.asarray(_drawn(len(heard))[good][:TRIPLES])


def _fitting(heard: Sequence[Heard], air: Air) -> Bool:
    """:func:`fits` of each two, at once."""
    table = np.array([(one.east, one.north, one.up, one.time, one.sigma) for one in heard])
    names = np.array([one.sensor for one in heard])
    gap = table[:, None] - table[None]
    apart = np.sqrt((gap[..., :3] ** 2).sum(axis=-1))
    slack = SIGMAS * np.sqrt(table[:, None, 4] ** 2 + table[None, :, 4] ** 2)
    return np.asarray((np.abs(gap[..., 3]) <= apart / air.slowest + slack) & (names[:, None] != names[None]))


def _one_each(names: npt.NDArray[np.intp], scaled: Float) -> Bool:
    """Of each sensor the arrival that fits best (rows, n), if it fits."""
    least = np.full((len(scaled), int(names.max()) + 1), np.inf)
    np.minimum.at(least.T, names, scaled.T)
    return np.asarray((scaled <= SIGMAS) & (scaled == least[:, names]))


def _group(heard: Sequence[Heard], chosen: npt.NDArray[np.intp], air: Air) -> Group | None:
    """The group of these arrivals, without any that does not fit the cone of one before it."""
    members: list[Heard] = []
    for number in chosen:
        one = heard[int(number)]
        if all(fits(one, other, air) for other in members):
            members.append(one)
    if len(members) < FEWEST:
        return None
    return Group(tuple(members), _echoes(heard, members), placed=True)
