"""Colours and sizes of the picture of ``listen``: those of the desk, on paper."""

from __future__ import annotations

from typing import Any

from matplotlib.colors import LinearSegmentedColormap

from clairvoie.boundary.hazards import NoiseSource

PAPER, INK, RULE, QUIET = "#fbfaf7", "#1c1b19", "#d9d5cc", "#6b675f"
ACCENT, OPEN, NIGHT = "#0f5c63", "#b3261e", "#3d405b"
COLOURS = LinearSegmentedColormap.from_list("lattice", [PAPER, "#cfe3e2", "#6fb0b3", ACCENT, "#0b2f3a", "#150d14"])
SOURCES: dict[NoiseSource | None, str] = {
    NoiseSource.TRAFFIC: "#8a6f4d",
    NoiseSource.HORN: "#e0a100",
    NoiseSource.SIREN: "#d1495b",
    NoiseSource.RAIL: "#6a4c93",
    NoiseSource.AIRCRAFT: "#1d5fa8",
    NoiseSource.WORKS: "#c65d21",
    NoiseSource.ALARM: "#8f1d4f",
    NoiseSource.MUSIC: "#d36ba8",
    NoiseSource.BELLS: "#9a8b1f",
    NoiseSource.DOG: "#5f3a1c",
    NoiseSource.ANIMAL: "#4f8f3a",
    NoiseSource.RAIN: "#3fa0d0",
    NoiseSource.WIND: "#8fc7c2",
    NoiseSource.THUNDER: "#33364d",
    NoiseSource.WATER: "#1f9e89",
    NoiseSource.OTHER: "#a8a296",
    None: "#c9c4b8",
}
TEXT_SIZE = 15.0
TITLE_SIZE = 22.0


def style(axes: Any) -> None:
    """The frame of a panel."""
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=TEXT_SIZE - 1, labelcolor=INK)
