"""Propagation against closed forms and against the tables of ISO 9613."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.errors import LabError
from clairvoie.lab.propagation import Atmosphere, Path, Surroundings, paths_between, response, screening

OCTAVES = np.array([63.0, 125, 250, 500, 1000, 2000, 4000, 8000])
EXACT = 1000 * 10 ** (0.3 * np.arange(-4, 4))
"""The exact midbands for which the tables are computed (ISO 9613-1, 6.4)."""

ISO_9613_2_TABLE_2 = {
    (10, 70): (0.1, 0.4, 1.0, 1.9, 3.7, 9.7, 32.8, 117),
    (20, 70): (0.1, 0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6),
    (30, 70): (0.1, 0.3, 1.0, 3.1, 7.4, 12.7, 23.1, 59.3),
    (15, 20): (0.3, 0.6, 1.2, 2.7, 8.2, 28.2, 88.8, 202),
    (15, 50): (0.1, 0.5, 1.2, 2.2, 4.2, 10.8, 36.2, 129),
    (15, 80): (0.1, 0.3, 1.1, 2.4, 4.1, 8.3, 23.7, 82.8),
}
"""(°C, % relative humidity) -> dB a kilometre; calculated from ISO 9613-1 by the standard itself."""


@pytest.mark.parametrize(("air", "table"), ISO_9613_2_TABLE_2.items())
def test_absorption_of_air_agrees_with_the_standards_table(air: tuple[int, int], table: tuple[float, ...]) -> None:
    found = 1000 * Atmosphere(temperature=air[0], humidity=air[1]).absorption(EXACT)
    assert found == pytest.approx(table, rel=0.01, abs=0.06)


def test_the_speed_of_sound_follows_the_temperature() -> None:
    assert Atmosphere(temperature=20).speed_of_sound == pytest.approx(343.2)
    assert Atmosphere(temperature=0).speed_of_sound == pytest.approx(331.3, abs=0.1)


def test_air_outside_the_standard_is_refused() -> None:
    with pytest.raises(LabError, match="ISO 9613-1"):
        Atmosphere(temperature=80)


@given(
    distance=st.floats(2, 400),
    temperature=st.floats(-10, 40),
    rate=st.sampled_from([16_000, 32_000, 48_000]),
)
def test_delay_and_level_of_the_direct_way_are_exact(distance: float, temperature: float, rate: int) -> None:
    air = Atmosphere(temperature=temperature)
    shift, taps = response(paths_between((0, 0, 2), (distance, 0, 2)), rate, air)
    frequencies = np.fft.rfftfreq(taps.size, 1 / rate)
    spectrum = np.fft.rfft(taps)
    band = (frequencies > 100) & (frequencies < 0.4 * rate)
    phase = np.unwrap(np.angle(spectrum[band]))
    slope = np.polyfit(2 * np.pi * frequencies[band], phase, 1)[0]
    assert -slope + shift / rate == pytest.approx(distance / air.speed_of_sound, abs=0.001 / rate)
    at_1k = int(np.argmin(np.abs(frequencies - 1000)))
    expected = -20 * np.log10(distance) - distance * float(air.absorption(frequencies[at_1k : at_1k + 1])[0])
    assert 20 * np.log10(abs(spectrum[at_1k])) == pytest.approx(expected, abs=1e-6)


def test_the_ground_is_an_image_source() -> None:
    paths = paths_between((0, 0, 3), (40, 0, 4), Surroundings(ground_loss=1.0))
    assert paths == (Path(np.hypot(40, 1)), Path(np.hypot(40, 7), 1.0))


def test_a_street_canyon_reflects_from_both_sides() -> None:
    north, south = shapely.box(-100, 6, 100, 16), shapely.box(-100, -16, 100, -6)
    around = Surroundings((north, south), (12.0, 12.0))
    paths = paths_between((0, 2, 1.5), (50, -1, 4), around)
    facades = [path.length for path in paths if path.loss == around.facade_loss]
    height = 2.5
    assert facades == pytest.approx([np.sqrt(50**2 + 11**2 + height**2), np.sqrt(50**2 + 13**2 + height**2)], rel=1e-12)
    assert all(path.detour == 0 for path in paths)


def test_a_facade_does_not_reflect_through_a_house() -> None:
    wall, house = shapely.box(-100, 20, 100, 30), shapely.box(20, 5, 30, 19)
    open_street = paths_between((0, 0, 1.5), (50, 0, 4), Surroundings((wall,), (12.0,)))
    built_up = paths_between((0, 0, 1.5), (50, 0, 4), Surroundings((wall, house), (12.0, 12.0)))
    assert len(open_street) == 3
    assert 2.5 not in [round(path.loss, 1) for path in built_up if path.length == open_street[2].length]


def test_a_building_in_the_way_is_crossed_over_its_roof() -> None:
    around = Surroundings((shapely.box(20, -50, 30, 50),), (12.0,), reflections=0)
    (direct,) = paths_between((0, 0, 2), (50, 0, 2), around)
    over = np.hypot(20, 10) * 2 + 10
    assert direct.length == pytest.approx(over)
    assert direct.detour == pytest.approx(over - 50)


@given(st.floats(0.001, 50), st.floats(50, 8000))
def test_screening_grows_with_the_detour_and_never_passes_25_db(detour: float, frequency: float) -> None:
    loss = float(screening(np.array([frequency]), detour, 340.0)[0])
    longer = float(screening(np.array([frequency]), detour * 2, 340.0)[0])
    assert 5 <= loss <= longer <= 25


def test_screening_is_that_of_kurze_and_anderson() -> None:
    # N = 1 at 340 Hz with a detour of half a metre: 5 + 20 lg √(2π) = 13.0 dB
    assert float(screening(np.array([340.0]), 0.5, 340.0)[0]) == pytest.approx(13.1, abs=0.1)


def test_a_source_inside_the_microphone_is_refused() -> None:
    with pytest.raises(LabError, match=r"0\.1 m apart"):
        paths_between((0, 0, 2), (0, 0, 2.05))
