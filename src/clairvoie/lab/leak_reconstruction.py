"""What an attacker makes of a minute: speech-shaped noise, or phases that fit.

Three kinds of material, and the best that we can build from each:

- everything that a sensor of ours releases: noise with the minute's octaves as its spectrum and the ten-second levels
  as its loudness (:func:`vocoded_release`), and the likeliest of candidate sentences
  (:mod:`clairvoie.lab.leak_candidates`);
- third-octave levels every 125 ms, as other systems send: a noise vocoder (Shannon et al. 1995, Science 270) and phases
  by Griffin and Lim (1984, IEEE Trans. ASSP 32);
- the sound itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import istft, stft

from clairvoie.lab.leak_scene import Minute
from clairvoie.lab.leak_speech import RATE
from clairvoie.lab.recordings import Sound

FRAME = 1024
HOP = 256
FAST_SECONDS = 0.125
GRIFFIN_LIM_ROUNDS = 16
FLOOR = 1e-12
OCTAVES = tuple(1000 * 10 ** (0.3 * n) for n in range(-5, 4))
THIRDS = tuple(1000 * 10 ** (0.1 * n) for n in range(-16, 12))
"""Exact midband frequencies in hertz (IEC 61260-1, base ten)."""


def frequencies() -> np.ndarray:
    """Of the bins of a frame, in hertz."""
    return np.fft.rfftfreq(FRAME, 1 / RATE)


def third_octave_frames(sound: Sound) -> np.ndarray:
    """Third-octave levels in dB every 125 ms, by the energy of a Fourier transform of each; shape (frames, bands)."""
    size = round(FAST_SECONDS * RATE)
    frames = max(1, sound.size // size)
    power = np.abs(np.fft.rfft(np.resize(sound, frames * size).reshape(frames, size), axis=1)) ** 2 / size**2
    bins = np.fft.rfftfreq(size, 1 / RATE)
    levels = np.empty((frames, len(THIRDS)))
    for number, centre in enumerate(THIRDS):
        inside = (bins >= centre * 2 ** (-1 / 6)) & (bins < centre * 2 ** (1 / 6))
        nearest_bin = np.abs(bins - centre).argmin()
        energy = power[:, inside].sum(axis=1) if inside.any() else power[:, nearest_bin] * 0.5
        levels[:, number] = 10 * np.log10(energy + FLOOR)
    return np.round(levels, 1)


def density(levels: np.ndarray, centres: Sequence[float], share: float) -> np.ndarray:
    """Band levels (frames, bands) as a power density on the bins of a frame; ``share`` is 1 for octaves, 3 for thirds.

    Between the bands' centres the density is interpolated, which is smoother than speech and than steps.
    """
    widths = np.array([centre * (2 ** (0.5 / share) - 2 ** (-0.5 / share)) for centre in centres])
    logs = levels - 10 * np.log10(widths)
    grid = np.log2(np.maximum(frequencies(), centres[0]))
    known = np.log2(np.asarray(centres, dtype=np.float64))
    return np.asarray(10 ** (np.array([np.interp(grid, known, row) for row in logs]) / 10))


def in_time(density_frames: np.ndarray, seconds: float, samples: int) -> np.ndarray:
    """Densities, one every ``seconds``, interpolated in dB at the frames of a sound of ``samples``; (bins, frames)."""
    count = samples // HOP + 1
    centres = (np.arange(density_frames.shape[0]) + 0.5) * seconds
    times = np.arange(count) * HOP / RATE
    logs = np.log10(density_frames + FLOOR)
    right = np.clip(np.searchsorted(centres, times), 1, max(1, centres.size - 1))
    if centres.size == 1:
        return np.repeat(density_frames.T, count, axis=1)
    share = np.clip((times - centres[right - 1]) / seconds, 0, 1)[:, None]
    return np.asarray(10 ** (logs[right - 1] * (1 - share) + logs[right] * share)).T


def vocoded(target: np.ndarray, samples: int, seed: int = 0) -> Sound:
    """Noise with the density ``target`` (bins, frames)."""
    noise = np.random.default_rng(seed).standard_normal(samples)
    _, _, spectrum = stft(noise, RATE, nperseg=FRAME, noverlap=FRAME - HOP)
    frames = min(spectrum.shape[1], target.shape[1])
    return _sound(spectrum[:, :frames] * np.sqrt(target[:, :frames]), samples)


def griffin_lim(target: np.ndarray, samples: int, seed: int = 0) -> Sound:
    """A sound whose short-time magnitudes come near the roots of ``target``; its phases begin at random."""
    magnitude = np.sqrt(target)
    phases = np.exp(2j * np.pi * np.random.default_rng(seed).random(magnitude.shape))
    sound = _sound(magnitude * phases, samples)
    for _ in range(GRIFFIN_LIM_ROUNDS):
        _, _, spectrum = stft(sound, RATE, nperseg=FRAME, noverlap=FRAME - HOP)
        frames = min(spectrum.shape[1], magnitude.shape[1])
        angle = np.exp(1j * np.angle(spectrum[:, :frames]))
        sound = _sound(magnitude[:, :frames] * angle, samples)
    return sound


def _sound(spectrum: np.ndarray, samples: int) -> Sound:
    _, sound = istft(spectrum, RATE, nperseg=FRAME, noverlap=FRAME - HOP)
    found = np.zeros(samples, dtype=np.float32)
    found[: min(samples, sound.size)] = sound[:samples]
    return found


def from_thirds(sound: Sound, *, phases: bool) -> Sound:
    """The sound that third-octave levels every 125 ms give back, by a vocoder or with ``phases`` by Griffin and Lim."""
    target = in_time(density(third_octave_frames(sound), THIRDS, 3), FAST_SECONDS, sound.size)
    return griffin_lim(target, sound.size) if phases else vocoded(target, sound.size)


def vocoded_release(minute: Minute) -> Sound:
    """Noise as the release describes it, over the span of the sentence, which nobody told the attacker.

    What minutes without talk have in an octave is taken away from what this minute has; the rest is the talk's
    spectrum. The ten-second levels are its loudness.
    """
    released = minute.released
    usual = np.mean([_energy(one.octaves) for one in minute.empty], axis=0)
    talk = np.maximum(_energy(released.octaves) - usual, 0.05 * usual)
    tens = _energy(released.tens)
    frames = density(10 * np.log10(talk)[None, :], OCTAVES, 1) * (tens / tens.mean())[:, None]
    span = minute.clean.size
    first = minute.start // HOP
    return vocoded(in_time(frames, 10.0, 60 * RATE)[:, first : first + span // HOP + 2], span)


def _energy(levels: np.ndarray) -> np.ndarray:
    return np.asarray(10 ** (np.nan_to_num(levels, nan=0.0) / 10))


def speech_noise(sounds: Sequence[Sound], samples: int) -> Sound:
    """Noise with the spectrum of other people's speech: what can be had without any sensor."""
    levels = [third_octave_frames(sound) for sound in sounds]
    mean = 10 * np.log10(np.mean(10 ** (np.concatenate(levels) / 10), axis=0))
    return vocoded(in_time(density(mean[None, :], THIRDS, 3), 1.0, samples), samples)
