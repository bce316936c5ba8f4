"""The access log: entries about people, by group, person and thing, on a page and as CSV."""

from __future__ import annotations

import csv
import io

from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.overseen import AccessLine
from clairvoie.views.access import ABOUT_PEOPLE, csv_lines, link_of
from clairvoie.views.page import Page


def look(who: str, incident: int) -> Entry:
    return Entry(kind=EntryKind.LOOK, at=1_795_316_000.0, who=who, about=f"incident-{incident}")


def test_opening_an_incident_is_seen_there_once(desk: FakeDesk, jeanne: Visitor, john: Visitor) -> None:
    for _ in range(3):
        assert jeanne.get("/incidents/5").status_code == 200
    looks = [line for line in desk.access(kinds=(EntryKind.LOOK,)) if line.entry.about == "incident-5"]
    assert len(looks) == 1
    page = john.get("/access?group=looks&about=incident-5").text
    assert '<a href="/incidents/5">incident-5</a>' in page
    assert "Look at an incident" in page
    assert "Consultation d’un incident" in jeanne.get("/access").text


def test_only_entries_about_people_are_there_whatever_is_asked(desk: FakeDesk, john: Visitor) -> None:
    desk.record(Entry(kind=EntryKind.DETECTION, at=1.0, about="only-a-sensor"))
    desk.record(look("only-a-person", 1))
    for query in ("", "?group=looks", "?group=everything", "?group=detection"):
        page = john.get(f"/access{query}").text
        assert "only-a-person" in page
        assert "only-a-sensor" not in page
    assert EntryKind.DETECTION not in ABOUT_PEOPLE


def test_taking_it_away_is_text_and_never_a_formula(desk: FakeDesk, app) -> None:  # type: ignore[no-untyped-def]
    page: Page = app.state.page
    lines = (AccessLine(index=3, entry=look("=HYPERLINK(1)", 2)),)
    rows = list(csv.reader(io.StringIO("".join(csv_lines(page, lines)))))
    assert rows[1] == ["3", "2026-11-22T02:53:20Z", "look", "'=HYPERLINK(1)", "incident-2", "", "0"]


def test_only_incidents_have_a_page_to_link_to() -> None:
    assert link_of(AccessLine(index=1, entry=look("a", 7))) == "/incidents/7"
    other = Entry(kind=EntryKind.ACCOUNT, at=1.0, about="incident-of-somebody")
    assert link_of(AccessLine(index=1, entry=other)) == ""


def test_people_are_not_lost_among_what_the_hub_adds_by_itself(desk: FakeDesk, john: Visitor) -> None:
    for number in range(300):
        joined = {"transition": "joined", "sensor": f"mic-{number}"}
        desk.record(Entry(kind=EntryKind.TRANSITION, at=2.0 + number, about="incident-9", detail=joined))
    desk.record(Entry(kind=EntryKind.TRANSITION, at=1.0, who="paule", about="incident-9"))
    desk.record(look("paule", 9))
    page = john.get("/access").text
    assert page.count("paule") == 2
    assert "mic-299" not in page
    assert "mic-299" in john.get("/access?about=incident-9").text
    assert "mic-299" in john.get("/access.csv").text
