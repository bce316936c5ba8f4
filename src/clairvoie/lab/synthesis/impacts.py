"""Things that strike, break and burst: glass, a slammed door, knocks, bangs, fireworks.

Glass follows what a pane does: a broad-band crack that bends the pane (a low thump), a dense cascade of fragments that
strike one another and the ground, and a thinning scatter of shards, each a small cluster of inharmonic partials between
2 and 12 kHz. ``tests/lab/test_synthesis.py`` holds its spectrum, decay and modulation against recordings.
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
    partials,
    reverberated,
    samples_of,
    shaped_noise,
)

_FRAGMENT_SPECTRUM = ((80, -13), (300, -8), (1000, -5), (2500, -1), (6000, 0), (9000, -2), (14000, -9))


def glass_breaking(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A pane that breaks and falls; 1 to 2.4 s unless ``seconds`` is given."""
    length = drawn(rng, seconds, 1.0, 2.4)
    out = np.zeros(samples_of(length, rate))
    fall = float(rng.uniform(0.3, 1.2))
    add(out, 0.0, _crack(rng, rate), rate, float(rng.uniform(0.8, 1.3)))
    add(out, 0.0, _pane_modes(rng, rate), rate, float(rng.uniform(0.5, 1.0)))
    add(out, float(rng.uniform(0.0, 0.08)), _cascade(rng, fall, rate), rate, float(rng.uniform(0.6, 2.2)))
    shards = int(rng.uniform(25, 90) * max(fall, 0.4))
    for _ in range(shards):
        at = float(rng.exponential(fall * 0.55))
        add(out, 0.01 + at, _shard(rng, rate), rate, float(rng.lognormal(-1.3, 0.7)) * np.exp(-at / (fall * 1.5)))
    return finished(reverberated(rng, out, rate, 0.35, float(rng.uniform(0.02, 0.2))), 0.002, rate)


def _crack(rng: Generator, rate: int) -> Float:
    """The blow: a few milliseconds of everything, and the thump of the bending pane."""
    n = samples_of(0.25, rate)
    out = burst(rng, n, rate, 0.0005, float(rng.uniform(0.006, 0.025)))
    thumps = np.exp(rng.uniform(np.log(90), np.log(1200), 6))
    out += partials(rng, 0.25, rate, thumps, rng.uniform(0.1, 0.8, 6), rng.uniform(0.01, 0.05, 6))
    return out


def _pane_modes(rng: Generator, rate: int) -> Float:
    """Many inharmonic modes of the pane and its first large pieces."""
    count = int(rng.integers(50, 110))
    frequencies = np.exp(rng.uniform(np.log(500), np.log(11_000), count))
    amplitudes = rng.lognormal(-2.1, 0.8, count) * np.minimum(1.0, frequencies / 2500)
    decays = rng.uniform(0.02, 0.14, count) * np.sqrt(3000 / np.maximum(frequencies, 1500))
    return partials(rng, 0.9, rate, frequencies, amplitudes, decays)


def _cascade(rng: Generator, fall: float, rate: int) -> Float:
    """Fragments too many to count: shaped noise, rough at 20 to 90 strikes a second, dying away over ``fall``."""
    n = samples_of(fall * 1.6, rate)
    t = np.arange(n) / rate
    strikes = np.zeros(n)
    for at in rng.uniform(0, fall * 1.4, int(rng.uniform(25, 90) * fall * 1.4)):
        start = int(at * rate)
        strikes[start : start + int(0.06 * rate)] += float(rng.lognormal(-0.4, 0.8)) * np.exp(
            -np.arange(min(int(0.06 * rate), n - start)) / (float(rng.uniform(0.004, 0.018)) * rate)
        )
    envelope = (0.25 + strikes) * np.exp(-t / (fall * float(rng.uniform(0.35, 0.7))))
    return 0.35 * envelope * shaped_noise(rng, n, rate, _FRAGMENT_SPECTRUM)


def _shard(rng: Generator, rate: int) -> Float:
    """One piece that strikes the ground: a click and three to eight ringing partials."""
    count = int(rng.integers(3, 9))
    frequencies = np.exp(rng.uniform(np.log(2200), np.log(12_500), count))
    decays = np.exp(rng.uniform(np.log(0.006), np.log(0.07), count))
    out = partials(rng, 0.3, rate, frequencies, rng.uniform(0.15, 0.8, count), decays)
    click = burst(rng, samples_of(0.01, rate), rate, 0.0001, 0.0012)
    add(out, 0.0, click, rate, 0.6)
    return out


