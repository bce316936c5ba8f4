"""What bangs say together: where one was, how loud at its source, and whether they alone make an incident. Pure.

An ``impulse`` alone opens nothing: its cause is not told apart, and doors slam. The one exception is what no door does.
At least :data:`FEWEST_CALIBRATED` calibrated sensors heard it; their arrivals agree on one place; and the peak, carried
back from there to 1 m, reaches :data:`OPENING_PEAK`. Without a fix there is no distance and so no peak at 1 m: what is
not located opens nothing. These are constants and no settings: nobody can make the street more nervous by a file.

Only bangs are located, and the two kinds that are made of them, from the impulses that support them
(:data:`IMPULSIVE`): a begin's time is released in tenths of a second, which is 34 m.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from clairvoie.boundary.fix import Fix, FixArrival, Unlocated
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.units import AGE_FINE
from clairvoie.hub.correlate import Group, around, correlate, fits
from clairvoie.hub.correlate import Heard as Arriving
from clairvoie.hub.incidents import Heard
from clairvoie.hub.locate import FEWEST, SOURCE_HEIGHT, Located, locate
from clairvoie.hub.locate_air import Air
from clairvoie.hub.locate_arrivals import Arrival, arrival_sigma
from clairvoie.hub.locate_plane import Plane

IMPULSIVE = frozenset({HazardKind.IMPULSE, HazardKind.GLASS_BREAKING, HazardKind.FIREWORK})
"""Kinds that may have a fix."""
OPENING_PEAK = 135.0
"""LCpeak in dB at 1 m (112 Pa) from which bangs alone open an incident: the lower peak at which directive 2003/10/EC,
article 3, asks employers to act, here at arm's length from the source. A slammed door, a dropped crate or a horn stays
20 dB and more below; firearms and large firecrackers are 10 to 30 dB above. A convention, argued and not measured."""
FEWEST_CALIBRATED = 4
COARSEST = 0.01
"""Seconds; an arrival known less exactly than this (3.4 m) takes no part."""
CAPTURE_LATENCY = 0.001
"""Standard uncertainty in seconds of the time from membrane to block, for each sensor by itself."""
SENSOR_POSITION = 1.0
"""Standard uncertainty in metres of where a sensor stands, along any ray: a lamp post on a town's plan."""
REACH = 1000.0
"""Metres; sensors further away than this from one another are not asked whether they heard one bang."""

Calibrated = Callable[[Heard], bool]


class Told(NamedTuple):
    """The bangs of one source with their fix, or why there is none; ``peak`` from ``calibrated`` sensors alone."""

    heard: tuple[Heard, ...]
    fix: Fix | None = None
    reason: Unlocated | None = None
    calibrated: int = 0

    @property
    def opens(self) -> bool:
        """Whether these bangs alone make an incident."""
        if self.fix is None or self.fix.peak is None or self.calibrated < FEWEST_CALIBRATED:
            return False
        return self.fix.peak >= OPENING_PEAK


def told_by(heard: Sequence[Heard], air: Air, calibrated: Calibrated) -> Told:
    """What the bangs among ``heard`` say: of the source that most sensors heard."""
    bangs = [one for one in heard if _timed(one)]
    if len({one.sensor for one in bangs}) < FEWEST:
        return Told((), reason=Unlocated.TOO_FEW)
    plane = Plane.around(one.place for one in bangs)
    arriving = [_arriving(one, plane, air) for one in bangs]
    return _told(bangs, arriving, correlate(arriving, air)[0], plane, air, calibrated)


def told_with(new: Heard, others: Sequence[Heard], air: Air, calibrated: Calibrated) -> Told:
    """What the bangs of one source with ``new`` say; of the others only those that are near are looked at."""
    near = [one for one in others if _timed(one)]
    if not _timed(new) or len({one.sensor for one in (new, *near)}) < FEWEST:
        return Told((), reason=Unlocated.TOO_FEW)
    plane = Plane.around([new.place])
    mine = _arriving(new, plane, air)
    arriving = around([one for one in (_arriving(n, plane, air) for n in near) if _within_reach(one)], mine, air)
    if len({one.sensor for one in arriving}) < FEWEST:
        return Told((), reason=Unlocated.TOO_FEW)
    group = next((g for g in correlate(arriving, air) if mine in g.members), None)
    if group is None:  # an echo of a bang that was told of before
        return Told((), reason=Unlocated.TOO_FEW)
    return _told([new, *near], arriving, group, plane, air, calibrated)


def _timed(one: Heard) -> bool:
    return one.kind is HazardKind.IMPULSE and one.sigma is not None and one.sigma <= COARSEST


def _within_reach(one: Arriving) -> bool:
    return math.hypot(one.east, one.north) <= REACH


def _arriving(one: Heard, plane: Plane, air: Air) -> Arriving:
    assert one.sigma is not None
    sigma = arrival_sigma(
        one.sigma, step=AGE_FINE.step, latency=CAPTURE_LATENCY, position=SENSOR_POSITION, speed=air.speed
    )
    return Arriving(one.detection, one.sensor, *plane.metres(one.place), one.onset, sigma)


def _told(
    heard: Sequence[Heard], arriving: Sequence[Arriving], group: Group, plane: Plane, air: Air, calibrated: Calibrated
) -> Told:
    """The fix of ``group``; arrivals beside it that fit the cones are shown to it too, and may be thought wrong."""
    by_number = {one.detection: one for one in heard}
    members = tuple(by_number[one.number] for one in group.members)
    if len(group.members) < FEWEST:
        return Told(members, reason=Unlocated.TOO_FEW)
    asked = [*group.members, *_strays(arriving, group, air)]
    found = _located(asked, air)
    if not isinstance(found, Located) and len(asked) > len(group.members):
        asked = list(group.members)
        found = _located(asked, air)
    if not isinstance(found, Located):
        return Told(members, reason=found)
    ways = [math.dist((one.east, one.north, one.up), (found.east, found.north, SOURCE_HEIGHT)) for one in asked]
    parts = tuple(
        FixArrival(sensor=one.sensor, residual=left, sigma=one.sigma, used=used, metres=way)
        for one, left, used, way in zip(asked, found.residuals, found.used, ways, strict=True)
    )
    peaks = [
        level + 20 * math.log10(max(part.metres, 1.0))
        for one, part in zip((by_number[a.number] for a in asked), parts, strict=True)
        if part.used and calibrated(one) and (level := one.level) is not None
    ]
    loudest = max(members, key=lambda one: (one.level or 0.0, one.sensor))
    fix = Fix(
        place=plane.place(found.east, found.north, SOURCE_HEIGHT, loudest.place.words),
        emitted=found.emitted,
        emitted_sigma=found.emitted_sigma,
        major=found.major,
        minor=found.minor,
        direction=found.direction,
        arrivals=parts,
        peak=statistics.median(peaks) if peaks else None,
    )
    return Told(members, fix, calibrated=len(peaks))


def _located(asked: Sequence[Arriving], air: Air) -> Located | Unlocated:
    return locate([Arrival(one.east, one.north, one.up, one.time, one.sigma) for one in asked], air)


def _strays(arriving: Sequence[Arriving], group: Group, air: Air) -> list[Arriving]:
    """The earliest arrival of each sensor that is not in ``group`` and fits the cones of all that are."""
    found: dict[str, Arriving] = {}
    for one in sorted(arriving, key=lambda one: (one.time, one.number)):
        if one.sensor not in group.sensors and all(fits(one, other, air) for other in group.members):
            found.setdefault(one.sensor, one)
    return list(found.values())
