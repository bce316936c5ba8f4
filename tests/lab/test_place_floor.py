"""The floor of every method: where nothing is doubtful it is the bound, and doubt raises it."""

from __future__ import annotations

import pytest

from clairvoie.lab.place_floor import measure_floor
from clairvoie.lab.place_layouts import Case


def test_where_all_are_known_to_be_right_the_floor_is_the_bound() -> None:
    floor = measure_floor(Case(9, 0.020), 60, 2, 0.0)
    assert floor.expected == pytest.approx(1.0, abs=0.06)
    assert floor.found == pytest.approx(1.0, abs=0.2)


def test_wrong_arrivals_raise_it_and_refusing_lowers_what_is_expected() -> None:
    case = Case(7, 0.020, wrong=2)
    all_, most = (measure_floor(case, 40, 2, refused) for refused in (0.0, 0.2))
    assert all_.expected > most.expected
    assert all_.expected > 1.1
    assert (most.layouts, most.sensors, most.wrong, most.sigma_ms) == (40, 7, 2, 20.0)
