"""Scenes for training: powers add up, targets say what sounds when, and doubt teaches nothing."""

from __future__ import annotations

import numpy as np
import pytest

from clairvoie.detect.sound.spectra import BANDS
from clairvoie.lab import classes
from clairvoie.lab.classes import OUTPUTS
from clairvoie.lab.dataset import Voice, active_frames, voices
from clairvoie.lab.mixing import TICK_FRAMES, Mixer, Scene
from clairvoie.lab.synthesis import MAKERS

TICKS = 30


def bank(*names: str) -> list[list[Voice]]:
    rng = np.random.default_rng(5)
    return [voices(MAKERS[n](rng, 2.0, 16_000), n, classes.SYNTHETIC[n], real=False, speeds=(1.0,)) for n in names]


def scenes(count: int, *events: str, seed: int = 1) -> list[Scene]:
    mixer = Mixer(bank(*events), bank("traffic"), np.random.default_rng(seed), TICKS)
    return [mixer.scene() for _ in range(count)]


def test_the_same_seed_gives_the_same_scenes() -> None:
    for a, b in zip(scenes(5, "horn", "rain"), scenes(5, "horn", "rain"), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_shapes_and_ranges() -> None:
    for scene in scenes(20, "glass-breaking", "babble", "bang"):
        assert scene.power.shape == (TICKS * TICK_FRAMES, BANDS)
        assert scene.targets.shape == scene.weights.shape == (TICKS, len(OUTPUTS))
        assert np.isfinite(scene.power).all()
        assert (scene.power >= 0).all()
        assert set(np.unique(scene.targets)) <= {0.0, 1.0}
        assert ((scene.weights >= 0) & (scene.weights <= 1)).all()


def test_glass_teaches_glass_and_nothing_about_other() -> None:
    found = [s for s in scenes(40, "glass-breaking") if s.targets[:, OUTPUTS.index("glass-breaking")].any()]
    assert len(found) > 20
    for scene in found:
        sounding = scene.targets[:, OUTPUTS.index("glass-breaking")] > 0
        assert (scene.weights[sounding, OUTPUTS.index("other")] == 0).all()
        assert (scene.weights[sounding, OUTPUTS.index("glass-breaking")] > 0).all()


def test_talk_teaches_only_that_it_is_withheld() -> None:
    taught = {OUTPUTS[i] for s in scenes(40, "babble") for i in np.flatnonzero(s.targets.any(axis=0))}
    assert taught <= {"withheld", "traffic"}
    assert "withheld" in taught


def test_a_bang_alone_teaches_no_hazard() -> None:
    taught = {OUTPUTS[i] for s in scenes(40, "bang") for i in np.flatnonzero(s.targets.any(axis=0))}
    assert taught <= {"traffic"}


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
