"""Levels on an even grid of time, thinned by energy: what the plots, the tables and the CSV show.

Each column of the grid is ``step`` seconds. LAeq, LCeq and octaves are energy means of the minutes that have a level;
LAFmax and LCpeak are maxima; percentiles have no energy mean and are the arithmetic mean of the minutes' percentiles;
a noise source's share is the mean over the stored minutes. A column in which nothing is known is ``None``: nothing is
interpolated. ``minutes`` counts the minutes that gave a column its LAeq,
``stored`` all that are known.

>>> energy_mean([60.0, None, 70.0])
67.4
>>> energy_mean([None]) is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.detection import OCTAVE_CENTRES
from clairvoie.boundary.hazards import NOISE_SOURCES, NoiseSource
from clairvoie.boundary.reading import MinuteRow
from clairvoie.errors import InvalidValue
from clairvoie.views.ranges import MINUTE

Column = list[float | None]
Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """One sensor's levels from ``start`` in columns of ``step`` seconds (a minute or more); lists of equal length.

    ``octaves`` has nine lists in the order of ``OCTAVE_CENTRES``; ``sources`` has, for each noise source named at least
    once, its share of each column, most frequent first.
    """

    sensor: str
    start: int
    step: int
    laeq: Column
    lceq: Column
    lafmax: Column
    lcpeak: Column
    l10: Column
    l50: Column
    l90: Column
    octaves: tuple[Column, ...]
    sources: dict[NoiseSource, Column]
    minutes: list[int]
    stored: list[int]

    @property
    def times(self) -> list[int]:
        """The first POSIX second of each column."""
        return [self.start + index * self.step for index in range(len(self.laeq))]


def energy_mean(levels: Iterable[float | None]) -> float | None:
    """Mean of levels in dB by energy, to a tenth; ``None`` where there is none."""
    known = [level for level in levels if level is not None]
    if not known:
        return None
    return round(float(10 * np.log10(np.mean(10 ** (np.array(known) / 10)))), 1)


def thin(sensor: str, rows: Sequence[MinuteRow], start: int, end: int, step: int) -> Series:
    """``rows`` (minutes, oldest first) on a grid from ``start`` to ``end`` in columns of ``step`` seconds."""
    if step < MINUTE or step % MINUTE or start % MINUTE or end <= start:
        raise InvalidValue("a series has whole minutes", (start, end, step))
    inside = [row for row in rows if start <= row.minute < end]
    count = -(-(end - start) // step)
    where = np.array([(row.minute - start) // step for row in inside], dtype=np.intp)

    def take(levels: Sequence[float | None], mean: Callable[[Figures, NDArray[np.intp], int], Figures]) -> Column:
        values = np.array(levels, dtype=np.float64)
        known = ~np.isnan(values)
        return _listed(mean(values[known], where[known], count))

    laeq = [row.laeq is not None for row in inside]
    return Series(
        sensor=sensor,
        start=start,
        step=step,
        laeq=take([row.laeq for row in inside], _energy),
        lceq=take([row.lceq for row in inside], _energy),
        lafmax=take([row.lafmax for row in inside], _greatest),
        lcpeak=take([row.lcpeak for row in inside], _greatest),
        l10=take([row.l10 for row in inside], _mean),
        l50=take([row.l50 for row in inside], _mean),
        l90=take([row.l90 for row in inside], _mean),
        octaves=tuple(take([_band(row, i) for row in inside], _energy) for i in range(len(OCTAVE_CENTRES))),
        sources=_sources(inside, where, count),
        minutes=np.bincount(where[np.array(laeq, dtype=bool)], minlength=count).tolist(),
        stored=np.bincount(where, minlength=count).tolist(),
    )


def tens(rows: Sequence[MinuteRow], start: int, end: int) -> Column:
    """LAeq,10s from ``start`` to ``end``, one each ten seconds, from the six tens of each minute."""
    grid: Column = [None] * ((end - start) // 10)
    for row in rows:
        for index, level in enumerate(row.tens):
            place = (row.minute - start) // 10 + index
            if 0 <= place < len(grid):
                grid[place] = level
    return grid


def _band(row: MinuteRow, index: int) -> float | None:
    return row.octaves[index] if index < len(row.octaves) else None


def _sources(inside: Sequence[MinuteRow], where: NDArray[np.intp], count: int) -> dict[NoiseSource, Column]:
    stored = np.bincount(where, minlength=count).astype(np.float64)
    sums: dict[NoiseSource, Figures] = {}
    for row, place in zip(inside, where, strict=True):
        for source, share in row.sources:
            sums.setdefault(source, np.zeros(count))[place] += share
    ordered = sorted(sums, key=lambda source: (-float(sums[source].sum()), NOISE_SOURCES.index(source)))
    with np.errstate(invalid="ignore"):
        return {source: _listed(np.where(stored > 0, sums[source] / stored, np.nan), 3) for source in ordered}


def _energy(values: Figures, where: NDArray[np.intp], count: int) -> Figures:
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(_mean(10 ** (values / 10), where, count)))


def _mean(values: Figures, where: NDArray[np.intp], count: int) -> Figures:
    held = np.bincount(where, minlength=count)
    sums = np.bincount(where, weights=values, minlength=count)
    means: Figures = np.divide(sums, held, out=np.full(count, np.nan), where=held > 0)
    return means


def _greatest(values: Figures, where: NDArray[np.intp], count: int) -> Figures:
    found = np.full(count, np.nan)
    np.fmax.at(found, where, values)
    return found


def _listed(values: Figures, digits: int = 1) -> Column:
    return [None if np.isnan(value) else round(float(value), digits) for value in values]
