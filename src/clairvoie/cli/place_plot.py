"""``lab bench place --plot``: one layout as a map with its wrong arrivals, its fixes near by, and all error over bound.

The layout is drawn from the run's seed: twelve sensors, three wrong arrivals, one source, the same arrivals told again
and again with other errors of 5 ms. The ellipse is that of the first fix.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse as Outline

from clairvoie.cli.listen_plot_style import ACCENT, INK, OPEN, PAPER, QUIET, RULE, TEXT_SIZE, TITLE_SIZE, style
from clairvoie.cli.picture import write_picture
from clairvoie.hub.locate import Fixes, ellipse, locate_all
from clairvoie.hub.locate_air import travel
from clairvoie.hub.locate_arrivals import Arrivals
from clairvoie.lab.place_layouts import SIDE, SOURCE_HEIGHT, Case, Layouts, draw_layouts

if TYPE_CHECKING:
    from clairvoie.lab.bench_place import Figures

TOLD_AGAIN = 400
MARKS = {1.0: "o", 5.0: "D", 20.0: "s"}
SHOWN = Case(12, 0.005, wrong=3)


def draw(figures: Figures, path: Path) -> None:
    """Write the plot to ``path``."""
    figure = Figure(figsize=(16, 10), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.03, 0.957, _title(figures), size=TITLE_SIZE, color=INK, weight="bold", va="center")
    few = " A quick run: too few to cite." if figures.quick else ""
    told = f"{figures.rows[0].layouts} random layouts a point, source among the sensors; seed {figures.seed}.{few}"
    figure.text(0.03, 0.917, told, size=TEXT_SIZE, color=QUIET, va="center")
    layouts, fixes = example(figures.seed)
    _map(figure.add_axes((0.06, 0.08, 0.46, 0.735)), layouts, fixes)
    _near(figure.add_axes((0.6, 0.52, 0.375, 0.295)), layouts, fixes)
    _ratios(figure.add_axes((0.66, 0.08, 0.315, 0.335)), figures)
    write_picture(figure, path)


def example(seed: int) -> tuple[Layouts, Fixes]:
    """One layout, and the fixes of its arrivals told :data:`TOLD_AGAIN` times with errors anew, wrong ones the same."""
    drawn = draw_layouts(SHOWN, 40, seed)
    row = int(np.argmin(np.hypot(*(drawn.sources - SIDE / 2).T)))
    only = slice(row, row + 1)
    layouts = Layouts(drawn.arrivals.rows(only), drawn.sources[only], drawn.bad[only], drawn.bound[only])
    one = layouts.arrivals.repeated(TOLD_AGAIN)
    gap = one.places - (*layouts.sources[0], SOURCE_HEIGHT)
    flight = travel(gap[..., 0], gap[..., 1], gap[..., 2], SHOWN.air).seconds
    noise = np.random.default_rng([seed, 7]).normal(0, SHOWN.sigma, one.times.shape)
    again = Arrivals(one.places, np.where(layouts.bad, one.times, flight + noise), one.sigmas, one.present)
    return layouts, locate_all(again, SHOWN.told, height=SOURCE_HEIGHT)


def _title(figures: Figures) -> str:
    clean = max(row.ratio for row in figures.rows if row.case == "clean")
    wrong = max(row.ratio for row in figures.rows if row.case == "wrong" and row.sigma_ms == 1.0)
    return f"Fixes within {clean:.2f} × the bound; with 30 % of arrivals wrong {wrong:.2f} × (σ 1 ms)"


def _map(axes: Any, layouts: Layouts, fixes: Fixes) -> None:
    style(axes)
    places, bad, source = layouts.arrivals.places[0], layouts.bad[0], layouts.sources[0]
    for place, wrong in zip(places, bad, strict=True):
        axes.plot(
            [place[0], source[0]], [place[1], source[1]], color=OPEN if wrong else RULE, linewidth=1.2,
            linestyle=(0, (4, 3)) if wrong else "-", zorder=1,
        )  # fmt: skip
    axes.plot(*places[~bad, :2].T, "D", color=ACCENT, markersize=11, label="sensor, right arrival")
    axes.plot(*places[bad, :2].T, "X", color=OPEN, markersize=14, label="sensor, wrong arrival (up to ± 0.5 s)")
    axes.plot(*source, "*", color=INK, markersize=20, zorder=5, label="source, and the fixes on it")
    axes.set_xlim(-15, SIDE + 15)
    axes.set_ylim(-15, SIDE + 15)
    axes.set_aspect("equal")
    axes.set_xlabel("metres east", size=TEXT_SIZE, color=INK)
    axes.set_ylabel("metres north", size=TEXT_SIZE, color=INK)
    axes.set_title("One layout: 12 sensors, 3 of them wrong", size=TEXT_SIZE, color=INK, loc="left", pad=34)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, frameon=False, fontsize=TEXT_SIZE - 3,
        handletextpad=0.2, columnspacing=1.0, labelcolor=INK,
    )  # fmt: skip


def _near(axes: Any, layouts: Layouts, fixes: Fixes) -> None:
    style(axes)
    source, good = layouts.sources[0], fixes.located
    off = fixes.where[good] - source
    axes.plot(
        *off.T, ".", color=ACCENT, markersize=4, alpha=0.45, label=f"{int(good.sum())} fixes, errors of 5 ms anew"
    )
    shape = ellipse(fixes.covariance[0])
    centre = fixes.where[0] - source
    axes.add_patch(
        Outline(
            tuple(centre), 2 * shape.major, 2 * shape.minor, angle=90 - shape.direction, fill=False, edgecolor=OPEN,
            linewidth=2.2, label="95 % ellipse of the first",
        )
    )  # fmt: skip
    axes.plot(0, 0, "*", color=INK, markersize=18, label="source")
    reach = 1.15 * float(np.abs(np.concatenate((off, [centre + shape.major, centre - shape.major]))).max())
    axes.set_xlim(-1.2 * reach, 2.6 * reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlabel("metres east of the source", size=TEXT_SIZE, color=INK)
    axes.set_ylabel("metres north", size=TEXT_SIZE, color=INK)
    axes.legend(loc="upper right", bbox_to_anchor=(1.04, 1.06), frameon=False, fontsize=TEXT_SIZE - 3, labelcolor=INK)
    axes.set_title("The fixes, near by", size=TEXT_SIZE, color=INK, loc="left")


def _ratios(axes: Any, figures: Figures) -> None:
    style(axes)
    names = list(
        dict.fromkeys((row.case, row.sensors, row.wrong) for row in figures.rows if row.case != "air mistaken")
    )
    highest = 2.0
    for row in figures.rows:
        if row.case == "air mistaken":
            continue
        y = len(names) - 1 - names.index((row.case, row.sensors, row.wrong))
        beyond = row.ratio > highest
        colour = QUIET if row.case not in ("clean", "wrong") else ACCENT
        axes.plot(
            min(row.ratio, highest), y, ">" if beyond else MARKS[row.sigma_ms], color=colour, markersize=8, alpha=0.85
        )
        if beyond:
            axes.text(highest + 0.02, y, f"{row.ratio:.1f}", size=TEXT_SIZE - 4, color=INK, va="center")
    for y, (case, _, _) in enumerate(reversed(names)):
        goal = {"clean": 1.1, "wrong": 1.25}.get(case)
        if goal is not None:
            axes.plot([goal, goal], [y - 0.42, y + 0.42], color=OPEN, linewidth=2)
    labels = [f"{case}, {n} sensors" + (f", {w} wrong" if w else "") for case, n, w in reversed(names)]
    axes.set_yticks(range(len(names)), labels)
    axes.tick_params(axis="y", length=0, labelsize=TEXT_SIZE - 3)
    axes.axvline(1.0, color=QUIET, linestyle=(0, (4, 3)), linewidth=1.2)
    axes.set_xlim(0.85, highest + 0.12)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(axis="x", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    axes.set_title(
        "RMS of error over bound; σ 1 ms ●, 5 ms ◆, 20 ms ■; red: goal",
        size=TEXT_SIZE - 1,
        color=INK,
        loc="left",
        x=-0.52,
    )
