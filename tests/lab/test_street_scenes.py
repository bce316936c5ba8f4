"""Scenes for judging: the ratio is what it says, nothing clicks, and the order alone determines every sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from clairvoie.lab.dataset import RATE, Clip
from clairvoie.lab.street_scenes import (
    LEAD_SECONDS,
    SCENE_SECONDS,
    StreetScene,
    a_weighted,
    dry,
    faded,
    gain_for,
    heard_in_street,
    looped,
    made,
    street_orders,
    street_response,
)
from clairvoie.lab.strong_labels import spans, strong_labels, write_lines
from clairvoie.lab.synthesis import MAKERS


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("sounds")
    found = []
    for number, (maker, label) in enumerate(
        (("glass-breaking", "glass_breaking"), ("horn", "car_horn"), ("bells", "church_bells"), ("babble", "laughing"))
    ):
        path = folder / f"{label}.wav"
        sound = MAKERS[maker](np.random.default_rng(number), 1.5, RATE)
        silent = np.zeros(RATE, dtype=np.float32)
        wavfile.write(path, RATE, np.concatenate([silent, sound, silent]))
        found.append(Clip(path, label, 4, str(number), "CC0", 3.5, True))
    return found


@pytest.fixture(scope="module")
def street() -> dict[str, np.ndarray]:
    return {"rain": MAKERS["rain"](np.random.default_rng(9), 12.0, RATE)}


@pytest.fixture(scope="module")
def scene(clips: list[Clip], street: dict[str, np.ndarray]) -> StreetScene:
    return made(street_orders(clips, street, 10.0, 2, 5)[0], street)


def test_every_class_sounds_as_often_as_asked_and_nothing_overlaps(
    clips: list[Clip], street: dict[str, np.ndarray]
) -> None:
    orders = street_orders(clips, street, 10.0, 5, 5)
    placed = [event for order in orders for event in order.events]
    assert all(sum(e.clip.label == clip.label for e in placed) == 5 for clip in clips)
    for order in orders:
        ends = [event.at + event.seconds for event in order.events]
        assert all(later.at > end for later, end in zip(order.events[1:], ends, strict=False))
        assert order.events[0].at > LEAD_SECONDS
        assert ends[-1] < SCENE_SECONDS


def test_the_same_order_makes_the_same_samples(
    scene: StreetScene, clips: list[Clip], street: dict[str, np.ndarray]
) -> None:
    street_response.cache_clear()
    dry.cache_clear()
    again = made(street_orders(clips, street, 10.0, 2, 5)[0], street)
    assert np.array_equal(scene.samples, again.samples)
    other = made(street_orders(clips, street, 10.0, 2, 6)[0], street)
    assert not np.array_equal(scene.samples, other.samples)


def test_a_scene_lasts_a_minute_and_names_no_voice(scene: StreetScene) -> None:
    assert scene.samples.size == SCENE_SECONDS * RATE
    words = {line.event_label for line in scene.lines}
    assert words <= {"glass-breaking", "horn", "sustained-horn", "bells"}
    assert "laughing" in {sound.label for sound in scene.sounding}


@pytest.mark.parametrize("ratio", [20.0, 10.0, 0.0])
def test_the_ratio_is_between_the_active_part_and_what_lies_under_it(
    ratio: float, clips: list[Clip], street: dict[str, np.ndarray]
) -> None:
    wet = heard_in_street(dry(clips[0].path, clips[0].label), street_response(5, 3))
    under = a_weighted(street["rain"])[: wet.size]
    loud = a_weighted(wet * np.float32(gain_for(wet, under, ratio)))
    active = np.zeros(wet.size, dtype=bool)
    for onset, offset in spans(wet):
        active[round(onset * RATE) : round(offset * RATE)] = True
    levels = [10 * np.log10(np.mean(np.square(x[active]))) for x in (loud, under)]
    assert levels[0] - levels[1] == pytest.approx(ratio, abs=0.05)


def test_nothing_begins_or_ends_with_an_edge(clips: list[Clip]) -> None:
    for clip in clips:
        assert abs(dry(clip.path, clip.label)[[0, -1]]).max() < 1e-3
    assert abs(faded(np.ones(1000, dtype=np.float32))[[0, -1]]).max() < 1e-3


def test_a_background_is_repeated_without_a_seam() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE).astype(np.float32)
    steps = np.abs(np.diff(looped(tone, 1.0, 20.0)))
    assert steps.max() < 2 * np.abs(np.diff(tone)).max()


def test_a_street_answers(clips: list[Clip]) -> None:
    sound = dry(clips[0].path, clips[0].label)
    wet = heard_in_street(sound, street_response(5, 3))
    after = np.sum(np.square(wet[sound.size :], dtype=np.float64))
    assert after > 0
    assert wet.size > sound.size


def test_strong_labels_are_a_table_that_others_read(clips: list[Clip], tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    count = write_lines(strong_labels(clips, clips[0].path.parent), path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "filename\tonset\toffset\tevent_label"
    assert len(lines) == count + 1
    rows = [line.split("\t") for line in lines[1:]]
    assert {row[3] for row in rows} == {"glass-breaking", "horn", "bells"}
    first = next(row for row in rows if row[3] == "horn")
    assert float(first[1]) == pytest.approx(1.0, abs=0.03)
    assert float(first[2]) == pytest.approx(2.5, abs=0.05)
