"""Arrival times of many sounds at once, as arrays: row by row one sound, column by column the sensors that heard it.

Rows are padded to the same number of columns; ``present`` says which count. Places are metres east, north and up of any
origin near by, times are seconds after any moment near by (float64 keeps a nanosecond over a month).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clairvoie.errors import InvalidValue
from clairvoie.hub.locate_air import Bool, Float


class Arrival(NamedTuple):
    """One sensor's arrival: where it stands (metres east, north, up), when (s), and the standard uncertainty of that
    time (s), everything included that :func:`arrival_sigma` names."""

    east: float
    north: float
    up: float
    time: float
    sigma: float


def arrival_sigma(onset: float, *, step: float, latency: float, position: float, speed: float) -> float:
    """The standard uncertainty in seconds of one arrival, from independent causes, each a standard uncertainty but for
    ``step``.

    ``onset``: of the detection, the node's clock included (s). ``step``: in which its time was sent (s): what was
    rounded off lies anywhere within it, with a standard deviation of step/√12. ``latency``: of the time from membrane
    to block (s). ``position``: of the sensor along the ray (metres); ``speed``: of sound (m/s).

    >>> round(arrival_sigma(0.0003, step=0.0001, latency=0.001, position=1.0, speed=340.0) * 1000, 2)
    3.12
    >>> round(arrival_sigma(0.0, step=0.0001, latency=0.0, position=0.0, speed=340.0) * 1000, 3)
    0.029
    """
    return float(np.sqrt(onset**2 + step**2 / 12 + latency**2 + (position / speed) ** 2))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Rows of arrivals. ``places``: (rows, n, 3) in metres; ``times``, ``sigmas`` in seconds and ``present``: (rows,
    n).

    What is absent may hold anything; it is set to harmless numbers here.
    """

    places: Float
    times: Float
    sigmas: Float
    present: Bool

    def __post_init__(self) -> None:
        rows, columns = self.times.shape
        shapes = (self.places.shape, self.sigmas.shape, self.present.shape)
        if shapes != ((rows, columns, 3), (rows, columns), (rows, columns)):
            raise InvalidValue("places are (rows, n, 3); times, sigmas and present are (rows, n)", shapes)
        present = self.present
        usable = np.isfinite(self.places).all(axis=-1) & np.isfinite(self.times) & (self.sigmas > 0)
        if not np.all((usable & np.isfinite(self.sigmas))[present]):
            raise InvalidValue("an arrival has a place, a time and an uncertainty above zero", None)
        object.__setattr__(self, "places", np.where(present[..., None], self.places, 0.0))
        object.__setattr__(self, "times", np.where(present, self.times, 0.0))
        object.__setattr__(self, "sigmas", np.where(present, self.sigmas, 1.0))

    @classmethod
    def of(cls, rows: Sequence[Sequence[Arrival]]) -> Arrivals:
        """Padded arrays from lists.

        >>> Arrivals.of([[Arrival(0, 0, 4, 0.1, 0.001)], []]).present.tolist()
        [[True], [False]]
        """
        width = max((len(row) for row in rows), default=0)
        table = np.zeros((len(rows), width, 5))
        present = np.zeros((len(rows), width), dtype=np.bool_)
        for number, row in enumerate(rows):
            table[number, : len(row)] = np.asarray(row, dtype=np.float64).reshape(-1, 5)
            present[number, : len(row)] = True
        return cls(table[..., :3], table[..., 3], table[..., 4], present)

    def __len__(self) -> int:
        return int(self.times.shape[0])

    @property
    def count(self) -> Float:
        """How many arrivals each row has."""
        return np.asarray(self.present.sum(axis=-1), dtype=np.float64)

    def rows(self, chosen: npt.NDArray[np.intp] | slice) -> Arrivals:
        """Some of the rows, by number."""
        found = object.__new__(Arrivals)  # checked once already
        for name in Arrivals.__slots__:
            object.__setattr__(found, name, getattr(self, name)[chosen])
        return found

    def repeated(self, times: int) -> Arrivals:
        """Each row so many times, one after the other."""
        return self.rows(np.repeat(np.arange(len(self)), times))

    def centred(self) -> tuple[Arrivals, Float, Float]:
        """The same around the middle of each row's sensors and the mean of its times; that middle (rows, 2), that mean.

        Sums of squares then lose no digits to the size of coordinates and dates.
        """
        number = np.maximum(self.count, 1.0)
        middle = self.places[..., :2].sum(axis=1) / number[:, None]
        mean = self.times.sum(axis=1) / number
        places = self.places.copy()
        places[..., :2] -= middle[:, None]
        return Arrivals(places, self.times - mean[:, None], self.sigmas, self.present), middle, mean
