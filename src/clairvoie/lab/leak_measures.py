"""How much of speech is left: intelligibility, words, the speaker, and whether anybody talked.

STOI and ESTOI by pystoi (Taal et al. 2011; Jensen and Taal 2016), words by pocketsphinx with the sentences' grammar
given to it (an attacker who knows what can have been said), the speaker by means and deviations of mel-cepstra with
within-class whitening (Hatch et al. 2006), talking by ridge logistic regression. Each is only as strong as its control
on plain audio shows it to be.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from math import gcd
from typing import NamedTuple

import numpy as np
from scipy.fft import dct
from scipy.signal import resample_poly

from clairvoie.errors import LabError
from clairvoie.lab.leak_speech import DIGITS, RATE, SLOTS
from clairvoie.lab.recordings import Sound

LISTENING_RATE = 16_000
MELS, CEPSTRA = 26, 13
RIDGE = 1.0
RESAMPLES = 1000

log = logging.getLogger(__name__)


class Interval(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def intelligibility(clean: Sound, heard: Sound) -> tuple[float, float]:
    """STOI and ESTOI of ``heard`` against ``clean``, of equal length. Nothing to be heard is 0."""
    try:
        from pystoi import stoi
    except ImportError:
        raise LabError("pystoi is not installed", None, "pip install clairvoie[leak]") from None
    if not np.any(heard):
        return 0.0, 0.0
    first, second = (np.asarray(_down(sound), dtype=np.float64) for sound in (clean, heard))
    return float(stoi(first, second, LISTENING_RATE)), float(stoi(first, second, LISTENING_RATE, extended=True))


def _down(sound: Sound) -> Sound:
    common = gcd(RATE, LISTENING_RATE)
    return np.asarray(resample_poly(sound, LISTENING_RATE // common, RATE // common), dtype=np.float32)


def grammar(corpus: str) -> str:
    """What can be said in a corpus, in the Java Speech Grammar Format.

    >>> grammar("digits").splitlines()[2][:32]
    'public <said> = (zero | one | tw'
    """
    slots: Sequence[Sequence[str]] = [DIGITS] * 3 if corpus == "digits" else SLOTS["en"]
    body = " ".join(f"({' | '.join(words)})" for words in slots)
    return f"#JSGF V1.0;\ngrammar {corpus};\npublic <said> = {body};\n"


class Recogniser:
    """pocketsphinx with its own English model and one corpus's grammar."""

    def __init__(self, corpus: str) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError:
            raise LabError("pocketsphinx is not installed", None, "pip install clairvoie[leak]") from None
        self._decoder = Decoder(samprate=LISTENING_RATE, lm=None, loglevel="FATAL")
        self._decoder.add_jsgf_string("said", grammar(corpus))
        self._decoder.activate_search("said")

    def words(self, sound: Sound) -> tuple[str, ...]:
        """What it understands."""
        quiet = np.zeros(LISTENING_RATE // 4, dtype=np.float32)
        heard = np.concatenate([quiet, _down(sound), quiet])
        loud = float(np.abs(heard).max())
        samples = np.asarray(heard / max(loud, 1e-9) * 20_000, dtype="<i2")
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return () if found is None else tuple(found.hypstr.split())


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


def voice(sound: Sound) -> np.ndarray:
    """Means and deviations of mel-cepstra over the louder half of 32-ms frames, and of the pitch found in them."""
    heard = _down(sound).astype(np.float64) + 1e-7
    frames = np.lib.stride_tricks.sliding_window_view(heard, 512)[::256]
    power = np.abs(np.fft.rfft(frames * np.hanning(512), axis=1)) ** 2
    loud = power.sum(axis=1) >= np.median(power.sum(axis=1))
    mels = np.log(power[loud] @ _mel_filters().T + 1e-9)
    cepstra = dct(mels, norm="ortho", axis=1)[:, 1:CEPSTRA]
    pitch = np.array([_pitch(frame) for frame in frames[loud]])
    return np.concatenate([cepstra.mean(0), cepstra.std(0), [np.median(pitch), pitch.std()]])


def _mel_filters() -> np.ndarray:
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.fft.rfftfreq(512, 1 / LISTENING_RATE)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0, np.minimum(up, down)))


