"""Where words and ticks go in the picture of ``listen``: none covers another, and times are round ones."""

from __future__ import annotations

from typing import NamedTuple

from clairvoie.cli import listen_words as words
from clairvoie.cli.hearing import Heard

LABEL_ROWS = 2
LABEL_NEAR = 0.06
LETTER_WIDTH = 0.0105
"""Shares of the width of the axes."""
MOST_TICKS = 9
TICK_STEPS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)),
)


class Label(NamedTuple):
    """Words above the spectrogram: ``left`` from 0 to 1, ``row`` from below."""

    left: float
    row: int
    words: str


def detection_labels(detections: list[Heard], length: float, language: str = "en") -> list[Label]:
    """Names of detections, none covering another: near ones of one kind are counted, what has no room is left out.

    >>> from clairvoie.boundary.hazards import HazardKind
    >>> bang = Heard(HazardKind.IMPULSE, 1.0, 1.0, None, 90.0)
    >>> detection_labels([bang, bang], 60.0)[0].words
    'impulse ×2'
    """
    groups: list[list[Heard]] = []
    for heard in sorted(detections, key=lambda h: h.onset):
        near = [g for g in groups if g[0].kind is heard.kind and (heard.onset - g[0].onset) / length < LABEL_NEAR]
        if near:
            near[-1].append(heard)
        else:
            groups.append([heard])
    labels: list[Label] = []
    ends = [-1.0] * LABEL_ROWS
    for group in groups:
        sure = max((h.confidence or 0.0 for h in group), default=0.0)
        name = words.HAZARDS[group[0].kind].to(language)
        text = name + (f" ×{len(group)}" if len(group) > 1 else "")
        text += f" {words.number(sure, language, 2)}" if sure else ""
        left = max(0.0, min(group[0].onset / length, 1.0 - LETTER_WIDTH * len(text)))
        row = next((i for i, end in enumerate(ends) if end <= left), None)
        if row is not None:
            ends[row] = left + LETTER_WIDTH * (len(text) + 1)
            labels.append(Label(left, row, text))
    return labels


def spaced(values: list[float], least: float, bottom: float) -> list[float]:
    """``values`` (greatest first) pushed apart: each at least ``least`` below the one before, none under ``bottom``.

    >>> spaced([60.0, 52.0, 51.0], 4.0, 30.0)
    [60.0, 52.0, 48.0]
    >>> spaced([60.0, 33.0, 32.0], 4.0, 30.0)
    [60.0, 34.0, 30.0]
    """
    places: list[float] = []
    for value in values:
        places.append(min(value, places[-1] - least) if places else value)
    floor = bottom
    for number in reversed(range(len(places))):
        places[number] = max(places[number], floor)
        floor = places[number] + least
    return places


class Ticks(NamedTuple):
    """Where the ticks of a time axis stand, in seconds from its beginning, their words, and what they are in."""

    places: list[float]
    labels: list[str]
    unit: str


def time_ticks(length: float, clock: float | None = None) -> Ticks:
    """Ticks at round times of an axis of ``length`` seconds: from its beginning, or on the clock, ``clock`` being the
    seconds since midnight at its beginning.

    (places=[0.0, 10.0, ...], labels=['0', '10', ...], unit='s')
    >>> time_ticks(3600.0, 9 * 3600 + 50 * 60.0).labels
    ['9:50', '10:00', '10:10', '10:20', '10:30', '10:40', '10:50']
    """
    step = next((step for step in TICK_STEPS if length / step <= MOST_TICKS), TICK_STEPS[-1])
    offset = clock or 0.0
    first = -(-offset // step)
    places = [number * step - offset for number in range(int(first), int((offset + length) / step + 1e-9) + 1)]
    if clock is not None:
        return Ticks(places, [_clock_words(place + offset, step) for place in places], "")
    if length < 120:
        return Ticks(places, [f"{place:g}" for place in places], "s")
    if length < 7200:
        return Ticks(places, [f"{int(place) // 60}:{int(place) % 60:02d}" for place in places], "min:s")
    return Ticks(places, [f"{int(place) // 3600}:{int(place) % 3600 // 60:02d}" for place in places], "h:min")


def _clock_words(seconds: float, step: float) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{int(hours) % 24}:{int(minutes):02d}"
    if step >= 60:
        return text
    return f"{text}:{rest:02.0f}" if step >= 1 else f"{text}:{rest:06.3f}"
