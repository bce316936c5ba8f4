"""``clairvoie listen`` as another program sees it: the lines of ``--json``, exit status, the one line of an error."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from clairvoie.boundary.hazards import HAZARD_KINDS, NOISE_SOURCES
from clairvoie.cli import app

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(name: str, sound: np.ndarray, rate: int = 16_000) -> Path:
        path = tmp_path / name
        channels = sound.reshape(-1, sound.shape[-1])
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels.shape[0])
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(np.ascontiguousarray(np.round(channels.T * 32767)).astype("<i2").tobytes())
        return path

    return _write


def tone(seconds: float, rate: int = 16_000, amplitude: float = 0.1) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate)) / rate)


def bang(seconds: float, at: float, rate: int = 16_000) -> np.ndarray:
    random = np.random.default_rng(0)
    sound = 0.003 * random.standard_normal(round(seconds * rate))
    first = round(at * rate)
    tail = np.arange(sound.size - first) / rate
    sound[first:] += 0.3 * np.exp(-tail / 0.04) * random.standard_normal(tail.size)
    return np.clip(sound, -1, 1)


def listen(*words: object) -> Result:
    return CliRunner().invoke(app, ["listen", *map(str, words)])


def lines(*words: object) -> list[dict[str, Any]]:
    result = listen(*words, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def of(kind: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in found if line["type"] == kind]


@pytest.mark.parametrize("rate", [32_000, 48_000])
def test_a_tone_of_amplitude_a_tenth_with_calibration_114_reads_94(write: Write, rate: int) -> None:
    found = lines(write("tone.wav", tone(3.0, rate), rate), "--calibration", 114)
    levels = of("level", found)
    assert [level["t"] for level in levels] == [1.0, 2.0, 3.0]
    for level in [*levels, *of("summary", found)]:
        assert [level[name] for name in ("laeq", "lceq", "lzeq")] == pytest.approx([94.0] * 3, abs=0.1)
        assert level["unit"] == "dB"


def test_the_lines_are_those_that_other_programs_rely_on(write: Write) -> None:
    found = lines(write("bang.wav", bang(62.5, 12.25)))
    info, summary = found[0], found[-1]
    assert (info["type"], summary["type"]) == ("info", "summary")
    assert info["version"] == 1
    assert (info["rate"], info["channel"], info["calibration"]) == (16_000, 1, None)
    assert info["duration"] == pytest.approx(62.5)
    assert info["model"] is None or info["model"].startswith("sha256:")
    levels = of("level", found)
    assert [level["t"] for level in levels] == [*map(float, range(1, 63)), 62.5]
    assert set(levels[0]) == {"type", "t", "laeq", "lceq", "lzeq", "lafmax", "lasmax", "lcpeak", "unit"}
    assert levels[-1]["seconds"] == 0.5
    assert {level["unit"] for level in levels} == {"dBFS"}
    bands = of("bands", found)
    assert [(line["t"], line["seconds"]) for line in bands] == [(60.0, 60.0), (62.5, 2.5)]
    assert "1000" in bands[0]["thirds"]
    assert "8000" not in bands[0]["thirds"]
    [impulse] = [line for line in of("detection", found) if line["kind"] == "impulse"]
    assert impulse["onset"] == pytest.approx(12.25, abs=0.002)
    assert impulse["offset"] >= impulse["onset"]
    assert impulse["confidence"] is None
    assert summary["detections"]["impulse"] == 1
    assert summary["l10"] >= summary["l50"] >= summary["l90"]
    for line in of("detection", found):
        assert line["kind"] in HAZARD_KINDS
    for line in of("source", found):
        assert all(source in NOISE_SOURCES for source, _ in line["top"])


def test_one_channel_is_read_and_never_an_average(write: Write) -> None:
    both = np.stack([tone(2.0), 0.1 * tone(2.0)])
    path = write("two.wav", both)
    first, second = (of("summary", lines(path, "--channel", channel))[0]["laeq"] for channel in (1, 2))
    assert first - second == pytest.approx(20.0, abs=0.05)


def test_raw_samples_are_read_as_told(tmp_path: Path) -> None:
    path = tmp_path / "tone.raw"
    path.write_bytes(np.round(tone(2.0, 32_000) * 32767).astype("<i2").tobytes())
    found = lines(path, "--raw", "s16le", "--rate", 32_000, "--channels", 1, "--calibration", 114)
    assert found[0]["rate"] == 32_000
    assert of("summary", found)[0]["laeq"] == pytest.approx(94.0, abs=0.1)


def test_digital_silence_has_no_level(write: Write) -> None:
    found = lines(write("zero.wav", np.zeros(32_000)))
    assert of("level", found)[0]["laeq"] is None
    assert of("summary", found)[0]["laeq"] is None
    assert of("summary", found)[0]["l50"] is None


def test_a_file_shorter_than_a_second_is_heard(write: Write) -> None:
    found = lines(write("short.wav", tone(0.4)))
    assert [line["t"] for line in of("level", found)] == [0.4]
    assert of("summary", found)[0]["laeq"] == pytest.approx(-20.0, abs=0.1)


def test_overload_is_said(write: Write) -> None:
    found = lines(write("loud.wav", tone(1.0, amplitude=1.0)))
    assert of("level", found)[0]["overload"] is True
    assert of("summary", found)[0]["overload_seconds"] == 1


def test_several_files_come_one_after_the_other_each_under_its_name(write: Write) -> None:
    one, two = write("one.wav", tone(1.0)), write("two.wav", bang(3.0, 1.5))
    found = lines(one, two)
    assert [line["file"] for line in of("info", found)] == [str(one), str(two)]
    shown = listen(one, two)
    assert shown.exit_code == 0
    assert "one.wav" in shown.stdout.replace("\n", "")
    assert "two.wav" in shown.stdout.replace("\n", "")


def test_the_table_says_what_was_heard(write: Write) -> None:
    shown = listen(write("bang.wav", bang(4.0, 2.5)), "--calibration", 120)
    assert shown.exit_code == 0
    assert "impulse" in shown.stdout
    assert "2.50 s" in shown.stdout
    assert "calibration 120 dB" in shown.stdout
    quiet = listen(write("tone.wav", tone(2.0)))
    assert "not calibrated: dBFS after AES17" in quiet.stdout


def test_an_unreadable_file_is_one_line_and_status_1_and_the_others_are_heard(write: Write, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing that sounds " * 50)
    good = write("good.wav", tone(1.0))
    result = listen(tmp_path / "missing.wav", broken, good, "--json")
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if "recogniser" not in line]
    assert len(errors) == 2
    assert "no such recording" in errors[0]
    assert "missing.wav" in errors[0]
    assert "broken.wav" in errors[1]
    assert json.loads(result.stdout.splitlines()[-1])["type"] == "summary"


def test_a_recording_that_is_cut_off_is_heard_and_status_1(write: Write) -> None:
    path = write("cut.wav", tone(4.0))
    path.write_bytes(path.read_bytes()[: 2 * 32_000 + 44])
    result = listen(path, "--json")
    assert result.exit_code == 1
    assert "cut off" in result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["kind"] for line in of("defect", found)] == ["truncated"]
    assert of("summary", found)[0]["seconds"] == 2.0


@pytest.mark.parametrize(
    "words",
    [
        ["--raw", "s16le"],
        ["--rate", "32000"],
        ["--channel", "0"],
        ["--calibration", "9000"],
        ["second.wav", "--plot", "a.png"],
        ["--unknown"],
    ],
)
def test_a_mistake_in_the_command_is_status_2(write: Write, words: list[str]) -> None:
    assert listen(write("a.wav", tone(0.5)), *words).exit_code == 2


def test_no_file_is_a_mistake_in_the_command() -> None:
    assert listen().exit_code == 2


@pytest.mark.parametrize("words", [["--channel", "2"], ["--raw", "s17le", "--rate", "8000"]])
def test_an_impossible_reading_is_status_1(write: Write, words: list[str]) -> None:
    result = listen(write("a.wav", tone(0.5)), *words)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("clairvoie: ")


def test_real_recordings_of_every_kind_of_file_are_heard(needs_shared: Path) -> None:
    files = [
        needs_shared / "background" / "city.ogg",
        needs_shared / "background" / "bikes.mp3",
        next((needs_shared / "sounds" / "esc50").glob("*.flac")),
        needs_shared / "speech" / "fr-1.wav",
        needs_shared / "scenes" / "car-detection.mp4",
    ]
    found = lines(*files)
    assert len(of("summary", found)) == len(files)
    for line in of("summary", found):
        assert line["laeq"] is None or -90 < line["laeq"] < 0


def test_a_gap_leaves_its_seconds_without_a_level_and_is_said(tmp_path: Path) -> None:
    path, rate = tmp_path / "gap.mkv", 16_000
    sound = np.round(tone(4.0) * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        for first in range(0, sound.size, 1600):
            frame = av.AudioFrame.from_ndarray(sound[None, first : first + 1600], format="s16", layout="mono")
            frame.rate = rate
            frame.pts = first + (8000 if first >= 24_000 else 0)
            frame.time_base = Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = lines(path, "--calibration", 114)
    levels = of("level", found)
    assert [level.get("valid", True) for level in levels] == [True, False, True, True, False]
    assert [level["laeq"] is None for level in levels] == [False, True, False, False, False]
    assert [(line["kind"], line["at"], line["seconds"]) for line in of("defect", found)] == [("gap", 1.5, 0.5)]
    assert of("summary", found)[0]["valid_seconds"] == 3.5
    shown = listen(path)
    assert " gap" in shown.stdout
    assert "1 gap(s), 0.500 s in all" in shown.stderr
    picture = tmp_path / "gap.png"
    assert listen(path, "--plot", picture).exit_code == 0
    assert picture.stat().st_size > 10_000
