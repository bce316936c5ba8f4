"""Where a bang was: laws of the fix, its bound, its refusals, and its statistics on small seeded samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.boundary.fix import Unlocated
from clairvoie.errors import InvalidValue
from clairvoie.hub.locate import RADIUS_95, Located, ellipse, locate, locate_all
from clairvoie.hub.locate_air import Air, nuisance, travel
from clairvoie.hub.locate_arrivals import Arrival, Arrivals

STILL = Air(20.0, temperature_sigma=0.0, wind_sigma=0.0)
ROUND = tuple((250 * math.cos(a), 250 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 7)[:-1] + 0.2)
"""Six sensors around, none of them opposite to a line of others."""


def bang(east: float, north: float, sensors=ROUND, *, air: Air = STILL, sigma: float = 0.001, at: float = 0.0):
    places = np.array([(x, y, 4.0) for x, y in sensors])
    flight = travel(places[:, 0] - east, places[:, 1] - north, places[:, 2] - 1.5, air).seconds
    return [Arrival(x, y, 4.0, at + float(t), sigma) for (x, y), t in zip(sensors, flight, strict=True)]


def located(arrivals, air: Air = STILL) -> Located:
    found = locate(arrivals, air)
    assert isinstance(found, Located), found
    return found


inside = st.tuples(st.floats(-150, 150), st.floats(-150, 150))
noise = st.lists(st.floats(-1.5e-3, 1.5e-3), min_size=6, max_size=6)


def shaken(arrivals, errors):
    return [one._replace(time=one.time + error) for one, error in zip(arrivals, errors, strict=True)]


@given(inside, st.sampled_from((STILL, Air(3.0, (6.0, -4.0), 0.0, 0.0), Air(28.0, (-12.0, 5.0), 5.0, 2.0))))
@settings(deadline=None, max_examples=25)
def test_without_errors_the_source_is_found(source, air: Air) -> None:
    fix = located(bang(*source, air=air, at=12.5), air)
    assert (fix.east, fix.north) == pytest.approx(source, abs=0.02)
    assert fix.emitted == pytest.approx(12.5, abs=1e-4)
    assert all(fix.used)


@given(
    inside, noise, st.floats(0, 2 * math.pi), st.tuples(st.floats(-5e3, 5e3), st.floats(-5e3, 5e3)), st.floats(0, 1e5)
)
@settings(deadline=None, max_examples=25)
def test_it_moves_turns_and_waits_with_what_it_is_told(source, errors, angle, shift, later) -> None:
    def turned(x: float, y: float) -> tuple[float, float]:
        return (
            math.cos(angle) * x - math.sin(angle) * y + shift[0],
            math.sin(angle) * x + math.cos(angle) * y + shift[1],
        )

    before = shaken(bang(*source), errors)
    after = [Arrival(*turned(a.east, a.north), a.up, a.time + later, a.sigma) for a in before]
    one, other = located(before), located(after)
    assert (other.east, other.north) == pytest.approx(turned(one.east, one.north), abs=0.01)
    assert other.emitted == pytest.approx(one.emitted + later, abs=1e-5)
    assert (other.major, other.minor) == pytest.approx((one.major, one.minor), rel=1e-3)


@given(inside, noise, st.permutations(range(6)))
@settings(deadline=None, max_examples=25)
def test_the_order_of_sensors_does_not_matter(source, errors, order) -> None:
    arrivals = shaken(bang(*source), errors)
    one, other = located(arrivals), located([arrivals[n] for n in order])
    assert (other.east, other.north, other.major) == pytest.approx((one.east, one.north, one.major), abs=1e-3)
    assert [one.used[n] for n in order] == list(other.used)


@given(inside, st.lists(st.floats(0.3, 1.0), min_size=6, max_size=6))
@settings(deadline=None, max_examples=25)
def test_less_uncertainty_never_enlarges_the_ellipse(source, shares) -> None:
    air = Air(20.0)
    arrivals = bang(*source, sigma=0.004)
    surer = [one._replace(sigma=one.sigma * share) for one, share in zip(arrivals, shares, strict=True)]
    one, other = located(arrivals, air), located(surer, air)
    assert (other.major * other.minor, other.major) <= (one.major * one.minor * 1.0001, one.major * 1.0001)
    known = located(arrivals, Air(20.0, temperature_sigma=1.0, wind_sigma=0.5))
    assert known.major <= one.major * 1.0001


@given(inside, st.tuples(st.floats(-300, 300), st.floats(-300, 300)))
@settings(deadline=None, max_examples=25)
def test_one_more_consistent_arrival_never_makes_it_worse(source, more) -> None:
    one, other = located(bang(*source)), located(bang(*source, (*ROUND, more)))
    assert other.major <= one.major * 1.0001
    assert other.emitted_sigma <= one.emitted_sigma * 1.0001


def test_too_few_or_in_a_line_is_refused_by_name() -> None:
    assert locate([], STILL) is Unlocated.TOO_FEW
    assert locate(bang(30, 60)[:3], STILL) is Unlocated.TOO_FEW
    street = [(60.0 * n, 0.05 * (-1) ** n) for n in range(8)]
    assert locate(bang(100, 80, street), STILL) is Unlocated.COLLINEAR


def test_a_street_that_bends_a_little_leaves_two_sides() -> None:
    street = [(60.0 * n, 5.0 * (-1) ** n) for n in range(6)]
    assert locate(bang(150, 90, street, sigma=0.025), STILL) is Unlocated.AMBIGUOUS
    assert located(bang(150, 90, street, sigma=0.0005)).north == pytest.approx(90, abs=1)


def test_from_afar_there_is_a_direction_and_no_place() -> None:
    near = [(0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0), (20.0, 60.0)]
    assert locate(bang(3000, 100, near, sigma=0.002), STILL) is Unlocated.ILL_CONDITIONED


def test_arrivals_of_nothing_in_common_are_refused() -> None:
    rng = np.random.default_rng(5)
    told = [locate([a._replace(time=float(rng.uniform(0, 3))) for a in bang(0, 0)], STILL) for _ in range(20)]
    assert sum(isinstance(one, Unlocated) for one in told) >= 19
    assert Unlocated.DISAGREE in told


def test_one_wrong_arrival_of_six_is_named_and_left_out() -> None:
    arrivals = bang(40, -70)
    arrivals[2] = arrivals[2]._replace(time=arrivals[2].time + 0.12)
    fix = located(arrivals)
    assert fix.used == (True, True, False, True, True, True)
    assert (fix.east, fix.north) == pytest.approx((40, -70), abs=0.5)
    assert fix.residuals[2] == pytest.approx(0.12, abs=0.002)


def test_a_wind_that_is_not_known_widens_the_ellipse_across_it() -> None:
    sure, unsure = located(bang(0, 20)), located(bang(0, 20), Air(20.0, wind_sigma=4.0))
    assert unsure.major > 2 * sure.major


def test_the_slopes_of_travel_are_its_differences() -> None:
    air, step = Air(12.0, (9.0, -7.0), 1.0, 1.0), 1e-3
    ray = (120.0, -80.0, 3.0)
    found = travel(*(np.array(part) for part in ray), air)

    def at(x: float, y: float, wind=(9.0, -7.0), temperature: float = 12.0) -> float:
        return float(travel(np.array(x), np.array(y), np.array(3.0), Air(temperature, wind)).seconds)

    assert found.east == pytest.approx((at(ray[0] + step, ray[1]) - at(ray[0] - step, ray[1])) / (2 * step), rel=1e-6)
    assert found.north == pytest.approx((at(ray[0], ray[1] + step) - at(ray[0], ray[1] - step)) / (2 * step), rel=1e-6)
    by_air = (
        at(*ray[:2], temperature=12.5) - at(*ray[:2], temperature=11.5),
        at(*ray[:2], wind=(9.5, -7.0)) - at(*ray[:2], wind=(8.5, -7.0)),
        at(*ray[:2], wind=(9.0, -6.5)) - at(*ray[:2], wind=(9.0, -7.5)),
    )
    assert nuisance(found, air).tolist() == pytest.approx(by_air, rel=1e-4)


def sample(seed: int, rows: int, sensors: int, *, wrong: int = 0, sigma: float = 0.001):
    """Random layouts in 600 m, the source among them; (arrivals, sources, bounds over the right arrivals)."""
    rng = np.random.default_rng(seed)
    places = np.concatenate((rng.uniform(0, 600, (rows, sensors, 2)), np.full((rows, sensors, 1), 4.0)), axis=-1)
    shares = rng.dirichlet(np.ones(sensors), rows)
    sources = (shares[..., None] * places[..., :2]).sum(axis=1)
    gap = places[..., :2] - sources[:, None]
    flight = travel(gap[..., 0], gap[..., 1], places[..., 2] - 1.5, STILL)
    bad = np.argsort(rng.random((rows, sensors)), axis=-1) < wrong
    times = flight.seconds + np.where(bad, rng.uniform(-0.5, 0.5, bad.shape), rng.normal(0, sigma, bad.shape))
    slopes = np.stack((flight.east, flight.north, np.ones_like(flight.east)), axis=-1) * ~bad[..., None] / sigma
    bound = np.sqrt(np.linalg.inv(slopes.transpose(0, 2, 1) @ slopes)[:, :2, :2].trace(axis1=1, axis2=2))
    return Arrivals(places, times, np.full(times.shape, sigma), np.ones(times.shape, dtype=bool)), sources, bound


@pytest.mark.parametrize(
    ("sensors", "wrong", "most", "sigma"),
    [(6, 0, 1.1, 0.001), (8, 0, 1.1, 0.02), (10, 3, 1.25, 0.001), (10, 3, 1.25, 0.005), (14, 4, 1.25, 0.001)],
)
def test_it_comes_near_the_bound(sensors: int, wrong: int, most: float, sigma: float) -> None:
    arrivals, sources, bound = sample(11, 300, sensors, wrong=wrong, sigma=sigma)
    found = locate_all(arrivals, STILL)
    good = found.located
    share = np.hypot(*(found.where - sources)[good].T) / bound[good]
    assert np.sqrt(np.mean(share**2)) <= most
    assert 1 - good.mean() <= 0.05
    off = (found.where - sources)[good]
    squared = np.einsum("ri,rij,rj->r", off, np.linalg.inv(found.covariance[good]), off)
    held = float((squared <= RADIUS_95**2).mean())
    assert 0.90 <= held <= 0.99


def test_two_places_on_which_seven_of_ten_agree_are_one_too_many() -> None:
    """Four sensors stand as far from one place as from the other; three more heard it from each."""
    between = [(0.0, north) for north in (-260.0, -90.0, 110.0, 240.0)]
    one, other = (-60.0, 0.0), (60.0, 0.0)
    beside = [(-220.0, 130.0), (-180.0, -170.0), (-90.0, 210.0), (230.0, 90.0), (170.0, -190.0), (110.0, 220.0)]
    arrivals = [*bang(*one, between), *bang(*one, beside[:3]), *bang(*other, beside[3:])]
    assert locate(arrivals, STILL) is Unlocated.AMBIGUOUS
    fix = located([*arrivals, *bang(*one, [(-250.0, -40.0), (250.0, -60.0)])])
    assert (fix.east, fix.north) == pytest.approx(one, abs=0.5)
    assert fix.used == (True,) * 7 + (False,) * 3 + (True,) * 2


@given(st.integers(0, 2**31), st.integers(4, 12), st.sampled_from((STILL, Air(), Air(10.0, (40.0, 20.0), 3.0, 0.0))))
@settings(deadline=None, max_examples=15)
def test_whatever_arrives_there_is_a_finite_fix_or_a_reason(seed: int, sensors: int, air: Air) -> None:
    rng = np.random.default_rng(seed)
    shape, across = (6, sensors), 10 ** rng.uniform(-4, 0)
    places = np.full((*shape, 3), 4.0)
    places[..., :2] = rng.normal(0, 10 ** rng.uniform(0, 4), (*shape, 2)) * (1.0, across)
    times = rng.uniform(0, 10 ** rng.uniform(-3, 2), shape)
    sigmas = np.full(shape, 10 ** rng.uniform(-7, 0)) if rng.random() < 0.5 else 10 ** rng.uniform(-7, 0, shape)
    found = locate_all(Arrivals(places, times, sigmas, rng.random(shape) < 0.9), air)
    for values in (found.where, found.emitted, found.emitted_sigma, found.covariance, found.residuals):
        assert np.isfinite(values[found.located]).all()
    assert (np.linalg.eigvalsh(found.covariance[found.located]) > 0).all()


def test_many_at_once_are_what_each_is_alone() -> None:
    arrivals, _, _ = sample(3, 12, 8, wrong=2)
    found = locate_all(arrivals, STILL)
    for row in range(12):
        alone = locate_all(arrivals.rows(np.array([row])), STILL)
        assert alone.code[0] == found.code[row]
        assert alone.where[0] == pytest.approx(found.where[row], abs=1e-6)


def test_padding_changes_nothing() -> None:
    arrivals = bang(60, 20)
    two = locate_all(Arrivals.of([arrivals, [*arrivals, *bang(60, 20, [(10.0, 400.0)])]]), STILL)
    one = locate_all(Arrivals.of([arrivals]), STILL)
    assert two.where[0] == pytest.approx(one.where[0], abs=1e-6)
    assert two.used[0].tolist() == [True] * 6 + [False]


def test_an_ellipse_has_its_axes_and_its_direction() -> None:
    shape = ellipse(np.array([[2.0, 1.0], [1.0, 2.0]]))
    assert shape.direction == pytest.approx(45)
    assert (shape.major, shape.minor) == pytest.approx((RADIUS_95 * math.sqrt(3), RADIUS_95))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Air(80.0),
        lambda: Air(15.0, (70.0, 0.0)),
        lambda: Air(15.0, wind_sigma=-1.0),
        lambda: Arrivals.of([[Arrival(0.0, 0.0, 4.0, 0.0, 0.0)]]),
        lambda: Arrivals.of([[Arrival(0.0, 0.0, 4.0, math.nan, 0.001)]]),
    ],
)
def test_impossible_facts_are_errors(wrong) -> None:
    with pytest.raises(InvalidValue):
        wrong()
