"""``listen --plot``: a picture of the stated size for any length of recording; labels do not cover one another."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from clairvoie.boundary.hazards import HazardKind
from clairvoie.capture.blocks import Block
from clairvoie.cli import app
from clairvoie.cli.hearing import Heard
from clairvoie.cli.listen_plot import LABEL_ROWS, LETTER_WIDTH, detection_labels, spaced
from clairvoie.cli.listen_spectrogram import MOST_COLUMNS, Spectrogram
from clairvoie.cli.listen_table import MOST_ROWS, step_for

HEARD = st.builds(
    lambda kind, onset, length, sure: Heard(kind, onset, onset + length, sure, 70.0),
    st.sampled_from([HazardKind.GLASS_BREAKING, HazardKind.FIREWORK, HazardKind.IMPULSE]),
    st.floats(0, 60),
    st.floats(0, 5),
    st.none() | st.floats(0, 1),
)


def picture_of(sound: np.ndarray, rate: int, tmp_path: Path) -> bytes:
    path, plot = tmp_path / "a.raw", tmp_path / "a.png"
    path.write_bytes(np.round(sound * 32767).astype("<i2").tobytes())
    words = ["listen", str(path), "--raw", "s16le", "--rate", str(rate), "--plot", str(plot)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return plot.read_bytes()


@pytest.mark.parametrize("seconds", [0.03, 0.3, 3.0, 200.0])
def test_the_picture_has_the_stated_size_for_any_length(seconds: float, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sound = 0.01 * random.standard_normal(round(seconds * 8000))
    data = picture_of(np.clip(sound, -1, 1), 8000, tmp_path)
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (1600, 900)


def test_digital_silence_can_be_drawn(tmp_path: Path) -> None:
    assert picture_of(np.zeros(16_000), 8000, tmp_path).startswith(b"\x89PNG")


def test_a_plot_that_cannot_be_written_is_a_named_error(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(16_000))
    words = ["listen", str(path), "--raw", "s16le", "--rate", "8000", "--plot", str(tmp_path / "no" / "a.png")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@given(st.lists(HEARD, max_size=30))
def test_labels_do_not_cover_one_another_and_stay_inside(detections: list[Heard]) -> None:
    labels = detection_labels(detections, 60.0)
    assert bool(labels) == bool(detections)
    for row in range(LABEL_ROWS):
        inside = sorted((label for label in labels if label.row == row), key=lambda label: label.left)
        for before, after in pairwise(inside):
            assert before.left + LETTER_WIDTH * len(before.words) <= after.left
        assert all(0 <= label.left <= 1 for label in inside)


@given(st.floats(0.01, 500_000))
def test_a_table_has_few_rows(length: float) -> None:
    assert length / step_for(length) <= MOST_ROWS


@pytest.mark.parametrize("frequency", [100.0, 1000.0, 3000.0])
def test_a_tone_is_where_it_belongs_and_as_loud_as_it_is(frequency: float) -> None:
    rate = 16_000
    sound = (0.1 * np.sin(2 * np.pi * frequency * np.arange(rate * 2) / rate)).astype(np.float32)
    picture = Spectrogram(rate, 2.0)
    picture.feed(Block(sound, rate, start=0.0, sigma=0.0, index=0))
    picture.finish()
    levels = picture.levels(None)
    loudest = int(levels[:, levels.shape[1] // 2].argmax())
    assert picture.edges[loudest] * 0.93 <= frequency <= picture.edges[loudest + 1] * 1.07
    total = 10 * np.log10(np.sum(10 ** (levels[:, levels.shape[1] // 2] / 10)))
    assert total == pytest.approx(-20.0, abs=0.3)
    assert levels.shape[1] * picture.column_seconds == pytest.approx(2.0, abs=0.02)


def test_a_long_recording_takes_no_more_columns_than_a_picture_needs() -> None:
    picture = Spectrogram(8000, None)
    block = np.zeros(8000 * 60, np.float32)
    for minute in range(30):
        picture.feed(Block(block, 8000, start=60.0 * minute, sigma=0.0, index=minute * block.size))
    levels = picture.levels(None)
    assert levels.shape[1] <= MOST_COLUMNS
    assert levels.shape[1] * picture.column_seconds == pytest.approx(1800, rel=0.01)


def test_what_is_missing_is_left_empty() -> None:
    picture = Spectrogram(8000, 10.0)
    sound = np.random.default_rng(0).standard_normal(8000).astype(np.float32) * 0.1
    picture.feed(Block(sound, 8000, start=0.0, sigma=0.0, index=0))
    picture.feed(Block(sound, 8000, start=3.0, sigma=0.0, index=24_000, missing=16_000))
    picture.finish()
    levels = picture.levels(None)
    empty = np.isnan(levels).all(axis=0)
    assert empty.sum() * picture.column_seconds == pytest.approx(2.0, abs=0.1)
    assert levels.shape[1] * picture.column_seconds == pytest.approx(4.0, abs=0.15)


@given(st.lists(st.floats(min_value=20, max_value=100), max_size=3))
def test_names_of_lines_keep_their_order_apart_and_inside(values: list[float]) -> None:
    places = spaced(sorted(values, reverse=True), 5.0, 20.0)
    assert all(above - below >= 5.0 - 1e-9 for above, below in pairwise(places))
    assert all(place >= 20.0 for place in places)
