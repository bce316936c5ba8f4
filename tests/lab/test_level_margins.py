"""The margins that continuous integration prints."""

from __future__ import annotations

import pytest

from clairvoie.lab.level_margins import CLASS_1, RATES, margins_text, weighting_margins


@pytest.mark.parametrize("rate", RATES)
def test_every_weighting_uses_less_than_a_fifth_of_what_class_1_allows(rate: int) -> None:
    for margin in weighting_margins(rate):
        assert margin.used < 0.2, margin


def test_the_limits_are_those_of_every_nominal_frequency() -> None:
    assert len(CLASS_1) == 34
    assert list(CLASS_1) == sorted(CLASS_1)


def test_the_table_names_each_rate() -> None:
    text = margins_text([margin for rate in RATES for margin in weighting_margins(rate)])
    assert len(text.splitlines()) == 1 + 3 * len(RATES)
