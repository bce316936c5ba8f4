"""``listen --plot``: one PNG of 1600 x 900 that says what was found: levels above, spectrogram below.

The colours and the manner are those of the desk: the title is the finding, axes carry units, lines carry their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from clairvoie.boundary.hazards import SEVERITY
from clairvoie.cli.hearing import Heard, Hearing
from clairvoie.cli.listen_spectrogram import Spectrogram
from clairvoie.cli.listen_table import clock_words
from clairvoie.detect.sound.levels import FAST_PER_SECOND
from clairvoie.errors import ConfigurationError

PAPER, INK, RULE, QUIET = "#fbfaf7", "#1c1b19", "#d9d5cc", "#6b675f"
ACCENT, OPEN = "#0f5c63", "#b3261e"
COLOURS = LinearSegmentedColormap.from_list("lattice", [PAPER, "#cfe3e2", "#6fb0b3", ACCENT, "#0b2f3a", "#150d14"])
TEXT_SIZE = 15.0
TITLE_SIZE = 22.0
DYNAMIC_RANGE_DB = 60.0
LABEL_ROWS = 2
LABEL_NEAR = 0.06
LETTER_WIDTH = 0.0105
TOUCHING_SHARE = 0.1
"""Shares of the width or height of the axes."""
LINE_OF_SECONDS_FROM = 180.0
FREQUENCIES = (31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


def draw(hearing: Hearing, picture: Spectrogram, path: Path) -> None:
    """Write the plot to ``path``."""
    figure = Figure(figsize=(16, 9), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    level_axes = figure.add_axes((0.065, 0.575, 0.75, 0.27))
    spectrum_axes = figure.add_axes((0.065, 0.085, 0.75, 0.42), sharex=level_axes)
    scale_axes = figure.add_axes((0.825, 0.085, 0.012, 0.42))
    figure.text(0.065, 0.945, _title(hearing), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    figure.text(0.065, 0.9, _subtitle(hearing), size=TEXT_SIZE, color=QUIET, va="center")
    _draw_levels(level_axes, hearing)
    _draw_spectrogram(figure, spectrum_axes, scale_axes, hearing, picture)
    _draw_detections(level_axes, spectrum_axes, hearing)
    _draw_indicators(figure, hearing)
    try:
        figure.savefig(path, format="png", facecolor=PAPER)
    except OSError as error:
        reason = f"the plot cannot be written ({error.strerror})"
        raise ConfigurationError(reason, str(path), "Check --plot.") from error


def _words(kind: str) -> str:
    return kind.replace("-", " ")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}".replace("-", "−")


def _title(hearing: Hearing) -> str:
    """The finding in one line."""
    counts = hearing.detection_counts()
    sources = hearing.best_sources()
    level = hearing.indicators().laeq
    if counts:
        first = {kind: min(h.onset for h in hearing.detections if h.kind == kind) for kind in counts}
        parts = [
            f"{_words(kind)} at {clock_words(first[kind])}" if count == 1 else f"{_words(kind)} {count} times"
            for kind, count in sorted(counts.items(), key=lambda item: SEVERITY[item[0]])
        ]
        finding = ", ".join(parts[:3])
    elif sources:
        finding = f"no hazard; {', '.join(_words(source) for source, _ in sources[:2])}"
    else:
        finding = "no hazard"
    finding = finding[0].upper() + finding[1:]
    return finding if level is None else f"{finding}; LAeq {_number(level)} {hearing.unit}"


def _subtitle(hearing: Hearing) -> str:
    recording = hearing.recording
    name = recording.path.name if len(recording.path.name) <= 60 else f"{recording.path.name[:57]}…"
    length = clock_words(hearing.length, fine=hearing.length < 60)
    return f"{name} · {length} at {recording.rate} Hz{hearing.channel_words} · {hearing.reference}"


def _style(axes: Any) -> None:
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=TEXT_SIZE - 1, labelcolor=INK)


def _draw_levels(axes: Any, hearing: Hearing) -> None:
    _style(axes)
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    found = hearing.indicators()
    short = hearing.length < LINE_OF_SECONDS_FROM
    if short:
        times, values = _fast_line(hearing)
        axes.plot(times, values, color=QUIET, linewidth=1.2)
    edges = [0.0] + [s.t_end for s in hearing.seconds]
    laeq = [np.nan if s.laeq is None or not s.usable else s.laeq for s in hearing.seconds]
    axes.stairs(laeq, edges, color=ACCENT, linewidth=2.4 if short else 1.4, baseline=None)
    l10, l50, l90 = (found.percentiles[p] for p in (10, 50, 90))
    if l10 is not None and l90 is not None:
        axes.axhspan(l90, l10, color=ACCENT, alpha=0.09, linewidth=0)
    axes.set_xlim(0, max(hearing.length, 1e-3))
    axes.set_ylim(*_level_range(hearing))
    _name_lines(axes, [("L10", l10), ("L50", l50), ("L90", l90)])
    axes.set_ylabel(hearing.unit, size=TEXT_SIZE, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(labelbottom=False)
    names = "LAeq each second" + (", LAF thin" if short else "") + ", L90 to L10 shaded"
    axes.text(0, 1.03, names, transform=axes.transAxes, size=TEXT_SIZE - 1, color=ACCENT, va="bottom")


def _fast_line(hearing: Hearing) -> tuple[list[float], list[float]]:
    """Times and values of LAF, eight a second."""
    times: list[float] = []
    values: list[float] = []
    for second in hearing.seconds:
        if not second.usable:
            times.append(second.t_end)
            values.append(np.nan)
            continue
        start = second.t_end - second.seconds
        first = int(second.seconds * FAST_PER_SECOND + 1e-6) - len(second.laf) + 1
        times += [start + (first + number) / FAST_PER_SECOND for number in range(len(second.laf))]
        values += [value if np.isfinite(value) else np.nan for value in second.laf]
    return times, values


def _level_range(hearing: Hearing) -> tuple[float, float]:
    values = [v for s in hearing.seconds for v in (s.laeq, s.lafmax) if v is not None]
    values += [v for s in hearing.seconds for v in s.laf if np.isfinite(v)]
    if not values:
        return -100.0, 0.0
    high = max(values)
    low = max(min(values), high - DYNAMIC_RANGE_DB)
    room = max(3.0, 0.08 * (high - low))
    return low - room, max(high + room, low + 20)


def _name_lines(axes: Any, lines: list[tuple[str, float | None]]) -> None:
    """Direct labels at the right edge, pushed apart where their lines are close."""
    low, high = axes.get_ylim()
    known = sorted(((value, name) for name, value in lines if value is not None), reverse=True)
    places = spaced([value for value, _ in known], TOUCHING_SHARE * (high - low), low)
    for place, (_, name) in zip(places, known, strict=True):
        axes.annotate(
            name,
            xy=(1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            size=TEXT_SIZE - 2,
            color=ACCENT,
            annotation_clip=False,
        )


def spaced(values: list[float], least: float, bottom: float) -> list[float]:
    """``values`` (greatest first) pushed apart: each at least ``least`` below the one before, none under ``bottom``.

    >>> spaced([60.0, 52.0, 51.0], 4.0, 30.0)
    [60.0, 52.0, 48.0]
    >>> spaced([60.0, 33.0, 32.0], 4.0, 30.0)
    [60.0, 34.0, 30.0]
    """
    places: list[float] = []
    for value in values:
        places.append(min(value, places[-1] - least) if places else value)
    floor = bottom
    for number in reversed(range(len(places))):
        places[number] = max(places[number], floor)
        floor = places[number] + least
    return places


def _draw_spectrogram(figure: Figure, axes: Any, scale: Any, hearing: Hearing, picture: Spectrogram) -> None:
    _style(axes)
    axes.set_facecolor(RULE)  # shows where nothing was heard: gaps are grey, quiet is the colour of paper
    levels = picture.levels(hearing.calibration)
    finite = levels[np.isfinite(levels)]
    top = float(np.percentile(finite, 99.8)) if finite.size else 0.0
    edges = np.arange(levels.shape[1] + 1) * picture.column_seconds
    mesh = axes.pcolormesh(
        edges,
        picture.edges,
        levels,
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
    axes.xaxis.set_major_locator(MaxNLocator(9, steps=_time_steps(hearing.length)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda t, _: _tick_words(t, hearing.length)))
    axes.set_xlabel("s" if hearing.length < 120 else "min:s" if hearing.length < 7200 else "h:min", size=TEXT_SIZE)
    bar = figure.colorbar(mesh, cax=scale)
    bar.outline.set_visible(False)
    scale.tick_params(colors=QUIET, labelcolor=INK, labelsize=TEXT_SIZE - 2)
    scale.set_title(f"{hearing.unit}\nper 1/12 octave", size=TEXT_SIZE - 3, color=QUIET, loc="left", pad=8)


def _time_steps(length: float) -> list[float]:
    return [1, 2, 5, 10] if length < 120 else [1, 1.2, 1.5, 1.8, 3, 6, 10]


def _tick_words(time: float, length: float) -> str:
    if length < 120:
        return f"{time:g}"
    if length < 7200:
        return f"{int(time) // 60}:{int(time) % 60:02d}"
    return f"{int(time) // 3600}:{int(time) % 3600 // 60:02d}"


def _draw_detections(levels: Any, spectrum: Any, hearing: Hearing) -> None:
    length = max(hearing.length, 1e-3)
    for heard in hearing.detections:
        end = max(heard.offset, heard.onset + 0.002 * length)
        for axes in (levels, spectrum):
            axes.axvspan(heard.onset, end, color=OPEN, alpha=0.16, linewidth=0)
            axes.axvline(heard.onset, color=OPEN, linewidth=1.4)
    for label in detection_labels(hearing.detections, length):
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


class Label(NamedTuple):
    """Words above the spectrogram: ``left`` from 0 to 1, ``row`` from below."""

    left: float
    row: int
    words: str


def detection_labels(detections: list[Heard], length: float) -> list[Label]:
    """Names of detections, none covering another: near ones of one kind are counted, what has no room is left out.

    >>> from clairvoie.boundary.hazards import HazardKind
    >>> bang = Heard(HazardKind.IMPULSE, 1.0, 1.0, None, 90.0)
    >>> detection_labels([bang, bang], 60.0)[0].words
    'impulse ×2'
    """
    groups: list[list[Heard]] = []
    for heard in sorted(detections, key=lambda h: h.onset):
        near = [g for g in groups if g[0].kind is heard.kind and (heard.onset - g[0].onset) / length < LABEL_NEAR]
        if near:
            near[-1].append(heard)
        else:
            groups.append([heard])
    labels: list[Label] = []
    ends = [-1.0] * LABEL_ROWS
    for group in groups:
        sure = max((h.confidence or 0.0 for h in group), default=0.0)
        words = _words(group[0].kind) + (f" ×{len(group)}" if len(group) > 1 else "") + (f" {sure:.2f}" if sure else "")
        left = max(0.0, min(group[0].onset / length, 1.0 - LETTER_WIDTH * len(words)))
        row = next((i for i, end in enumerate(ends) if end <= left), None)
        if row is not None:
            ends[row] = left + LETTER_WIDTH * (len(words) + 1)
            labels.append(Label(left, row, words))
    return labels


def _draw_indicators(figure: Figure, hearing: Hearing) -> None:
    found = hearing.indicators()
    rows = [("LAeq", found.laeq), ("LCeq", found.lceq), ("LAFmax", found.lafmax), ("LCpeak", found.lcpeak)]
    rows += [(f"L{p}", found.percentiles[p]) for p in (10, 50, 90)]
    left, right, top, step = 0.872, 0.985, 0.845, 0.033
    figure.text(left, top, f"indicators, {hearing.unit}", size=TEXT_SIZE - 1, color=QUIET)
    for number, (name, value) in enumerate(rows, start=1):
        y = top - number * step
        figure.text(left, y, name, size=TEXT_SIZE, color=INK)
        figure.text(right, y, _number(value), size=TEXT_SIZE, color=INK, ha="right")
    sources = hearing.best_sources()[:4]
    if sources:
        y = 0.505
        figure.text(left + 0.03, y - step, "sources, score", size=TEXT_SIZE - 1, color=QUIET)
        for number, (source, score) in enumerate(sources, start=2):
            figure.text(left + 0.03, y - number * step, _words(source), size=TEXT_SIZE, color=INK)
            figure.text(right, y - number * step, f"{score:.2f}", size=TEXT_SIZE, color=INK, ha="right")
