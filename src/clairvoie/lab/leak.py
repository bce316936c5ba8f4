"""The leak audit: what can be made of speech from everything that a sensor releases while people talk beside it.

For comparison the same is asked of third-octave levels every 125 ms and of the sound itself, as other systems send: a
measure that does not find speech there would prove nothing by not finding it here. Nothing is written to disk unless a
folder is given.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from scipy.io import wavfile

from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.errors import LabError
from clairvoie.lab.leak_measures import Recogniser, equal_error_rate, intelligibility, voice, word_errors
from clairvoie.lab.leak_reconstruction import fingerprint, from_thirds, nearest, spread, vocoded_release
from clairvoie.lab.leak_scene import Minute, Released, minutes_of
from clairvoie.lab.leak_speech import RATE, Said, real_digits, real_sentences, synthetic
from clairvoie.lab.leak_talking import TALK_OVER_STREET, Talking, scenes, talking
from clairvoie.lab.recordings import Sound

SENTENCES = 40
QUICK_SENTENCES = 6
BACKGROUNDS = ("quiet", "street")
PLAIN, THIRDS_NOISE, THIRDS_PHASES = "plain sound", "thirds: noise vocoder", "thirds: Griffin-Lim"
RELEASED_NOISE = "released: noise"
RELEASED_SAME, RELEASED_OTHER = "released: nearest, same voice", "released: nearest, other voice"
CHANCE = "a sentence at random"
METHODS = (PLAIN, THIRDS_NOISE, THIRDS_PHASES, RELEASED_NOISE, RELEASED_SAME, RELEASED_OTHER, CHANCE)
RELEASED = (RELEASED_NOISE, RELEASED_SAME, RELEASED_OTHER)

Report = Callable[[str], None]
log = logging.getLogger(__name__)


class Row(Struct, frozen=True, kw_only=True):
    """One method on one corpus: means over ``count`` sentences. ``word_errors`` is a share of the words said, ``None``
    where there is no recogniser or no transcript; ``found`` is how often the candidate chosen was the one said."""

    corpus: str
    background: str
    method: str
    count: int
    stoi: float
    estoi: float
    word_errors: float | None = None
    found: float | None = None


class Speaker(Struct, frozen=True, kw_only=True):
    """Equal error rate of telling whether two sentences are by one speaker; 0.5 is guessing."""

    corpus: str
    background: str
    method: str
    speakers: int
    equal_error_rate: float


class Audit(Struct, frozen=True, kw_only=True):
    """Everything measured. ``left_out`` says what was not, and why."""

    sentences: int
    rows: tuple[Row, ...]
    speakers: tuple[Speaker, ...]
    talking: tuple[Talking, ...]
    left_out: tuple[str, ...]


class Heard(Struct, frozen=True, kw_only=True):
    """A corpus beside one sensor, with the same sentences by the same and by other speakers as candidates."""

    corpus: str
    background: str
    said: tuple[Said, ...]
    minutes: tuple[Minute, ...]
    same: tuple[Minute, ...] = ()
    other: tuple[Minute, ...] = ()


def audit(
    data: Path | None = None, out: Path | None = None, *, count: int = SENTENCES, quick: bool = False,
    report: Report = log.info,
) -> Audit:  # fmt: skip
    """Measure. ``data`` holds ``speech`` with real recordings; ``out`` is where reconstructions may be written."""
    count = min(count, QUICK_SENTENCES) if quick else count
    if count < 2:
        raise LabError("two sentences at least are compared", count, "Give --sentences 40.")
    tagger = SoundTagger.load()
    left_out = ["words in French: pocketsphinx has no French model in its package, so STOI and ESTOI only"]
    corpora = {language: (synthetic(language, count), synthetic(language, count, shift=5)) for language in ("en", "fr")}
    if data is None:
        left_out.append("real recordings: no --data given")
    rows: list[Row] = []
    speakers: list[Speaker] = []
    for background in BACKGROUNDS:
        for language, (said, other) in corpora.items():
            report(f"{language}, {background}")
            heard = listen(language, background, said, tagger, other)
            rows += measured(heard, out)
            speakers += recognised(heard) if language == "en" else []
        for corpus in [] if data is None else real(data, count):
            report(f"{corpus[0].corpus}, {background}")
            heard = listen(corpus[0].corpus, background, corpus, tagger)
            rows += measured(heard, out)
            speakers += recognised(heard) if heard.corpus == "digits" else []
    voices = [one.sound for said, _ in corpora.values() for one in said]
    return Audit(
        sentences=count,
        rows=tuple(rows),
        speakers=tuple(speakers),
        talking=tuple(_talking(voices, tagger, quick, report)),
        left_out=tuple(left_out),
    )


def _talking(voices: Sequence[Sound], tagger: SoundTagger, quick: bool, report: Report) -> list[Talking]:
    found = []
    for over_street in TALK_OVER_STREET[:1] if quick else TALK_OVER_STREET:
        report(f"was somebody talking, {over_street:+d} dB over the street")
        count, minutes = (4, 4) if quick else (12, 6)
        found.append(talking(scenes(voices, over_street, count, minutes, tagger), over_street))
    return found


def real(data: Path, count: int) -> list[list[Said]]:
    """Corpora of real recordings: sentences by language, and digits."""
    sentences = real_sentences(data)
    names = sorted({said.corpus for said in sentences})
    found = [[said for said in sentences if said.corpus == name] for name in names]
    return [corpus for corpus in (*found, real_digits(data, min(60, 2 * count))) if corpus]


def listen(
    corpus: str, background: str, said: Sequence[Said], tagger: SoundTagger | None, other: Sequence[Said] = ()
) -> Heard:
    """What a sensor hears and releases; the candidates lie at other moments and levels over other noise."""
    sounds = [one.sound for one in said]
    return Heard(
        corpus=corpus,
        background=background,
        said=tuple(said),
        minutes=tuple(minutes_of(sounds, background, 1, tagger)),
        same=tuple(minutes_of(sounds, background, 2, tagger)) if other else (),
        other=tuple(minutes_of([one.sound for one in other], background, 3, tagger)) if other else (),
    )


def reconstructions(heard: Heard, number: int) -> dict[str, tuple[Sound, int | None]]:
    """By method: what is made of one sentence, and which candidate was chosen where there are candidates."""
    minute = heard.minutes[number]
    plain = minute.sound
    found: dict[str, tuple[Sound, int | None]] = {
        PLAIN: (plain, None),
        THIRDS_NOISE: (from_thirds(plain, phases=False), None),
        THIRDS_PHASES: (from_thirds(plain, phases=True), None),
        RELEASED_NOISE: (vocoded_release(minute), None),
    }
    libraries = ((RELEASED_SAME, heard.same), (RELEASED_OTHER, heard.other)) if heard.other else ()
    for method, library in libraries:
        candidates = [one.released for one in library]
        chosen = nearest(minute.released, candidates, spread(candidates))
        found[method] = (fitted(library[chosen].clean, plain.size), chosen)
    another = (number + 1) % len(heard.minutes)
    found[CHANCE] = (fitted(heard.minutes[another].clean, plain.size), another)
    return found


def fitted(sound: Sound, samples: int) -> Sound:
    """``sound`` cut or filled with silence to a length that nobody told the attacker."""
    whole = np.zeros(samples, dtype=np.float32)
    whole[: min(samples, sound.size)] = sound[:samples]
    return whole


def measured(heard: Heard, out: Path | None = None) -> list[Row]:
    """A row for each method."""
    recogniser = Recogniser(heard.corpus) if heard.corpus in ("en", "digits") else None
    figures: dict[str, list[tuple[float, float, float, float]]] = {}
    for number, said in enumerate(heard.said):
        for method, (sound, chosen) in reconstructions(heard, number).items():
            stoi, estoi = intelligibility(heard.minutes[number].clean, sound)
            words = recogniser.words(sound) if recogniser is not None else ()
            errors = word_errors(said.words, words) / max(1, len(said.words))
            figures.setdefault(method, []).append((stoi, estoi, errors, float(chosen == number)))
            if out is not None:
                write(out, f"{heard.corpus}-{heard.background}-{number:02d}-{method}", sound)
    means = {method: np.mean(values, axis=0) for method, values in figures.items()}
    return [
        Row(
            corpus=heard.corpus,
            background=heard.background,
            method=method,
            count=len(heard.said),
            stoi=float(mean[0]),
            estoi=float(mean[1]),
            word_errors=None if recogniser is None else float(mean[2]),
            found=float(mean[3]) if method in (RELEASED_SAME, RELEASED_OTHER) else None,
        )
        for method, mean in means.items()
    ]


def write(out: Path, name: str, sound: Sound) -> None:
    """One reconstruction as a WAV file, for ears."""
    out.mkdir(parents=True, exist_ok=True)
    loudest = float(np.abs(sound).max()) or 1.0
    path = out / f"{name.replace(': ', '-').replace(', ', '-').replace(' ', '-')}.wav"
    wavfile.write(path, RATE, np.asarray(sound / loudest * 30_000, dtype=np.int16))


def recognised(heard: Heard) -> list[Speaker]:
    """How well the speaker is told, from the sound, from thirds, and from what is released (values, and as noise)."""
    speakers = [said.speaker for said in heard.said]
    made = [reconstructions(heard, number) for number in range(len(heard.said))]
    vectors = {
        method: np.array([voice(one[method][0]) for one in made])
        for method in (PLAIN, THIRDS_NOISE, THIRDS_PHASES, RELEASED_NOISE)
    }
    vectors["released: values"] = np.array([_values(minute.released) for minute in heard.minutes])
    return [
        Speaker(
            corpus=heard.corpus,
            background=heard.background,
            method=method,
            speakers=len(set(speakers)),
            equal_error_rate=equal_error_rate(found, speakers),
        )
        for method, found in vectors.items()
    ]


def _values(released: Released) -> np.ndarray:
    return np.asarray(np.nan_to_num(fingerprint(released), nan=0.0))
