"""``clairvoie lab bench place``: prints what :mod:`clairvoie.lab.bench_place` measures, and draws it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.lab.bench_place import Figures, Row
    from clairvoie.lab.place_floor import Floor


def place(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw one layout, and the figures.")] = None,
    seed: Annotated[int, typer.Option(help="Of layouts and errors.")] = 1,
    quick: Annotated[bool, typer.Option(help="A tenth of the layouts: to see that it runs, not to cite.")] = False,
) -> None:
    """How near a bang's fix comes to the best possible, with wrong arrivals, echoes and wind, and how fast.

    Beside plain least squares in the same run. Everything but the times follows from the seed.
    """
    import msgspec

    from clairvoie.lab.bench_place import measure

    figures = measure(seed, quick=quick)
    typer.echo(msgspec.json.encode(figures).decode() if json else figures_text(figures))
    if plot is not None:
        from clairvoie.cli.place_plot import draw

        draw(figures, plot)


def figures_text(figures: Figures) -> str:
    """The figures as tables of plain text."""
    number = figures.rows[0].layouts
    speed = figures.speed
    lines = [
        f"Seed {figures.seed}, {number} random layouts a line in a square of 600 m, source among the sensors."
        + (" A quick run: too few to cite." if figures.quick else ""),
        "",
        f"{'':34}    error over bound         ",
        (
            f"{'case':14}{'sensors':>8}{'wrong':>6}{'σ ms':>6}{'RMS':>9}{'best 99 %':>11}{'worst':>7}{'refused':>9}"
            f"   {'ellipses that hold':22}{'RMS m':>7}{'bound m':>9}"
        ),
        *(_line(row) for row in figures.rows),
        "",
        *_floor(figures.floor),
        "",
        f"Processor time a fix: {speed.batch_ms:.3f} ms many at once, {speed.consensus_ms:.3f} ms with 3 wrong of 10.",
        (
            f"Plain least squares: {speed.least_squares_ms:.2f} ms, {speed.times_as_fast:.0f} times as long, at "
            f"{speed.least_squares_ratio:.3f} times the bound."
        ),
        "",
        *(f"{'met' if g.met else 'NOT MET':9}{g.name}: {g.found} (wanted {g.wanted})" for g in figures.goals),
    ]
    return "\n".join(lines)


def _floor(floor: Floor) -> tuple[str, str]:
    case = f"{floor.sensors} sensors, {floor.wrong} wrong, σ {floor.sigma_ms:g} ms, {floor.refused:.0%} refused"
    return (
        f"Floor of every method, {case}: {floor.expected:.3f} expected, {floor.found:.3f} found.",
        "It is told how many are wrong and that the source is among the sensors: the mean of the exact posterior.",
    )


def _line(row: Row) -> str:
    held = f"{row.held:6.1%} ({row.held_low:.1%}–{row.held_high:.1%})"
    return (
        f"{row.case:14}{row.sensors:8d}{row.wrong:6d}{row.sigma_ms:6g}{row.ratio:9.3f}{row.ratio_99:11.3f}"
        f"{row.worst:7.1f}{row.refused:9.1%}   {held:22}{row.rms_metres:7.2f}{row.bound_metres:9.2f}"
    )
