"""``lab leak --plot``: one PNG of 1600 x 1000: what is left of speech, which of a list was said, and how both look.

The manner is that of ``listen --plot``: the title is the finding, axes carry units, what is compared carries its name.
Every dot has its 95 % interval; the dashed line is guessing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from clairvoie.cli.listen_plot import ACCENT, COLOURS, INK, OPEN, PAPER, QUIET, RULE, spaced
from clairvoie.cli.picture import write_picture
from clairvoie.lab.leak_example import Example
from clairvoie.lab.leak_rebuilt import NOTHING, PLAIN, RELEASED_NOISE, THIRDS_PHASES
from clairvoie.lab.leak_results import Audit, Guess, Interval, ListAttack
from clairvoie.lab.leak_settings import ALL

TEXT_SIZE, SMALL, TITLE_SIZE = 14.0, 12.5, 19.0
CORPORA = {"en": ("English, synthetic", ACCENT), "fr": ("French, synthetic", "#c98a1b"), "digits": ("people", OPEN)}
RANGE_DB = 60.0
TONES = 24
"""Of a spectrogram: few, so that the file stays light."""
HIGHEST_HZ = 8000.0
THIRDS, RELEASED = "thirds every 125 ms", f"released: {ALL}"
Panel = tuple[float, float, float, float]


class Dot(NamedTuple):
    """One figure of one corpus in the row of one material; ``hollow`` marks the second of two measures."""

    row: str
    corpus: str
    figure: Interval
    hollow: bool = False


def draw(audit: Audit, examples: Sequence[Example], path: Path) -> None:
    """Write the plot to ``path``."""
    figure = Figure(figsize=(16, 10), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.03, 0.958, _title(audit), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    figure.text(0.03, 0.918, _subtitle(audit), size=TEXT_SIZE, color=QUIET, va="center")
    _legend(figure, {row.corpus for row in audit.rows})
    _draw_dots(figure, audit)
    _draw_lists(figure, audit)
    _draw_examples(figure, examples)
    write_picture(figure, path)


def _title(audit: Audit) -> str:
    best = _best_of_list(audit)
    if best is None:
        return "What a sensor releases cannot be played back; too few sentences for lists"
    who, guess = best
    share = f"{guess.found.value:.0%}".replace("%", " %")
    return f"Nothing to play back, but of {guess.size} known sentences the right one is named: {share} ({who}, quiet)"


def _best_of_list(audit: Audit) -> tuple[str, Guess] | None:
    """In quiet, in the talker's own voice, by the longest list that was tried; of people, where people were heard."""
    for corpus, who in (("digits", "people"), ("en", "synthetic voice")):
        found = _attack(audit, corpus, "quiet", "same voice")
        if found is not None:
            return who, found.by_size[-1]
    return None


def _subtitle(audit: Audit) -> str:
    talk = "A voice at 65 dB beside the sensor, in quiet unless said; dots with 95 % intervals, dashed: guessing."
    few = " A quick run: too few to cite." if audit.quick else ""
    return f"{talk} Up to {audit.sentences} sentences rebuilt, {audit.candidates} listed.{few}"


def _legend(figure: Figure, heard: set[str]) -> None:
    place = 0.03
    for name, colour in (CORPORA[corpus] for corpus in CORPORA if corpus in heard):
        figure.text(place, 0.883, "●", size=TEXT_SIZE, color=colour, va="center")
        figure.text(place + 0.013, 0.883, name, size=TEXT_SIZE, color=INK, va="center")
        place += 0.03 + 0.0082 * len(name)


def _draw_dots(figure: Figure, audit: Audit) -> None:
    _dots(figure, (0.13, 0.575, 0.15, 0.225), "STOI ●, ESTOI ○", _intelligibility(audit), None, first=True)
    _dots(figure, (0.4, 0.575, 0.135, 0.225), "Words wrong, of ten known", _words(audit), 0.9)
    _dots(figure, (0.65, 0.575, 0.13, 0.225), "Speaker: equal errors", _speakers(audit), 0.5, highest=0.6)
    _dots(figure, (0.85, 0.575, 0.12, 0.225), "Did anybody talk? AUC", _talk(audit), 0.5, lowest=0.4, one_each=ACCENT)


