"""The leak audit's measures can fail: they find speech in plain sound, and none in what merely is as loud."""

from __future__ import annotations

import numpy as np
import pytest

from clairvoie.lab.leak_measures import Recogniser, equal_error_rate, intelligibility, told_apart, word_errors
from clairvoie.lab.leak_reconstruction import from_thirds, nearest, spread, vocoded_release
from clairvoie.lab.leak_scene import minutes_of
from clairvoie.lab.leak_speech import DIGITS, RATE, sentences, spoken


def test_sentences_differ_and_are_the_same_each_time() -> None:
    assert len(set(sentences("fr", 50))) == 50
    assert sentences("en", 5) == sentences("en", 9)[:5]


def test_plain_speech_is_intelligible_and_its_loudness_alone_is_not(needs_speech: str) -> None:
    sound = spoken("en", ("peter", "sold", "three", "green", "books"), "m1", 150)
    [minute] = minutes_of([sound], "quiet", 1, None)
    plain = intelligibility(minute.clean, minute.sound)
    thirds = intelligibility(minute.clean, from_thirds(minute.sound, phases=True))
    released = intelligibility(minute.clean, vocoded_release(minute))
    assert plain[0] > 0.95
    assert plain[1] > thirds[1] > released[1]
    assert released[1] < 0.15
    assert Recogniser("en").words(minute.sound)[-1:] == ("books",)


def test_the_same_sound_in_the_library_is_found(needs_speech: str) -> None:
    sounds = [spoken("en", words, "f1", 150) for words in sentences("en", 3)]
    targets, library = (minutes_of(sounds, "quiet", seed, None) for seed in (1, 2))
    candidates = [minute.released for minute in library]
    found = [nearest(minute.released, candidates, spread(candidates)) for minute in targets]
    assert sum(number == chosen for number, chosen in enumerate(found)) >= 2


def test_two_speakers_are_told_apart_when_their_vectors_are() -> None:
    rng = np.random.default_rng(0)
    names = [name for name in "abcdef" for _ in range(6)]
    apart = np.array([rng.normal(10 * ord(name), 1, 8) * ((ord(name) >> np.arange(8)) & 1) for name in names])
    assert equal_error_rate(apart, names) < 0.1
    assert equal_error_rate(rng.standard_normal((36, 8)), names) == pytest.approx(0.5, abs=0.12)
    assert np.isnan(equal_error_rate(apart[:6], names[:6]))


def test_talk_that_shows_is_found_and_talk_that_does_not_is_not() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    talking = rng.random(200) < 0.5
    shown = told_apart(rng.standard_normal((200, 3)) + 3 * talking[:, None], talking, groups)
    hidden = told_apart(rng.standard_normal((200, 3)), talking, groups)
    assert shown.low > 0.95
    assert hidden.low < 0.5 < hidden.high


def test_words_wrong_counts_what_is_missing_too() -> None:
    assert word_errors(DIGITS, ()) == 10
    assert RATE % 8000 == 0
