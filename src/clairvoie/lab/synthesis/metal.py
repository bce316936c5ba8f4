"""What rings but does not break: dishes, bottles set down, cutlery, keys, cans, and the beeps of machines.

Made as counter-examples. Breaking glass is a dense cascade; these are single strikes with few partials that ring long,
or many small ones without a crack before them.
"""

from __future__ import annotations

import numpy as np

from clairvoie.lab.synthesis.shaping import (
    Float,
    Generator,
    Sound,
    add,
    burst,
    drawn,
    finished,
    harmonics,
    partials,
    reverberated,
    samples_of,
)


def _strike(rng: Generator, rate: int, low: float, high: float, ring: tuple[float, float], count: int) -> Float:
    """One strike: a click, and ``count`` inharmonic partials between ``low`` and ``high`` Hz that ring for a while."""
    frequencies = np.exp(rng.uniform(np.log(low), np.log(high), count))
    decays = np.exp(rng.uniform(np.log(ring[0]), np.log(ring[1]), count))
    out = partials(rng, min(1.5, 7 * ring[1]), rate, frequencies, rng.uniform(0.1, 1.0, count), decays)
    add(out, 0.0, burst(rng, samples_of(0.015, rate), rate, 0.0001, 0.0015), rate, float(rng.uniform(0.1, 0.8)))
    return out


def clink(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Glasses, bottles or dishes that touch, or cutlery on a plate: single strikes, each with its own few partials."""
    length = drawn(rng, seconds, 0.8, 4.0)
    out = np.zeros(samples_of(length, rate))
    kind = int(rng.integers(3))
    low, high = ((900.0, 5200.0), (1400.0, 9000.0), (2200.0, 11_000.0))[kind]
    ring = ((0.03, 0.35), (0.02, 0.12), (0.01, 0.09))[kind]
    base = _strike(rng, rate, low, high, ring, int(rng.integers(2, 7)))
    at = 0.02
    while at < length - 0.1:
        again = base if rng.random() < 0.5 else _strike(rng, rate, low, high, ring, int(rng.integers(2, 7)))
        add(out, at, again, rate, float(rng.lognormal(-0.4, 0.6)))
        at += float(rng.exponential(0.45)) + 0.05
    return finished(reverberated(rng, out, rate, 0.4, float(rng.uniform(0.02, 0.3))), 0.002, rate)


def keys(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A bunch of keys or small change: light strikes 6 to 25 a second, in swings, with nothing low in them."""
    length = drawn(rng, seconds, 1.0, 4.0)
    out = np.zeros(samples_of(length, rate))
    strikes = [_strike(rng, rate, 3000.0, 12_000.0, (0.004, 0.06), int(rng.integers(3, 8))) for _ in range(6)]
    swing, rate_of_strikes = float(rng.uniform(1.0, 4.0)), float(rng.uniform(6, 25))
    at = 0.02
    while at < length - 0.05:
        loud = 0.2 + 0.8 * np.sin(np.pi * at * swing) ** 2
        add(out, at, strikes[int(rng.integers(6))], rate, float(loud * rng.lognormal(-0.3, 0.5)))
        at += float(rng.exponential(1 / rate_of_strikes)) + 0.004
    return finished(reverberated(rng, out, rate, 0.3, float(rng.uniform(0.02, 0.2))), 0.002, rate)


def beeps(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A watch, a reversing lorry, a till or a crossing: short tones, one to four together, with pauses."""
    length = drawn(rng, seconds, 2.0, 7.0)
    n = samples_of(length, rate)
    t = np.arange(n) / rate
    frequency = float(np.exp(rng.uniform(np.log(700), np.log(4200))))
    width, group, period = float(rng.uniform(0.03, 0.35)), int(rng.integers(1, 5)), float(rng.uniform(0.8, 2.0))
    phase = t % max(period, group * 2 * width)
    gate = ((phase < group * 2 * width) & (phase % (2 * width) < width)).astype(np.float64)
    edge = np.hanning(2 * samples_of(0.003, rate) + 1)
    gate = np.convolve(gate, edge / edge.sum(), mode="same")
    overtones = [1.0, *(float(rng.uniform(0, 0.7)) / k for k in range(2, 9))]
    return finished(gate * harmonics(np.full(n, frequency), rate, overtones), 0.003, rate)
