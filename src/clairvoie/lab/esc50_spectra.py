"""What the benchmark's network sees: 80 mel bands every 20 ms of a clip of five seconds, from 16 kHz.

Its front end is its own: the street's 48 bands every 12.5 ms are made for a stream that costs little; here nothing has
to be cheap or to follow a stream. 25 ms Hann windows, a transform of 1,024, triangles on the HTK mel scale from 40 Hz
to 8 kHz, power in half decibels. All clips of ESC-50 are one table of 64 MB, which travels as one file. A network gets
two frames at a time as one, 20 ms, in dB (:func:`decibels`).

>>> picture = mel_levels(np.zeros(80_000, dtype=np.float32))
>>> picture.shape, int(picture.max())
((501, 80), 0)
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clairvoie.detect.sound.spectra import hertz_of, mel_of
from clairvoie.errors import LabError
from clairvoie.lab.bank import FLOOR_DB, STEP_DB, quantised
from clairvoie.lab.dataset import RATE, Clip, Samples, read_sound

BANDS = 80
FRAMES = 501
SECONDS = 5.0
HOP = 160
WINDOW = 400
TRANSFORM = 1024
LOWEST_HZ, HIGHEST_HZ = 40.0, 8000.0
FORMAT = 1
_POWER = np.power(10.0, (np.arange(256) * STEP_DB + FLOOR_DB) / 10).astype(np.float32)


@functools.cache
def filter_bank() -> NDArray[np.float32]:
    """Triangles of unit height sum, shape (bins, bands); never narrower than the bins are apart."""
    ends = mel_of(np.array([LOWEST_HZ, HIGHEST_HZ]))
    edges = hertz_of(np.linspace(ends[0], ends[1], BANDS + 2))
    spacing = RATE / TRANSFORM
    low = np.minimum(edges[:-2], edges[1:-1] - spacing)
    high = np.maximum(edges[2:], edges[1:-1] + spacing)
    hertz = np.fft.rfftfreq(TRANSFORM, 1 / RATE)[:, None]
    weights = np.minimum((hertz - low) / (edges[1:-1] - low), (high - hertz) / (high - edges[1:-1]))
    weights = np.clip(weights, 0.0, None)
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float32)


def mel_levels(sound: Samples) -> NDArray[np.uint8]:
    """Half decibels of a clip, (frames, bands): shorter ones are padded with silence, longer ones cut."""
    wanted = round(SECONDS * RATE)
    padded = np.pad(sound[:wanted], (WINDOW // 2, wanted - min(wanted, sound.size) + WINDOW // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:FRAMES]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(frames * (hann * np.float32(np.sqrt(2.0) / hann.sum())), TRANSFORM, axis=1)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32) @ filter_bank()
    return quantised(power)


def decibels(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Clips in half decibels, (clips, frames, bands), as dB of two frames each, (clips, half as many, bands).

    >>> decibels(np.full((1, 501, 80), 100, dtype=np.uint8)).shape
    (1, 250, 80)
    """
    clips, frames, bands = levels.shape
    power = _POWER[levels[:, : frames // 2 * 2]].reshape(clips, frames // 2, 2, bands).mean(axis=2)
    return np.asarray(10 * np.log10(power), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ClipTable:
    """Clips with their labels and folds; ``levels`` (clips, frames, bands)."""

    levels: NDArray[np.uint8]
    files: tuple[str, ...]
    labels: tuple[str, ...]
    folds: NDArray[np.int64]

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> ClipTable:
        """The table of these clips, read from their recordings."""
        levels = [mel_levels(read_sound(clip.path)) for clip in clips]
        return cls(
            np.stack(levels) if levels else np.zeros((0, FRAMES, BANDS), dtype=np.uint8),
            tuple(clip.path.name for clip in clips),
            tuple(clip.label for clip in clips),
            np.array([clip.fold for clip in clips], dtype=np.int64),
        )

    def part(self, folds: Sequence[int]) -> ClipTable:
        """Only the clips of these folds."""
        chosen = np.flatnonzero(np.isin(self.folds, list(folds)))
        return ClipTable(
            self.levels[chosen],
            tuple(self.files[i] for i in chosen),
            tuple(self.labels[i] for i in chosen),
            self.folds[chosen],
        )

    def write(self, path: Path) -> None:
        """Keep it in one file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")  # folds may be learned by several processes at once
        with new.open("wb") as file:
            np.savez_compressed(
                file, format=FORMAT, levels=self.levels, files=np.array(self.files), labels=np.array(self.labels),
                folds=self.folds,
            )  # fmt: skip
        new.replace(path)

    @classmethod
    def read(cls, path: Path) -> ClipTable:
        """The table in ``path``."""
        try:
            with np.load(path, allow_pickle=False) as held:
                if int(held["format"]) != FORMAT:
                    raise LabError("this table of clips is of another format", int(held["format"]), "Make it anew.")
                files, labels = (tuple(str(x) for x in held[name]) for name in ("files", "labels"))
                return cls(held["levels"], files, labels, held["folds"])
        except (OSError, KeyError, ValueError) as error:
            raise LabError(f"this is no table of clips ({error})", str(path)) from error
