"""``lab speed --plot``: one PNG of 1600 x 900: what each stage costs, and how many streams a core hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from clairvoie.cli.listen_plot import ACCENT, INK, OPEN, PAPER, QUIET, RULE
from clairvoie.cli.picture import write_picture
from clairvoie.lab.speed import GOAL_MS, GOAL_STREAMS, STAGES, Load, Speed
from clairvoie.lab.speed_peers import Peer

TEXT_SIZE, SMALL, TITLE_SIZE = 14.0, 12.5, 19.0
STAGE_COLOURS = dict(zip(STAGES, ("#274c77", "#6096ba", "#a3b18a", "#dda15e", "#bc6c25"), strict=True))
ROOM = 6.0
"""To the right of the most streams, for the names of the peers."""
NARROWEST_SHARE = 0.07
"""A stage that takes less of the axis has no figure written in it."""


def draw(found: Speed, path: Path) -> None:
    """Write the plot to ``path``."""
    figure = Figure(figsize=(16, 9), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.03, 0.945, _title(found), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    figure.text(0.03, 0.9, _subtitle(found), size=TEXT_SIZE, color=QUIET, va="center")
    _draw_stages(_panel(figure, (0.19, 0.5, 0.77, 0.3)), found)
    _draw_streams(_panel(figure, (0.08, 0.09, 0.88, 0.27)), found)
    write_picture(figure, path)


def _title(found: Speed) -> str:
    return f"One core hears {found.best.streams_a_core:,.0f} streams of {found.rate / 1000:g} kHz".replace(",", " ")


def _subtitle(found: Speed) -> str:
    quick = "Quick run, not to cite. " if found.quick else ""
    return (
        f"{quick}Processor time; load of the machine {found.load_before:.1f} before and {found.load_after:.1f} after, "
        f"{found.cores} cores. A stream keeps {found.kib_a_stream:.0f} KiB."
    )


def _panel(figure: Figure, place: tuple[float, float, float, float]) -> Any:
    axes = figure.add_axes(place, facecolor=PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.tick_params(colors=QUIET, labelsize=SMALL)
    return axes


def _draw_stages(axes: Any, found: Speed) -> None:
    rows: list[Load | Peer] = [found.best, *(peer for peer in found.peers if isinstance(peer, Peer))]
    longest = max(row.ms for row in rows)
    for place, row in enumerate(rows):
        left = 0.0
        for stage in STAGES:
            width = row.stages.get(stage, 0.0)
            axes.barh(place, width, left=left, height=0.62, color=STAGE_COLOURS[stage])
            if width > NARROWEST_SHARE * longest:
                inside = {"ha": "center", "va": "center", "size": SMALL, "color": "white"}
                axes.text(left + width / 2, place, f"{stage} {width:.2f}", **inside)
            left += width
        axes.text(left + 0.01 * longest, place, f"{row.ms:.2f} ms", va="center", size=SMALL, color=INK)
    axes.axvline(GOAL_MS, color=OPEN, linestyle="--", linewidth=1.5)
    axes.text(GOAL_MS, -0.62, f"{GOAL_MS:g} ms: {GOAL_STREAMS} streams a core", size=SMALL, color=OPEN, ha="center")
    names = [row.name if isinstance(row, Peer) else f"Clairvoie, {row.streams} streams" for row in rows]
    axes.set_yticks(range(len(rows)), names, size=TEXT_SIZE, color=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1.1 * longest)
    axes.set_xlabel("milliseconds for a second of one stream", size=SMALL, color=QUIET)
    handles = [axes.barh([0], [0], color=colour, label=stage) for stage, colour in STAGE_COLOURS.items()]
    legend = {"loc": "lower left", "bbox_to_anchor": (-0.2, 1.1), "ncols": len(STAGES), "frameon": False}
    axes.legend(handles=handles, fontsize=SMALL, labelcolor=INK, **legend)


def _draw_streams(axes: Any, found: Speed) -> None:
    counts = [load.streams for load in found.loads]
    reached = [load.streams_a_core for load in found.loads]
    axes.plot(counts, reached, color=ACCENT, marker="o", markersize=7, linewidth=2)
    for count, value in zip(counts, reached, strict=True):
        axes.annotate(
            f"{value:.0f}", (count, value), (0, 9), textcoords="offset points", ha="center", size=SMALL, color=INK
        )
    axes.axhline(GOAL_STREAMS, color=OPEN, linestyle="--", linewidth=1.5)
    for peer in found.peers:
        if isinstance(peer, Peer):
            axes.axhline(1000 / peer.ms, color=QUIET, linewidth=1, linestyle=":")
            place = {"xytext": (0, 3), "textcoords": "offset points", "size": SMALL, "color": QUIET, "ha": "right"}
            axes.annotate(f"{peer.name} {1000 / peer.ms:.0f}", (ROOM * counts[-1], 1000 / peer.ms), **place)
    axes.set_xscale("log")
    axes.set_xlim(0.8 * counts[0], ROOM * counts[-1])
    axes.set_xticks(counts)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 1.2 * max([*reached, GOAL_STREAMS, *(1000 / p.ms for p in found.peers if isinstance(p, Peer))]))
    axes.set_xlabel("streams in one process", size=SMALL, color=QUIET)
    axes.set_ylabel("streams a core", size=SMALL, color=QUIET)
