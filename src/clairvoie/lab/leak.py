"""The leak audit: what can be made of speech from everything that a sensor releases while people talk beside it.

For comparison the same is asked of third-octave levels every 125 ms and of the sound itself, as other systems send: a
measure that does not find speech there would prove nothing by not finding it here. Nothing is written to disk unless a
folder is given. :mod:`clairvoie.lab.leak_results` is what comes out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.errors import LabError
from clairvoie.lab.leak_candidates import bits, cross_scored, explained, fingerprints, guesses
from clairvoie.lab.leak_heard import Heard, listen
from clairvoie.lab.leak_measures import mean_interval
from clairvoie.lab.leak_rebuilt import rebuilt
from clairvoie.lab.leak_results import VERSION, Audit, ListAttack, Reading, Row, Speaker, Talking
from clairvoie.lab.leak_scene import QUIET, STREETS, Background, Minute, Released
from clairvoie.lab.leak_settings import ALL, SETTINGS
from clairvoie.lab.leak_speakers import equal_error_rate, thirds_voice, voice
from clairvoie.lab.leak_speech import Said, library, made_with, passages, real_digits, real_sentences, synthetic
from clairvoie.lab.leak_talking import TALK_OVER_STREET, scenes, talking
from clairvoie.lab.leak_words import thirds_in_time, words_wrong
from clairvoie.lab.recordings import Sound

SENTENCES, CANDIDATES = 40, 100
DIGIT_THREES = 60
FEWEST_PAIRS = 10
"""Sentences, with fewer of which no model of candidates is learned."""
PLAIN, THIRDS, RELEASED = "plain sound", "thirds every 125 ms", "released"
SAME_VOICE, OTHER_VOICE, REPLAYED = "same voice", "other voices", "the same sound"
LEFT_OUT = (
    "more than one person talking at once; rooms; dialects; shouting; whispering",
    "a recogniser trained for French: pocketsphinx is given French words in English phones, so its errors are high",
    "neural vocoders and neural speaker models: none is among this project's dependencies",
    "the gate's budget, merging and drops, which can only lessen what is released",
)

Report = Callable[[str, int, int], None]
"""What begins, how many parts are done, how many there are."""
log = logging.getLogger(__name__)


class Plan(NamedTuple):
    """How much is measured: sentences rebuilt, sentences on the list, passages, and where."""

    sentences: int
    candidates: int
    corpora: tuple[tuple[str, tuple[Background, ...]], ...]
    passages: tuple[Background, ...]
    talk: tuple[int, ...]
    talk_scenes: int
    talk_minutes: int
    seed: int


class Spoken(NamedTuple):
    """The same sentences by many, by the attacker's voice, and as the attacker's library."""

    said: Sequence[Said]
    again: Sequence[Said]
    library: Sequence[Said]


class Found(NamedTuple):
    """Figures so far."""

    rows: list[Row]
    readings: list[Reading]
    lists: list[ListAttack]
    speakers: list[Speaker]
    talking: list[Talking]


def plan_of(count: int, candidates: int, seed: int, *, quick: bool) -> Plan:
    """The whole audit, or with ``quick`` so little that it only shows that all of it runs."""
    if count < 2 or candidates < 2:
        raise LabError("two sentences at least are compared", min(count, candidates), "Give --sentences 40.")
    if quick:
        few = min(count, 4)
        return Plan(
            few, max(few, min(candidates, FEWEST_PAIRS)), (("en", (QUIET,)),), (), TALK_OVER_STREET[:1], 4, 2, seed
        )
    corpora = (("en", (QUIET, *STREETS)), ("fr", (QUIET, STREETS[0])))
    return Plan(count, max(count, candidates), corpora, STREETS, TALK_OVER_STREET, 12, 6, seed)


def _log(what: str, done: int, of: int) -> None:
    log.info("%s (%d of %d)", what, done + 1, of)


def audit(
    data: Path | None = None, out: Path | None = None, *, count: int = SENTENCES, candidates: int = CANDIDATES,
    seed: int = 0, quick: bool = False, report: Report = _log,
) -> Audit:  # fmt: skip
    """Measure. ``data`` holds ``speech`` with real recordings; ``out`` is where reconstructions may be written."""
    plan = plan_of(count, candidates, seed, quick=quick)
    found = Found([], [], [], [], [])
    voices: list[Sound] = []
    jobs = list(_jobs(plan, data, out, found, voices))
    for number, (what, job) in enumerate(jobs):
        report(what, number, len(jobs))
        job()
    left_out = LEFT_OUT if data is not None and not quick else (*LEFT_OUT, "real recordings")
    return Audit(
        version=VERSION,
        made_with=made_with(),
        seed=seed,
        quick=quick,
        sentences=plan.sentences,
        candidates=plan.candidates,
        rows=tuple(found.rows),
        readings=tuple(found.readings),
        lists=tuple(found.lists),
        speakers=tuple(found.speakers),
        talking=tuple(found.talking),
        left_out=left_out,
    )


def _jobs(
    plan: Plan, data: Path | None, out: Path | None, found: Found, voices: list[Sound]
) -> Iterator[tuple[str, Callable[[], None]]]:
    """What is to be done, in order, each with its name. Speech is made once for all backgrounds."""
    learned: dict[str, Heard] = {}
    for language, backgrounds in plan.corpora:
        spoken = Spoken(
            synthetic(language, plan.candidates, plan.seed),
            library(language, plan.candidates, plan.seed, again=True),
            library(language, plan.candidates, plan.seed),
        )
        voices += [one.sound for one in spoken.said]
        for kind in backgrounds:
            yield f"{language}, {kind.name}", partial(_sentences, found, spoken, kind, plan, out, learned)
    for kind in plan.passages:
        yield f"whole minutes, {kind.name}", partial(_passages, found, kind, plan)
    for kind in (QUIET, STREETS[0]) if plan.passages else ():
        if data is None:
            continue
        yield f"recordings, {kind.name}", partial(_recordings, found, data, kind, plan, learned, out)
    for over in plan.talk:
        yield f"was somebody talking, {over:+d} dB over the street", partial(_talk, found, voices, over, plan)


def _sentences(
    found: Found, spoken: Spoken, kind: Background, plan: Plan, out: Path | None, learned: dict[str, Heard]
) -> None:
    english = spoken.said[0].corpus == "en"
    heard = listen(*spoken, kind, plan.seed, replay=english)
    if english:
        learned[kind.name] = heard
    _measure(found, heard, plan.sentences, out)


def _passages(found: Found, kind: Background, plan: Plan) -> None:
    found.lists.extend(_lists(listen(*passages("en", plan.sentences, plan.seed), kind, plan.seed)))


def _talk(found: Found, voices: Sequence[Sound], over: int, plan: Plan) -> None:
    heard = scenes(voices, over, plan.talk_scenes, plan.talk_minutes, SoundTagger.load())
    found.talking.append(talking(heard, over))


def _measure(found: Found, heard: Heard, count: int, out: Path | None) -> None:
    found.rows.extend(rebuilt(heard, count, out))
    found.lists.extend(_lists(heard))
    found.readings.extend(_readings(heard))
    found.speakers.extend(_speakers(heard))


def _recordings(
    found: Found, data: Path, kind: Background, plan: Plan, learned: dict[str, Heard], out: Path | None
) -> None:
    """Real people: digits in quantity, and a few sentences, for which the model of candidates is the English one."""
    digits = real_digits(data, DIGIT_THREES, plan.seed)
    if digits.said:
        _measure(found, listen(digits.said, digits.again, digits.library, kind, plan.seed), plan.sentences, out)
    sentences = real_sentences(data)
    if len(sentences) < 2:
        return
    heard = listen(sentences, sentences, sentences, kind, plan.seed)
    english = learned[kind.name]
    found.rows.extend(rebuilt(heard, plan.sentences, out, english))
    model = explained(fingerprints(_released(english.replayed)), fingerprints(_released(english.library)))
    scores = model.scores(fingerprints(_released(heard.again)), fingerprints(_released(heard.library)))
    found.lists.append(_attack(heard, REPLAYED, ALL, scores))


def _released(minutes: Sequence[Minute], setting: str = ALL) -> list[Released]:
    return [SETTINGS[setting](minute) for minute in minutes]


def _lists(heard: Heard) -> list[ListAttack]:
    """An attacker with a list, for each setting, whose candidates are in the talker's voice, or another, or the very
    sound."""
    if len(heard.said) < FEWEST_PAIRS:
        return []
    found = []
    for setting in SETTINGS:
        known = fingerprints(_released(heard.library, setting))
        for voices, minutes in ((SAME_VOICE, heard.again), (OTHER_VOICE, heard.minutes), (REPLAYED, heard.replayed)):
            if minutes:
                scores = cross_scored(fingerprints(_released(minutes, setting)), known)
                found.append(_attack(heard, voices, setting, scores))
    return found


def _attack(heard: Heard, voices: str, setting: str, scores: np.ndarray) -> ListAttack:
    return ListAttack(
        corpus=heard.corpus,
        background=heard.background.name,
        voice=voices,
        setting=setting,
        candidates=scores.shape[1],
        by_size=guesses(scores),
        bits=mean_interval(bits(scores)),
    )


def _named(setting: str) -> str:
    return f"{RELEASED}: {setting}"


def _readings(heard: Heard) -> list[Reading]:
    """Words told from values, learned on the talkers' and the attacker's own voices; other sentences only."""
    minutes = [*heard.minutes, *heard.again, *heard.library]
    said = [one.words for one in (*heard.said, *heard.said, *heard.said)]
    vectors = {
        THIRDS: np.array([thirds_in_time(minute.sound) for minute in minutes]),
        **{_named(setting): fingerprints(_released(minutes, setting)) for setting in SETTINGS},
    }
    count = len(heard.said)
    return [
        Reading(
            corpus=heard.corpus,
            background=heard.background.name,
            material=material,
            sentences=count,
            word_errors=mean_interval(words_wrong(found, said, heard.corpus)[:count]),
            chance=0.9,
        )
        for material, found in vectors.items()
    ]


def _speakers(heard: Heard) -> list[Speaker]:
    talkers = heard.talkers()
    names = [speaker for speaker, _ in talkers]
    minutes = [minute for _, minute in talkers]
    vectors = {
        PLAIN: np.array([voice(minute.sound) for minute in minutes]),
        THIRDS: np.array([thirds_voice(minute.sound) for minute in minutes]),
        **{_named(setting): fingerprints(_released(minutes, setting)) for setting in SETTINGS},
    }
    rates = {material: equal_error_rate(found, names) for material, found in vectors.items()}
    return [
        Speaker(
            corpus=heard.corpus,
            background=heard.background.name,
            material=material,
            speakers=len(set(names)),
            count=len(names),
            equal_error_rate=rate,
        )
        for material, rate in rates.items()
        if rate is not None
    ]
