"""Bangs whose time of arrival is known to a fraction of a sample, in noise of a stated strength.

Bangs are made eight times finer than the rate at which they are heard and brought down by a linear-phase filter, as a
converter does. The signal-to-noise ratio is the energy of the direct sound in the 10 ms after its arrival over the
energy of the noise in 10 ms, both from 0.2 to 8 kHz. An echo is a delayed copy, 2 to 30 ms later, 0 to 10 dB weaker, of
either sign; it does not count in the ratio.

>>> heard = heard_bang("friedlander", 16_000, ratio=20.0, noise=white(16_000, np.random.default_rng(1)), seed=3)
>>> heard.samples.size, 0.45 < heard.arrival < 0.55
(16000, True)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from clairvoie.errors import LabError

Array = NDArray[np.float64]
Maker = Callable[[np.random.Generator, Array], Array]

FINER = 8
LASTS_SECONDS = 0.12
LOWEST_HZ, HIGHEST_HZ = 200.0, 8000.0
RATIO_SECONDS = 0.01
ECHO_SECONDS = (0.002, 0.03)
ECHO_DB = (-10.0, 0.0)
JITTER_SECONDS = 0.05
"""A bang arrives in the middle of its noise, less or more a random time up to this."""


class HeardBang(NamedTuple):
    """Noise with a bang in it that arrives ``arrival`` seconds after the first sample."""

    samples: Array
    arrival: float


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """A random number, even in its logarithm."""
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def friedlander(rng: np.random.Generator, time: Array) -> Array:
    """A blast wave after Friedlander (1946): a shock, then overpressure for 0.5 to 4 ms, then underpressure."""
    positive = _between(rng, 0.5e-3, 4e-3)
    return (1 - time / positive) * np.exp(-time / positive)


def n_wave(rng: np.random.Generator, time: Array) -> Array:
    """The N wave of something faster than sound: two shocks 0.3 to 3 ms apart and a straight fall between them."""
    length = _between(rng, 0.3e-3, 3e-3)
    return np.where(time < length, 1 - 2 * time / length, 0.0)


def clap(rng: np.random.Generator, time: Array) -> Array:
    """Six damped resonances between 0.5 and 4 kHz of random phase behind an attack of 0.05 to 0.4 ms."""
    sound = np.zeros_like(time)
    for _ in range(6):
        hertz, fall, phase = rng.uniform(500, 4000), rng.uniform(1e-3, 8e-3), rng.uniform(0, 2 * np.pi)
        sound += rng.normal() * np.sin(2 * np.pi * hertz * time + phase) * np.exp(-time / fall)
    return np.asarray(sound * np.minimum(time / rng.uniform(0.05e-3, 0.4e-3), 1.0))


def ringing(rng: np.random.Generator, time: Array) -> Array:
    """Eight damped modes between 0.3 and 7.5 kHz that all begin at zero, as of metal or glass that is struck."""
    sound = np.zeros_like(time)
    for _ in range(8):
        hertz, fall = _between(rng, 300, 7500), rng.uniform(2e-3, 30e-3)
        sound += rng.normal() * np.sin(2 * np.pi * hertz * time) * np.exp(-time / fall)
    return np.asarray(sound * np.minimum(time / rng.uniform(0.02e-3, 0.1e-3), 1.0))


def burst(attack: float) -> Maker:
    """Noise that rises linearly for ``attack`` seconds and falls with a time constant of 2 to 40 ms.

    Its spectrum falls by 0 to 3 dB an octave, at random.
    """

    def make(rng: np.random.Generator, time: Array) -> Array:
        fall, slope = _between(rng, 2e-3, 40e-3), rng.uniform(0, 0.5)
        spectrum = np.fft.rfft(rng.standard_normal(time.size))
        hertz = np.fft.rfftfreq(time.size, time[1])
        spectrum *= np.maximum(hertz, 100.0) ** -slope * (hertz < 20_000)
        carrier = np.fft.irfft(spectrum, time.size)
        return np.asarray(carrier * np.minimum(time / attack, 1.0) * np.exp(-np.maximum(time - attack, 0.0) / fall))

    return make


KINDS: dict[str, Maker] = {
    "friedlander": friedlander,
    "n-wave": n_wave,
    "clap": clap,
    "ringing": ringing,
    "burst 0.05 ms": burst(0.05e-3),
    "burst 0.2 ms": burst(0.2e-3),
    "burst 0.5 ms": burst(0.5e-3),
    "burst 1 ms": burst(1e-3),
    "burst 2 ms": burst(2e-3),
}
"""The bangs, by name; a burst's is its attack."""
SHARP = tuple(kind for kind in KINDS if kind not in ("burst 1 ms", "burst 2 ms"))
"""Those whose attack is at most half a millisecond."""


def white(count: int, rng: np.random.Generator) -> Array:
    """White noise."""
    return rng.standard_normal(count)


def pink(count: int, rng: np.random.Generator, rate: int) -> Array:
    """Noise that falls by 3 dB an octave from 20 Hz up."""
    hertz = np.fft.rfftfreq(count, 1 / rate)
    return np.asarray(np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) / np.sqrt(np.maximum(hertz, 20.0)), count))


def in_band(sound: Array, rate: int) -> Array:
    """What of ``sound`` lies from 0.2 to 8 kHz, without delay."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(sound.size, 1 / rate)
    spectrum[(hertz < LOWEST_HZ) | (hertz > HIGHEST_HZ)] = 0.0
    return np.asarray(np.fft.irfft(spectrum, sound.size))


def heard_bang(
    kind: str | Array, rate: int, ratio: float, noise: Array, seed: int, *, echo: bool = False, lead: float = 0.0
) -> HeardBang:
    """A bang of ``kind`` (or fine samples of one, :data:`FINER` times ``rate``) in ``noise``, ``ratio`` dB over it.

    ``lead`` seconds of the fine samples come before their arrival. The same ``seed`` gives the same bang.
    """
    rng = np.random.default_rng(seed)
    fine_rate = FINER * rate
    if isinstance(kind, str):
        time = np.arange(round(LASTS_SECONDS * fine_rate)) / fine_rate
        made = KINDS[kind](rng, time)
    else:
        made = kind
    fine = np.zeros(noise.size * FINER)
    at = fine.size // 2 + round(rng.uniform(-JITTER_SECONDS, JITTER_SECONDS) * fine_rate)
    first = at - round(lead * fine_rate)
    fine[first : first + made.size] += made[: fine.size - first]
    sound = resample_poly(fine, 1, FINER)
    begin, count = round(at / FINER), round(RATIO_SECONDS * rate)
    bang = float(np.square(in_band(sound, rate)[begin : begin + count]).sum())
    around = in_band(noise, rate)[max(0, begin - rate // 2) : begin + rate // 2]
    if bang <= 0 or not around.any():
        raise LabError("a ratio needs a bang and noise", kind if isinstance(kind, str) else "a recording")
    if echo:
        late = first + round(rng.uniform(*ECHO_SECONDS) * fine_rate)
        fine[late : late + made.size] += rng.choice([-1, 1]) * 10 ** (rng.uniform(*ECHO_DB) / 20) * made
        sound = resample_poly(fine, 1, FINER)
    gain = math.sqrt(10 ** (ratio / 10) * float(np.square(around).mean()) * count / bang)
    return HeardBang(gain * sound + noise, at / fine_rate)
