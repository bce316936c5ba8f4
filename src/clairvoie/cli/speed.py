"""``clairvoie lab speed``: how many streams one core hears."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.lab.speed import Speed


def speed(
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds models/yamnet.tflite, to have YAMNet in the same run.")
    ] = None,
    sensor: Annotated[bool, typer.Option(help="Also run one sensor's real, locked process for half a minute.")] = True,
    quick: Annotated[bool, typer.Option(help="A few seconds of sound: to see that it runs, not to cite.")] = False,
    figures: Annotated[Path | None, typer.Option(help="Measure nothing: read an earlier run's --json.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the stages and the streams a core.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """How many streams of 32 kHz one core hears, and what each stage of that costs.

    Many streams run in one process: A, C and Z, levels each second, thirds, and the packaged recogniser twice a second.
    The goal is 500 streams a core, so 2 ms of processor time for each second of each stream. Beside it, in the same
    run: the pipeline one writes first with SciPy, YAMNet alone (with --data and ai-edge-litert), decoding of WAV, FLAC,
    MP3 and AAC, and one sensor's real process, sandbox included. A node never runs many sensors in one process:
    the gate's eight bits a second belong to a process.

    It keeps to one core and takes about three minutes. Let the machine do nothing else: processor time grows too when
    other programs take turns on the core, and the load before and after is printed for that reason.
    --data ../shared/data --json > speed.json keeps the figures; --figures speed.json --plot speed.png draws them.
    """
    import msgspec

    from clairvoie.cli.speed_table import speed_text

    found = _read(figures) if figures is not None else _measured(data, quick=quick, sensor=sensor)
    if plot is not None:
        from clairvoie.cli.speed_plot import draw

        draw(found, plot)
    typer.echo(msgspec.json.encode(found).decode() if json else speed_text(found))


def _measured(data: Path | None, *, quick: bool, sensor: bool) -> Speed:
    from clairvoie.lab.one_core import stay_on_one_core

    stay_on_one_core()  # before numpy is loaded, which counts the cores then
    from rich.console import Console
    from rich.progress import Progress

    from clairvoie.lab.speed import measure

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("speed", total=None)

        def report(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)
            if not console.is_terminal:
                typer.echo(f"{done + 1} of {of}: {what}", err=True)

        return measure(data, quick=quick, sensor=sensor, report=report)


def _read(path: Path) -> Speed:
    import msgspec

    from clairvoie.errors import ConfigurationError
    from clairvoie.lab.speed import VERSION, Speed

    try:
        found = msgspec.json.decode(path.read_bytes(), type=Speed)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(
            f"no figures of lab speed ({error})", str(path), "Give what --json printed."
        ) from error
    if found.version != VERSION:
        raise ConfigurationError("figures of another version of lab speed", found.version, f"This reads {VERSION}.")
    return found
