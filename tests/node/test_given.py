"""Leave as a launcher hears it: a sensor's own, kept over a gate's restart for a while, and never longer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.node.given import GivenLeave

SENSORS = ("mic-1", "mic-2", "mic-3")
words = st.tuples(st.sampled_from(("on", "off")), st.sampled_from((*SENSORS, "", "nobody")))


def line(word: str, sensor: str) -> str:
    return f"{word} {sensor}".strip()


@given(said=st.lists(words, max_size=12))
def test_of_each_sensor_the_last_word_counts(said: list[tuple[str, str]]) -> None:
    leave = GivenLeave(SENSORS)
    for word, sensor in said:
        leave.hear(line(word, sensor))
    last = {sensor: next((w for w, s in reversed(said) if s in (sensor, "")), "off") for sensor in SENSORS}
    assert leave.held == {sensor for sensor, word in last.items() if word == "on"}


@settings(max_examples=200)
@given(before=st.lists(words, max_size=6), after=st.lists(words, max_size=6))
def test_after_a_gate_s_restart_nobody_has_leave_that_neither_gate_gave(before, after) -> None:
    leave = GivenLeave(SENSORS)
    for word, sensor in before:
        leave.hear(line(word, sensor))
    held = leave.held
    leave.gate_ended(until=10.0)
    assert leave.held == held
    told: dict[str, str] = {}
    for word, sensor in after:
        leave.hear(line(word, sensor))
        told |= dict.fromkeys([sensor] if sensor else SENSORS, word)
    if "on" in told.values() or "on" in [word for word, _ in after]:
        assert leave.held == {s for s in SENSORS if told.get(s, "on" if s in held else "off") == "on"}
    leave.expire(10.5)
    assert leave.held <= held | {s for s, word in told.items() if word == "on"}
    if "on" not in [word for word, _ in after]:
        assert leave.held == frozenset()


def test_a_suspension_that_the_next_gate_tells_before_it_gives_leave_to_others_is_heard() -> None:
    leave = GivenLeave(SENSORS)
    leave.hear("on")
    leave.gate_ended(until=10.0)
    leave.hear("off mic-2")
    leave.hear("on mic-1")
    assert leave.held == {"mic-1", "mic-3"}
