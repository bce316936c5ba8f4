"""What ``lab bench levels`` prints, as text, as JSON and as a picture, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from typer.testing import CliRunner

from clairvoie.cli.bench import bench
from clairvoie.cli.level_plot import draw
from clairvoie.errors import ConfigurationError
from clairvoie.lab import bench_levels
from clairvoie.lab.bench_levels import NOT_AN_INSTRUMENT, LevelFigures, figures_text, measure


@pytest.fixture(scope="module")
def figures() -> LevelFigures:
    return measure((16_000, 48_000), bands=False, phases=1)


def test_the_text_has_every_frequency_the_peer_and_what_it_is_not(figures: LevelFigures) -> None:
    text = figures_text(figures)
    assert "0 of " in text
    assert NOT_AN_INSTRUMENT in text
    assert "bilinear A-weighting lies outside at 16000 (6300 Hz: -5.8 dB)." in text
    assert sum("-5.78*" in line for line in text.splitlines()) == 1
    a_table = text.split("\n\n")[0].splitlines()
    assert len(a_table) == 2 + 34
    assert "-0.00" not in text


@pytest.mark.parametrize("inside", [True, False])
def test_the_command_fails_if_anything_lies_outside(
    figures: LevelFigures, inside: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench_levels, "measure", lambda: msgspec.structs.replace(figures, inside=inside))
    plot = tmp_path / "levels.png"
    result = CliRunner().invoke(bench, ["levels", "--json", "--plot", str(plot)])
    assert result.exit_code == (0 if inside else 1)
    said = json.loads(result.stdout)
    assert said["version"] == 1
    assert said["inside"] is inside
    assert {"quantity", "rate", "at", "error", "above", "below", "used"} == set(said["margins"][0])
    with Image.open(plot) as image:
        assert image.size == (1600, 1000)


def test_a_place_that_cannot_be_written_is_named(figures: LevelFigures, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Check --plot"):
        draw(figures, tmp_path / "nowhere" / "levels.png")
