"""Recorded bangs as material for trials: where their front is, roughly, and what of the clip is cut out around it.

When a recorded bang truly arrived nobody knows. But heard twice, by two sensors with noise and delay of their own, it
has one true difference, and differences are what positions are made of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from clairvoie.lab.bangs import FINER
from clairvoie.lab.dataset import RATE, Clip, read_clips, read_sound

Array = NDArray[np.float64]

LABELS = ("gun_shot", "fireworks", "door_wood_knock", "clapping", "glass_breaking", "mouse_click", "footsteps")
LEAD_SECONDS = 0.01
LASTS_SECONDS = 0.11
CLEAR_DB = 30.0
"""A bang is used when the 10 ms after its front hold so much more energy than the 10 ms before."""
NEAR_TOP_DB = 10.0
_FRAME = RATE // 1000
_EDGE = 5 * _FRAME


class RealBang(NamedTuple):
    """A clip's clearest bang at 16 kHz; its front is :data:`LEAD_SECONDS` after the first sample, within about 1 ms."""

    label: str
    samples: Array

    def fine(self, rate: int) -> Array:
        """The same, :data:`~clairvoie.lab.bangs.FINER` times finer than ``rate``."""
        common = math.gcd(FINER * rate, RATE)
        return np.asarray(resample_poly(self.samples, FINER * rate // common, RATE // common), dtype=np.float64)


def clearest(label: str, sound: NDArray[np.float32]) -> RealBang | None:
    """The bang of ``sound`` (16 kHz) that stands highest over what comes before it; ``None`` if none is clear."""
    power = np.square(sound[: sound.size // _FRAME * _FRAME].astype(float)).reshape(-1, _FRAME).sum(axis=1)
    if power.size < 40 or not power.any():
        return None
    floor = power.max() * 1e-9
    at = np.arange(12, power.size - 12)
    sums = np.concatenate([[0.0], np.cumsum(power)])
    after, before = sums[at + 10] - sums[at], sums[at - 1] - sums[at - 11]
    rise = after / np.maximum(before, floor)
    rise[power[at] < power.max() * 10 ** (-NEAR_TOP_DB / 10)] = 0.0
    if rise.max() < 10 ** (CLEAR_DB / 10):
        return None
    front = int(at[rise.argmax()]) * _FRAME
    begin = front - round(LEAD_SECONDS * RATE)
    samples = sound[begin : front + round(LASTS_SECONDS * RATE)].astype(float)
    fade = np.linspace(0.0, 1.0, _EDGE)
    samples[:_EDGE] *= fade
    samples[-_EDGE:] *= fade[::-1]
    return RealBang(label, samples)


def real_bangs(data: Path, each: int) -> Iterator[RealBang]:
    """Up to ``each`` clear bangs of every label, from different clips of ``data``."""
    clips = read_clips(data)
    for label in LABELS:
        count = 0
        for clip in clips:
            if count == each:
                break
            if clip.label == label and (bang := clearest(label, _heard(clip))) is not None:
                count += 1
                yield bang


def _heard(clip: Clip) -> NDArray[np.float32]:
    return read_sound(clip.path)[: math.ceil(clip.seconds * RATE)]
