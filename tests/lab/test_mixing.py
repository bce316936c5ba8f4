"""Scenes for training: powers add up, targets say what sounds when, and doubt teaches nothing."""

from __future__ import annotations

import numpy as np
import pytest

from clairvoie.detect.sound.spectra import BANDS
from clairvoie.lab import classes
from clairvoie.lab.bank import Bank
from clairvoie.lab.classes import OUTPUTS
from clairvoie.lab.dataset import Voice, active_frames, voices
from clairvoie.lab.synthesis import MAKERS

TICKS = 30
FRAMES = 8 * TICKS


def sounds(*names: str) -> list[list[Voice]]:
    rng = np.random.default_rng(5)
    return [voices(MAKERS[n](rng, 2.0, 16_000), n, classes.SYNTHETIC[n], real=False, speeds=(1.0,)) for n in names]


class Mixed:
    """Scenes as arrays."""

    def __init__(self, count: int, *events: str, seed: int = 1) -> None:
        from clairvoie.lab.mixing import Mixer

        mixer = Mixer(Bank.of(sounds(*events), sounds("traffic")), seed, TICKS)
        self.power, self.targets, self.weights, self.labels = (x.numpy() for x in mixer.scenes(count))

    def taught(self) -> set[str]:
        return {OUTPUTS[i] for i in np.flatnonzero(self.targets.any(axis=(0, 1)))}


def test_the_same_seed_gives_the_same_scenes(needs_torch: None) -> None:
    first, again, other = Mixed(5, "horn", "rain"), Mixed(5, "horn", "rain"), Mixed(5, "horn", "rain", seed=2)
    assert np.array_equal(first.power, again.power)
    assert np.array_equal(first.targets, again.targets)
    assert not np.array_equal(first.power, other.power)


def test_shapes_and_ranges(needs_torch: None) -> None:
    mixed = Mixed(20, "glass-breaking", "babble", "bang")
    assert mixed.power.shape == (20, FRAMES, BANDS)
    assert mixed.targets.shape == mixed.weights.shape == (20, TICKS, len(OUTPUTS))
    assert np.isfinite(mixed.power).all()
    assert (mixed.power >= 0).all()
    assert set(np.unique(mixed.targets)) <= {0.0, 1.0}
    assert ((mixed.weights >= 0) & (mixed.weights <= 1)).all()


def test_glass_teaches_glass_and_nothing_about_other(needs_torch: None) -> None:
    mixed = Mixed(40, "glass-breaking")
    sounding = mixed.targets[..., OUTPUTS.index("glass-breaking")] > 0
    assert sounding.any(axis=1).sum() > 20
    assert (mixed.weights[sounding][:, OUTPUTS.index("other")] == 0).all()
    assert (mixed.weights[sounding][:, OUTPUTS.index("glass-breaking")] > 0).all()


def test_talk_teaches_only_that_it_is_withheld(needs_torch: None) -> None:
    taught = Mixed(40, "babble").taught()
    assert taught <= {"withheld", "traffic"}
    assert "withheld" in taught


def test_a_bang_alone_teaches_no_hazard(needs_torch: None) -> None:
    assert Mixed(40, "bang").taught() <= {"traffic"}


def test_what_rings_but_does_not_break_is_an_example_against_glass(needs_torch: None) -> None:
    mixed = Mixed(40, "clink", "keys")
    assert mixed.taught() <= {"other", "traffic"}
    assert (mixed.weights[..., OUTPUTS.index("glass-breaking")] > 0).all()


def test_a_canyon_adds_a_tail_and_takes_nothing(needs_torch: None) -> None:
    import torch

    from clairvoie.lab.mixing import Mixer

    mixer = Mixer(Bank.of(sounds("horn"), sounds("traffic")), 3, TICKS)
    click = torch.zeros(16, FRAMES, BANDS)
    click[:, 10] = 1.0
    heard = mixer._between_facades(click)
    assert (heard >= click).all()
    tails = heard[:, 11:].sum(dim=(1, 2)) / BANDS
    assert 0 < int((tails > 0).sum()) < 16
    assert float(tails.max()) <= 1.0 + 1e-4
    assert (heard[:, :10] == 0).all()


def test_a_bank_gives_up_the_folds_that_are_not_asked_for() -> None:
    bank = Bank.of(sounds("horn", "bang", "rain"), sounds("traffic"), "a test", folds=(1, 2))
    assert bank.folds == (1, 2)
    part = bank.part((2,))
    assert part.labels == ("bang", "rain"), "what belongs to no fold stays"
    assert part.sounds.length.tolist() == bank.sounds.length[1:].tolist()
    assert np.array_equal(part.sounds.level, bank.sounds.level[int(bank.sounds.start[1]) :])


def test_a_bank_keeps_sounds_to_a_quarter_of_a_decibel(tmp_path: object) -> None:
    from pathlib import Path

    bank = Bank.of(sounds("horn", "bang"), sounds("traffic"), "a test")
    path = Path(str(tmp_path)) / "bank.npz"
    bank.write(path)
    again = Bank.read(path)
    assert again.origin == "a test"
    assert again.labels == bank.labels == ("bang", "horn")
    assert np.array_equal(again.sounds.level, bank.sounds.level)
    voice = sounds("horn")[0][0]
    first = int(np.flatnonzero(voice.active)[0])
    kept = bank.sounds.level[: int(bank.sounds.length[0])].astype(float) * 0.5 - 127.0
    wanted = np.maximum(10 * np.log10(voice.power[first : first + len(kept)] + 1e-14), -127.0)
    assert np.abs(kept - wanted).max() <= 0.26


def test_activity_follows_the_envelope_and_joins_short_gaps() -> None:
    power = np.full((240, BANDS), 1e-12, dtype=np.float32)
    power[40:80] = 1e-3
    power[90:120] = 1e-3  # 0.125 s after
    power[180:200] = 1e-3  # 0.75 s after
    active = active_frames(power)
    assert active[45:118].all()
    assert not active[130:170].any()
    assert active[185:195].all()
    assert not active[:35].any()


@pytest.mark.parametrize("name", sorted(classes.TEACHES))
def test_every_class_teaches_an_output_and_never_doubts_what_it_teaches(name: str) -> None:
    assert classes.TEACHES[name]
    assert set(classes.TEACHES[name]) <= set(OUTPUTS)
    assert not set(classes.TEACHES[name]) & set(classes.UNSURE.get(name, ()))


def test_doubts_are_about_outputs_of_known_classes() -> None:
    assert set(classes.UNSURE) <= set(classes.TEACHES) | set(classes.SYNTHETIC)
    assert {output for outputs in classes.UNSURE.values() for output in outputs} <= set(OUTPUTS)
    assert not set(classes.TRAIN_BACKGROUNDS) & set(classes.TEST_BACKGROUNDS)
