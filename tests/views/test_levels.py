"""The levels page, what its plots draw and its CSV, as a visitor without scripts gets them."""

from __future__ import annotations

import csv
import io
import re

import msgspec
import pytest
from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.boundary.sensor import SensorKind


def words_of(page: str) -> str:
    bare = " ".join(re.sub(r"<[^>]+>", " ", page).replace("&nbsp;", " ").split())
    return bare.replace("\u00a0", " ").replace("\u202f", " ")


def test_without_a_question_the_first_sensor_and_the_last_hour_are_shown(john: Visitor) -> None:
    answer = john.get("/levels")
    words = words_of(answer.text)
    assert answer.status_code == 200
    assert "mic-ecluse, quai de l’Écluse" in words.replace(" ,", ",")
    assert "The last hour" in words
    assert "there is none" in words
    assert john.get("/levels.json").json()["step"] == 10


def test_without_a_script_the_table_stands_open_and_says_the_same(john: Visitor, desk: FakeDesk) -> None:
    page = john.get("/levels?sensor=mic-marche&range=yesterday").text
    assert '<details open id="levels-table">' in page
    table = page[page.index('<table class="levels-table"') :].partition("</table>")[0]
    assert table.count('scope="row"') == 48
    assert "half an hour" in page
    assert '<div id="plots" hidden' in page
    assert re.search(r"traffic \d+ %", words_of(table))


def test_figures_are_those_of_the_desk_with_the_decimal_of_the_language(
    john: Visitor, jeanne: Visitor, desk: FakeDesk
) -> None:
    start, end = 1_795_215_600, 1_795_302_000
    period = desk.period_levels("mic-marche", start, end)
    english = words_of(john.get("/levels?sensor=mic-marche&range=yesterday").text)
    french = words_of(jeanne.get("/levels?sensor=mic-marche&range=yesterday").text)
    assert period.lden is not None
    assert f"Lden {period.lden:.1f} dB" in english
    assert f"Lden {period.lden:.1f} dB".replace(".", ",") in french
    assert f"{100 * period.coverage:.0f} %" in english
    assert "soirée, 18–22 h" in french


def hours_in(page: str) -> list[str]:
    """The lines of the table of hours, as they are read."""
    table = page[page.index('<table class="hours-table"') :].partition("</table>")[0]
    return [words_of(line) for line in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)]


def test_hours_stand_in_a_table_with_the_figures_of_the_desk(john: Visitor, jeanne: Visitor, desk: FakeDesk) -> None:
    rows = desk.hours("mic-marche", 1_795_215_600, 1_795_302_000)
    assert len(rows) == 24
    first, row = hours_in(john.get("/levels?sensor=mic-marche&range=yesterday").text)[:2], rows[0]
    assert first[0] == "Hour Harmonica index intermittency ratio noise events measured"
    assert first[1].replace(" –", "–").replace("– ", "–") == (
        f"00:00–01:00 {row.harmonica:.1f} {row.intermittency:.0f} % {row.events} 100 %"
    )
    french = hours_in(jeanne.get("/levels?sensor=mic-marche&range=yesterday").text)
    assert french[0] == "Heure indice Harmonica ratio d’intermittence événements de bruit mesuré"
    assert f"{row.harmonica:.1f}".replace(".", ",") in french[1]


def test_an_hour_without_indicators_says_how_much_of_it_was_measured_and_many_events_are_many(
    john: Visitor, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row, *_), hours = desk.hours("mic-marche", 1_795_215_600, 1_795_302_000), [1_795_215_600, 1_795_219_200]
    short = msgspec.structs.replace(row, hour=hours[0], harmonica=None, intermittency=None, events=None, coverage=0.5)
    many = msgspec.structs.replace(row, hour=hours[1], events=62)
    monkeypatch.setattr(desk, "hours", lambda *_: (short, many))
    page = john.get("/levels?sensor=mic-marche&range=yesterday").text
    lines = [line.partition("00 ")[2] for line in hours_in(page)[1:]]
    assert lines[0].endswith("– – – 50 %")
    assert "62 or more" in lines[1]


