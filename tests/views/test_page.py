"""What every page shows and refuses: the strip, the policy, escaping, language, theme, the band of an exercise."""

from __future__ import annotations

import pytest
from fake_desk import NOW, FakeDesk
from hypothesis import given
from hypothesis import strategies as st
from serve_desk import application
from visitor import Visitor

from clairvoie.views.clock import SiteClock
from clairvoie.views.page import Shown

PAGES = ("/", "/incidents", "/incidents/5", "/incidents/1", "/handover", "/misses", "/outcomes")
FRENCH = Shown("fr", SiteClock("Europe/Paris"))
ENGLISH = Shown("en", SiteClock("Europe/Paris"))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_in_both_languages(jeanne: Visitor, john: Visitor, path: str) -> None:
    french, english = jeanne.get(path), john.get(path)
    assert (french.status_code, english.status_code) == (200, 200)
    assert '<html lang="fr"' in french.text
    assert '<html lang="en"' in english.text
    assert "<b>5</b> sur 6 micros en marche" in french.text
    assert "<b>5</b> of 6 microphones live" in english.text
    assert "<b>19,2</b> bits par seconde en sortie" in french.text
    assert "<b>19.2</b> bits a second leaving, all microphones" in english.text


def test_an_end_is_told_as_exactly_as_it_matters() -> None:
    """A year away it has its year: "22 Nov" alone would read like today."""
    assert ">13 Dec<" in ENGLISH.deadline(NOW + 21 * 86_400, NOW)
    assert ">22 nov. 2027<" in FRENCH.deadline(NOW + 365 * 86_400, NOW)
    assert ">22 Nov, 05:04<" in ENGLISH.deadline(NOW + 3600, NOW)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_an_exception_from_its_policy(jeanne: Visitor, path: str) -> None:
    answer = jeanne.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    for forbidden in (" style=", " onclick=", " onsubmit=", "javascript:", "<style", "hx-on", "http://", "https://"):
        assert forbidden not in answer.text, forbidden


@pytest.mark.parametrize("path", PAGES)
def test_an_exercise_says_so_on_every_page(path: str) -> None:
    drill = application(FakeDesk(exercise=True))
    assert "EXERCICE" in Visitor(drill).get(path).text
    assert "EXERCISE" in Visitor(drill, language="en").get(path).text
    assert "EXERCICE" not in Visitor(application(FakeDesk())).get(path).text


def test_what_people_write_is_text_and_never_markup(desk: FakeDesk, jeanne: Visitor) -> None:
    evil = "<script>alert(1)</script>"
    desk.note(5, evil, evil)
    desk.write_shift_note(evil, evil)
    for path in ("/incidents/5", "/handover"):
        assert evil not in jeanne.get(path).text
        assert "&lt;script&gt;" in jeanne.get(path).text


def test_the_language_is_the_chosen_one_then_the_deployments() -> None:
    app = application(FakeDesk(language="en"))
    assert '<html lang="en"' in Visitor(app).get("/", headers={"accept-language": "fr"}).text
    assert '<html lang="fr"' in Visitor(app, language="fr").get("/").text
    assert '<html lang="en"' in Visitor(app, language="tlh").get("/").text


def test_the_theme_is_the_systems_until_chosen(jeanne: Visitor) -> None:
    assert "data-theme" not in jeanne.get("/").text
    assert jeanne.post("/preferences", theme="dark", next="/misses").headers["location"] == "/misses"
    assert 'data-theme="dark"' in jeanne.get("/").text


def test_times_are_local_with_the_offset_on_hover() -> None:
    shown = str(FRENCH.time(NOW))
    assert ">04:04:10<" in shown
    assert 'title="22 novembre 2026, UTC+01:00"' in shown
    assert 'datetime="2026-11-22T04:04:10+01:00"' in shown
    assert ">04:04:10,0<" in str(FRENCH.tenths(NOW))
    assert ">04:04:10.0<" in str(ENGLISH.tenths(NOW))
    assert str(ENGLISH.short_moment(NOW)).endswith(">22 Nov, 04:04</time>")


@pytest.mark.parametrize(
    ("seconds", "french", "english"),
    [
        (0, "0 seconde", "0 seconds"),
        (1, "1 seconde", "1 second"),
        (59.9, "59 secondes", "59 seconds"),
        (60, "1 minute", "1 minute"),
        (3_660, "1 h 01", "1 h 01"),
        (172_800, "2 jours", "2 days"),
        (-5, "0 seconde", "0 seconds"),
    ],
)
def test_ages_are_in_the_unit_a_person_would_use(seconds: float, french: str, english: str) -> None:
    assert FRENCH.age(NOW - seconds, NOW).replace("\u00a0", " ") == french
    assert ENGLISH.age(NOW - seconds, NOW) == english


@given(share=st.floats(min_value=0, max_value=1))
def test_confidence_is_a_word_and_the_number_it_stands_for(share: float) -> None:
    word, number = ENGLISH.confidence(share).split(", ")
    assert word == ("high" if share >= 0.8 else "fair" if share >= 0.5 else "low")
    assert float(number) == pytest.approx(share, abs=0.005 + 1e-9)


def test_nothing_known_is_a_dash() -> None:
    assert FRENCH.decimal(None) == FRENCH.confidence(None) == "–"


def test_files_of_pages_are_asked_about_each_time(jeanne: Visitor) -> None:
    first = jeanne.get("/static/style.css")
    assert first.headers["cache-control"] == "no-cache"
    assert jeanne.get("/static/style.css", headers={"if-none-match": first.headers["etag"]}).status_code == 304
