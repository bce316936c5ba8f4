"""What ``listen`` keeps of every second, in columns of numbers: some 160 bytes a second, 14 MB for a day.

>>> series = LevelSeries()
>>> series.append(SecondLevels(1.0, 1.0, 60.0, 66.0, None, 64.0, 80.0, True, False, (60.0,) * 8))
>>> len(series), series.laeq.tolist(), series.lzeq.tolist()
(1, [60.0], [-inf])
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.hazards import NOISE_SOURCES, NoiseSource
from clairvoie.detect.sound.emergence import Interval
from clairvoie.detect.sound.indicators import (
    PERCENTILES,
    Indicators,
    intermittency_ratio,
    percentile_levels,
    sound_exposure_level,
)
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.sources import MOST_NAMED, SourceScores

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Totals:
    """The indicators of a whole recording, with its exposure and its intermittency ratio in percent."""

    indicators: Indicators
    sel: float | None
    intermittency: float | None


class LevelSeries:
    """The levels of every second. Minus infinity is digital silence; a second that is not ``usable`` counts nowhere."""

    def __init__(self) -> None:
        self._levels = array("d")
        self._flags = array("B")
        self._laf = array("d")
        self._counts = array("B")

    def append(self, second: SecondLevels) -> None:
        """Add the next second."""
        levels = (second.laeq, second.lceq, second.lzeq, second.lafmax, second.lcpeak)
        self._levels.extend((second.t_end, second.seconds, *(-math.inf if v is None else v for v in levels)))
        self._flags.append(second.valid | second.usable << 1 | second.overload << 2)
        laf = second.laf if second.usable else ()
        self._laf.extend(laf)
        self._counts.append(len(laf))

    def __len__(self) -> int:
        return len(self._flags)

    def _column(self, number: int) -> Floats:
        return np.array(self._levels, dtype=np.float64).reshape(-1, 7)[:, number]

    def _flag(self, bit: int) -> Marks:
        return np.asarray(np.array(self._flags, dtype=np.uint8) >> bit & 1, dtype=np.bool_)

    @property
    def t_end(self) -> Floats:
        """When each second ends."""
        return self._column(0)

    @property
    def seconds(self) -> Floats:
        """How much sound each holds."""
        return self._column(1)

    @property
    def laeq(self) -> Floats:
        """LAeq of each second in dB."""
        return self._column(2)

    @property
    def lceq(self) -> Floats:
        """LCeq of each second in dB."""
        return self._column(3)

    @property
    def lzeq(self) -> Floats:
        """LZeq of each second in dB."""
        return self._column(4)

    @property
    def lafmax(self) -> Floats:
        """LAFmax of each second in dB."""
        return self._column(5)

    @property
    def lcpeak(self) -> Floats:
        """LCpeak of each second in dB."""
        return self._column(6)

    @property
    def valid(self) -> Marks:
        """Whether each second is whole."""
        return self._flag(0)

    @property
    def usable(self) -> Marks:
        """Whether each second counts: it is whole, or the unbroken rest at the end."""
        return self._flag(1)

    @property
    def overload(self) -> Marks:
        """Whether each second reached full scale."""
        return self._flag(2)

    @property
    def laf(self) -> Floats:
        """LAF by eighths of a second, of the usable seconds."""
        return np.array(self._laf, dtype=np.float64)

    @property
    def laf_counts(self) -> NDArray[np.int64]:
        """How many of ``laf`` belong to each second."""
        return np.array(self._counts, dtype=np.int64)

    @property
    def length(self) -> float:
        """How long the recording is, as far as it has been read."""
        return self._levels[-7] if self._flags else 0.0

    def totals(self) -> Totals:
        """What the whole recording comes to; its last part of a second counts for what it is."""
        usable, seconds = self.usable, self.seconds
        heard = float(seconds[usable].sum())
        laeq = energy_level(self.laeq[usable], seconds[usable])
        found = Indicators(
            laeq=laeq,
            lceq=energy_level(self.lceq[usable], seconds[usable]),
            lzeq=energy_level(self.lzeq[usable], seconds[usable]),
            lafmax=greatest_level(self.lafmax[usable]),
            lcpeak=greatest_level(self.lcpeak[usable]),
            percentiles=percentile_levels(self.laf.tolist(), PERCENTILES),
            valid=heard,
            overloads=int(self.overload[usable].sum()),
        )
        whole = self.laeq[self.valid].tolist()
        return Totals(found, sound_exposure_level(laeq, heard), intermittency_ratio(whole))

    def inside(self, intervals: tuple[Interval, ...]) -> tuple[float | None, float]:
        """LAeq of the whole seconds inside ``intervals``, and how many there are."""
        start, end, chosen = self.t_end - self.seconds, self.t_end, np.zeros(len(self), dtype=np.bool_)
        for interval in intervals:
            chosen |= (start >= interval.start - 1e-6) & (end <= interval.end + 1e-6)
        chosen &= self.valid
        return energy_level(self.laeq[chosen], self.seconds[chosen]), float(self.seconds[chosen].sum())


def energy_level(levels: Floats, seconds: Floats) -> float | None:
    """Energy mean in dB; ``None`` without time or without energy."""
    total = float(seconds.sum())
    energy = float((np.power(10.0, levels / 10) * seconds).sum())
    return 10 * math.log10(energy / total) if total > 0 and energy > 0 else None


def greatest_level(levels: Floats) -> float | None:
    """The greatest level that is one."""
    found = float(levels.max(initial=-math.inf))
    return found if math.isfinite(found) else None


class SourceSeries:
    """The best sources of every second in which one is named: at most three, best first."""

    def __init__(self) -> None:
        self._times = array("d")
        self._codes = array("b")
        self._scores = array("f")

    def append(self, named: SourceScores) -> None:
        """Add the next second with a source."""
        self._times.append(named.t)
        codes = [NOISE_SOURCES.index(source) for source, _ in named.top]
        scores = [score for _, score in named.top]
        missing = MOST_NAMED - len(codes)
        self._codes.extend([*codes, *[-1] * missing])
        self._scores.extend([*scores, *[0.0] * missing])

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[tuple[float, NoiseSource]]:
        """The end of each such second and its best source."""
        codes = np.array(self._codes, dtype=np.int8).reshape(-1, MOST_NAMED)[:, 0].tolist()
        return ((t, NOISE_SOURCES[code]) for t, code in zip(self._times, codes, strict=True))

    def best(self, start: float = -math.inf, end: float = math.inf) -> list[tuple[NoiseSource, float]]:
        """The sources named after ``start`` and until ``end``, with the greatest score of each, best first."""
        times = np.array(self._times, dtype=np.float64)
        first, last = np.searchsorted(times, [start, end], side="right")
        codes = np.array(self._codes, dtype=np.int8).reshape(-1, MOST_NAMED)[first:last].ravel()
        scores = np.array(self._scores, dtype=np.float32).reshape(-1, MOST_NAMED)[first:last].ravel()
        best = {
            NOISE_SOURCES[code]: float(scores[codes == code].max()) for code in np.unique(codes).tolist() if code >= 0
        }
        return sorted(best.items(), key=lambda item: -item[1])

    def shares(self) -> dict[NoiseSource, int]:
        """In how many seconds each source is the best one."""
        codes, counts = np.unique(np.array(self._codes[::MOST_NAMED], dtype=np.int8), return_counts=True)
        return {NOISE_SOURCES[code]: int(count) for code, count in zip(codes.tolist(), counts.tolist(), strict=True)}
