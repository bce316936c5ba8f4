"""The calibration of a microphone from a sound calibrator that an operator puts on it, in a window he declares.

A calibrator makes a steady tone of 1 kHz at 94 or 114 dB in a small cavity (IEC 60942:2017). Whoever holds one to the
microphone says so beforehand: from when to when, at most an hour, and at which level. Nothing is looked for outside
such a window, since a tone in the street must not change what a sensor measures. What is found is the *calibration*,
the sound pressure level of a full-scale sine, with its drift since the last one; or a refusal from a closed list.

The limits are those of a class 2 calibrator with the uncertainty that the standard allows its laboratory, and a little
for the street: frequency 2 % (IEC 60942:2017, table 4: 1.7 %), total distortion and noise 4 % (table 7: 3 %), level
within 0.2 dB of its mean (table 2: 0.15 dB). Nothing here applies a calibration: a sensor takes one from its settings.

What it cannot tell: whether the tone comes from a calibrator at all, whether that has a certificate, and which
correction the microphone's maker gives for it; declare the level with that correction applied (93.85 rather than 94).

>>> window = CommissioningWindow(start=0.0, end=60.0, level=94.0)
>>> tone = (0.05 * np.sin(2 * np.pi * 1000 * np.arange(20 * 8000) / 8000)).astype(np.float32)
>>> listener = CalibratorListener(8000, window)
>>> listener.feed(Block(samples=tone, rate=8000, start=0.0, sigma=0.0, index=0))
>>> check = judge(listener.moments, window, last=120.2)
>>> check.refusal, round(check.calibration, 2), round(check.drift, 2)
(None, 120.02, -0.18)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.levels import OVERLOAD_AMPLITUDE, level_of
from clairvoie.detect.sound.tone import Tone, tone_in
from clairvoie.errors import InvalidValue

LONGEST_WINDOW_SECONDS = 3600
LEVELS = (94.0, 114.0)
LEVEL_TOLERANCE = 0.5
"""A microphone's own correction moves the level at its diaphragm by less than this."""
MOMENT_SECONDS = 0.5
SHORTEST_SECONDS = 5.0
NOMINAL_HZ = 1000.0
FREQUENCY_SHARE = 0.02
MOST_DISTORTION = 0.04
MOST_FLUCTUATION_DB = 0.2
MOST_DRIFT_DB = 3.0
"""A microphone that moved by more is broken, or another one."""
PLAUSIBLE = (40.0, 200.0)
"""What the settings of a sensor take as a calibration."""
TONE_DISTORTION = 0.5
"""Where more than this of the sound is not the tone, there is no tone."""
SAME_TONE_DB = 1.0
SAME_TONE_SHARE = 0.01


class CalibrationRefusal(StrEnum):
    """Why a window gave no calibration."""

    NO_WINDOW = "no-window"
    OUTSIDE_WINDOW = "outside-window"
    NO_TONE = "no-tone"
    TOO_SHORT = "too-short"
    OVERLOADED = "overloaded"
    WRONG_FREQUENCY = "wrong-frequency"
    IMPURE = "impure"
    NOT_STEADY = "not-steady"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class CommissioningWindow:
    """From ``start`` to ``end``, in seconds of the stream's clock, a calibrator of ``level`` dB is on the microphone.

    ``new_microphone``: the last calibration was another microphone's, so that any drift is plausible. Raises
    ``InvalidValue`` for a window of no time or of more than an hour, and for a level that no calibrator has.
    """

    start: float
    end: float
    level: float
    new_microphone: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.end - self.start <= LONGEST_WINDOW_SECONDS:
            raise InvalidValue(
                "a commissioning window lasts at most an hour",
                self.end - self.start,
                "Give the minutes in which the calibrator is on the microphone.",
            )
        if not any(abs(self.level - level) <= LEVEL_TOLERANCE for level in LEVELS):
            raise InvalidValue(
                "a calibrator has 94 or 114 dB", self.level, "Give the level on its certificate, for instance 94."
            )


@dataclass(frozen=True, slots=True)
class Moment:
    """Half a second inside the window, from ``start`` on: the tone in it, and whether it was overloaded."""

    start: float
    tone: Tone
    overload: bool


@dataclass(frozen=True, slots=True)
class CalibrationCheck:
    """What a window gave. ``calibration`` is that of a full-scale sine in dB, ``drift`` its difference from the last;
    both are ``None`` where there is a ``refusal``, but for ``implausible``, which says what was found. ``seconds`` is
    the length of the tone, ``distortion`` its share of distortion and noise, ``fluctuation`` how far in dB it went from
    its mean."""

    refusal: CalibrationRefusal | None
    calibration: float | None = None
    drift: float | None = None
    seconds: float = 0.0
    hertz: float | None = None
    distortion: float | None = None
    fluctuation: float | None = None


