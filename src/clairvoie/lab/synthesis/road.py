"""The road: rolling noise, engines, passing cars, horns, and the works beside it.

Rolling noise has its maximum near 1 kHz and the engine's orders lie below 300 Hz (the two parts of CNOSSOS-EU,
Directive (EU) 2015/996, section 2.2); a passing car rises and falls as 1/(1 + (vt/d)²).
"""

from __future__ import annotations

import numpy as np

from clairvoie.lab.synthesis.shaping import (
    Float,
    Generator,
    Sound,
    add,
    drawn,
    finished,
    harmonics,
    samples_of,
    shaped_noise,
    slow_noise,
)

_ROLLING = ((30, -14), (63, -8), (125, -8), (250, -6), (500, -3), (1000, 0), (2000, -4), (4000, -13), (8000, -23),
            (16000, -38))  # fmt: skip
_DISTANT = ((30, 0), (63, 0), (125, -4), (250, -8), (500, -10), (1000, -11), (2000, -19), (4000, -32), (8000, -48),
            (16000, -65))  # fmt: skip


def traffic(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A street with cars passing, some near, some far, over the hum of the town."""
    length = drawn(rng, seconds, 8.0, 20.0)
    n = samples_of(length, rate)
    out = shaped_noise(rng, n, rate, _DISTANT).astype(np.float64) * (1 + 0.15 * slow_noise(rng, n, rate, 0.3))
    out *= 0.35
    at = float(rng.uniform(-2, 3))
    while at < length + 2:
        car = passing_car(rng, None, rate)
        add(out, at - car.size / rate / 2, car, rate, float(rng.lognormal(0.4, 0.5)))
        at += float(rng.exponential(4.5)) + 0.5
    return finished(out, 0.05, rate)


def passing_car(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """One vehicle that passes at 25 to 60 km/h, 4 to 15 m away, nearest in the middle."""
    length = drawn(rng, seconds, 8.0, 12.0)
    n = samples_of(length, rate)
    speed, distance = float(rng.uniform(7, 17)), float(rng.uniform(4, 15))
    t = np.arange(n) / rate - length / 2
    nearness = 1 / np.sqrt(1 + (speed * t / distance) ** 2)
    tilt = float(rng.uniform(-3, 3))
    rolling = shaped_noise(rng, n, rate, [(f, d + (tilt if f > 1500 else 0)) for f, d in _ROLLING])
    doppler = 1 - speed / 343 * (speed * t) / np.sqrt((speed * t) ** 2 + distance**2)
    motor = _motor(rng, n, rate, float(rng.uniform(28, 60)), doppler)
    return finished(nearness * (rolling + float(rng.uniform(0.2, 0.7)) * motor), min(2.0, length / 4), rate)


def _motor(rng: Generator, n: int, rate: int, ignition: float, moving: Float | float = 1.0) -> Float:
    """Engine orders over their own noise; ``ignition`` in firings a second."""
    wander = 1 + 0.01 * slow_noise(rng, n, rate, 2.0)
    amplitudes = [0.5, *(float(rng.uniform(0.3, 1)) / k**0.8 for k in range(1, 14))]
    tone = harmonics(ignition * wander * moving, rate, amplitudes)
    noise = shaped_noise(rng, n, rate, [(40, 0), (200, 0), (800, -10), (3000, -22), (9000, -40)])
    return tone + 0.6 * noise


def engine(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """An engine that idles or runs up: each firing an own pulse, so that it sounds rough."""
    length = drawn(rng, seconds, 3.0, 8.0)
    n = samples_of(length, rate)
    idle = float(rng.uniform(14, 45))
    revs = idle * (1 + float(rng.uniform(0, 1.2)) * np.clip(slow_noise(rng, n, rate, 0.25), 0, None))
    phase = np.cumsum(revs) / rate
    gate = np.exp(-6 * (phase % 1.0)) * (1 + 0.25 * np.sin(np.pi * np.floor(phase)))
    body = shaped_noise(rng, n, rate, [(40, 0), (150, 0), (600, -8), (2000, -16), (6000, -28), (14000, -45)])
    orders = harmonics(revs, rate, [float(rng.uniform(0.2, 1)) / (1 + 0.3 * k) for k in range(10)])
    return finished(gate * body + 0.35 * orders, 0.05, rate)


def horn(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A car horn: two reeds a third apart (about 400 and 500 Hz), rich in harmonics to 6 kHz."""
    length = drawn(rng, seconds, 0.3, 2.5)
    n = samples_of(length, rate)
    low = float(rng.uniform(320, 460))
    ratio = float(rng.choice([1.19, 1.25, 1.26]))
    out = np.zeros(n)
    for frequency in (low, low * ratio) if rng.random() < 0.8 else (low,):
        steady = np.full(n, frequency) * (1 + 0.0015 * slow_noise(rng, n, rate, 6.0))
        amplitudes = [float(rng.uniform(0.5, 1)) / (1 + (k / 7) ** 2.2) for k in range(1, 22)]
        out += harmonics(steady, rate, amplitudes)
    t = np.arange(n) / rate
    out *= 1 - np.exp(-t / 0.012)
    return finished(out + 0.02 * rng.standard_normal(n), 0.012, rate)


def drill(rng: Generator, seconds: float | None = None, rate: int = 32_000) -> Sound:
    """A pneumatic drill: hard blows 18 to 32 a second, each ringing in the chisel, with breaks."""
    length = drawn(rng, seconds, 2.0, 6.0)
    n = samples_of(length, rate)
    blows = float(rng.uniform(18, 32))
    phase = np.cumsum(blows * (1 + 0.02 * slow_noise(rng, n, rate, 3.0))) / rate
    hammer = np.exp(-float(rng.uniform(6, 11)) * (phase % 1.0))
    ring = shaped_noise(rng, n, rate, [(60, -4), (200, -2), (900, 0), (2500, 0), (5000, -5), (12000, -18)])
    running = np.where(slow_noise(rng, n, rate, 0.3) > -1.0, 1.0, 0.05)
    return finished((hammer * ring + 0.12 * ring) * running, 0.02, rate)
