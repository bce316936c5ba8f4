"""The class 1 acceptance limits that ``lab bench levels`` measures against, each with its table.

Transcribed twice, here and in the tests, from public transcriptions of the standards; the tests compare the two, and
the reference responses with their closed forms. Limits are (dB above, dB below) the reference.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from clairvoie.detect.sound.bands import G

Limit = tuple[float, float]
RATES = (16_000, 22_050, 32_000, 44_100, 48_000)
HIGHEST_SHARE_OF_RATE = 0.45
_WITHIN_ONE = (40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1250, 1600, 2000, 2500, 3150, 4000)
_ONE: dict[float, Limit] = dict.fromkeys(_WITHIN_ONE, (1.0, 1.0))
CLASS_1: dict[float, Limit] = dict(
    sorted(
        {
            **_ONE,
            10: (3.0, math.inf),
            12.5: (2.5, math.inf),
            16: (2.0, 4.0),
            20: (2.0, 2.0),
            25: (2.0, 1.5),
            31.5: (1.5, 1.5),
            1000: (0.7, 0.7),
            5000: (1.5, 1.5),
            6300: (1.5, 2.0),
            8000: (1.5, 2.5),
            10_000: (2.0, 3.0),
            12_500: (2.0, 5.0),
            16_000: (2.5, 16.0),
            20_000: (3.0, math.inf),
        }.items()
    )
)
"""Nominal frequency in hertz -> limit around the design goals of A, C and Z (IEC 61672-1:2013, table 3)."""

_SHORT = {0.002: (1.0, 1.5), 0.001: (1.0, 2.0), 0.0005: (1.0, 2.5), 0.00025: (1.0, 3.0)}
FAST_BURSTS: dict[float, Limit] = {
    **dict.fromkeys((1.0, 0.5, 0.2), (0.5, 0.5)),
    **dict.fromkeys((0.1, 0.05, 0.02, 0.01, 0.005), (1.0, 1.0)),
    **_SHORT,
}
"""Length in seconds of a 4 kHz toneburst -> limit of LAFmax - LA and of LAE - LA (IEC 61672-1:2013, table 4)."""
SLOW_BURSTS: dict[float, Limit] = {
    **dict.fromkeys((1.0, 0.5, 0.2), (0.5, 0.5)),
    **dict.fromkeys((0.1, 0.05), (1.0, 1.0)),
    0.02: (1.0, 1.5),
    0.01: (1.0, 2.0),
    0.005: (1.0, 2.5),
    0.002: (1.0, 3.0),
}
"""The same of LASmax - LA, which the table gives down to 2 ms."""


class PeakSignal(NamedTuple):
    """``cycles`` of a sine of nominal ``hertz`` (half of one: its positive or negative half)."""

    cycles: float
    hertz: float
    reference: float
    limit: Limit


PEAKS = (
    PeakSignal(1, 31.5, 2.5, (2.0, 2.0)),
    PeakSignal(1, 500, 3.5, (1.0, 1.0)),
    PeakSignal(1, 8000, 3.4, (2.0, 2.0)),
    PeakSignal(0.5, 500, 2.4, (1.0, 1.0)),
    PeakSignal(-0.5, 500, 2.4, (1.0, 1.0)),
)
"""Reference differences LCpeak - LC in dB (IEC 61672-1:2013, table 5)."""
LINEARITY_LIMIT = 0.8
"""dB either way (IEC 61672-1:2013, 5.6.5)."""


class Attenuation(NamedTuple):
    """Between ``least`` and ``most`` dB of relative attenuation at ``G ** power`` times the centre of an octave."""

    power: float
    least: float
    most: float


ATTENUATIONS = (
    Attenuation(0, -0.4, 0.4),
    Attenuation(1 / 8, -0.4, 0.5),
    Attenuation(1 / 4, -0.4, 0.7),
    Attenuation(3 / 8, -0.4, 1.4),
    Attenuation(1 / 2, 1.2, 5.3),
    Attenuation(1, 16.6, math.inf),
    Attenuation(2, 40.5, math.inf),
    Attenuation(3, 60.0, math.inf),
    Attenuation(4, 70.0, math.inf),
)
"""IEC 61260-1:2014, table 1. At the very band edge the limits of both sides are asked for."""


def exact_frequency(nominal: float) -> float:
    """The exact frequency of a nominal one, in hertz: 1 kHz times a power of the tenth root of ten (annex D)."""
    return float(1000 * 10 ** (round(10 * math.log10(nominal / 1000)) / 10))


def third_break(power: float) -> float:
    """Where a third has the limit of an octave at ``G ** power``, relative to its centre (IEC 61260-1:2014, 5.10).

    >>> round(third_break(0.5), 5) == round(G ** (1 / 6), 5)
    True
    """
    return float(1 + (G ** (1 / 6) - 1) / (G ** (1 / 2) - 1) * (G**power - 1))


def fast_reference(seconds: float) -> float:
    """LAFmax - LA of a toneburst of ``seconds``, in dB (IEC 61672-1:2013, formula 7)."""
    return _exponential(seconds, 0.125)


def slow_reference(seconds: float) -> float:
    """LASmax - LA of a toneburst of ``seconds``, in dB (IEC 61672-1:2013, formula 7)."""
    return _exponential(seconds, 1.0)


def exposure_reference(seconds: float) -> float:
    """LAE - LA of a toneburst of ``seconds``, in dB (IEC 61672-1:2013, formula 8)."""
    return 10 * math.log10(seconds)


def _exponential(seconds: float, constant: float) -> float:
    return 10 * math.log10(1 - math.exp(-seconds / constant))
