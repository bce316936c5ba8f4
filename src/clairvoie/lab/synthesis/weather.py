"""What a street sounds like without machines: rain, wind, birds, and many talkers without a word.

``babble`` is speech-shaped noise with the slow modulation of many talkers (ICRA noises: Dreschler et al. 2001). It
holds no phoneme of anybody: it exists so that a test can show that talk raises a level and names no source.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfiltfilt

from clairvoie.lab.synthesis.shaping import (
    Float,
    Generator,
    Sound,
    add,
    burst,
    drawn,
    finished,
    samples_of,
    shaped_noise,
    slow_noise,
)

_RAIN = ((50, -22), (200, -16), (800, -8), (2000, -3), (5000, 0), (9000, -2), (14000, -6))
_SPEECH = ((80, -14), (160, -3), (250, 0), (500, 0), (1000, -7), (2000, -12), (4000, -17), (8000, -24), (14000, -36))
"""Long-term average spectrum of speech, after Byrne et al. 1994."""


def rain(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Steady rain on stone and leaves, with single drops nearby and gusts that change its density."""
    length = drawn(rng, seconds, 8.0, 20.0)
    n = samples_of(length, rate)
    out = shaped_noise(rng, n, rate, _RAIN) * (1 + 0.12 * slow_noise(rng, n, rate, 0.4))
    for at in rng.uniform(0, length, int(length * float(rng.uniform(20, 90)))):
        add(out, float(at), _drop(rng, rate), rate, float(rng.lognormal(-0.2, 0.6)))
    return finished(out, 0.05, rate)


def _drop(rng: Generator, rate: int) -> Float:
    """A drop on a hard surface: a click, and at times the short tone of its bubble."""
    out = burst(rng, samples_of(0.012, rate), rate, 0.0001, float(rng.uniform(0.0006, 0.002)))
    if rng.random() < 0.3:
        t = np.arange(out.size) / rate
        out += np.exp(-t / 0.004) * np.sin(2 * np.pi * float(rng.uniform(1500, 7000)) * t)
    return out


def wind(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Gusts at the microphone and in leaves: low turbulence, and a band that opens with each gust."""
    n = samples_of(drawn(rng, seconds, 8.0, 20.0), rate)
    gust = np.exp(0.7 * slow_noise(rng, n, rate, 0.25))
    low = shaped_noise(rng, n, rate, [(15, 0), (40, -3), (100, -14), (300, -28), (1000, -45), (8000, -70)])
    leaves = shaped_noise(rng, n, rate, [(200, -12), (600, 0), (1500, -2), (4000, -9), (10000, -20)])
    return finished(gust * low + 0.12 * gust**2 * leaves, 0.05, rate)


def birds(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Several songbirds: phrases of chirps that glide between 2 and 8 kHz."""
    length = drawn(rng, seconds, 5.0, 12.0)
    out = np.zeros(samples_of(length, rate))
    for _ in range(int(rng.integers(2, 5))):
        syllable, base = float(rng.uniform(0.05, 0.16)), float(rng.uniform(2400, 5200))
        gain, at = float(rng.uniform(0.3, 1.0)), float(rng.uniform(0, 2))
        while at < length:
            for _ in range(int(rng.integers(3, 11))):
                add(out, at, _chirp(rng, base, syllable, rate), rate, gain)
                at += syllable * float(rng.uniform(1.2, 2.2))
            at += float(rng.exponential(1.6)) + 0.4
    return finished(out, 0.02, rate)


def _chirp(rng: Generator, base: float, seconds: float, rate: int) -> Float:
    n = samples_of(seconds * float(rng.uniform(0.6, 1.2)), rate)
    start, stop = base * rng.uniform(0.75, 1.45, 2)
    glide = np.linspace(start, stop, n) * (
        1 + 0.03 * np.sin(2 * np.pi * float(rng.uniform(15, 60)) * np.arange(n) / rate)
    )
    return np.sin(2 * np.pi * np.cumsum(glide) / rate) * np.hanning(n)


def babble(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Many talkers, no word: speech-shaped noise in three bands, each with syllables of its own (about 4 a second)."""
    n = samples_of(drawn(rng, seconds, 6.0, 15.0), rate)
    voiced = shaped_noise(rng, n, rate, _SPEECH)
    edges = sosfiltfilt(butter(4, 800, fs=rate, output="sos"), voiced)
    rest = voiced - edges
    middle = sosfiltfilt(butter(4, 2400, fs=rate, output="sos"), rest)
    out = np.zeros(n)
    for band in (edges, middle, rest - middle):
        talkers = [np.exp(0.9 * slow_noise(rng, n, rate, 4.0) + 0.4 * slow_noise(rng, n, rate, 0.8)) for _ in range(6)]
        out += band * np.sqrt(np.mean(np.square(talkers), axis=0))
    return finished(out, 0.05, rate)
