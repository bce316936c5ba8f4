"""Impulsive onsets: a bang, with its time of arrival. The cause is not told apart and is never called a shot.

A sound is an impulse when its A-weighted level, in frames of one millisecond,

- rises by 15 dB or more within 5 ms, to within 3 dB of its greatest;
- comes, averaged over 35 ms (the time constant of weighting I of IEC 60651), 15 dB or more over L50 of the past minute;
- and is 20 dB down for most of the time from 50 ms to half a second after, by the median of means over 20 ms.

The median is what keeps most plosives of speech out: a vowel follows them. A plosive near the microphone before a
pause can still meet all three; then a bang is reported, and nothing of the voice. A door, a dropped pallet, a step
beside the microphone and a firework all are impulses.

The time of arrival is where the front first reaches a tenth of its greatest amplitude. Its standard uncertainty joins
the clock's to that of a front of this length, taken as uniform: rise time over the square root of twelve. Echoes, wind
and the distance are not in it. A bang in the first second, in the last half second of a recording, or within a tenth
of a second of another, is not found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.detection import ImpulseDetection
from clairvoie.detect.sound.levels import level_of
from clairvoie.detect.sound.weighting import Weighted

Array = NDArray[np.float64]

FRAMES_PER_SECOND = 1000
RISE_FRAMES = 5
RISE_POWER = 10 ** (15 / 10)
OVER_MEDIAN_POWER = 10 ** (15 / 10)
FALL_POWER = 10 ** (20 / 10)
FALL_FROM_FRAMES = 50
FALL_FRAMES = 500
FALL_MEAN_FRAMES = 20
MEAN_FRAMES = 35
QUIET_FRAMES = 10
"""The rise is from the loudest of the ten frames that end five frames before the front."""
PEAK_FRAMES = 20
LEVEL_FRAMES = 60
"""The peak level is looked for in this time after the front."""
DEAD_FRAMES = 100
_FALL_WHOLE = (FALL_FRAMES - FALL_FROM_FRAMES) // FALL_MEAN_FRAMES * FALL_MEAN_FRAMES
_BEFORE = RISE_FRAMES + QUIET_FRAMES
_KEPT_FRAMES = _BEFORE + 5


@dataclass(slots=True, eq=False)
class _Frames:
    """The recent past: frame energies, and the samples they were made of."""

    power: Array
    a: Array
    c: Array


class OnsetDetector:
    """Finds impulses in a stream of weighted pieces. What it finds does not depend on where the pieces are cut."""

    def __init__(self, rate: int, calibration: float | None) -> None:
        self.rate = rate
        self.calibration = calibration
        self.hop = round(rate / FRAMES_PER_SECOND)
        self.background: float | None = None
        """Mean square that L50 stands for; ``None`` as long as it is not known, and then nothing is found."""
        self._start = 0.0
        self._clear()

    def _clear(self) -> None:
        none = np.zeros(0)
        self._frames = _Frames(none, none, none)
        self._rest = (none, none)
        self._dropped = 0
        self._next = _BEFORE

    def reset(self) -> None:
        """Forget the past, after a gap."""
        self._clear()

    def feed(self, weighted: Weighted, start: float, sigma: float) -> list[ImpulseDetection]:
        """Impulses that are certain by the end of this piece, whose first sample is at ``start``."""
        a, c = (np.concatenate([rest, new]) for rest, new in zip(self._rest, (weighted.a, weighted.c), strict=True))
        held = self._dropped + self._frames.power.size
        self._start = start - (held * self.hop + self._rest[0].size) / self.rate
        count = a.size // self.hop
        used = count * self.hop
        power = np.square(a[:used]).reshape(count, self.hop).mean(axis=1)
        past = self._frames
        self._frames = _Frames(
            np.concatenate([past.power, power]),
            np.concatenate([past.a, a[:used]]),
            np.concatenate([past.c, c[:used]]),
        )
        self._rest = (a[used:], c[used:])
        found = self._search(sigma, last=False)
        self._forget()
        return found

    def finish(self, sigma: float) -> list[ImpulseDetection]:
        """Impulses that the end of the stream leaves certain."""
        return self._search(sigma, last=True)

    def _search(self, sigma: float, *, last: bool) -> list[ImpulseDetection]:
        found: list[ImpulseDetection] = []
        power = self._frames.power
        first = self._next - self._dropped
        if self.background is None or power.size <= first:
            self._next = self._dropped + max(first, power.size)
            return found
        for frame in (first + np.flatnonzero(self._fronts(first))).tolist():
            if frame < self._next - self._dropped:
                continue
            verdict = self._judge(frame, last=last)
            if verdict is None:
                self._next = self._dropped + frame
                return found
            if verdict:
                found.append(self._describe(frame, sigma))
            self._next = self._dropped + frame + (DEAD_FRAMES if verdict else 1)
        self._next = max(self._next, self._dropped + power.size)
        return found

    def _fronts(self, first: int) -> NDArray[np.bool_]:
        """For each frame from ``first`` on: does it stand 15 dB over L50 and over what was 5 ms before?"""
        power = self._frames.power
        loud = power[first:] >= (self.background or 0.0) * OVER_MEDIAN_POWER
        if not loud.any():
            return loud
        before = power[first - _BEFORE : power.size - RISE_FRAMES - 1]
        quiet = np.lib.stride_tricks.sliding_window_view(before, QUIET_FRAMES).max(axis=1)
        return np.asarray(loud & (power[first:] >= RISE_POWER * quiet[: loud.size]), dtype=np.bool_)

    def _judge(self, frame: int, *, last: bool) -> bool | None:
        """Is the front at ``frame`` that of an impulse? ``None``: more has to be heard first."""
        power = self._frames.power[frame:]
        if power.size <= FALL_FRAMES:
            return False if last else None
        peak = power[:PEAK_FRAMES].max()
        if power[:RISE_FRAMES].max() < peak / 2:
            return False
        if power[:MEAN_FRAMES].mean() < (self.background or 0.0) * OVER_MEDIAN_POWER:
            return False
        after = power[FALL_FROM_FRAMES : FALL_FROM_FRAMES + _FALL_WHOLE].reshape(-1, FALL_MEAN_FRAMES)
        return bool(np.median(after.mean(axis=1)) <= peak / FALL_POWER)

    def _describe(self, frame: int, sigma: float) -> ImpulseDetection:
        begin = (frame - 1) * self.hop
        sound = np.abs(self._frames.a[begin : (frame + RISE_FRAMES + 1) * self.hop])
        top = int(sound.argmax())
        reached = np.flatnonzero(sound[: top + 1] >= sound[top] / 10)
        front = int(reached[0])
        rise = max(top - front, 1) / self.rate
        peak = np.abs(self._frames.c[begin : begin + (LEVEL_FRAMES + 1) * self.hop]).max()
        level = level_of(float(peak) ** 2, self.calibration)
        return ImpulseDetection(
            onset=max(0.0, self._start + (self._dropped * self.hop + begin + front) / self.rate),
            sigma=math.hypot(sigma, rise / math.sqrt(12)),
            level=-200.0 if level is None else level,
        )

    def _forget(self) -> None:
        """Keep only what a later front may still need."""
        spare = self._next - self._dropped - _KEPT_FRAMES
        if spare < 4 * _KEPT_FRAMES:
            return
        frames = self._frames
        samples = spare * self.hop
        self._frames = _Frames(frames.power[spare:], frames.a[samples:], frames.c[samples:])
        self._dropped += spare
