"""The last minute of every sensor, and the rule for ticks."""

from __future__ import annotations

import pytest
from hub_street import SENSORS, Running, begin
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.bulletin import (
    EVENT_ABSENT_MILLIBITS,
    Bulletin,
    MinuteState,
    TenSeconds,
    charge,
)
from clairvoie.boundary.hazards import Health
from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN
from clairvoie.boundary.wire import Tick, encode_body
from clairvoie.egress.coarse import absent_part
from clairvoie.errors import Refusal
from clairvoie.hub.live import REMEMBERED, Live, judge_tick

START = 1_795_316_400


def tick(second: int, *, sensor: str = "mic-a", laeq: int = 84) -> Tick:
    scheduled = (TenSeconds(laeq=laeq),) if second % 10 == 2 else ()
    return Tick(second=second, bulletins=(Bulletin(sensor=sensor, second=second, scheduled=scheduled),))


@given(seconds=st.lists(st.integers(START, START + 300), max_size=200))
def test_whatever_arrives_only_the_last_minute_is_told_and_memory_is_bounded(seconds) -> None:
    live = Live(["mic-a"])
    for second in seconds:
        live.add(tick(second), second + 1.3)
    now = max(seconds, default=START) + 1
    said = live.said("mic-a", now)
    assert [s.second for s in said] == list(range(now - 60, now))
    ring = live._rings["mic-a"]
    assert len(ring.seconds) == REMEMBERED
    assert len(ring.said) <= REMEMBERED
    for one in said:
        if one.bulletin is not None:
            assert one.second in seconds
            assert one.millibits == charge(one.bulletin).total
        else:
            assert one.millibits == 0
    in_order = sorted(seconds)
    if seconds == in_order:
        assert {s.second for s in said if s.bulletin is not None} == {s for s in seconds if s >= now - 60}


def test_a_minute_of_silence_costs_what_silence_costs() -> None:
    live = Live(["mic-a"])
    for second in range(START, START + 60):
        live.add(Tick(second=second, bulletins=(Bulletin(sensor="mic-a", second=second),)), second + 1)
    assert live.state("mic-a", START + 60).millibits_last_minute == 60 * EVENT_ABSENT_MILLIBITS
    assert live.millibits_per_second(START + 60) == EVENT_ABSENT_MILLIBITS
    assert live.millibits_per_second(START + 600) == 0.0


def test_state_comes_from_what_was_said() -> None:
    live = Live(["mic-a"])
    live.add(tick(START + 2), START + 3.3)
    state = MinuteState(sources=(0, 0, 0), valid_seconds=1, overloads=0, windy=0, health=3, drops=0, refusals=0)
    bulletin = Bulletin(sensor="mic-a", second=START + 8, scheduled=(state,), events=(begin(),))
    live.add(Tick(second=START + 8, bulletins=(bulletin,)), START + 9.3)
    found = live.state("mic-a", START + 10)
    assert (found.laeq, found.laeq_end, found.health) == (61.5, START, Health.GAPS)
    assert (found.clock_sigma, found.last_heard) == (0.001, START + 9.3)


def test_a_second_is_heard_once() -> None:
    live = Live(["mic-a"])
    assert live.add(tick(START, laeq=1), START + 1) == 1
    assert live.add(tick(START, laeq=2), START + 1) == 0


def test_a_sensor_without_sound_goes_on_speaking_and_does_not_count_as_live() -> None:
    live = Live(["mic-a", "mic-b"])
    for second in range(START, START + 9):
        parts = (absent_part(MinuteState),) if second == START + 8 else ()
        said = (Bulletin(sensor="mic-a", second=second, scheduled=parts), Bulletin(sensor="mic-b", second=second))
        live.add(Tick(second=second, bulletins=said), second + 1.3)
        assert live.heard_since(START) == (1 if second == START + 8 else 2)
    assert live.state("mic-a", START + 10).health is Health.SOURCE_LOST


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sensor": "node-2"}, "invalid-content"),
        ({"sequence": START + 1}, "invalid-content"),
        ({"domain": RECORD_DOMAIN}, "invalid-content"),
        ({"key": "node-2"}, "bad-signature"),
        ({"body": b"\x01\x80"}, "malformed"),
    ],
)
def test_each_false_tick_has_its_code(running: Running, street, changes, code) -> None:
    body = encode_body(tick(START))
    fields = {"sensor": "node-1", "sequence": START, "body": body, "node": "node-1", "domain": TICK_DOMAIN, **changes}
    judgement = judge_tick(street.signed(**fields), running.hub.enrolment, START + 1.3)
    assert isinstance(judgement, Refusal)
    assert judgement.code == code


def test_a_node_speaks_for_its_own_sensors_only(running: Running, street) -> None:
    body = encode_body(tick(START, sensor="mic-c"))
    envelope = street.signed("node-1", START, body, node="node-1", domain=TICK_DOMAIN)
    judgement = judge_tick(envelope, running.hub.enrolment, START + 1.3)
    assert isinstance(judgement, Refusal)
    assert judgement.code == "unknown-sensor"


def test_a_sensor_falls_silent(running: Running, street) -> None:
    assert running.desk.strip().sensors_live == 0
    from clairvoie.boundary.signed import encode_envelope

    running.hub.take_frame(encode_envelope(street.tick()))
    assert running.desk.strip().sensors_live == 2
    assert [s.silent for s in running.desk.sensors()] == [False, False, True, True]
    street.clock.at += 15.1
    assert running.desk.strip().sensors_live == 0
    assert running.desk.strip().sensors_total == len(SENSORS)
