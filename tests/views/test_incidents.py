"""Incidents: the page of one, taking and closing without scripts, and the list."""

from __future__ import annotations

import re

import msgspec
import pytest
from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.boundary.incident import Basis, IncidentState, Outcome, TransitionKind


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace(" ,", ",").replace(" .", ".")


def test_the_page_says_how_sure_and_why_in_both_languages(jeanne: Visitor, john: Visitor) -> None:
    french, english = plain(jeanne.get("/incidents/5").text), plain(john.get("/incidents/5").text)
    assert "Élevée, 0,86. 3 micros l’ont perçu, à 0,2 s d’écart du premier au dernier." in french
    assert "2 autres à proximité ont un relevé de cette minute et n’ont rien signalé de tel : mic-halles" in french
    assert "High, 0.86. 3 microphones heard it, 0.2 s from first to last." in english
    assert "mic-remparts" not in english.split("Heard at")[0], "a sensor without a record proves nothing"
    assert "the circle of 35 m holds them" in english


def test_the_page_shows_each_detection_to_the_tenth_and_the_levels_around(john: Visitor) -> None:
    text = plain(john.get("/incidents/5").text)
    assert "mic-marche 04:03:28.0 1.2 s 0.86 78 dB ± 1 ms live" in text
    assert "Levels a minute before and after" in text
    assert "LAeq of each ten seconds in dB at mic-marche, from 04:02:20 to 04:04:30" in text


def test_there_is_never_a_player(jeanne: Visitor) -> None:
    for number in (1, 3, 5):
        assert not re.search(r"<(audio|video|source|embed|object|iframe)\b", jeanne.get(f"/incidents/{number}").text)


def test_take_and_close_without_scripts(desk: FakeDesk, jeanne: Visitor) -> None:
    taken = jeanne.post("/incidents/5/take")
    assert (taken.status_code, taken.headers["location"]) == (303, "/incidents/5")
    assert "pris en charge, par Jeanne Moreau" in plain(jeanne.get("/incidents/5").text)
    closed = jeanne.post("/incidents/5/close", outcome="confirmed", basis="on-site", note=" Vitrine brisée. ")
    assert closed.status_code == 303
    found = desk.kept[5]
    assert (found.state, found.outcome, found.basis) == (IncidentState.CLOSED, Outcome.CONFIRMED, Basis.ON_SITE)
    assert found.history[-1].note == "Vitrine brisée."
    page = plain(jeanne.get("/incidents/5").text)
    assert "Clôture : confirmé par Jeanne Moreau, fondement : constat sur place Vitrine brisée." in page
    assert "/incidents/5/close" not in jeanne.get("/incidents/5").text


def test_the_second_taker_is_told_who_was_first(desk: FakeDesk, john: Visitor) -> None:
    desk.take(5, "Jeanne Moreau")
    answer = john.post("/incidents/5/take")
    assert answer.status_code == 409
    assert "Jeanne Moreau was first and took this incident at 04:04:10. Nothing was changed." in answer.text
    assert desk.kept[5].taken_by == "Jeanne Moreau"


def test_the_second_to_close_is_told_too(desk: FakeDesk, jeanne: Visitor) -> None:
    answer = jeanne.post("/incidents/1/close", outcome="confirmed", basis="caller")
    assert answer.status_code == 409
    assert "Claire Dupont vous a devancé et a clos cet incident" in answer.text
    assert desk.kept[1].outcome is Outcome.FALSE_ALARM


@pytest.mark.parametrize("outcome", ["confirmed", "false-alarm"])
def test_without_a_basis_only_not_verifiable_closes(desk: FakeDesk, john: Visitor, outcome: str) -> None:
    answer = john.post("/incidents/5/close", outcome=outcome, basis="none")
    assert answer.status_code == 422
    assert "Without a basis an incident can only be closed as not verifiable." in answer.text
    assert desk.kept[5].state is IncidentState.OPEN
    assert john.post("/incidents/5/close", outcome="not-verifiable", basis="none").status_code == 303
    assert desk.kept[5].outcome is Outcome.NOT_VERIFIABLE


