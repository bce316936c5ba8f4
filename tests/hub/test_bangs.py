"""What bangs open together, as a rule and through the store; where an incident's bang was; what is erased with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import scripted_lives
from hub_street import DEPLOYMENT, FOR_EVER, METRE, NOW, Running, Street, begin, give_leave, settings_at

from clairvoie.boundary import units
from clairvoie.boundary.authorisation import Denial
from clairvoie.boundary.bulletin import ImpulseEvent
from clairvoie.boundary.fix import Fix, Unlocated
from clairvoie.boundary.hazards import MODES, HazardKind, Mode
from clairvoie.boundary.incident import Basis, IncidentState, Outcome
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.config import AirSettings, Retention
from clairvoie.errors import InvalidValue
from clairvoie.hub import schema
from clairvoie.hub.bangs import OPENING_PEAK, told_by, told_with
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.incidents import Heard
from clairvoie.hub.lives import fold
from clairvoie.hub.locate_air import Air
from clairvoie.hub.locate_plane import Plane
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave
from clairvoie.server.application import task_of
from clairvoie.server.jobs import retain

AIR = Air()
LEAVE = make_leave(DEPLOYMENT)
"""The charter of an exercise."""
ORIGIN = Plane(48.0, 2.0)
POSTS = {
    "post-a": (0.0, 0.0),
    "post-b": (160.0, 20.0),
    "post-c": (170.0, 190.0),
    "post-d": (-10.0, 150.0),
    "post-e": (60.0, 250.0),
}
SOURCE = (70.0, 90.0)
SENSORS = tuple(
    Sensor(
        id=name, node="node-1", kind=SensorKind.MICROPHONE, simulated=True, place=ORIGIN.place(*at, 4.0, f"lamp {name}")
    )
    for name, at in POSTS.items()
)


def way(name: str, source: tuple[float, float] = SOURCE) -> float:
    return math.dist((*POSTS[name], 4.0), (*source, 1.5))


def heard(name: str, number: int, *, peak: float = 150.0, sigma: float | None = 0.0003, **changes: object) -> Heard:
    place = next(sensor.place for sensor in SENSORS if sensor.id == name)
    one = Heard(
        detection=number, sensor=name, place=place, kind=HazardKind.IMPULSE, mode=Mode.LIVE,
        onset=1000 + way(name) / AIR.speed, level=peak - 20 * math.log10(way(name)), confidence=None, sigma=sigma,
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def everybody(_one: Heard) -> bool:
    return True


ALL = [heard(name, number) for number, name in enumerate(POSTS)]


def test_a_bang_is_located_and_its_peak_carried_back() -> None:
    told = told_by(ALL, AIR, everybody)
    assert told.fix is not None
    east, north, height = ORIGIN.metres(told.fix.place)
    assert (east, north, height) == pytest.approx((*SOURCE, 1.5), abs=0.1)
    assert told.fix.peak == pytest.approx(150.0, abs=0.1)
    assert told.fix.emitted == pytest.approx(1000.0, abs=1e-3)
    assert told.fix.place.words == "lamp post-d", "the sensor that heard it loudest"
    assert told.opens
    assert told_with(ALL[0], ALL[1:], AIR, everybody) == told


@pytest.mark.parametrize(
    "bangs",
    [
        pytest.param([heard(name, n, peak=OPENING_PEAK - 1) for n, name in enumerate(POSTS)], id="too quiet"),
        pytest.param(ALL[:3], id="three sensors"),
        pytest.param([*ALL[:3], replace(ALL[3], sensor=ALL[2].sensor, place=ALL[2].place)], id="a sensor twice"),
        pytest.param([*ALL[:3], replace(ALL[3], sigma=0.1), replace(ALL[4], sigma=None)], id="clocks in doubt"),
        pytest.param([replace(one, onset=one.onset + n) for n, one in enumerate(ALL)], id="seconds apart"),
        pytest.param([replace(one, level=None) for one in ALL], id="no levels"),
        pytest.param([replace(one, kind=HazardKind.GLASS_BREAKING) for one in ALL], id="no impulses"),
    ],
)  # fmt: skip
def test_what_opens_nothing(bangs: list[Heard]) -> None:
    assert not told_by(bangs, AIR, everybody).opens
    assert not told_with(bangs[0], bangs[1:], AIR, everybody).opens


def test_sensors_that_are_not_calibrated_locate_but_do_not_open() -> None:
    told = told_by(ALL, AIR, lambda one: one.sensor in ("post-a", "post-b", "post-c"))
    assert told.fix is not None
    assert (told.calibrated, told.opens) == (3, False)
    unknown = told_by(ALL, AIR, lambda _one: False)
    assert unknown.fix is not None
    assert unknown.fix.peak is None
    assert not unknown.opens


def test_a_wrong_arrival_is_shown_as_one() -> None:
    late = replace(ALL[4], onset=ALL[4].onset + 0.15)
    told = told_by([*ALL[:4], late], AIR, everybody)
    assert told.fix is not None
    wrong = [part for part in told.fix.arrivals if not part.used]
    assert [part.sensor for part in wrong] in ([], ["post-e"])
    assert told.calibrated == 4


def test_an_arrival_is_as_uncertain_as_all_that_makes_it_so() -> None:
    """Its clock and front, the 0.1 ms in which it was sent, the way to the block and where the sensor stands."""
    told = told_by(ALL, AIR, lambda _: True)
    assert told.fix is not None
    expected = math.sqrt(0.0003**2 + (units.AGE_FINE.step**2) / 12 + 0.001**2 + (1.0 / AIR.speed) ** 2)
    assert [part.sigma for part in told.fix.arrivals] == pytest.approx([expected] * len(told.fix.arrivals), rel=1e-9)


def test_who_is_calibrated() -> None:
    settings_list = Enrolment(DEPLOYMENT, {}, {sensor.id: sensor for sensor in SENSORS})
    assert settings_list.is_calibrated("post-a", Mode.EXERCISE)
    assert not settings_list.is_calibrated("post-a", Mode.LIVE), "nobody signed for it"
    assert not settings_list.is_calibrated("nobody", Mode.EXERCISE)


def bang(
    name: str, identifier: int = 1, *, peak: float = 150.0, mode: Mode = Mode.EXERCISE, source=SOURCE
) -> ImpulseEvent:
    """As ``name`` reports a bang that left the source half a second before the end of the second before now."""
    arrived = way(name, source) / AIR.speed - 1.5
    return ImpulseEvent(
        identifier=identifier, mode=MODES.index(mode), age=units.AGE_FINE.encode(-arrived),
        sigma=units.encode_uncertainty(0.0003),
        level=units.EVENT_LEVEL.encode(peak - 20 * math.log10(way(name, source))),
    )  # fmt: skip


def town(folder: Path, **changes: object):
    act = exercise_authorisation(DEPLOYMENT, [sensor.id for sensor in SENSORS], exercise=True, ends=FOR_EVER)
    write_leave(folder, LEAVE, [LEAVE.signed(msgspec.structs.replace(act, **changes))])
    return settings_at(folder, sensors=SENSORS, exercise=True)


@pytest.fixture
def posts(tmp_path: Path) -> Iterator[Running]:
    with Running.of(town(tmp_path), Street()) as running:
        yield running


def tell(running: Running, *names: str, **more) -> None:
    for name in names:
        running.store(running.street.events(name, bang(name, **more)))


def test_four_posts_open_a_located_incident_and_a_fifth_joins(posts: Running) -> None:
    tell(posts, "post-a", "post-b", "post-c")
    assert posts.desk.incidents() == ()
    tell(posts, "post-d")
    (incident,) = posts.desk.incidents(IncidentState.OPEN)
    assert (incident.kind, incident.mode, len(incident.sensors)) == (HazardKind.IMPULSE, Mode.EXERCISE, 4)
    assert [line.kind.value for line in incident.history] == ["opened", "joined", "joined", "joined"]
    first = incident.fix
    assert isinstance(first, Fix)
    tell(posts, "post-e")
    (incident,) = posts.desk.incidents()
    assert len(incident.detections) == 5
    assert isinstance(incident.fix, Fix)
    assert ORIGIN.metres(incident.fix.place)[:2] == pytest.approx(SOURCE, abs=0.5)
    assert incident.fix.major <= first.major
    assert {part.sensor for part in incident.fix.arrivals} == POSTS.keys()
    assert all(abs(part.residual) < 0.001 for part in incident.fix.arrivals)
    assert incident.fix.peak == pytest.approx(150, abs=1)
    assert incident.unlocated is None


def test_a_door_opens_nothing(posts: Running) -> None:
    tell(posts, *POSTS, peak=115.0)
    assert posts.desk.incidents() == ()


def test_live_bangs_of_sensors_that_nobody_calibrated_open_nothing(tmp_path: Path) -> None:
    act = exercise_authorisation(DEPLOYMENT, [sensor.id for sensor in SENSORS], exercise=False, ends=FOR_EVER)
    with Running.of(settings_at(tmp_path, act, sensors=SENSORS), Street()) as running:
        tell(running, *POSTS, mode=Mode.LIVE)
        assert [one.mode for one in running.desk.detections(start=0, end=2**33)] == [Mode.LIVE] * 5
        assert running.desk.incidents() == ()


def test_glass_is_located_by_the_bangs_that_support_it(posts: Running) -> None:
    tell(posts, *POSTS, peak=115.0)
    posts.store(posts.street.events("post-a", begin(9, mode=Mode.EXERCISE, age=1.2)))
    (incident,) = posts.desk.incidents()
    assert incident.kind is HazardKind.GLASS_BREAKING
    assert isinstance(incident.fix, Fix)
    assert ORIGIN.metres(incident.fix.place)[:2] == pytest.approx(SOURCE, abs=0.5)


def test_why_there_is_no_fix(posts: Running) -> None:
    posts.store(posts.street.events("post-a", begin(1, mode=Mode.EXERCISE, kind=HazardKind.GLASS_BREAKING)))
    posts.store(posts.street.events("post-a", begin(2, mode=Mode.EXERCISE, kind=HazardKind.SUSTAINED_HORN)))
    told = {incident.kind: incident.unlocated for incident in posts.desk.incidents()}
    assert told == {
        HazardKind.GLASS_BREAKING: Unlocated.TOO_FEW,
        HazardKind.SUSTAINED_HORN: Unlocated.NOT_IMPULSIVE,
    }


def polygon_without(source: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """The quarter, but for a notch from the east that holds the source and no post."""
    east, north = source
    metre = METRE / math.cos(math.radians(48.0))
    notch = [(500, north + 20), (east - 20, north + 20), (east - 20, north - 20), (500, north - 20)]
    corners = [(-300, -300), (-300, 500), (500, 500), *notch, (500, -300)]
    return tuple((48.0 + y * METRE, 2.0 + x * metre) for x, y in corners)


def outside(running: Running) -> int:
    return sum(count.count for count in running.desk.discarded() if count.why is Denial.PLACE)


def test_a_bang_outside_the_public_polygon_opens_nothing_and_is_counted(tmp_path: Path) -> None:
    with Running.of(town(tmp_path, polygon=polygon_without((110.0, 90.0))), Street()) as running:
        tell(running, *POSTS, source=(130.0, 90.0))
        assert running.desk.incidents() == ()
        assert outside(running) >= 1


def test_a_fix_outside_the_public_polygon_is_discarded_and_counted(tmp_path: Path) -> None:
    with Running.of(town(tmp_path, polygon=polygon_without((110.0, 90.0))), Street()) as running:
        running.store(running.street.events("post-a", begin(9, mode=Mode.EXERCISE, age=1.2)))
        tell(running, *POSTS, source=(130.0, 90.0))
        (incident,) = running.desk.incidents()
        assert (incident.fix, incident.unlocated) == (None, Unlocated.OUTSIDE)
        assert outside(running) >= 1


def test_a_suspension_of_one_post_takes_away_what_the_rest_would_not_open(tmp_path: Path) -> None:
    with Running.of(town(tmp_path), Street()) as running:
        tell(running, "post-a", "post-b", "post-c", "post-d")
        assert len(running.desk.incidents()) == 1
        (act,) = running.hub.authority.held
        give_leave(tmp_path, LEAVE.suspended(act, NOW - 100, sensors=("post-d",)))
        running.hub.look_at_acts()
        assert running.desk.incidents() == ()
        assert (running.count(schema.detections), running.count(schema.fixes)) == (3, 0)


def test_a_suspension_of_one_post_of_five_leaves_the_fix_of_four(tmp_path: Path) -> None:
    with Running.of(town(tmp_path), Street()) as running:
        tell(running, *POSTS)
        (act,) = running.hub.authority.held
        give_leave(tmp_path, LEAVE.suspended(act, NOW - 100, sensors=("post-d",)))
        running.hub.look_at_acts()
        (incident,) = running.desk.incidents()
        assert isinstance(incident.fix, Fix)
        assert {part.sensor for part in incident.fix.arrivals} == POSTS.keys() - {"post-d"}


def test_a_fix_goes_with_its_incident(posts: Running) -> None:
    tell(posts, *POSTS)
    posts.desk.close(1, "Claire", Outcome.CONFIRMED, Basis.ON_SITE)
    assert posts.count(schema.fixes) == 1
    posts.clock.at += 3 * 86_400
    retain(posts.hub, Retention(levels_days=1, detections_days=1, incidents_days=1, records_days=1))
    assert (posts.count(schema.fixes), posts.count(schema.incidents)) == (0, 0)


def test_degrees_and_metres_are_one_anothers_inverse() -> None:
    place = Place(latitude=48.0012, longitude=1.9987, height=6.0)
    back = ORIGIN.place(*ORIGIN.metres(place))
    assert (back.latitude, back.longitude, back.height) == pytest.approx((48.0012, 1.9987, 6.0), abs=1e-9)


def test_a_sensor_is_calibrated_by_its_acts_until_it_is_installed_anew() -> None:
    acts = [
        scripted_lives.sensor_act(SensorState.PLANNED, 2),
        scripted_lives.sensor_act(SensorState.INSTALLED, 3),
        scripted_lives.sensor_act(SensorState.COMMISSIONED, 4, calibration=120.0),
        scripted_lives.sensor_act(SensorState.ACTIVE, 5),
        scripted_lives.sensor_act(SensorState.MOVED, 6),
        scripted_lives.sensor_act(SensorState.INSTALLED, 7),
    ]
    lives, rejected = fold(
        scripted_lives.CHARTER,
        [scripted_lives.signed(scripted_lives.node_act()), *(scripted_lives.signed(act) for act in acts)],
    )
    assert rejected == ()
    told = {
        moment: lives.enrolment(Enrolment.of(DEPLOYMENT, (), ()), moment + 0.5).calibrated for moment in range(2, 8)
    }
    assert {moment for moment, sensors in told.items() if sensors} == {4, 5, 6}


def test_the_settings_say_what_is_known_of_the_air(tmp_path: Path) -> None:
    told = AirSettings(
        temperature=28.0, wind_east=3.0, wind_north=-2.0, temperature_uncertainty=1.0, wind_uncertainty=0.5
    )
    assert task_of(settings_at(tmp_path)).grouping.air == Air()
    assert task_of(settings_at(tmp_path, air=told)).grouping.air == Air(28.0, (3.0, -2.0), 1.0, 0.5)
    with pytest.raises(InvalidValue, match="temperature of the air"):
        task_of(settings_at(tmp_path, air=AirSettings(temperature=90.0)))
