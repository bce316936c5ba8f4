"""``lab bench levels --plot``: one PNG of 1600 x 1000: the A-weighting at every rate inside its limits, and the rest.

Above, the error of A as a share of what class 1 allows, a line for each rate, the plain bilinear transform in grey:
it leaves the limits where it leaves the white. Below, for every other quantity the most of its limit used at any rate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from clairvoie.cli.listen_plot_style import ACCENT, INK, PAPER, QUIET, RULE
from clairvoie.cli.picture import write_picture
from clairvoie.lab.bench_levels import NOT_AN_INSTRUMENT, LevelFigures
from clairvoie.lab.level_margins import Margin, worst

TEXT_SIZE, SMALL, TITLE_SIZE = 14.0, 12.5, 19.0
BEYOND = "#f0e3dd"
OUTSIDE = "#b5462f"
SHADES = ("#7fb3a6", "#5b9a8c", "#3a8174", "#1f685c", "#0b4f45")
HIGHEST_SHARE = 3.2
ROWS = {
    "A": "A, table 3",
    "C": "C, table 3",
    "Z": "Z, table 3",
    "LAFmax": "LAFmax, toneburst",
    "LASmax": "LASmax, toneburst",
    "LAE": "LAE, toneburst",
    "LCpeak, cycle": "LCpeak, one cycle",
    "LCpeak, positive half": "LCpeak, half a cycle",
    "linearity": "level linearity",
    "octave": "octaves, 61260-1",
    "third": "thirds, 61260-1",
}


def draw(figures: LevelFigures, path: Path) -> None:
    """Write the plot to ``path``."""
    figure = Figure(figsize=(16, 10), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.05, 0.955, _title(figures), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    figure.text(0.05, 0.915, _subtitle(figures), size=TEXT_SIZE, color=QUIET, va="center")
    _draw_weighting(figure.add_axes((0.05, 0.10, 0.55, 0.76)), figures)
    _draw_rows(figure.add_axes((0.775, 0.10, 0.195, 0.76)), figures)
    write_picture(figure, path)


def _rates(margins: list[Margin]) -> list[int]:
    return sorted({margin.rate for margin in margins})


def _title(figures: LevelFigures) -> str:
    most = worst(figures.margins).used
    where = f"from {min(_rates(figures.margins)) / 1000:g} to {max(_rates(figures.margins)) / 1000:g} kHz"
    return f"Levels use at most {most:.0%} of what class 1 allows, at every rate {where}"


def _subtitle(figures: LevelFigures) -> str:
    return f"IEC 61672-1:2013 and 61260-1:2014, up to 0.45 of the rate. {NOT_AN_INSTRUMENT}"


def _style(axes: Any) -> None:
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=SMALL, labelcolor=INK)


def _signed(margin: Margin) -> float:
    return margin.used if margin.error > 0 else -margin.used


def _draw_weighting(axes: Any, figures: LevelFigures) -> None:
    _style(axes)
    axes.axhspan(1, HIGHEST_SHARE, color=BEYOND, linewidth=0)
    axes.axhspan(-HIGHEST_SHARE, -1, color=BEYOND, linewidth=0)
    axes.axhline(0, color=RULE, linewidth=1)
    for number, rate in enumerate(_rates(figures.peer)):
        peer = [m for m in figures.peer if m.rate == rate]
        own = [m for m in figures.margins if m.rate == rate and m.quantity == "A"]
        shade = SHADES[number % len(SHADES)]
        axes.plot([m.at for m in peer], [_signed(m) for m in peer], color=QUIET, linewidth=1.3, alpha=0.8)
        axes.plot([m.at for m in own], [_signed(m) for m in own], color=shade, linewidth=2.2)
        _mark(axes, peer, f"{rate / 1000:g} kHz", below=number % 2 == 1 and peer[-1].used > 1)
    axes.set_xscale("log")
    axes.set_xlim(10, 26000)
    axes.set_ylim(-HIGHEST_SHARE, 1.6)
    axes.xaxis.set_major_formatter(FuncFormatter(_frequency_words))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([16, 31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("Hz", size=TEXT_SIZE, color=INK)
    head = "A-weighting: error as a share of the limit, a line a rate; grey: a plain bilinear transform"
    axes.text(0, 1.02, head, transform=axes.transAxes, size=TEXT_SIZE, color=ACCENT, va="bottom")
    axes.text(12, 1.06, "outside class 1", size=SMALL, color=OUTSIDE, va="bottom")
    axes.text(12, -1.06, "outside class 1", size=SMALL, color=OUTSIDE, va="top")


def _mark(axes: Any, peer: list[Margin], name: str, *, below: bool) -> None:
    """Name the grey line of one rate at its last point, or below it where two end close together."""
    place = (peer[-1].at, max(_signed(peer[-1]), 0.06 - HIGHEST_SHARE))
    offset, side = ((0, -10), "center") if below else ((5, 0), "left")
    box = {"facecolor": BEYOND if below else "none", "edgecolor": "none", "pad": 1}
    style = {"textcoords": "offset points", "size": SMALL, "color": QUIET, "bbox": box}
    axes.annotate(name, place, offset, va="center", ha=side, **style)


def _frequency_words(hertz: float, _: int | None = None) -> str:
    return f"{hertz / 1000:g} k" if hertz >= 1000 else f"{hertz:g}"


def _draw_rows(axes: Any, figures: LevelFigures) -> None:
    """For each quantity, a dot a rate: the most of its limit that it uses there."""
    _style(axes)
    names = [name for name in ROWS if any(m.quantity == name for m in figures.margins)]
    for place, name in enumerate(names):
        margins = [m for m in figures.margins if m.quantity == name]
        axes.axhline(place, color=RULE, linewidth=1, zorder=0)
        for number, rate in enumerate(_rates(margins)):
            used = worst([m for m in margins if m.rate == rate]).used
            axes.plot([used], [place], "o", color=SHADES[number % len(SHADES)], markersize=8, alpha=0.9)
    axes.axvline(1, color=OUTSIDE, linewidth=1.4)
    axes.set_yticks(range(len(names)), [ROWS[name] for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.08)
    axes.set_xticks([0, 0.5, 1.0])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("of the limit, a dot a rate (dark: 48 kHz)", size=SMALL, color=INK)
    axes.text(0, 1.02, "Every quantity", transform=axes.transAxes, size=TEXT_SIZE, color=ACCENT, va="bottom")
