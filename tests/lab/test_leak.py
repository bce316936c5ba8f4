"""The leak audit's measures can fail: they find speech in plain sound, and none where there is none; lists, words,
speakers and talk are told where they can be and not where they cannot."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from clairvoie.cli import app
from clairvoie.lab.leak import plan_of
from clairvoie.lab.leak_candidates import bits, cross_scored, fingerprints, guesses, top_of_list
from clairvoie.lab.leak_measures import intelligibility, mean_interval, share_interval, told_apart
from clairvoie.lab.leak_rebuilt import fitted
from clairvoie.lab.leak_reconstruction import from_thirds, speech_noise, vocoded_release
from clairvoie.lab.leak_results import Audit
from clairvoie.lab.leak_scene import QUIET, Minute, coarse_thirds, minutes_of
from clairvoie.lab.leak_settings import ALL, SETTINGS
from clairvoie.lab.leak_speakers import equal_error_rate, voice
from clairvoie.lab.leak_speech import (
    DIGITS,
    LIBRARY_VARIANT,
    RATE,
    SLOTS,
    VARIANTS,
    library,
    real_digits,
    sentences,
    spoken,
    synthetic,
)
from clairvoie.lab.leak_words import FRENCH, Recogniser, word_errors, words_wrong

SENTENCE = ("peter", "sold", "three", "green", "books")


@pytest.fixture(scope="module")
def library_minutes(needs_speech: str) -> tuple[list[Minute], list[Minute]]:
    """Twelve sentences beside a sensor, and the same sounds again at other moments, loudness and noise."""
    sounds = [said.sound for said in library("en", 12)]
    return minutes_of(sounds, QUIET, 1), minutes_of(sounds, QUIET, 2)


def test_sentences_differ_and_are_the_same_each_time() -> None:
    assert len(set(sentences("fr", 50))) == 50
    assert sentences("en", 5) == sentences("en", 9)[:5]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_voice_is_another_voice(needs_speech: str, language: str) -> None:
    """espeak-ng takes a variant that it does not know without a word, and speaks in its usual voice."""
    words = sentences(language, 1)[0]
    voices = [*VARIANTS, LIBRARY_VARIANT[language], "no-such-variant"]
    sounds = {spoken(language, words, variant, 150).tobytes() for variant in voices}
    assert len(sounds) == len(voices)


def test_every_french_word_can_be_recognised() -> None:
    assert set(FRENCH) == {word for words in SLOTS["fr"] for word in words}


def test_plain_speech_is_intelligible_and_its_loudness_alone_is_not(needs_speech: str) -> None:
    [minute] = minutes_of([spoken("en", SENTENCE, "f5", 150)], QUIET, 1)
    plain = intelligibility(minute.clean, minute.sound)
    thirds = intelligibility(minute.clean, from_thirds(minute.sound, phases=True))
    released = intelligibility(minute.clean, vocoded_release(minute))
    nothing = intelligibility(minute.clean, speech_noise([minute.clean], minute.clean.size))
    assert plain[0] > 0.95
    assert plain[1] > thirds[1] > released[1]
    assert released[1] < 0.15
    assert abs(released[0] - nothing[0]) < 0.1
    assert Recogniser("en").words(minute.sound)[-1:] == ("books",)


def test_french_in_english_phones_is_recognised_in_part(needs_speech: str) -> None:
    recogniser = Recogniser("fr")
    lists = [(words, recogniser.words(spoken("fr", words, "f2", 150))) for words in sentences("fr", 4)]
    assert sum(word_errors(said, heard) for said, heard in lists) <= 10


def test_the_same_sound_is_found_on_a_list(library_minutes: tuple[list[Minute], list[Minute]]) -> None:
    heard, known = (fingerprints([minute.released for minute in minutes]) for minutes in library_minutes)
    scores = cross_scored(heard, known)
    assert np.mean(scores.argmax(axis=1) == np.arange(12)) >= 0.9
    assert bits(scores).mean() > 0.8 * math.log2(12)


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != ALL])
def test_every_setting_releases_less(library_minutes: tuple[list[Minute], list[Minute]], setting: str) -> None:
    def distinct(name: str) -> int:
        rows = fingerprints([SETTINGS[name](minute) for minute in library_minutes[0]])
        known = rows[:, np.isfinite(rows).all(axis=0)]
        return sum(len(np.unique(np.round(column, 6))) for column in known.T)

    assert distinct(setting) < distinct(ALL)


def test_values_that_say_nothing_of_the_sentence_find_it_by_chance_only() -> None:
    rng = np.random.default_rng(0)
    scores = cross_scored(rng.standard_normal((100, 20)), rng.standard_normal((100, 20)))
    for guess in guesses(scores):
        assert guess.found.low <= guess.chance <= guess.found.high
    gained = mean_interval(bits(scores))
    assert gained.low < 0.1


@given(st.integers(2, 30), st.data())
def test_the_share_of_lists_without_a_better_candidate_is_counted_exactly(count: int, data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, count - 1))
    size = data.draw(st.integers(2, count))
    expected = math.comb(count - 1 - rank, size - 1) / math.comb(count - 1, size - 1)
    assert top_of_list(np.array([float(rank)]), count, size)[0] == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 60), st.data())
def test_the_interval_of_a_share_holds_it(count: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, count))
    found = share_interval([1.0] * right + [0.0] * (count - right))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0


def test_words_are_told_where_they_show_and_not_where_they_do_not() -> None:
    rng = np.random.default_rng(0)
    said = [tuple(str(rng.choice(words)) for words in SLOTS["en"]) for _ in range(200)]
    shown = np.array(
        [np.concatenate([np.eye(10)[SLOTS["en"][i].index(word)] for i, word in enumerate(words)]) for words in said]
    )
    assert words_wrong(shown, said, "en").mean() < 0.05
    assert words_wrong(rng.standard_normal((200, 50)), said, "en").mean() == pytest.approx(0.9, abs=0.05)


def test_two_speakers_are_told_apart_when_their_vectors_are() -> None:
    rng = np.random.default_rng(0)
    names = [name for name in "abcdef" for _ in range(6)]
    apart = np.array([rng.normal(10 * ord(name), 1, 8) * ((ord(name) >> np.arange(8)) & 1) for name in names])
    told = equal_error_rate(apart, names)
    guessed = equal_error_rate(rng.standard_normal((36, 8)), names)
    assert told is not None
    assert told.value < 0.1
    assert guessed is not None
    assert guessed.low < 0.5 < guessed.high
    assert equal_error_rate(apart[:6], names[:6]) is None


def test_speakers_are_told_from_plain_sound(needs_speech: str) -> None:
    """The control: without it, that a release does not tell the speaker would prove nothing."""
    said = synthetic("en", 4 * len(VARIANTS))
    found = equal_error_rate(np.array([voice(one.sound) for one in said]), [one.speaker for one in said])
    assert found is not None
    assert found.value < 0.12


def test_people_are_told_from_plain_sound(shared_data: Path) -> None:
    digits = real_digits(shared_data, 40)
    said = [*digits.said, *digits.again[:8]]
    found = equal_error_rate(np.array([voice(one.sound) for one in said]), [one.speaker for one in said])
    assert found is not None
    assert found.value < 0.15


def test_three_recorded_digits_are_never_the_same_recordings(shared_data: Path) -> None:
    digits = real_digits(shared_data, 20)
    for said, again, known in zip(*digits, strict=True):
        assert said.words == again.words == known.words
        assert len({one.sound.tobytes() for one in (said, again, known)}) == 3
        assert said.speaker != known.speaker == again.speaker


def test_talk_that_shows_is_found_and_talk_that_does_not_is_not() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    talking = rng.random(200) < 0.5
    shown = told_apart(rng.standard_normal((200, 3)) + 3 * talking[:, None], talking, groups)
    hidden = told_apart(rng.standard_normal((200, 3)), talking, groups)
    assert shown.low > 0.95
    assert hidden.low < 0.5 < hidden.high


def test_thirds_of_ten_minutes_hold_a_tenth_of_the_minute() -> None:
    assert coarse_thirds(np.full(28, 60.0), [np.full(28, 20.0)])[0] == 50.0
    assert coarse_thirds(np.full(28, 20.0), [np.full(28, 20.0)])[0] == 20.0


def test_words_wrong_counts_what_is_missing_too() -> None:
    assert word_errors(DIGITS, ()) == 10
    assert RATE % 8000 == 0
    assert fitted(np.ones(3, dtype=np.float32), 5).tolist() == [1, 1, 1, 0, 0]


def test_a_quick_plan_is_small() -> None:
    assert plan_of(40, 100, 0, quick=True).sentences <= 4
    assert plan_of(40, 100, 0, quick=False).candidates == 100


def test_the_command_measures_prints_and_draws(needs_speech: str, tmp_path: Path) -> None:
    picture, figures = tmp_path / "leak.png", tmp_path / "leak.json"
    command = ["lab", "leak", "--quick", "--sentences", "2", "--candidates", "10", "--json", "--plot", str(picture)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    line = done.stdout.strip().splitlines()[-1]
    found = msgspec.json.decode(line, type=Audit)
    assert found.quick
    assert {"version", "made_with", "rows", "lists", "readings", "talking"} <= json.loads(line).keys()
    assert picture.read_bytes()[:4] == b"\x89PNG"
    figures.write_text(line, encoding="utf-8")
    again = CliRunner().invoke(app, ["lab", "leak", "--figures", str(figures)])
    assert again.exit_code == 0, again.output
    assert "A quick run" in again.stdout


def test_figures_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    done = CliRunner().invoke(app, ["lab", "leak", "--figures", str(other)])
    assert done.exit_code == 1
