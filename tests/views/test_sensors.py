"""The list of sensors and the page of one, as a visitor without scripts gets them."""

from __future__ import annotations

import re

import pytest
from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.boundary.bulletin import charge


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("&nbsp;", " ").split())


def test_the_list_names_every_sensor_with_its_state_in_words(john: Visitor, desk: FakeDesk) -> None:
    answer = john.get("/sensors")
    words = words_of(answer.text)
    assert answer.status_code == 200
    for status in desk.sensors():
        assert f'href="/sensors/{status.sensor.id}"' in answer.text
        assert status.sensor.place.words in words
    assert "silent since" in words
    assert "source lost" in words
    assert answer.text.count("lattice silent") == 1
    assert words.count("simulated") == len(desk.sensors())


def test_an_empty_list_says_so(john: Visitor, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "sensors", lambda: ())
    assert "No sensor is enrolled here." in john.get("/sensors").text


def test_a_sensor_says_what_it_is_where_who_speaks_for_it_and_what_it_may_report(john: Visitor) -> None:
    words = words_of(john.get("/sensors/mic-marche").text)
    for expected in (
        "microphone, simulated : a recording", "rue de la Claire-Voie, près du no 12", "node node-2", "in order",
        "clock to within 1 ms", "Breaking glass live", "Bang, cause unknown on trial", "last heard at 04:04:09",
    ):  # fmt: skip
        assert expected.replace(" :", ":") in words.replace(" :", ":"), expected


def test_sixty_squares_each_with_its_words_and_one_stop_for_the_keyboard(john: Visitor) -> None:
    page = john.get("/sensors/mic-marche").text
    labels = re.findall(r'role="gridcell"[^>]* aria-label="([^"]+)"', page)
    assert len(labels) == 60
    assert sum("LAeq" in label for label in labels) == 6
    assert sum("octave levels" in label for label in labels) == 1
    assert sum("Breaking glass: begins" in label for label in labels) == 1
    assert sum("nothing (0.02" in label for label in labels) == 50
    assert len(re.findall(r'role="gridcell"[^>]* tabindex="0"', page)) == 1
    assert page.count('role="row"') == 6


def test_the_sum_is_that_of_the_bulletins(john: Visitor, desk: FakeDesk) -> None:
    bits = sum(charge(said.bulletin).total for said in desk.said("mic-marche") if said.bulletin) / 1000
    assert f"{bits:.0f} bits of 480" in words_of(john.get("/sensors/mic-marche").text).replace("\u00a0", " ")


def test_an_event_is_in_the_list_of_what_was_said(jeanne: Visitor) -> None:
    page = words_of(jeanne.get("/sensors/mic-lavoir").text).replace("\u00a0", " ")
    assert re.search(r"Bris de (verre|vitre) : début à 04:03:2\d,\d", page)
    assert "confiance 0,79" in page


def test_a_silent_sensor_was_not_heard_and_says_so(john: Visitor) -> None:
    page = john.get("/sensors/mic-remparts").text
    assert page.count('class="square unheard') == 60 + 1
    assert "Nothing was said in the last minute." in page
    assert "silent since" in page


def test_a_sensor_that_speaks_but_has_lost_its_sound_is_shown_as_not_hearing(john: Visitor, desk: FakeDesk) -> None:
    strip = desk.strip().sensors_live
    desk.deaf_sensors.add("mic-marche")
    row = john.get("/sensors").text.partition('id="sensor-mic-marche"')[2].partition("</tr>")[0]
    assert "lattice silent" in row
    assert "<b>source lost</b>" in row
    assert "a moment ago" in row
    facts = john.get("/sensors/mic-marche/facts").text
    assert "lattice silent" in facts
    assert "<b>source lost</b>" in facts
    handed_over = john.get("/handover").text
    assert handed_over.count("lattice silent") == 2
    mark = next(s for s in john.get("/map/state").json()["sensors"] if s["id"] == "mic-marche")
    assert (mark["silent"], mark["label"]) == (True, "")
    assert mark["title"].endswith("simulated, source lost")
    assert f"<b>{strip - 1}</b>" in john.get("/fragments/strip").text


@pytest.mark.parametrize("part", ["", "/facts", "/said", "/day"])
def test_an_unknown_sensor_is_a_page_in_words(john: Visitor, jeanne: Visitor, part: str) -> None:
    english, french = john.get(f"/sensors/mic-nowhere{part}"), jeanne.get(f"/sensors/mic-nowhere{part}")
    assert (english.status_code, french.status_code) == (404, 404)
    assert "No sensor here is called “mic-nowhere”" in english.text
    assert "mic-nowhere" in french.text
    assert "ne s’appelle ici" in french.text


def test_a_strange_name_is_shown_as_text(john: Visitor) -> None:
    answer = john.get("/sensors/<script>alert(1)<%2Fscript>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("part", ["", "/day"])
@pytest.mark.parametrize("day", ["tomorrow", "2026-11-23", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_a_day_that_cannot_be_shown_says_why(john: Visitor, part: str, day: str) -> None:
    answer = john.get(f"/sensors/mic-marche{part}?day={day}")
    assert answer.status_code == 422
    assert "is no date that can be shown" in answer.text
    assert day in answer.text


@pytest.mark.parametrize(("day", "rows"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-21", 24)])
def test_days_of_23_and_25_hours_have_their_rows(john: Visitor, day: str, rows: int) -> None:
    page = john.get(f"/sensors/mic-marche?day={day}").text
    assert len(re.findall(r'<text [^>]*class="hour"', page)) == rows
    assert (f"a day of {rows} hours" in page) == (rows != 24)
    table = page[page.index('id="day-hours"') :].partition("</table>")[0]
    assert table.count('scope="row"') == rows
    if rows == 25:
        assert "UTC+02:00" in table
        assert "UTC+01:00" in table


def test_today_shows_no_hour_to_come_and_no_day_after(john: Visitor) -> None:
    page = john.get("/sensors/mic-marche").text
    table = page[page.index('id="day-hours"') :].partition("</table>")[0]
    assert table.count('scope="row"') == 5
    assert "Day after" not in page
    assert "Day after" in john.get("/sensors/mic-marche?day=2026-11-21").text


@pytest.mark.parametrize("part", ["facts", "said", "day"])
def test_the_parts_that_refresh_are_parts_of_the_page(john: Visitor, part: str) -> None:
    fragment = john.get(f"/sensors/mic-marche/{part}")
    assert fragment.status_code == 200
    assert "<html" not in fragment.text
    page = "".join(john.get("/sensors/mic-marche").text.split())
    assert "".join(fragment.text.split()) in page


def test_no_page_of_sensors_holds_a_script_a_style_or_another_host(john: Visitor) -> None:
    for path in ("/sensors", "/sensors/mic-marche", "/levels"):
        page = john.get(path).text
        assert re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=\"/static/)", page) is None
        assert re.search(r"(?:src|href|action)=\"(?:https?:)?//", page) is None
