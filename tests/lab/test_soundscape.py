"""Scenes: the same seed gives the same bytes; delays, levels and ground truth are what the scene says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from clairvoie.errors import LabError
from clairvoie.lab.annotation import Annotation, labels_of, write_annotations
from clairvoie.lab.loudness import a_level
from clairvoie.lab.propagation import Surroundings
from clairvoie.lab.rendering import Heard, render
from clairvoie.lab.scenario import evening, microphones_of, parse_event, street
from clairvoie.lab.scene import Ambience, Emission, Microphone, Scene
from clairvoie.lab.soundscape import read_scene_document, write_scene
from clairvoie.lab.town import read_quarter

OPEN_FIELD = Surroundings(reflections=0)


def field(*emissions: Emission, ambiences: tuple[Ambience, ...] = (), **changes: object) -> Scene:
    """Two microphones, 10 and 100 m from the origin, in a field without ground."""
    scene = Scene(
        seed=5,
        seconds=6.0,
        microphones=(Microphone("near", (10.0, 0.0, 2.0)), Microphone("far", (100.0, 0.0, 2.0))),
        emissions=emissions,
        ambiences=ambiences,
        around=OPEN_FIELD,
    )
    return replace(scene, **changes)  # type: ignore[arg-type]


def heard(scene: Scene) -> dict[str, Heard]:
    return {h.microphone.id: h for h in render(scene)}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    quarter = read_quarter()
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        write_scene(street(quarter, seed=seed, seconds=4, rate=16_000, count=2), tmp_path / name)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one")["scene.json"] != digests(tmp_path / "other")["scene.json"]
    assert digests(tmp_path / "one")["claire-voie-12.wav"] != digests(tmp_path / "other")["claire-voie-12.wav"]


def test_the_delay_between_two_microphones_is_exact_to_a_fraction_of_a_sample() -> None:
    scene = field(Emission("bang", 1.0, (0.0, 0.0, 2.0), seconds=0.9))
    parts = heard(scene)
    size = 1 << 19
    cross = np.fft.rfft(parts["far"].samples, size) * np.conj(np.fft.rfft(parts["near"].samples, size))
    frequencies = np.fft.rfftfreq(size, 1 / scene.rate)
    lag = (100.0 - 10.0) / scene.air.speed_of_sound
    band = (frequencies > 200) & (frequencies < 3000)
    rest = np.angle(cross[band] * np.exp(2j * np.pi * frequencies[band] * lag))
    slope = np.sum(np.abs(cross[band]) * rest * frequencies[band]) / np.sum(
        np.abs(cross[band]) * frequencies[band] ** 2
    )
    assert slope / (2 * np.pi) * scene.rate == pytest.approx(0.0, abs=0.01)


def test_the_level_falls_by_spreading_and_air() -> None:
    # A horn has its energy between 0.3 and 6 kHz: 20 dB for ten times the distance, and up to 3 dB of air.
    parts = heard(field(Emission("horn", 1.0, (0.0, 0.0, 2.0), level=100.0, seconds=2.0)))
    near, far = parts["near"].arrivals[0][3], parts["far"].arrivals[0][3]
    assert near == pytest.approx(80.0, abs=0.5)
    assert 20.0 < near - far < 23.0


def test_a_stated_signal_to_noise_ratio_is_met_at_the_nearest_microphone() -> None:
    emission = Emission("horn", 2.0, (0.0, 0.0, 2.0), seconds=2.0, snr=12.0)
    part = heard(field(emission, ambiences=(Ambience("rain", 55.0),)))["near"]
    assert part.arrivals[0][3] == pytest.approx(67.0, abs=0.1)


def test_a_background_has_its_level_and_differs_between_microphones() -> None:
    scene = field(ambiences=(Ambience("rain", 60.0),))
    parts = heard(scene)
    for part in parts.values():
        assert a_level(part.samples.astype(np.float32), scene.rate, scene.calibration) == pytest.approx(60.0, abs=0.2)
    assert abs(np.corrcoef(parts["near"].samples, parts["far"].samples)[0, 1]) < 0.05


def test_onsets_in_the_annotation_are_arrivals() -> None:
    scene = field(Emission("glass-breaking", 1.25, (0.0, 0.0, 2.0), seconds=1.5))
    for part in heard(scene).values():
        (note,) = part.annotations
        distance = part.microphone.position[0]
        assert note.label == "glass-breaking"
        assert note.onset == pytest.approx(1.25 + distance / scene.air.speed_of_sound, abs=0.011)
        before = part.samples[: round((note.onset - 0.005) * scene.rate)]
        after = part.samples[round(note.onset * scene.rate) : round((note.onset + 0.02) * scene.rate)]
        assert np.abs(after).max() > 100 * np.abs(before).max()


def test_a_passing_source_is_shifted_as_doppler_says() -> None:
    track = Emission("wail-siren", 0.5, (-60.0, 3.0, 2.0), seconds=5.0, to=(60.0, 3.0, 2.0))
    scene = field(track, microphones=(Microphone("kerb", (0.0, 0.0, 2.0)),), seconds=7.0)
    (part,) = render(scene)
    _, onset, offset, _ = part.arrivals[0]
    away = np.hypot(60, 3) / scene.air.speed_of_sound
    assert (onset, offset) == pytest.approx((0.5 + away, 5.5 + away), abs=0.05)
    nearest = np.convolve(part.samples**2, np.ones(3200), "same").argmax() / scene.rate
    assert nearest == pytest.approx(0.5 + 2.5 + 3 / scene.air.speed_of_sound, abs=0.3)


def test_what_sounds_past_the_end_of_a_loop_goes_on_at_its_beginning() -> None:
    late = Emission("bang", 5.9, (0.0, 0.0, 2.0), seconds=0.9)
    looped, once = (heard(field(late, loop=loop))["far"].samples for loop in (True, False))
    assert np.abs(looped[: round(0.3 * 32_000)]).max() > 0
    assert not once[: round(0.3 * 32_000)].any()


def test_a_background_joins_its_own_beginning(tmp_path: Path) -> None:
    # 2.3 Hz for 7 s, of which 6 are used: cut off there, the sine would jump by most of its amplitude.
    slow = np.sin(2 * np.pi * 2.3 * np.arange(7 * 32_000) / 32_000).astype(np.float32)
    wavfile.write(tmp_path / "slow.wav", 32_000, slow)
    ground = Ambience("rain", 60.0, file=tmp_path / "slow.wav")
    samples = heard(field(ambiences=(ground,), loop=True))["near"].samples
    assert abs(samples[0] - samples[-1]) < 0.002 * np.abs(samples).max()


def test_voices_are_mixed_in_and_never_annotated() -> None:
    parts = heard(field(Emission("babble", 0.5, (0.0, 0.0, 2.0), seconds=3.0), ambiences=(Ambience("babble", 40.0),)))
    assert parts["near"].samples.any()
    assert all(part.annotations == [] for part in parts.values())
    assert labels_of("speech", 3.0) == labels_of("crying_baby", 3.0) == labels_of("children_playing", 3.0) == ()


@pytest.mark.parametrize(
    ("kind", "seconds", "labels"),
    [
        ("horn", 4.9, ("horn",)),
        ("horn", 5.0, ("horn", "sustained-horn")),
        ("alarm", 10.0, ("alarm", "alarm-sounding")),
        ("two-tone-siren", 9.0, ("siren",)),
        ("bang", 1.0, ("impulse",)),
        ("glass_breaking", 2.0, ("glass-breaking",)),
        ("something else", 2.0, ()),
    ],
)
def test_labels_are_words_of_the_closed_lists(kind: str, seconds: float, labels: tuple[str, ...]) -> None:
    assert labels_of(kind, seconds) == labels


def test_annotations_are_written_as_dcase_has_them(tmp_path: Path) -> None:
    write_annotations(tmp_path / "a.tsv", "a.wav", [Annotation(2.0, 3.5, "horn"), Annotation(0.25, 1.0, "bells")])
    assert (tmp_path / "a.tsv").read_text(encoding="utf-8") == (
        "filename\tonset\toffset\tevent_label\na.wav\t0.250\t1.000\tbells\na.wav\t2.000\t3.500\thorn\n"
    )


def test_what_is_written_says_its_calibration_and_reads_back(tmp_path: Path) -> None:
    scene = field(ambiences=(Ambience("rain", 70.0),))
    write_scene(scene, tmp_path / "whole")
    write_scene(scene, tmp_path / "float", float_samples=True)
    document = read_scene_document(tmp_path / "whole")
    assert (document["calibration"], document["samples"], document["clipped"]) == (120.0, "int16", 0)
    assert {"numpy", "scipy", "clairvoie"} <= document["made_with"].keys()
    rate, whole = wavfile.read(tmp_path / "whole" / "near.wav")
    _, real = wavfile.read(tmp_path / "float" / "near.wav")
    level = a_level((whole / 32768).astype(np.float32), rate, document["calibration"])
    assert level == pytest.approx(70.0, abs=0.2)
    assert np.abs(whole / 32768 - real).max() <= 1.5 / 32768 + 1e-7


def test_samples_beyond_full_scale_are_counted(tmp_path: Path) -> None:
    loud = field(Emission("bang", 1.0, (9.0, 0.0, 2.0), level=140.0))
    assert write_scene(loud, tmp_path).clipped > 0
    assert json.loads((tmp_path / "scene.json").read_text(encoding="utf-8"))["clipped"] > 0


def test_recordings_from_folders_are_named_by_their_label(tmp_path: Path) -> None:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)).astype(np.float32)
    for name in ("sounds/car_horn/a.wav", "sounds/speech/b.wav", "grounds/rain.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(path, 44_100, tone)
    scene = street(
        read_quarter(), seed=1, seconds=8, rate=16_000, count=1, snr=10.0, sounds=tmp_path / "sounds",
        backgrounds=tmp_path / "grounds", events=["car_horn@-80,0@2", "speech@-80,0@4"],
    )  # fmt: skip
    (part,) = render(scene)
    assert {note.label for note in part.annotations} == {"horn", "rain"}
    with pytest.raises(LabError, match="label"):
        street(read_quarter(), seed=1, seconds=8, sounds=tmp_path / "sounds", events=["glass@2"])


@pytest.mark.parametrize("text", ["horn@1,2,3", "horn@soon", "horn@1@2", "horn@1,2@3,4"])
def test_an_event_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(LabError, match="kind"):
        parse_event(text)


def test_unknown_sounds_and_impossible_scenes_are_refused() -> None:
    quarter = read_quarter()
    with pytest.raises(LabError, match="no such sound"):
        street(quarter, seed=1, seconds=5, events=["shouting"])
    with pytest.raises(LabError, match="1 to 8"):
        microphones_of(quarter, 9)
    with pytest.raises(LabError, match="are over"):
        field(Emission("bang", 7.0, (0.0, 0.0, 2.0)))


def test_the_evening_brings_the_window_to_four_microphones_within_the_first_half_minute() -> None:
    scene = evening(read_quarter())
    (glass,) = [e for e in scene.emissions if e.kind == "glass-breaking"]
    near = [m for m in scene.microphones if np.linalg.norm(np.subtract(m.position, glass.position)) < 45]
    assert len(near) == 4
    assert 25 <= glass.at <= 30
    (alarm,) = [e for e in scene.emissions if e.kind == "alarm"]
    assert alarm.seconds is not None
    assert alarm.seconds >= 10
    assert scene.loop
