"""The page for the town hall: all of the act is on it, nothing is loaded from anywhere, no words become markup."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import msgspec
import pytest
from generated_acts import authorisations
from hypothesis import given, settings

from clairvoie.boundary.authorisation import Authorisation, LegalText, Suspension
from clairvoie.boundary.charter import Charter, Signer
from clairvoie.boundary.polygon import inside
from clairvoie.errors import InvalidValue
from clairvoie.oversight.authorisations import not_allowed, sentences
from clairvoie.oversight.notice import Notice, notice
from clairvoie.oversight.notice_plan import WIDTH, plan, streets_of

DIGEST = "0123456789abcdef" * 4
CHARTER = Charter(
    deployment="town",
    exercise=False,
    roles=tuple(Signer(id=f"role-{n}", holder=f"Holder <{n}>", public_key=str(n) * 64) for n in (1, 2, 3)),
    threshold=2,
    leases="a" * 64,
    ledger="b" * 64,
)
ACT = Authorisation(
    deployment="town",
    number=3,
    authority="<script>alert(1)</script> & Cie",
    purpose="Noise",
    legal_texts=(LegalText(title="Deliberation", date="2026-01-05"),),
    impact_assessment="Done",
    starts=1_780_000_000,
    ends=1_790_000_000,
    time_zone="Europe/Paris",
    sensors=("mic-1", "mic-2"),
    polygon=((48.0, 2.0), (48.0, 2.01), (48.01, 2.01), (48.01, 2.0)),
)
SHOWN = Notice(act=ACT, digest=DIGEST, charter=CHARTER, charter_digest="f" * 64, signed=frozenset({"role-1", "role-2"}))


class Words(HTMLParser):
    """The text of a page, and every address that it would load something from."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.hidden = tag == "style"
        self.loads += [str(value) for name, value in attrs if name in ("src", "href", "data", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(data)


def words(page: str) -> Words:
    found = Words()
    found.feed(page)
    return found


@pytest.mark.parametrize("languages", [("fr",), ("en",), ("fr", "en")])
@settings(max_examples=20)
@given(act=authorisations())
def test_everything_that_an_act_says_and_does_not_allow_is_on_its_page(
    languages: tuple[str, ...], act: Authorisation
) -> None:
    read = words(notice(msgspec.structs.replace(SHOWN, act=act), languages))
    text = "\n".join(read.text)
    for language in languages:
        for passage in sentences(act, language):
            assert passage.heading in text
            assert all(line in text for line in passage.lines)
        assert all(line in text for line in not_allowed(act, language))
        assert ({"fr": "EXERCICE", "en": "EXERCISE"}[language] in text) is act.exercise


def test_a_page_loads_nothing_and_runs_nothing_and_words_stay_words() -> None:
    page = notice(SHOWN, ("fr", "en"))
    read = words(page)
    assert read.loads == []
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(read.tags)
    assert not re.search(r"@import|url\((?!#)|https?://", page)
    assert "<script>alert(1)</script> & Cie" in read.text
    assert html.escape(ACT.authority) in page


def test_digests_are_on_it_in_groups_that_people_can_read() -> None:
    text = " ".join(words(notice(SHOWN, ("en",))).text)
    assert "0123 4567 89ab cdef" in text
    assert re.sub(r"\s", "", text).count(DIGEST) == 1
    assert "Holder <3>" in text


@pytest.mark.parametrize(
    ("signed", "status", "ticks"),
    [
        (frozenset({"role-1", "role-2"}), "Until 21 September 2026, 16:13:20", 2),
        (frozenset({"role-1"}), "Not in force: 1 of 2 signatures", 1),
        (frozenset(), "Not in force: 0 of 2 signatures", 0),
    ],
)
def test_it_says_until_when_only_if_enough_signed(signed: frozenset[str], status: str, ticks: int) -> None:
    text = words(notice(msgspec.structs.replace(SHOWN, signed=signed), ("en",))).text
    assert status in text
    assert sum(part.startswith("✓") for part in text) == ticks


def test_without_a_charter_it_is_a_draft() -> None:
    bare = Notice(act=ACT, digest=DIGEST)
    assert "Draft: signatures not checked" in words(notice(bare, ("en",))).text


def test_a_suspension_is_on_it() -> None:
    held = Suspension(deployment="town", authorisation=DIGEST, since=1_785_000_000, reason="A complaint")
    text = " ".join(words(notice(msgspec.structs.replace(SHOWN, suspensions=(held,)), ("fr", "en"))).text)
    assert "Suspended from" in text
    assert "Suspendu à compter du" in text


def test_only_sensors_of_the_act_are_drawn() -> None:
    places = {"mic-1": (48.005, 2.005), "mic-9": (48.006, 2.006)}
    text = words(notice(msgspec.structs.replace(SHOWN, sensors=places), ("en",))).text
    assert "mic-1" in text
    assert "mic-9" not in text


SQUARE = ((48.0, 2.0), (48.0, 2.01), (48.01, 2.01), (48.01, 2.0))


@settings(max_examples=30)
@given(act=authorisations())
def test_the_drawing_holds_the_polygon_north_up(act: Authorisation) -> None:
    drawn = plan(act.polygon, (), {})
    corners = [tuple(map(float, pair.split())) for pair in drawn.polygon.strip("MZ").split("L")]
    assert len(corners) == len(act.polygon)
    assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in corners)
    north = max(range(len(corners)), key=lambda i: act.polygon[i][0])
    assert corners[north][1] == min(y for _, y in corners)
    assert 0 < drawn.scale_units <= WIDTH / 3


def test_names_of_near_sensors_do_not_cover_one_another() -> None:
    places = {f"mic-{i}": (48.005 + i * 0.0006, 2.005) for i in range(4)} | {"beside": (48.005, 2.0056)}
    drawn = plan(SQUARE, (), places)
    assert {mark.name for mark in drawn.marks} == set(places)
    assert all(mark.within is inside(SQUARE, places[mark.name]) for mark in drawn.marks)
    boxes = []
    for mark in drawn.marks:
        wide = 7.0 * len(mark.name)
        left = {"start": mark.text_x, "end": mark.text_x - wide, "middle": mark.text_x - wide / 2}[mark.anchor]
        boxes.append((left, mark.text_y - 13, left + wide, mark.text_y + 3))
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_streets_are_drawn_as_the_map_names_them() -> None:
    data = (
        b'{"type": "FeatureCollection", "features": ['
        b'{"type": "Feature", "properties": {"kind": "street"}, "geometry":'
        b' {"type": "LineString", "coordinates": [[2.0, 48.0], [2.01, 48.01]]}},'
        b'{"type": "Feature", "properties": null, "geometry": {"type": "Point", "coordinates": [2, 48]}},'
        b'{"type": "Feature", "properties": {"kind": "water"}, "geometry":'
        b' {"type": "MultiPolygon", "coordinates": [[[[2.0, 48.0], [2.01, 48.0], [2.01, 48.01]]]]}}]}'
    )
    shapes = streets_of(data)
    assert [(shape.kind, shape.closed) for shape in shapes] == [("street", False), ("water", True)]
    drawn = plan(SQUARE, shapes, {})
    assert [kind for kind, _ in drawn.lines] == ["street"]
    assert [kind for kind, _ in drawn.areas] == ["water"]


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b'{"type": "FeatureCollection", "features": [1]}', b"[" * 100_000])
def test_what_is_no_map_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        streets_of(data)
