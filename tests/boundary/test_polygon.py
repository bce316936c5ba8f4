"""Polygons: which are taken, and agreement with shapely on what lies inside."""

from __future__ import annotations

import math

import pytest
from generated_acts import CENTRE, places, polygons
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import Point as Spot
from shapely import Polygon

from clairvoie.boundary.polygon import MOST_CORNERS, Point, check_polygon, inside
from clairvoie.errors import InvalidValue

corner = st.tuples(st.integers(0, 5), st.integers(0, 5))


@given(polygons(), places)
def test_inside_agrees_with_shapely_away_from_the_border(polygon: tuple[Point, ...], place: Point) -> None:
    shape = Polygon(polygon)
    assume(shape.exterior.distance(Spot(place)) > 1e-9)
    assert inside(polygon, place) is bool(shape.contains(Spot(place)))
    assert inside(polygon[::-1], place) is inside(polygon, place)


@given(st.lists(corner, min_size=3, max_size=7, unique=True))
def test_a_polygon_is_taken_exactly_where_shapely_calls_it_valid(ring: list[tuple[int, int]]) -> None:
    """On a small grid, where corners on edges, folds and crossings abound and arithmetic is exact."""
    valid = bool(Polygon(ring).is_valid and Polygon(ring).area > 0)
    try:
        check_polygon([(float(y), float(x)) for y, x in ring])
        taken = True
    except InvalidValue:
        taken = False
    assert taken is valid


@given(st.integers(0, 20), st.integers(0, 20))
def test_squares_side_by_side_hold_each_point_once(i: int, j: int) -> None:
    point = (i / 10, j / 10)
    squares = [
        ((float(y), float(x)), (float(y), x + 1.0), (y + 1.0, x + 1.0), (y + 1.0, float(x)))
        for y in range(3)
        for x in range(3)
    ]
    assert sum(inside(square, point) for square in squares) == 1


@pytest.mark.parametrize(
    "polygon",
    [
        [(0.0, 0.0), (0.0, 1.0)],
        [(0.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1.0, 1.0)],
        [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0)],
        [(0.0, 0.0), (0.0, 1.0), (91.0, 1.0)],
        [(0.0, 0.0), (0.0, 1.0), (math.nan, 1.0)],
        [(0.0, 0.0), (0.0, 1.0), (1.0, math.inf)],
        [(float(i), float(i * i) / 1000) for i in range(MOST_CORNERS + 1)],
    ],
)
def test_what_is_no_polygon_is_refused(polygon: list[Point]) -> None:
    with pytest.raises(InvalidValue):
        check_polygon(polygon)


def test_a_point_that_is_not_a_number_lies_nowhere() -> None:
    square = [(48.8, 2.3), (48.8, 2.4), (48.9, 2.4), (48.9, 2.3)]
    assert inside(square, CENTRE)
    for point in ((math.nan, 2.35), (48.85, math.nan), (math.inf, 2.35), (48.85, -math.inf)):
        assert not inside(square, point)
