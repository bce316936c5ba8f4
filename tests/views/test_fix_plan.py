"""A fix at the desk: the drawing, the sensors with their residuals, the map's facts, the JSON; or why there is none."""

from __future__ import annotations

import math
import re

import msgspec
import pytest
from fake_desk import FakeDesk
from located import located
from quarter import SENSORS
from visitor import Visitor

from clairvoie.boundary.fix import Fix, Unlocated
from clairvoie.views.documents import incident_document
from clairvoie.views.fix_plan import METRES_A_DEGREE, outline, plan_of

PLACES = {sensor.id: sensor.place for sensor in SENSORS}


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.fixture
def fix(desk: FakeDesk) -> Fix:
    found = located(desk).fix
    assert found is not None
    return found


def test_the_page_says_where_and_which_sensors_counted(fix: Fix, jeanne: Visitor, john: Visitor) -> None:
    english, french = plain(john.get("/incidents/4").text), plain(jeanne.get("/incidents/4").text)
    assert "inside this ellipse 95 times of 100: 6.4 m along 38°, 2.9 m across" in english
    assert "± 3.1 ms" in english
    assert "147 dB" in english
    assert "mic-lavoir 96 m -1.1 ms ± 3.1 ms yes" in english
    assert "mic-halles 178 m 120.4 ms ± 3.1 ms no: thought wrong" in english
    assert "Localisé par les instants d’arrivée" in french
    assert "jugé faux" in french


def test_the_drawing_needs_no_script(fix: Fix, jeanne: Visitor) -> None:
    page = jeanne.get("/incidents/4").text
    (drawing,) = re.findall(r'<figure class="fix-plan">.*?</figure>', page, re.S)
    assert drawing.count("<ellipse") == 1
    assert drawing.count('class="post') == 5
    assert drawing.count('class="post wrong"') == 1
    assert "<script" not in drawing


@pytest.mark.parametrize(
    ("why", "words"),
    [(Unlocated.COLLINEAR, "Non localisé : ces micros sont alignés"), (Unlocated.OUTSIDE, "hors du périmètre public")],
)
def test_the_page_says_why_there_is_no_place(desk: FakeDesk, jeanne: Visitor, why: Unlocated, words: str) -> None:
    desk.kept[4] = msgspec.structs.replace(desk.kept[4], unlocated=why)
    text = plain(jeanne.get("/incidents/4").text).replace("\u00a0", " ")
    assert words in text
    assert "<ellipse" not in jeanne.get("/incidents/4").text


def test_the_plan_keeps_everything_inside_and_north_up(fix: Fix) -> None:
    plan = plan_of(fix, PLACES)
    assert all(0 < one.x < plan.width and 0 < one.y < plan.height for one in plan.sensors)
    where = {one.name: one for one in plan.sensors}
    assert where["mic-fontaine"].y < where["mic-lavoir"].y, "further north is further up"
    assert where["mic-ecluse"].x < where["mic-halles"].x
    assert plan.bar <= plan.width / 4
    assert len(plan_of(fix, {}).sensors) == 0


def test_the_maps_ellipse_has_its_axes_and_its_direction(fix: Fix) -> None:
    along = METRES_A_DEGREE * math.cos(math.radians(fix.place.latitude))
    points = [
        ((lon - fix.place.longitude) * along, (lat - fix.place.latitude) * METRES_A_DEGREE) for lat, lon in outline(fix)
    ]
    far = [math.hypot(*point) for point in points]
    assert (max(far), min(far)) == pytest.approx((fix.major, fix.minor), rel=1e-6)
    east, north = points[far.index(max(far))]
    assert math.degrees(math.atan2(east, north)) % 180 == pytest.approx(fix.direction)


def test_the_map_has_the_ellipse_and_the_place_beside_it(fix: Fix, jeanne: Visitor) -> None:
    (mark,) = jeanne.get("/map/state?incident=4").json()["incidents"]
    assert (mark["fix"]["latitude"], len(mark["fix"]["outline"])) == (fix.place.latitude, 48)
    assert mark["latitude"] != mark["fix"]["latitude"], "the middle of the sensors is what it was"
    (other,) = jeanne.get("/map/state?incident=5").json()["incidents"]
    assert other["fix"] is None


def test_json_has_a_fix_or_a_reason(fix: Fix, desk: FakeDesk) -> None:
    told = msgspec.to_builtins(incident_document(desk.kept[4]))
    assert (told["fix"]["major"], told["fix"]["peak"], told["unlocated"]) == (6.4, 147.2, None)
    assert told["fix"]["arrivals"][1] == {
        "sensor": "mic-lavoir", "residual_ms": -1.1, "sigma_ms": 3.1, "metres": 96.0, "used": True,
    }  # fmt: skip
    without = msgspec.structs.replace(desk.kept[5], unlocated=Unlocated.TOO_FEW)
    assert (incident_document(without).fix, incident_document(without).unlocated) == (None, Unlocated.TOO_FEW)
