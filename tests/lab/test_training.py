"""Training runs from recordings to a model that the package can load, and keeps folds and licences apart."""

from __future__ import annotations

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
    assert set(card["clips_by_licence"]) <= {"CC0", "CC-BY"}
    assert "## Limits" in (tmp_path / "street.md").read_text(encoding="utf-8")
    credited = (tmp_path / "street-credits.txt").read_text(encoding="utf-8")
    assert "[CC-BY]" in credited
    assert "BY-NC" not in credited


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
    from clairvoie.lab.training import _origin

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
