"""What the desk shows of authority and ledger: acts as they stand, what does not count and why, the checkpoint."""

from __future__ import annotations

from html import unescape

import pytest
from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.oversight.authorisations import not_allowed, sentences, suspension_words
from clairvoie.views.words import typeset


def test_acts_are_shown_as_they_stand_with_signers_and_reasons(john: Visitor, desk: FakeDesk) -> None:
    page = john.get("/authorisations").text
    for words in ("in force", "ends within 30 days", "expired", "not yet in force", "Documents that do not count"):
        assert words in page
    assert "mic-remparts" in page
    assert "outside the authorised polygon" in page
    counting = desk.acts().counting
    assert counting is not None
    one = john.get(f"/authorisations/{counting.act.digest}")
    assert counting.act.digest in one.text
    assert "mayor" in one.text
    assert john.get("/authorisations/" + "0" * 64).status_code == 404


def test_an_act_is_told_in_the_words_of_the_command_line_and_of_the_notice(jeanne: Visitor, desk: FakeDesk) -> None:
    counting = desk.acts().counting
    assert counting is not None
    act = counting.act.authorisation
    text = unescape(jeanne.get(f"/authorisations/{counting.act.digest}").text)
    said = [line for passage in sentences(act, "fr") for line in (passage.heading, *passage.lines)]
    suspended = [suspension_words(one, act.time_zone, "fr") for one in counting.act.suspensions]
    assert suspended
    for line in (*said, *not_allowed(act, "fr"), *suspended):
        assert typeset(line, "fr") in text
    for words in ("Arrêté municipal no 2026-118", "12 octobre 2026", "une machine", "365 jours", "SHA-256", "20 jours"):
        assert words in text


def test_the_map_of_an_act_shows_its_polygon_and_its_sensors(john: Visitor, desk: FakeDesk) -> None:
    counting = desk.acts().counting
    assert counting is not None
    facts = john.get(f"/authorisations/{counting.act.digest}/map").json()
    assert [tuple(corner) for corner in facts["polygon"]] == list(counting.act.authorisation.polygon)
    assert {one["id"] for one in facts["sensors"]} == set(counting.act.authorisation.sensors)
    assert facts["incidents"] == []
    assert john.get(f"/authorisations/{'0' * 64}/map").status_code == 404


def test_a_suspended_act_and_none_at_all_are_said_everywhere(john: Visitor, desk: FakeDesk) -> None:
    desk.door.suspended = ()
    assert "authorisation suspended" in john.get("/levels").text
    assert "suspended as a whole" in john.get("/authorisations").text
    desk.door.chartered = False
    assert "no authorisation" in john.get("/levels").text
    assert "takes nothing from any sensor" in john.get("/authorisations").text


@pytest.mark.parametrize("cosigned", [(), ("witness.example.org/1",)])
def test_without_enough_witnesses_a_split_view_is_not_excluded(
    john: Visitor, desk: FakeDesk, cosigned: tuple[str, ...]
) -> None:
    desk.door.cosigned = cosigned
    page = john.get("/ledger").text
    assert ("split view not excluded" in page) is (not cosigned)
    desk.door.witnesses = ("witness.example.org/1", "witness.example.org/2")
    assert "split view not excluded" in john.get("/ledger").text, "the other could have cosigned another log"
    assert "clairvoie ledger verify http" in page
    desk.door.ledger = False
    assert "keeps no ledger" in john.get("/ledger").text
