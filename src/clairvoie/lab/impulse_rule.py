"""What the rule of impulses makes of recordings: which clips hold one, and how many an hour, by what was recorded.

An impulse says that there was a bang, not what it was: one in a clip of barking is no mistake of the rule, but a rate
to know. Each recording is heard once, as it is and without any other sound, so that its hours are exposure. The first
second of each is not counted, in which no background is known yet, nor the last half second, nor digital silence at
the end. One row is made and said to be: spoken digits set apart by digital silence, out of which every plosive rises.

>>> [round(x, 2) for x in Heard("clapping", clips=4, fired=1, impulses=2, hours=0.5).rate]
[4.0, 0.48, 14.45]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from clairvoie.boundary.detection import ImpulseDetection
from clairvoie.boundary.exposure import poisson_interval
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.lab.dataset import RATE, read_clips, read_sound

BLIND_SECONDS = 1.5
SET_APART = "digits in digital silence"
"""Single spoken digits, half a second of digital silence between them: made, hence never counted with speech."""
BANGS = (
    *("gun_shot", "fireworks", "door_wood_knock", "clapping", "glass_breaking", "mouse_click", "footsteps"),
    *("can_opening", "keyboard_typing", "thunderstorm"),
)
"""Labels in which bangs are to be expected; every other label counts as none."""


class Heard(Struct, frozen=True):
    """Recordings of one kind: how many there are, in how many an impulse was found, how many impulses in how long."""

    of: str
    clips: int
    fired: int
    impulses: int
    hours: float

    @property
    def rate(self) -> tuple[float, float, float]:
        """Impulses an hour, and the exact 95 % interval (Garwood 1936) as if they came independently."""
        low, high = poisson_interval(self.impulses)
        return self.impulses / self.hours, low / self.hours, high / self.hours


def impulses(sound: NDArray[np.float32], rate: int = RATE) -> int:
    """How many impulses the analyser finds in ``sound``."""
    analyser = SoundAnalyser(rate, None)
    outputs = [*analyser.feed(Block(sound, rate, start=0.0, sigma=0.0, index=0)), *analyser.finish()]
    return sum(isinstance(output, ImpulseDetection) for output in outputs)


def recordings(data: Path, every: int = 1) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """What each is and its sound, 16 kHz: clips by label (each so many-th of a label), backgrounds by file, speech."""
    turns: dict[str, int] = {}
    for clip in read_clips(data):
        turn = turns[clip.label] = turns.get(clip.label, -1) + 1
        if turn % every == 0:
            sound = read_sound(clip.path)[: math.ceil(clip.seconds * RATE)]
            yield clip.label, sound
    for path in sorted((data / "background").iterdir()):
        yield f"background {path.stem}", read_sound(path)
    for path in sorted((data / "speech").glob("*.wav")):
        yield "speech", read_sound(path)
    digits = [read_sound(path) for path in sorted((data / "speech" / "digits").glob("*.wav"))[:: max(1, every)]]
    pause = np.zeros(RATE // 2, dtype=np.float32)
    yield SET_APART, np.concatenate([part for digit in digits for part in (digit, pause)])


def hear(data: Path, every: int = 1) -> list[Heard]:
    """Every kind of recording, the most frequent impulses first."""
    found: dict[str, Heard] = {}
    for of, sound in recordings(data, every):
        sounding = np.flatnonzero(sound)
        seconds = (int(sounding[-1]) + 1) / RATE - BLIND_SECONDS if sounding.size else 0.0
        if seconds <= 0:
            continue
        count = impulses(sound)
        past = found.get(of, Heard(of, 0, 0, 0, 0.0))
        found[of] = Heard(
            of, past.clips + 1, past.fired + (count > 0), past.impulses + count, past.hours + seconds / 3600
        )
    return sorted(found.values(), key=lambda heard: (-heard.impulses / heard.hours, heard.of))


def together(heard: Sequence[Heard]) -> list[Heard]:
    """All that bangs, all other clips, all backgrounds, all speech, and apart from it the single digits."""

    def group(of: str) -> str:
        if of.startswith("background"):
            return "backgrounds"
        if of in ("speech", SET_APART):
            return of
        return "clips of bangs" if of in BANGS else "other clips"

    sums: dict[str, Heard] = {}
    for one in heard:
        of = group(one.of)
        past = sums.get(of, Heard(of, 0, 0, 0, 0.0))
        sums[of] = Heard(
            of, past.clips + one.clips, past.fired + one.fired, past.impulses + one.impulses, past.hours + one.hours
        )
    return list(sums.values())
