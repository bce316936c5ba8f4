"""The bench of fixes: what it draws, that its figures follow from the seed, and what it prints and draws of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy.spatial import Delaunay
from typer.testing import CliRunner

from clairvoie.cli import app
from clairvoie.cli.bench_place import figures_text
from clairvoie.cli.place_plot import draw
from clairvoie.errors import ConfigurationError
from clairvoie.hub.locate_air import Air
from clairvoie.lab import bench_place
from clairvoie.lab.place_layouts import WRONG_SECONDS, Case, draw_in_airs, draw_layouts


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_place, "QUICK_ROWS", 40)
    monkeypatch.setattr(bench_place, "SPEED_ROWS", 40)
    monkeypatch.setattr(bench_place, "QUICK_PEERS", 5)


def test_a_source_stands_among_its_sensors_and_just_so_many_arrivals_are_wrong() -> None:
    layouts = draw_layouts(Case(10, 0.001, wrong=3), 50, seed=4)
    assert layouts.bad.sum(axis=-1).tolist() == [3] * 50
    for places, source in zip(layouts.arrivals.places, layouts.sources, strict=True):
        assert Delaunay(places[:, :2]).find_simplex(source) >= 0
    same = draw_layouts(Case(10, 0.001, wrong=3), 50, seed=4)
    assert np.array_equal(same.arrivals.times, layouts.arrivals.times)
    assert not np.array_equal(draw_layouts(Case(10, 0.001, wrong=3), 50, seed=5).sources, layouts.sources)


def test_late_arrivals_are_late_and_wrong_ones_anywhere() -> None:
    right = draw_layouts(Case(10, 1e-9, late=True), 200, seed=1)
    gap = right.arrivals.places - np.concatenate((right.sources, np.full((200, 1), 1.5)), axis=-1)[:, None]
    delay = right.arrivals.times - np.sqrt((gap**2).sum(axis=-1)) / right_speed()
    assert np.abs(delay[~right.bad]).max() < 1e-6
    assert delay[right.bad].min() > -1e-6
    assert delay[right.bad].mean() == pytest.approx(0.030, rel=0.2)
    assert right.bad.mean() == pytest.approx(0.3, abs=0.05)
    assert WRONG_SECONDS == 0.5


def right_speed() -> float:
    return Case(4, 0.001).air.speed


def test_the_bound_is_larger_without_the_wrong_and_with_unknown_air() -> None:
    clean, wrong = draw_layouts(Case(10, 0.001), 30, 1), draw_layouts(Case(10, 0.001, wrong=3), 30, 1)
    assert np.median(wrong.bound) > np.median(clean.bound)
    unknown = draw_in_airs(Case(10, 0.001, told=Air()), 40, 1)
    assert np.median(unknown.bound) > np.median(clean.bound)
    assert np.median(clean.bound) == pytest.approx(0.27, abs=0.08), "as published elsewhere for such layouts"


def test_figures_follow_from_the_seed_and_tell_of_every_case() -> None:
    case = Case(8, 0.005)
    one = bench_place.measure_case("clean", case, 60, 3)
    assert one == bench_place.measure_case("clean", case, 60, 3)
    assert one.held_low <= one.held <= one.held_high
    assert one.ratio_99 <= one.ratio <= one.worst


def test_it_prints_json_text_and_a_picture(few: None, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["lab", "bench", "place", "--quick", "--json", "--plot", str(tmp_path / "p.png")])
    assert told.exit_code == 0, told.output
    figures = msgspec.json.decode(told.stdout, type=bench_place.Figures)
    assert {row.case for row in figures.rows} == {"clean", "wrong", "late echoes", "air uncertain", "air mistaken"}
    assert len(figures.goals) == 10
    assert all(row.wrong == (int(0.3 * row.sensors) if row.case == "wrong" else 0) for row in figures.rows)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    text = figures_text(figures)
    assert "too few to cite" in text
    assert all(goal.name in text for goal in figures.goals)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        draw(figures, tmp_path / "nowhere" / "p.png")
