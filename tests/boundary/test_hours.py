"""Hours of the week: their forms. What they mean across changes of the clock is tested with ``permits``."""

from __future__ import annotations

import datetime

import pytest
from generated_acts import hours
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.hours import Hours, minute_of_day
from clairvoie.errors import InvalidValue


@pytest.mark.parametrize("text", ["24:01", "8:00", "0:059", "08:60", "25:00", "٠٨:٠٠", "", "08-00", "08:00 ", " 8:00"])
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        minute_of_day(text)


@pytest.mark.parametrize(
    "changed", [{"days": ()}, {"days": (0,)}, {"days": (8,)}, {"days": (1, 1)}, {"start": "24:00"}]
)
def test_hours_of_no_day_or_of_the_end_of_one_are_refused(changed: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(InvalidValue):
        Hours(**changed)


@given(hours, st.integers(0, 7 * 1440 - 1))
def test_hours_hold_where_counting_minutes_says_so(some: Hours, minute: int) -> None:
    """Against the plainest model: a set of minutes of the week."""
    start, end = minute_of_day(some.start), minute_of_day(some.end)
    length = end - start if end > start else end - start + 1440
    held = {((day - 1) * 1440 + start + m) % (7 * 1440) for day in some.days for m in range(length)}
    monday = datetime.datetime(2026, 11, 16)  # noqa: DTZ001 - hours on the wall
    assert some.hold(monday + datetime.timedelta(minutes=minute)) is (minute in held)
