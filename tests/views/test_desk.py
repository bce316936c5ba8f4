"""The desk: the queue's order and words, what it says when it is empty, and that it works without scripts."""

from __future__ import annotations

import re

from fake_desk import FakeDesk
from serve_desk import application
from visitor import Visitor

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, Outcome


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-incident="(\d+)"', text)]


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_open_incidents_come_oldest_first_and_taken_ones_after_them(jeanne: Visitor) -> None:
    assert numbers(jeanne.get("/").text) == [4, 5, 3]


def test_a_line_says_what_where_when_how_sure_and_how_many(jeanne: Visitor, john: Visitor) -> None:
    french, english = plain(jeanne.get("/fragments/queue").text), plain(john.get("/fragments/queue").text)
    assert "Bris de verre ouvert À proximité : rue de la Claire-Voie, près du no 12 04:03:28 · il y a 42" in french
    assert "· élevée, 0,86 · 3 micros Prendre en charge" in french
    assert "Breaking glass open Near rue de la Claire-Voie, près du no 12 04:03:28 · 42 seconds ago" in english
    assert "· high, 0.86 · 3 sensors Take" in english
    assert "pris en charge par Noé Lambert" in french
    assert "2 ouverts, 1 pris en charge" in french


def test_an_empty_queue_says_so_and_when_the_last_one_was(desk: FakeDesk, jeanne: Visitor) -> None:
    for number in (3, 4, 5):
        desk.close(number, "Jeanne", Outcome.NOT_VERIFIABLE, Basis.NONE)
    text = plain(jeanne.get("/").text)
    assert "Rien n’est en attente. Le dernier incident date du 22 novembre 2026 à 04:03 : Bris de verre" in text


def test_a_desk_that_never_had_an_incident_says_that() -> None:
    assert "There has been no incident yet." in Visitor(application(FakeDesk(empty=True)), language="en").get("/").text


def test_whoever_has_not_signed_is_led_to_a_form_that_asks(anybody: Visitor) -> None:
    text = anybody.get("/").text
    assert 'href="/incidents/5#act"' in text
    assert 'action="/incidents/5/take"' not in text
    assert 'name="who"' in anybody.get("/incidents/5").text


def test_taking_from_the_queue_answers_with_the_queue(desk: FakeDesk, jeanne: Visitor) -> None:
    answer = jeanne.post("/incidents/5/take", headers={"hx-request": "true", "hx-target": "queue"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert numbers(answer.text) == [4, 3, 5]
    assert desk.kept[5].taken_by == "Jeanne Moreau"


def test_a_second_taker_in_the_queue_reads_who_was_first(desk: FakeDesk, john: Visitor) -> None:
    desk.take(5, "Jeanne Moreau")
    answer = john.post("/incidents/5/take", headers={"hx-request": "true", "hx-target": "queue"})
    assert answer.status_code == 409
    assert "Jeanne Moreau was first and took this incident at 04:04:10. Nothing was changed." in answer.text


def test_the_queue_is_whole_again_after_anything_that_was_missed(desk: FakeDesk, jeanne: Visitor) -> None:
    before = numbers(jeanne.get("/fragments/queue").text)
    new = desk.open_incident(HazardKind.FIREWORK, ("mic-halles",))
    assert numbers(jeanne.get("/fragments/queue").text) == [*before[:2], new.id, before[2]]
