"""``clairvoie lab bench onsets``: prints what :mod:`clairvoie.lab.bench_onsets` measures, and draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.lab.bench_onsets import OnsetFigures, Summary
    from clairvoie.lab.impulse_rule import Heard

LISTED = 24


def onsets(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with sounds/labels.csv, background and speech; without it only made sounds."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw error and honesty over the ratio.")] = None,
    seed: Annotated[int, typer.Option(help="Of bangs, noises and fronts.")] = 1,
    quick: Annotated[bool, typer.Option(help="A few of each: to see that it runs, not to cite.")] = False,
) -> None:
    """How well bangs are timed and how honest the standard deviation is, over noise, kind, rate and echo.

    Beside the former rule and two plain pickers in the same run; and what the rule of impulses finds in recordings.
    """
    import msgspec

    from clairvoie.lab.bench_onsets import measure

    figures = measure(data, seed=seed, quick=quick)
    typer.echo(msgspec.json.encode(figures).decode() if json else figures_text(figures))
    if plot is not None:
        from clairvoie.cli.onset_plot import draw

        draw(figures, plot)


def figures_text(figures: OnsetFigures) -> str:
    """The figures as tables of plain text."""
    lines = [
        f"Seed {figures.seed}. Milliseconds, given a front known to 3 ms. rms, 95 % and bias: of the error; σ: median;",
        "held: share of errors within 1.96 σ, with its exact interval; found: share that the whole analyser finds."
        + (" A quick run: too few to cite." if figures.quick else ""),
    ]
    if figures.rule:
        lines += [
            "Recorded noise is in every table; recorded bangs are heard by two sensors, one's share of the error."
        ]
    else:
        lines += ["Without --data: no recorded noise, no recorded bangs, no recordings for the rule."]
    lines += _tables(figures)
    if figures.rule:
        lines += ["", f"{'the rule on recordings':36}{'clips':>6}{'fired':>6}{'bangs':>6}{'hours':>8}   an hour (95 %)"]
        lines += [_heard(one) for one in (*figures.rule_together, *figures.rule[:LISTED])]
        rest = len(figures.rule) - LISTED
        lines += [f"… and {rest} more, all in --json"] if rest > 0 else []
    lines += [""]
    lines += [
        f"{'met' if goal.met else 'NOT MET':9}arrival at {goal.ratio:g} dB: rms {goal.rms:.3f} ms"
        f" (attacks up to 0.5 ms: {goal.rms_sharp:.3f}; wanted {goal.wanted:g})"
        for goal in figures.goals
    ]
    return "\n".join(lines)


def _tables(figures: OnsetFigures) -> Iterator[str]:
    yield from _table("made, no echo", _named(figures.by_ratio))
    yield from _table("made, echo after 2–30 ms", _named(figures.by_ratio_with_echo))
    yield from _table("made, in recorded noise", _named(figures.by_ratio_in_recorded_noise))
    for ratio in ("20 dB", "6 dB"):
        yield from _table(f"by kind, {ratio}", _of(figures.by_kind, ratio))
    for ratio in ("20 dB", "6 dB"):
        yield from _table(f"by rate, {ratio}", _of(figures.by_rate, ratio))
    yield from _table("recorded", _named(figures.recorded))
    yield from _table("recorded, by label", _named(sorted(figures.recorded_by_label, key=lambda row: row.of)))


def _of(tables: dict[str, list[Summary]], ratio: str) -> list[tuple[str, Summary]]:
    return [(name, row) for name, rows in tables.items() for row in rows if row.of == ratio]


def _named(rows: Sequence[Summary]) -> list[tuple[str, Summary]]:
    return [(row.of, row) for row in rows]


def _table(title: str, named: Sequence[tuple[str, Summary]]) -> Iterator[str]:
    if not named:
        return
    peers = "".join(f"{name:>15}" for name in named[0][1].peers)
    yield ""
    yield f"{title:28}{'n':>5}{'rms':>8}{'95 %':>8}{'bias':>8}{'σ':>7}  {'held':16}{'found':>6}{'rms':>7} |{peers}"
    for name, row in named:
        held = f"{row.coverage:4.0%} ({row.coverage_low:.0%}–{row.coverage_high:.0%})"
        errors = f"{row.rms:8.3f}{row.p95:8.3f}{row.bias:+8.3f}{row.sigma:7.3f}"
        found = f"{row.found:6.0%}" + ("       " if row.found_rms is None else f"{row.found_rms:7.3f}")
        others = "".join(f"{value:15.3f}" for value in row.peers.values())
        yield f"{name:28}{row.count:5d}{errors}  {held:16}{found} |{others}"


def _heard(one: Heard) -> str:
    rate, low, high = one.rate
    return (
        f"{one.of:36}{one.clips:6d}{one.fired:6d}{one.impulses:6d}{one.hours:8.3f}   {rate:.0f} ({low:.1f}–{high:.0f})"
    )
