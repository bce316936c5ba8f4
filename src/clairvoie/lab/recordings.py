"""Recordings of other people as material for scenes: read at the scene's rate, named by their folder's table.

A folder has ``labels.csv`` with columns ``file`` and ``label`` (and perhaps ``seconds``), or one sub-folder a label, or
files whose names are their labels. What is no word of the closed lists is mixed in and not annotated.
"""

from __future__ import annotations

import csv
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from clairvoie.capture.recording import Recording
from clairvoie.errors import LabError

Sound = NDArray[np.float32]

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".mp3", ".m4a", ".aac", ".opus", ".aiff", ".aif", ".wv"})
LONGEST_SECONDS = 600.0


def read_sound(path: Path, rate: int, seconds: float | None = None) -> Sound:
    """The first channel of ``path`` at ``rate`` hertz, at most ``seconds`` (600 unless given) of it.

    Raises :class:`~clairvoie.errors.UnreadableRecording` for what FFmpeg cannot read, :class:`LabError` for silence.
    """
    recording = Recording(path)
    wanted = round((seconds or LONGEST_SECONDS) * recording.rate)
    pieces: list[Sound] = []
    count = 0
    for block in recording.blocks(1.0):
        pieces.append(block.samples)
        count += block.samples.size
        if count >= wanted:
            break
    samples = np.concatenate(pieces)[:wanted] if pieces else np.zeros(0, dtype=np.float32)
    if not samples.any():
        raise LabError("the recording is silent", str(path), "Give a recording in which something sounds.")
    if recording.rate == rate:
        return np.ascontiguousarray(samples)
    common = gcd(recording.rate, rate)
    return np.asarray(resample_poly(samples, rate // common, recording.rate // common), dtype=np.float32)


def read_folder(folder: Path) -> list[tuple[Path, str]]:
    """``(file, label)`` of every recording in ``folder``, in a fixed order."""
    if not folder.is_dir():
        raise LabError("there is no such folder of recordings", str(folder), "Check the path.")
    table = folder / "labels.csv"
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as lines:
            rows = [(folder / row["file"], row["label"]) for row in csv.DictReader(lines)]
        found = [(path, label) for path, label in rows if path.is_file()]
    else:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        found = [(path, path.stem if path.parent == folder else path.parent.name) for path in files]
    if not found:
        raise LabError("there are no recordings in this folder", str(folder), "Give WAV, FLAC, OGG or MP3 files.")
    return found
