"""The hand-over page holds what the next shift must know, and its form adds to it."""

from __future__ import annotations

import re

import pytest
from fake_desk import FakeDesk
from serve_desk import application
from visitor import Visitor

from clairvoie.boundary.reading import RefusalCount
from clairvoie.hub.refusals import Code
from clairvoie.views.handover import REFUSALS
from clairvoie.views.words import translations


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_page_lists_what_is_open_said_silent_and_refused(john: Visitor) -> None:
    text = plain(john.get("/handover").text)
    assert "Bang, cause unknown" in text
    assert "Micro des Remparts muet" in text
    assert "mic-remparts boulevard des Remparts, devant le no 40 silent for 1 h 30, source lost" in text
    assert "Stored already; nothing is lost already-stored 2 22 Nov, 03:32" in text
    assert "confirmed Fireworks" in text


def test_the_span_can_be_chosen_and_nonsense_is_half_a_day(john: Visitor) -> None:
    assert "21 November 2026, 20:04:10 – 22 November 2026, 04:04:10" in plain(john.get("/handover?hours=8").text)
    assert "21 November 2026, 16:04:10 – " in plain(john.get("/handover?hours=7").text)


def test_a_note_reaches_the_next_shift(desk: FakeDesk, jeanne: Visitor) -> None:
    answer = jeanne.post("/handover/notes", text=" Barrière posée. ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/handover#notes")
    assert (desk.notes[-1].who, desk.notes[-1].text) == ("Jeanne Moreau", "Barrière posée.")
    assert "Barrière posée." in jeanne.get("/handover").text


def test_a_note_without_text_or_name_says_what_is_missing_and_keeps_what_was_written(
    desk: FakeDesk, anybody: Visitor
) -> None:
    answer = anybody.post("/handover/notes", text="Ne pas perdre ceci")
    assert answer.status_code == 422
    assert "Indiquez votre nom" in answer.text
    assert "Ne pas perdre ceci</textarea>" in answer.text
    assert anybody.post("/handover/notes", text=" ", who="Zoé").status_code == 422
    assert anybody.post("/handover/notes", text="x", who="Zoé", token="guessed").status_code == 403
    assert len(desk.notes) == 1


def test_a_quiet_shift_reads_quiet() -> None:
    desk = FakeDesk(empty=True)
    desk.silent_sensors.clear()
    text = plain(Visitor(application(desk), language="en").get("/handover").text)
    assert "Nothing is waiting." in text
    assert "No note in this time." in text
    assert "All microphones are live and in order." in text


def test_every_reason_for_a_refusal_has_words_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(REFUSALS) == set(Code)
    desk = FakeDesk()
    counts = tuple(RefusalCount(code=code.value, count=1, last=desk.clock) for code in Code)
    monkeypatch.setattr(desk, "refusals", lambda: counts)
    english, french = (plain(Visitor(application(desk), language=one).get("/handover").text) for one in ("en", "fr"))
    for code, words in REFUSALS.items():
        assert f" {words} {code} 1 " in english
        assert f" {plain(translations('fr').gettext(words))} {code} 1 " in french
        assert words not in french


def test_a_reason_that_is_not_known_here_is_still_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = FakeDesk()
    monkeypatch.setattr(desk, "refusals", lambda: (RefusalCount(code="older-code", count=3, last=desk.clock),))
    assert " older-code 3 " in plain(Visitor(application(desk), language="en").get("/handover").text)
