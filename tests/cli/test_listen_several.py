"""``listen`` on folders, into tables and pictures, with marked intervals: what comes out, and what is said."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from clairvoie.cli import app
from clairvoie.cli.listen_csv import FILE_COLUMNS, SECOND_COLUMNS

RATE = 8000
Write = Callable[[str, np.ndarray], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A recording as 16-bit mono WAV, by its path below the test's folder."""
    import wave

    def _write(name: str, sound: np.ndarray) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
        return path

    return _write


def tone(*pieces: tuple[float, float]) -> np.ndarray:
    """A tone of 1 kHz: seconds and amplitude of one piece after the other."""
    amplitude = np.concatenate([np.full(round(seconds * RATE), value) for seconds, value in pieces])
    return amplitude * np.sin(2 * np.pi * 1000 * np.arange(amplitude.size) / RATE)


def listen(*words: object) -> Result:
    return CliRunner().invoke(app, ["listen", *map(str, words), "--language", "en"])


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_gives_a_row_and_a_picture_each_and_names_what_failed(write: Write, tmp_path: Path) -> None:
    write("street/a.wav", tone((3, 0.1)))
    write("street/deep/b.wav", tone((2, 0.01)))
    (tmp_path / "street" / "broken.mp3").write_text("no sound at all")
    (tmp_path / "street" / "notes.txt").write_text("not looked at")
    (tmp_path / "street" / ".hidden.wav").write_text("not looked at either")
    result = listen(tmp_path / "street", "--csv", tmp_path / "out.csv", "--plot", tmp_path / "pictures")
    assert result.exit_code == 1
    [problem] = [line for line in result.stderr.splitlines() if "recogniser" not in line]
    assert problem.startswith("clairvoie: broken.mp3: FFmpeg cannot read this as sound")
    assert "2 recording(s), 5 s in all" in result.stdout
    rows = {row["file"]: row for row in table(tmp_path / "out.csv")}
    assert list(rows) == ["a.wav", "broken.mp3", "deep/b.wav"]
    assert tuple(rows["a.wav"]) == FILE_COLUMNS
    assert float(rows["a.wav"]["laeq"]) == pytest.approx(-20, abs=0.1)
    assert float(rows["a.wav"]["sel"]) == pytest.approx(-20 + 10 * math.log10(3), abs=0.1)
    assert rows["a.wav"]["intermittency"] == "0.0"
    assert rows["a.wav"]["problem"] == ""
    assert "cannot read this as sound" in rows["broken.mp3"]["problem"]
    assert rows["broken.mp3"]["laeq"] == ""
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["a.wav.png", "deep__b.wav.png"]


def test_a_folder_without_recordings_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to hear")
    result = listen(tmp_path)
    assert result.exit_code == 1
    assert "there is no recording in this folder" in result.stderr


def test_a_row_a_second_with_the_time_of_the_clock(write: Write, tmp_path: Path) -> None:
    path = write("a.wav", tone((1, 0.1), (1, 0.0), (1.5, 0.01)))
    result = listen(path, "--csv", tmp_path / "a.csv", "--start", "2026-11-22T23:59:59[Europe/Paris]")
    assert result.exit_code == 0
    rows = table(tmp_path / "a.csv")
    assert tuple(rows[0]) == SECOND_COLUMNS
    assert [row["t"] for row in rows] == ["1.0", "2.0", "3.0", "3.5"]
    assert [row["time"][:19] for row in rows[:2]] == ["2026-11-22T23:59:59", "2026-11-23T00:00:00"]
    assert [row["valid"] for row in rows] == ["1", "1", "1", "0"]
    assert float(rows[0]["laeq"]) == pytest.approx(-20, abs=0.1)
    assert float(rows[2]["laeq"]) == pytest.approx(-40, abs=0.1)


