"""Training runs from recordings to a model that the package can load, and keeps folds and licences apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clairvoie.errors import LabError


def test_a_short_training_gives_a_model_that_loads(needs_shared: Path, needs_torch: None, tmp_path: Path) -> None:
    from clairvoie.detect.sound.card import MODEL_NAME
    from clairvoie.detect.sound.tagging import SoundTagger
    from clairvoie.lab.training import Run, run

    said: list[str] = []
    run(Run(data=needs_shared, out=tmp_path, folds=(1,), validate_fold=3, smoke=True), said.append)
    tagger = SoundTagger.load(tmp_path / MODEL_NAME)
    assert tagger.model_hash.removeprefix("sha256:") in said[-1]
    card = msgspec.json.decode((tmp_path / "street.json").read_bytes())
    assert card["training"]["thresholds_from"] == "fold 3"
    assert card["parameters"] < 200_000
    assert set(card["calibration"]) == set(card["rules"])
    assert set(card["clips_by_licence"]) <= {"CC0", "CC-BY"}
    assert "## Limits" in (tmp_path / "street.md").read_text(encoding="utf-8")
    credited = (tmp_path / "street-credits.txt").read_text(encoding="utf-8")
    assert "[CC-BY]" in credited
    assert "BY-NC" not in credited


def test_a_cut_run_goes_on_from_a_bank_without_the_recordings(
    needs_shared: Path, needs_torch: None, tmp_path: Path
) -> None:
    from clairvoie.lab.train import CHECKPOINT, Plan, read_network, train, write_network

    bank = tmp_path / "bank.npz"
    plan = Plan(needs_shared, (1,), epochs=1, batches=2, size=4, smoke=True, synthetic=0, bank=bank, keep=tmp_path)
    said: list[str] = []
    first, _, labels, epochs = train(plan, said.append)
    assert epochs == 1
    assert (tmp_path / CHECKPOINT).is_file()
    elsewhere = replace(plan, data=tmp_path / "nowhere")
    again, *_ = train(elsewhere, said.append)
    assert "going on after epoch 1 of 1" in said
    assert all(bool((a == b).all()) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    write_network(first, labels, tmp_path / "street.pt")
    assert read_network(tmp_path / "street.pt", labels).width == first.width
    with pytest.raises(LabError, match="other classes"):
        read_network(tmp_path / "street.pt", ("dog",))
    with pytest.raises(LabError, match="this bank holds"):
        train(replace(elsewhere, folds=(2,)), said.append)


def test_what_was_trained_elsewhere_is_finished_where_the_recordings_are(
    needs_shared: Path, needs_torch: None, tmp_path: Path
) -> None:
    from clairvoie.lab.training import WEIGHTS, Run, run

    bank, away, here = tmp_path / "bank.npz", tmp_path / "away", tmp_path / "here"
    run(Run(needs_shared, tmp_path / "made", (1, 2), epochs=0, smoke=True, bank=bank), print)
    assert not list((tmp_path / "made").iterdir())
    run(Run(tmp_path / "nowhere", away, (1,), smoke=True, bank=bank, weights_only=True), print)
    assert not (away / "street.onnx").exists()
    order = Run(needs_shared, here, (1,), epochs=0, start=away / WEIGHTS, smoke=True)
    run(order, print)
    card = msgspec.json.decode((here / "street.json").read_bytes())
    assert card["training"]["folds"] == "1"
    assert card["training"]["epochs"] == 1
    with pytest.raises(LabError, match="other folds"):
        run(replace(order, folds=(1, 2)), print)


def test_a_larger_network_teaches_a_smaller_one(needs_shared: Path, needs_torch: None, tmp_path: Path) -> None:
    from clairvoie.lab.train import Plan, train, write_network

    plan = Plan(needs_shared, (1,), epochs=1, batches=1, size=2, smoke=True, synthetic=0, bank=tmp_path / "bank.npz")
    teacher, _, labels, _ = train(replace(plan, width=24, scale=0.5), print)
    write_network(teacher, labels, tmp_path / "teacher.pt")
    taught, *_ = train(replace(plan, width=8, scale=0.25, teacher=tmp_path / "teacher.pt"), print)
    assert sum(p.numel() for p in taught.parameters()) < sum(p.numel() for p in teacher.parameters())


def test_a_larger_network_learns_beside_a_smaller_one_and_both_go_on(
    needs_shared: Path, needs_torch: None, tmp_path: Path
) -> None:
    from clairvoie.lab.train import Plan, beside_of, train, write_network

    plan = Plan(needs_shared, (1,), epochs=1, batches=1, size=2, smoke=True, synthetic=0, bank=tmp_path / "bank.npz")
    small = replace(plan, width=8, scale=0.25, beside=2.0)
    trained = train(small, print)
    assert trained.beside is not None
    assert (trained.beside.width, trained.beside.scale) == (16, 0.5)
    write_network(trained.network, trained.labels, tmp_path / "street.pt")
    with pytest.raises(LabError, match="cannot be read"):
        train(replace(small, start=tmp_path / "street.pt"), print)
    write_network(trained.beside, trained.labels, beside_of(tmp_path / "street.pt"))
    still = train(replace(small, start=tmp_path / "street.pt", rate=1e-12), print)
    assert still.beside is not None
    for before, after in ((trained.network, still.network), (trained.beside, still.beside)):
        assert all(
            bool((a - b).abs().max() < 1e-6) for a, b in zip(before.parameters(), after.parameters(), strict=True)
        )


def test_thresholds_mean_the_same_once_they_are_probabilities(needs_torch: None) -> None:
    from clairvoie.boundary.hazards import HazardKind
    from clairvoie.detect.sound.card import Calibration
    from clairvoie.lab.scene_calibration import in_probabilities
    from clairvoie.lab.thresholds import STARTING_RULES

    kind = HazardKind.GLASS_BREAKING
    probable = Calibration(slope=0.7, offset=-1.5)
    mapped = in_probabilities(STARTING_RULES, {kind: probable})
    for raw in (0.29, 0.31, 0.49, 0.51):
        assert (raw >= STARTING_RULES[kind].enter) == (probable(raw) >= mapped[kind].enter)
        assert (raw >= STARTING_RULES[kind].leave) == (probable(raw) >= mapped[kind].leave)
    assert mapped[HazardKind.FIREWORK] == STARTING_RULES[HazardKind.FIREWORK]


@pytest.mark.parametrize(
    ("folds", "validate", "tested"), [((1, 2, 3), 3, None), ((1, 2), None, 2), ((1, 2), 3, 3), ((), None, None)]
)
def test_a_fold_has_one_purpose(
    folds: tuple[int, ...], validate: int | None, tested: int | None, needs_torch: None
) -> None:
    from clairvoie.lab.training import Run

    with pytest.raises(LabError):
        Run(data=Path(), out=Path(), folds=folds, validate_fold=validate, test_fold=tested)


def test_the_card_says_where_borrowed_thresholds_come_from(tmp_path: Path, needs_torch: None) -> None:
    from clairvoie.lab.finishing import _origin

    rules = tmp_path / "street.json"
    training = {"command": "clairvoie lab train --train-folds 1 --validate-fold 2", "thresholds_from": "fold 2"}
    rules.write_bytes(msgspec.json.encode({"training": training}))
    assert _origin(rules, 4) == "fold 2 by the network of `clairvoie lab train --train-folds 1 --validate-fold 2`"
    with pytest.raises(LabError, match="the fold to be tested on"):
        _origin(rules, 2)


def test_without_recordings_it_says_so(tmp_path: Path, needs_torch: None) -> None:
    from clairvoie.lab.training import Run, run

    with pytest.raises(LabError, match="no labelled recordings"):
        run(Run(data=tmp_path, out=tmp_path / "out", smoke=True), print)


def test_nothing_that_may_not_be_published_is_learned_from(needs_shared: Path) -> None:
    from clairvoie.lab import classes
    from clairvoie.lab.dataset import esc, read_clips, urban

    clips = read_clips(needs_shared)
    learned = esc(clips, (1, 2, 3), shippable=True)
    tested = esc(clips, (4,), shippable=False)
    assert {c.licence for c in learned} == {"CC0", "CC-BY"}
    assert not {c.freesound for c in learned} & {c.freesound for c in tested}
    assert not {c.freesound for c in learned} & {c.freesound for c in urban(clips)}
    assert not {c.freesound for c in clips} & classes.EXCLUDED_IDS
    assert all("urban" not in c.path.parts for c in learned)
