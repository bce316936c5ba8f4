"""``listen FOLDER``: which files in it are recordings, and the table of what was heard in each."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clairvoie.boundary.hazards import SEVERITY, HazardKind
from clairvoie.cli import listen_words as words
from clairvoie.cli.hearing import Hearing
from clairvoie.cli.listen_table import clock_words, event_words
from clairvoie.cli.listen_words import number
from clairvoie.errors import UnreadableRecording

SUFFIXES = frozenset(
    [
        ".3gp",
        ".aac",
        ".ac3",
        ".aif",
        ".aifc",
        ".aiff",
        ".amr",
        ".ape",
        ".au",
        ".avi",
        ".caf",
        ".flac",
        ".m4a",
        ".m4b",
        ".m4v",
        ".mka",
        ".mkv",
        ".mov",
        ".mp2",
        ".mp3",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".oga",
        ".ogg",
        ".ogv",
        ".opus",
        ".snd",
        ".ts",
        ".tta",
        ".w64",
        ".wav",
        ".wave",
        ".webm",
        ".wma",
        ".wv",
    ]
)
RAW_SUFFIXES = frozenset((".bin", ".pcm", ".raw"))
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Found:
    """A recording by its path and by the name that it is shown with."""

    path: Path
    name: str


def recordings_in(paths: list[Path], *, raw: bool = False) -> list[Found]:
    """Every recording that ``paths`` name: files as they are, folders by the endings of their files, at any depth.

    Hidden files and folders are left out, links to folders not followed. Raises ``UnreadableRecording`` for a folder
    without any.
    """
    found: list[Found] = []
    for path in paths:
        if not path.is_dir():
            found.append(Found(path, str(path)))
            continue
        inside = _below(path, RAW_SUFFIXES if raw else SUFFIXES)
        if not inside:
            endings = "raw, pcm or bin" if raw else "wav, flac, ogg, mp3, m4a, mp4 and the like"
            raise UnreadableRecording(
                "there is no recording in this folder",
                str(path),
                f"It looks for {endings}; name other files one by one.",
            )
        found += [Found(one, str(one.relative_to(path))) for one in inside]
    return found


def _below(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(root, name)
            for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes
        ]
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One recording in the table: what is shown of it, without anything that grows with its length."""

    name: str
    length: float
    levels: tuple[float | None, ...]
    unit: str
    events: int
    detections: dict[HazardKind, int]
    sources: tuple[str, ...]


@dataclass(slots=True)
class Summary:
    """What a folder comes to. Holds the first rows only; a CSV has all."""

    language: str
    rows: list[Row] = field(default_factory=list)
    count: int = 0
    seconds: float = 0.0
    events: int = 0
    detections: Counter[HazardKind] = field(default_factory=Counter)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, hearing: Hearing) -> None:
        """A recording that was heard."""
        self.count += 1
        self.seconds += hearing.length
        self.events += len(hearing.events)
        counts = hearing.detection_counts()
        self.detections.update(counts)
        if len(self.rows) < MOST_ROWS:
            found = hearing.indicators()
            levels = (found.laeq, found.lafmax, found.percentiles[10], found.percentiles[90])
            sources = tuple(words.SOURCES[source].to(self.language) for source, _ in hearing.best_sources()[:2])
            self.rows.append(Row(name, hearing.length, levels, hearing.unit, len(hearing.events), counts, sources))

    def fail(self, name: str, problem: str) -> None:
        """A recording that could not be heard, or not to its end."""
        self.problems.append((name, problem))

    def show(self, console: Console) -> None:
        """Print the table and what all recordings come to."""
        if self.rows:
            console.print(self._table())
        if self.count > len(self.rows):
            console.print(words.MORE_FILES.to(self.language, count=self.count - len(self.rows)))
        console.print(self._total(), soft_wrap=True)

    def _table(self) -> Table:
        language = self.language
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(words.FILE.to(language), overflow="ellipsis", no_wrap=True, max_width=28)
        table.add_column(words.LENGTH.to(language), justify="right", no_wrap=True)
        for title in ("LAeq", "LAFmax", "L10", "L90", words.EVENTS_SHORT.to(language)):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column(words.HEARD.to(language), overflow="fold", min_width=18)
        for row in self.rows:
            hazards = [_counted(kind, count, language) for kind, count in _by_severity(row.detections)]
            heard = ", ".join((*(f"[bold]{hazard}[/bold]" for hazard in hazards), *row.sources))
            levels = [number(level, language) for level in row.levels]
            table.add_row(
                _plain(row.name), clock_words(row.length, fine=row.length < 10), *levels, str(row.events), heard
            )
        return table

    def _total(self) -> str:
        language = self.language
        parts = [words.FILES.to(language, count=self.count, length=clock_words(self.seconds, fine=False))]
        parts += [words.LEVELS_IN.to(language, unit=self.rows[0].unit)] if self.rows else []
        parts.append(event_words(self.events, language))
        hazards = [_counted(kind, count, language) for kind, count in _by_severity(self.detections)]
        parts.append(", ".join(hazards) or words.NO_HAZARD_SHORT.to(language))
        return (" ; " if language == "fr" else "; ").join(parts)


def _by_severity(counts: dict[HazardKind, int]) -> list[tuple[HazardKind, int]]:
    return sorted(counts.items(), key=lambda item: SEVERITY[item[0]])


def _counted(kind: HazardKind, count: int, language: str) -> str:
    name = words.HAZARDS[kind].to(language)
    return name if count == 1 else f"{name} ×{count}"


def _plain(text: str) -> str:
    """``text`` without being taken for markup."""
    return text.replace("[", "\\[")