def test_hours_of_several_are_side_by_side_and_of_a_long_range_the_newest(john: Visitor, desk: FakeDesk) -> None:
    page = john.get("/levels?sensor=mic-marche&sensor=mic-halles&range=week").text
    lines = hours_in(page)
    assert lines[0] == "Hour mic-marche, Harmonica index mic-halles, Harmonica index"
    assert len(lines) == 1 + 48
    assert "earlier hours are not shown" in words_of(page)


def test_an_hour_that_has_not_ended_is_not_there_and_no_hour_is_said_in_words(
    john: Visitor, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [row.hour + 3600 for row in desk.hours("mic-marche", desk.now() - 7200, desk.now())]
    assert ends
    assert max(ends) <= desk.now()
    monkeypatch.setattr(desk, "hours", lambda *_: ())
    assert "No hour that ended in this range has indicators." in words_of(john.get("/levels").text)


def test_the_csv_of_hours_has_every_hour_of_the_range(john: Visitor, desk: FakeDesk) -> None:
    answer = john.get("/levels.csv?sensor=mic-marche&range=yesterday&part=hours")
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    rows = desk.hours("mic-marche", 1_795_215_600, 1_795_302_000)
    assert [line["harmonica"] for line in lines] == [str(row.harmonica) for row in rows]
    assert [line["noise_events"] for line in lines] == [str(row.events) for row in rows]
    assert (lines[0]["start_utc"], lines[0]["end_utc"]) == ("2026-11-20T23:00:00Z", "2026-11-21T00:00:00Z")
    assert (lines[0]["step_seconds"], lines[0]["coverage"]) == ("3600", "1.0")


def test_three_are_compared_in_one_table(john: Visitor) -> None:
    page = john.get("/levels?sensor=mic-marche&sensor=mic-halles&sensor=mic-remparts&range=week").text
    assert "Levels compared" in page
    assert page.count('id="plot-octaves-') == 3
    assert "mic-remparts, LAeq" in words_of(page)


def test_every_choice_of_the_form_is_kept(john: Visitor) -> None:
    page = john.get("/levels?sensor=mic-halles&sensor=mic-lavoir&range=dates&from=2026-10-24&to=2026-10-25").text
    assert re.findall(r'value="(mic-\w+)" selected', page) == ["mic-halles", "mic-lavoir"]
    assert 'value="2026-10-24"' in page
    assert 'value="2026-10-25"' in page
    assert 'aria-current="true"' not in page
    address = (
        "/levels.csv?sensor=mic-halles&amp;sensor=mic-lavoir&amp;range=dates&amp;from=2026-10-24&amp;to=2026-10-25"
    )
    assert address in page


def test_only_microphones_have_levels(john: Visitor, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = desk.sensors()
    camera = msgspec.structs.replace(statuses[0].sensor, id="cam-1", kind=SensorKind.CAMERA)
    monkeypatch.setattr(desk, "sensors", lambda: (msgspec.structs.replace(statuses[0], sensor=camera), *statuses[1:]))
    page = john.get("/levels").text
    assert 'value="cam-1"' not in page
    assert 'value="mic-fontaine" selected' in page


@pytest.mark.parametrize("path", ["/levels", "/levels.json", "/levels/newest.json", "/levels.csv"])
def test_no_sensor_at_all_is_no_error(
    john: Visitor, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(desk, "sensors", lambda: ())
    assert john.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/levels", "/levels.json", "/levels/newest.json", "/levels.csv"])
@pytest.mark.parametrize(("query", "status", "said"), [
    ("sensor=mic-nowhere", 404, "No sensor here is called “mic-nowhere”"),
    ("sensor=mic-marche&sensor=mic-halles&sensor=mic-lavoir&sensor=mic-ecluse", 422, "At most three microphones"),
    ("range=fortnight", 422, "“fortnight” is no range"),
    ("range=dates&from=2026-11-20", 422, "“” is no date"),
    ("range=dates&from=2026-11-21&to=2026-11-20", 422, "ends before it begins"),
    ("range=dates&from=2026-01-01&to=2026-11-20", 422, "324 days are more than can be drawn at once"),
    ("range=dates&from=2027-01-01&to=2027-01-02", 422, "Nothing is known of 2027-01-01 yet"),
])  # fmt: skip
def test_what_cannot_be_shown_is_said_in_words(
    john: Visitor, jeanne: Visitor, path: str, query: str, status: int, said: str
) -> None:
    english, french = john.get(f"{path}?{query}"), jeanne.get(f"{path}?{query}")
    assert (english.status_code, french.status_code) == (status, status)
    assert said in english.text
    assert said not in french.text
    assert "<h1>" in french.text


@pytest.mark.parametrize("query", ["part=everything", "step=7"])
def test_a_table_that_does_not_exist_is_said_in_words(john: Visitor, query: str) -> None:
    assert john.get(f"/levels.csv?{query}").status_code == 422


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_when_the_clocks_change_are_whole(john: Visitor, day: str, hours: int) -> None:
    query = f"sensor=mic-marche&range=dates&from={day}&to={day}"
    drawn = john.get(f"/levels.json?{query}").json()
    assert (drawn["end"] - drawn["start"], drawn["step"]) == (hours * 3600, 60)
    assert len(drawn["sensors"][0]["laeq"]) == hours * 60
    lines = list(csv.DictReader(io.StringIO(john.get(f"/levels.csv?{query}").text, newline="")))
    assert len(lines) == hours * 60
    assert len({line["start_utc"] for line in lines}) == hours * 60
    page = john.get(f"/levels?{query}").text
    times = re.findall(r'<th scope="row"><time [^>]*>([0-9:]+)</time>', page)
    assert len(times) == hours * 2
    assert times.count("02:30") == {23: 0, 25: 2}[hours]


def test_columns_have_one_length_and_gaps_are_null(john: Visitor, desk: FakeDesk) -> None:
    drawn = john.get("/levels.json?sensor=mic-marche&range=yesterday").json()
    (sensor,) = drawn["sensors"]
    count = (drawn["end"] - drawn["start"]) // drawn["step"]
    columns = [sensor["laeq"], sensor["l10"], sensor["l90"], *sensor["octaves"]]
    columns += [source["share"] for source in sensor["sources"]]
    assert {len(column) for column in columns} == {count}
    gap = [index for index, level in enumerate(sensor["laeq"]) if level is None]
    assert gap == list(range(gap[0], gap[0] + 12)), "the street of mic-marche has one gap of twelve minutes"
    assert all(column[gap[0]] is None for column in columns)
    assert sensor["laeq"][0] == desk.levels("mic-marche", drawn["start"], drawn["end"])[0].laeq


def test_the_last_hour_is_in_tens_of_seconds(john: Visitor) -> None:
    drawn = john.get("/levels.json?sensor=mic-marche&range=hour").json()
    (sensor,) = drawn["sensors"]
    assert (drawn["step"], sensor["each"], drawn["live"]) == (10, 6, True)
    assert len(sensor["laeq"]) == 6 * len(sensor["l10"]) == (drawn["end"] - drawn["start"]) // 10


def test_the_newest_is_what_the_sensor_said_last(john: Visitor, desk: FakeDesk) -> None:
    status = desk.sensor("mic-marche")
    assert status is not None
    newest = john.get("/levels/newest.json?sensor=mic-marche&sensor=mic-remparts").json()
    assert newest[0] == {"id": "mic-marche", "end": status.laeq_end, "laeq": status.laeq, "silent": False}
    assert newest[1] == {"id": "mic-remparts", "end": None, "laeq": None, "silent": True}


def test_sources_are_named_in_the_language_of_the_page(jeanne: Visitor) -> None:
    sensor = jeanne.get("/levels.json?sensor=mic-marche&range=yesterday").json()["sensors"][0]
    assert ("rain", "pluie") in {(source["source"], source["words"]) for source in sensor["sources"]}


def test_csv_is_a_file_in_utc_with_a_point_also_for_a_french_reader(jeanne: Visitor) -> None:
    answer = jeanne.get("/levels.csv?sensor=mic-marche&range=yesterday")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].endswith('filename="clairvoie-levels-mic-marche-2026-11-21.csv"')
    assert answer.headers["cache-control"] == "no-store"
    first = next(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert first["start_utc"] == "2026-11-20T23:00:00Z"
    assert re.fullmatch(r"\d+\.\d", first["laeq_db"])


def test_csv_of_today_ends_now(john: Visitor, desk: FakeDesk) -> None:
    answer = john.get("/levels.csv?sensor=mic-marche&range=today&step=60")
    last = answer.text.splitlines()[-1]
    assert "2026-11-22T03:04:00Z,2026-11-22T03:05:00Z" in last
