"""The margins of weightings, bursts and peaks, and that they are measured on what a node runs."""

from __future__ import annotations

import pytest

from clairvoie.lab.level_limits import CLASS_1, PEAKS, RATES
from clairvoie.lab.level_margins import (
    bilinear_margins,
    burst_margins,
    linearity_margins,
    margin_of,
    nominal_frequencies,
    peak_margins,
    weighting_margins,
    worst,
)


@pytest.mark.parametrize("rate", [8000, *RATES, 96_000, 192_000])
def test_every_weighting_uses_less_than_a_fifth_of_what_class_1_allows(rate: int) -> None:
    """At 8 kHz, which no limit speaks of beyond 3.15 kHz, two fifths."""
    for margin in weighting_margins(rate):
        assert margin.used < (0.4 if rate == 8000 else 0.2), margin


def test_a_plain_bilinear_transform_fails_at_32_khz_and_below_and_passes_above() -> None:
    outside = [rate for rate in RATES if worst(bilinear_margins(rate)).used > 1]
    assert outside == [16_000, 22_050, 32_000]
    at_10_khz = next(m for m in bilinear_margins(32_000) if m.at == 10_000)
    assert at_10_khz.error == pytest.approx(-3.7, abs=0.05)


def test_the_limits_are_those_of_every_nominal_frequency() -> None:
    assert len(CLASS_1) == 34
    assert list(CLASS_1) == sorted(CLASS_1)
    assert nominal_frequencies(16_000)[-1] == 6300
    assert nominal_frequencies(48_000)[-1] == 20_000


@pytest.mark.parametrize("rate", [16_000, 32_000])
def test_bursts_and_peaks_lie_inside_and_there_are_as_many_as_the_tables_have(rate: int) -> None:
    bursts, peaks = burst_margins(rate, 2), peak_margins(rate, 2)
    assert len(bursts) == 12 + 12 + 9
    assert len(peaks) == (len(PEAKS) if rate > 16_000 else len(PEAKS) - 1)
    assert worst([*bursts, *peaks, *linearity_margins(rate)]).used < 0.5


def test_below_8889_samples_a_second_there_is_no_burst_of_4_khz() -> None:
    assert burst_margins(8000) == []


def test_an_error_counts_by_the_side_on_which_it_lies_and_the_worst_of_several() -> None:
    margin = margin_of("A", 16_000, 8000, [1.2, -1.5, 0.1], (1.5, 2.5))
    assert (margin.error, margin.used) == (1.2, pytest.approx(0.8))
    open_below = margin_of("A", 16_000, 10, [-40.0], (3.0, float("inf")))
    assert (open_below.used, open_below.below) == (0.0, None)
