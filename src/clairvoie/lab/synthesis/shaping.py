"""What all synthetic sounds are made of: shaped noise, decaying partials, envelopes, and a stated peak.

Every function is pure: the same generator state gives the same samples. Signals are one-dimensional float32.

>>> import numpy as np
>>> a, b = (shaped_noise(np.random.default_rng(7), 4096, 32000, [(100, 0), (1000, -12)]) for _ in range(2))
>>> bool((a == b).all()), a.dtype.name
(True, 'float32')
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.signal import fftconvolve

from clairvoie.errors import LabError

Sound = NDArray[np.float32]
Float = NDArray[np.float64]
Generator = np.random.Generator

PEAK = 0.9
"""Peak amplitude of every finished sound; its level in a scene is set there."""


def samples_of(seconds: float, rate: int) -> int:
    """Number of samples in ``seconds``, at least one. Raises :class:`LabError` for nonsense."""
    if not 0 < seconds <= 86_400 or not 8_000 <= rate <= 192_000:
        raise LabError("a sound lasts up to a day at 8 to 192 kHz", (seconds, rate))
    return max(1, round(seconds * rate))


def drawn(rng: Generator, seconds: float | None, low: float, high: float) -> float:
    """``seconds`` if given, else a uniform draw between ``low`` and ``high``."""
    return float(rng.uniform(low, high)) if seconds is None else seconds


def finished(signal: Float | Sound, fade: float, rate: int) -> Sound:
    """``signal`` with its peak at :data:`PEAK` and raised-cosine ends of ``fade`` seconds, as float32."""
    x = np.asarray(signal, dtype=np.float64)
    n = min(round(fade * rate), x.size // 2)
    if n > 0:
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)
        x = x.copy()
        x[:n] *= ramp
        x[-n:] *= ramp[::-1]
    peak = float(np.max(np.abs(x), initial=0.0))
    return (x * (PEAK / peak) if peak > 0 else x).astype(np.float32)


def shaped_noise(rng: Generator, count: int, rate: int, spectrum: Sequence[tuple[float, float]]) -> Sound:
    """Gaussian noise of unit variance whose power density follows ``spectrum``.

    ``spectrum``: pairs of hertz and dB, interpolated on a logarithmic frequency axis and held beyond its ends.
    """
    size = next_fast_len(count, real=True)
    transform = np.fft.rfft(rng.standard_normal(size))
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    points = np.array(spectrum, dtype=np.float64)
    decibels = np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(points[:, 0]), points[:, 1])
    transform *= 10 ** (decibels / 20)
    transform[0] = 0.0
    noise = np.fft.irfft(transform, size)[:count]
    deviation = float(noise.std())
    return (noise / deviation if deviation > 0 else noise).astype(np.float32)


def slow_noise(rng: Generator, count: int, rate: int, cutoff: float) -> Float:
    """A smooth random line of unit variance with nothing faster than about ``cutoff`` hertz."""
    knots = max(4, int(count / rate * cutoff * 2) + 4)
    values = rng.standard_normal(knots)
    line = np.interp(np.linspace(0, knots - 1, count), np.arange(knots), values)
    return np.asarray(line, dtype=np.float64)


def partials(rng: Generator, seconds: float, rate: int, frequencies: Float, amplitudes: Float, decays: Float) -> Float:
    """Sum of exponentially decaying sines with random phases; ``decays`` are time constants in seconds.

    Each partial is computed until it is 60 dB down, and none at or above 0.48 of the rate is made at all.
    """
    out = np.zeros(samples_of(seconds, rate))
    phases = rng.uniform(0, 2 * np.pi, frequencies.size)
    for frequency, amplitude, decay, phase in zip(frequencies, amplitudes, decays, phases, strict=True):
        if frequency >= 0.48 * rate:
            continue
        n = min(out.size, int(6.9 * decay * rate) + 1)
        t = np.arange(n) / rate
        out[:n] += amplitude * np.exp(-t / decay) * np.sin(2 * np.pi * frequency * t + phase)
    return out


def harmonics(frequency: Float, rate: int, amplitudes: Sequence[float]) -> Float:
    """Harmonics of a fundamental that may move: ``frequency`` in hertz, one value a sample.

    A harmonic is silent wherever it would pass 0.48 of the rate.
    """
    turn = np.exp(2j * np.pi * np.cumsum(frequency) / rate)
    present, out = np.ones_like(turn), np.zeros(frequency.size)
    highest = float(frequency.max())
    for order, amplitude in enumerate(amplitudes, start=1):
        present *= turn
        if order * highest < 0.48 * rate:
            out += amplitude * present.imag
        else:
            out += amplitude * np.where(order * frequency < 0.48 * rate, present.imag, 0.0)
    return out


def burst(rng: Generator, count: int, rate: int, rise: float, decay: float) -> Float:
    """White noise that rises in ``rise`` seconds and decays with time constant ``decay``."""
    t = np.arange(count) / rate
    return np.minimum(1.0, t / max(rise, 1 / rate)) * np.exp(-t / decay) * rng.standard_normal(count)


def add(target: Float, at: float, signal: Float | Sound, rate: int, gain: float = 1.0) -> None:
    """Add ``signal`` into ``target`` from ``at`` seconds on, cut at both ends of ``target``."""
    start = round(at * rate)
    low, high = max(0, start), min(target.size, start + signal.size)
    if low < high:
        target[low:high] += gain * signal[low - start : high - start]


def reverberated(rng: Generator, signal: Float, rate: int, seconds: float, share: float) -> Float:
    """``signal`` with a diffuse tail: exponentially decaying noise of reverberation time ``seconds`` (60 dB).

    ``share`` is the energy of the tail over that of the direct sound. The length stays the same.
    """
    n = samples_of(seconds, rate)
    tail = rng.standard_normal(n) * np.exp(-6.9 * np.arange(n) / n)
    tail *= np.sqrt(share / float(np.sum(tail**2)))
    return np.asarray(signal + fftconvolve(signal, tail)[: signal.size], dtype=np.float64)
