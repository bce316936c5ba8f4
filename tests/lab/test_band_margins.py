"""Margins of octaves and thirds: measured where the standard asks, on the engine that a node runs."""

from __future__ import annotations

import math

import pytest

from clairvoie.detect.sound.bands import G
from clairvoie.lab.band_margins import attenuation, octave_margins, third_margins
from clairvoie.lab.level_limits import ATTENUATIONS, third_break

TABLE_1 = """
0.000 -0.4 0.4
0.125 -0.4 0.5
0.250 -0.4 0.7
0.375 -0.4 1.4
0.500 1.2 5.3
1 16.6 inf
2 40.5 inf
3 60.0 inf
4 70.0 inf
"""
"""IEC 61260-1:2014, 5.10 and table 1, class 1: power of G, least and greatest relative attenuation in dB."""


def test_the_limits_are_those_of_the_table() -> None:
    assert [tuple(float(cell) for cell in line.split()) for line in TABLE_1.strip().splitlines()] == [*ATTENUATIONS]


def test_the_edge_of_a_third_lies_a_sixth_of_an_octave_from_its_centre_and_every_break_lies_further_out() -> None:
    assert third_break(0.5) == pytest.approx(G ** (1 / 6))
    breaks = [third_break(limit.power) for limit in ATTENUATIONS]
    assert breaks == sorted(breaks)


def test_at_its_edge_a_band_holds_half_of_a_tone() -> None:
    assert attenuation("octave", 16_000, 5, 1000.0) == pytest.approx(0.0, abs=0.05)
    assert attenuation("octave", 16_000, 5, 1000.0 * G**0.5) == pytest.approx(3.0, abs=0.5)
    assert attenuation("octave", 16_000, 5, 1000.0 * G**3) > 60


@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_some_bands_lie_inside_and_those_above_0_45_of_the_rate_are_left_out(rate: int) -> None:
    found = third_margins(rate, range(15, 28, 6)) + octave_margins(rate, range(3, 9, 5))
    assert {m.quantity for m in found} == {"third", "octave"}
    for margin in found:
        assert margin.used < 0.8, margin
        assert margin.at * math.sqrt(G) <= rate / 2