def door_slam(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A door or a car door: low modes, a latch click, and the rattle that follows."""
    length = drawn(rng, seconds, 0.6, 1.0)
    out = np.zeros(samples_of(length, rate))
    body = samples_of(min(0.4, length), rate)
    low = shaped_noise(rng, body, rate, [(40, 0), (120, 0), (400, -14), (2000, -30), (8000, -45)])
    add(out, 0.02, low * np.exp(-np.arange(body) / (rate * 0.05)), rate)
    modes = rng.uniform(60, 380, 6)
    add(out, 0.02, partials(rng, 0.4, rate, modes, rng.uniform(0.2, 1, 6), rng.uniform(0.03, 0.09, 6)), rate, 0.6)
    for at in (0.0, 0.02, float(rng.uniform(0.05, 0.09))):
        add(out, at, burst(rng, samples_of(0.02, rate), rate, 0.0003, 0.003), rate, float(rng.uniform(0.1, 0.4)))
    return finished(reverberated(rng, out, rate, 0.5, 0.1), 0.002, rate)


def impacts(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Dull knocks of wood, crates and shutters, irregular."""
    length = drawn(rng, seconds, 1.0, 4.0)
    out = np.zeros(samples_of(length, rate))
    at = 0.02
    while at < length - 0.1:
        modes = np.exp(rng.uniform(np.log(120), np.log(2500), 10))
        decays = rng.uniform(0.01, 0.05, 10)
        add(out, at, partials(rng, 0.3, rate, modes, 1 / (1 + modes / 500), decays), rate, float(rng.uniform(0.3, 1)))
        add(out, at, burst(rng, samples_of(0.02, rate), rate, 0.0005, 0.004), rate, 0.3)
        at += float(rng.uniform(0.15, 0.9))
    return finished(out, 0.002, rate)


def bang(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """One explosion-like bang: a Friedlander wave (blast pulse), its noise, and the street's answer."""
    length = drawn(rng, seconds, 0.8, 1.6)
    out = np.zeros(samples_of(length, rate))
    add(out, 0.005, _friedlander(float(rng.uniform(0.0012, 0.004)), rate), rate)
    noise = burst(rng, samples_of(0.3, rate), rate, 0.0005, float(rng.uniform(0.01, 0.03)))
    add(out, 0.005, noise, rate, 0.25)
    return finished(
        reverberated(rng, out, rate, float(rng.uniform(0.5, 1.1)), float(rng.uniform(0.05, 0.2))), 0.002, rate
    )


def _friedlander(positive: float, rate: int) -> Float:
    """p(t) = (1 − t/T) exp(−t/T), T the positive phase in seconds (Friedlander 1946)."""
    t = np.arange(samples_of(8 * positive, rate)) / rate
    return (1 - t / positive) * np.exp(-t / positive)


def firework(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """Rockets: a rising whistle or none, a burst, crackling; two bursts or more."""
    length = drawn(rng, seconds, 3.0, 5.0)
    out = np.zeros(samples_of(length, rate))
    at = 0.05
    while at < length - 0.5:
        if rng.random() < 0.6:
            whistle = _whistle(rng, rate)
            add(out, at, whistle, rate, 0.25)
            at += whistle.size / rate
        add(out, at, bang(rng, 0.9, rate).astype(np.float64), rate, float(rng.uniform(0.7, 1.0)))
        for crackle in at + 0.1 + rng.exponential(0.35, int(rng.integers(10, 60))):
            add(out, float(crackle), burst(rng, samples_of(0.01, rate), rate, 0.0002, 0.0015), rate, 0.12)
        at += float(rng.uniform(0.35, 1.1))
    return finished(out, 0.005, rate)


def _whistle(rng: Generator, rate: int) -> Float:
    n = samples_of(float(rng.uniform(0.5, 1.0)), rate)
    glide = np.linspace(float(rng.uniform(1500, 2200)), float(rng.uniform(2800, 4000)), n)
    glide *= 1 + 0.01 * np.sin(2 * np.pi * 23 * np.arange(n) / rate)
    tone = np.sin(2 * np.pi * np.cumsum(glide) / rate)
    return (tone + 0.3 * rng.standard_normal(n)) * np.hanning(n)
