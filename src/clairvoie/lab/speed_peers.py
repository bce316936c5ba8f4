"""What the others cost: the pipeline that one writes first with SciPy, and YAMNet by itself.

The straightforward pipeline yields what ours does: A and C by bilinear transforms and Z by a high-pass (``sosfilt``), F
by ``lfilter``, one Butterworth band-pass of sixth order for each of 28 thirds, a mel spectrogram, and the same network,
twice a second. It is not slow on purpose: each part is one call of a compiled library.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import signal

from clairvoie.detect.sound.bands import third_edges
from clairvoie.detect.sound.spectra import FRAME_SECONDS, HOP_SECONDS, Contrast, filter_bank
from clairvoie.detect.sound.tagging import (
    FRAMES_AFTER,
    FRAMES_BEFORE,
    PAST_TICKS,
    STEP_TICKS,
    TICK_FRAMES,
    SoundTagger,
)
from clairvoie.detect.sound.weighting import F1, F2, F3, F4
from clairvoie.lab.yamnet import HOP, WINDOW, yamnet

Samples = NDArray[np.float32]
WINDOWS_A_SECOND: Final = 2.0
YAMNET_RATE: Final = 16_000


class Peer(Struct, frozen=True, kw_only=True):
    """Another way to the same, in milliseconds a stream-second. ``what`` says what it does and does not."""

    name: str
    what: str
    stages: dict[str, float]
    ms: float


class _Straightforward:
    """One stream, a second at a time."""

    def __init__(self, rate: int, tagger: SoundTagger) -> None:
        w = [2 * math.pi * f for f in (F1, F2, F3, F4)]
        gain = w[3] ** 2
        a = signal.bilinear_zpk([0] * 4, [-w[0]] * 2 + [-w[1], -w[2]] + [-w[3]] * 2, gain, rate)
        c = signal.bilinear_zpk([0] * 2, [-w[0]] * 2 + [-w[3]] * 2, gain, rate)
        z = signal.butter(1, 1.0, "highpass", fs=rate, output="sos")
        self._weightings = [signal.zpk2sos(*a), signal.zpk2sos(*c), z]
        edges = np.minimum(third_edges(), 0.499 * rate)
        self._thirds = [signal.butter(3, pair, "bandpass", fs=rate, output="sos") for pair in itertools.pairwise(edges)]
        self._states = {id(sos): np.zeros((sos.shape[0], 2)) for sos in [*self._weightings, *self._thirds]}
        self._smoothing = 1 - math.exp(-1 / (0.125 * rate))
        self._smooth = np.zeros(1)
        length = round(FRAME_SECONDS * rate)
        self._bank, self._bins = filter_bank(rate, length)
        self._spectrum = signal.ShortTimeFFT(signal.windows.hann(length, sym=False), round(HOP_SECONDS * rate), rate)
        self._contrast = Contrast()
        self._tagger = tagger
        self._past = np.zeros((1, tagger.card.width, PAST_TICKS), dtype=np.float32)
        self.rate = rate
        self.spent: defaultdict[str, float] = defaultdict(float)

    def feed(self, samples: Samples) -> None:
        began = time.process_time()
        began = self._lap("weightings", began, a := self._weighted(samples))
        began = self._lap("levels", began, self._levels(*a))
        began = self._lap("bands", began, [float(np.mean(b * b)) for b in self._banded(samples)])
        pictures = self._pictures(samples)
        began = self._lap("spectra", began, pictures)
        self._lap("tagging", began, self._tagged(pictures))

    def _lap(self, stage: str, began: float, _: object) -> float:
        now = time.process_time()
        self.spent[stage] += now - began
        return now

    def _filtered(self, sos: NDArray[np.float64], samples: Samples) -> NDArray[np.float64]:
        filtered, self._states[id(sos)] = signal.sosfilt(sos, samples, zi=self._states[id(sos)])
        return np.asarray(filtered)

    def _weighted(self, samples: Samples) -> list[NDArray[np.float64]]:
        return [self._filtered(sos, samples) for sos in self._weightings]

    def _banded(self, samples: Samples) -> list[NDArray[np.float64]]:
        return [self._filtered(sos, samples) for sos in self._thirds]

    def _levels(self, a: NDArray[np.float64], c: NDArray[np.float64], z: NDArray[np.float64]) -> list[float]:
        smoothing = self._smoothing
        fast, self._smooth = signal.lfilter([smoothing], [1, smoothing - 1], a * a, zi=self._smooth)
        means = [float(np.mean(x * x)) for x in (a, c, z)]
        return [10 * math.log10(x + 1e-20) for x in [*means, float(fast.max()), float(np.abs(c).max()) ** 2]]

    def _pictures(self, samples: Samples) -> Samples:
        power = np.abs(self._spectrum.stft(samples)[: self._bins]) ** 2
        frames = np.asarray(power.T @ self._bank, dtype=np.float32)[: round(1 / HOP_SECONDS)]
        return self._contrast(frames)

    def _tagged(self, pictures: Samples) -> list[Samples]:
        needed = FRAMES_BEFORE + STEP_TICKS * TICK_FRAMES + FRAMES_AFTER
        found = []
        for first in (0, pictures.shape[1] - needed):
            scores, self._past = self._tagger.run(pictures[None, :, first : first + needed].copy(), self._past)
            found.append(scores)
        return found


def straightforward(bank: Samples, rate: int, tagger: SoundTagger, *, seconds: int) -> Peer:
    """The pipeline that one writes first, on ``seconds`` of the ``bank``."""
    pipeline = _Straightforward(rate, tagger)
    pipeline.feed(bank[0])
    each = []
    for number in range(seconds):
        pipeline.spent.clear()
        pipeline.feed(bank[number % len(bank)])
        each.append(dict(pipeline.spent))
    stages = {stage: 1000 * statistics.median(spent[stage] for spent in each) for stage in each[0]}
    return Peer(
        name="straightforward SciPy",
        what="sosfilt for A, C, Z and 28 thirds, the same network; its bilinear A leaves class 1 at this rate",
        stages=stages,
        ms=sum(stages.values()),
    )


def yamnet_alone(data: Path | None, *, seconds: int) -> Peer | str:
    """YAMNet twice a second and nothing besides, or why it is not here."""
    found = "no --data was given, so YAMNet was not measured" if data is None else yamnet(data)
    if isinstance(found, str):
        return found
    sound = (0.1 * np.random.default_rng(3).standard_normal(YAMNET_RATE)).astype(np.float32)
    windows = np.tile(sound, 2)[: WINDOW + HOP]  # two windows
    found.begins(windows)
    times = []
    for _ in range(seconds):
        began = time.process_time()
        found.begins(windows)
        times.append(time.process_time() - began)
    ms = 1000 * statistics.median(times) / 2 * WINDOWS_A_SECOND
    return Peer(
        name="YAMNet alone",
        what="two windows of 0.975 s a second at 16 kHz; no levels, no bands, no resampling",
        stages={"tagging": ms},
        ms=ms,
    )
