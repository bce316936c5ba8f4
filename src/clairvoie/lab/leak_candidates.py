"""Which of a list was said? The attack that works best on so little: no sound is rebuilt, candidates are compared.

The attacker has every candidate in a voice, lets the same analysis and rounding run over each, and asks which of them
explains best what the sensor released. How much the values of *one* sentence differ between two minutes (voice, moment,
loudness, background) and how much those of different sentences do is learned from other sentences: the two-covariance
model of speaker recognition (Brümmer and de Villiers 2010, Odyssey), with sentences in the place of speakers.

>>> top_of_list(np.array([0.0, 9.0]), 10, 2)
array([1., 0.])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, logsumexp

from clairvoie.errors import LabError
from clairvoie.lab.leak_measures import share_interval
from clairvoie.lab.leak_results import Guess
from clairvoie.lab.leak_scene import Released

FOLDS = 5
SHRINK = 0.4
"""Of a covariance towards its diagonal."""
STEP = 0.25
"""Half a step of the gate, in dB: values that vary less than this are taken to vary as much."""
SIZES = (2, 6, 10, 20, 40, 100, 200, 400)


def fingerprint(released: Released) -> np.ndarray:
    """A minute as the attacker compares it: in dB over the minute's LAeq, since nobody told how loud the talk was."""
    tens = np.asarray(released.tens, dtype=np.float64)
    energy = 10 * np.log10(np.nanmean(10 ** (tens / 10)))
    single = np.array([released.lceq, released.lafmax, released.lcpeak, released.l10, released.l50, released.l90])
    impulse = released.impulse_level - energy if released.impulses else 0.0
    events = [released.impulses, released.impulse_span, impulse, released.begins]
    bands = np.concatenate([released.octaves, released.thirds])
    return np.concatenate([np.sort(tens - energy)[::-1], tens - energy, single - energy, bands - energy, events])


def fingerprints(released: Sequence[Released]) -> np.ndarray:
    """One row a minute."""
    return np.array([fingerprint(one) for one in released])


class Explained(NamedTuple):
    """The two-covariance model in the coordinates in which both covariances are diagonal."""

    columns: np.ndarray
    target_mean: np.ndarray
    candidate_mean: np.ndarray
    rotation: np.ndarray
    between: np.ndarray

    def scores(self, targets: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Log-likelihood of each target (row) if the candidate (column) was said."""
        heard = (targets[:, self.columns] - self.target_mean) @ self.rotation
        known = (candidates[:, self.columns] - self.candidate_mean) @ self.rotation
        share = self.between / (1 + self.between)
        apart = heard[:, None, :] - share * known[None, :, :]
        return np.asarray(-0.5 * np.sum(apart**2 / (1 + share), axis=2))


def explained(targets: np.ndarray, candidates: np.ndarray) -> Explained:
    """The model from pairs: row ``i`` of both is one sentence."""
    both = np.concatenate([targets, candidates])
    columns = np.flatnonzero(np.isfinite(both).all(axis=0) & (both.std(axis=0) > 1e-6))
    if not columns.size:
        raise LabError("nothing is released that differs between sentences", both.shape, "Give more sentences.")
    first, second = targets[:, columns], candidates[:, columns]
    means = first.mean(axis=0), second.mean(axis=0)
    first, second = first - means[0], second - means[1]
    within = _shrunk((first - second).T @ (first - second) / (2 * len(first)))
    total = _shrunk((first.T @ first + second.T @ second) / (2 * len(first)))
    white = np.linalg.inv(np.linalg.cholesky(within)).T
    found, vectors = np.linalg.eigh(white.T @ total @ white)
    return Explained(columns, *means, white @ vectors, np.maximum(found - 1, 0))


def _shrunk(covariance: np.ndarray) -> np.ndarray:
    diagonal = np.diag(np.maximum(np.diag(covariance), STEP**2))
    return (1 - SHRINK) * covariance + SHRINK * diagonal + 1e-9 * np.eye(len(covariance))


def cross_scored(targets: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Scores of every target against every candidate, by models that never saw the target's own sentence."""
    found = np.zeros((len(targets), len(candidates)))
    fold = np.arange(len(targets)) % min(FOLDS, len(targets))
    for number in np.unique(fold):
        learn = fold != number
        found[~learn] = explained(targets[learn], candidates[learn]).scores(targets[~learn], candidates)
    return found


def ranks(scores: np.ndarray) -> np.ndarray:
    """How many wrong candidates score above the right one (on the diagonal); a tie counts half."""
    right = np.diag(scores)[:, None]
    return np.asarray((scores > right).sum(axis=1) + 0.5 * ((scores == right).sum(axis=1) - 1))


def top_of_list(rank: np.ndarray, candidates: int, size: int) -> np.ndarray:
    """The chance that none of the wrong candidates that score above the right one is on a list of ``size`` drawn from
    ``candidates``: hypergeometric, so that every list is counted and none is drawn."""
    others, worse = candidates - 1, candidates - 1 - rank
    possible = worse >= size - 1
    ways = gammaln(worse + 1) - gammaln(np.maximum(worse - size + 2, 1e-9)) - gammaln(others + 1)
    return np.where(possible, np.exp(ways + gammaln(others - size + 2)), 0.0)


def guesses(scores: np.ndarray) -> tuple[Guess, ...]:
    """How often the right sentence is named, by size of the list."""
    count = scores.shape[1]
    rank = ranks(scores)
    sizes = [size for size in SIZES if size < count] + [count]
    return tuple(
        Guess(size=size, found=share_interval(top_of_list(rank, count, size)), chance=1 / size) for size in sizes
    )


def bits(scores: np.ndarray) -> np.ndarray:
    """For each target, how many bits of the log2(candidates) the attacker gained.

    The posterior is sharpened or flattened by one factor for all, the best for the mean. The mean is then a lower bound
    of the mutual information between sentence and release, given that it is one of the list.
    """
    count = scores.shape[1]

    def gained(log_factor: float) -> np.ndarray:
        sharp = scores * np.exp(log_factor)
        posterior = np.diag(sharp) - logsumexp(sharp, axis=1)
        return np.asarray(np.log2(count) + posterior / np.log(2))

    best = minimize_scalar(lambda factor: -float(gained(factor).mean()), bounds=(-8.0, 2.0), method="bounded")
    return gained(float(best.x))
