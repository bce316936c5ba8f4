"""How loud a signal is, from all of it at once: A-weighted level by Parseval's theorem, and where it sounds at all.

Independent of the filters in ``detect.sound``, so that the two can be held against each other.

>>> tone = (0.1 * np.sin(2 * np.pi * 1000 * np.arange(32_000) / 32_000)).astype(np.float32)
>>> round(a_level(tone, 32_000, 114.0), 2)
94.0
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from clairvoie.detect.sound.weighting import a_goal
from clairvoie.errors import LabError

Sound = NDArray[np.float32]

ACTIVE_DB = 30.0
"""A sound is taken to last while its level over 10 ms is within this of its greatest."""
_FRAME_SECONDS = 0.01
_SILENCE = -200.0


def a_level(signal: Sound, rate: int, calibration: float) -> float:
    """LAeq in dB over all of ``signal``; ``calibration`` is the level of a full-scale sine. Silence gives −200."""
    size = next_fast_len(signal.size, real=True)
    power = np.square(np.abs(np.fft.rfft(signal, size)))
    weights = 10 ** (a_goal(np.maximum(np.fft.rfftfreq(size, 1 / rate), 1.0).astype(np.float64)) / 10)
    power[1:] *= 2.0
    mean_square = float(np.sum(power * weights)) / size / signal.size
    return 10 * float(np.log10(2 * mean_square)) + calibration if mean_square > 0 else _SILENCE


def active_span(signal: Sound, rate: int) -> tuple[float, float]:
    """``(start, end)`` in seconds: from the first to the last 10 ms within :data:`ACTIVE_DB` of the loudest."""
    frame = max(1, round(_FRAME_SECONDS * rate))
    count = max(1, signal.size // frame)
    energy = np.mean(np.square(np.resize(signal, count * frame)).reshape(count, frame), axis=1, dtype=np.float64)
    if energy.max() <= 0:
        raise LabError("the sound is silent", signal.size, "Give a recording in which something sounds.")
    sounding = np.flatnonzero(energy >= energy.max() * 10 ** (-ACTIVE_DB / 10))
    return float(sounding[0] * frame / rate), float(min((sounding[-1] + 1) * frame, signal.size) / rate)


def active_level(signal: Sound, rate: int, calibration: float) -> float:
    """LAeq in dB over the part of ``signal`` in which it sounds."""
    start, end = active_span(signal, rate)
    return a_level(signal[round(start * rate) : round(end * rate)], rate, calibration)