def test_rows_of_several_files_and_a_table_that_cannot_be_written(write: Write, tmp_path: Path) -> None:
    one, two = write("one.wav", tone((1, 0.1))), write("two.wav", tone((1, 0.01)))
    assert listen(one, two, "--csv", tmp_path / "both.csv").exit_code == 0
    assert [row["file"] for row in table(tmp_path / "both.csv")] == [str(one), str(two)]
    result = listen(one, "--csv", tmp_path / "no" / "a.csv")
    assert result.exit_code == 1
    assert "the table cannot be written" in result.stderr


def test_noise_events_and_new_indicators_are_added_and_nothing_is_taken_away(write: Write) -> None:
    path = write("pass-by.wav", tone((6, 0.01), (3, 0.1), (5, 0.01)))
    found = objects(listen(path, "--json"))
    [event] = [line for line in found if line["type"] == "noise-event"]
    assert set(event) == {"type", "source", "start", "duration", "sel", "lafmax", "background", "unit"}
    assert event["start"] == pytest.approx(6, abs=0.13)
    assert event["duration"] == pytest.approx(3.5, abs=0.13)  # LAF falls by 35 dB a second
    assert event["sel"] == pytest.approx(-20 + 10 * math.log10(3), abs=0.2)
    summary = found[-1]
    assert summary["noise_events"] == 1
    assert summary["intermittency"] == pytest.approx(100 * 3e-2 / (3e-2 + 11e-4), abs=1)
    assert (summary["harmonica"], summary["lden"]) == (None, None)
    assert {"laeq", "lceq", "l10", "valid_seconds", "detections", "sources"} <= set(summary)
    higher = objects(listen(path, "--json", "--event-threshold", "-10"))
    assert higher[-1]["noise_events"] == 0


def test_emergence_of_what_is_marked(write: Write) -> None:
    path = write("machine.wav", tone((20, 0.1), (12, 0.05), (4, 0.1)))
    words = [path, "--residual", "0:20-32", "--ambient", "0-20", "--start", "2026-11-22T21:59:45+01:00"]
    found = objects(listen(*words, "--json"))
    [emergence] = [line for line in found if line["type"] == "emergence"]
    assert emergence["difference"] == pytest.approx(20 * math.log10(2), abs=0.05)
    assert emergence["limits"] == {"day": 11.0, "night": 9.0}
    assert emergence["finding_in_law"] is False
    assert (emergence["sought_inside"], emergence["sought_elsewhere"]) == (None, None)
    [octave] = [one for one in emergence["octaves"] if one["octave"] == "1000"]
    assert octave["difference"] == pytest.approx(20 * math.log10(2), abs=0.1)
    assert octave["exceeded"] is True
    shown = listen(path, "--residual", "20-32", "--calibration", "120", "--appears", "9:00:00")
    assert "Emergence 6.0 dB(A)" in shown.stdout
    assert "limit 5 dB(A) (5 + 0 for 9:00:00): exceeded" in shown.stdout
    assert "no finding in law" in shown.stdout


@pytest.mark.parametrize("words", [["--residual", "50-60"], ["--residual", "0-4"], ["--start", "21:30"]])
def test_marks_and_moments_that_say_nothing_are_named_errors(write: Write, words: list[str]) -> None:
    result = listen(write("a.wav", tone((3, 0.1))), *words)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("clairvoie: ")


@pytest.mark.parametrize("words", [["--ambient", "0-1"], ["--appears", "9:00:00"], ["--language", "de"]])
def test_a_mistake_in_the_command_is_status_2(write: Write, words: list[str]) -> None:
    path = write("a.wav", tone((1, 0.1)))
    assert CliRunner().invoke(app, ["listen", str(path), *words]).exit_code == 2


def test_french_is_spoken_when_asked_for(write: Write, tmp_path: Path) -> None:
    path = write("a.wav", tone((2, 0.1)))
    words = ["listen", str(path), "--language", "fr", "--plot", str(tmp_path / "a.png")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert "sans étalonnage : dBFS selon AES17" in result.stdout
    assert "LAeq −20,0" in result.stdout
    assert (tmp_path / "a.png").stat().st_size > 10_000
