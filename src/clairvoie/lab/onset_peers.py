"""What arrival times are held against: the rule that came before, and two pickers that everybody knows.

Each takes samples, their rate and the sample near which a front was found, looks in the same stretch as
:func:`clairvoie.detect.sound.arrival.arrival`, and gives seconds from the first sample.

>>> sound = np.random.default_rng(1).normal(0.0, 0.01, 8000)
>>> sound[4000:4200] += np.exp(-np.arange(200) / 30)
>>> [abs(peer(sound, 16_000, 4010) - 0.25) < 0.0003 for peer in PEERS.values()]
[True, True, True]
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from clairvoie.detect.sound.arrival import AFTER_SECONDS, BEFORE_SECONDS, HEARD_SECONDS, LOWEST_HZ

Array = NDArray[np.float64]
Peer = Callable[[Array, int, int], float]

FIRST_PEAK_SECONDS = 0.006
NOISE_SECONDS = 0.02
SHORT_SECONDS, LONG_SECONDS = 0.001, 0.02
TRIGGER = 4.0


def _high_passed(samples: Array, rate: int) -> Array:
    sections = butter(2, LOWEST_HZ, "highpass", fs=rate, output="sos")
    return np.asarray(sosfilt(sections, samples), dtype=np.float64)


def tenth_of_peak(samples: Array, rate: int, front: int) -> float:
    """Where the amplitude first reaches a tenth of its greatest, from a millisecond before the front to 6 ms after.

    The rule that gave arrival times here until the end of 2026, without the A-weighting.
    """
    begin = front - round(0.001 * rate)
    sound = np.abs(samples[begin : front + round(FIRST_PEAK_SECONDS * rate)])
    top = int(sound.argmax())
    return float(begin + np.flatnonzero(sound[: top + 1] >= sound[top] / 10)[0]) / rate


def akaike(samples: Array, rate: int, front: int) -> float:
    """The change of variance that Akaike's criterion likes best (Maeda 1985), above 200 Hz, with 20 ms of noise."""
    sound = _high_passed(samples, rate)
    begin = front - round(NOISE_SECONDS * rate)
    sound = sound[begin : front + round((AFTER_SECONDS + HEARD_SECONDS) * rate)]
    count = np.arange(4, sound.size - 4)
    sums = np.concatenate([[0.0], np.cumsum(np.square(sound))])
    before, after = sums[count] / count, (sums[-1] - sums[count]) / (sound.size - count)
    criterion = count * np.log(np.maximum(before, 1e-30)) + (sound.size - count - 1) * np.log(np.maximum(after, 1e-30))
    return float(begin + count[criterion.argmin()]) / rate


def sta_lta(samples: Array, rate: int, front: int) -> float:
    """The first sample at which the mean power over 1 ms is four times that over the 20 ms before it (Allen 1978).

    Above 200 Hz; where the ratio never gets there, the sample at which it is greatest.
    """
    power = np.concatenate([[0.0], np.cumsum(np.square(_high_passed(samples, rate)))])
    short, long = round(SHORT_SECONDS * rate), round(LONG_SECONDS * rate)
    at = np.arange(front - math.floor(BEFORE_SECONDS * rate), front + round(AFTER_SECONDS * rate))
    recent = (power[at + 1] - power[at + 1 - short]) / short
    past = (power[at + 1 - short] - power[at + 1 - short - long]) / long
    ratio = recent / np.maximum(past, 1e-30)
    reached = np.flatnonzero(ratio >= TRIGGER)
    return float(at[reached[0] if reached.size else ratio.argmax()]) / rate


PEERS: dict[str, Peer] = {"tenth of peak": tenth_of_peak, "AIC": akaike, "STA/LTA": sta_lta}
