"""When an impulse arrives: the time of its front in noise, with a standard deviation that holds what it says.

The samples around a front that somebody else found are brought to 16 to 32 kHz, freed of what lies below 200 Hz and
whitened by linear prediction from the noise before (prediction error filters have no delay at a front). What is left is
compared with many possible fronts at once: noise whose power rises, from a time on, by the square of a linear attack
and falls exponentially, for eight attacks up to 2.8 ms, six decays, nine strengths and times 16 microseconds apart; or
that does so twice, for the second shock of a blast or a reflection from the ground. Each gets its likelihood and a
prior that holds short attacks likelier. The arrival is the mean of the time's posterior distribution; its standard
deviation, with what the model neglects (:data:`WIDENING`, :data:`FLOOR_SECONDS`), is the uncertainty. Only the first
milliseconds count, so that an echo 2 ms later or more moves little.

The model follows change-point pickers of seismology (Maeda 1985; Takanami & Kitagawa 1988, whose segments are
autoregressive too) and keeps the whole distribution instead of its peak. Samples beyond the front are taken as
independent, which a blast wave is not: how far the result can be trusted was measured, see ``lab bench onsets``.
Not in the uncertainty: clock, latency of the microphone, wind, and an echo that comes with or before the direct sound.

>>> sound = np.random.default_rng(1).normal(0.0, 0.01, 8000)
>>> sound[4000:4200] += np.exp(-np.arange(200) / 30)
>>> found = arrival(sound, rate=16_000, front=4010)
>>> abs(found.time - 4000 / 16_000) < 0.0001, found.sigma < 0.0001
(True, True)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, firwin, lfilter, resample_poly, sosfilt

from clairvoie.errors import InvalidValue

Array = NDArray[np.float64]

BEFORE_SECONDS = 0.0055
AFTER_SECONDS = 0.0015
"""The arrival is looked for from so long before the front that was found to so long after."""
HEARD_SECONDS = 0.004
"""So much of the sound after that is still compared."""
NOISE_SECONDS = 0.1
"""The noise is known from so much before, less the last milliseconds."""
GUARD_SECONDS = 0.0005
SETTLING_SECONDS = 0.015
"""The high-pass needs so much more to settle."""
LEAST_NOISE_SECONDS = 0.005
CONTEXT_BEFORE_SECONDS = SETTLING_SECONDS + NOISE_SECONDS + GUARD_SECONDS + BEFORE_SECONDS
CONTEXT_AFTER_SECONDS = AFTER_SECONDS + HEARD_SECONDS + 0.001
"""With this much on both sides of the front nothing more is used."""

LOWEST_HZ = 200.0
LOWEST_RATE = 22_050
"""Streams are decimated by the greatest whole number that leaves this rate; one below is taken as it is."""
PREDICTION_ORDER = 16
SAMPLES_PER_COEFFICIENT = 8
WHITE_FLOOR = 1e-2
"""So much of the noise's power is added to it, spread evenly, so that empty bands are not blown up beyond 20 dB."""
NOISE_FLOOR = 1e-4
"""Noise is taken to be at least this share of the greatest power: 40 dB below it lies what sampling rings."""
NOISE_FREEDOM = 12.0
"""Noise has Student's distribution with so many degrees of freedom: streets crackle a little."""
GREATEST_CRACKLE = 64.0
"""But no further than to eight standard deviations, or the spike of a shock would pass for noise before its echo."""

ATTACKS = (0.0, 0.0001, 0.0002, 0.00035, 0.0006, 0.001, 0.0017, 0.0028)
ATTACK_PRIOR = (5.0, 3.0, 2.5, 2.2, 2.0, 2.0, 1.6, 1.2)
DECAYS = (0.0001, 0.0003, 0.001, 0.003, 0.01, math.inf)
SECOND_DELAYS = (0.0003, 0.0005, 0.0008, 0.0013, 0.002, 0.003)
SECOND_DECAYS = DECAYS[:3]
SECOND_PRIOR = 3.0
STRENGTHS = tuple(10 ** (decibels / 10) for decibels in range(2, 51, 6))
STEPS_PER_SECOND = 64_000

