"""The signature and the switches: cookies that no other site can set, and a way back that leads nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from visitor import Visitor

from clairvoie.views.person import NAME_LENGTH, clean_name
from clairvoie.views.preferences import back


def test_the_name_is_asked_for_once_and_shown(anybody: Visitor) -> None:
    assert "Dire qui vous êtes" in anybody.get("/").text
    assert "pas un compte" in anybody.get("/").text
    answer = anybody.post("/preferences", name="  Zoé  Ünal ")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "samesite=strict" in cookie
    assert "httponly" in cookie
    assert "Zoé Ünal" in anybody.get("/").text
    assert "Dire qui vous êtes" not in anybody.get("/").text


def test_the_language_switch_leads_back_to_the_page(anybody: Visitor) -> None:
    answer = anybody.post("/preferences", language="en", next="/incidents")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
    assert '<html lang="en"' in anybody.get("/incidents").text


@pytest.mark.parametrize("token", ["", "guessed"])
def test_a_form_without_this_browsers_token_changes_nothing(anybody: Visitor, token: str) -> None:
    anybody.get("/")
    answer = anybody.post("/preferences", token=token, name="Mallory")
    assert answer.status_code == 403
    assert "ne vient pas d’une page de ce poste" in answer.text
    assert "Mallory" not in anybody.get("/").text


def test_a_page_of_another_origin_cannot_post(anybody: Visitor) -> None:
    answer = anybody.post("/preferences", name="Mallory", headers={"origin": "http://elsewhere"})
    assert answer.status_code == 403


@given(path=st.one_of(st.text(), st.sampled_from(["//evil", "/\\evil", "https://evil", "javascript:x", "/\t/evil"])))
def test_the_way_back_stays_on_this_site(path: str) -> None:
    found = back(path)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert found.isprintable()


@given(text=st.text())
def test_a_name_is_one_short_printable_line(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= NAME_LENGTH
    assert name.isprintable()
    assert name == clean_name(name)
