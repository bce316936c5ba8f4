"""Sounds made to be heard: sirens, alarms, bells.

The temporal-three pattern is that of ISO 8201:2017, clause 4: 0.5 s on, 0.5 s off, three times, then 1.5 s off. The
two-tone of French ambulances, fire engines and police alternates two steady tones (420/516, 435/488, 435/580 Hz).
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from clairvoie.lab.synthesis.shaping import (
    Float,
    Generator,
    Sound,
    add,
    drawn,
    finished,
    harmonics,
    partials,
    samples_of,
)

FRENCH_TWO_TONES = ((420.0, 516.0), (435.0, 488.0), (435.0, 580.0))
"""Hertz: ambulance, fire engine, police. From memory of the arrêté of 30 October 1987; only the character matters."""

_BELL_PARTIALS = (0.5, 1.0, 1.19, 1.5, 2.0, 2.52, 2.66, 3.01, 4.17, 5.43)
"""Hum, prime, tierce, quint, nominal and above, over the prime (Fletcher & Rossing, chapter 21)."""


def siren(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Either the French two-tone or a wail."""
    return two_tone_siren(rng, seconds, rate) if rng.random() < 0.5 else wail_siren(rng, seconds, rate)


def two_tone_siren(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Two steady tones in turn, 50 to 60 changes a minute, rich in odd harmonics."""
    n = samples_of(drawn(rng, seconds, 4.0, 10.0), rate)
    low, high = FRENCH_TWO_TONES[int(rng.integers(len(FRENCH_TWO_TONES)))]
    half = float(rng.uniform(0.45, 0.62))
    wanted = np.where((np.arange(n) / rate / half).astype(int) % 2 == 0, low, high)
    return finished(_sounded(rng, _smoothed(wanted, 0.006, rate), rate), 0.02, rate)


def wail_siren(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A wail or a yelp: 550 to 1,500 Hz and back, in 3 to 6 s or in a third of a second."""
    n = samples_of(drawn(rng, seconds, 4.0, 10.0), rate)
    period = float(rng.uniform(3, 6)) if rng.random() < 0.7 else float(rng.uniform(0.28, 0.4))
    low, high = float(rng.uniform(480, 700)), float(rng.uniform(1100, 1600))
    sweep = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) / rate / period + float(rng.random())))
    return finished(_sounded(rng, low * (high / low) ** sweep, rate), 0.02, rate)


def _sounded(rng: Generator, frequency: Float, rate: int) -> Float:
    amplitudes = [float(rng.uniform(0.6, 1)) / k ** float(rng.uniform(0.9, 1.5)) for k in range(1, 13)]
    return harmonics(frequency, rate, amplitudes) + 0.01 * rng.standard_normal(frequency.size)


def _smoothed(values: Float, seconds: float, rate: int) -> Float:
    """One-pole smoothing with time constant ``seconds``, starting at the first value."""
    pole = float(np.exp(-1 / (seconds * rate)))
    return np.asarray(lfilter([1 - pole], [1, -pole], values - values[0]) + values[0])


def alarm(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """An evacuation alarm after ISO 8201: temporal-three, on a tone, a sweep or the 520 Hz square wave."""
    n = samples_of(drawn(rng, seconds, 8.0, 16.0), rate)
    t = np.arange(n) / rate
    kind = int(rng.integers(3))
    frequency = np.full(n, 520.0 if kind == 0 else float(rng.uniform(800, 3200)))
    if kind == 2:
        frequency = float(rng.uniform(700, 1000)) * (1 + 0.9 * (t % 0.5) * 2)
    odd = [1 / k if k % 2 else 0.0 for k in range(1, 16)] if kind != 1 else [1.0, 0.12, 0.06]
    tone = harmonics(frequency, rate, odd)
    return finished(tone * _smoothed(temporal_three(t), 0.004, rate), 0.005, rate)


def temporal_three(t: Float) -> Float:
    """1 where an ISO 8201 signal sounds at ``t`` seconds, else 0: three half seconds in each 4 s."""
    phase = t % 4.0
    return ((phase < 3.0) & (phase % 1.0 < 0.5)).astype(np.float64)


def bells(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Church bells: one to four, each stroke with the partials of a minor-third bell and its slow beats."""
    length = drawn(rng, seconds, 6.0, 14.0)
    out = np.zeros(samples_of(length, rate))
    for strike in float(rng.uniform(280, 520)) * np.array([1.0, 1.125, 1.26, 1.5])[: int(rng.integers(1, 5))]:
        at, period = float(rng.uniform(0.05, 1.2)), float(rng.uniform(1.1, 2.2))
        stroke = _stroke(rng, float(strike), min(6.0, length), rate)
        while at < length:
            add(out, at, stroke, rate, float(rng.uniform(0.5, 1.0)))
            at += period * float(rng.uniform(0.97, 1.03))
    return finished(out, 0.05, rate)


def _stroke(rng: Generator, prime: float, seconds: float, rate: int) -> Float:
    ratios = np.repeat(np.array(_BELL_PARTIALS), 2) * (1 + 0.0012 * rng.standard_normal(2 * len(_BELL_PARTIALS)))
    amplitudes = rng.uniform(0.3, 1.0, ratios.size) / (1 + 0.25 * ratios**1.2)
    decays = 2.2 / ratios**0.9
    out = partials(rng, seconds, rate, prime * ratios, amplitudes, decays)
    clapper = rng.standard_normal(samples_of(0.02, rate)) * np.exp(-np.arange(samples_of(0.02, rate)) / (0.003 * rate))
    add(out, 0.0, clapper, rate, 0.6)
    return out
