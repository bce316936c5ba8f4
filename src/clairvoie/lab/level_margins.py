"""How far frequency weightings, time weightings and peaks stay inside the class 1 limits, at every supported rate.

The arithmetic is that of a node: the weightings are those of :mod:`~clairvoie.detect.sound.weighting`, by blocks as the
analyser has them, with the meter of :mod:`~clairvoie.detect.sound.levels`, fed with tones. Beside A stands what many
open meters use: the analogue filter through a plain bilinear transform.

>>> margins = weighting_margins(32_000)
>>> sorted({margin.quantity for margin in margins}), all(margin.used < 0.2 for margin in margins)
(['A', 'C', 'Z'], True)
>>> worst(bilinear_margins(32_000)).used > 1
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.signal import bilinear_zpk, freqz_zpk

from clairvoie.detect.sound.block_weighting import BlockWeighting
from clairvoie.detect.sound.levels import FULL_SCALE_SINE_DB, LevelMeter, SecondLevels
from clairvoie.detect.sound.weighting import F1, F2, F3, F4, a_goal, c_goal, response
from clairvoie.lab.level_limits import (
    CLASS_1,
    FAST_BURSTS,
    HIGHEST_SHARE_OF_RATE,
    LINEARITY_LIMIT,
    PEAKS,
    SLOW_BURSTS,
    Limit,
    PeakSignal,
    exact_frequency,
    exposure_reference,
    fast_reference,
    slow_reference,
)

BURST_HZ = 4000.0
PHASES = 8
"""Places between two samples at which a burst begins; the worst counts."""
LINEARITY_HZ = (31.5, 1000.0, 4000.0)
QUIETEST_DB = -130.0
Sound = NDArray[np.float32]
Goal = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class Margin(Struct, frozen=True, kw_only=True):
    """``error`` dB from the reference of one quantity at one rate, and the share of the limit that it ``used``: inside
    below 1. ``at`` is a nominal frequency in hertz or, for tonebursts, a length in seconds; limits are ``None`` where
    there is none."""

    quantity: str
    rate: int
    at: float
    error: float
    above: float | None
    below: float | None
    used: float


def worst(margins: Sequence[Margin]) -> Margin:
    """The one that uses most of its limit."""
    return max(margins, key=lambda margin: margin.used)


def margin_of(quantity: str, rate: int, at: float, errors: Sequence[float], limit: Limit) -> Margin:
    """The margin of the worst of ``errors``."""
    above, below = limit
    used = {error: max(error / above, -error / below) for error in errors}
    error = max(errors, key=lambda e: used[e])
    known = (None if math.isinf(side) else side for side in limit)
    return Margin(
        quantity=quantity, rate=rate, at=at, error=error, used=used[error], above=next(known), below=next(known)
    )


def nominal_frequencies(rate: int) -> list[float]:
    """The nominal frequencies of table 3 up to 0.45 of ``rate``."""
    return [f for f in CLASS_1 if exact_frequency(f) <= HIGHEST_SHARE_OF_RATE * rate]


def weighting_margins(rate: int) -> list[Margin]:
    """A, C and Z at every nominal frequency up to 0.45 of ``rate``."""
    goals: dict[str, Goal] = {"A": a_goal, "C": c_goal, "Z": np.zeros_like}
    found = []
    for weighting, goal in goals.items():
        found += _frequency_margins(weighting, rate, partial(_error, weighting, rate, goal))
    return found


def _error(weighting: str, rate: int, goal: Goal, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    return response(weighting, frequency, rate) - goal(frequency)


def bilinear_margins(rate: int) -> list[Margin]:
    """The peer: A as its analogue poles and zeros through a plain bilinear transform, 0 dB at 1 kHz."""
    analogue = -2 * np.pi * np.array([F1, F1, F2, F3, F4, F4])
    zeros, poles, gain = bilinear_zpk(np.zeros(4), analogue, (2 * np.pi * F4) ** 2, rate)

    def level(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        _, values = freqz_zpk(zeros, poles, gain, worN=frequency, fs=rate)
        return np.asarray(20 * np.log10(np.abs(values)), dtype=np.float64)

    at_reference = level(np.array([1000.0]))
    return _frequency_margins("bilinear A", rate, lambda f: level(f) - at_reference - a_goal(f))


def _frequency_margins(
    quantity: str, rate: int, error: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[Margin]:
    nominal = nominal_frequencies(rate)
    errors = error(np.array([exact_frequency(f) for f in nominal])).tolist()
    return [margin_of(quantity, rate, f, [e], CLASS_1[f]) for f, e in zip(nominal, errors, strict=True)]


def burst_margins(rate: int, phases: int = PHASES) -> list[Margin]:
    """LAFmax, LASmax and LAE of 4 kHz tonebursts. Nothing below 8,889 Hz, where 4 kHz lies above 0.45 of the rate."""
    if HIGHEST_SHARE_OF_RATE * rate < BURST_HZ:
        return []
    steady = 10 * math.log10(0.5) + FULL_SCALE_SINE_DB + float(response("A", np.array([BURST_HZ]), rate)[0])
    found = []
    for seconds, limit in FAST_BURSTS.items():
        heard = [_measured(burst(rate, BURST_HZ, seconds, phase), rate) for phase in _phases(phases)]
        fast = [_given(h.lafmax) - steady - fast_reference(seconds) for h in heard]
        exposure = [_exposure(h) - steady - exposure_reference(seconds) for h in heard]
        found.append(margin_of("LAFmax", rate, seconds, fast, limit))
        found.append(margin_of("LAE", rate, seconds, exposure, limit))
        if seconds in SLOW_BURSTS:
            slow = [_given(h.lasmax) - steady - slow_reference(seconds) for h in heard]
            found.append(margin_of("LASmax", rate, seconds, slow, SLOW_BURSTS[seconds]))
    return found


def peak_margins(rate: int, phases: int = PHASES) -> list[Margin]:
    """LCpeak of one cycle and of half a cycle; 8 kHz only where it lies at 0.45 of the rate or below."""
    return [_peak_margin(signal, rate, phases) for signal in PEAKS if signal.hertz in nominal_frequencies(rate)]


def _peak_margin(signal: PeakSignal, rate: int, phases: int) -> Margin:
    hertz = exact_frequency(signal.hertz)
    steady = 10 * math.log10(0.5) + FULL_SCALE_SINE_DB + float(response("C", np.array([hertz]), rate)[0])
    errors = []
    for phase in _phases(phases):
        sound = math.copysign(1.0, signal.cycles) * burst(rate, hertz, abs(signal.cycles) / hertz, phase)
        errors.append(_given(_measured(sound, rate).lcpeak) - steady - signal.reference)
    names = {1: "LCpeak, cycle", 0.5: "LCpeak, positive half", -0.5: "LCpeak, negative half"}
    return margin_of(names[signal.cycles], rate, signal.hertz, errors, signal.limit)


def linearity_margins(rate: int) -> list[Margin]:
    """LAeq of steady tones from -0.2 dBFS down to -130 dBFS against what their amplitude says."""
    found = []
    for nominal in LINEARITY_HZ:
        if nominal not in nominal_frequencies(rate):
            continue
        hertz = exact_frequency(nominal)
        weight = float(response("A", np.array([hertz]), rate)[0])
        tone = np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate)
        errors = []
        for level in np.arange(-0.2, QUIETEST_DB - 1, -10.0).tolist():
            filters, meter = BlockWeighting(rate), LevelMeter(rate, None)
            heard = [_second(filters, meter, part) for part in np.split(tone * 10 ** (level / 20), 2)]
            errors.append(_given(heard[1].laeq) - level - weight)
        found.append(margin_of("linearity", rate, nominal, errors, (LINEARITY_LIMIT, LINEARITY_LIMIT)))
    return found


def burst(rate: int, hertz: float, seconds: float, phase: float) -> NDArray[np.float64]:
    """A full-scale sine of ``seconds``, begun ``phase`` of a sample after a sample, with silence before and after."""
    before = round(0.3 * rate)
    time = (np.arange(before + math.ceil(seconds * rate) + round(0.5 * rate)) - before - phase) / rate
    inside = (time >= 0) & (time < seconds)
    return np.where(inside, np.sin(2 * np.pi * hertz * time), 0.0)


def _phases(count: int) -> list[float]:
    return [number / count for number in range(count)]


def _measured(sound: NDArray[np.float64], rate: int) -> SecondLevels:
    """The levels of all of ``sound``, as if it were one second."""
    return _second(BlockWeighting(rate), LevelMeter(rate, None, slow=True), sound)


def _second(filters: BlockWeighting, meter: LevelMeter, sound: NDArray[np.float64]) -> SecondLevels:
    samples: Sound = sound.astype(np.float32)
    meter.feed(samples, filters.feed(samples), 0)
    return meter.end_second(samples.size / meter.rate, samples.size, whole=True)


def _exposure(heard: SecondLevels) -> float:
    return _given(heard.laeq) + 10 * math.log10(heard.seconds)


def _given(level: float | None) -> float:
    return -math.inf if level is None else level
