"""``clairvoie listen``: analyse recordings you have. It opens files and nothing else, and keeps no sound."""

from __future__ import annotations

from pathlib import Path

import typer

from clairvoie.cli import listen_arguments as of
from clairvoie.config import one_thread_of_arithmetic
from clairvoie.errors import ClairvoieError


def listen(
    files: of.Files,
    as_json: of.AsJson = False,
    plot: of.Plot = None,
    csv: of.Csv = None,
    language: of.Language = None,
    calibration: of.Calibration = None,
    event_threshold: of.EventThreshold = None,
    start: of.Start = None,
    residual: of.Residual = None,
    ambient: of.Ambient = None,
    appears: of.Appears = None,
    calibrator: of.Calibrator = None,
    window: of.Window = None,
    new_microphone: of.NewMicrophone = False,
    channel: of.Channel = 1,
    raw: of.Raw = None,
    rate: of.Rate = None,
    channels: of.Channels = None,
) -> None:
    """Tell what is in recordings of yours: levels, noise events, noise sources, hazards.

    Takes anything FFmpeg reads, videos too. Sound stays in this process. Levels are those of the file: only a
    calibration makes them sound pressure levels. One recording and a picture of it; the same as sound pressure levels,
    with a row a second for a spreadsheet; a folder, with a row and a picture of every recording; how far a neighbour's
    machine stands out, which was off in the third and fourth minute:

        clairvoie listen street.wav --plot street.png

        clairvoie listen street.wav --calibration 120 --csv street.csv

        clairvoie listen recordings --csv recordings.csv --plot pictures

        clairvoie listen night.flac --start 2026-11-22T23:10[Europe/Paris] --residual 2:00-4:00
    """
    several = len(files) != 1 or files[0].is_dir()
    _check_reading(raw, rate, channels)
    _check_marks(residual, ambient, appears)
    one = start is not None or residual is not None
    _check_several(several, plot, one=one, both=as_json and csv == Path("-"))
    one_thread_of_arithmetic()
    from clairvoie.cli.listen_calibrator import Declared, calibrator_heard
    from clairvoie.cli.listen_one import wanted
    from clairvoie.cli.listen_several import Asked, listen_to_all, say
    from clairvoie.cli.listen_words import spoken

    reading = {"channel": channel, "raw": raw, "rate": rate, "channels": channels or 1}
    if calibrator_heard(files, reading, Declared(calibrator, window, calibration, new_microphone), as_json=as_json):
        return
    asked = Asked(as_json, plot, csv, spoken(language), several, reading)
    try:
        failed = listen_to_all(files, asked, wanted(calibration, event_threshold, start, (residual, ambient), appears))
    except ClairvoieError as error:
        say(error)
        failed = True
    if failed:
        raise typer.Exit(1)


def _check_reading(raw: str | None, rate: int | None, channels: int | None) -> None:
    if raw is None and (rate is not None or channels is not None):
        raise typer.BadParameter("--rate and --channels say how to read raw samples; give --raw as well")
    if raw is not None and rate is None:
        raise typer.BadParameter("raw samples need a sampling rate; give --rate, for instance 32000")


def _check_marks(residual: list[str] | None, ambient: list[str] | None, appears: str | None) -> None:
    if not residual and (ambient or appears is not None):
        raise typer.BadParameter(
            "--ambient and --appears are compared with the residual noise; give --residual as well"
        )


def _check_several(several: bool, plot: Path | None, *, one: bool, both: bool) -> None:
    if both:
        raise typer.BadParameter("--json and --csv - would both write to standard output; give --csv a file")
    if several and one:
        raise typer.BadParameter("--start and --residual are about one recording; give one FILE")
    if several and plot is not None and (plot.is_file() or plot.suffix.lower() == ".png"):
        raise typer.BadParameter("of several recordings --plot takes a folder; one picture is of one FILE")
