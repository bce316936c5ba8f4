"""Acts in words: everything that an act says is said, in both languages, and nothing is said that it does not."""

from __future__ import annotations

import msgspec
import pytest
from generated_acts import authorisations, suspensions
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.authorisation import (
    Authorisation,
    Field,
    LegalText,
    ObservationKind,
    Recipient,
    RecipientKind,
    Suspension,
)
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.hours import Hours
from clairvoie.errors import InvalidValue
from clairvoie.oversight.authorisations import doubts, not_allowed, sentences, suspension_words
from clairvoie.oversight.before_deploying import BEFORE_YOU_DEPLOY
from clairvoie.oversight.wording import FIELDS, HAZARDS, LANGUAGES, OBSERVATIONS, RECIPIENT_KINDS, Text, hours

languages = st.sampled_from(LANGUAGES)
ACT = Authorisation(
    deployment="saint-jean",
    number=2,
    authority="Le maire {de} Saint-Jean",
    purpose="Mesurer le bruit",
    legal_texts=(LegalText(title="Arrêté 118", date="2026-11-01", until="2027-10-31", reference="recueil"),),
    impact_assessment="Faite",
    starts=1_793_487_600,
    ends=1_825_023_600,
    time_zone="Europe/Paris",
    sensors=("quai-1",),
    polygon=((48.0, 2.0), (48.0, 2.01), (48.01, 2.01), (48.01, 2.0)),
    recipients=(Recipient(name="bruit", kind=RecipientKind.MACHINE, purpose="Carte", fields=(Field.LEVELS,)),),
)


def lines(act: Authorisation, language: str, key: str) -> str:
    return " ".join(next(passage.lines for passage in sentences(act, language) if passage.key == key))


@pytest.mark.parametrize("kind", [HazardKind, ObservationKind, Field, RecipientKind])
def test_every_member_of_every_closed_list_has_words_in_both_languages(kind: type) -> None:
    table = {HazardKind: HAZARDS, ObservationKind: OBSERVATIONS, Field: FIELDS, RecipientKind: RECIPIENT_KINDS}[kind]
    assert set(table) == set(kind)
    for text in table.values():
        assert text.en.strip() != text.fr.strip() or text.en in ("incidents",)
        assert "{" not in text.en + text.fr


@given(authorisations(), languages)
def test_everything_that_is_named_is_said(act: Authorisation, language: str) -> None:
    reports, told = lines(act, language, "reports"), lines(act, language, "recipients")
    for kind, text in (*HAZARDS.items(), *OBSERVATIONS.items()):
        if kind in (*act.hazards, *act.observations):
            assert text.to(language) in reports
        else:
            assert any(text.to(language) in line for line in not_allowed(act, language))
    assert all(sensor in lines(act, language, "sensors") for sensor in act.sensors)
    for recipient in act.recipients:
        assert recipient.name in told
        assert all(FIELDS[field].to(language) in told for field in recipient.fields)
    assert all(passage.heading and all(passage.lines) for passage in sentences(act, language))


@given(authorisations(), languages)
def test_what_is_allowed_is_never_said_to_be_refused(act: Authorisation, language: str) -> None:
    refused = [line for line in not_allowed(act, language) if line.startswith(("Reporting:", "Signaler :"))]
    assert len(refused) == (len(act.hazards) < len(HazardKind))
    allowed = {HAZARDS[kind].to(language) for kind in act.hazards}
    said = {part.strip(" .") for line in refused for part in line.partition(":")[2].split(",")}
    assert not {words for words in allowed if "," not in words} & said


def test_an_act_in_french_and_in_english() -> None:
    assert (
        lines(ACT, "fr", "period") == "Du 1er novembre 2026 à 00:00 jusqu’à la fin du 31 octobre 2027 ; jamais après."
    )
    assert lines(ACT, "en", "period") == "From 1 November 2026, 00:00 until the end of 31 October 2027; never after."
    assert lines(ACT, "fr", "law") == "Arrêté 118 du 1er novembre 2026 (recueil) ; en vigueur jusqu’au 31 octobre 2027."
    assert "0,83 km²" in lines(ACT, "fr", "place")
    assert lines(ACT, "en", "leases").startswith("It falls silent and captures nothing after 15 minutes")
    assert lines(ACT, "en", "authority") == "Le maire {de} Saint-Jean"
    assert "No hazard: nothing here raises an alert." in lines(ACT, "en", "reports")


def test_an_act_that_names_nobody_and_nothing_says_so() -> None:
    bare = msgspec.structs.replace(ACT, recipients=(), observations=(), sensors=(), hours=())
    for language, nobody, nothing in (("en", "Nobody", "No measurement"), ("fr", "Personne", "Aucune mesure")):
        assert lines(bare, language, "recipients").startswith(nobody)
        assert lines(bare, language, "reports").startswith(nothing)
    assert lines(bare, "fr", "hours").startswith("À aucune heure.")


@pytest.mark.parametrize(
    ("some", "french"),
    [
        (Hours(), "à toute heure, tous les jours"),
        (Hours(days=(6, 7)), "samedi et dimanche, toute la journée"),
        (Hours(start="22:00", end="07:00"), "tous les jours de 22:00 à 07:00 le lendemain"),
        (Hours(days=(1,), start="08:00", end="18:00"), "lundi de 08:00 à 18:00"),
    ],
)
def test_hours_in_french(some: Hours, french: str) -> None:
    assert hours(some, "fr") == french


@given(suspensions(), languages)
def test_a_suspension_says_what_it_suspends_and_why(some: Suspension, language: str) -> None:
    words = suspension_words(some, "Europe/Paris", language)
    assert some.reason in words
    assert all(name in words for name in (*some.sensors, *some.recipients))
    assert all(HAZARDS[kind].to(language) in words for kind in some.hazards)
    if some.whole:
        assert {"en": ": everything.", "fr": " : tout."}[language] in words


@pytest.mark.parametrize(
    ("changed", "doubted"),
    [
        ({}, []),
        ({"legal_texts": (LegalText(title="A", date="2026-11-01"),)}, ["None of its texts"]),
        ({"legal_texts": (LegalText(title="A", date="2026-11-02", until="2028-01-01"),)}, ["It starts before"]),
        ({"hazards": (HazardKind.FIRE,)}, ["It allows hazards", "It allows alerts"]),
        ({"hazards": (HazardKind.FIRE,), "exercise": True}, ["It allows hazards"]),
    ],
)
def test_what_should_be_looked_at_again(changed: dict[str, object], doubted: list[str]) -> None:
    act = msgspec.structs.replace(ACT, **changed)
    found = doubts(act, "en")
    assert len(found) == len(doubted) == len(doubts(act, "fr"))
    assert all(line.startswith(words) for line, words in zip(found, doubted, strict=True))


def test_there_is_no_third_language() -> None:
    with pytest.raises(InvalidValue):
        Text("a", "b").to("de")


def test_what_is_read_before_names_every_decision_in_both_languages() -> None:
    for language in LANGUAGES:
        text = " ".join(paragraph.to(language) for paragraph in BEFORE_YOU_DEPLOY)
        for cited in ("2104478", "506370", "2023-380", "31/03/2025", "25/10/2019", "CNIL", "2026"):
            assert cited in text