class CalibratorListener:
    """Listens to a stream inside ``window`` and keeps a few figures of each half second, never sound.

    Without a window it hears nothing. Half seconds are cut from the window's start and again from each gap, which none
    of them spans.
    """

    def __init__(self, rate: int, window: CommissioningWindow | None) -> None:
        self.rate = rate
        self.moments: list[Moment] = []
        self._window = window
        self._size = round(MOMENT_SECONDS * rate)
        self._held = np.zeros(0, np.float32)
        self._next: float | None = None

    def feed(self, block: Block) -> None:
        """Hear ``block``, as far as it lies inside the window."""
        if self._window is None or block.end <= self._window.start or block.start >= self._window.end:
            return
        if self._next is None or block.missing or abs(block.start - self._next) > 1 / self.rate:
            self._held = self._held[:0]
        self._next = block.end
        first = max(0, round((self._window.start - block.start) * self.rate))
        last = max(first, round((self._window.end - block.start) * self.rate))
        samples = np.concatenate([self._held, block.samples[first:last]])
        start = block.start + min(first, block.samples.size) / self.rate - self._held.size / self.rate
        whole = samples.size // self._size
        for number in range(whole):
            part = samples[number * self._size : (number + 1) * self._size]
            self.moments.append(_moment(part, self.rate, start + number * MOMENT_SECONDS))
        self._held = samples[whole * self._size :]


def _moment(samples: NDArray[np.float32], rate: int, start: float) -> Moment:
    overload = float(np.abs(samples).max()) >= OVERLOAD_AMPLITUDE
    return Moment(start=start, tone=tone_in(samples, rate), overload=overload)


def judge(
    moments: Sequence[Moment], window: CommissioningWindow | None, *, last: float | None = None
) -> CalibrationCheck:
    """The calibration that the longest stretch of tone in ``window`` gives, or why it gives none. Pure.

    ``last`` is the calibration that the sensor has now. The first and the last half second of a tone are left out:
    there the calibrator was put on and taken off.
    """
    if window is None:
        return CalibrationCheck(CalibrationRefusal.NO_WINDOW)
    inside = [m for m in moments if window.start <= m.start and m.start + MOMENT_SECONDS <= window.end + 1e-6]
    if not inside:
        return CalibrationCheck(CalibrationRefusal.OUTSIDE_WINDOW)
    stretches = list(_stretches(inside))
    if not stretches:
        return CalibrationCheck(CalibrationRefusal.NO_TONE)
    tone = max(stretches, key=len)[1:-1]
    if len(tone) * MOMENT_SECONDS < SHORTEST_SECONDS:
        together = sum(map(len, stretches)) * MOMENT_SECONDS
        several = together >= SHORTEST_SECONDS + 2 * MOMENT_SECONDS
        refusal = CalibrationRefusal.NOT_STEADY if several else CalibrationRefusal.TOO_SHORT
        return CalibrationCheck(refusal, seconds=len(tone) * MOMENT_SECONDS)
    return _judge_tone(tone, window, last)


def _stretches(moments: Sequence[Moment]) -> Iterator[list[Moment]]:
    """Half seconds in a row that hold one and the same tone."""
    found: list[Moment] = []
    for moment in moments:
        if found and not _goes_on(found[-1], moment):
            yield found
            found = []
        if moment.tone.distortion <= TONE_DISTORTION:
            found.append(moment)
    if found:
        yield found


def _goes_on(before: Moment, after: Moment) -> bool:
    adjoins = abs(after.start - before.start - MOMENT_SECONDS) < MOMENT_SECONDS / 4
    tone = after.tone.distortion <= TONE_DISTORTION
    level = abs(_level(after) - _level(before)) <= SAME_TONE_DB
    return adjoins and tone and level and abs(after.tone.hertz / before.tone.hertz - 1) <= SAME_TONE_SHARE


def _level(moment: Moment) -> float:
    """dBFS after AES17; a tone is never silent."""
    level = level_of(moment.tone.power, None)
    return -200.0 if level is None else level


def _judge_tone(tone: Sequence[Moment], window: CommissioningWindow, last: float | None) -> CalibrationCheck:
    levels = np.array([_level(moment) for moment in tone])
    mean = float(levels.mean())
    calibration = window.level - mean
    drift = None if last is None else calibration - last
    hertz = float(np.mean([moment.tone.hertz for moment in tone]))
    distortion = max(moment.tone.distortion for moment in tone)
    fluctuation = float(np.abs(levels - mean).max())
    too_far = drift is not None and abs(drift) > MOST_DRIFT_DB and not window.new_microphone
    reasons = (
        (CalibrationRefusal.OVERLOADED, any(moment.overload for moment in tone)),
        (CalibrationRefusal.WRONG_FREQUENCY, abs(hertz / NOMINAL_HZ - 1) > FREQUENCY_SHARE),
        (CalibrationRefusal.IMPURE, distortion > MOST_DISTORTION),
        (CalibrationRefusal.NOT_STEADY, fluctuation > MOST_FLUCTUATION_DB),
        (CalibrationRefusal.IMPLAUSIBLE, too_far or not PLAUSIBLE[0] <= calibration <= PLAUSIBLE[1]),
    )
    refusal = next((reason for reason, holds in reasons if holds), None)
    known = refusal in (None, CalibrationRefusal.IMPLAUSIBLE)
    return CalibrationCheck(
        refusal=refusal,
        calibration=calibration if known else None,
        drift=drift if known else None,
        seconds=len(tone) * MOMENT_SECONDS,
        hertz=hertz,
        distortion=distortion,
        fluctuation=fluctuation,
    )
