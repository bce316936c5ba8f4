"""The page of what is on trial: figures never without their hours, forms that say what is wrong, and the languages."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fake_desk import FakeDesk
from serve_desk import application
from visitor import Visitor

from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.boundary.trial import TrialState


def words(text: str) -> str:
    """What a person reads."""
    plain = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL)
    return re.sub(r"[\s\u00a0\u202f]+", " ", unescape(plain))


def test_figures_stand_with_their_hours_and_a_rate_a_day_only_from_a_day_on(john: Visitor) -> None:
    shown = words(john.get("/trial").text)
    assert "4 detections: 2 right, 1 false, 1 not judged" in shown
    assert "1 in 171 h: 0.14 a day (0.0036 to 0.78)" in shown
    assert "0 in 3.5 h; in as long again, 0 to 3.7 are to be expected" in shown
    assert "171 of 168 h" in shown
    assert "waits for a signature" in shown
    assert "signed by suzanne and aline" in shown
    assert "its node itself calls it a trial" in shown
    assert not re.search(r"3\.5 h[^;]{0,20} a day", shown)


def test_it_reads_in_french(jeanne: Visitor) -> None:
    shown = words(jeanne.get("/trial").text)
    for expected in ("À l’essai", "Était-ce juste ?", "1 en 171 h : 0,14 par jour (0,0036 à 0,78)", "dans la file"):
        assert expected in shown


def test_what_is_judged_moves_to_those_that_are(jeanne: Visitor, desk: FakeDesk) -> None:
    answer = jeanne.post("/trial/detections/1", outcome="false-alarm", basis="on-site")
    assert (answer.status_code, answer.headers["location"]) == (303, "/trial")
    judged = desk.trial_detection(1)
    assert judged is not None
    assert (judged.outcome, judged.basis, judged.judged_by) == (Outcome.FALSE_ALARM, Basis.ON_SITE, "Jeanne Moreau")
    page = jeanne.get("/trial").text
    assert 'action="/trial/detections/1"' not in page
    assert "par Jeanne Moreau" in words(page)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"outcome": "confirmed", "basis": "none"}, 422, "Without a basis"),
        ({"outcome": "confirmed"}, 422, "choose an outcome"),
        ({"outcome": "dispatched", "basis": "on-site"}, 422, "choose an outcome"),
        ({"outcome": "confirmed", "basis": "on-site", "token": "x"}, 403, "This form did not come"),
    ],
)
def test_a_wrong_form_changes_nothing_and_says_why(
    john: Visitor, desk: FakeDesk, fields: dict[str, str], status: int, said: str
) -> None:
    answer = john.post("/trial/detections/1", **fields)
    assert answer.status_code == status
    assert said in words(answer.text)
    found = desk.trial_detection(1)
    assert found is not None
    assert found.outcome is None


def test_whoever_comes_second_is_told_who_was_first(john: Visitor, desk: FakeDesk) -> None:
    desk.judge(1, "Noé Lambert", Outcome.CONFIRMED, Basis.CALLER)
    answer = john.post("/trial/detections/1", outcome="false-alarm", basis="on-site")
    assert answer.status_code == 409
    assert "Noé Lambert judged this detection first" in words(answer.text)
    assert john.post("/trial/detections/77", outcome="false-alarm", basis="on-site").status_code == 404


def test_one_may_not_sign_what_has_not_been_watched(john: Visitor, desk: FakeDesk) -> None:
    assert john.post("/trial/mic-ecluse/impulse/queue").status_code == 409
    assert john.post("/trial/mic-ecluse/loitering/queue").status_code == 404
    assert john.post("/trial/mic-nowhere/impulse/queue").status_code == 404
    assert [view.proposed_by for view in desk.trials() if view.kind == "impulse"] == [""]


def test_to_take_it_out_needs_one(john: Visitor, desk: FakeDesk) -> None:
    assert john.post("/trial/mic-ecluse/alarm-sounding/withdraw").status_code == 303
    out = next(view for view in desk.trials() if view.kind == "alarm-sounding")
    assert (out.state, out.by, out.figures.seconds) == (TrialState.WITHDRAWN, "John Reed", 0)
    assert john.post("/trial/mic-ecluse/alarm-sounding/withdraw").status_code == 409


def test_one_sensor_alone_and_none_that_is_not_there(john: Visitor) -> None:
    shown = john.get("/trial", params={"sensor": "mic-fontaine"}).text
    assert "trial-of-mic-fontaine" in shown
    assert "mic-ecluse" not in shown
    assert john.get("/trial", params={"sensor": "mic-nowhere"}).status_code == 404
    assert 'href="/trial?sensor=mic-ecluse"' in john.get("/sensors/mic-ecluse").text


def test_in_an_exercise_nothing_is_on_trial() -> None:
    shown = words(Visitor(application(FakeDesk(exercise=True)), language="en").get("/trial").text)
    assert "In an exercise nothing is on trial" in shown
