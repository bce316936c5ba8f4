"""Was somebody talking? Minutes of street with and without talk, and how well everything released tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.lab.leak_measures import told_apart
from clairvoie.lab.leak_results import Talking
from clairvoie.lab.leak_scene import MINUTE, STREET_DB, STREETS, TENS, Released, background, releases, scaled
from clairvoie.lab.leak_speech import RATE
from clairvoie.lab.recordings import Sound

TALK_OVER_STREET = (10, 0, -10)
"""LAeq of the talk less that of the street, in dB."""
TALK_SECONDS = 9.0
POOLS = (2, 3)
"""Scenes to learn from and scenes to be judged share no car."""


class Scenes(NamedTuple):
    """What was released of every minute, in which scene it lay, and during which of its ten seconds somebody talked."""

    released: list[Released]
    scenes: np.ndarray
    talk: np.ndarray


def scenes(voices: Sequence[Sound], over_street: float, count: int, minutes: int, tagger: SoundTagger | None) -> Scenes:
    """``count`` streets of ``minutes`` each; in every second minute, in each third of its tens at random, talk."""
    released: list[Released] = []
    talk = np.zeros((count * minutes, TENS), dtype=bool)
    for scene in range(count):
        rng = np.random.default_rng((scene, 11))
        street = background(STREETS[0], minutes, scene, POOLS[scene % 2])
        for minute in range(minutes):
            if rng.random() < 0.5:
                continue
            for ten in rng.choice(TENS, TENS // 2, replace=False):
                talk[scene * minutes + minute, ten] = True
                speech = scaled(_talk(voices, rng), STREET_DB + over_street)
                at = round((minute * MINUTE + ten * 10 + 0.5) * RATE)
                street[at : at + speech.size] += speech
        released += releases(street, tagger)
    return Scenes(released, np.repeat(np.arange(count), minutes), talk)


def _talk(voices: Sequence[Sound], rng: np.random.Generator) -> Sound:
    pieces: list[Sound] = []
    while sum(piece.size for piece in pieces) < TALK_SECONDS * RATE:
        pieces.append(voices[int(rng.integers(len(voices)))])
    return np.concatenate(pieces)[: round(TALK_SECONDS * RATE)]


def talking(found: Scenes, over_street: int) -> Talking:
    """How well "somebody talked" can be read off everything released."""
    minutes = np.array([one.vector() for one in found.released])
    tens = np.array([ten_vector(one, i) for one in found.released for i in range(TENS)])
    return Talking(
        over_street=over_street,
        minutes=len(minutes),
        by_minute=told_apart(minutes, np.asarray(found.talk.any(axis=1)), found.scenes),
        by_ten_seconds=told_apart(tens, found.talk.ravel(), np.repeat(found.scenes, TENS)),
    )


def ten_vector(released: Released, ten: int) -> np.ndarray:
    """What is known of ten seconds: their level beside those around them, and all of the minute."""
    levels = np.nan_to_num(released.tens, nan=0.0)
    level = levels[ten]
    before, after = levels[max(0, ten - 1)], levels[min(TENS - 1, ten + 1)]
    around = [level, level - before, level - after, level - levels.min(), level - released.l50, level - released.l90]
    return np.concatenate([np.nan_to_num(around, nan=0.0), released.vector()])
