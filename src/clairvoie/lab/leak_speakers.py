"""Who talked? Whether a sentence is by the speaker of some others, told from the sound, from thirds, from a release.

A sentence becomes one vector; a speaker is the mean of the speaker's other sentences; both are compared by the cosine
after within-class whitening (Hatch et al. 2006, Interspeech), which is learned without the two speakers compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.fft import dct

from clairvoie.lab.leak_measures import LISTENING_RATE, RESAMPLES, listened
from clairvoie.lab.leak_reconstruction import third_octave_frames
from clairvoie.lab.leak_results import Interval
from clairvoie.lab.recordings import Sound

MELS, CEPSTRA = 24, 20
LOWEST, HIGHEST = 100.0, 3800.0
"""In hertz; recorded digits have nothing above 4 kHz."""
FRAME, HOP = 512, 160
LOUD = 1e-3
"""Frames of less than this share of the loudest one's energy are left out."""
SHRINK = 0.2
FEWEST = 4
"""Speakers, with fewer of which nothing can be learned from the others."""


def voice(sound: Sound) -> np.ndarray:
    """Means and deviations of mel-cepstra, deviations of their slopes, and quartiles of pitch, over what is loud."""
    heard = listened(sound).astype(np.float64)
    lifted = np.append(heard[0], heard[1:] - 0.97 * heard[:-1]) + 1e-7
    frames = np.lib.stride_tricks.sliding_window_view(lifted, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hamming(FRAME), axis=1)) ** 2
    loud = power.sum(axis=1) >= LOUD * power.sum(axis=1).max()
    cepstra = dct(np.log(power @ _mel_filters().T + 1e-9), norm="ortho", axis=1)[:, 1:CEPSTRA]
    slopes = np.gradient(cepstra, axis=0)
    whole = np.lib.stride_tricks.sliding_window_view(heard, FRAME)[::HOP]
    pitch = np.array([_pitch(frame) for frame in whole[loud]])
    quartiles = np.percentile(pitch, [25, 50, 75])
    return np.concatenate([cepstra[loud].mean(0), cepstra[loud].std(0), slopes[loud].std(0), quartiles])


def thirds_voice(sound: Sound) -> np.ndarray:
    """The same idea from third-octave levels every 125 ms: means and deviations of each over the louder frames."""
    levels = third_octave_frames(sound)
    energy = 10 * np.log10((10 ** (levels / 10)).sum(axis=1))
    loud = levels[energy >= energy.max() - 30]
    loud = loud - energy[energy >= energy.max() - 30, None]
    return np.concatenate([loud.mean(0), loud.std(0)])


def _mel_filters() -> np.ndarray:
    low, high = (2595 * np.log10(1 + f / 700) for f in (LOWEST, HIGHEST))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(FRAME, 1 / LISTENING_RATE)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0, np.minimum(up, down)))


def _pitch(frame: np.ndarray) -> float:
    """Octaves above 60 Hz of the strongest repetition between 60 and 400 Hz."""
    power = np.abs(np.fft.rfft(frame - frame.mean(), 2 * FRAME)) ** 2
    repeats = np.fft.irfft(power)[40:267]
    return float(np.log2(LISTENING_RATE / (40 + int(repeats.argmax())) / 60))


def trials(vectors: np.ndarray, speakers: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(scores, talker, claimed)``: every sentence against every speaker, as numbers of speakers."""
    names = sorted(set(speakers))
    labels = np.array([names.index(speaker) for speaker in speakers])
    known = vectors[:, np.isfinite(vectors).all(axis=0)]
    scores, talker, claimed = [], [], []
    for one in range(len(names)):
        for other in range(len(names)):
            white = _whitened(known, labels, (one, other))
            own = np.flatnonzero(labels == one)
            for sentence in own:
                enrolled = (labels == other) & (np.arange(labels.size) != sentence)
                if not enrolled.any():
                    continue
                model = white[enrolled].mean(0)
                scores.append(float(white[sentence] @ model / max(1e-9, float(np.linalg.norm(model)))))
                talker.append(one)
                claimed.append(other)
    return np.array(scores), np.array(talker), np.array(claimed)


def _whitened(vectors: np.ndarray, labels: np.ndarray, without: tuple[int, int]) -> np.ndarray:
    known = ~np.isin(labels, without)
    mean, deviation = vectors[known].mean(0), vectors[known].std(0) + 1e-6
    scaled = (vectors - mean) / deviation
    within = np.zeros((vectors.shape[1],) * 2)
    for label in set(labels[known]):
        group = scaled[labels == label]
        within += (group - group.mean(0)).T @ (group - group.mean(0))
    within /= max(1, int(known.sum()))
    size = float(np.trace(within)) / len(within) + 1e-6
    within = (1 - SHRINK) * within + SHRINK * size * np.eye(len(within))
    white = scaled @ np.linalg.cholesky(np.linalg.inv(within))
    return np.asarray(white / np.linalg.norm(white, axis=1, keepdims=True).clip(1e-9))


def equal_error_rate(vectors: np.ndarray, speakers: Sequence[str]) -> Interval | None:
    """At the threshold at which as many are missed as are wrongly taken, with an interval by resampling speakers.

    ``None`` with fewer than four speakers who spoke twice: nothing is learned from so few.
    """
    times_heard = Counter(speakers)
    count = len(times_heard)
    if sum(times > 1 for times in times_heard.values()) < FEWEST:
        return None
    scores, talker, claimed = trials(vectors, speakers)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES // 2):
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        weights = np.where(talker == claimed, times[talker], times[talker] * times[claimed])
        if weights[talker == claimed].sum() and weights[talker != claimed].sum():
            drawn.append(_crossing(scores, talker == claimed, weights))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(_crossing(scores, talker == claimed, np.ones(scores.size)), float(low), float(high))


def _crossing(scores: np.ndarray, same: np.ndarray, weights: np.ndarray) -> float:
    """Where the share missed and the share wrongly taken are nearest, their mean."""
    order = np.argsort(scores, kind="stable")
    right, wrong = (weights * same)[order], (weights * ~same)[order]
    missed = np.concatenate([[0.0], np.cumsum(right) / right.sum()])
    taken = 1 - np.concatenate([[0.0], np.cumsum(wrong) / wrong.sum()])
    nearest = int(np.argmin(np.abs(missed - taken)))
    return float((missed[nearest] + taken[nearest]) / 2)
