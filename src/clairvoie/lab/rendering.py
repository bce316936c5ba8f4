"""A scene as each microphone hears it: true delays, spreading, air, facades and roofs, over its background.

Every sound draws from a generator of its own, ``[seed, number]``, so that adding one changes no other. Sums are made in
the order of the scene, so the same scene gives the same bytes on the same libraries. A background is a stretch of at
most 40 s, repeated. Memory: the dry sounds once, and one microphone at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter1d
from scipy.signal import oaconvolve

from clairvoie.lab.annotation import Annotation, labels_of
from clairvoie.lab.loudness import active_level, active_span
from clairvoie.lab.propagation import Path, Point, detour_between, paths_between, response, screening
from clairvoie.lab.recordings import read_sound
from clairvoie.lab.scene import Ambience, Emission, Microphone, Scene
from clairvoie.lab.synthesis import MAKERS

Sound = NDArray[np.float32]
Float = NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Called with what is being done and how much of all is done, 0 to 1."""

_AMBIENCE_SEED = 1_000_000
_JOIN_SECONDS = 1.0
_LONGEST_STRETCH_SECONDS = 40.0
_TRACK_STEP = 64
_SCREEN_HZ = np.array([1000.0])


@dataclass(frozen=True, slots=True, eq=False)
class Dry:
    """A sound as it leaves its source, with LAeq 0 dB at 1 m while it sounds; ``start`` and ``end``: where it does."""

    samples: Sound
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What all microphones have in common: the dry sounds with their levels at 1 m, the backgrounds and when they
    are there."""

    dry: list[Dry]
    levels: list[float]
    grounds: list[Sound]
    windows: list[Float | float]


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """What one microphone gets of one emission: from which sample on, what, when, and how loud (LAeq in dB)."""

    first: int
    samples: Float
    onset: float
    offset: float
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One microphone's recording in pascal-like units (full scale 1), its ground truth, and each emission's arrival
    as ``(number, onset, offset, level)``."""

    microphone: Microphone
    samples: Float
    annotations: list[Annotation]
    arrivals: list[tuple[int, float, float, float]]


def render(scene: Scene, progress: Progress = lambda _what, _done: None) -> Iterator[Heard]:
    """One recording a microphone, in the order of the scene."""
    total = len(scene.emissions) + 1 + len(scene.microphones)
    dry: list[Dry] = []
    for number, emission in enumerate(scene.emissions):
        progress(f"making {emission.kind}", number / total)
        dry.append(_dry(scene, emission, number))
    progress("making the background", len(dry) / total)
    grounds = [_ground(scene, ambience, number) for number, ambience in enumerate(scene.ambiences)]
    windows = [_window(scene, ambience) for ambience in scene.ambiences]
    levels = [_level_at_one_metre(scene, e, d) for e, d in zip(scene.emissions, dry, strict=True)]
    for number, microphone in enumerate(scene.microphones):
        progress(f"at {microphone.id}", (len(dry) + 1 + number) / total)
        yield _heard(scene, microphone, number, Material(dry, levels, grounds, windows))
    progress("done", 1.0)


