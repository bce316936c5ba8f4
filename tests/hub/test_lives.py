"""Lives folded from signed acts: examples, and laws over generated ones."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_lives import CHARTER, DEPLOYMENT, PLACE, key_of, led_to_active, node_act, sensor_act, signed

from clairvoie.boundary.document import SUSPENSION_TYPE, add_signature, unsigned
from clairvoie.boundary.life import NEXT, NodeAct, SensorAct, SensorState, decode_life, encode_life
from clairvoie.boundary.sensor import Place, SensorKind
from clairvoie.errors import InvalidValue, MalformedMessage
from clairvoie.hub.enrolment import Enrolment
from clairvoie.hub.lives import GRACE_SECONDS, Lives, drifts_of, fold, life_of

EMPTY = Enrolment.of(DEPLOYMENT, (), ())
LATER = 1000.0
CERTIFICATES = tuple(character * 64 for character in "abc")


def folded(*documents):
    lives, rejected = fold(CHARTER, documents)
    assert rejected == ()
    return lives


def why(*documents):
    return [r.why for r in fold(CHARTER, documents)[1]]


def test_a_sensor_reports_only_while_it_is_active() -> None:
    acts = [signed(node_act()), *led_to_active(), signed(sensor_act(SensorState.MAINTENANCE, 10))]
    lives = folded(*acts)
    assert [lives.enrolment(EMPTY, at).state("mic-1") for at in (2, 3, 4, 5, 10)] == [
        SensorState.PLANNED, SensorState.INSTALLED, SensorState.COMMISSIONED, SensorState.ACTIVE,
        SensorState.MAINTENANCE,
    ]  # fmt: skip
    assert [lives.enrolment(EMPTY, LATER).speaks("mic-1", at) for at in (4.9, 5, 9.9, 10)] == [False, True, True, False]
    assert not lives.enrolment(EMPTY, 1.5).sensors


def test_a_late_record_is_of_the_place_where_the_sensor_stood() -> None:
    moved = Place(latitude=48.1, longitude=2.0)
    acts = [
        signed(node_act()), *led_to_active(), signed(sensor_act(SensorState.MOVED, 20)),
        signed(sensor_act(SensorState.INSTALLED, 30, place=moved)), signed(sensor_act(SensorState.COMMISSIONED, 31)),
        signed(sensor_act(SensorState.ACTIVE, 32)),
    ]  # fmt: skip
    enrolment = folded(*acts).enrolment(EMPTY, LATER)
    assert enrolment.standing("mic-1", 19).place == PLACE
    assert enrolment.standing("mic-1", 25) is None
    assert enrolment.standing("mic-1", 33).place == moved == enrolment.sensors["mic-1"].place


def test_since_when_it_hangs_so_changes_with_hardware_and_installing_and_not_with_maintenance() -> None:
    """What a trial begins anew with (:mod:`clairvoie.hub.trial`)."""
    steps = [
        (SensorState.MAINTENANCE, 10, {}), (SensorState.COMMISSIONED, 11, {}), (SensorState.ACTIVE, 12, {}),
        (SensorState.MAINTENANCE, 20, {}), (SensorState.COMMISSIONED, 21, {"hardware": "another capsule"}),
        (SensorState.ACTIVE, 22, {}), (SensorState.SUSPENDED, 25, {}),
        (SensorState.ACTIVE, 26, {"hardware": "another capsule"}), (SensorState.MOVED, 30, {}),
        (SensorState.INSTALLED, 31, {"place": PLACE}), (SensorState.COMMISSIONED, 32, {}), (SensorState.ACTIVE, 33, {}),
    ]  # fmt: skip
    later = [signed(sensor_act(state, at, **more)) for state, at, more in steps]
    enrolment = folded(signed(node_act()), *led_to_active(), *later).enrolment(EMPTY, LATER)
    hangs = {second: enrolment.hangs("mic-1", second) for second in (6, 13, 23, 27, 34)}
    assert {second: found and found.installed for second, found in hangs.items()} == {
        6: 3,
        13: 3,
        23: 21,
        27: 21,
        34: 31,
    }
    assert enrolment.hangs("mic-1", 15) is not None
    assert enrolment.hangs("mic-1", 20.5) is None


def test_a_rotated_key_is_taken_for_what_it_signed_before_for_a_while() -> None:
    lives = folded(
        signed(node_act(certificate=CERTIFICATES[0])), signed(node_act(at=100, epoch=1, certificate=CERTIFICATES[1]))
    )
    before, after, late = (lives.enrolment(EMPTY, at) for at in (99, 101, 100 + GRACE_SECONDS))
    assert before.nodes["lamp-1"].epoch == 0
    assert before.key_of("lamp-1", 1) is None
    assert after.nodes["lamp-1"].epoch == 1
    assert after.key_of("lamp-1", 0).replaced == 100
    assert set(after.certificates) == set(CERTIFICATES[:2])
    assert late.key_of("lamp-1", 0) is None
    assert set(late.certificates) == {CERTIFICATES[1]}


def test_a_revoked_key_is_known_and_refused_for_ever_and_its_certificate_at_once() -> None:
    lives = folded(signed(node_act(certificate=CERTIFICATES[0])), signed(node_act(at=100, revoked=True)))
    assert not lives.enrolment(EMPTY, 99).nodes["lamp-1"].revoked
    revoked = lives.enrolment(EMPTY, 100)
    assert revoked.nodes["lamp-1"].revoked
    assert (dict(revoked.certificates), revoked.refused) == ({}, frozenset({CERTIFICATES[0]}))
    anew = folded(signed(node_act()), signed(node_act(at=100, revoked=True)), signed(node_act(at=200, epoch=1)))
    long_after = anew.enrolment(EMPTY, 200 + 2 * GRACE_SECONDS)
    assert not long_after.nodes["lamp-1"].revoked
    assert long_after.key_of("lamp-1", 0).revoked


def test_a_renewed_certificate_leaves_the_one_before_for_a_while() -> None:
    one, two = CERTIFICATES[:2]
    lives = folded(signed(node_act(certificate=one)), signed(node_act(at=100, certificate=two)))
    assert set(lives.enrolment(EMPTY, 99).certificates) == {one}
    assert set(lives.enrolment(EMPTY, 101).certificates) == {one, two}
    assert lives.next_change(101) == 1 + GRACE_SECONDS
    late = lives.enrolment(EMPTY, 100 + GRACE_SECONDS)
    assert (set(late.certificates), late.refused) == ({two}, frozenset({one}))


def planned(**more):
    return signed(sensor_act(SensorState.PLANNED, 2, **more))


@pytest.mark.parametrize(
    ("documents", "reason"),
    [
        ((signed(node_act(), "mayor"),), "signed by one of the charter's technicians"),
        ((unsigned("application/vnd.clairvoie.life+json", encode_life(node_act())),), "technicians"),
        ((add_signature(unsigned(SUSPENSION_TYPE, b"{}"), key_of("anne")),), "not an act"),
        ((signed(msgspec.structs.replace(node_act(), deployment="elsewhere")),), "another deployment"),
        ((planned(),), "no such node"),
        ((signed(node_act()), signed(sensor_act(SensorState.ACTIVE, 2))), "begins with planned"),
        ((signed(node_act()), planned(), signed(sensor_act(SensorState.ACTIVE, 3))), "cannot become"),
        ((signed(node_act()), planned(), signed(sensor_act(SensorState.RETIRED, 3)),
          signed(sensor_act(SensorState.PLANNED, 4))), "cannot become"),
        ((signed(node_act()), signed(node_act("lamp-2")), planned(),
          signed(sensor_act(SensorState.INSTALLED, 3, node="lamp-2"))), "keeps its node"),
        ((signed(node_act()), planned(), signed(sensor_act(SensorState.INSTALLED, 3, kind=SensorKind.CAMERA))),
         "keeps its node and its kind"),
        ((signed(node_act()), signed(node_act(at=2, epoch=2))), "has epoch 1"),
        ((signed(node_act()), signed(node_act(at=2, epoch=1, public_key=node_act().public_key))), "has a new key"),
        ((signed(node_act()), signed(node_act("lamp-2", public_key=node_act().public_key))), "enrolled before"),
        ((signed(node_act()), signed(node_act(at=2, public_key=node_act("x").public_key))), "already has a key"),
        ((signed(node_act()), signed(node_act("lamp-2", at=2, revoked=True))), "never had this key"),
        ((signed(node_act()), signed(node_act(at=2, revoked=True)), signed(node_act(at=3, certificate="a" * 64))),
         "stays revoked"),
        ((signed(node_act(certificate="a" * 64)), signed(node_act("lamp-2", certificate="a" * 64))), "enrolled before"),
    ],
)  # fmt: skip
def test_an_act_that_does_not_fit_does_not_count_and_says_why(documents, reason: str) -> None:
    reasons = why(*documents)
    assert len(reasons) == 1
    assert reason in reasons[0]


def test_no_act_may_be_about_a_simulated_name_of_the_settings() -> None:
    reserved = frozenset({"lamp-1", "mic-2"})
    documents = [signed(node_act()), signed(node_act("lamp-2")), planned(sensor="mic-2", node="lamp-2")]
    lives, rejected = fold(CHARTER, documents, reserved=reserved)
    assert [lived.act.node for lived in lives.acts] == ["lamp-2"]
    assert all("simulated" in r.why for r in rejected)
    assert len(rejected) == 2


def test_in_an_exercise_every_sensor_is_simulated() -> None:
    exercise = msgspec.structs.replace(CHARTER, exercise=True)
    documents = [signed(node_act()), *led_to_active()]
    assert fold(exercise, documents)[0].enrolment(EMPTY, LATER).sensors["mic-1"].simulated
    assert not fold(CHARTER, documents)[0].enrolment(EMPTY, LATER).sensors["mic-1"].simulated


def test_signatures_of_several_technicians_are_joined() -> None:
    lives = folded(signed(node_act(), "anne"), signed(node_act(), "bo"))
    assert [lived.signed_by for lived in lives.acts] == [("anne", "bo")]


def test_a_life_as_pages_show_it() -> None:
    lives = folded(signed(node_act()), *led_to_active())
    life = life_of(lives, "mic-1", LATER)
    assert life.state is SensorState.ACTIVE
    assert [line.state for line in life.lines] == [*SensorState][3::-1]
    assert {line.by for line in life.lines} == {"anne"}
    assert life_of(lives, "mic-1", 2.5).state is SensorState.PLANNED
    assert life_of(lives, "mic-9", LATER).state is None


def test_the_drift_is_that_since_the_last_calibration_of_the_same_hardware() -> None:
    def acts(*given: tuple[SensorState, float | None, str]) -> list[SensorAct]:
        return [sensor_act(s, 3 + n, calibration=c, hardware=h) for n, (s, c, h) in enumerate(given)]

    installed, commissioned, maintenance = SensorState.INSTALLED, SensorState.COMMISSIONED, SensorState.MAINTENANCE
    found = drifts_of(
        acts(
            (installed, 120.0, "capsule 1"),
            (commissioned, 120.5, ""),
            (maintenance, None, ""),
            (commissioned, 120.2, ""),
            (commissioned, 118.0, "capsule 2"),
            (commissioned, 118.25, "capsule 2"),
            (installed, 118.5, "capsule 2"),
        )
    )
    assert found == [None, 0.5, None, pytest.approx(-0.3), None, 0.25, None]


def test_a_life_shows_the_drift_with_the_act_that_has_it() -> None:
    acts = [
        signed(sensor_act(SensorState.INSTALLED, 3, calibration=120.0)),
        signed(sensor_act(SensorState.COMMISSIONED, 4, calibration=120.4, calibrated="2026-11-22")),
    ]
    lines = life_of(folded(signed(node_act()), planned(), *acts), "mic-1", LATER).lines
    assert [line.drift for line in lines] == [pytest.approx(0.4), None, None]


@pytest.mark.parametrize("at", [-1.0, math.nan, math.inf, 2.0**40])
def test_an_act_is_dated(at: float) -> None:
    with pytest.raises(InvalidValue):
        node_act(at=at)


@given(st.binary(max_size=80))
def test_noise_is_no_act(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_life(data)


def test_an_act_that_says_the_same_thing_twice_is_none() -> None:
    """Readers would differ on which of the two was signed: a key that is revoked, or one that is not."""
    data = encode_life(node_act(revoked=True))
    twice = data.replace(b'"revoked":true', b'"revoked":true,"revoked":false')
    assert twice != data
    with pytest.raises(MalformedMessage, match="same thing twice"):
        decode_life(twice)


MOMENTS = st.integers(1, 12).map(float)
NODE_ACTS = st.builds(
    node_act,
    st.sampled_from(("lamp-1", "lamp-2")),
    MOMENTS,
    st.integers(0, 2),
    certificate=st.sampled_from(("", *CERTIFICATES)),
    revoked=st.booleans(),
)
SENSOR_ACTS = st.builds(
    sensor_act, st.sampled_from(SensorState), MOMENTS, st.sampled_from(("mic-1", "mic-2")),
    st.sampled_from(("lamp-1", "lamp-2")),
)  # fmt: skip
LED = st.just([signed(node_act()), *led_to_active()])
DOCUMENTS = st.builds(
    lambda led, more: led + more,
    st.one_of(st.just([]), LED),
    st.lists(st.builds(signed, NODE_ACTS | SENSOR_ACTS, st.sampled_from(("anne", "bo", "mayor"))), max_size=12),
)


@given(DOCUMENTS, st.randoms())
def test_neither_order_nor_repetition_of_receipt_matters(documents, random) -> None:
    again = [*documents, *documents[: len(documents) // 2]]
    random.shuffle(again)
    assert fold(CHARTER, again) == fold(CHARTER, documents)


@given(DOCUMENTS, MOMENTS)
def test_what_holds_at_a_moment_follows_from_the_acts_up_to_it(documents, moment: float) -> None:
    so_far = [d for d in documents if decode_life(d.body).at <= moment]
    assert fold(CHARTER, documents)[0].until(moment) == fold(CHARTER, so_far)[0]


@given(DOCUMENTS)
def test_lives_go_from_state_to_state_as_the_table_says_and_every_act_is_signed(documents) -> None:
    lives, rejected = fold(CHARTER, documents)
    for sensor in ("mic-1", "mic-2"):
        states = [lived.act.state for lived in lives.of_sensor(sensor) if isinstance(lived.act, SensorAct)]
        assert states[:1] in ([], [SensorState.PLANNED])
        assert all(later in NEXT[earlier] for earlier, later in itertools.pairwise(states))
    assert all(set(lived.signed_by) <= {"anne", "bo"} and lived.signed_by for lived in lives.acts)
    assert {lived.digest for lived in lives.acts} | {r.digest for r in rejected} == {d.digest for d in documents}


def believed(lives: Lives, now: float) -> set[tuple[object, ...]]:
    """Everything that the hub would take: keys with the seconds they may speak of, sensors by second, certificates."""
    enrolment = lives.enrolment(EMPTY, now)
    keys = {
        (node, epoch, second)
        for node in ("lamp-1", "lamp-2")
        for epoch in range(3)
        for second in range(15)
        if (key := enrolment.key_of(node, epoch)) is not None and not key.revoked and second < key.replaced
    }
    sensors = {(s, second) for s in enrolment.sensors for second in range(15) if enrolment.speaks(s, second)}
    return keys | sensors | set(enrolment.certificates.items())


@given(DOCUMENTS, st.sampled_from(("lamp-1", "lamp-2")), st.integers(0, 2), st.integers(12, 14))
def test_a_revocation_never_makes_anything_believed(documents, node: str, epoch: int, at: int) -> None:
    revocation = signed(node_act(node, float(at), epoch, revoked=True))
    more, less = fold(CHARTER, documents)[0], fold(CHARTER, [*documents, revocation])[0]
    assert believed(less, LATER) <= believed(more, LATER)
    key = less.enrolment(EMPTY, LATER).key_of(node, epoch)
    assert key is None or key.revoked


@given(DOCUMENTS, st.sampled_from(("mic-1", "mic-2")), st.sampled_from(SensorState))
def test_a_later_act_changes_nothing_that_a_sensor_said_before_it(documents, sensor: str, state: SensorState) -> None:
    later = signed(sensor_act(state, 13.0, sensor))
    before, after = (fold(CHARTER, d)[0].enrolment(EMPTY, LATER) for d in (documents, [*documents, later]))
    for second in range(13):
        assert before.speaks(sensor, second) == after.speaks(sensor, second)


@given(DOCUMENTS)
def test_nothing_changes_between_the_moments_that_are_announced(documents) -> None:
    lives = fold(CHARTER, documents)[0]
    moment, seen = 0.0, 0
    while (following := lives.next_change(moment)) < math.inf:
        assert believed(lives, moment) == believed(lives, (moment + following) / 2)
        moment, seen = following, seen + 1
    assert seen <= 4 * len(documents)


def test_every_form_of_act_travels_unchanged() -> None:
    for act in (node_act(certificate="a" * 64), sensor_act(SensorState.INSTALLED, 3, calibration=120.0)):
        assert decode_life(encode_life(act)) == act
    assert isinstance(decode_life(encode_life(node_act())), NodeAct)
