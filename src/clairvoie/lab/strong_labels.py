"""When a recording sounds: strong labels by its envelope, written as DCASE has them.

The envelope is the A-weighted power over 50 ms; what lies within 25 dB of its maximum sounds, and gaps shorter than
0.25 s are joined. Training and benches both take them from here, so that neither judges by other labels than the other.

>>> silence, tone = np.zeros(8_000), 0.1 * np.sin(0.4 * np.arange(8_000))
>>> [(round(a, 1), round(b, 1)) for a, b in spans(np.concatenate([silence, tone, silence, tone]).astype(np.float32))]
[(0.5, 1.0), (1.5, 2.0)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clairvoie.detect.sound.spectra import FRAME_SECONDS, HOP_SECONDS, MelPower
from clairvoie.lab.annotation import labels_of
from clairvoie.lab.dataset import RATE, Clip, Samples, active_frames, read_sound


class Span(NamedTuple):
    """From ``onset`` to ``offset``, in seconds."""

    onset: float
    offset: float


class Line(NamedTuple):
    """One line of a table of strong labels."""

    filename: str
    onset: float
    offset: float
    event_label: str


def spans(sound: Samples, rate: int = RATE) -> list[Span]:
    """Where ``sound`` sounds. A frame stands for the time around its middle; nothing in pure silence."""
    active = np.concatenate([[False], active_frames(MelPower(rate)(sound)), [False]]).astype(np.int8)
    change = np.diff(active)
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    half, length = (FRAME_SECONDS - HOP_SECONDS) / 2, sound.size / rate
    return [
        Span(a * HOP_SECONDS + half if a else 0.0, min(length, b * HOP_SECONDS + half))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def strong_labels(clips: Iterable[Clip], folder: Path) -> Iterator[Line]:
    """The lines of these clips in the words of the closed lists; voices and the unknown have none."""
    for clip in clips:
        for span in spans(read_sound(clip.path)):
            for label in labels_of(clip.label, span.offset - span.onset):
                yield Line(clip.path.relative_to(folder).as_posix(), span.onset, span.offset, label)


def write_lines(lines: Iterable[Line], path: Path) -> int:
    """Write a table, to the millisecond; returns how many lines there are besides the heading."""
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write("filename\tonset\toffset\tevent_label\n")
        for line in lines:
            file.write(f"{line.filename}\t{line.onset:.3f}\t{line.offset:.3f}\t{line.event_label}\n")
            count += 1
    return count
