"""``clairvoie lab soundscape``: a seeded street scene with its ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def soundscape(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to; made if need be.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    seconds: Annotated[float, typer.Option(help="How long the scene lasts.")] = 60.0,
    rate: Annotated[int, typer.Option(help="Samples a second.")] = 32_000,
    sensors: Annotated[int, typer.Option(help="How many of the quarter's microphones, 1 to 8.")] = 8,
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--events", help="kind[@x,y][@t], repeatable: metres east and north, seconds. Drawn unless given."
        ),
    ] = None,
    snr: Annotated[
        float | None, typer.Option(help="dB(A) of each sound over the background at the nearest microphone.")
    ] = None,
    backgrounds: Annotated[Path | None, typer.Option(help="Folder of recordings to use as background.")] = None,
    sounds: Annotated[Path | None, typer.Option(help="Folder of recordings to use as events.")] = None,
    float_samples: Annotated[bool, typer.Option("--float", help="Write float32 instead of 16 bits.")] = False,
) -> None:
    """Write a street scene: one recording a microphone with true delays, its annotations, and scene.json.

    The street is invented and so are its sounds, unless --sounds and --backgrounds name folders of recordings. Voices
    are mixed in where a recording holds them and are never annotated.
    """
    from clairvoie.lab.scenario import street
    from clairvoie.lab.scene_progress import progress_bar
    from clairvoie.lab.soundscape import write_scene
    from clairvoie.lab.town import read_quarter

    scene = street(
        read_quarter(), seed=seed, seconds=seconds, rate=rate, count=sensors, events=events or (), snr=snr,
        backgrounds=backgrounds, sounds=sounds,
    )  # fmt: skip
    with progress_bar("Making the street") as progress:
        written = write_scene(scene, out, float_samples=float_samples, progress=progress)
    typer.echo(
        f"{len(written.recordings)} recordings of {seconds:g} s in {out}, full-scale sine {scene.calibration:g} dB"
    )
    if written.clipped:
        typer.echo(f"{written.clipped} samples were beyond full scale and are clipped; use --float", err=True)
