"""The packaged model: the right file, the same scores however the stream is cut, silence about nothing, glass heard."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from clairvoie.boundary.detection import DetectionBegin
from clairvoie.boundary.hazards import UNTRAINED_SOURCES, HazardKind, NoiseSource
from clairvoie.capture.blocks import Block, Samples
from clairvoie.detect.sound import tagging
from clairvoie.detect.sound.card import MODEL_NAME, Calibration, packaged, read_card
from clairvoie.detect.sound.events import HazardEvents
from clairvoie.detect.sound.sources import LEAST_SCORE, withholds
from clairvoie.detect.sound.tagging import Scores, SoundTagger
from clairvoie.errors import ModelError
from clairvoie.lab.synthesis import MAKERS

RATE = 16_000
HAZARDS = {HazardKind.GLASS_BREAKING, HazardKind.FIREWORK, HazardKind.ALARM_SOUNDING, HazardKind.SUSTAINED_HORN}


def scores_of(sound: Samples, rate: int = RATE) -> list[Scores]:
    tagger = SoundTagger.load()
    return tagger.feed(Block(sound, rate, 0.0, 0.0, 0)) + tagger.finish()


def begun(scores: list[Scores]) -> list[HazardKind]:
    events = HazardEvents(read_card().rules)
    claims = [claim for tick in scores for claim in events.feed(tick, 60.0, 0.0)]
    return [claim.kind for claim in claims if isinstance(claim, DetectionBegin)]


def noise(seconds: float, slope: float, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(round(seconds * RATE)))
    hertz = np.maximum(np.fft.rfftfreq(round(seconds * RATE), 1 / RATE), 20.0)
    sound = np.fft.irfft(spectrum * hertz**slope)
    return np.asarray(0.05 * sound / sound.std(), dtype=np.float32)


def column(scores: list[Scores], kind: HazardKind) -> np.ndarray:
    return np.array([tick.hazards[kind] for tick in scores])


def test_the_packaged_model_is_small_and_says_its_hash() -> None:
    tagger = SoundTagger.load()
    assert tagger.model_hash == f"sha256:{read_card().sha256}"
    assert len(packaged().read_bytes()) < 2_000_000


def test_it_scores_the_closed_lists_and_no_voice() -> None:
    tick = scores_of(noise(1.0, -0.5))[0]
    assert set(tick.hazards) == HAZARDS
    assert set(tick.sources) == set(NoiseSource) - UNTRAINED_SOURCES
    assert 0.0 <= tick.withheld <= 1.0


def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    model = tmp_path / MODEL_NAME
    data = bytearray(packaged().read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(bytes(data))
    model.with_suffix(".json").write_bytes(_card())
    with pytest.raises(ModelError, match="not the one its card describes"):
        SoundTagger.load(model)


def test_a_model_without_its_card_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL_NAME).write_bytes(packaged().read_bytes())
    with pytest.raises(ModelError, match="no model card"):
        SoundTagger.load(tmp_path / MODEL_NAME)


def test_a_card_without_its_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "street.json").write_bytes(_card())
    with pytest.raises(ModelError, match="no model"):
        SoundTagger.load(tmp_path / MODEL_NAME)


def test_a_card_that_names_a_voice_is_refused(tmp_path: Path) -> None:
    shutil.copy(str(packaged()), tmp_path / MODEL_NAME)
    (tmp_path / "street.json").write_bytes(_card().replace(b'"withheld"', b'"laughing"'))
    with pytest.raises(ModelError, match="hazards, noise sources"):
        SoundTagger.load(tmp_path / MODEL_NAME)


def _card() -> bytes:
    return (Path(str(packaged())).with_suffix(".json")).read_bytes()


def test_a_card_makes_probabilities_of_scores_and_the_same_detections_of_both(tmp_path: Path) -> None:
    kind, probable = HazardKind.GLASS_BREAKING, Calibration(slope=0.6, offset=-1.0)
    shutil.copy(str(packaged()), tmp_path / MODEL_NAME)
    card = json.loads(_card()) | {"calibration": {}}
    card["rules"][kind.value] |= {"enter": 0.5, "leave": 0.3}
    (tmp_path / "street.json").write_text(json.dumps(card), encoding="utf-8")
    plain = SoundTagger.load(tmp_path / MODEL_NAME)
    card["calibration"] = {kind.value: {"slope": probable.slope, "offset": probable.offset}}
    card["rules"][kind.value] |= {"enter": probable(0.5), "leave": probable(0.3)}
    (tmp_path / "street.json").write_text(json.dumps(card), encoding="utf-8")
    tagger = SoundTagger.load(tmp_path / MODEL_NAME)
    sound = MAKERS["glass-breaking"](np.random.default_rng(3), 2.0, RATE)
    block = Block(np.pad(sound, RATE), RATE, 0.0, 0.0, 0)
    calibrated, raw = (t.feed(block) + t.finish() for t in (tagger, plain))
    assert column(calibrated, kind) == pytest.approx([probable(float(x)) for x in column(raw, kind)], abs=1e-6)
    assert [tick.sources for tick in calibrated] == [tick.sources for tick in raw]
    begins = [[c.onset for c in _claims(t, x, kind)] for t, x in ((tagger, calibrated), (plain, raw))]
    assert begins[0] == begins[1] != []


def _claims(tagger: SoundTagger, scores: list[Scores], kind: HazardKind) -> list[DetectionBegin]:
    events = HazardEvents(tagger.rules)
    claims = [claim for tick in scores for claim in events.feed(tick, 60.0, 0.0)]
    return [claim for claim in claims if isinstance(claim, DetectionBegin) and claim.kind == kind]


@pytest.mark.parametrize(("slope", "offset"), [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))])
def test_a_calibration_that_does_not_rise_is_refused(slope: float, offset: float) -> None:
    with pytest.raises(ModelError, match="rises with the score"):
        Calibration(slope=slope, offset=offset)


@pytest.mark.parametrize("size", [800, 3_333, 16_000, 60_000])
def test_blocks_do_not_matter(size: int) -> None:
    sound = noise(7.3, -0.7)
    whole = scores_of(sound)
    tagger = SoundTagger.load()
    parts: list[Scores] = []
    for start in range(0, sound.size, size):
        parts += tagger.feed(Block(sound[start : start + size], RATE, start / RATE, 0.0, start))
    parts += tagger.finish()
    assert [t.time for t in parts] == pytest.approx([t.time for t in whole])
    assert column(parts, HazardKind.GLASS_BREAKING) == pytest.approx(column(whole, HazardKind.GLASS_BREAKING), abs=1e-4)
    assert [t.withheld for t in parts] == pytest.approx([t.withheld for t in whole], abs=1e-4)


def test_ticks_are_a_tenth_of_a_second_and_cover_the_stream() -> None:
    scores = scores_of(noise(3.04, -0.5))
    assert [t.time for t in scores] == pytest.approx([0.1 * n for n in range(1, len(scores) + 1)])
    assert scores[-1].time == pytest.approx(3.0)


def test_a_tick_is_scored_within_a_second_of_its_end() -> None:
    tagger = SoundTagger.load()
    sound = noise(6.0, -0.5)
    heard = 0.0
    for start in range(0, sound.size, 1_600):
        scores = tagger.feed(Block(sound[start : start + 1_600], RATE, start / RATE, 0.0, start))
        heard = max([heard, *(t.time for t in scores)])
        assert (start + 1_600) / RATE - heard < 0.96


def test_a_gap_starts_the_stream_anew() -> None:
    tagger = SoundTagger.load()
    sound = noise(2.0, -0.5)
    first = tagger.feed(Block(sound, RATE, 100.0, 0.0, 0))
    after = tagger.feed(Block(sound, RATE, 112.0, 0.0, 12 * RATE, missing=10 * RATE)) + tagger.finish()
    times = [t.time for t in first + after]
    assert times == pytest.approx([100 + 0.1 * n for n in range(1, 20)] + [112 + 0.1 * n for n in range(1, 20)])
    again = [t.hazards[HazardKind.GLASS_BREAKING] for t in after[-19:]]
    assert again == pytest.approx([t.hazards[HazardKind.GLASS_BREAKING] for t in scores_of(sound)], abs=1e-4)


def test_time_follows_the_clock_of_the_blocks() -> None:
    tagger = SoundTagger.load()
    sound = noise(1.0, -0.5)
    scores: list[Scores] = []
    for n in range(10):  # the clock runs 1 ms a second faster than the samples
        scores += tagger.feed(Block(sound, RATE, 1_800_000_000 + n * 1.001, 0.0, n * RATE))
    assert scores[-1].time - scores[0].time == pytest.approx(0.1 * (len(scores) - 1) * 1.001, abs=0.002)


@pytest.mark.parametrize("rate", [22_050, 32_000, 44_100, 48_000])
def test_another_rate_gives_nearly_the_same_scores(needs_shared: Path, rate: int) -> None:
    """Of every output. Resampling puts back nothing over 8 kHz, so that the two are the same sound."""
    for sound in _glass(needs_shared)[:3]:
        other = np.asarray(resample_poly(sound, rate // 50, RATE // 50), dtype=np.float32)
        at_16_000, at_rate = scores_of(sound), scores_of(other, rate)
        a, b = (np.array([every_output(tick) for tick in scores]) for scores in (at_16_000, at_rate))
        assert abs(len(a) - len(b)) <= 1
        difference = np.abs(a[: len(b)] - b[: len(a)])
        assert difference.mean() < 0.01
        assert difference.mean(axis=0).max() < 0.02
        assert begun(at_16_000) == begun(at_rate)


def every_output(tick: Scores) -> list[float]:
    return [*tick.hazards.values(), *tick.sources.values(), tick.withheld]


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(20 * RATE, dtype=np.float32),
        noise(20.0, 0.0),
        noise(20.0, -0.5),
        noise(20.0, -1.0),
        (0.1 * np.sin(2 * np.pi * 1000 * np.arange(9 * RATE) / RATE)).astype(np.float32),
        (0.1 * np.sin(2 * np.pi * 250 * np.arange(9 * RATE) / RATE)).astype(np.float32),
    ],
    ids=["silence", "white", "pink", "brown", "1 kHz for 9 s", "250 Hz for 9 s"],
)
def test_silence_noise_and_tones_are_no_hazard(sound: Samples) -> None:
    assert begun(scores_of(sound)) == []


def _glass(shared: Path) -> list[Samples]:
    from clairvoie.lab.dataset import esc, read_clips, read_sound

    return [read_sound(c.path) for c in esc(read_clips(shared), (4,), shippable=False) if c.label == "glass_breaking"]


def test_real_glass_over_a_real_street_is_detected(needs_shared: Path) -> None:
    from clairvoie.lab import classes
    from clairvoie.lab.dataset import esc, read_clips
    from clairvoie.lab.trials import found, hear, read_backgrounds, trials

    tagger = SoundTagger.load()
    glass = [c for c in esc(read_clips(needs_shared), (4,), shippable=False) if c.label == "glass_breaking"]
    street = read_backgrounds(needs_shared, classes.TEST_BACKGROUNDS[:1])
    hits = [found(hear(tagger, t), t, HazardKind.GLASS_BREAKING) for t in trials(glass, street, 20.0, each=1, seed=3)]
    assert len(hits) == 8
    assert sum(hits) >= 5


def test_speech_that_was_not_learned_is_no_hazard_and_seldom_a_source(needs_shared: Path) -> None:
    from clairvoie.lab.bench_street import spoken
    from clairvoie.lab.dataset import read_sound

    ticks = [t for path in spoken(needs_shared) if "digits" not in path.parts for t in scores_of(read_sound(path))]
    assert begun(ticks) == []
    best = [(t, max(t.sources.values())) for t in ticks]
    named = [t for t, score in best if score >= LEAST_SCORE and not withholds(t, score)]
    assert len(named) / len(ticks) < 0.2  # three sentences only; the model card has the figure


def test_the_numbers_of_the_trunk_are_those_of_the_network(needs_torch: None) -> None:
    from clairvoie.lab import network

    assert tagging.FRAMES_BEFORE + tagging.TICK_FRAMES + tagging.FRAMES_AFTER == network.TRUNK_FRAMES
    assert (tagging.FRAMES_BEFORE, tagging.PAST_TICKS, tagging.TICKS_AFTER) == (
        network.FRAMES_BEFORE,
        network.PAST_TICKS,
        network.TICKS_AFTER,
    )
