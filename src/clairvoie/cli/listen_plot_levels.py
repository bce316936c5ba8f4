"""The upper half of the picture: levels over time with L10, L50 and L90, noise events, the night, and the sources."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.cli import listen_words as words
from clairvoie.cli.hearing import Hearing
from clairvoie.cli.hearing_series import Floats
from clairvoie.cli.listen_plot_labels import spaced
from clairvoie.cli.listen_plot_style import ACCENT, INK, NIGHT, OPEN, QUIET, RULE, SOURCES, TEXT_SIZE, style
from clairvoie.detect.sound.indicators_day import Period, period_end, period_of
from clairvoie.detect.sound.levels import FAST_PER_SECOND

DYNAMIC_RANGE_DB = 60.0
TOUCHING_SHARE = 0.1
"""Share of the height of the axes."""
LINE_OF_SECONDS_FROM = 180.0
MOST_STEPS = 1200
"""A longer recording is drawn by stretches: their LAeq, and the range of LAeq,1s."""
EVENT_HEIGHT = 0.035


def draw_levels(axes: Any, hearing: Hearing, language: str) -> None:
    """Levels, percentiles, events and the night."""
    style(axes)
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    series, found = hearing.levels, hearing.indicators()
    length = max(hearing.length, 1e-3)
    axes.set_xlim(0, length)
    _draw_night(axes, hearing.start, length, language)
    _draw_marks(axes, hearing, language)
    short = hearing.length < LINE_OF_SECONDS_FROM
    if short:
        axes.plot(*_fast_line(hearing), color=QUIET, linewidth=1.1)
    laeq = np.where(series.usable & np.isfinite(series.laeq), series.laeq, np.nan)
    edges = np.concatenate([[0.0], series.t_end])
    if laeq.size > MOST_STEPS:
        edges, laeq, low, high = _joined(edges, laeq)
        axes.fill_between(
            edges, np.append(low, low[-1]), np.append(high, high[-1]), step="post", color=ACCENT, alpha=0.22
        )
    if laeq.size:
        axes.stairs(laeq, edges, color=ACCENT, linewidth=2.4 if short else 1.4, baseline=None)
    lines = [(f"L{p}", found.percentiles[p]) for p in (10, 50, 90)]
    for _, value in lines:
        if value is not None:
            axes.axhline(value, color=ACCENT, linewidth=1, linestyle=(0, (6, 4)), alpha=0.7)
    axes.set_ylim(*_level_range(hearing))
    _name_lines(axes, lines)
    _draw_events(axes, hearing)
    axes.set_ylabel(hearing.unit, size=TEXT_SIZE, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(labelbottom=False)
    parts = [words.LAEQ_EACH.to(language) if laeq.size == len(series) else words.LAEQ_RANGE.to(language)]
    parts += [words.LAF_THIN.to(language)] if short else []
    parts += [words.EVENTS_BELOW.to(language)] if hearing.events else []
    axes.text(0, 1.03, " · ".join(parts), transform=axes.transAxes, size=TEXT_SIZE - 1, color=ACCENT, va="bottom")


def _joined(edges: Floats, levels: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """At most ``MOST_STEPS`` stretches: their edges, their energy means, and the range of what they hold."""
    step = -(-levels.size // MOST_STEPS)
    starts = np.arange(0, levels.size, step)
    known = np.isfinite(levels)
    energy = np.add.reduceat(np.where(known, np.power(10.0, np.where(known, levels, 0.0) / 10), 0.0), starts)
    counts = np.add.reduceat(known.astype(np.float64), starts)
    mean = np.where(counts > 0, 10 * np.log10(np.maximum(energy, 1e-30) / np.maximum(counts, 1.0)), np.nan)
    low = np.fmin.reduceat(levels, starts)
    high = np.fmax.reduceat(levels, starts)
    return np.append(edges[:-1][starts], edges[-1]), mean, low, high


def _fast_line(hearing: Hearing) -> tuple[Floats, Floats]:
    """Times and values of LAF, eight a second; broken where a second does not count."""
    series = hearing.levels
    times: list[float] = []
    values: list[float] = []
    laf, at = series.laf, 0
    rows = zip(series.t_end.tolist(), series.seconds.tolist(), series.laf_counts.tolist(), strict=True)
    for t_end, seconds, count in rows:
        first = int(seconds * FAST_PER_SECOND + 1e-6) - count + 1
        if not count:
            times.append(t_end)
            values.append(np.nan)
        times += [t_end - seconds + (first + number) / FAST_PER_SECOND for number in range(count)]
        values += laf[at : at + count].tolist()
        at += count
    found = np.asarray(values, dtype=np.float64)
    return np.asarray(times), np.where(np.isfinite(found), found, np.nan)


def _level_range(hearing: Hearing) -> tuple[float, float]:
    series = hearing.levels
    values = np.concatenate([series.laeq, series.lafmax, series.laf])
    values = values[np.isfinite(values)]
    if not values.size:
        return -100.0, 0.0
    high = float(values.max())
    low = max(float(values.min()), high - DYNAMIC_RANGE_DB)
    room = max(3.0, 0.1 * (high - low))
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


def _draw_events(axes: Any, hearing: Hearing) -> None:
    """A bar at the foot for every noise event, in the colour of its source."""
    least = 0.0015 * max(hearing.length, 1e-3)
    for event in hearing.events:
        end = max(event.end, event.start + least)
        axes.axvspan(event.start, end, ymax=EVENT_HEIGHT, color=SOURCES[event.source], linewidth=0, zorder=3)
        axes.axvspan(event.start, end, color=SOURCES[event.source], alpha=0.1, linewidth=0, zorder=0.5)


def _draw_night(axes: Any, start: datetime.datetime | None, length: float, language: str) -> None:
    """The night, 22 to 6 h, shaded."""
    if start is None or start.tzinfo is None:
        return
    at, first, named = 0.0, start.timestamp(), False
    while at < length:
        until = min(period_end(first + at, start.tzinfo) - first, length)
        if period_of(first + at, start.tzinfo) is Period.NIGHT:
            axes.axvspan(at, until, color=NIGHT, alpha=0.1, linewidth=0, zorder=0.4)
            if not named and until - at > 0.06 * length:
                named = True
                axes.text(
                    at + 0.004 * length, 0.97, words.NIGHT.to(language), transform=axes.get_xaxis_transform(),
                    size=TEXT_SIZE - 3, color=NIGHT, va="top", clip_on=True,
                )  # fmt: skip
        at = until


def _draw_marks(axes: Any, hearing: Hearing, language: str) -> None:
    """What was marked as residual noise, hatched."""
    for place, marked in enumerate(hearing.residual):
        axes.axvspan(marked.start, marked.end, facecolor="none", edgecolor=QUIET, hatch="//", alpha=0.35, linewidth=0)
        if not place:
            axes.text(
                marked.start, 0.97, f" {words.RESIDUAL.to(language)}", transform=axes.get_xaxis_transform(),
                size=TEXT_SIZE - 3, color=QUIET, va="top", clip_on=True,
            )  # fmt: skip


def draw_sources(axes: Any, hearing: Hearing, language: str) -> dict[NoiseSource, float]:
    """A strip with the best source of every second. Returns the share of time of each, greatest first."""
    style(axes)
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelbottom=False, bottom=False)
    length = max(hearing.length, 1e-3)
    least = 0.001 * length
    for source, start, end in _stretches(hearing):
        axes.axvspan(start, max(end, start + least), color=SOURCES[source], linewidth=0)
    axes.text(
        -0.008, 0.5, words.SOURCES_SHORT.to(language), transform=axes.transAxes, size=TEXT_SIZE - 2, color=QUIET,
        ha="right", va="center",
    )  # fmt: skip
    for heard in hearing.detections:
        axes.axvline(heard.onset, color=OPEN, linewidth=1.4)
    shares = {source: seconds / max(length, 1.0) for source, seconds in hearing.sources.shares().items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _stretches(hearing: Hearing) -> list[tuple[NoiseSource, float, float]]:
    """Unbroken stretches of one source."""
    found: list[tuple[NoiseSource, float, float]] = []
    for t_end, source in hearing.sources:
        start = max(0.0, np.ceil(t_end - 1e-6) - 1)
        if found and found[-1][0] is source and start - found[-1][2] < 1e-6:
            found[-1] = (source, found[-1][1], t_end)
        else:
            found.append((source, float(start), t_end))
    return found
