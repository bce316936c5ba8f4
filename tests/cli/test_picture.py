"""A drawing is written as PNG on its own paper, or the error says where it could not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from clairvoie.cli.picture import write_picture
from clairvoie.errors import ConfigurationError


@pytest.mark.parametrize("optimize", [True, False])
def test_a_picture_is_a_png_whatever_its_name(tmp_path: Path, *, optimize: bool) -> None:
    write_picture(Figure(figsize=(1, 1)), tmp_path / "drawn.picture", optimize=optimize)
    assert (tmp_path / "drawn.picture").read_bytes().startswith(b"\x89PNG")


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the plot cannot be written") as refused:
        write_picture(Figure(figsize=(1, 1)), tmp_path / "no-folder" / "plot.png")
    assert "no-folder" in str(refused.value)
