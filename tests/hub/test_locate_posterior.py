"""Weighing what is likely: where Laplace is right it says the same, and where likelihood has two hills it sees both."""

from __future__ import annotations

import numpy as np
import pytest

from clairvoie.hub.locate_air import Air, Float, travel
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.hub.locate_descent import fit
from clairvoie.hub.locate_odds import OUTLIER_SECONDS, OUTSIDE, OUTSIDE_METRES, among, evidence, odds_of
from clairvoie.hub.locate_posterior import Parts, positive, posterior

STILL = Air(20.0, temperature_sigma=0.0, wind_sigma=0.0)
AROUND = np.linspace(0, 2 * np.pi, 9)[:-1]


def heard(air: Air, source: tuple[float, float] = (20.0, -30.0), sigma: float = 0.002) -> Arrivals:
    """One bang among eight sensors, with errors of about ``sigma``."""
    places = np.stack((300 * np.cos(AROUND), 250 * np.sin(AROUND), np.full(8, 4.0)), axis=-1)
    flown = travel(places[:, 0] - source[0], places[:, 1] - source[1], places[:, 2] - 1.5, air).seconds
    times = flown + np.random.default_rng(4).normal(0, sigma, 8)
    return Arrivals(places[None], times[None], np.full((1, 8), sigma), np.ones((1, 8), dtype=np.bool_))


def parts(arrivals: Arrivals, air: Air, starts: list[tuple[float, float]], odds: list[float]) -> Parts:
    """A part for each start, of all arrivals."""
    many = arrivals.repeated(len(starts))
    found = fit(many, many.present / many.sigmas**2, np.array(starts), air, 1.5, steps=6 if len(starts) == 1 else 0)
    means = np.concatenate((found.where, found.emitted[:, None], found.air), axis=-1)
    return Parts(means[None], found.covariance[None], np.array([odds]))


@pytest.mark.parametrize("air", [STILL, Air(20.0, (3.0, 1.0), 2.0, 1.0)])
def test_where_all_is_normal_it_is_the_fit_and_its_ellipse(air: Air) -> None:
    arrivals = heard(air)
    single = parts(arrivals, air, [(0.0, 0.0)], [0.0])
    found = posterior(arrivals, single, air, 1.5)
    spread = np.sqrt(single.covariances[0, 0, 0, 0])
    assert found.where[0] == pytest.approx(single.means[0, 0, :2], abs=0.15 * spread)
    assert found.emitted[0] == pytest.approx(single.means[0, 0, 2], abs=2e-4)
    ratio = np.sqrt(np.linalg.det(found.covariance[0, :2, :2]) / np.linalg.det(single.covariances[0, 0, :2, :2]))
    assert ratio == pytest.approx(1.0, abs=0.2)
    assert found.risk[0] == pytest.approx(1.0, abs=0.2)


def test_a_part_in_which_nothing_is_likely_changes_nothing() -> None:
    arrivals = heard(STILL)
    single = parts(arrivals, STILL, [(0.0, 0.0)], [0.0])
    alone = posterior(arrivals, single, STILL, 1.5)
    far = parts(arrivals, STILL, [(4000.0, 100.0)], [-5.0])
    both = Parts(*(np.concatenate(two, axis=1) for two in zip(single, far, strict=True)))
    beside = posterior(arrivals, both, STILL, 1.5)
    assert beside.where[0] == pytest.approx(alone.where[0], abs=1e-6)
    assert beside.risk[0] == pytest.approx(alone.risk[0], rel=1e-6)


def test_where_next_to_no_point_comes_near_the_risk_is_infinite() -> None:
    arrivals = heard(STILL)
    single = parts(arrivals, STILL, [(0.0, 0.0)], [0.0])
    assert posterior(arrivals, single._replace(covariances=single.covariances * 400), STILL, 1.5).risk[0] == np.inf


def test_points_are_drawn_from_what_has_a_square_root() -> None:
    flat = np.diag([1.0, 1e-9, 1.0])
    turned = np.array([[1.0, 1.1, 0.0], [1.1, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert positive(np.stack((flat, turned, -flat, flat * np.nan, flat * 0))).tolist() == [True, *[False] * 4]


def test_among_the_sensors_all_places_are_as_likely_and_outside_less() -> None:
    arrivals = heard(STILL)
    where: Float = np.array([[(0.0, 0.0), (280.0, 0.0), (320.0, 0.0), (300 + OUTSIDE_METRES, 0.0), (9e3, 0.0)]])
    logs = among(arrivals, where)[0]
    assert logs[:2].tolist() == [0.0, 0.0]
    assert 0 > logs[2] > logs[3]
    assert logs[3:] == pytest.approx([np.log(OUTSIDE)] * 2)


def test_a_wrong_arrival_is_rarely_further_off_than_half_a_second() -> None:
    sigmas, present = np.full((1, 1), 0.001), np.ones((1, 1), dtype=np.bool_)
    near, far = (np.full((1, 1), share * OUTLIER_SECONDS) for share in (0.9, 1.1))
    assert evidence(near, sigmas, present) - evidence(far, sigmas, present) == pytest.approx(np.log(20))
    none, nothing = ~present, np.zeros(1)
    gain = [odds_of(none, left, nothing, sigmas, present, nothing) for left in (near, far)]
    assert gain[0] - gain[1] == pytest.approx(np.log(20))
