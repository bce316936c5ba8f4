"""CSV: what a spreadsheet and an auditor get."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import msgspec
import pytest
from street_day import minute_row

from clairvoie.views.ranges import STEPS
from clairvoie.views.table import PARTS, lines

START = 1_795_302_000
"""2026-11-22 00:00:00 in Paris."""


def read(part: str, step: int, end: int = START + 3600, gap: int = -1) -> list[dict[str, str]]:
    rows = [row for m in range(START, end, 60) if m != gap and (row := minute_row("mic-1", 0, m)) is not None]
    text = "".join(lines(part, ["mic-1"], lambda *_: rows, START, end, step, "Europe/Paris"))
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("step", STEPS)
def test_every_line_has_its_time_in_utc_its_zone_and_its_step(part: str, step: int) -> None:
    found = read(part, step, START + 2 * 7200)
    assert found[0]["start_utc"] == "2026-11-21T23:00:00Z"
    assert found[-1]["end_utc"] == "2026-11-22T03:00:00Z"
    assert {line["time_zone"] for line in found} == {"Europe/Paris"}
    used = step if part == "levels" else max(step, 60)
    assert {line["step_seconds"] for line in found} == {str(used)}
    assert len(found) == 4 * 3600 // used
    assert all(before["end_utc"] == after["start_utc"] for before, after in pairwise(found))


def test_figures_have_a_point_and_gaps_are_empty() -> None:
    found = read("levels", 60, gap=START + 120)
    row = minute_row("mic-1", 0, START)
    assert row is not None
    assert float(found[0]["laeq_db"]) == row.laeq
    assert "." in found[0]["laeq_db"]
    assert found[0]["minutes"] == "1"
    assert [found[2][name] for name in ("laeq_db", "l10_db", "lcpeak_db", "minutes")] == ["", "", "", "0"]


def test_ten_seconds_hold_nothing_but_laeq() -> None:
    found = read("levels", 10)
    row = minute_row("mic-1", 0, START)
    assert row is not None
    assert [float(line["laeq_db"]) for line in found[:6]] == list(row.tens)
    assert "l10_db" not in found[0]


def test_a_source_that_was_not_named_is_zero_and_a_minute_not_stored_is_empty() -> None:
    found = read("sources", 60, gap=START + 60)
    assert found[0]["aircraft_share"] == "0.0"
    assert found[1]["aircraft_share"] == found[1]["traffic_share"] == ""


def test_a_step_that_does_not_divide_the_range_ends_with_it() -> None:
    row = minute_row("mic-1", 0, START)
    assert row is not None
    text = "".join(
        lines("levels", ["mic-1"], lambda *_: [msgspec.structs.replace(row)], START, START + 90 * 60, 3600, "UTC")
    )
    assert text.splitlines()[-1].startswith("mic-1,2026-11-22T00:00:00Z,2026-11-22T00:30:00Z,UTC,3600")
