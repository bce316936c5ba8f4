"""What is said beside the sensor in the leak audit: sentences in quantity by espeak-ng, and real recordings.

Sentences are of the matrix kind (Hagerman 1982, Scandinavian Audiology 11): five words, each one of ten, so that a
listener who knows the lists, and so an attacker, has 10 % of every word by guessing alone and nothing to gain from what
makes sense. Everything is at :data:`RATE`.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from math import gcd
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import resample_poly

from clairvoie.errors import LabError
from clairvoie.lab.recordings import Sound, read_sound

RATE = 32_000
SLOTS = {
    "en": (
        ("peter", "mary", "nina", "alan", "thomas", "rachel", "lucy", "steven", "barry", "kathy"),
        ("bought", "sold", "sees", "wants", "keeps", "found", "gives", "likes", "wins", "has"),
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve"),
        ("large", "small", "old", "new", "green", "red", "cheap", "dark", "heavy", "pretty"),
        ("chairs", "desks", "flowers", "houses", "rings", "shoes", "ships", "spoons", "toys", "books"),
    ),
    "fr": (
        ("agnès", "bruno", "charlotte", "émile", "félix", "jeanne", "michel", "sophie", "julien", "léa"),
        ("achète", "demande", "garde", "pose", "prend", "propose", "ramène", "reprend", "trouve", "voit"),
        ("deux", "trois", "cinq", "six", "sept", "huit", "neuf", "onze", "douze", "quinze"),
        ("ballons", "classeurs", "crayons", "jetons", "livres", "pions", "piquets", "rubans", "vélos", "anneaux"),
        ("blancs", "bleus", "gris", "jaunes", "mauves", "noirs", "roses", "rouges", "verts", "bruns"),
    ),
}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS_TOGETHER = 3
VARIANTS = ("m1", "f1", "m2", "f2", "m3", "f3", "m4", "f4", "m5", "f5", "m6", "m7")
"""espeak-ng's own variants of a voice; each stands for one speaker."""
ESPEAK_LANGUAGE = {"en": "en-gb", "fr": "fr-fr"}
SPEEDS = (130, 150, 170, 190)


class Said(NamedTuple):
    """Something said: ``words`` (none where no transcript exists), in which ``corpus``, by which ``speaker``."""

    corpus: str
    words: tuple[str, ...]
    speaker: str
    sound: Sound


def sentences(language: str, count: int, seed: int = 0) -> list[tuple[str, ...]]:
    """``count`` different sentences.

    >>> sentences("en", 1)
    [('kathy', 'has', 'ten', 'new', 'toys')]
    """
    rng = np.random.default_rng((seed, len(language), ord(language[0])))
    found: dict[tuple[str, ...], None] = {}
    while len(found) < count:
        found[tuple(words[int(rng.integers(10))] for words in SLOTS[language])] = None
    return list(found)


def spoken(language: str, words: tuple[str, ...], variant: str, speed: int) -> Sound:
    """``words`` by espeak-ng. Nothing is written to disk."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise LabError("espeak-ng is not installed", None, "On Debian: apt-get install espeak-ng.")
    voice = f"{ESPEAK_LANGUAGE[language]}+{variant}"
    command = [program, "-v", voice, "-s", str(speed), "--stdout", " ".join(words)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        raise LabError("espeak-ng said nothing", voice, done.stderr.decode(errors="replace")[:200])
    with wave.open(io.BytesIO(done.stdout)) as recording:
        rate = recording.getframerate()
        raw = recording.readframes(recording.getnframes())
    samples = np.asarray(np.frombuffer(raw, dtype="<i2") / 32_768, dtype=np.float32)
    return at_rate(trimmed(samples), rate)


def at_rate(samples: Sound, rate: int) -> Sound:
    """``samples`` at :data:`RATE`."""
    common = gcd(rate, RATE)
    return np.asarray(resample_poly(samples, RATE // common, rate // common), dtype=np.float32)


def trimmed(samples: Sound) -> Sound:
    """Without the silence before and after."""
    loud = np.flatnonzero(np.abs(samples) > 0.01 * float(np.abs(samples).max(initial=0.0)))
    if not loud.size:
        raise LabError("the speech is silent", samples.size, "Give recordings in which somebody speaks.")
    return np.asarray(samples[loud[0] : loud[-1] + 1], dtype=np.float32)


def synthetic(language: str, count: int, *, shift: int = 0, seed: int = 0) -> list[Said]:
    """``count`` different sentences by many speakers. With ``shift`` the same sentences by other speakers."""
    return [
        Said(
            language,
            words,
            VARIANTS[(number + shift) % len(VARIANTS)],
            spoken(
                language,
                words,
                VARIANTS[(number + shift) % len(VARIANTS)],
                SPEEDS[(number // len(VARIANTS) + shift) % len(SPEEDS)],
            ),
        )
        for number, words in enumerate(sentences(language, count, seed))
    ]


def real_sentences(data: Path) -> list[Said]:
    """The recorded sentences of ``data``/speech, French and English, without transcripts."""
    found = sorted((data / "speech").glob("*.wav"))
    return [Said(f"real-{path.name[:2]}", (), path.stem, trimmed(read_sound(path, RATE))) for path in found]


def real_digits(data: Path, count: int) -> list[Said]:
    """Three recorded digits at a time by one of six people, at most ``count`` triples, speakers in turn."""
    by_speaker: dict[str, list[tuple[str, Path]]] = {}
    for path in sorted((data / "speech" / "digits").glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        by_speaker.setdefault(speaker, []).append((DIGITS[int(digit)], path))
    rng = np.random.default_rng(1)
    triples: list[list[Said]] = []
    for speaker, recordings in sorted(by_speaker.items()):
        order = [recordings[i] for i in rng.permutation(len(recordings))]
        groups = [order[i : i + DIGITS_TOGETHER] for i in range(0, len(order) - 2, DIGITS_TOGETHER)]
        triples.append([_triple(speaker, group) for group in groups[: -(-count // max(1, len(by_speaker)))]])
    return [said for together in zip(*triples, strict=False) for said in together][:count]


def _triple(speaker: str, group: list[tuple[str, Path]]) -> Said:
    pause = np.zeros(round(0.15 * RATE), dtype=np.float32)
    pieces: list[Sound] = []
    for _, path in group:
        pieces += [trimmed(read_sound(path, RATE)), pause]
    return Said("digits", tuple(word for word, _ in group), speaker, np.concatenate(pieces[:-1]))
