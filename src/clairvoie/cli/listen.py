"""``clairvoie listen``: analyse recordings you have. It opens files and nothing else, and keeps no sound."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clairvoie.errors import ClairvoieError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from clairvoie.capture.recording import Defect, Recording
    from clairvoie.cli.hearing import Hearing
    from clairvoie.cli.listen_spectrogram import Spectrogram
    from clairvoie.detect.sound.tagging import SoundTagger

LONG_SECONDS = 60.0


def listen(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings: anything FFmpeg reads.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw levels, spectrogram and detections of one file.")
    ] = None,
    calibration: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=250.0,
            metavar="DB",
            help="Sound pressure level of a full-scale sine: a microphone of -26 dBFS at 94 dB SPL has 120. "
            "Without it levels are dBFS after AES17.",
        ),
    ] = None,
    channel: Annotated[int, typer.Option(min=1, help="The one channel to read, from 1; never an average.")] = 1,
    raw: Annotated[str | None, typer.Option(metavar="FORMAT", help="Raw samples, for instance s16le.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, metavar="HZ", help="Sampling rate of raw samples.")] = None,
    channels: Annotated[int | None, typer.Option(min=1, max=64, help="Channels of raw samples.")] = None,
) -> None:
    """Tell what is in recordings of yours: levels, bands, noise sources, hazards.

    Sound stays in this process. Levels are those of the file: only a calibration makes them sound pressure levels.

        clairvoie listen street.wav --plot street.png
    """
    if raw is None and (rate is not None or channels is not None):
        raise typer.BadParameter("--rate and --channels say how to read raw samples; give --raw as well")
    if raw is not None and rate is None:
        raise typer.BadParameter("raw samples need a sampling rate; give --rate, for instance 32000")
    if plot is not None and len(files) != 1:
        raise typer.BadParameter("--plot draws one recording; give one FILE")
    from clairvoie.capture.recording import Recording

    failed = False
    for number, path in enumerate(files):
        try:
            recording = Recording(path, channel=channel, raw=raw, rate=rate, channels=channels or 1)
            failed |= _listen(recording, calibration, plot, as_json=as_json, heading=len(files) > 1, first=number == 0)
        except ClairvoieError as error:
            _say(f"clairvoie: {' '.join(str(error).split())}")
            failed = True
    if failed:
        raise typer.Exit(1)


def _listen(
    recording: Recording, calibration: float | None, plot: Path | None, *, as_json: bool, heading: bool, first: bool
) -> bool:
    """Listen to one recording and print what was heard. Returns whether the file turned out to be cut off."""
    from clairvoie.cli.hearing import Hearing, hear
    from clairvoie.cli.listen_json import as_line, defect_object, info_object, line_object, summary_object
    from clairvoie.cli.listen_spectrogram import Spectrogram
    from clairvoie.cli.listen_table import print_hearing
    from clairvoie.detect.sound.analysis import SoundAnalyser

    tagger = _tagger(first=first)
    hearing = Hearing(recording, calibration, tagger.model_hash if tagger is not None else None)
    analyser = SoundAnalyser(recording.rate, calibration, tagger, details=True)
    picture = Spectrogram(recording.rate, recording.duration) if plot is not None else None
    if as_json:
        print(as_line(info_object(hearing)))
    with _progress(recording.duration) as advance:
        for block, lines in hear(hearing, analyser):
            if block is not None:
                advance(block.end)
                if picture is not None:
                    picture.feed(block)
            if as_json:
                for line in lines:
                    print(as_line(line_object(line, hearing.unit)))
    if as_json:
        for defect in hearing.defects:
            print(as_line(defect_object(defect)))
        print(as_line(summary_object(hearing)))
    else:
        print_hearing(hearing, heading=heading)
    if plot is not None and picture is not None:
        _draw(hearing, picture, plot)
    return _report_defects(hearing.defects, recording.path)


def _tagger(*, first: bool) -> SoundTagger | None:
    from clairvoie.detect.sound.card import packaged
    from clairvoie.detect.sound.tagging import SoundTagger

    if packaged().is_file():
        return SoundTagger.load()
    if first:
        _say("clairvoie: this installation has no recogniser, so that sounds are measured but not named.")
    return None


def _draw(hearing: Hearing, picture: Spectrogram, plot: Path) -> None:
    from clairvoie.cli.listen_plot import draw

    picture.finish()
    draw(hearing, picture, plot)


def _report_defects(defects: list[Defect], path: Path) -> bool:
    from clairvoie.capture.recording import DefectKind

    truncated = False
    for kind in DefectKind:
        found = [defect for defect in defects if defect.kind is kind]
        if found:
            total = sum(defect.seconds for defect in found)
            first = found[0].at
            _say(f"clairvoie: {_DEFECTS[kind].format(count=len(found), total=total, first=first)}: '{path}'.")
            truncated |= kind is DefectKind.TRUNCATED
    return truncated


_DEFECTS = {
    "gap": "{count} gap(s), {total:.3f} s in all, the first at {first:.2f} s; the seconds they touch do not count",
    "overlap": "{count} overlap(s), {total:.3f} s in all, the first at {first:.2f} s; what came twice was left out",
    "restart": "the timestamps start again {count} time(s), first at {first:.2f} s; what is lost there is not known",
    "undecodable": "{count} part(s) could not be decoded, the first at {first:.2f} s",
    "truncated": "the recording is cut off: it ends at {first:.2f} s, {total:.2f} s early; what is there was analysed",
}


@contextmanager
def _progress(duration: float | None) -> Iterator[_Advance]:
    """A bar on standard error, for a long recording at a terminal."""
    if duration is None or duration < LONG_SECONDS or not sys.stderr.isatty():
        yield _Advance(None, None)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield _Advance(progress, progress.add_task("listening", total=duration))


class _Advance:
    """Moves the bar, where there is one."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, position: float) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=position)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
