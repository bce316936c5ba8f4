"""What is said beside the sensor in the leak audit: sentences in quantity by espeak-ng, and real recordings.

Sentences are of the matrix kind (Hagerman 1982, Scandinavian Audiology 11): five words, each one of ten, so that a
listener who knows the lists, and so an attacker, has 10 % of every word by guessing alone and nothing to gain from what
makes sense. Everything is at :data:`RATE`.
"""

from __future__ import annotations

import io
import platform
import shutil
import subprocess
import wave
from importlib import metadata
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
VARIANTS = (
    *("m1", "f1", "m2", "f2", "m4", "f3", "m5", "f4", "edward", "f5"),
    *("Diogo", "steph", "john", "david", "grandpa", "victor"),
)
"""espeak-ng's own variants of a voice, those that a recogniser understands best; each stands for one speaker."""
LIBRARY_VARIANT, LIBRARY_SPEED = {"en": "m8", "fr": "Denis"}, 160
"""The one voice in which an attacker has every candidate, and which none of :data:`VARIANTS` is."""
ESPEAK_LANGUAGE = {"en": "en", "fr": "fr"}
"""Short names on purpose: espeak-ng 1.51 takes ``en-gb+f2`` without complaint and then ignores the variant."""
SPEEDS = (130, 150, 170, 190)
PASSAGE_SENTENCES = 24
PASSAGE_SECONDS = 50
LIBRARY_SPEAKER = "theo"


class Said(NamedTuple):
    """Something said: ``words`` (none where no transcript exists), in which ``corpus``, by which ``speaker``."""

    corpus: str
    words: tuple[str, ...]
    speaker: str
    sound: Sound


def sentences(language: str, count: int, seed: int = 0) -> list[tuple[str, ...]]:
    """``count`` different sentences.

    >>> sentences("en", 1)
    [('kathy', 'sold', 'twelve', 'pretty', 'ships')]
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


def synthetic(language: str, count: int, seed: int = 0) -> list[Said]:
    """``count`` different sentences by as many speakers as there are variants, in turn, at different speeds."""
    return [
        Said(language, words, variant, spoken(language, words, variant, speed))
        for words, variant, speed in zip(sentences(language, count, seed), *_in_turn(count), strict=True)
    ]


def library(language: str, count: int, seed: int = 0, *, again: bool = False) -> list[Said]:
    """The same sentences in the attacker's own voice; ``again``: said anew by that voice, at other speeds."""
    variant = LIBRARY_VARIANT[language]
    speeds = _in_turn(count)[1] if again else [LIBRARY_SPEED] * count
    return [
        Said(language, words, variant, spoken(language, words, variant, speed))
        for words, speed in zip(sentences(language, count, seed), speeds, strict=True)
    ]


def passages(language: str, count: int, seed: int = 0) -> tuple[list[Said], list[Said], list[Said]]:
    """``count`` passages of :data:`PASSAGE_SECONDS`: by speakers in turn, by the attacker's voice, and the library."""
    texts = sentences(language, count * PASSAGE_SENTENCES, seed + 1)
    own = LIBRARY_VARIANT[language]
    found: tuple[list[Said], list[Said], list[Said]] = ([], [], [])
    for number, (variant, speed) in enumerate(zip(*_in_turn(count), strict=True)):
        lines = texts[number * PASSAGE_SENTENCES : (number + 1) * PASSAGE_SENTENCES]
        words = (". ".join(" ".join(line) for line in lines),)
        ways = ((variant, speed), (own, SPEEDS[number % len(SPEEDS)]), (own, LIBRARY_SPEED))
        for kind, (voice, pace) in zip(found, ways, strict=True):
            sound = spoken(language, words, voice, pace)[: PASSAGE_SECONDS * RATE]
            kind.append(Said(f"{language}, whole minutes", words, voice, sound))
    return found


def _in_turn(count: int) -> tuple[list[str], list[int]]:
    numbers = range(count)
    return [VARIANTS[i % len(VARIANTS)] for i in numbers], [
        SPEEDS[(i + i // len(VARIANTS)) % len(SPEEDS)] for i in numbers
    ]


def real_sentences(data: Path) -> list[Said]:
    """The recorded sentences of ``data``/speech, French and English, without transcripts."""
    found = sorted((data / "speech").glob("*.wav"))
    return [Said("recorded", (), path.stem, trimmed(read_sound(path, RATE))) for path in found]


class Digits(NamedTuple):
    """Recorded digits, three at a time: ``said`` by everybody else in turn, and twice by :data:`LIBRARY_SPEAKER`."""

    said: list[Said]
    again: list[Said]
    library: list[Said]


def real_digits(data: Path, count: int, seed: int = 0) -> Digits:
    """``count`` different threes of recorded digits; each use of a three is of other recordings."""
    sounds: dict[tuple[str, int, int], Sound] = {}
    for path in sorted((data / "speech" / "digits").glob("*.wav")):
        digit, speaker, take = path.stem.split("_")
        sounds[speaker, int(digit), int(take)] = trimmed(read_sound(path, RATE))
    speakers = sorted({speaker for speaker, _, _ in sounds} - {LIBRARY_SPEAKER})
    found = Digits([], [], [])
    if not speakers:
        return found
    rng = np.random.default_rng((seed, 5))
    threes: dict[tuple[int, ...], None] = {}
    while len(threes) < count:
        threes[tuple(int(digit) for digit in rng.choice(10, DIGITS_TOGETHER, replace=False))] = None
    for number, three in enumerate(threes):
        found.said.append(_three(sounds, speakers[number % len(speakers)], three, 2))
        found.again.append(_three(sounds, LIBRARY_SPEAKER, three, 1))
        found.library.append(_three(sounds, LIBRARY_SPEAKER, three, 0))
    return found


def _three(sounds: dict[tuple[str, int, int], Sound], speaker: str, digits: tuple[int, ...], take: int) -> Said:
    pause = np.zeros(round(0.15 * RATE), dtype=np.float32)
    pieces: list[Sound] = []
    for digit in digits:
        pieces += [sounds[speaker, digit, take], pause]
    return Said("digits", tuple(DIGITS[digit] for digit in digits), speaker, np.concatenate(pieces[:-1]))


def made_with() -> dict[str, str]:
    """Versions of everything that decides a figure."""
    packages = ("clairvoie", "numpy", "scipy", "pystoi", "pocketsphinx")
    found = {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}
    program = shutil.which("espeak-ng")
    if program is not None:
        said = subprocess.run([program, "--version"], capture_output=True, check=False).stdout.decode(errors="replace")
        found["espeak-ng"] = said.partition(":")[2].split()[0] if ":" in said else "unknown"
    return found
