"""The public polygon of an authorisation: what a valid one is, and whether a position lies inside.

Edges are straight in the plane of degrees (an authorisation spans a town, where that differs from a line on the ground
by less than a metre a kilometre); no polygon crosses the antimeridian. A corner on the border counts for one side only,
so that two polygons which share an edge never both hold a point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from clairvoie.errors import InvalidValue

Point = tuple[float, float]
"""Latitude and longitude, WGS 84 degrees."""

MOST_CORNERS = 128


def check_polygon(polygon: Sequence[Point]) -> None:
    """A ring of 3 to 128 different corners, closed without repeating the first, whose edges neither cross nor touch one
    another elsewhere than at the corner that neighbours share. Either direction of going round is good.

    >>> check_polygon([(0, 0), (1, 1), (0, 1), (1, 0)])
    Traceback (most recent call last):
    clairvoie.errors.InvalidValue: the public polygon crosses or touches itself: ((0, 0), (1, 1), (0, 1), (1, 0)). Give its corners in the order in which one walks round it.
    """  # noqa: E501
    if not 3 <= len(polygon) <= MOST_CORNERS:
        raise InvalidValue(f"the public polygon has 3 to {MOST_CORNERS} corners", len(polygon))
    for corner in polygon:
        _check_corner(corner)
    if len(set(polygon)) < len(polygon):
        raise InvalidValue(
            "the public polygon names a corner twice", tuple(polygon), "The last joins the first by itself."
        )
    edges = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    for (i, one), (j, other) in combinations(enumerate(edges), 2):
        if _folded(one, other) if j == i + 1 else _folded(other, one) if j - i == len(edges) - 1 else _meet(one, other):
            raise InvalidValue(
                "the public polygon crosses or touches itself",
                tuple(polygon),
                "Give its corners in the order in which one walks round it.",
            )


def inside(polygon: Sequence[Point], point: Point) -> bool:
    """Whether ``point`` lies in ``polygon`` (even-odd rule). A point that is not a number lies nowhere.

    >>> inside([(0, 0), (0, 1), (1, 1), (1, 0)], (0.5, 0.5)), inside([(0, 0), (0, 1), (1, 1), (1, 0)], (1.5, 0.5))
    (True, False)
    """
    y, x = point
    found = False
    for (y1, x1), (y2, x2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            found = not found
    return found


def _check_corner(corner: Point) -> None:
    latitude, longitude = corner
    if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise InvalidValue("a corner has a latitude and a longitude in degrees", corner)


Edge = tuple[Point, Point]


def _side(edge: Edge, point: Point) -> float:
    """Positive on one side of the edge's line, negative on the other, zero on it."""
    (y1, x1), (y2, x2) = edge
    return (x2 - x1) * (point[0] - y1) - (y2 - y1) * (point[1] - x1)


def _beside(edge: Edge, point: Point) -> bool:
    """Whether a point on the edge's line lies between its ends."""
    (y1, x1), (y2, x2) = edge
    return min(y1, y2) <= point[0] <= max(y1, y2) and min(x1, x2) <= point[1] <= max(x1, x2)


def _meet(one: Edge, other: Edge) -> bool:
    """Whether two edges that share no corner have a point in common."""
    a, b = _side(one, other[0]), _side(one, other[1])
    c, d = _side(other, one[0]), _side(other, one[1])
    if (a > 0) != (b > 0) and (c > 0) != (d > 0) and 0 not in (a, b, c, d):
        return True
    touching = ((a, one, other[0]), (b, one, other[1]), (c, other, one[0]), (d, other, one[1]))
    return any(side == 0 and _beside(edge, point) for side, edge, point in touching)


def _folded(one: Edge, following: Edge) -> bool:
    """Whether ``following``, which begins where ``one`` ends, runs back over it."""
    return (_side(one, following[1]) == 0 and _beside(one, following[1])) or (
        _side(following, one[0]) == 0 and _beside(following, one[0])
    )
