"""The bench of the street: thresholds trade hits for alarms, remixes are no hours, the unknown is counted."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.detection import DetectionBegin
from clairvoie.boundary.hazards import HazardKind
from clairvoie.cli.bench_street_plot import draw
from clairvoie.detect.sound.card import Calibration, HazardRule
from clairvoie.detect.sound.events import HazardEvents
from clairvoie.detect.sound.tagging import Scores, SoundTagger
from clairvoie.lab.calibration import fitted, logits, reliability
from clairvoie.lab.detection_scores import MISSING, TOO_FEW, UNUSABLE, ScoreTable, class_scores
from clairvoie.lab.exposure import FalseAlarms, share_interval
from clairvoie.lab.listeners import Begin, Other, begins_of
from clairvoie.lab.operating import HeardRecording, HeardScene, curve, found, set_off_by
from clairvoie.lab.refusal import refusals
from clairvoie.lab.scene_text import scene_text


class Loud:
    """A recogniser that hears glass wherever the table says so."""

    name = "loud"
    kinds = ("glass-breaking",)

    def hear(self, sound: np.ndarray) -> ScoreTable:
        raise AssertionError

    def begins(self, kind: str, table: ScoreTable, enter: float | None = None) -> list[Begin]:
        rows = np.flatnonzero(table.values[:, 0] >= (self.threshold(kind) if enter is None else enter))
        return [Begin(float(table.edges[row]), float(table.values[row, 0])) for row in rows]

    def threshold(self, kind: str) -> float:
        return 0.5


def table(*scores: float) -> ScoreTable:
    return ScoreTable(np.arange(len(scores) + 1) * 1.0, np.array(scores, dtype=np.float32)[:, None])


def test_a_curve_counts_hits_in_scenes_and_alarms_in_recordings() -> None:
    scenes = [
        HeardScene(
            10.0, table(0, 0, 0.9, 0, 0, 0, 0.4, 0), (("glass-breaking", 2.0, 3.0), ("glass-breaking", 6.0, 7.0))
        )
    ]
    alone = [
        HeardRecording("dog", "clips", 0.5, table(0.6, 0.1), frozenset({"dog"})),
        HeardRecording("glass_breaking", "clips", 0.5, table(0.95), frozenset({"glass-breaking"})),
    ]
    line = curve(Loud(), "glass-breaking", scenes, alone)
    assert line.of == {"10": 2}
    assert line.hours == 0.5, "a recording that holds the kind is no exposure, and scenes never are"
    assert line.in_use.hits == {"10": 1}
    assert line.in_use.false == 1
    hits = [sum(point.hits.values()) for point in line.points]
    false = [point.false for point in line.points]
    assert hits == sorted(hits, reverse=True)
    assert false == sorted(false, reverse=True)
    assert line.best is not None
    assert line.best.hits == {"10": 1}
    assert line.best.false == 0


def test_what_set_it_off_is_named_by_what_sounded() -> None:
    scene = HeardScene(10.0, table(0.9, 0, 0, 0, 0.9, 0, 0, 0, 0.9), (("glass-breaking", 4.0, 5.0),))
    labels = [("glass_breaking", 4.0, 5.0), ("gun_shot", 8.0, 9.0)]
    assert set_off_by(Loud(), "glass-breaking", scene, labels, "city") == ["background:city", "gun_shot"]


def test_the_unknown_is_refused_or_counted() -> None:
    alone = [
        HeardRecording("gun_shot", "UrbanSound8K", 0.1, table(0.9), frozenset()),
        HeardRecording("gun_shot", "UrbanSound8K", 0.1, table(0.1), frozenset()),
    ]
    said = refusals(Loud(), alone)["gun_shot"]
    assert (said.of, said.named, said.alarmed, said.names) == (2, 1, 1, {"glass-breaking": 1})


@given(st.lists(st.floats(0, 1), max_size=120), st.floats(0.2, 0.9), st.floats(0.1, 1.5))
def test_the_short_way_through_the_rules_gives_what_the_node_gives(
    scores: list[float], enter: float, gap: float
) -> None:
    rule = HazardRule(enter=enter, leave=0.6 * enter, sounding=0.2, gap=gap, times=0)
    column = np.array(scores, dtype=np.float32)
    kind = HazardKind.GLASS_BREAKING
    events = HazardEvents({kind: rule})
    claims = [
        claim
        for tick, score in enumerate(column.tolist())
        for claim in events.feed(Scores((tick + 1) * 0.1, 0.1, {kind: score}, {}, 0.0), 0.0, 0.0)
    ]
    wanted = [claim.onset for claim in claims if isinstance(claim, DetectionBegin)]
    assert [begin.onset for begin in begins_of(rule, column)] == pytest.approx(wanted)


@given(st.floats(0.01, 20), st.floats(-10, 10), st.floats(0, 1), st.floats(0, 1))
def test_a_calibration_keeps_the_order(slope: float, offset: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    probable = Calibration(slope=slope, offset=offset)
    assert 0.0 <= probable(low) <= 1.0
    assert probable(low) <= probable(high) + 1e-12 or high == 1.0 or low == 0.0
    assert Calibration()(one) == one


def test_a_fitted_calibration_says_how_often_it_is_so() -> None:
    rng = np.random.default_rng(1)
    truth_logit = rng.normal(-2, 2, 20_000)
    truth = rng.random(20_000) < 1 / (1 + np.exp(-truth_logit))
    overconfident = 1 / (1 + np.exp(-(3 * truth_logit + 1)))
    found_map = fitted(overconfident, truth)
    assert found_map.slope == pytest.approx(1 / 3, abs=0.03)
    probable = 1 / (1 + np.exp(-(found_map.slope * logits(overconfident) + found_map.offset)))
    assert reliability(probable, truth).error < 0.01 < reliability(overconfident, truth).error
    assert probable[7] == pytest.approx(found_map(float(overconfident[7])), abs=1e-6)


def test_without_an_answer_nothing_is_fitted() -> None:
    assert fitted(np.array([0.2, 0.9]), np.array([False, False])) == Calibration()


def test_no_rate_a_day_before_a_day_was_heard() -> None:
    assert "a day" not in FalseAlarms.of(3, 23.9).text
    assert "a day" in FalseAlarms.of(3, 24.0).text
    assert FalseAlarms.of(0, 0.0).text.endswith("nothing known")
    assert share_interval(100, 100)[1] == 1.0


def test_a_detection_belongs_to_a_sound_around_it() -> None:
    assert found([Begin(1.6, 1.0)], 2.0, 3.0)
    assert not found([Begin(1.4, 1.0)], 2.0, 3.0)


def test_the_fields_own_measures_or_why_not() -> None:
    edges, quiet = np.arange(5.0), np.full((4, 2), 0.1, dtype=np.float32)
    loud = quiet.copy()
    loud[1, 0], loud[2, 1] = 0.9, 0.7
    tables = {"a": ScoreTable(edges, loud), "b": ScoreTable(edges, quiet)}
    truth = {"a": [(1.0, 2.0, "dog"), (2.0, 3.0, "bells")]}
    got = class_scores(tables, ["dog", "bells"], truth, {"dog": 0.5, "bells": 0.8})
    if isinstance(got, str):
        installed = importlib.util.find_spec("sed_scores_eval") is not None
        assert got.startswith(UNUSABLE) if installed else got == MISSING
    else:
        assert (got["dog"].psds1, got["dog"].psds2, got["dog"].f1) == (1.0, 1.0, 1.0)
        assert (got["bells"].psds1, got["bells"].f1, got["bells"].best_f1) == (1.0, 0.0, 1.0)
    assert class_scores(tables, ["dog"], truth, {"dog": 0.5}) == (got if isinstance(got, str) else TOO_FEW)


@pytest.mark.parametrize(("missing", "said"), [("sed_scores_eval", MISSING), ("pkg_resources", UNUSABLE)])
def test_a_library_that_cannot_be_loaded_costs_only_its_own_measures(
    monkeypatch: pytest.MonkeyPatch, missing: str, said: str
) -> None:
    def fails(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr("clairvoie.lab.detection_scores.importlib.import_module", fails)
    got = class_scores({}, ["dog", "bells"], {}, {})
    assert isinstance(got, str)
    assert got.startswith(said)


def test_yamnets_windows_begin_where_they_rise() -> None:
    class Silent:
        def shared(self, sound: np.ndarray) -> np.ndarray:
            return np.zeros((3, 15), dtype=np.float32)

    other = Other(Silent())  # type: ignore[arg-type]
    heard = other.hear(np.zeros(40_000, dtype=np.float32))
    assert heard.values.shape == (3, len(other.kinds))
    heard.values[1:, other.kinds.index("dog")] = (0.4, 0.6)
    assert other.begins("dog", heard) == [Begin(0.48, pytest.approx(0.6))]
    assert other.begins("dog", heard, 0.7) == []


def test_the_bench_runs_and_keeps_raw_scores(needs_shared: Path, tmp_path: Path) -> None:
    from clairvoie.lab.bench_scenes import StreetBench, bench

    order = StreetBench(needs_shared, compare=False, quick=True, scores=tmp_path)
    figures = bench(order, SoundTagger.load())
    ours = figures.recognisers["Clairvoie"]
    assert ours.curves["glass-breaking"].of == {"20": 2}
    assert set(figures.exposure_hours) == {"clips of the test fold", "test backgrounds", "UrbanSound8K", "speech"}
    assert ours.curves["glass-breaking"].hours < sum(figures.exposure_hours.values()) + 1e-6
    assert "Poisson" in scene_text(figures)
    draw(figures, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "ground-truth.tsv").read_text(encoding="utf-8").startswith("filename\tonset")
    rows = next((tmp_path / "Clairvoie").glob("*.tsv")).read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("onset\toffset\tglass-breaking")
    assert 595 < len(rows) < 605
