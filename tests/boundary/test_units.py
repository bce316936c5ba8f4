"""Scales: nearest code, "no value" costs the same, and lengths that a prefix-free code can have."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary import units
from clairvoie.boundary.units import Scale
from clairvoie.errors import InvalidValue

SCALES = [value for value in vars(units).values() if isinstance(value, Scale)]


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_decoding_a_code_and_encoding_it_again_gives_the_code(scale: Scale) -> None:
    for code in range(0, scale.count, max(1, scale.count // 997)):
        assert scale.encode(scale.decode(code)) == code


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
@given(value=st.floats(-1e6, 1e6))
def test_the_code_is_the_nearest_and_the_ends_hold_what_lies_beyond(scale: Scale, value: float) -> None:
    decoded = scale.decode(scale.encode(value))
    assert decoded is not None
    bounded = min(max(value, scale.lowest), scale.highest)
    assert abs(decoded - bounded) <= scale.step / 2 + 1e-9 * max(1, abs(bounded))


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_the_codes_of_a_scale_satisfy_kraft(scale: Scale) -> None:
    # 2 ** -(millibits / 1000), summed over all codes, is at most one: a prefix-free code of these lengths exists.
    assert scale.count * 2 ** -(scale.millibits / 1000) <= 1.0
    assert Fraction(scale.millibits, 1000) - Fraction(1, 500) <= Fraction(math.log2(scale.count))


def test_not_a_number_and_nothing_are_no_value() -> None:
    assert units.LEVEL.encode(None) == units.LEVEL.encode(float("nan")) == 0
    assert units.LEVEL.decode(0) is None


def test_a_code_outside_the_scale_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="no such code"):
        units.LEVEL.decode(units.LEVEL.count)


@given(sigma=st.one_of(st.none(), st.floats(0, 10)))
def test_an_uncertainty_is_never_understated(sigma: float | None) -> None:
    stated = units.decode_uncertainty(units.encode_uncertainty(sigma))
    if stated is not None:
        assert sigma is not None
        assert sigma <= stated
