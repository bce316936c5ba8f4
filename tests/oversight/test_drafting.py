"""Answers become acts and acts answers, without a change on the way."""

from __future__ import annotations

import datetime
import tomllib

import msgspec
import pytest
from generated_acts import authorisations
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.authorisation import Authorisation, LegalText, ObservationKind
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.hours import Hours
from clairvoie.errors import InvalidValue
from clairvoie.oversight import answers as read
from clairvoie.oversight.drafting import (
    QUESTIONS,
    Answers,
    act_of,
    answers_of,
    answers_toml,
    checked_answers,
    default_of,
    understood,
)
from clairvoie.oversight.questions import Group, Question

LEAST: Answers = {
    "deployment": "saint-jean",
    "authority": "Le maire",
    "purpose": "Mesurer le bruit",
    "legal_texts": [{"title": "Arrêté 118", "date": "2026-10-12"}],
    "impact_assessment": "Faite",
    "contact": "dpo@example.org",
    "starts": "2026-12-01",
    "ends": "2027-11-30",
    "sensors": "quai-1, quai-2",
    "polygon": "48.85 2.35; 48.86 2.35; 48.86 2.36",
}


def question(key: str) -> Question:
    found = next(one for one in QUESTIONS if one.key == key)
    assert isinstance(found, Question)
    return found


def plain_questions() -> list[Question]:
    inner = [q for one in QUESTIONS if isinstance(one, Group) for q in one.questions]
    return [*(one for one in QUESTIONS if isinstance(one, Question)), *inner]


def test_what_nobody_asks_for_is_noise_measurement_only() -> None:
    act = act_of(LEAST)
    assert act.observations == (ObservationKind.LEVELS,)
    assert (act.hazards, act.recipients, act.models) == ((), (), ())
    assert act.hours == (Hours(),)
    assert act.lease_seconds == 900


def test_days_are_those_of_the_place_and_the_last_is_included() -> None:
    act = act_of(LEAST)
    paris = datetime.timezone(datetime.timedelta(hours=1))
    assert act.starts == datetime.datetime(2026, 12, 1, tzinfo=paris).timestamp()
    assert act.ends == datetime.datetime(2027, 12, 1, tzinfo=paris).timestamp()


@given(authorisations(), st.integers(1, 1440))
def test_an_act_is_the_answers_that_make_it(act: Authorisation, minutes: int) -> None:
    """Up to a whole minute of its start and end, which is what people type, and in an order of its own."""
    even = msgspec.structs.replace(
        act,
        starts=act.starts // 60 * 60,
        ends=act.ends // 60 * 60 + 60,
        lease_seconds=minutes * 60,
        sensors=act.sensors or ("mic-1",),
        hours=act.hours or (Hours(),),
        hazards=tuple(sorted(act.hazards)),
        contact="Somebody",
        models=("a" * 64,),
    )
    again = act_of(checked_answers(tomllib.loads(answers_toml(answers_of(even)))))
    assert again == even or _fold(even, again)


def _fold(one: Authorisation, other: Authorisation) -> bool:
    """Whether they differ only in an hour that comes twice, of which a clock shows the first, or in a list's order."""
    plain = [
        msgspec.structs.replace(
            act,
            starts=0,
            ends=1,
            hours=tuple(msgspec.structs.replace(h, days=tuple(sorted(h.days))) for h in act.hours),
        )
        for act in (one, other)
    ]
    return plain[0] == plain[1] and all(
        abs(getattr(one, name) - getattr(other, name)) in (0, 1800, 3600) for name in ("starts", "ends")
    )


