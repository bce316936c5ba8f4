"""``clairvoie demo``: a quarter on one machine, one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    scenario: Annotated[str, typer.Option(help="Which scene to play.")] = "evening",
    sound: Annotated[
        list[Path] | None,
        typer.Option("--sound", metavar="FILE…", help="A recording of yours instead of the scene; repeatable."),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE…]", help="Further recordings.")] = None,
    background: Annotated[Path | None, typer.Option(help="With --sound: a recording to play behind it.")] = None,
    snr: Annotated[float | None, typer.Option(help="With --background: dB(A) of the sound over it.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where the desk listens; 0 takes any free port.")] = 8750,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Work in this folder and keep it.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the desk in a browser.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another evening.")] = 1,
    sensors: Annotated[
        int | None, typer.Option(min=1, max=8, help="How many microphones; all eight unless given.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after so long.")] = None,
) -> None:
    """A quarter on this machine: simulated microphones, a node, a hub, and its duty desk. Ctrl-C stops it all.

    Within a minute a window breaks and an incident opens. With --sound, recordings of your own go through the whole
    chain instead. What they hold, voices included, is only in the temporary folder named on the screen, which is
    deleted at the end unless --keep names one.

    clairvoie demo --sound glass.wav --background street.wav --snr 10
    """
    import webbrowser

    from clairvoie.lab.demo import Demonstration, run_demonstration

    asked = Demonstration(
        scenario=scenario, sounds=(*(sound or ()), *(more or ())), background=background, snr=snr, port=port,
        keep=keep, seed=seed, sensors=sensors, seconds=seconds, opened=webbrowser.open if browser else None,
    )  # fmt: skip
    run_demonstration(asked, typer.echo)
