"""A street between two rows of houses, as an impulse response: what turns a dry recording into a sound of that street.

Facades are parallel planes; sources are mirrored in them up to :data:`ORDER` times, and each image once more in the
ground (image sources: Allen & Berkley, JASA 65, 1979; street canyons: Kang, Applied Acoustics 61, 2000). The sky takes
what does not come back. A facade loses 1 to 3.5 dB a reflection, scattering included; air absorbs after ISO 9613-1.

>>> import numpy as np
>>> one, again = (canyon_response(np.random.default_rng(3), 16_000) for _ in range(2))
>>> bool((one == again).all()), 0.2 < one.size / 16_000 < 4
(True, True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.lab.propagation import Atmosphere, Path, response

Float = NDArray[np.float64]
ORDER = 14
GROUND_LOSS = 1.5
QUIETEST_DB = 45.0
"""Images this far under the direct sound are left out."""


@dataclass(frozen=True, slots=True)
class Canyon:
    """``width`` of the street, distance ``along`` it, places across it, heights, all in metres; ``loss`` in dB."""

    width: float
    along: float
    source: float
    microphone: float
    source_height: float
    microphone_height: float
    loss: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Canyon:
        """A street of 8 to 25 m; the microphone on a mast or a facade, 2 to 60 m from the source."""
        width = float(rng.uniform(8, 25))
        return cls(
            width=width,
            along=float(np.exp(rng.uniform(np.log(2), np.log(60)))),
            source=float(rng.uniform(0.1, 0.9)) * width,
            microphone=float(rng.uniform(0.03, 0.97)) * width,
            source_height=float(rng.uniform(0.3, 2.0)),
            microphone_height=float(rng.uniform(3.0, 6.0)),
            loss=float(rng.uniform(1.0, 3.5)),
        )

    def paths(self) -> tuple[Path, ...]:
        """Every way from source to microphone, the direct one first."""
        found = []
        for turn in range(-ORDER, ORDER + 1):
            across = turn * self.width + (self.source if turn % 2 == 0 else self.width - self.source)
            for ground in (False, True):
                rise = self.microphone_height + (self.source_height if ground else -self.source_height)
                length = float(np.sqrt(self.along**2 + (across - self.microphone) ** 2 + rise**2))
                found.append(Path(length, abs(turn) * self.loss + GROUND_LOSS * ground))
        direct = min(path.length for path in found)
        loud = [p for p in found if p.loss + 20 * np.log10(p.length / direct) < QUIETEST_DB]
        return tuple(sorted(loud, key=lambda path: path.length))


def canyon_response(rng: np.random.Generator, rate: int) -> Float:
    """The response of a street drawn from ``rng``: the direct sound comes first and has strength one."""
    paths = Canyon.drawn(rng).paths()
    _, taps = response(paths, rate, Atmosphere())
    energy = np.cumsum(np.square(taps[::-1]))[::-1]
    last = int(np.searchsorted(-energy, -energy[0] * 1e-6))
    taps = taps[: max(last, rate // 5)]
    size = min(taps.size, rate // 50)
    taps[-size:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(size) / size)
    return np.asarray(taps * paths[0].length, dtype=np.float64)