@pytest.mark.parametrize("fields", [{}, {"outcome": "confirmed"}, {"outcome": "shot", "basis": "on-site"}])
def test_an_incomplete_close_says_what_is_missing(desk: FakeDesk, john: Visitor, fields: dict[str, str]) -> None:
    answer = john.post("/incidents/5/close", **fields)
    assert answer.status_code == 422
    assert "Please choose an outcome and what it rests on." in answer.text
    assert desk.kept[5].state is IncidentState.OPEN


def test_nobody_acts_without_a_name_and_giving_one_is_remembered(desk: FakeDesk, anybody: Visitor) -> None:
    refused = anybody.post("/incidents/5/take", who="   ")
    assert refused.status_code == 422
    assert "Indiquez votre nom" in refused.text
    answer = anybody.post("/incidents/5/take", who="Zoé")
    assert answer.status_code == 303
    assert "clairvoie-name=Zo%C3%A9" in answer.headers["set-cookie"]
    assert desk.kept[5].taken_by == "Zoé"
    assert "Zoé" in anybody.get("/").text


@pytest.mark.parametrize("act", ["take", "close", "note"])
def test_a_forged_form_does_nothing(desk: FakeDesk, jeanne: Visitor, act: str) -> None:
    before = desk.kept[5]
    answer = jeanne.post(f"/incidents/5/{act}", token="guessed", outcome="confirmed", basis="caller", text="x")
    assert answer.status_code == 403
    assert desk.kept[5] == before


def test_notes_are_added_to_closed_incidents_too(desk: FakeDesk, jeanne: Visitor) -> None:
    assert jeanne.post("/incidents/1/note", text=" Rappel du riverain. ").status_code == 303
    assert desk.kept[1].history[-1].kind is TransitionKind.NOTED
    assert desk.kept[1].history[-1].note == "Rappel du riverain."
    assert jeanne.post("/incidents/1/note", text="  ").status_code == 422


def test_htmx_gets_the_part_that_changed(john: Visitor) -> None:
    answer = john.post("/incidents/5/take", headers={"hx-request": "true", "hx-target": "incident"})
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<article id="incident"')
    assert "taken, by John Reed" in plain(answer.text)


@pytest.mark.parametrize("path", ["/incidents/99", "/incidents/0"])
def test_an_unknown_incident_says_so(john: Visitor, path: str) -> None:
    answer = john.get(path)
    assert answer.status_code == 404
    assert "There is no incident" in answer.text
    assert john.post(f"{path}/take").status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [5, 4, 3, 2, 1]),
        ("state=open", [4, 5]),
        ("state=closed", [2, 1]),
        ("kind=glass-breaking", [5, 1]),
        ("q=ecluse", [4, 2]),
        ("q=breaking+lavoir", [1]),
        ("q=3", [3]),
        ("to=2026-11-21", [1]),
        ("from=2026-11-22&to=2026-11-22", [5, 4, 3, 2]),
        ("from=never&kind=shots&state=x", [5, 4, 3, 2, 1]),
        ("q=zzz", []),
    ],
)
def test_the_list_is_narrowed(john: Visitor, query: str, expected: list[int]) -> None:
    text = john.get(f"/incidents?{query}").text
    assert [int(n) for n in re.findall(r'<td class="number"><a href="/incidents/(\d+)"', text)] == expected
    assert ("No incident answers to that." in text) == (not expected)


def test_an_incident_whose_detections_were_deleted_says_that(desk: FakeDesk, john: Visitor) -> None:
    desk.kept[1] = msgspec.structs.replace(desk.kept[1], detections=())
    text = plain(john.get("/incidents/1").text)
    assert "Its detections have been deleted after their term" in text
    assert "Heard at" not in text
