"""The picture of ``lab bench street``: recall over false alarms an hour, and how far a score can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clairvoie.cli.picture import write_picture
from clairvoie.lab.exposure import share_interval
from clairvoie.lab.operating import Curve, Point

if TYPE_CHECKING:
    from clairvoie.lab.bench_scenes import SceneFigures

HAZARDS = ("glass-breaking", "firework", "alarm-sounding", "sustained-horn")
COLOURS = {"Clairvoie": "#0b5d66", "YAMNet": "#b4531a"}
INK = "#222222"


def draw(figures: SceneFigures, path: Path) -> None:
    """Write ``path``: a column for each hazard, above its operating curves at every ratio, below its reliability."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    kinds = [kind for kind in HAZARDS if any(kind in r.curves for r in figures.recognisers.values())]
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "axes.edgecolor": "#888888"})
    drawing, axes = plt.subplots(2, len(kinds), figsize=(3.5 * len(kinds), 6.6), dpi=130, squeeze=False)
    for column, kind in enumerate(kinds):
        _operating(axes[0][column], figures, kind)
        _reliability(axes[1][column], figures, kind)
    axes[0][0].set_ylabel("found, of sounds in scenes")
    axes[1][0].set_ylabel("share of ticks that held the sound")
    handles = [mpl.lines.Line2D([], [], color=COLOURS[name], lw=2, label=name) for name in figures.recognisers]
    styles = [
        mpl.lines.Line2D([], [], color=INK, lw=1.2, ls=style, label=f"{ratio:.0f} dB")
        for ratio, style in zip(figures.ratios, ("-", "--", ":"), strict=False)
    ]
    drawing.legend(handles=[*handles, *styles], loc="upper center", ncols=6, frameon=False)
    hours, middle = sum(figures.exposure_hours.values()), figures.ratios[len(figures.ratios) // 2]
    drawing.text(
        0.01, 0.01, f"Hits in {figures.scene_hours:.1f} h of scenes; false alarms in {hours:.2f} h of recordings, each "
        f"once. Marks: thresholds in use at {middle:.0f} dB, 95 % intervals both ways.", color="#555555", fontsize=8,
    )  # fmt: skip
    drawing.tight_layout(rect=(0, 0.03, 1, 0.95))
    try:
        write_picture(drawing, path)
    finally:
        plt.close(drawing)


def _operating(axis: Any, figures: SceneFigures, kind: str) -> None:
    """Recall over false alarms an hour; the axis is linear up to one an hour, so that none has a place on it."""
    for name, recogniser in figures.recognisers.items():
        curve = recogniser.curves.get(kind)
        if curve is None or not curve.hours:
            continue
        for ratio, style in zip(figures.ratios, ("-", "--", ":"), strict=False):
            key = f"{ratio:.0f}"
            if curve.of.get(key):
                places = [(p.false / curve.hours, p.hits[key] / curve.of[key]) for p in curve.points]
                axis.plot(*zip(*places, strict=True), color=COLOURS[name], ls=style, lw=1.3)
        _mark(axis, curve, curve.in_use, f"{figures.ratios[len(figures.ratios) // 2]:.0f}", COLOURS[name])
    axis.axvline(1.0, color="#bbbbbb", lw=0.8)
    axis.set(xscale="symlog", xlim=(0, 2000), ylim=(0, 1.02), title=kind, xlabel="false alarms an hour of negatives")
    axis.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
    axis.grid(alpha=0.25)


def _mark(axis: Any, curve: Curve, point: Point, ratio: str, colour: str) -> None:
    of = curve.of.get(ratio, 0)
    if not of:
        return
    alarms, share = curve.alarms(point), point.hits[ratio] / of
    low, high = share_interval(point.hits[ratio], of)
    rate = alarms.count / alarms.hours
    across, up = [[rate - alarms.low], [alarms.high - rate]], [[share - low], [high - share]]
    axis.errorbar([rate], [share], xerr=across, yerr=up, fmt="o", ms=5, color=colour, elinewidth=1, capsize=2)


def _reliability(axis: Any, figures: SceneFigures, kind: str) -> None:
    """What was said against what was so; a bin of fewer than 20 ticks is left out."""
    axis.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
    for name, recogniser in figures.recognisers.items():
        found = recogniser.reliability.get(kind)
        if found is None:
            continue
        places = [(b.said, b.true) for b in found.bins if b.count >= 20]
        if places:
            axis.plot(*zip(*places, strict=True), "o-", ms=4, lw=1.2, color=COLOURS[name], label=f"{found.error:.3f}")
    axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="score")
    axis.legend(title="mean error", loc="upper left", frameon=False, fontsize=8, title_fontsize=8)
    axis.grid(alpha=0.25)
