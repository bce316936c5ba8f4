"""``lab bench onsets --plot``: one PNG of 1600 x 1000: error over the ratio with the goals, below how honest it is.

Lines carry their names. Above, the peers of the same run in grey, this project in colour, the goals as red steps.
Below, the share of errors within 1.96 standard deviations with its exact interval, 93 to 97 % shaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from clairvoie.cli.listen_plot_style import ACCENT, INK, OPEN, PAPER, QUIET, RULE
from clairvoie.cli.picture import write_picture
from clairvoie.lab.bench_onsets import OnsetFigures, Summary

TEXT_SIZE, SMALL, TITLE_SIZE = 14.0, 12.5, 19.0
SHADE = "#e3ece9"
RECORDED = "#c98a1b"
LOWEST, HIGHEST = 0.02, 12.0
"""Milliseconds that the picture shows."""


def draw(figures: OnsetFigures, path: Path) -> None:
    """Write the plot to ``path``."""
    figure = Figure(figsize=(16, 10), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.06, 0.955, _title(figures), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    figure.text(0.06, 0.915, _subtitle(figures), size=TEXT_SIZE, color=QUIET, va="center")
    _draw_errors(figure.add_axes((0.06, 0.40, 0.72, 0.47)), figures)
    _draw_honesty(figure.add_axes((0.06, 0.075, 0.72, 0.25)), figures)
    write_picture(figure, path)


def _title(figures: OnsetFigures) -> str:
    said = [f"{goal.rms:.2f} ms at {goal.ratio:g} dB" for goal in sorted(figures.goals, key=lambda goal: goal.ratio)]
    return f"Bangs are timed to {' and '.join(said)}, given a front"


def _subtitle(figures: OnsetFigures) -> str:
    count = sum(row.count for row in figures.all)
    noise = "white, pink and recorded noise" if figures.rule else "white and pink noise"
    text = f"{count} made bangs of nine kinds in {noise}, at five rates, half of them with an echo 2 to 30 ms later."
    return text + (" A quick run: too few to cite." if figures.quick else "")


def _ratio(row: Summary) -> float:
    return float(row.of.split()[0])


def _draw_errors(axes: Any, figures: OnsetFigures) -> None:
    _style(axes, figures.all)
    axes.set_yscale("log")
    axes.set_ylim(LOWEST, HIGHEST)
    axes.set_yticks([0.03, 0.1, 0.3, 1, 3, 10])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} ms"))
    axes.set_title("Root of the mean squared error", loc="left", size=TEXT_SIZE, color=INK)
    ends: list[tuple[float, str, str]] = []
    for name in figures.all[0].peers:
        values = [row.peers[name] for row in figures.all]
        axes.plot([_ratio(row) for row in figures.all], values, color=QUIET, lw=1.4, alpha=0.75)
        ends.append((values[-1], name, QUIET))
    for rows, name, colour, dashes in _lines(figures):
        values = [row.rms for row in rows]
        axes.plot([_ratio(row) for row in rows], values, color=colour, lw=2.4, ls=dashes, marker="o", ms=5)
        ends.append((values[-1], name, colour))
    _name_ends(axes, ends)
    for goal in figures.goals:
        axes.plot([goal.ratio - 1.6, goal.ratio + 1.6], [goal.wanted] * 2, color=OPEN, lw=3)
        axes.text(
            goal.ratio, goal.wanted * 1.13, f"goal {goal.wanted:g} ms", color=OPEN, size=SMALL, ha="center", va="bottom"
        )


def _lines(figures: OnsetFigures) -> list[tuple[Sequence[Summary], str, str, str]]:
    lines: list[tuple[Sequence[Summary], str, str, str]] = [
        (figures.by_ratio, "Clairvoie, no echo", ACCENT, "-"),
        (figures.by_ratio_with_echo, "Clairvoie, with an echo", ACCENT, "--"),
    ]
    if figures.recorded:
        lines.append((figures.recorded, "Clairvoie, recorded bangs", RECORDED, "-"))
    return lines


def _name_ends(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Names beside the ends of their lines, moved apart where they would touch."""
    lowest = 0.0
    for value, name, colour in sorted(ends):
        place = max(value, lowest * 1.3)
        lowest = place
        axes.annotate(
            name, (1.0, place), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
            size=SMALL, color=colour, va="center", annotation_clip=False,
        )  # fmt: skip


def _draw_honesty(axes: Any, figures: OnsetFigures) -> None:
    _style(axes, figures.all)
    axes.axhspan(0.93, 0.97, color=SHADE, lw=0)
    axes.axhline(0.95, color=RULE, lw=1)
    axes.set_ylim(0.7, 1.005)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Errors within 1.96 standard deviations, with 95 % intervals", loc="left", size=TEXT_SIZE, color=INK)
    axes.set_xlabel("Energy of the bang over that of the noise in 10 ms, 0.2 to 8 kHz, in dB", size=SMALL, color=INK)
    lines = _lines(figures)
    for number, (rows, name, colour, dashes) in enumerate(lines):
        at = [_ratio(row) + 0.22 * (number - (len(lines) - 1) / 2) for row in rows]
        axes.vlines(at, [r.coverage_low for r in rows], [r.coverage_high for r in rows], color=colour, lw=1.6)
        filled = colour if dashes == "-" else PAPER
        axes.plot(at, [r.coverage for r in rows], "o", ms=6.5, mfc=filled, mec=colour, mew=1.6)
        axes.annotate(
            ("● " if dashes == "-" else "○ ") + name.removeprefix("Clairvoie, "), (1.0, 0.9 - 0.13 * number),
            xycoords="axes fraction", xytext=(8, 0), textcoords="offset points", size=SMALL, color=colour, va="center",
        )  # fmt: skip


def _style(axes: Any, rows: Sequence[Summary]) -> None:
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.tick_params(colors=INK, labelsize=SMALL, length=0)
    axes.grid(axis="y", color=RULE, lw=0.7)
    axes.set_axisbelow(True)
    ratios = [_ratio(row) for row in rows]
    axes.set_xticks(ratios)
    axes.set_xticklabels([f"{ratio:g}" for ratio in ratios])
    axes.set_xlim(min(ratios) - 1, max(ratios) + 0.8)
