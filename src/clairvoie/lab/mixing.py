"""Random street scenes in mel power, with what sounds when: an endless supply of examples from few recordings.

A scene is a background, up to three sounds over it at a random signal-to-noise ratio (A-weighted over the part in which
the sound is active), each with a random speed, place in time, colour, reverberation and shift of bands. Powers are
added, which neglects the phase between independent sounds. Targets are given ten times a second for each output, with
a weight of zero where the recordings do not tell.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from clairvoie.detect.sound.spectra import BANDS, HOP_SECONDS
from clairvoie.lab.classes import OUTPUTS, STEADY
from clairvoie.lab.dataset import Power, Voice, loudness

TICK_FRAMES = 8
SHARES = {
    "glass_breaking": 11.0, "glass-breaking": 4.0, "fireworks": 5.0, "firework": 1.5, "bang": 2.0, "car_horn": 4.5,
    "horn": 2.5, "siren": 4.5, "two-tone-siren": 1.5, "wail-siren": 1.0, "clock_alarm": 4.5, "alarm": 3.0,
    "speech": 6.0, "engine": 3.0, "rain": 2.5, "wind": 2.5, "sea_waves": 2.5, "thunderstorm": 2.5,
    "church_bells": 2.5, "dog": 3.0, "train": 3.0, "can_opening": 2.5, "door_wood_knock": 2.0,
    "keyboard_typing": 2.0, "mouse_click": 2.0,
}  # fmt: skip
"""How often a class is drawn, relative to 1.5 for a real class and 0.7 for a synthetic one."""


class Scene(NamedTuple):
    """Mel power (frames, bands); targets and weights (ticks, outputs); which classes sound (ticks, labels)."""

    power: Power
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    labels: NDArray[np.float32]


class Mixer:
    """Draws scenes of ``ticks`` tenths of a second from a bank of events and one of backgrounds."""

    def __init__(
        self, events: Sequence[list[Voice]], backgrounds: Sequence[list[Voice]], rng: np.random.Generator, ticks: int
    ) -> None:
        self._rng = rng
        self._frames = ticks * TICK_FRAMES
        self._by_label: dict[str, list[list[Voice]]] = {}
        for versions in events:
            self._by_label.setdefault(versions[0].label, []).append(versions)
        self.labels = tuple(sorted(self._by_label))
        shares = [SHARES.get(x, 1.5 if self._by_label[x][0][0].real else 0.7) for x in self.labels]
        self._shares = np.array(shares) / sum(shares)
        self._recorded = list(backgrounds)
        steady = [v for x in self.labels if x in STEADY for v in self._by_label[x]]
        self._steady = steady or self._recorded

    def scene(self) -> Scene:
        """One scene."""
        rng = self._rng
        truth = _Truth(self._frames, self.labels)
        power = self._background(truth)
        noise = float(np.median(loudness(power))) + 1e-12
        quiet = noise < 1e-11
        for _ in range(rng.choice(4, p=[0.12, 0.6, 0.22, 0.06])):
            voice = self._draw()
            sound, active = self._placed(voice)
            if not active.any():
                continue
            ratio = float(rng.uniform(-3, 26)) if rng.random() < 0.85 else float(rng.uniform(20, 45))
            reference = 1e-6 if quiet else noise
            gain = reference * 10 ** (ratio / 10) / (loudness(sound[active]).mean() + 1e-20)
            power = power + (sound * gain).astype(np.float32)
            truth.add(voice, active)
        return truth.scene(power * np.float32(10 ** rng.uniform(-3, 2)))

    def _draw(self) -> Voice:
        label = self.labels[int(self._rng.choice(len(self.labels), p=self._shares))]
        return self._version(self._by_label[label])

    def _version(self, bank: Sequence[list[Voice]]) -> Voice:
        versions = bank[int(self._rng.integers(len(bank)))]
        return versions[int(self._rng.integers(len(versions)))]

    def _background(self, truth: _Truth) -> Power:
        rng = self._rng
        kind = rng.random()
        if kind < 0.12:
            hiss = float(10 ** rng.uniform(-12.5, -9)) if rng.random() < 0.6 else 0.0
            return _flicker(rng, self._frames) * np.float32(hiss)
        if kind < 0.30:
            return _coloured_noise(rng, self._frames)
        voice = self._version(self._recorded if kind < 0.62 else self._steady)
        start = int(rng.integers(max(1, voice.power.shape[0] - self._frames)))
        index = (start + np.arange(self._frames)) % voice.power.shape[0]
        power = voice.power[index] * _colour(rng, 4.0)
        truth.add(voice, voice.active[index], behind=True)
        floor = _coloured_noise(rng, self._frames)
        share = 10 ** rng.uniform(-3.5, -0.5) * loudness(power).mean() / (loudness(floor).mean() + 1e-20)
        return np.asarray(
            power / (loudness(power).mean() + 1e-20) * 1e-5 + floor * share * 1e-5 / (loudness(power).mean() + 1e-20),
            dtype=np.float32,
        )

    def _placed(self, voice: Voice) -> tuple[Power, NDArray[np.bool_]]:
        """The sound somewhere in the scene, coloured, shifted by up to two bands, at times reverberated."""
        rng, frames = self._rng, self._frames
        where = np.flatnonzero(voice.active)
        first, last = int(where[0]), int(where[-1]) + 1
        length = last - first
        if length > frames * 0.7:
            at = int(rng.integers(-max(1, length - frames // 3), frames * 2 // 3)) if length > 1 else 0
        else:
            at = int(rng.integers(0, max(1, frames - length // 2)))
        low, high = max(0, at), min(frames, at + length)
        power = np.zeros((frames, BANDS), dtype=np.float32)
        active = np.zeros(frames, dtype=np.bool_)
        if low < high:
            power[low:high] = voice.power[first + low - at : first + high - at]
            active[low:high] = voice.active[first + low - at : first + high - at]
        if (shift := int(rng.integers(-2, 3)) if rng.random() < 0.5 else 0) != 0:
            power = np.roll(power, shift, axis=1)
            power[:, slice(0, shift) if shift > 0 else slice(shift, None)] *= 0.1
        power = power * _colour(rng, 5.0)
        return (_reverberated(rng, power) if rng.random() < 0.5 else power), active


class _Truth:
    """What sounds when, as it is put together."""

    def __init__(self, frames: int, labels: Sequence[str]) -> None:
        self._ticks = frames // TICK_FRAMES
        self._labels = labels
        self._targets = np.zeros((self._ticks, len(OUTPUTS)), dtype=np.float32)
        self._weights = np.ones_like(self._targets)
        self._classes = np.zeros((self._ticks, len(labels)), dtype=np.float32)
        self._behind: list[int] = []

    def add(self, voice: Voice, active: NDArray[np.bool_], *, behind: bool = False) -> None:
        """This sound is active in these frames; one that is only ``behind`` others may be drowned by them."""
        ticks = active.reshape(self._ticks, TICK_FRAMES).sum(axis=1)
        sounding = ticks >= 2
        for name in voice.teaches:
            self._targets[sounding, OUTPUTS.index(name)] = 1.0
            self._weights[(ticks > 0) & ~sounding, OUTPUTS.index(name)] *= 0.2
        for name in voice.unsure:
            self._weights[ticks > 0, OUTPUTS.index(name)] = 0.0
        if voice.label.startswith("background:"):
            known = {OUTPUTS.index(name) for name in (*voice.teaches, "glass-breaking", "firework", "alarm")}
            for output in set(range(len(OUTPUTS))) - known:
                self._weights[:, output] *= 0.3
        if voice.label in self._labels:
            self._classes[sounding, self._labels.index(voice.label)] = 1.0
        if behind:
            self._behind = [OUTPUTS.index(name) for name in voice.teaches]
        else:
            for output in self._behind:
                self._weights[ticks > 0, output] *= 0.5

    def scene(self, power: Power) -> Scene:
        """The finished scene; where an output is taught by one sound, another's doubt about it does not count."""
        weights = np.where(self._targets > 0, np.maximum(self._weights, 0.5), self._weights)
        return Scene(power.astype(np.float32), self._targets, weights, self._classes)