@pytest.mark.parametrize("key", [q.key for q in plain_questions() if q.default is None])
def test_an_answer_that_is_missing_is_named(key: str) -> None:
    if key in LEAST:
        with pytest.raises(InvalidValue, match=key):
            act_of({k: v for k, v in LEAST.items() if k != key})
    else:
        inner = {"legal_texts": [{"title": "A", "date": "2026-01-01"}],
                 "recipients": [{"name": "a", "purpose": "B"}]}  # fmt: skip
        group = next(name for name, tables in inner.items() if key in tables[0])
        with pytest.raises(InvalidValue, match=rf"{group}\.{key}"):
            act_of({**LEAST, group: [{k: v for k, v in inner[group][0].items() if k != key}]})


@pytest.mark.parametrize("one", plain_questions(), ids=lambda q: q.key)
def test_the_example_and_the_default_of_every_question_are_understood(one: Question) -> None:
    before = {**LEAST, "date": "2026-01-01", "time_zone": "Europe/Paris"}
    understood(one, one.example, before)
    if one.default:
        understood(one, one.default, before)


@pytest.mark.parametrize(
    "one", [*plain_questions(), *(q for q in QUESTIONS if isinstance(q, Group))], ids=lambda q: q.key
)
def test_every_question_is_asked_in_both_languages(one: Question | Group) -> None:
    texts = [one.ask, one.expected, one.why] if isinstance(one, Question) else [one.another, one.why]
    for text in texts:
        assert text.to("en")
        assert text.to("fr")
        assert text.en != text.fr or text is one[1]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("number", "0"), ("number", "-1"), ("number", "x"), ("number", "²"),
        ("exercise", "perhaps"),
        ("deployment", "Saint Jean"),
        ("authority", ""), ("authority", "a\x1bb"),
        ("time_zone", "Paris"),
        ("starts", "1/12/2026"), ("starts", "2026-13-01"), ("starts", "2026-12-01 24:00"),
        ("starts", "2026-12-01 08:61"),
        ("ends", "2026-11-30"), ("ends", "2200-01-01"),
        ("sensors", "quai-1 quai-1"), ("sensors", "Quai"),
        ("polygon", "48.85 2.35; 48.86 2.35"), ("polygon", "48.85"), ("polygon", "48.85 2.35 1; 1 2; 3 4"),
        ("polygon", "0 0; 1 1; 0 1; 1 0"), ("polygon", "nan 0; 1 1; 0 1"),
        ("observations", "7"), ("observations", "voices"), ("hazards", "15"), ("hazards", "shots"),
        ("hours", "at night"), ("hours", "24:00-08:00"), ("hours", "xyz 08:00-09:00"), ("hours", ""),
        ("models", "abc"), ("lease_minutes", "0"), ("lease_minutes", "1441"), ("retention_levels", "0"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_on_the_spot(key: str, text: str) -> None:
    with pytest.raises(InvalidValue):
        understood(question(key), text, LEAST)


@pytest.mark.parametrize("answer", [{"hazards": "1"}, {"observations": "1 4"}])
def test_where_something_is_recognised_the_recogniser_is_named(answer: Answers) -> None:
    with pytest.raises(InvalidValue, match="names the recognisers that may run"):
        act_of({**LEAST, **answer})
    assert act_of({**LEAST, **answer, "models": "sha256:" + "A" * 64}).models == ("a" * 64,)


def test_no_act_outlives_its_text_already_when_the_question_is_asked() -> None:
    before = {**LEAST, "legal_texts": [{"title": "A", "date": "2026-01-01", "until": "2027-03-31"}]}
    assert default_of(
        question("ends"), {k: v for k, v in before.items() if k != "ends"}, datetime.date(2026, 11, 22)
    ) == ("2027-03-31")
    understood(question("ends"), "2027-03-31", before)
    with pytest.raises(InvalidValue, match="2027-03-31"):
        understood(question("ends"), "2027-04-01", before)
    with pytest.raises(InvalidValue, match="2027-03-31"):
        act_of({**before, "ends": "2027-04-01"})


@pytest.mark.parametrize(
    ("text", "days", "times"),
    [
        ("lun-ven 08:00-18:00", (1, 2, 3, 4, 5), ("08:00", "18:00")),
        ("sat+sun 00:00-24:00", (6, 7), ("00:00", "24:00")),
        ("sam-lun 22:00 à 02:00", (1, 6, 7), ("22:00", "02:00")),
        ("22:00-07:00", (1, 2, 3, 4, 5, 6, 7), ("22:00", "07:00")),
    ],
)
def test_hours_are_typed_in_either_language(text: str, days: tuple[int, ...], times: tuple[str, str]) -> None:
    (found,) = read.hours(text)
    assert (found.days, (found.start, found.end)) == (days, times)


def test_lists_are_chosen_by_number_or_name() -> None:
    assert read.chosen("1, fire 1", HazardKind) == (HazardKind.GLASS_BREAKING, HazardKind.FIRE)
    assert [read.chosen(word, HazardKind) for word in ("none", "aucun", "", "-")] == [()] * 4


def geojson(geometry: str) -> bytes:
    return ('{"type": "Feature", "properties": {}, "geometry": ' + geometry + "}").encode()


def test_an_area_is_read_from_geojson() -> None:
    square = geojson('{"type": "Polygon", "coordinates": [[[2, 48], [3, 48], [3, 49], [2, 48]]]}')
    assert read.polygon_of_geojson(square) == ((48.0, 2.0), (48.0, 3.0), (49.0, 3.0))
    assert read.polygon(read.polygon_text(read.polygon_of_geojson(square))) == read.polygon_of_geojson(square)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"nonsense", b"[" * 100_000,
        geojson('{"type": "Point", "coordinates": [2, 48]}'),
        geojson('{"type": "Polygon", "coordinates": []}'),
        geojson('{"type": "Polygon", "coordinates": [[["a", 48], [3, 48], [3, 49]]]}'),
        geojson('{"type": "Polygon", "coordinates": [[[2], [3], [3]]]}'),
        geojson('{"type": "Polygon", "coordinates": [[[2,48],[3,48],[3,49]],[[2.8,48.1],[2.9,48.1],[2.9,48.2]]]}'),
        geojson('{"type": "Polygon", "coordinates": {"a": 1}}'),
        geojson('{"type": "MultiPolygon", "coordinates": [[[[2,48],[3,48],[3,49]]],[[[4,48],[5,48],[5,49]]]]}'),
    ],
)  # fmt: skip
def test_what_is_no_single_area_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        read.polygon_of_geojson(data)


