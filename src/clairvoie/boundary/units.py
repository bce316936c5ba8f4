"""Coarse scales: how a measured quantity becomes a small whole number, and how many bits that number is worth.

The gate releases codes, never measurements. A :class:`Scale` has ``count`` codes; code 0 always means "no value", so
that silence costs the same as speech. Every code of a scale is charged ``log2(count)`` bits, rounded *up* to a
thousandth of a bit: lengths of a prefix-free code exist whenever their Kraft sum is at most one (Cover & Thomas,
theorem 5.2.1), and rounding up only lowers the sum. Whole numbers of millibits keep the count exact and the same on
every machine.

>>> LEVEL.encode(61.5), LEVEL.decode(LEVEL.encode(61.5)), LEVEL.decode(0)
(84, 61.5, None)
>>> LEVEL.millibits
7931
"""

from __future__ import annotations

import math

from msgspec import Struct

from clairvoie.errors import InvalidValue

MILLIBITS_PER_BIT = 1000


def millibits_of(count: int) -> int:
    """Length in thousandths of a bit, rounded up, of one of ``count`` equally likely codes."""
    return math.ceil(math.log2(count) * MILLIBITS_PER_BIT - 1e-9)


class Scale(Struct, frozen=True, kw_only=True):
    """A uniform quantiser: code 0 is "no value", code ``k`` ≥ 1 is ``lowest + (k - 1) * step`` ``unit``."""

    name: str
    lowest: float
    step: float
    count: int
    unit: str

    def __post_init__(self) -> None:
        if self.count < 2 or self.step <= 0:
            raise InvalidValue("a scale needs two codes and a positive step", (self.count, self.step))

    @property
    def millibits(self) -> int:
        """What one code of this scale is charged."""
        return millibits_of(self.count)

    @property
    def highest(self) -> float:
        """The greatest value that has a code, in ``unit``."""
        return self.lowest + (self.count - 2) * self.step

    def encode(self, value: float | None) -> int:
        """The nearest code; values beyond the ends take the end; ``None`` and not-a-number take 0."""
        if value is None or math.isnan(value):
            return 0
        bounded = min(max(value, self.lowest), self.highest)
        return 1 + math.floor((bounded - self.lowest) / self.step + 0.5)

    def decode(self, code: int) -> float | None:
        """The value a code stands for, in ``unit``; ``None`` for code 0."""
        if not 0 <= code < self.count:
            raise InvalidValue(f"no such code on the {self.name} scale of {self.count}", code)
        return None if code == 0 else self.lowest + (code - 1) * self.step


LEVEL = Scale(name="level", lowest=20.0, step=0.5, count=244, unit="dB")
PEAK = Scale(name="peak", lowest=20.0, step=0.5, count=284, unit="dB")
OCTAVE = Scale(name="octave", lowest=10.0, step=0.5, count=237, unit="dB")
THIRD = Scale(name="third", lowest=5.0, step=1.0, count=128, unit="dB")
EIGHTHS = Scale(name="eighths of the minute", lowest=0.125, step=0.125, count=9, unit="of the minute")
SECONDS_OF_MINUTE = Scale(name="seconds of the minute", lowest=0.0, step=1.0, count=62, unit="s")
FEW = Scale(name="a few (saturating)", lowest=0.0, step=1.0, count=8, unit="")
"""Counts that leave as small saturating numbers: overloads, drops, refusals. The top code reads "six or more"."""

HARMONICA = Scale(name="Harmonica index", lowest=0.0, step=0.1, count=102, unit="")
PERCENT = Scale(name="percent", lowest=0.0, step=1.0, count=102, unit="%")
EVENTS_OF_HOUR = Scale(name="noise events of an hour (saturating)", lowest=0.0, step=1.0, count=64, unit="")
"""The top code reads "62 or more"."""
EIGHTHS_OF_HOUR = Scale(name="eighths of the hour", lowest=0.125, step=0.125, count=9, unit="of the hour")

EVENT_LEVEL = Scale(name="event level", lowest=20.0, step=2.0, count=64, unit="dB")
CONFIDENCE = Scale(name="confidence", lowest=0.0, step=1 / 14, count=16, unit="")
AGE_TENTHS = Scale(name="age", lowest=0.0, step=0.1, count=256, unit="s")
"""How long before the end of the releasing second something began or ended, in tenths of a second, 25.4 s at most."""
AGE_FINE = Scale(name="fine age", lowest=0.0, step=0.0001, count=131_072, unit="s")
"""The same for impulses, in 0.1 ms, 13.1 s at most."""

CLOCK_CLASSES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1, 1.0)
"""Upper bounds, in seconds, of the standard uncertainty of a time; code 0 says "worse than a second, or unknown"."""


def encode_uncertainty(sigma: float | None) -> int:
    """Code of the smallest class that holds ``sigma`` seconds; 0 when none does."""
    if sigma is None or math.isnan(sigma):
        return 0
    return next((code for code, bound in enumerate(CLOCK_CLASSES, start=1) if sigma <= bound), 0)


def decode_uncertainty(code: int) -> float | None:
    """Upper bound of the class, in seconds; ``None`` when the uncertainty is unknown."""
    return None if code == 0 else CLOCK_CLASSES[code - 1]
