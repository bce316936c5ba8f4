"""How sound gets from a source to a microphone outdoors: delay, spreading, air, ground and facades, roofs in between.

Pure: geometry in, paths and filters out. Each :class:`Path` is one way the sound takes, with its length in metres; a
filter made of all of them has their exact delays, between samples too.

- Spherical spreading: −20 lg(d / 1 m) dB re 1 m.
- Speed of sound and absorption of air: ISO 9613-1:1993, equations (3) to (5) and annex A.
- Ground and facades: image sources of the first order (Allen & Berkley, JASA 65, 1979), only where the mirrored ray
  meets the facade and nothing stands between; a fixed loss a reflection, one of the few simplifications of note.
- A building in the way: the sound goes over its roof and loses what Kurze and Anderson (Applied Acoustics 4, 1971) give
  for a thin screen of the same detour, at most 25 dB (ISO 9613-2:1996, 7.4). Ways around corners are left out.

>>> air = Atmosphere(temperature=20.0, humidity=70.0)
>>> round(air.speed_of_sound, 1), round(float(1000 * air.absorption(np.array([1000.0]))[0]), 1)
(343.2, 5.0)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from clairvoie.errors import LabError

Float = NDArray[np.float64]
Point = tuple[float, float, float]
"""Metres east, north and up of the origin of the quarter."""

_T0 = 293.15
_TRIPLE = 273.16
_MAXIMUM_SCREENING = 25.0
_BULK_MARGIN = 32
"""Samples before the first arrival that a filter keeps for the front side of its band-limited pulses."""


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """Air: ``temperature`` in °C, relative ``humidity`` in %, ``pressure`` in kPa."""

    temperature: float = 15.0
    humidity: float = 60.0
    pressure: float = 101.325

    def __post_init__(self) -> None:
        if not (-20 <= self.temperature <= 50 and 1 <= self.humidity <= 100 and 50 <= self.pressure <= 200):
            raise LabError(
                "outside the range of ISO 9613-1", (self.temperature, self.humidity, self.pressure), "-20 to 50 °C."
            )

    @property
    def speed_of_sound(self) -> float:
        """Metres a second: 343.2 √(T / 293.15 K) (ISO 9613-1, annex A)."""
        return 343.2 * float(np.sqrt((self.temperature + 273.15) / _T0))

    def absorption(self, frequencies: Float) -> Float:
        """Attenuation coefficient of pure tones in dB a metre (ISO 9613-1, equations 3 to 5 and B.3)."""
        kelvin = self.temperature + 273.15
        ratio, pressure = kelvin / _T0, self.pressure / 101.325
        saturation = 10 ** (-6.8346 * (_TRIPLE / kelvin) ** 1.261 + 4.6151)
        water = self.humidity * saturation / pressure
        oxygen = pressure * (24 + 4.04e4 * water * (0.02 + water) / (0.391 + water))
        nitrogen = pressure * ratio**-0.5 * (9 + 280 * water * np.exp(-4.170 * (ratio ** (-1 / 3) - 1)))
        square = np.asarray(frequencies, dtype=np.float64) ** 2
        classical = 1.84e-11 / pressure * ratio**0.5
        relaxed = 0.01275 * np.exp(-2239.1 / kelvin) / (oxygen + square / oxygen)
        relaxed = relaxed + 0.1068 * np.exp(-3352.0 / kelvin) / (nitrogen + square / nitrogen)
        return np.asarray(8.686 * square * (classical + ratio**-2.5 * relaxed), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Path:
    """One way from source to microphone: ``length`` in metres, ``loss`` in dB at all frequencies, and ``detour``, the
    metres by which a roof makes it longer than the straight line (0: nothing in the way)."""

    length: float
    loss: float = 0.0
    detour: float = 0.0


@dataclass(frozen=True)
class Surroundings:
    """Buildings as polygons with one roof ``height`` each in metres, and what a reflection costs in dB."""

    buildings: tuple[shapely.Polygon, ...] = ()
    heights: tuple[float, ...] = ()
    facade_loss: float = 2.5
    ground_loss: float = 1.5
    reflections: int = 6

    @cached_property
    def walls(self) -> tuple[Float, Float, Float]:
        """Both ends of every facade, each of shape (walls, 2), and the height of its building."""
        rings = [shapely.get_coordinates(building.exterior) for building in self.buildings]
        if not rings:
            return np.empty((0, 2)), np.empty((0, 2)), np.empty(0)
        heights = np.concatenate([np.full(len(r) - 1, h) for r, h in zip(rings, self.heights, strict=True)])
        return np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings]), heights

    def crossed(self, p: Point, q: Point) -> list[tuple[float, shapely.Geometry]]:
        """``(height, part)`` for each building that the line from ``p`` to ``q`` crosses in plan for over 5 cm."""
        if not self.buildings:
            return []
        parts = shapely.intersection(np.array(self.buildings), shapely.LineString([p[:2], q[:2]]))
        found = np.flatnonzero(shapely.length(parts) > 0.05)
        return [(self.heights[index], parts[index]) for index in found]


def paths_between(source: Point, microphone: Point, around: Surroundings | None = None) -> tuple[Path, ...]:
    """The direct way first, then the ground, then the strongest facades, at most ``around.reflections`` in all."""
    straight = float(np.linalg.norm(np.subtract(source, microphone)))
    if straight < 0.1:
        raise LabError("a source and a microphone are at least 0.1 m apart", straight)
    if around is None:
        return (Path(straight),)
    detour = detour_between(source, microphone, around)
    direct = Path(straight + detour, 0.0, detour)
    mirrored = float(np.linalg.norm(np.subtract((source[0], source[1], -source[2]), microphone)))
    ground = Path(mirrored + detour, around.ground_loss, detour)
    facades = sorted(_facade_paths(source, microphone, around), key=lambda path: path.length)
    return (direct, ground, *facades)[: around.reflections + 1]


def _facade_paths(source: Point, microphone: Point, around: Surroundings) -> list[Path]:
    """One path for each facade that mirrors ``source`` to ``microphone`` with nothing in the way of either leg."""
    start, end, heights = around.walls
    wall = end - start
    along = wall / np.linalg.norm(wall, axis=1, keepdims=True)
    offset = np.array(source[:2]) - start
    images = start + 2 * along * np.sum(offset * along, axis=1, keepdims=True) - offset
    ray = np.array(microphone[:2]) - images
    cross = ray[:, 0] * wall[:, 1] - ray[:, 1] * wall[:, 0]
    parallel = np.abs(cross) < 1e-9
    to, safe = start - images, np.where(parallel, 1.0, cross)
    share = (to[:, 0] * wall[:, 1] - to[:, 1] * wall[:, 0]) / safe
    place = (to[:, 0] * ray[:, 1] - to[:, 1] * ray[:, 0]) / safe
    height = source[2] + share * (microphone[2] - source[2])
    meets = ~parallel & (share > 1e-6) & (share < 1 - 1e-6) & (place >= 0) & (place <= 1) & (height <= heights)
    found: list[Path] = []
    for index in np.flatnonzero(meets):
        outside = images[index] + ray[index] * share[index] + 0.01 * ray[index] / np.linalg.norm(ray[index])
        point = (float(outside[0]), float(outside[1]), float(height[index]))
        legs = ((source, point), (point, microphone))
        if not any(roof > min(p[2], q[2]) for p, q in legs for roof, _ in around.crossed(p, q)):
            rise = source[2] - microphone[2]
            found.append(Path(float(np.hypot(np.linalg.norm(ray[index]), rise)), around.facade_loss))
    return found


def detour_between(source: Point, microphone: Point, around: Surroundings) -> float:
    """By how many metres the shortest way over all roofs between exceeds the straight line; 0 when none rises above it.

    The way is the upper convex hull, in the vertical plane, of source, roof edges and microphone.
    """
    flat = float(np.linalg.norm(np.subtract(source[:2], microphone[:2])))
    profile = [(0.0, source[2]), (flat, microphone[2])]
    for height, part in around.crossed(source, microphone):
        ends = shapely.get_coordinates(part) - np.array(source[:2])
        profile += [(float(distance), height) for distance in np.linalg.norm(ends, axis=1)]
    hull: list[tuple[float, float]] = []
    for point in sorted(profile):
        while len(hull) > 1 and _turns_left(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    over = sum(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in pairwise(hull))
    return max(0.0, over - float(np.hypot(flat, source[2] - microphone[2])))


def _turns_left(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) >= 0


def screening(frequencies: Float, detour: float, speed: float) -> Float:
    """Loss in dB of a way over an edge: 5 + 20 lg(√(2πN) / tanh √(2πN)), N = 2 detour / wavelength, at most 25."""
    if detour <= 0:
        return np.zeros_like(frequencies)
    root = np.sqrt(2 * np.pi * 2 * detour * np.maximum(frequencies, 1.0) / speed)
    loss = 5 + 20 * np.log10(root / np.tanh(root))
    return np.asarray(np.minimum(_MAXIMUM_SCREENING, loss), dtype=np.float64)


def response(paths: tuple[Path, ...], rate: int, air: Atmosphere) -> tuple[int, Float]:
    """``(delay, filter)``: whole samples to shift by, which may be negative, and a finite impulse response to convolve.

    Together they are the sum over ``paths`` of a pulse 1/d strong, filtered by air and roof, d/c late. The filter is
    made in the frequency domain, so delays between samples are exact up to 0.45 of the rate; above, it fades out.
    """
    speed = air.speed_of_sound
    first = int(np.floor(min(path.length for path in paths) / speed * rate)) - _BULK_MARGIN
    last = max(path.length for path in paths) / speed * rate - first
    size = 1 << int(np.ceil(np.log2(last + 8 * _BULK_MARGIN)))
    frequencies = np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)
    absorption = air.absorption(frequencies)
    total = np.zeros(frequencies.size, dtype=np.complex128)
    for path in paths:
        loss = path.loss + absorption * path.length + screening(frequencies, path.detour, speed)
        delay = path.length / speed - first / rate
        total = total + 10 ** (-loss / 20) / path.length * np.exp(-2j * np.pi * frequencies * delay)
    edge = np.clip((0.5 * rate - frequencies) / (0.05 * rate), 0, 1)
    total *= 0.5 - 0.5 * np.cos(np.pi * edge)
    return first, np.asarray(np.fft.irfft(total, size), dtype=np.float64)
