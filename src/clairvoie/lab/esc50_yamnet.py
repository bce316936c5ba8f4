"""What YAMNet says of the clips of ESC-50, kept in a file, for a network to learn to say it too.

Its 521 scores for each clip are the mean over its windows that hold any sound. They are outside data (YAMNet learned
from two million clips of AudioSet), so a network taught by them is a figure of its own, and never the street's model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clairvoie.errors import LabError
from clairvoie.lab.dataset import Clip, Samples, read_sound
from clairvoie.lab.yamnet import HOP, WINDOW, Yamnet

SILENCE = 1e-4
"""A window in which nothing exceeds this amplitude is silence that was added to fill five seconds."""


def sounding_windows(sound: Samples) -> NDArray[np.bool_]:
    """Which windows of a clip hold any sound; all of them where none does.

    >>> sounding_windows(np.concatenate([np.ones(16_000), np.zeros(32_000)]).astype(np.float32)).tolist()
    [True, True, True, False, False]
    """
    padded = np.pad(sound, (0, max(0, WINDOW - sound.size)))
    peaks = np.array([np.abs(padded[at : at + WINDOW]).max() for at in range(0, padded.size - WINDOW + 1, HOP)])
    return np.asarray(peaks > SILENCE) if (peaks > SILENCE).any() else np.ones(peaks.size, dtype=np.bool_)


def ask(model: Yamnet, clips: Sequence[Clip], path: Path, say: Callable[[str], None]) -> None:
    """Hear every clip and keep what was said in ``path``."""
    rows = []
    for number, clip in enumerate(clips):
        sound = read_sound(clip.path)
        rows.append(model.windows(sound)[sounding_windows(sound)].mean(axis=0))
        if number % 200 == 199:
            say(f"YAMNet has heard {number + 1} of {len(clips)} clips")
    names = np.array([clip.path.name for clip in clips])
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")  # folds may be learned by several processes at once
    with new.open("wb") as file:
        np.savez_compressed(file, files=names, said=np.array(rows, dtype=np.float32))
    new.replace(path)


def read_said(path: Path, files: Sequence[str]) -> NDArray[np.float32]:
    """What was said of these files, (files, classes of YAMNet); :class:`LabError` where one was not heard."""
    try:
        with np.load(path, allow_pickle=False) as held:
            rows = {Path(name).name: row for name, row in zip(held["files"].tolist(), held["said"], strict=True)}
        return np.stack([rows[Path(name).name] for name in files])
    except (OSError, KeyError, ValueError) as error:
        raise LabError(f"this is not what YAMNet said of these clips ({error})", str(path), "Delete it.") from error
