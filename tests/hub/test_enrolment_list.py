"""Lists of sensors: as people and spreadsheets write them, and as nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.life import SensorState
from clairvoie.boundary.sensor import SensorKind
from clairvoie.hub.enrolment_list import NEEDED, OPTIONAL, read_list

HEADING = "sensor,node,kind,latitude,longitude"


@given(st.text(max_size=300) | st.text("sensor,;\n\"0.5-'xé\x00", max_size=300))
def test_no_text_is_too_strange_to_be_answered(text: str) -> None:
    for given_text in (text, f"{HEADING}\n{text}"):
        read = read_list(given_text)
        assert read.listed or read.mistakes


CELLS = {
    "sensor": st.sampled_from(("mic-1", "mic-2", "Mic 3", "")),
    "node": st.sampled_from(("lamp-1", "-")),
    "kind": st.sampled_from(("microphone", "camera", "ear")),
    "latitude": st.sampled_from(("48.5", "nan", "inf", "91", "")),
    "longitude": st.sampled_from(("2.3", "-181", "east")),
    "height": st.sampled_from(("", "4.5", "9000")),
    "place": st.sampled_from(("", "Rue", "x" * 201, "a\tb")),
    "hardware": st.sampled_from(("", "MEMS", "\x1b[31m")),
    "calibration": st.sampled_from(("", "120", "-26")),
    "calibrated": st.sampled_from(("", "2026-11-02", "02/11/2026")),
}


@given(st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=4))
def test_what_is_read_can_be_signed_and_every_other_line_is_named(rows: list[dict[str, str]]) -> None:
    columns = (*NEEDED, *OPTIONAL)
    lines = [",".join(columns), *(",".join(f'"{row[name]}"' for name in columns) for row in rows)]
    read = read_list("\n".join(lines))
    for listed in read.listed:
        assert listed.act("town", 1.0).state is SensorState.PLANNED
    assert {listed.line for listed in read.listed} | {mistake.line for mistake in read.mistakes} == set(
        range(2, len(rows) + 2)
    )
    assert not {listed.line for listed in read.listed} & {mistake.line for mistake in read.mistakes}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "this column is missing"),
        (HEADING, "a list has 1 to"),
        (f"{HEADING},colour\n", "no such column"),
        (f"{HEADING},node\n", "this column stands twice"),
        (f'{HEADING}\nmic-1,lamp-1,microphone,"48,5",2.3', "a number, not '48,5'"),
    ],
)
def test_a_mistake_is_named(text: str, what: str) -> None:
    assert any(what in mistake.what for mistake in read_list(text).mistakes)


def test_a_spreadsheet_set_to_french_reads_the_same() -> None:
    french = "\ufeffSensor;Node;Kind;Longitude;Latitude;Height\r\nmic-1;lamp-1;camera;2,35;48,85;4,5\r\n;;;;;\r\n"
    english = f"{HEADING},height\nmic-1,lamp-1,camera,48.85,2.35,4.5\n"
    assert read_list(french) == read_list(english)
    assert read_list(english).listed[0].kind is SensorKind.CAMERA
