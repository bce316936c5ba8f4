"""Words: a recogniser that knows what can have been said, and words told from values without any sound.

pocketsphinx brings a model of English only. It is given the French words in English phones, which is rough; how rough
its errors on plain sound say. What it understands is compared with what was said by Levenshtein's distance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clairvoie.errors import LabError
from clairvoie.lab.leak_measures import LISTENING_RATE, listened
from clairvoie.lab.leak_reconstruction import third_octave_frames
from clairvoie.lab.leak_speech import DIGITS, SLOTS
from clairvoie.lab.recordings import Sound

FOLDS = 5
SEGMENTS = 20
RIDGE_SHARE = 0.5
"""Of the number of sentences learned from."""
FRENCH = {
    "agnès": "AA N Y EH S", "bruno": "B R UW N OW", "charlotte": "SH AA R L AO T", "émile": "EY M IY L",
    "félix": "F EY L IY K S", "jeanne": "ZH AA N", "michel": "M IY SH EH L", "sophie": "S AO F IY",
    "julien": "ZH UW L Y AE N", "léa": "L EY AA",
    "achète": "AA SH EH T", "demande": "D AH M AA N D", "garde": "G AA R D", "pose": "P OW Z", "prend": "P R AA N",
    "propose": "P R AO P OW Z", "ramène": "R AA M EH N", "reprend": "R AH P R AA N", "trouve": "T R UW V",
    "voit": "V W AA",
    "deux": "D ER", "trois": "T R W AA", "cinq": "S AE N K", "six": "S IY", "sept": "S EH T", "huit": "W IY T",
    "neuf": "N ER F", "onze": "AO N Z", "douze": "D UW Z", "quinze": "K AE N Z",
    "ballons": "B AA L AO N", "classeurs": "K L AA S ER", "crayons": "K R EH Y AO N", "jetons": "ZH AH T AO N",
    "livres": "L IY V R", "pions": "P Y AO N", "piquets": "P IY K EH", "rubans": "R UW B AA N",
    "vélos": "V EY L OW", "anneaux": "AA N OW",
    "blancs": "B L AA N", "bleus": "B L ER", "gris": "G R IY", "jaunes": "ZH OW N", "mauves": "M OW V",
    "noirs": "N W AA R", "roses": "R OW Z", "rouges": "R UW ZH", "verts": "V EH R", "bruns": "B R AE N",
}  # fmt: skip
"""The words of the French sentences in the phones of the CMU dictionary."""
FRENCH_MARK = "fr_"
"""Some of them are English words too, which the recogniser says otherwise."""


def slots(corpus: str) -> Sequence[Sequence[str]]:
    """The words that can stand in each place of a sentence."""
    return [DIGITS] * 3 if corpus == "digits" else SLOTS[corpus]


def grammar(corpus: str) -> str:
    """What can be said in a corpus, in the Java Speech Grammar Format.

    >>> grammar("digits").splitlines()[2][:32]
    'public <said> = (zero | one | tw'
    """
    mark = FRENCH_MARK if corpus == "fr" else ""
    body = " ".join(f"({' | '.join(mark + word for word in words)})" for words in slots(corpus))
    return f"#JSGF V1.0;\ngrammar {corpus};\npublic <said> = {body};\n"


class Recogniser:
    """pocketsphinx with its own English model and one corpus's grammar."""

    def __init__(self, corpus: str) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError:
            raise LabError("pocketsphinx is not installed", None, "pip install clairvoie[leak]") from None
        self._decoder = Decoder(samprate=LISTENING_RATE, lm=None, loglevel="FATAL")
        if corpus == "fr":
            for word, phones in FRENCH.items():
                self._decoder.add_word(f"{FRENCH_MARK}{word}", phones, update=True)
        self._decoder.add_jsgf_string("said", grammar(corpus))
        self._decoder.activate_search("said")

    def words(self, sound: Sound) -> tuple[str, ...]:
        """What it understands."""
        quiet = np.zeros(LISTENING_RATE // 4, dtype=np.float32)
        heard = np.concatenate([quiet, listened(sound), quiet])
        loud = float(np.abs(heard).max())
        samples = np.asarray(heard / max(loud, 1e-9) * 20_000, dtype="<i2")
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return () if found is None else tuple(word.removeprefix(FRENCH_MARK) for word in found.hypstr.split())


def word_errors(said: Sequence[str], understood: Sequence[str]) -> int:
    """Words substituted, left out or put in (Levenshtein).

    >>> word_errors(("two", "red", "chairs"), ("two", "chairs", "new"))
    2
    """
    row = list(range(len(understood) + 1))
    for i, word in enumerate(said, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(understood, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def words_wrong(vectors: np.ndarray, said: Sequence[tuple[str, ...]], corpus: str) -> np.ndarray:
    """For each row of ``vectors`` (one a sentence, sentences may repeat), the share of its words told wrongly.

    One ridge regression for each place of the sentence, learned on other sentences.
    """
    finite = np.isfinite(vectors).all(axis=0)
    known = vectors[:, finite]
    names = sorted(set(said))
    fold = np.array([names.index(words) % FOLDS for words in said])
    wrong = np.zeros(len(said))
    choices = slots(corpus)
    for number in range(FOLDS):
        learn, judge = fold != number, fold == number
        if not judge.any() or not learn.any():
            continue
        mean, deviation = known[learn].mean(0), known[learn].std(0) + 1e-3
        first, second = (known[learn] - mean) / deviation, (known[judge] - mean) / deviation
        kernel = first @ first.T + RIDGE_SHARE * learn.sum() * np.eye(int(learn.sum()))
        for place, words in enumerate(choices):
            told = np.array([words.index(one[place]) for one in said])
            weights = first.T @ np.linalg.solve(kernel, np.eye(len(words))[told[learn]] - 1 / len(words))
            wrong[judge] += (second @ weights).argmax(axis=1) != told[judge]
    return wrong / len(choices)


def thirds_in_time(sound: Sound) -> np.ndarray:
    """Third-octave levels every 125 ms, stretched to :data:`SEGMENTS` of a sentence whose span is known: a control that
    :func:`words_wrong` tells words where there are any."""
    levels = third_octave_frames(sound)
    times = np.linspace(0, len(levels) - 1, SEGMENTS)
    stretched = np.array([np.interp(times, np.arange(len(levels)), band) for band in levels.T])
    return np.asarray((stretched - stretched.max()).ravel())
