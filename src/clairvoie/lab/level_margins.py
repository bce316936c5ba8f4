"""How far the levels stay inside the limits of their standards, at every supported rate.

>>> margins = weighting_margins(32_000)
>>> [margin.weighting for margin in margins], all(margin.used < 0.2 for margin in margins)
(['A', 'C', 'Z'], True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clairvoie.detect.sound.weighting import a_goal, c_goal, response

RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
HIGHEST_SHARE_OF_RATE = 0.45
_WITHIN_ONE = (40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1250, 1600, 2000, 2500, 3150, 4000)
_ONE: dict[float, tuple[float, float]] = dict.fromkeys(_WITHIN_ONE, (1.0, 1.0))
CLASS_1: dict[float, tuple[float, float]] = dict(
    sorted(
        {
            **_ONE,
            10: (3.0, np.inf),
            12.5: (2.5, np.inf),
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
            20_000: (3.0, np.inf),
        }.items()
    )
)
"""Nominal frequency in hertz -> dB allowed above and below the design goal (IEC 61672-1:2013, table 3, class 1)."""


def exact_frequency(nominal: float) -> float:
    """The exact frequency of a nominal one, in hertz: 1 kHz times a power of the tenth root of ten."""
    return float(1000 * 10 ** (round(10 * np.log10(nominal / 1000)) / 10))


@dataclass(frozen=True, slots=True)
class WeightingMargin:
    """Where a weighting uses most of its limit: ``error`` dB at nominal ``hertz``, ``used`` of the limit there."""

    weighting: str
    rate: int
    hertz: float
    error: float
    used: float


def weighting_margins(rate: int) -> list[WeightingMargin]:
    """For A, C and Z, the worst of all nominal frequencies up to 0.45 of ``rate``; inside where ``used`` is below 1."""
    nominal = [f for f in CLASS_1 if exact_frequency(f) <= HIGHEST_SHARE_OF_RATE * rate]
    frequency = np.array([exact_frequency(f) for f in nominal])
    goals = {"A": a_goal(frequency), "C": c_goal(frequency), "Z": np.zeros_like(frequency)}
    found = []
    for weighting, goal in goals.items():
        errors = (response(weighting, frequency, rate) - goal).tolist()
        used = [max(e / CLASS_1[f][0], -e / CLASS_1[f][1]) for f, e in zip(nominal, errors, strict=True)]
        worst = int(np.argmax(used))
        found.append(WeightingMargin(weighting, rate, nominal[worst], errors[worst], used[worst]))
    return found


def margins_text(margins: list[WeightingMargin]) -> str:
    """The margins as a table."""
    lines = ["weighting    rate      worst at     error  of what class 1 allows"]
    lines += [f"{m.weighting:<9}{m.rate:>8}{m.hertz:>10g} Hz{m.error:>+7.2f} dB{m.used:>13.0%}" for m in margins]
    return "\n".join(lines)
