"""What an hour comes to: LAeq, percentiles, Harmonica, intermittency ratio, number of noise events.

:func:`hour_indicators` takes the seconds of an hour at once; :class:`HourMeter` takes them as they come, in bounded
memory (an hour of LAeq,1s and of LAF, about 260 kB), and gives the same values, bit for bit, when the hour is over.
Hours are those of the seconds' own clock: of UTC in a node, from the start of the file in ``listen``.

An hour of which less than ``LEAST_COVERAGE`` is valid has no values, but says its coverage.

>>> from clairvoie.detect.sound.levels import SecondLevels
>>> meter = HourMeter(calibrated=True)
>>> for t in range(1, 3601):
...     found = meter.feed(SecondLevels(t, 1.0, 80.0, 80.0, 80.0, 80.0, 90.0, True, False, (80.0,) * 8))
>>> [hour] = found
>>> hour.end, hour.laeq, hour.harmonica.index, hour.intermittency, hour.coverage
(3600, 80.0, 10.0, 0.0, 1.0)
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.detection import LEAST_HOUR_COVERAGE
from clairvoie.detect.sound.indicators import (
    PERCENTILES,
    energy_mean,
    greatest,
    intermittency_ratio,
    percentile_levels,
    sound_exposure_level,
)
from clairvoie.detect.sound.levels import SecondLevels

HOUR = 3600
LEAST_COVERAGE = LEAST_HOUR_COVERAGE
"""An hour or a part of the day of which a smaller share is valid has no indicators."""
BACKGROUND_SECONDS = 600
BACKGROUND_PERCENTILE = 95
QUIETEST_HARMONICA_DB = 30.0
LOUDEST_INDEX = 10.0
_WINDOWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Harmonica:
    """The Harmonica index of one hour, 0 to 10, and its two parts: background noise and noise events."""

    index: float
    background: float
    events: float


@dataclass(frozen=True, slots=True)
class HourIndicators:
    """What the hour that ends at ``end`` comes to. Levels are in dB; ``coverage`` is the share of it that is valid.

    ``intermittency`` is in percent; ``events`` counts the noise events that ended in it. Without enough coverage
    everything but ``end``, ``coverage`` and ``events`` is ``None``; without calibration so is ``harmonica``.
    """

    end: int
    coverage: float
    laeq: float | None
    sel: float | None
    lafmax: float | None
    lcpeak: float | None
    percentiles: dict[int, float | None]
    harmonica: Harmonica | None
    intermittency: float | None
    events: int


def harmonica(laeq: Sequence[float]) -> Harmonica | None:
    """The Harmonica index of an hour of LAeq,1s in dB SPL: 3,600 values, NaN where not valid, -inf for silence.

    Index = 0.2 (LA95eq - 30) + 0.25 (LAeq - LA95eq), the first part from the background noise and the second from
    events, on a scale from 0 (30 dB(A), steady) to 10 (80 dB(A), steady). LA95eq is the energy mean of LA95 over
    sliding windows of ten minutes, here all that lie in the hour. Source: LIFE Harmonica (Bruitparif and Acoucité,
    2011-2014); programs in use differ in whether a window follows, precedes or surrounds its second, which moves the
    index of an hour by less than a tenth unless the background changes at its ends. ``None`` in digital silence.
    """
    values = np.asarray(laeq, dtype=np.float64)
    known = values[~np.isnan(values)]
    energy = float(np.power(10.0, known / 10).sum())
    background = _sliding_background(values)
    if energy <= 0 or background is None:
        return None
    level = 10 * math.log10(energy / known.size)
    # A background below 30 dB(A) is under the scale's lower end.
    lower = min(max(0.0, 0.2 * (background - QUIETEST_HARMONICA_DB)), LOUDEST_INDEX)
    upper = min(max(0.0, 0.25 * (level - background)), LOUDEST_INDEX - lower)
    return Harmonica(index=lower + upper, background=lower, events=upper)


def _sliding_background(values: NDArray[np.float64]) -> float | None:
    """Energy mean of LA95 over every window of ten minutes of which enough is valid."""
    if values.size < BACKGROUND_SECONDS:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(values, BACKGROUND_SECONDS)
    energies: list[float] = []
    for first in range(0, len(windows), _WINDOWS_AT_ONCE):
        ordered = np.sort(windows[first : first + _WINDOWS_AT_ONCE], axis=1)  # NaN comes last
        counts = np.count_nonzero(~np.isnan(ordered), axis=1)
        ranks = np.maximum(np.ceil(counts * (100 - BACKGROUND_PERCENTILE) / 100).astype(np.int64) - 1, 0)
        levels = np.take_along_axis(ordered, ranks[:, None], axis=1)[:, 0]
        energies += np.power(10.0, levels[counts >= LEAST_COVERAGE * BACKGROUND_SECONDS] / 10).tolist()
    total = math.fsum(energies)
    return 10 * math.log10(total / len(energies)) if total > 0 else None


class HourMeter:
    """Takes seconds as they come and gives the indicators of each hour once it is over.

    ``calibrated`` says that levels are sound pressure levels, without which there is no Harmonica. Without any
    ``percentiles`` LAF is not kept, and an hour takes 29 kB.
    """

    def __init__(self, *, calibrated: bool, percentiles: Iterable[int] = PERCENTILES) -> None:
        self.calibrated = calibrated
        self.percentiles = tuple(percentiles)
        self._hour: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._laeq = np.full(HOUR, np.nan)
        self._laf = array("d")
        self._lafmax: float | None = None
        self._lcpeak: float | None = None
        self._events = 0

    def feed(self, second: SecondLevels, events: int = 0) -> list[HourIndicators]:
        """Add ``second`` and the number of noise events that ended in it. Returns the hours that are over now."""
        last = math.ceil(second.t_end - 1e-9)
        hour = (last - 1) // HOUR
        found = [] if self._hour is None or hour == self._hour else self._end()
        self._hour = hour
        self._events += events
        if second.valid:
            self._laeq[(last - 1) % HOUR] = -math.inf if second.laeq is None else second.laeq
            if self.percentiles:
                self._laf.extend(second.laf)
            self._lafmax = greatest((self._lafmax, second.lafmax))
            self._lcpeak = greatest((self._lcpeak, second.lcpeak))
        return found + (self._end() if last % HOUR == 0 else [])

    def finish(self) -> list[HourIndicators]:
        """The hour that has begun, if any; its coverage tells how much of it there is."""
        return self._end()

    def _end(self) -> list[HourIndicators]:
        if self._hour is None:
            return []
        end, self._hour = (self._hour + 1) * HOUR, None
        made = self._made(end)
        self._clear()
        return [made]

    def _made(self, end: int) -> HourIndicators:
        known = self._laeq[~np.isnan(self._laeq)]
        coverage = known.size / HOUR
        if coverage < LEAST_COVERAGE:
            nothing = dict.fromkeys(self.percentiles)
            return HourIndicators(end, coverage, None, None, None, None, nothing, None, None, self._events)
        levels = [level if math.isfinite(level) else None for level in known.tolist()]
        laeq = energy_mean((level, 1.0) for level in levels)
        return HourIndicators(
            end=end,
            coverage=coverage,
            laeq=laeq,
            sel=sound_exposure_level(laeq, known.size),
            lafmax=self._lafmax,
            lcpeak=self._lcpeak,
            percentiles=percentile_levels(self._laf, self.percentiles),
            harmonica=harmonica(self._laeq.tolist()) if self.calibrated else None,
            intermittency=intermittency_ratio(levels),
            events=self._events,
        )
