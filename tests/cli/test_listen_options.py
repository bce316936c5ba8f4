"""The options of ``listen``: times, intervals and moments as people type them, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.cli.listen_options import clock_seconds, interval, intervals, moment, refuse_overlap, rest_of
from clairvoie.detect.sound.emergence import Interval
from clairvoie.errors import ConfigurationError

TIMES = st.integers(0, 100_000)


@given(TIMES)
def test_a_time_reads_the_same_in_every_form(seconds: int) -> None:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    for text in (str(seconds), f"{hours}:{minutes:02d}:{rest:02d}", f"{hours:02d}:{minutes:02d}:{rest:02d}.0"):
        assert clock_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "-5", "1:60", "1:2:3:4", "90 s", "1:99:00", "nan", "1e3"])
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no time"):
        clock_seconds(text)


@pytest.mark.parametrize("text", ["60", "120-60", "60-60", "-60", "60-", "a-b", "1-2-3"])
def test_what_is_no_interval_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no interval"):
        interval(text)


def test_intervals_come_in_order_of_time() -> None:
    assert intervals(["2:00-3:00", "0-60"]) == (Interval(0, 60), Interval(120, 180))
    assert intervals(None) == ()


def test_a_second_is_not_both_with_and_without_the_noise() -> None:
    refuse_overlap(intervals(["0-60"]), intervals(["60-120"]))
    with pytest.raises(ConfigurationError, match="overlap"):
        refuse_overlap(intervals(["0-61"]), intervals(["60-120"]))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=6), st.integers(1, 60))
def test_the_rest_is_all_that_is_not_marked(marks: list[tuple[int, int]], length: int) -> None:
    marked = tuple(Interval(start, start + size) for start, size in marks)
    rest = rest_of(marked, float(length))
    for second in range(length):
        inside = any(one.start <= second < one.end for one in marked)
        assert any(one.start <= second < one.end for one in rest) is not inside
    assert all(one.end <= length for one in rest)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-22T21:30+01:00", "2026-11-22T21:30:00+01:00"),
        ("2026-11-22T20:30:00Z", "2026-11-22T20:30:00+00:00"),
        ("2026-11-22 21:30[Europe/Paris]", "2026-11-22T21:30:00+01:00"),
        ("2026-07-14T20:30:00Z[Europe/Paris]", "2026-07-14T22:30:00+02:00"),
    ],
)
def test_a_moment_has_its_zone(text: str, read: str) -> None:
    assert moment(text).isoformat() == read


@pytest.mark.parametrize(
    "text", ["2026-11-22T21:30", "yesterday", "21:30+01:00", "2026-11-22T21:30[Europe/Nowhere]", ""]
)
def test_a_moment_without_a_zone_or_without_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="moment"):
        moment(text)