def test_a_file_of_answers_may_use_the_forms_of_toml() -> None:
    raw = tomllib.loads(
        'number = 3\nexercise = true\nstarts = 2026-12-01\nsensors = ["a", "b"]\nhazards = []\n'
        '[[legal_texts]]\ntitle = "A"\ndate = 2026-01-01\n'
    )
    found = checked_answers(raw)
    assert found == {
        "number": "3", "exercise": "yes", "starts": "2026-12-01", "sensors": "a b", "hazards": "none",
        "legal_texts": [{"title": "A", "date": "2026-01-01"}],
    }  # fmt: skip
    assert act_of({**LEAST, **found}).legal_texts == (LegalText(title="A", date="2026-01-01"),)


@pytest.mark.parametrize("raw", [{"colour": 1}, {"legal_texts": "A"}, {"legal_texts": ["A"]}])
def test_a_key_that_is_no_question_is_an_error(raw: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        checked_answers(raw)


def test_an_unknown_key_of_a_table_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="legal_texts has no such key"):
        act_of({**LEAST, "legal_texts": [{"title": "A", "date": "2026-01-01", "ends": "2027-01-01"}]})


@given(st.dictionaries(st.sampled_from([q.key for q in QUESTIONS if isinstance(q, Question)]), st.text()))
def test_answers_kept_are_answers_again(kept: dict[str, str]) -> None:
    encodable = {key: text for key, text in kept.items() if not any("\ud800" <= c <= "\udfff" for c in text)}
    assert tomllib.loads(answers_toml(encodable)) == encodable
