"""``listen`` from its arguments to its end: which recordings, what is printed and written of each, what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from clairvoie.capture.recording import Defect, DefectKind, Recording
from clairvoie.cli.hearing import Hearing, Line
from clairvoie.cli.listen_csv import STANDARD_OUTPUT, FileTable, write_seconds, written
from clairvoie.cli.listen_folder import Found, Summary, recordings_in
from clairvoie.cli.listen_json import as_line, defect_object, emergence_object, info_object, line_object, summary_object
from clairvoie.cli.listen_one import Wanted, listen_to
from clairvoie.cli.listen_progress import Advance, progress_of_many, progress_of_one
from clairvoie.cli.listen_spectrogram import Spectrogram
from clairvoie.cli.listen_table import print_hearing
from clairvoie.detect.sound.card import packaged
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.errors import ClairvoieError, ConfigurationError


class Asked(NamedTuple):
    """How to read, and what to make of it. ``several`` says that there may be more than one recording."""

    as_json: bool
    plot: Path | None
    csv: Path | None
    language: str
    several: bool
    reading: dict[str, Any]


def listen_to_all(files: list[Path], asked: Asked, wanted: Wanted) -> bool:
    """Listen to all ``files``. Returns whether something went wrong; each such thing has been said on stderr.

    Raises ``ConfigurationError`` where nothing can be written, ``UnreadableRecording`` for a folder without recordings.
    """
    tagger = _tagger()
    if any(path.is_dir() for path in files):
        return _listen_to_folder(recordings_in(files, raw=asked.reading["raw"] is not None), asked, wanted, tagger)
    failed = False
    with _rows(asked) as rows:
        for path in files:
            try:
                with _opened(path, asked, wanted) as (recording, advance):
                    hearing = _heard(recording, path.name, asked, wanted, tagger, advance)
                if not asked.as_json:
                    print_hearing(
                        hearing, heading=asked.several, language=asked.language, aside=asked.csv == STANDARD_OUTPUT
                    )
                if rows is not None:
                    rows.add(str(path), hearing)
                elif asked.csv is not None:
                    write_seconds(hearing, asked.csv)
                failed |= _say_defects(hearing.defects, path)
            except ConfigurationError:
                raise
            except ClairvoieError as error:
                say(error)
                if rows is not None:
                    rows.add(str(path), None, _line(error))
                failed = True
    return failed


def _listen_to_folder(found: list[Found], asked: Asked, wanted: Wanted, tagger: SoundTagger | None) -> bool:
    """One line each, a table at the end, and then what went wrong."""
    summary = Summary(asked.language)
    with _rows(asked) as rows, progress_of_many(len(found), quiet=_noisy(asked)) as begin:
        for place, one in enumerate(found):
            started, problem, hearing = begin(place, one.path), "", None
            try:
                recording = Recording(one.path, **asked.reading)
                hearing = _heard(recording, one.name, asked, wanted, tagger, started(recording.duration))
                problem = "; ".join(line for kind, line in _defects(hearing.defects) if kind is DefectKind.TRUNCATED)
                summary.add(one.name, hearing)
            except ConfigurationError:
                raise
            except ClairvoieError as error:
                problem = _line(error)
            if problem:
                summary.fail(one.name, problem)
            if rows is not None:
                rows.add(one.name, hearing, problem)
    if not asked.as_json:
        summary.show(Console(highlight=False, stderr=asked.csv == STANDARD_OUTPUT))
    for name, problem in summary.problems:
        _say(f"clairvoie: {name}: {problem}")
    return bool(summary.problems)


@contextmanager
def _rows(asked: Asked) -> Iterator[FileTable | None]:
    """The table with a row a recording, where one is asked for."""
    with ExitStack() as stack:
        if asked.csv is None or not asked.several:
            yield None
        else:
            yield FileTable(stack.enter_context(written(asked.csv)))


@contextmanager
def _opened(path: Path, asked: Asked, wanted: Wanted) -> Iterator[tuple[Recording, Advance]]:
    recording = Recording(path, **asked.reading)
    with progress_of_one(recording.duration, quiet=_noisy(asked)) as advance:
        yield recording, advance


def _heard(
    recording: Recording, name: str, asked: Asked, wanted: Wanted, tagger: SoundTagger | None, advance: Advance
) -> Hearing:
    """Listen to one recording, print its lines, draw its picture."""
    printer = _LinePrinter() if asked.as_json else None
    picture = Spectrogram(recording.rate, recording.duration) if asked.plot is not None else None
    hearing = listen_to(recording, wanted, tagger, advance=advance, take=printer, picture=picture)
    if printer is not None:
        printer.finish(hearing)
    if asked.plot is not None and picture is not None:
        from clairvoie.cli.listen_plot import draw

        draw(hearing, picture, _picture_path(asked.plot, name, several=asked.several), asked.language)
    return hearing


class _LinePrinter:
    """Prints JSON lines: ``info`` first, then each line as it becomes certain."""

    def __init__(self) -> None:
        self._begun = False

    def __call__(self, hearing: Hearing, lines: Iterable[Line]) -> None:
        if not self._begun:
            self._begun = True
            print(as_line(info_object(hearing)))
        for line in lines:
            print(as_line(line_object(line, hearing.unit)))

    def finish(self, hearing: Hearing) -> None:
        for defect in hearing.defects:
            print(as_line(defect_object(defect)))
        if hearing.emergence is not None:
            print(as_line(emergence_object(hearing.emergence, hearing.unit)))
        print(as_line(summary_object(hearing)))


def _picture_path(plot: Path, name: str, *, several: bool) -> Path:
    if not several:
        return plot
    try:
        plot.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the folder for pictures cannot be made ({error.strerror})", str(plot), "Check --plot."
        ) from error
    return plot / f"{'__'.join(Path(name).parts[-3:]).lstrip('/')}.png"


def _tagger() -> SoundTagger | None:
    if packaged().is_file():
        return SoundTagger.load()
    _say("clairvoie: this installation has no recogniser, so that sounds are measured but not named.")
    return None


def _say_defects(defects: list[Defect], path: Path) -> bool:
    """Say what is wrong with the recording. Returns whether it turned out to be cut off."""
    truncated = False
    for kind, line in _defects(defects):
        _say(f"clairvoie: {line}: '{path}'.")
        truncated |= kind is DefectKind.TRUNCATED
    return truncated


def _defects(defects: list[Defect]) -> Iterator[tuple[DefectKind, str]]:
    for kind in DefectKind:
        found = [defect for defect in defects if defect.kind is kind]
        if found:
            total = sum(defect.seconds for defect in found)
            yield kind, _DEFECTS[kind].format(count=len(found), total=total, first=found[0].at)


_DEFECTS = {
    "gap": "{count} gap(s), {total:.3f} s in all, the first at {first:.2f} s; the seconds they touch do not count",
    "overlap": "{count} overlap(s), {total:.3f} s in all, the first at {first:.2f} s; what came twice was left out",
    "restart": "the timestamps start again {count} time(s), first at {first:.2f} s; what is lost there is not known",
    "undecodable": "{count} part(s) could not be decoded, the first at {first:.2f} s",
    "truncated": "the recording is cut off: it ends at {first:.2f} s, {total:.2f} s early; what is there was analysed",
}


def _noisy(asked: Asked) -> bool:
    """Whether lines that run over the terminal would tear a bar apart."""
    return asked.as_json and sys.stdout.isatty()


def say(error: ClairvoieError) -> None:
    """A named error as the one line of it on stderr."""
    _say(f"clairvoie: {_line(error)}")


def _line(error: ClairvoieError) -> str:
    return " ".join(str(error).split())


def _say(text: str) -> None:
    print(text, file=sys.stderr)
