"""``lab bench esc50 --plot``: accuracy over size, what was measured here beside what others published.

Only whole protocols are drawn, all four folds; the published figures are over five folds and partly of the best epoch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from clairvoie.cli.listen_plot import ACCENT, INK, OPEN, PAPER, QUIET, RULE
from clairvoie.cli.picture import write_picture
from clairvoie.errors import LabError
from clairvoie.lab.bench_esc50 import PROTOCOL_FOLDS, ProtocolFigures

GOAL = 90.0
PEOPLE = 81.3
PUBLISHED = (("micro-ACDNet", 0.13, 83.65), ("ACDNet", 4.7, 87.1))
"""Published without outside data: name, million parameters, accuracy in %."""
SIZES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
COLOURS = (ACCENT, "#bc6c25", "#6096ba", "#7f5539")


def measured(folder: Path) -> dict[str, list[ProtocolFigures]]:
    """Whole protocols in ``folder`` by what they are, the smallest network first."""
    found: dict[str, list[ProtocolFigures]] = {}
    for path in sorted(folder.glob("figures-*.json")):
        for figures in msgspec.json.decode(path.read_bytes(), type=list[ProtocolFigures]):
            if len(figures.folds) == len(PROTOCOL_FOLDS):
                found.setdefault(figures.what, []).append(figures)
    if not found:
        raise LabError("there are no figures of a whole protocol here", str(folder), "Run it with --protocol first.")
    return {what: sorted(those, key=lambda x: x.parameters) for what, those in found.items()}


def draw(folder: Path, path: Path) -> None:
    """Write the plot of everything in ``folder`` to ``path``."""
    figure = Figure(figsize=(11, 6.2), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.07, 0.94, "ESC-50: learned from three folds, tested on the fourth", size=15, color=INK, weight="bold")
    figure.text(
        0.07,
        0.895,
        "mean of four folds, last epoch; bars: standard error over folds. Published: five folds (ACDNet: best epoch)",
        size=11,
        color=QUIET,
    )
    axes: Any = figure.add_axes((0.07, 0.11, 0.9, 0.74), facecolor=PAPER)
    for colour, (what, those) in zip(COLOURS * 3, measured(folder).items(), strict=False):
        _draw_curve(axes, what, those, colour)
    _draw_published(axes)
    _dress(axes)
    write_picture(figure, path)


def _draw_curve(axes: Any, what: str, those: list[ProtocolFigures], colour: str) -> None:
    sizes, means = [x.parameters / 1e6 for x in those], [x.mean for x in those]
    axes.errorbar(
        sizes, means, [x.standard_error for x in those], color=colour, marker="o", linewidth=2, capsize=3, label=what
    )
    for size, mean, figures in zip(sizes, means, those, strict=True):
        epochs = "–".join(str(x) for x in sorted({figures.epochs[0], figures.epochs[-1]}))
        said = f"{mean:.1f}, {epochs} epochs"
        axes.annotate(said, (size, mean), (7, -13), textcoords="offset points", size=10.5, color=colour)


def _draw_published(axes: Any) -> None:
    for name, size, mean in PUBLISHED:
        axes.plot([size], [mean], marker="D", color=QUIET, markersize=7, linestyle="none")
        place = {"textcoords": "offset points", "size": 10.5, "color": QUIET}
        axes.annotate(f"{name} {mean}", (size, mean), (0, 9), ha="center", **place)
    for mean, name, colour in ((PEOPLE, f"people {PEOPLE}", QUIET), (GOAL, f"goal {GOAL:g} under 1 M", OPEN)):
        axes.axhline(mean, color=colour, linestyle="--", linewidth=1.2)
        axes.annotate(name, (2.0, mean), (0, 4), textcoords="offset points", size=10.5, color=colour)


def _dress(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.tick_params(colors=QUIET, labelsize=10.5)
    axes.set_xscale("log")
    axes.set_xlim(0.04, 6)
    axes.xaxis.set_major_locator(FixedLocator(SIZES))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("million parameters", size=11, color=QUIET)
    axes.set_ylabel("right, %", size=11, color=QUIET)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.25 * (high - low), high + 0.04 * (high - low))
    axes.legend(loc="lower left", frameon=False, fontsize=10.5, labelcolor=INK)