WIDENING = 1.35
FLOOR_SECONDS = 0.00004
"""Standard deviations are those of the model times the one, joined to the other: chosen on made bangs of seeds 2 and 3
of ``lab bench onsets`` so that 1.96 of them hold about 95 % of all errors, not of each kind's."""

_LEAD = 3
_RING = 10
_FINE = 16


class Arrival(NamedTuple):
    """Seconds from the first sample to the arrival, and its standard deviation in seconds."""

    time: float
    sigma: float


def arrival(samples: NDArray[np.floating], rate: int, front: int) -> Arrival:
    """When the impulse arrives whose front was found near sample ``front`` of ``samples``, which are not weighted.

    The arrival is looked for from 5.5 ms before ``front`` to 1.5 ms after. :exc:`InvalidValue` where there is less than
    11 ms of sound before ``front`` or less than 5.5 ms after it, or where nothing sounds at all.
    """
    begin = max(0, front - math.ceil(CONTEXT_BEFORE_SECONDS * rate))
    sound = np.asarray(samples[begin : front + math.ceil(CONTEXT_AFTER_SECONDS * rate)], dtype=np.float64)
    least = BEFORE_SECONDS + GUARD_SECONDS + LEAST_NOISE_SECONDS, AFTER_SECONDS + HEARD_SECONDS
    if front - begin < least[0] * rate or begin + sound.size - front < least[1] * rate:
        around = (front / rate, (len(samples) - front) / rate)
        raise InvalidValue("an arrival needs 11 ms of sound before its front and 5.5 ms after", around, "Give more.")
    if not sound.any():
        raise InvalidValue("an arrival needs a sound", "digital silence", "Give the samples in which the front is.")
    factor = max(1, rate // LOWEST_RATE)
    if factor > 1:
        sound = np.asarray(resample_poly(sound, 1, factor), dtype=np.float64)
    mean, deviation = _locate(sound, rate / factor, round((front - begin) / factor))
    return Arrival(begin / rate + mean, math.hypot(WIDENING * deviation, FLOOR_SECONDS))


def _locate(sound: Array, rate: float, front: int) -> tuple[float, float]:
    """Mean and standard deviation of the posterior distribution of the arrival, in seconds."""
    first = front - round(BEFORE_SECONDS * rate)
    count = round((BEFORE_SECONDS + AFTER_SECONDS) * rate)
    heard = count + round(HEARD_SECONDS * rate)
    residue, noise = _whitened(_high_passed(sound, rate), first - round(GUARD_SECONDS * rate))
    power = np.square(residue[first - _LEAD : first + heard])
    if not power.any():
        raise InvalidValue("an arrival needs a sound", "nothing near the front", "Give the samples around the front.")
    power /= max(noise, float(power.max()) * NOISE_FLOOR)
    weights = _weights(power, count, _fronts(rate, heard + _LEAD))
    steps = weights.shape[1]
    times = (first + np.arange(count)[:, None] + np.arange(steps) / steps) / rate
    mean = float((weights * times).sum())
    return mean, math.sqrt(float((weights * np.square(times - mean)).sum()))


def _high_passed(sound: Array, rate: float) -> Array:
    """Without what lies below 200 Hz; causal, and without delay at a front."""
    sections = butter(2, LOWEST_HZ, "highpass", fs=rate, output="sos")
    settled = np.zeros((1, 2))
    settled[0] = -sections[0, 0] * sound[0], sections[0, 0] * sound[0]  # as if the first sample had stood for ever
    filtered, _ = sosfilt(sections, sound, zi=settled)
    return np.asarray(filtered, dtype=np.float64)


def _whitened(sound: Array, end: int) -> tuple[Array, float]:
    """What linear prediction from the noise before ``end`` leaves of ``sound``, and the mean square of it there."""
    rest = min(end // 8, 240)
    noise = sound[rest:end]
    order = min(PREDICTION_ORDER, noise.size // SAMPLES_PER_COEFFICIENT)
    products = np.array([noise[: noise.size - lag] @ noise[lag:] for lag in range(order + 1)])
    if products[0] <= NOISE_FLOOR**2 * float(sound @ sound):
        return sound, float(products[0] / noise.size)
    products[0] *= 1 + WHITE_FLOOR
    coefficients = solve_toeplitz(products[:-1], products[1:])
    residue = np.asarray(lfilter(np.concatenate([[1.0], -coefficients]), [1.0], sound), dtype=np.float64)
    return residue, float(np.square(residue[rest:end]).mean())


class _Fronts(NamedTuple):
    """Every front that is compared, one a column, for each strength, decay, attack and step between two samples."""

    inverse: Array
    """One over the power at each sample, relative to noise: (samples, fronts)."""
    logarithm: Array
    """Sum of the logarithms of the powers of the first so many samples: (samples + 1, fronts)."""
    prior: Array
    """Logarithm of each front's prior weight: (fronts,)."""
    steps: int
    """Into how many steps the time from one sample to the next is cut; the last axis of ``fronts``."""


@lru_cache(maxsize=4)
def _fronts(rate: float, length: int) -> _Fronts:
    """The fronts at ``rate``, over ``length`` samples, of which the arrival is the fourth or up to a sample later."""
    steps = max(1, round(STEPS_PER_SECOND / rate))
    margin = _RING + 2
    time = (np.arange((length + 2 * margin) * _FINE) - (_LEAD + margin) * _FINE) / (rate * _FINE)
    ringing = np.square(firwin(2 * _RING * _FINE + 1, 1 / _FINE, window=("kaiser", 5.0)))
    sampled, prior = [], []
    for weight, shape in _shapes(time):
        heard = np.convolve(shape, ringing, "same")
        starts = [margin * _FINE - round(step * _FINE / steps) for step in range(steps)]
        sampled += [heard[start::_FINE][:length] / heard.max() for start in starts]
        prior += [math.log(weight)] * steps
    power = 1 + np.multiply.outer(np.array(STRENGTHS), np.array(sampled)).reshape(-1, length)
    logarithm = np.concatenate([np.zeros((1, power.shape[0])), np.cumsum(np.log(2 * math.pi * power), axis=1).T])
    return _Fronts(np.ascontiguousarray(1 / power.T), logarithm, np.tile(prior, len(STRENGTHS)), steps)


def _shapes(time: Array) -> Iterator[tuple[float, Array]]:
    """Prior weight, and power at each ``time``, of every front that arrives at zero."""
    for attack, weight in zip(ATTACKS, ATTACK_PRIOR, strict=True):
        for decay in DECAYS:
            yield weight, _front(time, attack, decay)
    for decay in SECOND_DECAYS:
        for delay in SECOND_DELAYS:
            yield SECOND_PRIOR, _front(time, 0.0, decay) + _front(time - delay, 0.0, decay)


def _front(time: Array, attack: float, decay: float) -> Array:
    rise = np.square(np.clip(time / attack, 0.0, 1.0)) if attack else np.where(time < 0, 0.0, 1.0)
    return np.asarray(rise * np.exp(-2 * np.maximum(time - attack, 0.0) / decay), dtype=np.float64)


def _weights(power: Array, count: int, fronts: _Fronts) -> Array:
    """Posterior weight of an arrival at each of ``count`` samples and each step after it: (samples, steps), sum 1.

    ``power`` is relative to noise and begins three samples before the first of them.
    """
    length = fronts.inverse.shape[0]
    padded = np.concatenate([power, np.zeros(length)])
    windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, length)[:count])
    there = np.minimum(power.size - np.arange(count), length)
    noise = np.cumsum(_noise_likelihood(power)[::-1])[::-1][:count]
    likelihood = -0.5 * (windows @ fronts.inverse + fronts.logarithm[there]) - noise[:, None] + fronts.prior
    weights = np.exp(likelihood - likelihood.max()).reshape(count, -1, fronts.steps).sum(axis=1)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _noise_likelihood(power: Array) -> Array:
    """Logarithm of Student's density, of variance one, at samples of this power."""
    freedom = NOISE_FREEDOM
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log((freedom - 2) * math.pi)
    crackle = np.minimum(power, GREATEST_CRACKLE)
    beyond = (power - crackle) / (freedom - 2 + GREATEST_CRACKLE)
    likelihood = constant - (freedom + 1) / 2 * (np.log1p(crackle / (freedom - 2)) + beyond)
    return np.asarray(likelihood, dtype=np.float64)
