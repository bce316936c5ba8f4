"""Impulsive onsets: a bang, with its time of arrival. The cause is not told apart and is never called a shot.

A sound is an impulse when its A-weighted level, in frames of one millisecond,

- rises by 15 dB or more within 5 ms, to within 3 dB of its greatest;
- comes, averaged over 35 ms (the time constant of weighting I of IEC 60651), 15 dB or more over L50 of the past minute;
- and is 20 dB down for most of the time from 50 ms to half a second after, by the median of means over 20 ms.

The median is what keeps most plosives of speech out: a vowel follows them. A plosive near the microphone before a
pause can still meet all three; then a bang is reported, and nothing of the voice. A door, a dropped pallet, a step
beside the microphone and a firework all are impulses.

The time of arrival and its standard uncertainty are those of :mod:`clairvoie.detect.sound.arrival`, from samples
that are not A-weighted, so that no filter delays them; the clock's uncertainty is joined to it. Wind, the latency of
the microphone and the distance are not in it. A bang in the first second, in the last half second of a recording, or
within a tenth of a second of another, is not found.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.detection import ImpulseDetection
from clairvoie.detect.sound.arrival import CONTEXT_AFTER_SECONDS, CONTEXT_BEFORE_SECONDS, arrival
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


class _Recent:
    """The samples of the recent past, in the pieces in which they came, numbered since the stream or a gap began."""

    def __init__(self) -> None:
        self.first = 0
        self.count = 0
        self._pieces: deque[Array] = deque()

    def add(self, piece: Array) -> None:
        self._pieces.append(piece)
        self.count += piece.size

    def forget(self, before: int) -> None:
        """Drop the pieces that end before this sample."""
        while self._pieces and self.first + self._pieces[0].size <= before:
            self.first += self._pieces.popleft().size

    def between(self, begin: int, end: int) -> Array:
        """The samples from ``begin`` to before ``end``, as far as there are any."""
        held = np.concatenate(self._pieces)
        return held[max(0, begin - self.first) : max(0, end - self.first)]


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
        self._power = np.zeros(0)
        """Mean square of each frame since ``_dropped``."""
        self._rest = np.zeros(0)
        self._c = _Recent()
        self._z = _Recent()
        self._dropped = 0
        self._next = _BEFORE

    def reset(self) -> None:
        """Forget the past, after a gap."""
        self._clear()

    def feed(self, weighted: Weighted, start: float, sigma: float) -> list[ImpulseDetection]:
        """Impulses that are certain by the end of this piece, whose first sample is at ``start``."""
        a = np.concatenate([self._rest, weighted.a])
        self._start = start - self._z.count / self.rate
        self._c.add(weighted.c)
        self._z.add(weighted.z)
        count = a.size // self.hop
        used = count * self.hop
        power = np.square(a[:used]).reshape(count, self.hop).mean(axis=1)
        self._power = np.concatenate([self._power, power])
        self._rest = a[used:]
        found = self._search(sigma, last=False)
        self._forget()
        return found

    def finish(self, sigma: float) -> list[ImpulseDetection]:
        """Impulses that the end of the stream leaves certain."""
        return self._search(sigma, last=True)

    def _search(self, sigma: float, *, last: bool) -> list[ImpulseDetection]:
        found: list[ImpulseDetection] = []
        power = self._power
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
        power = self._power
        loud = power[first:] >= (self.background or 0.0) * OVER_MEDIAN_POWER
        if not loud.any():
            return loud
        before = power[first - _BEFORE : power.size - RISE_FRAMES - 1]
        quiet = np.lib.stride_tricks.sliding_window_view(before, QUIET_FRAMES).max(axis=1)
        return np.asarray(loud & (power[first:] >= RISE_POWER * quiet[: loud.size]), dtype=np.bool_)

    def _judge(self, frame: int, *, last: bool) -> bool | None:
        """Is the front at ``frame`` that of an impulse? ``None``: more has to be heard first."""
        power = self._power[frame:]
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
        front = (self._dropped + frame) * self.hop
        begin = max(0, front - math.ceil(CONTEXT_BEFORE_SECONDS * self.rate))
        around = self._z.between(begin, front + math.ceil(CONTEXT_AFTER_SECONDS * self.rate))
        found = arrival(around, self.rate, front - begin)
        peak = np.abs(self._c.between(front - self.hop, front + LEVEL_FRAMES * self.hop)).max()
        level = level_of(float(peak) ** 2, self.calibration)
        return ImpulseDetection(
            onset=max(0.0, self._start + begin / self.rate + found.time),
            sigma=math.hypot(sigma, found.sigma),
            level=-200.0 if level is None else level,
        )

    def _forget(self) -> None:
        """Keep only what a later front may still need."""
        spare = self._next - self._dropped - _KEPT_FRAMES
        if spare < 4 * _KEPT_FRAMES:
            return
        self._power = self._power[spare:]
        self._dropped += spare
        kept = (self._dropped + _BEFORE) * self.hop
        self._c.forget(kept - self.hop)
        self._z.forget(kept - math.ceil(CONTEXT_BEFORE_SECONDS * self.rate))
