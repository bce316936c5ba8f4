"""Which arrivals are of one bang: two laws that every group keeps, and what is told apart."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.hub.correlate import ECHO_SECONDS, MOST, Heard, around, correlate, fits
from clairvoie.hub.locate_air import Air, travel

AIR = Air(15.0)
SENSORS = [(260 * math.cos(a), 260 * math.sin(a)) for a in np.linspace(0.1, 2 * math.pi + 0.1, 9)[:-1]]


def bang(east: float, north: float, at: float, first: int = 0, sensors=range(8)) -> list[Heard]:
    found = []
    for number, name in enumerate(sensors):
        x, y = SENSORS[name]
        flight = travel(np.array(x - east), np.array(y - north), np.array(2.5), Air(17.0, (1.0, 1.0))).seconds
        found.append(Heard(first + number, f"mic-{name}", x, y, 4.0, at + float(flight), 0.003))
    return found


anything = st.lists(
    st.builds(
        lambda name, time, sigma: (name, time, sigma),
        st.integers(0, 7),
        st.floats(0, 4),
        st.sampled_from((0.001, 0.01)),
    ),
    max_size=24,
)


@given(anything, st.lists(st.tuples(st.floats(-200, 200), st.floats(-200, 200), st.floats(0, 4)), max_size=2))
@settings(deadline=None, max_examples=40)
def test_no_sensor_twice_and_every_two_fit_the_cone(stray, bangs) -> None:
    heard = [Heard(n, f"mic-{m}", *SENSORS[m], 4.0, t, s) for n, (m, t, s) in enumerate(stray)]
    for east, north, at in bangs:
        heard += bang(east, north, at, first=len(heard))
    groups = correlate(heard, AIR)
    for group in groups:
        assert len(group.sensors) == len(group.members)
        assert all(fits(one, other, AIR) for one in group.members for other in group.members if one is not other)
        direct = {one.sensor: one.time for one in group.members}
        assert all(0 <= echo.time - direct[echo.sensor] <= ECHO_SECONDS for echo in group.echoes)
    told = [one.number for group in groups for one in (*group.members, *group.echoes)]
    assert sorted(told) == sorted(one.number for one in heard), "each arrival is somewhere, and once"


@given(st.permutations(range(16)))
@settings(deadline=None, max_examples=10)
def test_the_order_of_arrivals_does_not_matter(order) -> None:
    heard = bang(40, -60, 1.0) + bang(-120, 30, 1.7, first=8)
    assert correlate([heard[n] for n in order], AIR) == correlate(heard, AIR)


def test_two_bangs_within_one_cone_are_told_apart() -> None:
    first, second = bang(40, -60, 1.0), bang(-120, 90, 2.2, first=8)
    groups = correlate([*second, *first], AIR)
    assert {frozenset(one.number for one in group.members) for group in groups} == {
        frozenset(range(8)),
        frozenset(range(8, 16)),
    }
    assert all(group.placed for group in groups)


def test_missing_false_and_late_arrivals_do_not_break_a_bang_up() -> None:
    direct = bang(70, 20, 2.0, sensors=(0, 1, 3, 4, 6, 7))
    echoes = [one._replace(number=20 + n, time=one.time + 0.06 + 0.02 * n) for n, one in enumerate(direct[:4])]
    false = [Heard(40, "mic-2", *SENSORS[2], 4.0, 2.2, 0.003), Heard(41, "mic-5", *SENSORS[5], 4.0, 0.4, 0.003)]
    group = correlate([*direct, *echoes, *false], AIR)[0]
    assert {one.number for one in group.members} == {one.number for one in direct}
    assert {one.number for one in group.echoes} == {20, 21, 22, 23}


def test_three_sensors_are_a_group_without_a_place() -> None:
    (group,) = correlate(bang(0, 0, 1.0, sensors=(0, 3, 5)), AIR)
    assert (len(group.members), group.placed) == (3, False)


def test_nothing_is_nothing() -> None:
    assert correlate([], AIR) == ()


def test_a_storm_is_bounded_and_keeps_what_is_nearest_in_time() -> None:
    new = Heard(0, "mic-0", *SENSORS[0], 4.0, 100.0, 0.003)
    others = [Heard(n, f"mic-{n % 7 + 1}", *SENSORS[n % 7 + 1], 4.0, 100 + 0.001 * n, 0.003) for n in range(1, 400)]
    near = around(others, new, AIR)
    assert (len(near), near[0]) == (MOST, new)
    assert {one.number for one in near} == set(range(MOST))
    far = [one._replace(time=one.time + 60) for one in others]
    assert around(far, new, AIR) == [new]


def test_three_bangs_in_two_seconds_among_echoes_and_false_arrivals() -> None:
    """Twelve sensors that each miss 15 % of the bangs; 30 % echoes; five false arrivals; the air not as it is told."""
    rng, there = np.random.default_rng(3), Air(20.0, (2.0, 1.0), 0.0, 0.0)
    own, with_own, foreign = 0, 0, 0
    for _ in range(20):
        places = np.concatenate((rng.uniform(0, 600, (12, 2)), np.full((12, 1), 4.0)), axis=-1)
        told: list[tuple[int, int, float]] = []
        for bang_number in range(3):
            source, at = rng.uniform(100, 500, 2), rng.uniform(0, 2)
            flight = travel(places[:, 0] - source[0], places[:, 1] - source[1], places[:, 2] - 1.5, there).seconds
            for sensor in np.flatnonzero(rng.random(12) > 0.15):
                time = at + float(flight[sensor]) + rng.normal(0, 0.002)
                told.append((bang_number, int(sensor), time))
                if rng.random() < 0.3:
                    told.append((-1, int(sensor), time + 0.01 + rng.exponential(0.03)))
        told += [(-1, int(rng.integers(12)), rng.uniform(0, 3)) for _ in range(5)]
        heard = [Heard(n, f"mic-{s}", *places[s], t, 0.003) for n, (_, s, t) in enumerate(told)]
        groups = [{one.number for one in group.members} for group in correlate(heard, AIR) if group.placed]
        for bang_number in range(3):
            mine = {n for n, (of, _, _) in enumerate(told) if of == bang_number}
            best = max(groups, key=lambda group: len(group & mine), default=set())
            own, with_own, foreign = own + len(mine), with_own + len(best & mine), foreign + len(best - mine)
    assert with_own / own > 0.75
    assert foreign / (foreign + with_own) < 0.16
