"""``listen`` against a calibrator: full scale reads the calibration, and ``--calibrator`` finds it in a file."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from clairvoie.cli import app
from clairvoie.errors import CaptureError, ConfigurationError, InvalidValue

Write = Callable[[np.ndarray, int], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(sound: np.ndarray, rate: int) -> Path:
        path = tmp_path / f"{rate}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
        return path

    return _write


def tone(seconds: float, rate: int = 16_000, amplitude: float = 0.05) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate)) / rate)


def listen(*words: object) -> Result:
    return CliRunner().invoke(app, ["listen", *map(str, words)])


@pytest.mark.parametrize("rate", [16_000, 22_050, 32_000, 44_100, 48_000])
def test_a_full_scale_sine_in_a_file_reads_the_calibration_and_its_peak_three_decibels_more(
    write: Write, rate: int
) -> None:
    result = listen(write(tone(2.0, rate, 1.0), rate), "--calibration", 117.5, "--json")
    levels = [line for line in map(json.loads, result.stdout.splitlines()) if line["type"] == "level"]
    assert len(levels) == 2
    for level in levels:
        assert [level[name] for name in ("laeq", "lceq", "lzeq")] == pytest.approx([117.5] * 3, abs=0.1)
        assert level["lcpeak"] == pytest.approx(120.5, abs=0.1)
        assert level["overload"]


def test_a_calibrator_in_a_part_of_a_recording_gives_the_calibration_and_the_drift(write: Write) -> None:
    street = 0.002 * np.random.default_rng(2).standard_normal(160_000)
    sound = np.concatenate([street, tone(12.0), street])
    path = write(sound, 16_000)
    result = listen(path, "--calibrator", 94, "--window", "8-24", "--calibration", 119.9, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["type"], said["declared"], said["outcome"]) == ("calibrator", 94.0, "accepted")
    assert said["calibration"] == pytest.approx(120.02, abs=0.02)
    assert said["drift"] == pytest.approx(0.12, abs=0.02)
    assert said["hertz"] == pytest.approx(1000.0, abs=0.1)
    shown = listen(path, "--calibrator", 114, "--window", "8-24")
    assert "use --calibration 140.02" in shown.stdout
    assert "not known: give --calibration" in shown.stdout


def test_outside_the_window_a_tone_says_nothing(write: Write) -> None:
    street = 0.002 * np.random.default_rng(2).standard_normal(160_000)
    result = listen(
        write(np.concatenate([street, tone(12.0)]), 16_000), "--calibrator", 94, "--window", "1-9", "--json"
    )
    assert isinstance(result.exception, CaptureError)
    assert "there is no tone in the window" in str(result.exception)
    assert json.loads(result.stdout)["outcome"] == "no-tone"
    assert json.loads(result.stdout)["calibration"] is None


def test_another_microphone_must_be_said(write: Write) -> None:
    path = write(tone(12.0), 16_000)
    refused = listen(path, "--calibrator", 94, "--calibration", 110)
    assert isinstance(refused.exception, CaptureError)
    assert "--new-microphone" in str(refused.exception)
    assert listen(path, "--calibrator", 94, "--calibration", 110, "--new-microphone").exit_code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--calibrator", 100], InvalidValue),
        (["--calibrator", 94, "--window", "0-3700"], InvalidValue),
        (["--calibrator", 94, "--window", "9-1"], ConfigurationError),
    ],
)
def test_a_declaration_that_says_nothing_is_named(write: Write, words: list[object], error: type[Exception]) -> None:
    assert isinstance(listen(write(tone(1.0), 16_000), *words).exception, error)


@pytest.mark.parametrize("words", [["--window", "0-9"], ["--new-microphone"]])
def test_a_window_without_a_calibrator_is_a_mistake_in_the_words(write: Write, words: list[str]) -> None:
    assert listen(write(tone(1.0), 16_000), *words).exit_code == 2


def test_one_calibrator_is_in_one_recording(write: Write) -> None:
    path = write(tone(1.0), 16_000)
    assert listen(path, path, "--calibrator", 94).exit_code == 2
    assert listen(path.parent, "--calibrator", 94).exit_code == 2
