"""A person's own recordings as sounds of the quarter, one after another, each beside another microphone.

A recording already holds its street, so it gets neither reflections nor roofs, only distance, air and delay: the
nearest microphone, 8 m away, hears nearly what was recorded, the others the same later and weaker over a quiet
background. Or over a background of the person's choice, at a stated ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clairvoie.errors import LabError
from clairvoie.lab.loudness import active_span
from clairvoie.lab.propagation import Point
from clairvoie.lab.recordings import LONGEST_SECONDS, read_sound
from clairvoie.lab.scenario import microphones_of
from clairvoie.lab.scene import RATE, Ambience, Emission, Scene
from clairvoie.lab.town import Quarter

DISTANCE = 8.0
NEAREST_LEVEL = 74.0
"""LAeq in dB of a recording at the nearest microphone, while it sounds."""
BACKGROUND_LEVEL = 60.0
FIRST_AT = 8.0
PAUSE = 6.0
SHORTEST = 40.0


def scene_of_recordings(
    quarter: Quarter,
    files: Sequence[Path],
    *,
    background: Path | None = None,
    snr: float | None = None,
    seed: int = 1,
    count: int | None = None,
) -> Scene:
    """``files`` in turn, at most ten minutes in all, repeated. ``snr``: dB(A) over ``background`` at the nearest."""
    microphones = microphones_of(quarter, count)
    emissions: list[Emission] = []
    at = FIRST_AT
    for number, file in enumerate(files):
        samples = read_sound(file, RATE)
        end = active_span(samples, RATE)[1]
        position = beside(microphones[number % len(microphones)].position)
        level = NEAREST_LEVEL + 20 * float(np.log10(DISTANCE))
        emissions.append(Emission(kind=file.stem, at=at, position=position, level=level, snr=snr, file=file, bare=True))
        at += end + PAUSE
    if at > LONGEST_SECONDS + PAUSE + FIRST_AT:
        raise LabError("the recordings are too long for a demonstration", round(at), "Ten minutes in all at most.")
    if background is None:
        if snr is not None:
            raise LabError("a ratio needs a background", snr, "Name a recording of one with --background.")
        grounds: tuple[Ambience, ...] = (Ambience("traffic", 44.0), Ambience("wind", 38.0))
    else:
        grounds = (Ambience(background.stem, BACKGROUND_LEVEL, file=background),)
    return Scene(
        seed=seed, seconds=max(SHORTEST, at), microphones=microphones, emissions=tuple(emissions),
        ambiences=grounds, around=quarter.surroundings, loop=True,
    )  # fmt: skip


def beside(microphone: Point) -> Point:
    """A point :data:`DISTANCE` metres east of ``microphone``, at its height."""
    return (microphone[0] + DISTANCE, microphone[1], microphone[2])
