"""The hand-over page holds what the next shift must know, and its form adds to it."""

from __future__ import annotations

import re

from fake_desk import FakeDesk
from serve_desk import application
from visitor import Visitor


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_page_lists_what_is_open_said_silent_and_refused(john: Visitor) -> None:
    text = plain(john.get("/handover").text)
    assert "Bang, cause unknown" in text
    assert "Micro des Remparts muet" in text
    assert "mic-remparts boulevard des Remparts, devant le no 40 silent for 1 h 30, source lost" in text
    assert "replayed 2 22 Nov, 03:32" in text
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
    assert "All sensors are live and in order." in text
