"""The benchmark of clips: mixtures are what their labels say, runs go on, and what is tested was not learned."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from clairvoie.errors import LabError
from clairvoie.lab.bank import FLOOR_DB
from clairvoie.lab.dataset import RATE
from clairvoie.lab.esc50_spectra import BANDS, FRAMES, ClipTable, decibels, mel_levels

LABELS = ("bells", "horn", "rain")


@pytest.fixture
def table() -> ClipTable:
    rng = np.random.default_rng(4)
    count = 24
    levels = rng.integers(60, 90, (count, FRAMES, BANDS), dtype=np.uint8)
    labels = tuple(LABELS[number % 3] for number in range(count))
    for number, label in enumerate(labels):
        levels[number, :, 20 * LABELS.index(label) : 20 * LABELS.index(label) + 15] = 200
    return ClipTable(levels, tuple(f"{n}.wav" for n in range(count)), labels, np.arange(count) // 3 % 4 + 1)


def test_a_tone_lies_in_its_band_whatever_its_rate(tmp_path: Path) -> None:
    from clairvoie.lab.dataset import read_sound

    rows = []
    for rate in (16_000, 44_100):
        path = tmp_path / f"{rate}.wav"
        wavfile.write(path, rate, (0.3 * np.sin(2 * np.pi * 1000 * np.arange(5 * rate) / rate)).astype(np.float32))
        rows.append(mel_levels(read_sound(path))[100:400].mean(axis=0))
    assert int(np.argmax(rows[0])) == int(np.argmax(rows[1]))
    assert abs(rows[0].max() - rows[1].max()) <= 1


def test_a_table_of_clips_comes_back(table: ClipTable, tmp_path: Path) -> None:
    table.write(tmp_path / "clips.npz")
    again = ClipTable.read(tmp_path / "clips.npz").part((2,))
    assert set(again.folds.tolist()) == {2}
    assert again.labels == tuple(x for x, fold in zip(table.labels, table.folds, strict=True) if fold == 2)
    with pytest.raises(LabError, match="no table of clips"):
        ClipTable.read(tmp_path / "nothing.npz")


def test_two_frames_are_one_by_their_power(table: ClipTable) -> None:
    levels = np.zeros((1, FRAMES, BANDS), dtype=np.uint8)
    levels[0, 10] = 200  # 100 dB over a floor that adds nothing
    found = decibels(levels)
    assert found.shape == (1, FRAMES // 2, BANDS)
    assert np.allclose(found[0, 5], FLOOR_DB + 100 - 10 * np.log10(2), atol=1e-3)
    assert np.allclose(np.delete(found[0], 5, axis=0), FLOOR_DB, atol=1e-3)


def test_a_mixture_is_labelled_by_what_it_holds(table: ClipTable, needs_torch: None) -> None:
    import torch

    from clairvoie.lab.esc50_augment import Augmenter, Strength
    from clairvoie.lab.esc50_network import ClipNetwork

    rng = torch.Generator().manual_seed(2)
    labels = torch.tensor([LABELS.index(x) for x in table.labels])
    held = torch.nn.functional.one_hot(labels, 3).float()
    levels = torch.from_numpy(decibels(table.levels))
    network = ClipNetwork(3, 4)
    network.learn_usual(levels)
    assert torch.allclose(network.pictures(levels).mean(dim=(0, 1, 2)), torch.zeros(BANDS), atol=1e-3)
    seen, target = Augmenter(rng, torch.device("cpu")).mixed(levels, held, network)
    assert seen.shape == (24, 1, Strength().stretch, BANDS)
    assert bool(torch.isfinite(seen).all())
    assert torch.allclose(target.sum(dim=1), torch.ones(24))
    assert bool((target[torch.arange(24), labels] >= 0.5).all()), "the first of two is the greater part"
    alone = Strength(250, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, mix_share=0.0)
    seen, target = Augmenter(rng, torch.device("cpu"), alone).mixed(levels, held, network)
    assert bool((target == held).all())
    shares = seen[:, 0].mean(dim=1).reshape(24, 4, 20).mean(dim=2)[:, :3]
    assert shares.argmax(dim=1).tolist() == labels.tolist()
    assert torch.allclose(seen.mean(dim=2), network.pictures(levels).mean(dim=2), atol=1e-3), "all of it, moved"


def test_a_stretch_holds_what_the_clip_holds(needs_torch: None) -> None:
    import torch

    from clairvoie.lab.esc50_augment import Augmenter, Strength
    from clairvoie.lab.esc50_network import ClipNetwork

    levels = torch.full((40, FRAMES // 2, BANDS), -100.0)
    levels[:, 200:206] = -20.0  # a tenth of a second in five
    network = ClipNetwork(2, 4)
    short = Strength(50, 0.1, 0.06, 0.0, 0.0, 0, 0, 0, mix_share=0.0)
    augmenter = Augmenter(torch.Generator().manual_seed(3), torch.device("cpu"), short)
    seen, _ = augmenter.mixed(levels, torch.ones(40, 2), network)
    assert torch.allclose(seen.amax(dim=(1, 2, 3)), torch.full((40,), -20.0), atol=1e-3)


def test_a_cut_run_goes_on_and_another_is_refused(table: ClipTable, needs_torch: None, tmp_path: Path) -> None:
    from clairvoie.lab.esc50_training import Order, Training, read_classifier, train_on

    said: list[str] = []
    order = Order(tmp_path, tmp_path, (1, 2, 3), width=4, device="cpu", smoke=True)
    cut = Training(table.part(order.folds), order, said.append)
    cut.one_epoch(said.append)
    path = train_on(table, order, said.append)
    assert any("going on after epoch 1 of 1" in line for line in said)
    assert not list(tmp_path.glob("*.checkpoint"))
    network, labels = read_classifier(path)
    assert labels == tuple(sorted(LABELS))
    assert network.width == 4
    with pytest.raises(LabError, match="is even"):
        train_on(table, replace(order, width=5), said.append)
    Training(table.part(order.folds), order, said.append).one_epoch(said.append)
    with pytest.raises(LabError, match="another kind"):
        Training(table, Order(tmp_path, tmp_path, (1, 2), width=4, device="cpu", smoke=True), said.append)


def test_the_protocol_never_learns_the_fold_it_tests(table: ClipTable, needs_torch: None, tmp_path: Path) -> None:
    import torch

    from clairvoie.lab.bench_esc50 import Protocol, run_protocol

    bank = tmp_path / "clips.npz"
    table.write(bank)
    order = Protocol(
        tmp_path, tmp_path / "out", 4, (1, 2), 1, None, True, folds=(1, 3), device="cpu", bank=bank, smoke=True
    )
    said: list[str] = []
    figures = run_protocol(order, said.append)
    assert [x.what.split(",")[0] for x in figures] == [
        "one network", "2 networks together", "one network taught by 2"
    ]  # fmt: skip
    assert set(figures[0].folds) == {"1", "3"}
    for path in (tmp_path / "out").glob("fold1-*.pt"):
        assert torch.load(path, weights_only=True)["order"]["folds"] == [2, 3, 4]
    assert (tmp_path / "out" / "figures-4-folds13.json").is_file()
    again: list[str] = []
    assert run_protocol(order, again.append) == figures
    assert sum(line.endswith("is there") for line in again) == 6


def test_what_yamnet_said_is_learned_beside_and_thrown_away(
    table: ClipTable, needs_torch: None, tmp_path: Path
) -> None:
    from clairvoie.lab.esc50_training import Order, Training, read_classifier, train_on

    said = tmp_path / "said.npz"
    with said.open("wb") as file:
        np.savez(file, files=np.array(table.files), said=np.full((len(table.files), 70), 0.5, dtype=np.float32))
    order = Order(tmp_path, tmp_path, (1, 2, 3), width=4, device="cpu", smoke=True, yamnet=said)
    losses: list[str] = []
    network, labels = read_classifier(train_on(table, order, losses.append))
    assert network.scores.out_features == len(labels) == len(LABELS)
    train_on(table, replace(order, yamnet=None, name="alone.pt"), losses.append)
    loss = [float(line.split("loss ")[1].split(",")[0]) for line in losses if "loss" in line]
    assert loss[0] > loss[1] + 0.1 * 70 * 0.5, "seventy classes at one half cost about 0.69 each"
    with pytest.raises(LabError, match="not what YAMNet said"):
        Training(ClipTable(table.levels[:1], ("other.wav",), ("rain",), np.ones(1, dtype=np.int64)), order, print)


def test_a_stranger_scores_a_fold(needs_torch: None, table: ClipTable, tmp_path: Path) -> None:
    from clairvoie.lab.bench_esc50 import read_listed, score
    from clairvoie.lab.esc50_training import Order, train_on

    weights = train_on(table, Order(tmp_path, tmp_path, width=4, device="cpu", smoke=True), print)
    audio = tmp_path / "audio"
    audio.mkdir()
    with (tmp_path / "esc50.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["filename", "fold", "target", "category"])
        for number, label in enumerate(LABELS):
            wavfile.write(audio / f"5-{number}.wav", RATE, np.full(RATE, 0.1, dtype=np.float32))
            writer.writerow([f"5-{number}.wav", 5 if number else 4, number, label])
    listed = read_listed(audio, tmp_path / "esc50.csv", 5)
    assert listed.files == ("5-1.wav", "5-2.wav")
    found = score(listed, [weights, weights], tmp_path / "answers.csv", "cpu")
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert found.of == len(rows) == 2
    assert found.right == sum(row["label"] == row["predicted"] for row in rows)
    with pytest.raises(LabError, match="none of the listed"):
        read_listed(tmp_path, tmp_path / "esc50.csv", 5)
