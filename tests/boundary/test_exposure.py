"""The exact Poisson interval, against the quantiles of chi-square, and rates that never hide their exposure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, poisson

from clairvoie.boundary.exposure import HOUR, Rate, poisson_interval
from clairvoie.errors import InvalidValue


@given(count=st.integers(0, 5000), confidence=st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]))
def test_the_interval_is_that_of_the_quantiles_of_chi_square(count: int, confidence: float) -> None:
    """Garwood 1936: χ²(2n, α/2)/2 and χ²(2n + 2, 1 − α/2)/2."""
    tail = (1 - confidence) / 2
    low, high = poisson_interval(count, confidence)
    assert low == pytest.approx(chi2.ppf(tail, 2 * count) / 2 if count else 0.0, rel=1e-9)
    assert high == pytest.approx(chi2.ppf(1 - tail, 2 * count + 2) / 2, rel=1e-9)


@pytest.mark.parametrize("mean", [0.3, 1.0, 3.7, 12.5, 80.0])
def test_it_covers_at_least_as_often_as_it_promises(mean: float) -> None:
    covered = sum(
        float(poisson.pmf(count, mean))
        for count in range(300)
        if poisson_interval(count)[0] <= mean <= poisson_interval(count)[1]
    )
    assert covered >= 0.95


@given(count=st.integers(0, 200), seconds=st.integers(0, 10**8))
def test_a_rate_a_day_needs_a_day(count: int, seconds: int) -> None:
    rate = Rate(count=count, seconds=seconds)
    assert (rate.daily is None) is (seconds < 24 * HOUR)
    assert (rate.hourly is None) is (seconds == 0)
    if rate.daily is not None and rate.hourly is not None:
        assert rate.daily == pytest.approx([24 * end for end in rate.hourly])
        assert rate.daily[1] <= rate.daily[0] <= rate.daily[2]


@pytest.mark.parametrize(("count", "seconds"), [(-1, 1.0), (1, -1.0), (1, float("nan")), (1, float("inf"))])
def test_nonsense_is_refused(count: int, seconds: float) -> None:
    with pytest.raises(InvalidValue):
        Rate(count=count, seconds=seconds)
    with pytest.raises(InvalidValue):
        poisson_interval(1, 1.0)
