"""Sentences rebuilt, by every method, and how intelligible what was rebuilt is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from clairvoie.lab.leak_candidates import cross_scored, explained, fingerprints
from clairvoie.lab.leak_heard import Heard
from clairvoie.lab.leak_measures import intelligibility, mean_interval
from clairvoie.lab.leak_reconstruction import from_thirds, speech_noise, vocoded_release
from clairvoie.lab.leak_results import Row
from clairvoie.lab.leak_speech import RATE
from clairvoie.lab.leak_words import Recogniser, word_errors
from clairvoie.lab.recordings import Sound

PLAIN, THIRDS_NOISE, THIRDS_PHASES = "plain sound", "thirds: noise vocoder", "thirds: Griffin-Lim"
RELEASED_NOISE = "released: noise"
LISTED_OTHER, LISTED_SAME = "released: likeliest on a list, other voice", "released: likeliest on a list, same voice"
NOTHING, CHANCE = "nothing: speech-like noise", "nothing: a sentence at random"
METHODS = (PLAIN, THIRDS_NOISE, THIRDS_PHASES, RELEASED_NOISE, LISTED_OTHER, LISTED_SAME, NOTHING, CHANCE)
FEW_VOICES = 12

Made = tuple[str, int, Sound, Sound, int | None]
"""Method, number of the sentence, the speech alone, what was made, and the candidate chosen."""


def rebuilt(heard: Heard, count: int, out: Path | None = None, learned: Heard | None = None) -> list[Row]:
    """A row for each method over the first ``count`` sentences; ``learned`` is another corpus to learn candidates from,
    for one that is too small."""
    recogniser = Recogniser(heard.corpus) if heard.said[0].words else None
    figures: dict[str, list[tuple[float, float, float]]] = {}
    for method, number, clean, sound, chosen in _made(heard, count, learned):
        said = heard.said[number].words
        wrong = 0.0
        if recogniser is not None:
            words = recogniser.words(sound) if chosen is None else heard.said[chosen].words
            wrong = word_errors(said, words) / len(said)
        figures.setdefault(method, []).append((*intelligibility(clean, sound), wrong))
        if out is not None:
            write(out, f"{heard.corpus}-{heard.background.name}-{number:02d}-{method}", sound)
    return [
        Row(
            corpus=heard.corpus,
            background=heard.background.name,
            method=method,
            count=len(figures[method]),
            stoi=mean_interval([one[0] for one in figures[method]]),
            estoi=mean_interval([one[1] for one in figures[method]]),
            word_errors=mean_interval([one[2] for one in figures[method]]) if recogniser is not None else None,
        )
        for method in METHODS
    ]


def _made(heard: Heard, count: int, learned: Heard | None) -> Iterator[Made]:
    same, other = _chosen(heard, learned)
    spectrum = [minute.clean for minute in heard.library[:FEW_VOICES]]
    for number, minute in enumerate(heard.minutes[:count]):
        clean, plain = minute.clean, minute.sound
        again = heard.again[number].clean
        another = (number + 1) % len(heard.library)
        yield PLAIN, number, clean, plain, None
        yield THIRDS_NOISE, number, clean, from_thirds(plain, phases=False), None
        yield THIRDS_PHASES, number, clean, from_thirds(plain, phases=True), None
        yield RELEASED_NOISE, number, clean, vocoded_release(minute), None
        yield LISTED_OTHER, number, clean, fitted(heard.library[other[number]].clean, clean.size), other[number]
        yield LISTED_SAME, number, again, fitted(heard.library[same[number]].clean, again.size), same[number]
        yield NOTHING, number, clean, speech_noise(spectrum, clean.size), None
        yield CHANCE, number, clean, fitted(heard.library[another].clean, clean.size), another


def _chosen(heard: Heard, learned: Heard | None) -> tuple[list[int], list[int]]:
    """For each sentence the likeliest candidate, for the attacker's own voice and for the talkers'."""
    known = fingerprints([minute.released for minute in heard.library])
    found = []
    for which in ("again", "minutes"):
        targets = fingerprints([minute.released for minute in getattr(heard, which)])
        if learned is None:
            scores = cross_scored(targets, known)
        else:
            pairs = [fingerprints([one.released for one in getattr(learned, name)]) for name in (which, "library")]
            scores = explained(*pairs).scores(targets, known)
        found.append([int(best) for best in np.argmax(scores, axis=1)])
    return found[0], found[1]


def fitted(sound: Sound, samples: int) -> Sound:
    """``sound`` cut or filled with silence to a length that nobody told the attacker."""
    whole = np.zeros(samples, dtype=np.float32)
    whole[: min(samples, sound.size)] = sound[:samples]
    return whole


def write(out: Path, name: str, sound: Sound) -> None:
    """One reconstruction as a WAV file, for ears."""
    out.mkdir(parents=True, exist_ok=True)
    loudest = float(np.abs(sound).max()) or 1.0
    words = "".join(letter if letter.isalnum() else " " for letter in name).split()
    wavfile.write(out / f"{'-'.join(words)}.wav", RATE, np.asarray(sound / loudest * 30_000, dtype=np.int16))