def _dots(
    figure: Figure, place: Panel, title: str, dots: Sequence[Dot], chance: float | None, *, first: bool = False,
    lowest: float = 0.0, highest: float = 1.0, one_each: str | None = None,
) -> None:  # fmt: skip
    axes = figure.add_axes(place)
    _style(axes)
    names = list(dict.fromkeys(dot.row for dot in dots))
    order = list(CORPORA)
    if chance is not None:
        axes.axvline(chance, color=QUIET, linestyle=(0, (4, 3)), linewidth=1.2)
    for dot in dots:
        middle = len(names) - 1 - names.index(dot.row)
        y = middle + 0.24 * (1 - order.index(dot.corpus))
        colour = CORPORA[dot.corpus][1] if one_each is None else one_each
        axes.plot([dot.figure.low, dot.figure.high], [y, y], color=colour, linewidth=2.2, alpha=0.55)
        axes.plot(dot.figure.value, y, "o", color=colour, markerfacecolor=PAPER if dot.hollow else colour, markersize=7)
    room = 0.04 * (highest - lowest)
    axes.set_xlim(lowest - room - (0.1 if first else 0.0), highest + room)
    axes.set_ylim(-0.5, max(0.5, len(names) - 0.5))
    axes.set_yticks(range(len(names)), [name.replace(", ", ",\n") for name in reversed(names)])
    axes.grid(axis="x", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    if (not first and chance != 0.5) or title.startswith("Speaker"):
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.set_title(title, size=TEXT_SIZE, color=INK, loc="left", pad=10)


def _intelligibility(audit: Audit) -> list[Dot]:
    names = {
        PLAIN: "plain sound",
        THIRDS_PHASES: "thirds each 125 ms",
        RELEASED_NOISE: "what is released",
        NOTHING: "noise, no sensor",
    }
    rows = [(name, row) for method, name in names.items() for row in audit.rows if row.method == method]
    chosen = [(name, row) for name, row in rows if row.background == "quiet" and row.corpus in CORPORA]
    plain = [Dot(name, row.corpus, row.stoi) for name, row in chosen]
    return plain + [Dot(name, row.corpus, row.estoi, hollow=True) for name, row in chosen]


def _words(audit: Audit) -> list[Dot]:
    found = []
    for method, name in ((PLAIN, "plain, recogniser"), (THIRDS_PHASES, "thirds, recogniser")):
        for row in audit.rows:
            if row.method == method and row.background == "quiet" and row.word_errors is not None:
                found.append(Dot(name, row.corpus, row.word_errors))
    for material, name in ((THIRDS, "thirds, values"), (RELEASED, "released, values")):
        for reading in audit.readings:
            if reading.material == material and reading.background == "quiet":
                found.append(Dot(name, reading.corpus, reading.word_errors))
    return found


def _speakers(audit: Audit) -> list[Dot]:
    names = {
        ("plain sound", "quiet"): "plain",
        (THIRDS, "quiet"): "thirds",
        (RELEASED, "quiet"): "released",
        (RELEASED, "street +10 dB"): "released, street",
    }
    return [
        Dot(name, one.corpus, one.equal_error_rate)
        for (material, background), name in names.items()
        for one in audit.speakers
        if one.material == material and one.background == background and one.corpus in CORPORA
    ]


def _over(street: int) -> str:
    return f"{street:+d} dB".replace("-", "−") if street else "0 dB"


def _talk(audit: Audit) -> list[Dot]:
    return [Dot(_over(talk.over_street), "fr", talk.by_minute) for talk in audit.talking]


def _attack(audit: Audit, corpus: str, background: str, voice: str) -> ListAttack | None:
    wanted = (corpus, background, voice, ALL)
    found = (one for one in audit.lists if (one.corpus, one.background, one.voice, one.setting) == wanted)
    return next(found, None)


LINES = (
    ("en", "quiet", "same voice", "quiet, same voice", ACCENT, "-"),
    ("digits", "quiet", "same voice", "same voice, people", OPEN, "-"),
    ("en", "street +10 dB", "same voice", "street, same voice", ACCENT, ":"),
    ("en", "quiet", "other voices", "quiet, other voice", QUIET, "-"),
    ("en", "street +10 dB", "other voices", "street, other voice", QUIET, ":"),
)
"""Corpus, background and voice of an attack, its name, and how it is drawn."""


def _draw_lists(figure: Figure, audit: Audit) -> None:
    axes = figure.add_axes((0.06, 0.085, 0.31, 0.365))
    _style(axes)
    axes.grid(axis="y", color=RULE, linewidth=1)
    ends: list[tuple[float, str, str]] = []
    longest = 2
    for corpus, background, voice, name, colour, style in LINES:
        found = _attack(audit, corpus, background, voice)
        if found is None:
            continue
        sizes = [guess.size for guess in found.by_size]
        longest = max(longest, sizes[-1])
        shares = [guess.found for guess in found.by_size]
        axes.fill_between(
            sizes, [s.low for s in shares], [s.high for s in shares], color=colour, alpha=0.1, linewidth=0
        )
        axes.plot(sizes, [s.value for s in shares], style, color=colour, linewidth=2.4)
        ends.append((shares[-1].value, name, colour))
    smooth = np.geomspace(2, longest, 60)
    axes.plot(smooth, 1 / smooth, color=INK, linestyle=(0, (4, 3)), linewidth=1.2)
    _name_ends(axes, [*ends, (1 / longest, "guessing", INK)])
    axes.set_xscale("log")
    axes.set_xlim(2, max(3, longest))
    axes.set_ylim(0, 1.03)
    ticks = [size for size in (2, 6, 10, 20, 40, 100, 200) if size <= longest]
    axes.set_xticks(ticks, [str(size) for size in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.set_xlabel("sentences on the list", size=TEXT_SIZE, color=INK)
    axes.set_title("The right one of a list is named", size=TEXT_SIZE, color=INK, loc="left", pad=10)


def _name_ends(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Names at the right, pushed apart where lines end close together."""
    ordered = sorted(ends, reverse=True)
    places = spaced([value for value, _, _ in ordered], 0.06, 0.0)
    for place, (_, name, colour) in zip(places, ordered, strict=True):
        axes.annotate(
            name, xy=(1, place), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
            va="center", size=SMALL, color=colour, annotation_clip=False,
        )  # fmt: skip


def _draw_examples(figure: Figure, examples: Sequence[Example]) -> None:
    """Spectrograms, one above the other, each from its own loudest: how loud a reconstruction is tells nothing."""
    height = 0.375 / max(1, len(examples))
    for number, example in enumerate(examples):
        bottom = 0.085 + 0.375 - (number + 1) * height
        axes: Any = figure.add_axes((0.56, bottom + 0.004, 0.42, height - 0.034))
        _style(axes)
        top = float(np.percentile(example.levels, 99.8))
        extent = (0.0, example.seconds, 0.0, example.highest / 1000)
        axes.imshow(
            example.levels, origin="lower", aspect="auto", extent=extent, interpolation="nearest",
            cmap=COLOURS.resampled(TONES), vmin=top - RANGE_DB, vmax=top,
        )  # fmt: skip
        axes.set_ylim(0, HIGHEST_HZ / 1000)
        axes.set_yticks([0, 4, 8])
        axes.set_ylabel("kHz", size=SMALL, color=INK)
        axes.set_title(example.name, size=TEXT_SIZE, color=INK, loc="left", pad=4)
        last = number == len(examples) - 1
        axes.tick_params(labelbottom=last)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda t, _: f"{t:g}"))
        if last:
            axes.set_xlabel("s", size=TEXT_SIZE, color=INK)


def _style(axes: Any) -> None:
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=SMALL, labelcolor=INK)
