"""Listening to one recording from beginning to end, in memory that hardly grows with its length."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from clairvoie.capture.blocks import Block
from clairvoie.capture.recording import Recording
from clairvoie.cli.hearing import Hearing, Line, hear
from clairvoie.cli.listen_options import clock_seconds, intervals, moment, refuse_overlap, rest_of
from clairvoie.cli.listen_spectrogram import Spectrogram
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.emergence import Interval, MarkedOctaves, Stretch, emergence_of, limit_periods
from clairvoie.detect.sound.noise_events import EventRule
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of every recording. ``appears`` is how long the noise in question appears in all, in seconds."""

    calibration: float | None = None
    start: datetime.datetime | None = None
    residual: tuple[Interval, ...] = ()
    ambient: tuple[Interval, ...] = ()
    appears: float | None = None
    events: EventRule | None = None


def wanted(
    calibration: float | None,
    event_threshold: float | None,
    start: str | None,
    marked: tuple[list[str] | None, list[str] | None],
    appears: str | None,
) -> Wanted:
    """What options ask for, as they were typed; ``marked`` are residual and ambient noise.

    Raises ``ConfigurationError`` for one that says nothing.
    """
    residual, ambient = intervals(marked[0]), intervals(marked[1])
    refuse_overlap(residual, ambient)
    return Wanted(
        calibration=calibration,
        start=None if start is None else moment(start),
        residual=residual,
        ambient=ambient,
        appears=None if appears is None else clock_seconds(appears),
        events=EventRule(threshold=event_threshold),
    )


def listen_to(
    recording: Recording,
    wanted: Wanted,
    tagger: SoundTagger | None,
    *,
    advance: Callable[[float], None],
    take: Callable[[Hearing, Iterable[Line]], None] | None = None,
    picture: Spectrogram | None = None,
) -> Hearing:
    """Everything that is heard in ``recording``. ``take`` gets the lines as they become certain, and once none at all
    before anything is heard; ``advance`` gets the position in seconds.

    Raises ``UnreadableRecording`` where it cannot be read on, and ``ConfigurationError`` where a marked interval holds
    no whole second of it.
    """
    model = tagger.model_hash if tagger is not None else None
    hearing = Hearing(recording, wanted.calibration, model, wanted.start)
    analyser = SoundAnalyser(recording.rate, wanted.calibration, tagger, details=True, events=wanted.events)
    octaves = _Octaves(recording, wanted) if wanted.residual else None
    if take is not None:
        take(hearing, ())
    try:
        for block, lines in hear(hearing, analyser):
            if block is not None:
                advance(block.end)
                if picture is not None:
                    picture.feed(block)
                if octaves is not None:
                    octaves.feed(block)
            if take is not None:
                take(hearing, lines)
    finally:
        if tagger is not None:
            tagger.finish()  # after an error too, so that nothing of this recording is heard in the next
    if picture is not None:
        picture.finish()
    if octaves is not None:
        octaves.compare(hearing, wanted)
    return hearing


class _Octaves:
    """What is marked in a recording, by octave."""

    def __init__(self, recording: Recording, wanted: Wanted) -> None:
        rate, calibration = recording.rate, wanted.calibration
        self._residual = MarkedOctaves(wanted.residual, rate, calibration)
        endless = rest_of(wanted.residual, float("inf"))
        self._ambient = MarkedOctaves(wanted.ambient or endless, rate, calibration)

    def feed(self, block: Block) -> None:
        self._residual.feed(block)
        self._ambient.feed(block)

    def compare(self, hearing: Hearing, wanted: Wanted) -> None:
        """Give ``hearing`` its emergence."""
        hearing.residual = wanted.residual
        hearing.ambient = wanted.ambient or rest_of(wanted.residual, hearing.length)
        residual = _stretch(hearing, hearing.residual, self._residual, "--residual")
        ambient = _stretch(hearing, hearing.ambient, self._ambient, "--ambient")
        hearing.emergence = emergence_of(
            ambient,
            residual,
            calibrated=hearing.calibration is not None,
            duration=wanted.appears,
            periods=limit_periods(hearing.ambient, hearing.start),
        )


def _stretch(hearing: Hearing, intervals: tuple[Interval, ...], octaves: MarkedOctaves, option: str) -> Stretch:
    level, seconds = hearing.levels.inside(intervals)
    if seconds == 0:
        shown = ", ".join(f"{one.start:g}-{one.end:g}" for one in intervals) or "nothing is left"
        raise ConfigurationError(
            f"{option} holds no whole second of a recording of {hearing.length:.1f} s",
            shown,
            "Mark at least one second; --residual has to leave some, or give --ambient.",
        )
    return Stretch(level, seconds, octaves.levels())
