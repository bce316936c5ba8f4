"""A sensor's life, its street sign, and what the sandbox could not enforce: said wherever the sensor is shown."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.boundary.confinement import ALL, Confinement, Lock

NOT_ENFORCED = (
    "confinement incomplete, not enforced: “no signal or socket to other processes”, “memory never swapped to disk”"
)


def words_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def test_what_is_not_enforced_is_said_wherever_the_sensor_is_shown(john: Visitor, desk: FakeDesk) -> None:
    """mic-lavoir has two locks less, mic-remparts has said nothing of its locks, the others have all."""
    listed = words_of(john.get("/sensors").text)
    assert listed.count(NOT_ENFORCED) == 1
    assert listed.count("confinement not known") == 1
    for path in ("/sensors/mic-lavoir", "/sensors/mic-lavoir/facts", "/sensors/mic-lavoir/sign", "/incidents/5"):
        assert words_of(john.get(path).text).lower().count(NOT_ENFORCED) == 1, path
    assert "confinement incomplete" in words_of(john.get("/levels?sensor=mic-lavoir").text)
    assert "confinement not known" in words_of(john.get("/handover").text)
    titles = {one["id"]: one["title"] for one in john.get("/map/state").json()["sensors"]}
    assert titles["mic-lavoir"].endswith(NOT_ENFORCED)
    assert titles["mic-remparts"].endswith("confinement not known")
    assert [name for name, title in titles.items() if "confinement" in title] == ["mic-lavoir", "mic-remparts"]


def test_a_life_is_told_act_by_act_and_the_photograph_by_its_digest_alone(john: Visitor, desk: FakeDesk) -> None:
    page = john.get("/sensors/mic-remparts/life").text
    words = words_of(page)
    states = ["in maintenance", "active", "commissioned", "installed", "planned"]
    places = [words.index(f"{state} ", words.index("Signed acts")) for state in states]
    assert places == sorted(places), "the newest first"
    for expected in (
        "technician", "Micro MEMS, boîtier IP65, no 4417", "a full-scale sine is 120.0 dB, measured on 2026-10-16",
        "Plus de son, câble à vérifier", "boulevard des Remparts", "Its node has not said how its process is confined",
    ):  # fmt: skip
        assert expected in words, expected
    photograph = next(line.photograph for line in desk.life("mic-remparts").lines if line.photograph)
    assert photograph in page
    assert "<img" not in page


@pytest.mark.parametrize("missing", [Lock(0), Lock.NO_SWAP, Lock.SECCOMP | Lock.NO_CORE])
def test_each_lock_is_told_as_its_node_said(john: Visitor, desk: FakeDesk, missing: Lock) -> None:
    desk.door.loose["mic-lavoir"] = Confinement(locks=ALL & ~missing)
    page = john.get("/sensors/mic-lavoir/life").text
    rows = re.findall(r'<th scope="row">[^<]+</th><td>(?:<b>)?(yes|no)', page)
    assert len(rows) == len(tuple(Lock))
    assert rows.count("no") == len(tuple(missing))


def test_the_sign_says_what_the_act_allows_until_when_and_what_happens_when_the_hub_is_lost(john: Visitor) -> None:
    words = words_of(john.get("/sensors/mic-marche/sign").text)
    for expected in (
        "There is a microphone here", "(simulated)", "Breaking glass", "noise levels", "Le maire de Claire-Voie",
        "until 13 December 2026", "captures nothing after 15 minutes", "never stored", "http://desk/tlog",
    ):  # fmt: skip
        assert expected in words, expected
    assert "onfinement" not in words


def test_a_sign_never_promises_what_is_suspended(john: Visitor, desk: FakeDesk) -> None:
    words = words_of(john.get("/sensors/mic-remparts/sign").text)
    assert "Nothing : it is suspended" in words.replace("Nothing:", "Nothing :")
    assert "Breaking glass" not in words
    desk.door.chartered = False
    assert "there is no authorisation" in words_of(john.get("/sensors/mic-marche/sign").text)


@pytest.mark.parametrize("page", ["life", "sign"])
def test_an_unknown_sensor_has_neither(john: Visitor, page: str) -> None:
    assert john.get(f"/sensors/mic-nowhere/{page}").status_code == 404
