"""Many streams in one process, a second at a time: what one core can do, for the laboratory and for nothing else.

Each stream gets the weightings, levels, bands and scores that :class:`~clairvoie.detect.sound.analysis.SoundAnalyser`
gives it, from the same code (tested: levels within 1e-9 dB, bands within 0.05 dB, scores within 1e-3). What is shared
is the recogniser, which scores many streams at once, twice for each second. Streams run in lockstep: one rate, a whole
second each, no gaps. Onsets and the rules that turn scores into detections are left out.

No node may use this. The gate's eight bits a second belong to a process, and a process that heard two sensors would
have two budgets for one secret; so a node has one analyser a sensor, there is no setting that says otherwise, and the
tests see that nothing but the laboratory imports this module.

>>> tones = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32) * np.array([[0.1], [1.0]])
>>> batch = StreamBatch(16_000, 114.0, 2)
>>> [round(stream.laeq, 1) for _ in range(2) for stream in batch.feed(tones.astype(np.float32)).levels][2:]
[94.0, 114.0]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.detect.sound.bands import BandEnergy, BandMeter
from clairvoie.detect.sound.block_weighting import BlockWeighting
from clairvoie.detect.sound.levels import LevelMeter, SecondLevels
from clairvoie.detect.sound.spectra import BANDS, Contrast, MelPower
from clairvoie.detect.sound.tagging import (
    FRAMES_AFTER,
    FRAMES_BEFORE,
    PAST_TICKS,
    STEP_TICKS,
    TICK_FRAMES,
    TICKS_AFTER,
    SoundTagger,
)
from clairvoie.errors import InvalidValue

Array = NDArray[np.float32]
Lap = Callable[[str], None]

TOGETHER = 16
"""Streams that go through a stage together: more do not fit a core's cache and are no faster."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchSecond:
    """A second of all streams. ``scores``: (streams, ticks, outputs of the model), as the model gives them.

    The ticks are the next ones, oldest first; they come up to a second late, so that there may be none.
    """

    levels: list[SecondLevels]
    bands: list[BandEnergy]
    scores: Array


class StreamBatch:
    """``count`` streams of ``rate`` samples a second."""

    def __init__(self, rate: int, calibration: float | None, count: int, tagger: SoundTagger | None = None) -> None:
        self.rate = rate
        self._ears = [_Ear(rate, calibration) for _ in range(count)]
        self._groups = [slice(first, min(count, first + TOGETHER)) for first in range(0, count, TOGETHER)]
        self._recognisers = [] if tagger is None else [_Recogniser(tagger, g.stop - g.start) for g in self._groups]
        self._seconds = 0

    def feed(self, seconds: Array, lap: Lap = lambda _: None) -> BatchSecond:
        """The next second of all streams, (streams, rate). ``lap`` is called with the name of each stage as it ends.

        Raises ``InvalidValue`` for another shape.
        """
        if seconds.shape != (len(self._ears), self.rate) or seconds.dtype != np.float32:
            raise InvalidValue("a batch takes a float32 second of each stream", (seconds.shape, str(seconds.dtype)))
        self._seconds += 1
        levels: list[SecondLevels] = []
        bands: list[BandEnergy] = []
        scores: list[Array] = [] if self._recognisers else [np.zeros((len(self._ears), 0, 0), dtype=np.float32)]
        for number, group in enumerate(self._groups):
            # Stage by stage, so that what a stage computes with stays in the core's cache from stream to stream.
            sounds, ears = seconds[group], self._ears[group]
            levels += [
                ear.measure(samples, float(self._seconds), lap) for ear, samples in zip(ears, sounds, strict=True)
            ]
            bands += [ear.bands.feed(samples) for ear, samples in zip(ears, sounds, strict=True)]
            lap("bands")
            if self._recognisers:
                powers = np.stack([ear.power(samples) for ear, samples in zip(ears, sounds, strict=True)])
                lap("spectra")
                scores.append(self._recognisers[number].feed(powers, lap))
        return BatchSecond(levels, bands, np.concatenate(scores))

    def finish(self) -> list[BandEnergy]:
        """What is left for the bands of each stream at its end: the half second by which they lag."""
        return [ear.bands.finish() for ear in self._ears]


class _Ear:
    """What one stream keeps of its past."""

    def __init__(self, rate: int, calibration: float | None) -> None:
        self.weighting = BlockWeighting(rate)
        self.levels = LevelMeter(rate, calibration)
        self.bands = BandMeter(rate)
        self.power = MelPower(rate)

    def measure(self, samples: Array, t_end: float, lap: Lap) -> SecondLevels:
        """Levels of one second."""
        weighted = self.weighting.feed(samples)
        lap("weightings")
        self.levels.feed(samples, weighted, 0)
        found = self.levels.end_second(t_end, samples.size, whole=True)
        lap("levels")
        return found


class _Recogniser:
    """Of a group of streams, the pictures that are not used up, and the vectors of their last ticks."""

    def __init__(self, tagger: SoundTagger, count: int) -> None:
        self._tagger = tagger
        self._contrast = Contrast()
        self._pictures = np.zeros((count, 2, FRAMES_BEFORE, BANDS), dtype=np.float32)
        self._past = np.zeros((count, tagger.card.width, PAST_TICKS), dtype=np.float32)
        self._early = TICKS_AFTER
        """Rows of scores still to come that belong to no tick: those before the first."""

    def feed(self, power: Array, lap: Lap) -> Array:
        """The scores that become known with these frames, (streams, frames, bands)."""
        self._pictures = np.concatenate([self._pictures, self._contrast(power)], axis=2)
        lap("spectra")
        found = []
        needed = FRAMES_BEFORE + STEP_TICKS * TICK_FRAMES + FRAMES_AFTER
        while self._pictures.shape[2] >= needed:
            pictures = np.ascontiguousarray(self._pictures[:, :, :needed])
            scores, self._past = self._tagger.run(pictures, self._past)
            found.append(scores)
            self._pictures = self._pictures[:, :, STEP_TICKS * TICK_FRAMES :]
        self._pictures = self._pictures.copy()
        lap("tagging")
        if not found:
            return np.zeros((len(power), 0, len(self._tagger.card.outputs)), dtype=np.float32)
        known = np.concatenate(found, axis=1)
        early, self._early = min(self._early, known.shape[1]), max(0, self._early - known.shape[1])
        return known[:, early:]
