"""The plot of the benchmark of clips draws whole protocols, and says what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clairvoie.errors import LabError


def figures(parameters: int, mean: float, folds: int = 4, what: str = "one network, 1 seed") -> list[dict[str, Any]]:
    shares = {str(fold): [mean] for fold in range(1, folds + 1)}
    return [
        {"what": what, "parameters": parameters, "epochs": [9], "folds": shares, "mean": mean, "standard_error": 0.5}
    ]


def test_only_whole_protocols_are_drawn_the_smallest_first(needs_torch: None, tmp_path: Path) -> None:
    from clairvoie.cli.esc50_plot import draw, measured

    for name, found in (
        ("32-folds1234", figures(871_090, 85.0)),
        ("8-folds1234", figures(58_610, 80.0)),
        ("16-folds12", figures(223_602, 99.0, folds=2)),
        ("yamnet-32-folds1234", figures(871_090, 89.0, what="taught")),
    ):
        (tmp_path / f"figures-{name}.json").write_text(json.dumps(found))
    drawn = measured(tmp_path)
    assert [x.mean for x in drawn["one network, 1 seed"]] == [80.0, 85.0]
    assert set(drawn) == {"one network, 1 seed", "taught"}
    draw(tmp_path, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_without_a_whole_protocol_is_said(needs_torch: None, tmp_path: Path) -> None:
    from clairvoie.cli.esc50_plot import measured

    (tmp_path / "figures-8-folds1.json").write_text(json.dumps(figures(58_610, 80.0, folds=1)))
    with pytest.raises(LabError, match="no figures of a whole protocol"):
        measured(tmp_path)
