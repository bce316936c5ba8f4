"""What is released is closed, and its price is the length of a code that exists."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary import bulletin as released
from clairvoie.boundary.bulletin import (
    EVENT_TYPES,
    SCHEDULE,
    SCHEDULED_TYPES,
    BeginEvent,
    Bulletin,
    MinuteState,
    TenSeconds,
    alphabets_of,
    charge,
    event_millibits,
    fields_millibits,
    lengths_of,
)
from clairvoie.errors import InvalidValue

from .conftest import bulletins, coded

FORMS = (*SCHEDULED_TYPES, *EVENT_TYPES)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_field_that_leaves_has_an_alphabet(form: type) -> None:
    fields = {field.name for field in msgspec.structs.fields(form)}
    # The identifier is a counter of the gate: it follows from the events before it and carries nothing of its own.
    assert fields - set(alphabets_of(form)) <= {"identifier"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_fields_of_a_form_satisfy_kraft(form: type) -> None:
    objects = math.prod(count ** lengths_of(form).get(name, 1) for name, count in alphabets_of(form).items())
    assert math.log2(objects) <= fields_millibits(form) / 1000


def test_the_events_of_a_second_satisfy_kraft() -> None:
    def share(millibits: int) -> float:
        return 2.0 ** -(millibits / 1000)

    assert share(released.EVENT_PRESENT_MILLIBITS) + share(released.EVENT_ABSENT_MILLIBITS) <= 1.0
    assert len(EVENT_TYPES) * share(released.EVENT_FORM_MILLIBITS) <= 1.0


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(data=st.data())
def test_a_code_outside_its_alphabet_makes_no_object(form: type, data: st.DataObject) -> None:
    valid = data.draw(coded(form))
    name = data.draw(st.sampled_from(sorted(alphabets_of(form))))
    wrong = data.draw(st.sampled_from([-1, alphabets_of(form)[name], 2**70, 1.5, True, "1", None]))
    length = lengths_of(form).get(name)
    value = (wrong, *getattr(valid, name)[1:]) if length else wrong
    with pytest.raises(InvalidValue):
        msgspec.structs.replace(valid, **{name: value})


def test_a_tuple_of_another_length_makes_no_object() -> None:
    with pytest.raises(InvalidValue, match="9 codes"):
        released.MinuteOctaves(levels=(1, 2, 3))  # type: ignore[arg-type]


def test_a_part_leaves_in_its_second_only() -> None:
    part = TenSeconds(laeq=84)
    assert Bulletin(sensor="mic-1", second=1_800_000_002, scheduled=(part,)).scheduled == (part,)
    with pytest.raises(InvalidValue, match="leaves at second 2 of 10"):
        Bulletin(sensor="mic-1", second=1_800_000_003, scheduled=(part,))
    with pytest.raises(InvalidValue, match="at most once"):
        Bulletin(sensor="mic-1", second=1_800_000_002, scheduled=(part, part))


def test_the_schedule_never_outruns_its_own_budget() -> None:
    # A bucket of 300 bits, full at first, refilled at 5 bit/s, over two cycles of the longest period.
    depth = released.SCHEDULED_DEPTH_BITS * 1000
    level = depth
    for second in range(2 * max(period for period, _ in SCHEDULE.values())):
        level = min(depth, level + released.SCHEDULED_BITS_PER_SECOND * 1000)
        level -= sum(fields_millibits(form) for form, (period, phase) in SCHEDULE.items() if second % period == phase)
        assert level >= 0, second


def test_a_minute_of_schedule_stays_within_five_bits_a_second() -> None:
    a_second = sum(fields_millibits(form) / period for form, (period, _) in SCHEDULE.items()) / 1000
    assert a_second <= released.SCHEDULED_BITS_PER_SECOND


@given(bulletin=bulletins())
def test_the_charge_is_the_sum_of_its_parts(bulletin: Bulletin) -> None:
    price = charge(bulletin)
    assert price.scheduled == sum(fields_millibits(type(part)) for part in bulletin.scheduled)
    assert price.events - released.EVENT_ABSENT_MILLIBITS == sum(event_millibits(type(e)) for e in bulletin.events)
    assert price.total == price.scheduled + price.events


def test_silence_and_speech_cost_the_same() -> None:
    nothing = MinuteState(sources=(0, 0, 0), valid_seconds=0, overloads=0, windy=0, health=0, drops=0, refusals=0)
    everything = MinuteState(
        sources=(128, 120, 9), valid_seconds=61, overloads=7, windy=1, health=6, drops=7, refusals=7
    )
    one, other = (Bulletin(sensor="mic-1", second=1_800_000_008, scheduled=(part,)) for part in (nothing, everything))
    assert charge(one) == charge(other)


def test_no_released_type_has_a_field_of_text_or_of_real_numbers() -> None:
    for form in FORMS:
        for field in msgspec.structs.fields(form):
            assert "str" not in str(field.type)
            assert "float" not in str(field.type)


def test_an_event_names_no_camera_and_no_person() -> None:
    names = {field.name for form in EVENT_TYPES for field in msgspec.structs.fields(form)}
    assert names == {"identifier", "slot", "kind", "mode", "age", "confidence", "level", "clock", "sigma"}
    assert {field.name for field in msgspec.structs.fields(BeginEvent)} <= names
