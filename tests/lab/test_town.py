"""The invented quarter: nobody's street, whole, and with microphones that stand in the open."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.errors import LabError
from clairvoie.lab.scenario import CORNER
from clairvoie.lab.town import Quarter, read_quarter, read_quarter_file

QUARTER = read_quarter()


def test_it_lies_in_the_open_sea_and_says_that_it_is_invented() -> None:
    assert (QUARTER.latitude, QUARTER.longitude) == (46.5, -5.0)
    assert "invented" in QUARTER.geojson["name"]
    kinds = {feature["properties"]["kind"] for feature in QUARTER.geojson["features"]}
    assert kinds == {"building", "lamp-post", "park", "square", "street", "water"}


def test_its_microphones_are_simulated_have_words_and_stand_in_no_house() -> None:
    assert len(QUARTER.microphones) == 8
    for sensor in QUARTER.microphones:
        point = shapely.Point(QUARTER.metres(sensor.place)[:2])
        assert sensor.simulated
        assert sensor.place.words
        assert not any(house.contains(point) for house in QUARTER.surroundings.buildings)
        assert min(street.distance(point) for street in QUARTER.streets) < 8


def test_the_window_is_in_the_street() -> None:
    assert not any(house.contains(shapely.Point(CORNER[:2])) for house in QUARTER.surroundings.buildings)


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 50))
def test_metres_and_degrees_agree(east: float, north: float, height: float) -> None:
    assert QUARTER.metres(QUARTER.place((east, north, height))) == pytest.approx((east, north, height), abs=1e-3)


def test_a_map_of_ones_own_is_read_or_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "wrong.geojson").write_text('{"features": []}', encoding="utf-8")
    with pytest.raises(LabError, match=r"wrong\.geojson"):
        read_quarter_file(tmp_path / "wrong.geojson")
    (tmp_path / "empty.geojson").write_text(
        '{"origin": {"latitude": 1, "longitude": 2}, "features": []}', encoding="utf-8"
    )
    assert read_quarter_file(tmp_path / "empty.geojson").microphones == ()
    assert isinstance(QUARTER, Quarter)
