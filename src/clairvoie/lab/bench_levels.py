"""``lab bench levels``: every margin of the levels, at every supported rate, with a plain bilinear A-weighting beside.

The figures are those of this arithmetic, computed on the spot from tones; nothing random, nothing recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from clairvoie.lab.band_margins import octave_margins, third_margins
from clairvoie.lab.level_limits import CLASS_1, RATES
from clairvoie.lab.level_margins import (
    PHASES,
    Margin,
    bilinear_margins,
    burst_margins,
    linearity_margins,
    peak_margins,
    weighting_margins,
    worst,
)

VERSION = 1
NOT_AN_INSTRUMENT = "Not a class 1 instrument: that is its microphone's and its certificate's."
PEER = "bilinear A"
WIDTH = 9


class LevelFigures(Struct, frozen=True, kw_only=True):
    """Everything measured. ``peer`` is A through a plain bilinear transform; ``inside`` says that nothing of
    ``margins`` lies outside its limit."""

    version: int = VERSION
    inside: bool
    says: str = NOT_AN_INSTRUMENT
    margins: list[Margin]
    peer: list[Margin]


def measure(rates: Sequence[int] = RATES, *, bands: bool = True, phases: int = PHASES) -> LevelFigures:
    """All margins at ``rates``; ``bands`` takes most of the time, and bursts begun at ``phases`` places the rest."""
    margins: list[Margin] = []
    for rate in rates:
        margins += weighting_margins(rate) + linearity_margins(rate)
        margins += burst_margins(rate, phases) + peak_margins(rate, phases)
        if bands:
            margins += octave_margins(rate) + third_margins(rate)
    peer = [margin for rate in rates for margin in bilinear_margins(rate)]
    return LevelFigures(inside=all(margin.used <= 1 for margin in margins), margins=margins, peer=peer)


def figures_text(figures: LevelFigures) -> str:
    """The figures as tables, what lies outside marked with an asterisk."""
    return "\n".join(_lines(figures))


def _lines(figures: LevelFigures) -> Iterator[str]:
    for weighting in ("A", "C", "Z"):
        yield f"{weighting}-weighting, error in dB (IEC 61672-1:2013, table 3, class 1)"
        yield from _table([m for m in figures.margins if m.quantity == weighting], "Hz")
    yield "The peer: A through a plain bilinear transform, error in dB; * lies outside"
    yield from _table(figures.peer, "Hz")
    for quantity in ("LAFmax", "LASmax", "LAE"):
        yield f"{quantity} of 4 kHz tonebursts, error in dB (table 4), the worst of 8 places between two samples"
        yield from _table([m for m in figures.margins if m.quantity == quantity], "s")
    yield "LCpeak of one and of half a cycle, error in dB (table 5)"
    for name in ("LCpeak, cycle", "LCpeak, positive half", "LCpeak, negative half"):
        yield from _table([m for m in figures.margins if m.quantity == name], name.removeprefix("LCpeak, "))
    yield "Level linearity of LAeq, -0.2 to -130 dBFS, error in dB (5.6.5)"
    yield from _table([m for m in figures.margins if m.quantity == "linearity"], "Hz")
    for quantity in ("octave", "third"):
        yield f"{quantity.capitalize()}s: share of the attenuation limit used (IEC 61260-1:2014, table 1, class 1)"
        yield from _shares([m for m in figures.margins if m.quantity == quantity])
    yield from _summary(figures)


def _rates(margins: Sequence[Margin]) -> list[int]:
    return sorted({margin.rate for margin in margins})


def _table(margins: Sequence[Margin], unit: str) -> Iterator[str]:
    rates = _rates(margins)
    yield f"{unit:>13}{'limit':>14}" + "".join(f"{rate:>{WIDTH}}" for rate in rates)
    known = {(margin.at, margin.rate): margin for margin in margins}
    for at in sorted({margin.at for margin in margins}):
        row = [known.get((at, rate)) for rate in rates]
        limit = next(_limit(margin) for margin in row if margin is not None)
        yield f"{at:>13g}{limit:>14}" + "".join(_cell(margin) for margin in row)
    yield ""


def _limit(margin: Margin) -> str:
    below = "-inf" if margin.below is None else f"-{margin.below:g}"
    return f"+{margin.above:g} / {below}"


def _cell(margin: Margin | None) -> str:
    if margin is None:
        return f"{'':>{WIDTH}}"
    return f"{round(margin.error, 2) + 0.0:+.2f}{'*' if margin.used > 1 else ' '}".rjust(WIDTH)


def _shares(margins: Sequence[Margin]) -> Iterator[str]:
    rates = _rates(margins)
    known = {(margin.at, margin.rate): margin for margin in margins}
    yield f"{'Hz':>13}" + "".join(f"{rate:>{WIDTH}}" for rate in rates)
    for at in sorted({margin.at for margin in margins}):
        row = [known.get((at, rate)) for rate in rates]
        yield f"{at:>13g}" + "".join(f"{'' if m is None else f'{m.used:.0%}':>{WIDTH}}" for m in row)
    yield ""


def _summary(figures: LevelFigures) -> Iterator[str]:
    most = worst(figures.margins)
    outside = sum(margin.used > 1 for margin in figures.margins)
    where = f"{most.quantity} at {most.at:g}, {most.rate} samples a second: {most.used:.0%} of its limit"
    yield f"{outside} of {len(figures.margins)} figures lie outside; the most is {where}."
    failing = {rate: worst([m for m in figures.peer if m.rate == rate]) for rate in _rates(figures.peer)}
    words = [f"{rate} ({m.at:g} Hz: {m.error:+.1f} dB)" for rate, m in failing.items() if m.used > 1]
    yield f"The plain bilinear A-weighting lies outside at {', '.join(words) or 'no rate'}."
    yield f"Of {len(CLASS_1)} nominal frequencies those up to 0.45 of the rate are measured. {figures.says}"
