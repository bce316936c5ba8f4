"""What the desk shows of authority and ledger: acts as they stand, what does not count and why, the checkpoint."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from visitor import Visitor


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
    assert "clairvoie ledger verify http" in page
    desk.door.ledger = False
    assert "keeps no ledger" in john.get("/ledger").text
