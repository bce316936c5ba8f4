"""``listen --plot``: one PNG of 1600 x 900 that says what was found.

From above: the finding in a sentence; levels over time with L10, L50 and L90 and a bar for every noise event; a strip
with the source of each second; detections; a spectrogram. At the right the indicators. Where it is known when the
recording began the time is that of the clock, and the night is shaded. Colours are the desk's, on paper.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from clairvoie.boundary.hazards import SEVERITY, NoiseSource
from clairvoie.cli import listen_words as words
from clairvoie.cli.hearing import Hearing
from clairvoie.cli.listen_plot_labels import LABEL_ROWS, LETTER_WIDTH, detection_labels, spaced, time_ticks
from clairvoie.cli.listen_plot_levels import DYNAMIC_RANGE_DB, draw_levels, draw_sources
from clairvoie.cli.listen_plot_style import (
    ACCENT,
    COLOURS,
    INK,
    OPEN,
    PAPER,
    QUIET,
    RULE,
    SOURCES,
    TEXT_SIZE,
    TITLE_SIZE,
    style,
)
from clairvoie.cli.listen_spectrogram import Spectrogram
from clairvoie.cli.listen_table import clock_words, described, reference
from clairvoie.cli.listen_words import number
from clairvoie.cli.picture import write_picture

LEFT, WIDTH = 0.065, 0.75
COLUMN_LEFT, COLUMN_RIGHT, ROW = 0.862, 0.987, 0.0325
LONGEST_NAME = 60
MOST_SOURCES = 6
FREQUENCIES = (31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000, 31500, 63000)
__all__ = ["ACCENT", "COLOURS", "INK", "LABEL_ROWS", "LETTER_WIDTH", "OPEN", "PAPER", "QUIET", "RULE", "draw", "spaced"]
__all__ += ["detection_labels"]


def draw(hearing: Hearing, picture: Spectrogram, path: Path, language: str = "en") -> None:
    """Write the picture to ``path``. Raises ``ConfigurationError`` where it cannot be written."""
    figure = Figure(figsize=(16, 9), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    level_axes = figure.add_axes((LEFT, 0.545, WIDTH, 0.305))
    source_axes = figure.add_axes((LEFT, 0.495, WIDTH, 0.03), sharex=level_axes)
    spectrum_axes = figure.add_axes((LEFT, 0.085, WIDTH, 0.345), sharex=level_axes)
    scale_axes = figure.add_axes((0.825, 0.085, 0.012, 0.285))
    figure.text(LEFT, 0.945, _title(hearing, language), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    figure.text(LEFT, 0.903, _subtitle(hearing, language), size=TEXT_SIZE, color=QUIET, va="center")
    draw_levels(level_axes, hearing, language)
    shares = draw_sources(source_axes, hearing, language)
    _draw_spectrogram(spectrum_axes, hearing, picture)
    _draw_scale(figure, scale_axes, spectrum_axes, hearing, language)
    _draw_detections(level_axes, spectrum_axes, hearing, language)
    _draw_indicators(figure, hearing, language)
    _draw_legend(figure, shares, language)
    write_picture(figure, path, optimize=False)


def _title(hearing: Hearing, language: str) -> str:
    """The finding in one line."""
    counts, shares = hearing.detection_counts(), hearing.sources.shares()
    level = hearing.indicators().laeq
    if counts:
        first = {kind: min(h.onset for h in hearing.detections if h.kind == kind) for kind in counts}
        parts = [
            words.AT.to(language, what=words.HAZARDS[kind].to(language), when=clock_words(first[kind]))
            if count == 1
            else words.TIMES.to(language, what=words.HAZARDS[kind].to(language), count=count)
            for kind, count in sorted(counts.items(), key=lambda item: SEVERITY[item[0]])
        ]
        finding = ", ".join(parts[:3])
    else:
        finding = words.NO_HAZARD_SHORT.to(language)
        if shares:
            mostly = sorted(shares, key=lambda source: -shares[source])[:2]
            named = ", ".join(words.SOURCES[source].to(language) for source in mostly)
            finding = words.AND_THEN.to(language, first=finding, then=named)
    finding = finding[0].upper() + finding[1:]
    if level is None:
        return finding
    return words.AND_THEN.to(language, first=finding, then=f"LAeq {number(level, language)} {hearing.unit}")


def _subtitle(hearing: Hearing, language: str) -> str:
    name = hearing.recording.path.name
    name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}…"
    parts = described(hearing, language, fine=hearing.length < 60)
    return " · ".join([name, *parts, reference(hearing, language)])


def _draw_spectrogram(axes: Any, hearing: Hearing, picture: Spectrogram) -> None:
    style(axes)
    axes.set_facecolor(RULE)  # shows where nothing was heard: gaps are grey, quiet is the colour of paper
    levels = picture.levels(hearing.calibration)
    finite = levels[np.isfinite(levels)]
    top = float(np.percentile(finite, 99.8)) if finite.size else 0.0
    edges = np.arange(levels.shape[1] + 1) * picture.column_seconds
    axes.pcolormesh(
        *(edges, picture.edges, levels),
        cmap=COLOURS,
        vmin=top - DYNAMIC_RANGE_DB,
        vmax=top,
        shading="flat",
        rasterized=True,
    )
    axes.set_yscale("log")
    axes.set_ylim(picture.edges[0], picture.edges[-1])
    axes.set_yticks([f for f in FREQUENCIES if f <= picture.edges[-1]])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda f, _: f"{f / 1000:g} k" if f >= 1000 else f"{f:g}"))
    axes.set_ylabel("Hz", size=TEXT_SIZE, color=INK)
    start = hearing.start
    clock = None if start is None else start.hour * 3600 + start.minute * 60 + start.second + start.microsecond / 1e6
    ticks = time_ticks(max(hearing.length, 1e-3), clock)
    axes.set_xticks(ticks.places, ticks.labels)
    axes.set_xlabel(ticks.unit or str(start.tzinfo if start is not None else ""), size=TEXT_SIZE - 1)


def _draw_scale(figure: Figure, scale: Any, spectrum: Any, hearing: Hearing, language: str) -> None:
    bar = figure.colorbar(spectrum.collections[0], cax=scale)
    bar.outline.set_visible(False)
    scale.tick_params(colors=QUIET, labelcolor=INK, labelsize=TEXT_SIZE - 2)
    title = f"{hearing.unit}\n{words.PER_TWELFTH.to(language)}"
    scale.set_title(title, size=TEXT_SIZE - 3, color=QUIET, loc="left", pad=8)


def _draw_detections(levels: Any, spectrum: Any, hearing: Hearing, language: str) -> None:
    length = max(hearing.length, 1e-3)
    for heard in hearing.detections:
        end = max(heard.offset, heard.onset + 0.002 * length)
        for axes in (levels, spectrum):
            axes.axvspan(heard.onset, end, color=OPEN, alpha=0.16, linewidth=0)
            axes.axvline(heard.onset, color=OPEN, linewidth=1.4)
    for label in detection_labels(hearing.detections, length, language):
        spectrum.annotate(
            label.words,
            xy=(label.left, 1.0),
            xycoords="axes fraction",
            xytext=(2, 5 + 19 * label.row),
            textcoords="offset points",
            color=OPEN,
            size=TEXT_SIZE - 2,
            weight="bold",
            annotation_clip=False,
        )


def _draw_indicators(figure: Figure, hearing: Hearing, language: str) -> None:
    found, totals, day = hearing.indicators(), hearing.totals, hearing.day()
    levels = [("LAeq", found.laeq), ("LCeq", found.lceq), ("LAFmax", found.lafmax), ("LCpeak", found.lcpeak)]
    levels += [(f"L{p}", found.percentiles[p]) for p in (10, 50, 90)]
    levels.append(("SEL", totals.sel))
    if day is not None:
        levels.append(("Lden", day.lden))
    rows = [(name, number(value, language)) for name, value in levels]
    rows.append((words.INTERMITTENCY_SHORT.to(language), _percent(totals.intermittency, language)))
    if (index := hearing.harmonica()) is not None:
        rows.append(("Harmonica", number(index, language)))
    rows.append((words.EVENTS_LONG.to(language), str(len(hearing.events))))
    top = 0.852
    figure.text(COLUMN_LEFT, top, words.INDICATORS.to(language, unit=hearing.unit), size=TEXT_SIZE - 1, color=QUIET)
    for place, (name, value) in enumerate(rows, start=1):
        y = top - place * ROW
        figure.text(COLUMN_LEFT, y, name, size=TEXT_SIZE - 0.5, color=INK)
        figure.text(COLUMN_RIGHT, y, value, size=TEXT_SIZE - 0.5, color=INK, ha="right")


def _percent(value: float | None, language: str) -> str:
    return "–" if value is None else f"{number(value, language, 0)} %"


def _draw_legend(figure: Figure, shares: dict[NoiseSource, float], language: str) -> None:
    """The colours of the sources, with the share of time that each is the best one."""
    if not shares:
        return
    left, top = COLUMN_LEFT + 0.024, 0.335
    figure.text(left, top, words.SOURCES_TIME.to(language), size=TEXT_SIZE - 2, color=QUIET)
    for place, (source, share) in enumerate(list(shares.items())[:MOST_SOURCES], start=1):
        y = top - place * ROW
        figure.text(left, y, "■", size=TEXT_SIZE, color=SOURCES[source])
        figure.text(left + 0.014, y, words.SOURCES[source].to(language), size=TEXT_SIZE - 1, color=INK)
        shown = f"{number(100 * share, language, 0)} %" if share >= 0.005 else "<1 %"
        figure.text(COLUMN_RIGHT, y, shown, size=TEXT_SIZE - 1, color=INK, ha="right")