def _heard(scene: Scene, microphone: Microphone, number: int, material: Material) -> Heard:
    count = round(scene.seconds * scene.rate)
    out = np.zeros(count)
    annotations: list[Annotation] = []
    for ambience, ground, window in zip(scene.ambiences, material.grounds, material.windows, strict=True):
        # A different stretch of the same long background at each microphone: equally loud, incoherent.
        out += np.roll(ground, number * count // len(scene.microphones)) * window
        end = scene.seconds if ambience.end is None else min(ambience.end, scene.seconds)
        annotations += [Annotation(ambience.start, end, label) for label in labels_of(ambience.kind, end)]
    arrivals: list[tuple[int, float, float, float]] = []
    for index, (emission, sound) in enumerate(zip(scene.emissions, material.dry, strict=True)):
        arrival = _arrival(scene, emission, sound, microphone, material.levels[index])
        _put(out, arrival.first, arrival.samples, scene.loop)
        arrivals.append((index, arrival.onset, arrival.offset, arrival.level))
        offset = min(arrival.offset, scene.seconds)
        if arrival.onset < scene.seconds:
            labels = labels_of(emission.kind, offset - arrival.onset)
            annotations += [Annotation(arrival.onset, offset, label) for label in labels]
    return Heard(microphone, out, annotations, arrivals)


def _dry(scene: Scene, emission: Emission, number: int) -> Dry:
    if emission.file is not None:
        samples = read_sound(emission.file, scene.rate, emission.seconds)
    else:
        generator = np.random.default_rng([scene.seed, number])
        samples = MAKERS[emission.kind](generator, emission.seconds, scene.rate)
    start, end = active_span(samples, scene.rate)
    scale = 10 ** (-active_level(samples, scene.rate, scene.calibration) / 20)
    return Dry((samples * scale).astype(np.float32), start, end)


def _ground(scene: Scene, ambience: Ambience, number: int) -> Sound:
    """The background at its level, as long as the scene: a stretch whose end joins its beginning, repeated."""
    stretch = min(scene.seconds, _LONGEST_STRETCH_SECONDS)
    if ambience.file is not None:
        samples = read_sound(ambience.file, scene.rate, stretch + _JOIN_SECONDS)
    else:
        generator = np.random.default_rng([scene.seed, _AMBIENCE_SEED + number])
        samples = MAKERS[ambience.kind](generator, stretch + _JOIN_SECONDS, scene.rate)
    whole = joined_ends(samples, min(round(_JOIN_SECONDS * scene.rate), samples.size // 2))
    level = active_level(whole.astype(np.float32), scene.rate, scene.calibration)
    repeated = np.resize(whole, round(scene.seconds * scene.rate))
    return (repeated * 10 ** ((ambience.level - level) / 20)).astype(np.float32)


def joined_ends(samples: Sound, overlap: int) -> Float:
    """``samples`` without its last ``overlap``, which are faded into the first, so that it can be repeated."""
    turn = np.linspace(0, np.pi / 2, overlap)
    joined = samples[: samples.size - overlap].astype(np.float64)
    joined[:overlap] = joined[:overlap] * np.sin(turn) + samples[samples.size - overlap :] * np.cos(turn)
    return joined


def _window(scene: Scene, ambience: Ambience) -> Float | float:
    if ambience.end is None:
        return 1.0
    t = np.arange(round(scene.seconds * scene.rate)) / scene.rate
    rise = np.clip((t - ambience.start) / ambience.fade, 0, 1)
    fall = np.clip((ambience.end - t) / ambience.fade, 0, 1)
    return np.asarray(np.sin(0.5 * np.pi * np.minimum(rise, fall)), dtype=np.float64)


def _background_level(scene: Scene, at: float) -> float:
    """LAeq of all backgrounds at ``at`` seconds, as stated; 20 dB where there is none, a quiet room."""
    present = [a.level for a in scene.ambiences if a.start <= at and (a.end is None or at <= a.end)]
    return 10 * float(np.log10(sum(10 ** (level / 10) for level in present) or 10**2.0))


def _level_at_one_metre(scene: Scene, emission: Emission, sound: Dry) -> float:
    if emission.snr is None:
        return emission.level
    nearest = min(scene.microphones, key=lambda m: float(np.linalg.norm(np.subtract(m.position, emission.position))))
    heard = _arrival(scene, emission, sound, nearest, 0.0).level
    return _background_level(scene, emission.at + sound.start) + emission.snr - heard


def _arrival(scene: Scene, emission: Emission, sound: Dry, microphone: Microphone, level: float) -> Arrival:
    """``emission`` at ``microphone``; the onset is that of the earliest way, the offset that of the direct sound."""
    if emission.to is None:
        paths = paths_between(emission.position, microphone.position, None if emission.bare else scene.around)
        shift, taps = response(paths, scene.rate, scene.air)
        samples = oaconvolve(sound.samples.astype(np.float64), taps)
        first = shift + round(emission.at * scene.rate)
        samples = _between_samples(samples, emission.at * scene.rate - round(emission.at * scene.rate))
        delays = (min(path.length for path in paths) / scene.air.speed_of_sound,) * 2
    else:
        first, samples, delays = _passing(scene, emission, sound, microphone)
    gained = samples * 10 ** (level / 20)
    onset, offset = emission.at + sound.start + delays[0], emission.at + sound.end + delays[1]
    part = gained[max(0, round(onset * scene.rate) - first) : round(offset * scene.rate) - first]
    loud = active_level(part.astype(np.float32), scene.rate, scene.calibration) if part.any() else -200.0
    return Arrival(first, gained, onset, offset, loud)


def _between_samples(samples: Float, fraction: float) -> Float:
    """``samples`` later by ``fraction`` of a sample; emission times are not rounded to the grid."""
    if abs(fraction) < 1e-9:
        return samples
    spectrum = np.fft.rfft(samples, samples.size + 64)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(samples.size + 64) * fraction)
    return np.asarray(np.fft.irfft(spectrum * turn, samples.size + 64), dtype=np.float64)


def _passing(
    scene: Scene, emission: Emission, sound: Dry, microphone: Microphone
) -> tuple[int, Float, tuple[float, float]]:
    """A moving source: each sample takes its own time, so the Doppler shift is there; roofs by their loss at 1 kHz."""
    rate, speed = scene.rate, scene.air.speed_of_sound
    length = sound.samples.size / rate
    start, end = np.array(emission.position), np.array(emission.to)

    def places(t: Float) -> Float:
        return np.asarray(start + (end - start) * np.clip(t / length, 0, 1)[:, None], dtype=np.float64)

    def distances(t: Float) -> Float:
        return np.asarray(np.linalg.norm(places(t) - np.array(microphone.position), axis=1), dtype=np.float64)

    ends = distances(np.array([0.0, length])) / speed
    first = int(np.floor((emission.at + ends[0]) * rate))
    count = int(np.ceil((emission.at + length + ends[1]) * rate)) - first
    coarse = (first + np.arange(0, count + _TRACK_STEP, _TRACK_STEP)) / rate - emission.at
    emitted = coarse - distances(coarse) / speed
    for _ in range(6):
        emitted = coarse - distances(emitted) / speed
    grid = np.arange(count)
    times = np.interp(grid, np.arange(coarse.size) * _TRACK_STEP, emitted)
    gain = np.interp(grid, np.arange(coarse.size) * _TRACK_STEP, _gains(scene, places, distances, emitted, microphone))
    air = _absorbed(scene, sound, float(distances(np.array([length / 2]))[0]))
    warped = map_coordinates(spline_filter1d(air), (times * rate)[None, :], order=3, prefilter=False, mode="constant")
    return first, np.asarray(warped * gain, dtype=np.float64), (float(ends[0]), float(ends[1]))


def _absorbed(scene: Scene, sound: Dry, distance: float) -> Float:
    """``sound`` after ``distance`` metres of air, neither later nor weaker otherwise."""
    samples = round(distance / scene.air.speed_of_sound * scene.rate)
    whole = samples * scene.air.speed_of_sound / scene.rate
    shift, taps = response((Path(whole),), scene.rate, scene.air)
    filtered = oaconvolve(sound.samples.astype(np.float64), taps * whole)
    return np.asarray(filtered[samples - shift :][: sound.samples.size], dtype=np.float64)


def _gains(
    scene: Scene,
    places: Callable[[Float], Float],
    distances: Callable[[Float], Float],
    times: Float,
    microphone: Microphone,
) -> Float:
    """Spreading, the ground's image added in energy, and what roofs take away, at each of ``times``."""
    knots = np.linspace(float(times[0]), float(times[-1]), 17)
    losses: list[float] = []
    for place in places(knots):
        point: Point = (float(place[0]), float(place[1]), float(place[2]))
        detour = detour_between(point, microphone.position, scene.around)
        losses.append(float(screening(_SCREEN_HZ, detour, scene.air.speed_of_sound)[0]))
    decibels = np.interp(times, knots, np.array(losses))
    ground = 1 + 10 ** (-scene.around.ground_loss / 10)
    return np.asarray(np.sqrt(ground) / distances(times) * 10 ** (-decibels / 20), dtype=np.float64)


def _put(out: Float, first: int, samples: Float, loop: bool) -> None:
    """Add ``samples`` from ``first`` on; what passes the end is cut off, or goes on at the beginning with ``loop``."""
    if loop:
        for begin in range(0, samples.size, out.size):
            _add_wrapped(out, (first + begin) % out.size, samples[begin : begin + out.size])
        return
    low, high = max(0, first), min(out.size, first + samples.size)
    if low < high:
        out[low:high] += samples[low - first : high - first]


def _add_wrapped(out: Float, first: int, samples: Float) -> None:
    head = min(samples.size, out.size - first)
    out[first : first + head] += samples[:head]
    out[: samples.size - head] += samples[head:]
