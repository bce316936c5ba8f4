"""The options of ``clairvoie listen``, as its help has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LEVELS, EMERGENCE, READING = "Levels and events", "Emergence (French law)", "Reading"
CALIBRATOR = "Calibrator"

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, or folders of them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="PNG|DIR", help="Draw levels, spectrogram, sources and events; of several, into a folder."),
]
Csv = Annotated[
    Path | None,
    typer.Option(metavar="CSV", help="Write a row a second of one recording, or a row a recording of several."),
]
Language = Annotated[
    str | None, typer.Option(metavar="fr|en", help="Language of tables and pictures; that of LANG if not given.")
]
Calibration = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=250.0,
        metavar="DB",
        rich_help_panel=LEVELS,
        help="Sound pressure level of a full-scale sine: a microphone of -26 dBFS at 94 dB SPL has 120. "
        "Without it levels are dBFS after AES17.",
    ),
]
EventThreshold = Annotated[
    float | None,
    typer.Option(
        metavar="DB",
        rich_help_panel=LEVELS,
        help="A noise event exceeds this LAF; unless given, L50 of the ten minutes before plus 10 dB.",
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        rich_help_panel=LEVELS,
        help="When it began, with the zone: 2026-11-22T21:30+01:00 or 2026-11-22T21:30[Europe/Paris]. "
        "For Lden, and for the limits of day or night.",
    ),
]
Residual = Annotated[
    list[str] | None,
    typer.Option(
        metavar="A-B", rich_help_panel=EMERGENCE, help="Without the noise in question: 60-120 or 1:00-2:00. Repeatable."
    ),
]
Ambient = Annotated[
    list[str] | None,
    typer.Option(metavar="A-B", rich_help_panel=EMERGENCE, help="With it; unless given, all the rest. Repeatable."),
]
Appears = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        rich_help_panel=EMERGENCE,
        help="How long the noise appears in all in the day or the night, if not only here: 45:00 or 2:30:00.",
    ),
]
Calibrator = Annotated[
    float | None,
    typer.Option(
        metavar="DB",
        rich_help_panel=CALIBRATOR,
        help="A sound calibrator of this level, 94 or 114, was on the microphone: print the calibration it gives, and "
        "the drift since --calibration, and nothing else.",
    ),
]
Window = Annotated[
    str | None,
    typer.Option(
        metavar="A-B",
        rich_help_panel=CALIBRATOR,
        help="When it was on, at most an hour; unless given, all of the recording.",
    ),
]
NewMicrophone = Annotated[
    bool,
    typer.Option(
        "--new-microphone", rich_help_panel=CALIBRATOR, help="The microphone is another one: any drift is plausible."
    ),
]
Channel = Annotated[
    int, typer.Option(min=1, rich_help_panel=READING, help="The one channel to read, from 1; never an average.")
]
Raw = Annotated[
    str | None, typer.Option(metavar="FORMAT", rich_help_panel=READING, help="Raw samples, for instance s16le.")
]
Rate = Annotated[
    int | None, typer.Option(min=1, metavar="HZ", rich_help_panel=READING, help="Sampling rate of raw samples.")
]
Channels = Annotated[int | None, typer.Option(min=1, max=64, rich_help_panel=READING, help="Channels of raw samples.")]
