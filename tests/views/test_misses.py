"""Misses: a report is stored as given, and an impossible one is refused in words with nothing lost."""

from __future__ import annotations

import pytest
from fake_desk import NOW, FakeDesk
from visitor import Visitor

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis

GIVEN = {
    "kind": "glass-breaking",
    "happened": "2026-11-22T03:30",
    "place_words": "rue Basse",
    "basis": "caller",
    "note": "",
}


def test_a_report_is_stored_with_its_instant_in_local_time(desk: FakeDesk, jeanne: Visitor) -> None:
    assert jeanne.post("/misses", **GIVEN).status_code == 303
    miss = desk.kept_misses[-1]
    assert (miss.kind, miss.basis, miss.reported_by) == (HazardKind.GLASS_BREAKING, Basis.CALLER, "Jeanne Moreau")
    assert miss.happened == NOW - 34 * 60 - 10
    assert "rue Basse" in jeanne.get("/misses").text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("kind", "shots", "Please say what happened, where, and how it is known."),
        ("basis", "none", "Please say what happened, where, and how it is known."),
        ("place_words", "  ", "Please say what happened, where, and how it is known."),
        ("happened", "soon", "Please give the date and time at which it happened"),
        ("happened", "2026-11-23T03:30", "Please give the date and time at which it happened"),
        ("token", "guessed", "This form did not come from a page of this desk."),
    ],
)
def test_an_impossible_report_is_refused_and_kept_in_the_form(
    desk: FakeDesk, john: Visitor, field: str, value: str, words: str
) -> None:
    answer = john.post("/misses", **(GIVEN | {"note": "my words", field: value}))
    assert answer.status_code == (403 if field == "token" else 422)
    assert words in answer.text
    assert "my words</textarea>" in answer.text
    assert len(desk.kept_misses) == 1
