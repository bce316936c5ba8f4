"""A bulletin in words: every released type has them in both languages, and no bit goes untold."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import (
    EVENT_TYPES,
    SCHEDULE,
    SCHEDULED_TYPES,
    BeginEvent,
    Bulletin,
    EndEvent,
    Event,
    ImpulseEvent,
    MinuteState,
    Scheduled,
    TenSeconds,
    alphabets_of,
    charge,
    lengths_of,
)
from clairvoie.boundary.hazards import HAZARD_KINDS, HEALTHS, MODES, NOISE_SOURCES
from clairvoie.views.clock import SiteClock
from clairvoie.views.said import Speech
from clairvoie.views.terms import term
from clairvoie.views.words import LANGUAGES

NOON = 1_795_345_200
"""2026-11-22 12:00:00 in Paris."""
PARIS = SiteClock("Europe/Paris")
EN, FR = (Speech(language, PARIS) for language in ("en", "fr"))


def flat(words: str) -> str:
    return words.replace("\u00a0", " ").replace("\u202f", " ")


@st.composite
def parts(draw: st.DrawFn, kind: type) -> Any:
    """Any object of a released type: every field over its whole alphabet."""
    lengths = lengths_of(kind)
    fields: dict[str, Any] = {}
    for name, alphabet in alphabets_of(kind).items():
        codes = st.integers(min_value=0, max_value=alphabet - 1)
        fields[name] = draw(st.tuples(*[codes] * lengths[name]) if name in lengths else codes)
    if kind in EVENT_TYPES:
        fields["identifier"] = draw(st.integers(min_value=0, max_value=2**31))
    return kind(**fields)


@st.composite
def bulletins(draw: st.DrawFn) -> Bulletin:
    """Any bulletin that can exist in the ten minutes after noon."""
    second = NOON + draw(st.one_of(st.sampled_from([2, 4, 6, 8, 35, 45, 62]), st.integers(0, 599)))
    kinds = [kind for kind, (period, phase) in SCHEDULE.items() if second % period == phase]
    events = st.one_of([parts(kind) for kind in EVENT_TYPES])
    return Bulletin(
        sensor="mic-1",
        second=second,
        scheduled=tuple(draw(parts(kind)) for kind in kinds),
        events=tuple(draw(st.lists(events, max_size=4))),
    )


def test_every_released_type_is_enumerated_and_has_words_of_its_own() -> None:
    released = {*get_args(Scheduled), *get_args(Event)}
    assert released == {*SCHEDULED_TYPES, *EVENT_TYPES}
    for speech in (EN, FR):
        assert set(speech._told) == released


@given(bulletin=bulletins())
def test_no_bit_goes_untold_and_no_sentence_fails(bulletin: Bulletin) -> None:
    for speech in (EN, FR):
        statements = speech.statements(bulletin)
        assert sum(statement.millibits for statement in statements) == charge(bulletin).total
        assert len(statements) == len(bulletin.scheduled) + len(bulletin.events) + 1
        sentence = speech.sentence(bulletin.second, bulletin)
        assert all(statement.words in sentence for statement in statements[:-1])
        assert "%(" not in sentence


@given(bulletin=bulletins())
def test_the_two_languages_differ_and_french_has_the_decimal_comma(bulletin: Bulletin) -> None:
    english, french = (speech.summary(bulletin) for speech in (EN, FR))
    assert english != french
    assert re.search(r"[0-9][.][0-9]", french) is None
    assert re.search(r"[0-9],[0-9]", english.replace(",10s", "")) is None


def test_a_level_nothing_and_silence_read_as_three_different_things() -> None:
    level = Bulletin(sensor="mic-1", second=NOON + 12, scheduled=(TenSeconds(laeq=units.LEVEL.encode(61.5)),))
    empty = Bulletin(sensor="mic-1", second=NOON + 13)
    assert flat(EN.sentence(level.second, level)) == "12:00:12, LAeq 61.5 dB over the ten seconds to 12:00:10"
    assert flat(FR.sentence(level.second, level)) == "12:00:12, LAeq 61,5 dB sur les dix secondes jusqu’à 12:00:10"
    assert EN.sentence(empty.second, empty) == "12:00:13, nothing"
    assert FR.sentence(empty.second, empty) == "12:00:13, rien"
    assert EN.sentence(NOON, None) == "12:00:00, not heard"
    assert FR.sentence(NOON, None) == "12:00:00, pas reçue"


def test_a_level_without_a_value_has_no_unit() -> None:
    unknown = Bulletin(sensor="mic-1", second=NOON + 2, scheduled=(TenSeconds(laeq=0),))
    assert EN.summary(unknown) == "LAeq not known over the ten seconds to 12:00:00"


def test_a_begin_tells_kind_age_mode_confidence_level_and_clock() -> None:
    event = BeginEvent(
        identifier=12, slot=0, kind=0, mode=0, age=units.AGE_TENTHS.encode(2.3),
        confidence=units.CONFIDENCE.encode(12 / 14), level=units.EVENT_LEVEL.encode(78), clock=4,
    )  # fmt: skip
    bulletin = Bulletin(sensor="mic-1", second=NOON + 9, events=(event,))
    assert flat(EN.summary(bulletin)) == (
        "Breaking glass: begins at 12:00:07.7, event 12, on trial, confidence 0.86, LAFmax 78 dB, clock to within 3 ms"
    )
    assert "12:00:07,7" in FR.summary(bulletin)
    assert flat(FR.summary(bulletin)).startswith("Bris de ")


def test_an_end_names_its_event_and_an_impulse_keeps_its_tenth_of_a_millisecond() -> None:
    end = EndEvent(identifier=12, slot=0, age=1, confidence=15, level=0)
    bang = ImpulseEvent(identifier=13, mode=1, age=units.AGE_FINE.encode(0.6579), sigma=2, level=40)
    bulletin = Bulletin(sensor="mic-1", second=NOON, events=(end, bang))
    first, second, last = (flat(statement.words) for statement in EN.statements(bulletin))
    assert first == "event 12: ends at 12:00:01.0, greatest confidence 1.00, LAFmax not known"
    assert "12:00:00.3421" in second
    assert second.endswith("live, LCpeak 98 dB, clock to within 0.3 ms")
    assert last == "nothing more happened"


def test_an_unknown_age_and_clock_are_said_to_be_unknown() -> None:
    event = BeginEvent(identifier=1, slot=0, kind=0, mode=0, age=0, confidence=0, level=0, clock=0)
    words = EN.summary(Bulletin(sensor="mic-1", second=NOON, events=(event,)))
    assert "at an unknown time" in words
    assert "clock uncertain" in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_member_of_every_closed_list_can_be_said(language: str) -> None:
    speech = Speech(language, PARIS)
    blank = MinuteState(sources=(0, 0, 0), valid_seconds=61, overloads=7, windy=1, health=0, drops=1, refusals=1)
    for code in range(1, 1 + 8 * len(NOISE_SOURCES)):
        words = speech._state(MinuteState(**{**fields(blank), "sources": (code, 0, 0)}), NOON + 8)
        assert f"{speech.texts.gettext(term(NOISE_SOURCES[(code - 1) // 8]))} {(code - 1) % 8 + 1}/8" in words
    for code, health in enumerate(HEALTHS):
        words = speech._state(MinuteState(**{**fields(blank), "health": code}), NOON + 8)
        assert speech.texts.gettext(term(health)) in words
    for kind, hazard in enumerate(HAZARD_KINDS):
        for mode, name in enumerate(MODES):
            event = BeginEvent(identifier=1, slot=0, kind=kind, mode=mode, age=1, confidence=1, level=1, clock=1)
            assert speech._begin(event, NOON).startswith(speech.texts.gettext(term(hazard)))
            assert speech.texts.gettext(term(name)) in speech._begin(event, NOON)


def fields(part: MinuteState) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__struct_fields__}


def test_a_saturated_count_says_so() -> None:
    state = MinuteState(sources=(0, 0, 0), valid_seconds=61, overloads=7, windy=0, health=0, drops=1, refusals=1)
    words = EN._state(state, NOON + 8)
    assert "overloads 6 or more" in words
    assert "valid seconds 60" in words
    assert "sources none known" in words


@pytest.mark.parametrize(("millibits", "english", "french"), [
    (0, "0.0 bits", "0,0 bit"), (23, "0.02 bits", "0,02 bit"), (7_931, "7.9 bits", "7,9 bits"),
    (1_024_000, "1,024.0 bits", "1 024,0 bits"),
])  # fmt: skip
def test_bits_follow_the_language(millibits: int, english: str, french: str) -> None:
    assert flat(EN.bits(millibits)) == english
    assert flat(FR.bits(millibits)) == french


def test_times_are_those_of_the_site_also_in_the_hour_that_comes_twice() -> None:
    first, again = 1_792_888_212, 1_792_891_812
    for second, offset in ((first, "UTC+02:00"), (again, "UTC+01:00")):
        assert EN.sentence(second, Bulletin(sensor="mic-1", second=second)) == "02:30:12, nothing"
        assert PARIS.offset(second) == offset
