"""Many streams together give what each gives alone, and no node can run them so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import Output, SoundAnalyser
from clairvoie.detect.sound.bands import BandEnergy, BandLevels, third_levels
from clairvoie.detect.sound.batch import BatchSecond, StreamBatch
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.tagging import Scores, SoundTagger
from clairvoie.errors import InvalidValue

SECONDS = 3
LEVELS = ("laeq", "lceq", "lzeq", "lafmax", "lcpeak")


class Listened(SoundTagger):
    """The tagger of the package, which keeps what it said."""

    said: list[Scores]

    def feed(self, block: Block) -> list[Scores]:
        self.said = getattr(self, "said", [])
        self.said += (found := super().feed(block))
        return found


def streets(count: int, rate: int, seed: int) -> np.ndarray:
    """Streams of ``SECONDS`` with a bang each, (streams, samples)."""
    random = np.random.default_rng(seed)
    sound = random.standard_normal((count, SECONDS * rate)) * random.uniform(0.001, 0.2, (count, 1))
    for stream, at in enumerate(random.integers(0, SECONDS * rate - 400, count).tolist()):
        sound[stream, at : at + 400] += 0.5 * random.standard_normal(400)
    return np.clip(sound, -1, 1).astype(np.float32)


def alone(sound: np.ndarray, rate: int, cuts: list[int]) -> tuple[list[Output], list[Scores]]:
    tagger = Listened.load()
    analyser = SoundAnalyser(rate, 120.0, tagger, details=True)
    found: list[Output] = []
    first = 0
    for part in np.split(sound, sorted(c for c in cuts if 0 < c < sound.size)):
        if part.size:
            found += analyser.feed(Block(part, rate, start=first / rate, sigma=0.0, index=first))
        first += part.size
    said = list(tagger.said)
    return [*found, *analyser.finish()], said


def together(
    sound: np.ndarray, rate: int, tagger: SoundTagger | None = None
) -> tuple[list[BatchSecond], list[BandEnergy]]:
    batch = StreamBatch(rate, 120.0, len(sound), tagger)
    seconds = [batch.feed(second) for second in np.split(sound, SECONDS, axis=1)]
    return seconds, [sum((s.bands[n] for s in seconds), rest) for n, rest in enumerate(batch.finish())]


@settings(max_examples=4, deadline=None)
@given(
    st.integers(1, 6),
    st.sampled_from([16_000, 22_050, 32_000]),
    st.lists(st.integers(1, 96_000), max_size=5),
    st.integers(0, 2**32 - 1),
)
def test_a_stream_among_others_has_the_levels_bands_and_scores_that_it_has_alone(
    count: int, rate: int, cuts: list[int], seed: int
) -> None:
    tagger = SoundTagger.load()
    sound = streets(count, rate, seed)
    batch, energies = together(sound, rate, tagger)
    for stream in {0, count - 1}:
        outputs, said = alone(sound[stream], rate, cuts)
        seconds = [o for o in outputs if isinstance(o, SecondLevels)]
        for one, other in zip((second.levels[stream] for second in batch), seconds, strict=True):
            assert [getattr(one, n) for n in LEVELS] == pytest.approx([getattr(other, n) for n in LEVELS], abs=1e-9)
            assert (one.overload, one.laf) == (other.overload, pytest.approx(other.laf, abs=1e-9))
        scores = np.concatenate([second.scores[stream] for second in batch])
        named = [tagger._scores(0.0, row) for row in scores.tolist()]
        assert len(named) >= 10 * SECONDS - 9
        for mine, its in zip(named, said, strict=False):
            assert [*mine.hazards.values()] == pytest.approx([*its.hazards.values()], abs=1e-3)
            assert [*mine.sources.values()] == pytest.approx([*its.sources.values()], abs=1e-3)
            assert mine.withheld == pytest.approx(its.withheld, abs=1e-3)
        [bands] = [o for o in outputs if isinstance(o, BandLevels)]
        assert third_levels(energies[stream], rate, 120.0) == pytest.approx(bands.thirds, abs=0.05)


def test_the_same_seconds_give_the_same_bands_to_the_last_bit_in_any_company() -> None:
    sound = streets(9, 16_000, 8)
    (all_of_them, _), (one, _) = together(sound, 16_000), together(sound[4:5], 16_000)
    for many, single in zip(all_of_them, one, strict=True):
        np.testing.assert_array_equal(many.bands[4].thirds, single.bands[0].thirds)
        assert many.levels[4] == single.levels[0]


def test_a_batch_without_a_recogniser_has_no_scores() -> None:
    [*_, last], _ = together(streets(2, 16_000, 9), 16_000)
    assert last.scores.shape == (2, 0, 0)


def test_another_shape_is_refused() -> None:
    batch = StreamBatch(16_000, None, 2)
    for wrong in (np.zeros((3, 16_000), np.float32), np.zeros((2, 8000), np.float32), np.zeros((2, 16_000))):
        with pytest.raises(InvalidValue, match="second of each stream"):
            batch.feed(wrong)  # type: ignore[arg-type]


def test_nothing_but_the_laboratory_runs_many_sensors_in_one_process(repository: Path) -> None:
    """The gate's bits belong to a process: one that heard two sensors would have two budgets."""
    users = [
        str(path.relative_to(repository / "src" / "clairvoie"))
        for path in sorted((repository / "src").rglob("*.py"))
        if "sound.batch" in path.read_text(encoding="utf-8") and path.name != "batch.py"
    ]
    assert {user.split("/")[0] for user in users} <= {"lab"}