def _colour(rng: np.random.Generator, decibels: float) -> NDArray[np.float32]:
    """A smooth random frequency response with a tilt, as power for each band."""
    knots = rng.normal(0.0, decibels, 6)
    response = np.interp(np.linspace(0, 5, BANDS), np.arange(6), knots)
    tilt = rng.normal(0.0, decibels) * np.linspace(-1.0, 1.0, BANDS)
    if rng.random() < 0.3:  # distance: the air and obstacles take the highest bands
        tilt -= rng.uniform(0, 15) * np.linspace(0.0, 1.0, BANDS) ** 2
    return np.asarray(10 ** ((response + tilt) / 10), dtype=np.float32)


@functools.cache
def _flicker_pool() -> NDArray[np.float32]:
    shapes = np.linspace(1.2, 8.0, BANDS)
    return np.asarray(np.random.default_rng(0).standard_gamma(shapes, size=(30_000, BANDS)) / shapes, dtype=np.float32)


def _flicker(rng: np.random.Generator, frames: int) -> NDArray[np.float32]:
    """Random power of noise in each frame and band: a gamma variable whose shape grows with the width of the band.

    A stretch of a pool that is made once: drawing it anew took most of the time of a scene.
    """
    pool = _flicker_pool()
    start = int(rng.integers(pool.shape[0] - frames))
    return pool[start : start + frames]


def _coloured_noise(rng: np.random.Generator, frames: int) -> Power:
    """Noise with a random slope between -9 and +2 dB an octave, a random response, and slow gusts."""
    octaves = np.log2(np.linspace(1.0, 60.0, BANDS))
    slope = 10 ** (rng.uniform(-9, 2) * octaves / 10)
    gusts = np.interp(np.linspace(0, 6, frames), np.arange(7), rng.normal(0, rng.uniform(0, 4), 7))
    shaped = slope * _colour(rng, 3.0) * 10 ** (gusts[:, None] / 10)
    noise = shaped * _flicker(rng, frames)
    return np.asarray(noise / (loudness(noise.astype(np.float32)).mean() + 1e-20) * 1e-5, dtype=np.float32)


def _reverberated(rng: np.random.Generator, power: Power) -> Power:
    """With a diffuse tail of 0.2 to 1.5 s (60 dB), 3 to 20 dB under the direct sound in energy."""
    pole = 10 ** (-6.0 * HOP_SECONDS / rng.uniform(0.2, 1.5))
    share = 10 ** (-rng.uniform(3, 20) / 10)
    tail = scipy.signal.lfilter([0.0, share * (1 - pole)], [1.0, -pole], power, axis=0)
    return np.asarray(power + tail, dtype=np.float32)