def _pitch(frame: np.ndarray) -> float:
    """Octaves above 60 Hz of the strongest repetition between 60 and 400 Hz."""
    power = np.abs(np.fft.rfft(frame - frame.mean(), 1024)) ** 2
    repeats = np.fft.irfft(power)[40:267]
    return float(np.log2(LISTENING_RATE / (40 + int(repeats.argmax())) / 60))


def equal_error_rate(vectors: np.ndarray, speakers: Sequence[str]) -> float:
    """Of deciding for all pairs whether both are the same speaker. The whitening of a pair is learned without its own
    speakers; 0.5 is guessing. Not a number with fewer than four speakers, or with none who spoke twice."""
    names = sorted(set(speakers))
    labels = np.array([names.index(s) for s in speakers])
    same, different = [], []
    if len(names) < 4:
        return float("nan")
    for a in range(len(names)):
        for b in range(a, len(names)):
            white = _whitened(vectors, labels, (a, b))
            first, second = white[labels == a], white[labels == b]
            scores = first @ second.T
            if a == b:
                same += list(scores[np.triu_indices(len(first), 1)])
            else:
                different += list(scores.ravel())
    return _crossing(np.array(same), np.array(different)) if same else float("nan")


def _whitened(vectors: np.ndarray, labels: np.ndarray, without: tuple[int, int]) -> np.ndarray:
    known = ~np.isin(labels, without)
    mean, deviation = vectors[known].mean(0), vectors[known].std(0) + 1e-6
    scaled = (vectors - mean) / deviation
    within = np.zeros((vectors.shape[1],) * 2)
    for label in set(labels[known]):
        group = scaled[labels == label]
        within += (group - group.mean(0)).T @ (group - group.mean(0))
    within = within / max(1, known.sum()) + 0.1 * np.eye(vectors.shape[1])
    white = scaled @ np.linalg.cholesky(np.linalg.inv(within))
    return np.asarray(white / np.linalg.norm(white, axis=1, keepdims=True).clip(1e-9))


def _crossing(same: np.ndarray, different: np.ndarray) -> float:
    thresholds = np.unique(np.concatenate([same, different]))
    missed = np.searchsorted(np.sort(same), thresholds) / same.size
    taken = 1 - np.searchsorted(np.sort(different), thresholds) / different.size
    nearest = int(np.argmin(np.abs(missed - taken)))
    return float((missed[nearest] + taken[nearest]) / 2)


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """The chance that a positive scores above a negative (ties half).

    >>> area_under_curve(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    above = (positive[:, None] > negative[None, :]).mean()
    return float(above + 0.5 * (positive[:, None] == negative[None, :]).mean())


def told_apart(vectors: np.ndarray, talking: np.ndarray, groups: np.ndarray, seed: int = 0) -> Interval:
    """Area under the curve of "was somebody talking?" by ridge logistic regression, learned on other ``groups``.

    The 95 % interval is by resampling whole groups, since minutes of one scene are alike.
    """
    scores = np.zeros(talking.size)
    for half in (0, 1):
        learn = groups % 2 == half
        mean, deviation = vectors[learn].mean(0), vectors[learn].std(0) + 1e-6
        weights = _logistic((vectors[learn] - mean) / deviation, talking[learn])
        own = np.column_stack([np.ones((~learn).sum()), (vectors[~learn] - mean) / deviation]) @ weights
        scores[~learn] = own - np.median(own)
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    resampled = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([np.flatnonzero(groups == g) for g in rng.choice(names, names.size)])
        yes, no = scores[chosen][talking[chosen]], scores[chosen][~talking[chosen]]
        if yes.size and no.size:
            resampled.append(area_under_curve(yes, no))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(area_under_curve(scores[talking], scores[~talking]), float(low), float(high))


def _logistic(vectors: np.ndarray, talking: np.ndarray) -> np.ndarray:
    """Ridge logistic regression by Newton's method; the first weight is the constant."""
    design = np.column_stack([np.ones(len(vectors)), vectors])
    weights = np.zeros(design.shape[1])
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (chance - talking) + penalty @ weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        weights = weights - np.linalg.solve(curve, slope)
    return weights
