"""One sentence, and what is made of it from thirds and from a release, as spectrograms for a picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.signal import stft

from clairvoie.lab.leak_reconstruction import from_thirds, vocoded_release
from clairvoie.lab.leak_scene import QUIET, minutes_of
from clairvoie.lab.leak_speech import RATE, VARIANTS, sentences, spoken
from clairvoie.lab.recordings import Sound

FRAME, HOP = 1024, 256
COARSE = 2
"""Bins and frames averaged together, so that the picture stays light."""
SPEED = 150
FLOOR = 1e-14


class Example(NamedTuple):
    """``levels`` in dB, shape (bins up to ``highest`` hertz, frames), over ``seconds``."""

    name: str
    levels: np.ndarray
    seconds: float
    highest: float


def examples(seed: int = 0) -> list[Example]:
    """The run's first English sentence: plain, from thirds every 125 ms, and from what the sensor releases."""
    words = sentences("en", 1, seed)[0]
    [minute] = minutes_of([spoken("en", words, VARIANTS[0], SPEED)], QUIET, seed)
    said = " ".join(words)
    return [
        _example(f"Plain sound: “{said}”", minute.sound),
        _example("From third-octave levels every 125 ms (Griffin-Lim)", from_thirds(minute.sound, phases=True)),
        _example("From everything that is released", vocoded_release(minute)),
    ]


def _example(name: str, sound: Sound) -> Example:
    frequencies, times, spectrum = stft(sound, RATE, nperseg=FRAME, noverlap=FRAME - HOP)
    keep = frequencies <= RATE / 4
    power = np.abs(spectrum[keep]) ** 2
    bins, frames = power.shape[0] // COARSE, power.shape[1] // COARSE
    blocks = power[: bins * COARSE, : frames * COARSE].reshape(bins, COARSE, frames, COARSE).mean(axis=(1, 3))
    return Example(name, 10 * np.log10(blocks + FLOOR), float(times[frames * COARSE - 1]), float(frequencies[keep][-1]))
