"""Energy means, percentile levels, exposure and intermittency, from the levels of seconds.

Percentiles are of LAF, taken eight times a second (ISO 1996-1:2016, 3.1.3: the level exceeded N % of the time, with
time weighting F). Seconds that are not valid count nowhere; digital silence counts as time without energy.

>>> round(energy_mean([(60.0, 1.0), (None, 1.0)]), 1)
57.0
>>> round(sound_exposure_level(60.0, 100.0), 1), round(intermittency_ratio([50.0] * 99 + [80.0]), 1)
(80.0, 91.0)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from clairvoie.detect.sound.levels import SecondLevels

PERCENTILES = (1, 5, 10, 50, 90, 95, 99)
INTERMITTENCY_OFFSET_DB = 3.0


def energy_mean(levels: Iterable[tuple[float | None, float]]) -> float | None:
    """Energy mean in dB of ``(level, seconds)``; ``None`` without time or without energy."""
    energy = seconds = 0.0
    for level, duration in levels:
        energy += 0.0 if level is None else duration * 10 ** (level / 10)
        seconds += duration
    return 10 * math.log10(energy / seconds) if energy > 0 and seconds > 0 else None


def percentile_levels(laf: Sequence[float], percentiles: Iterable[int] = (10, 50, 90)) -> dict[int, float | None]:
    """The level in dB exceeded for N % of the time, for each N; ``None`` without values or in digital silence.

    >>> percentile_levels([50.0] * 9 + [70.0], [10, 50])
    {10: 50.0, 50: 50.0}
    """
    ordered = np.sort(np.asarray(laf, dtype=np.float64))
    found: dict[int, float | None] = {}
    for percentile in percentiles:
        if not ordered.size:
            found[percentile] = None
            continue
        # The smallest value that at most N % of the values exceed: no interpolation, which infinities would spoil.
        rank = math.ceil(ordered.size * (100 - percentile) / 100) - 1
        value = float(ordered[max(rank, 0)])
        found[percentile] = value if math.isfinite(value) else None
    return found


def sound_exposure_level(level: float | None, seconds: float) -> float | None:
    """LAE, also SEL: the level in dB that one second would need to hold the energy of ``level`` over ``seconds``.

    ISO 1996-1:2016, 3.1.8.
    """
    return level + 10 * math.log10(seconds) if level is not None and seconds > 0 else None


def intermittency_ratio(levels: Sequence[float | None]) -> float | None:
    """Percentage of the energy that lies in the seconds louder than LAeq,T + 3 dB, from LAeq,1s in dB.

    Wunderli, Pieren, Habermacher et al. 2016, "Intermittency ratio: a metric reflecting short-term temporal variations
    of transportation noise exposure", J. Expo. Sci. Environ. Epidemiol. 26, 575-585: K = Leq,T + C with C = 3 dB, for
    any T. Steady noise has 0, a single bang in silence 100. ``None`` without energy. It needs no calibration.
    """
    energy = np.asarray([0.0 if level is None else 10 ** (level / 10) for level in levels])
    total = float(energy.sum())
    if total <= 0:
        return None
    threshold = total / energy.size * 10 ** (INTERMITTENCY_OFFSET_DB / 10)
    return 100 * float(energy[energy > threshold].sum()) / total


def greatest(levels: Iterable[float | None]) -> float | None:
    """The greatest level that is one."""
    return max((level for level in levels if level is not None), default=None)


@dataclass(frozen=True, slots=True)
class Indicators:
    """What some stretch of time comes to, in dB. ``valid`` is how many seconds of it count."""

    laeq: float | None
    lceq: float | None
    lzeq: float | None
    lafmax: float | None
    lcpeak: float | None
    percentiles: dict[int, float | None]
    valid: float
    overloads: int


def indicators_of(
    seconds: Sequence[SecondLevels], percentiles: Iterable[int] = PERCENTILES, *, with_rest: bool = False
) -> Indicators:
    """The indicators of ``seconds``. ``with_rest`` counts the rest at the end of a recording as well."""
    counted = [s for s in seconds if s.valid or (with_rest and s.rest)]
    return Indicators(
        laeq=energy_mean((s.laeq, s.seconds) for s in counted),
        lceq=energy_mean((s.lceq, s.seconds) for s in counted),
        lzeq=energy_mean((s.lzeq, s.seconds) for s in counted),
        lafmax=greatest(s.lafmax for s in counted),
        lcpeak=greatest(s.lcpeak for s in counted),
        percentiles=percentile_levels([value for s in counted for value in s.laf], percentiles),
        valid=sum(s.seconds for s in counted),
        overloads=sum(s.overload for s in counted),
    )
