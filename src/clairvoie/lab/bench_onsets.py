"""How well bangs are timed: error, honesty and share found, over ratio, kind, rate, noise and echo, beside named peers.

Two questions are kept apart. How good is the arrival time *given a front*, known to within 1 ms before and 2 ms after:
that is :func:`~clairvoie.detect.sound.arrival.arrival`, and what its peers get as well. And does the whole analyser
find the bang at all, whose rule asks for 15 dB over L50: weak ones are not found, however well they could be timed.

Made bangs have a true arrival. Recorded ones are heard twice, by two sensors, and judged by the difference: the error
that is shown is that of one, the rms of differences over the square root of two. What both have in common is not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
from msgspec import Struct
from numpy.typing import NDArray

from clairvoie.boundary.detection import ImpulseDetection
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.arrival import arrival
from clairvoie.lab.bangs import KINDS, SHARP, HeardBang, heard_bang, pink, white
from clairvoie.lab.impulse_rule import Heard, hear, together
from clairvoie.lab.onset_peers import PEERS
from clairvoie.lab.real_bangs import LEAD_SECONDS, RealBang, real_bangs
from clairvoie.lab.recordings import read_sound

Array = NDArray[np.float64]

RATIOS = (0.0, 3.0, 6.0, 10.0, 15.0, 20.0, 30.0)
RATES = (16_000, 22_050, 32_000, 44_100, 48_000)
EACH, QUICK_EACH, CLIPS = 15, 2, 8
GOALS = {20.0: 0.0001, 6.0: 0.001}
"""Ratio in dB -> seconds that arrival times are to be within, rms."""
STREETS = ("city.ogg", "coffee-shop.ogg", "storm.ogg", "alarmclock-city.mp3")
STREET_SECONDS = 60.0
SCENE_SECONDS = 2.4
FRONT_SECONDS = (-0.001, 0.002)
"""Where the front is said to be, at random, relative to the true arrival."""
NEAR_SECONDS = 0.005
TWO_SIDED = 1.959964


class Timed(Struct, frozen=True, kw_only=True):
    """One bang, timed. Errors in seconds; of a pair of recorded ones the difference, and ``sigma`` is the pair's."""

    kind: str
    rate: int
    ratio: float
    echo: bool
    background: str
    error: float
    sigma: float
    peers: dict[str, float]
    found_error: float | None
    pair: bool = False


class Summary(Struct, frozen=True, kw_only=True):
    """Figures of some bangs, in milliseconds and shares; the interval of ``coverage`` is exact, 95 %."""

    of: str
    count: int
    rms: float
    p95: float
    bias: float
    sigma: float
    coverage: float
    coverage_low: float
    coverage_high: float
    found: float
    found_rms: float | None
    peers: dict[str, float]


class Goal(Struct, frozen=True, kw_only=True):
    """Whether made bangs of a ratio, of all kinds, rates and noises, with echo and without, are timed well enough."""

    ratio: float
    wanted: float
    """Milliseconds."""
    rms: float
    rms_sharp: float
    """Of those whose attack is at most half a millisecond."""
    met: bool


class OnsetFigures(Struct, frozen=True, kw_only=True):
    """Everything about arrival times that ``clairvoie lab bench onsets`` measures."""

    seed: int
    quick: bool
    goals: list[Goal]
    all: list[Summary]
    by_ratio: list[Summary]
    by_ratio_with_echo: list[Summary]
    by_ratio_in_recorded_noise: list[Summary]
    by_kind: dict[str, list[Summary]]
    by_rate: dict[str, list[Summary]]
    recorded: list[Summary]
    recorded_by_label: list[Summary]
    rule_together: list[Heard]
    rule: list[Heard]


class Noises:
    """Noise of every kind at every rate: made, and cut at random from recordings of ``data`` where it is given."""

    def __init__(self, data: Path | None) -> None:
        self._data = data
        self._read: dict[tuple[str, int], Array] = {}
        self.names = ("white", "pink", *(STREETS if data is not None else ()))

    def cut(self, name: str, rate: int, rng: np.random.Generator) -> Array:
        """A scene's length of noise."""
        count = round(SCENE_SECONDS * rate)
        if name == "white":
            return white(count, rng)
        if name == "pink" or self._data is None:
            return pink(count, rng, rate)
        if (name, rate) not in self._read:
            sound = read_sound(self._data / "background" / name, rate, STREET_SECONDS)
            self._read[name, rate] = sound.astype(np.float64)
        street = self._read[name, rate]
        first = int(rng.integers(street.size - count))
        return street[first : first + count]


def timed(kind: str, heard: HeardBang, rate: int, rng: np.random.Generator) -> tuple[float, float, dict[str, float]]:
    """Error and sigma of the arrival, and the peers' errors, all given the same doubtful front."""
    front = round((heard.arrival + rng.uniform(*FRONT_SECONDS)) * rate)
    found = arrival(heard.samples, rate, front)
    peers = {name: peer(heard.samples, rate, front) - heard.arrival for name, peer in PEERS.items()}
    return found.time - heard.arrival, found.sigma, peers


def found_error(heard: HeardBang, rate: int) -> float | None:
    """The error of the analyser's own detection within 5 ms of the arrival; ``None`` if there is none."""
    samples = (heard.samples * (0.5 / np.abs(heard.samples).max())).astype(np.float32)
    analyser = SoundAnalyser(rate, None)
    outputs = [*analyser.feed(Block(samples, rate, start=0.0, sigma=0.0, index=0)), *analyser.finish()]
    errors = [output.onset - heard.arrival for output in outputs if isinstance(output, ImpulseDetection)]
    return next((error for error in errors if abs(error) <= NEAR_SECONDS), None)


def made_trials(noises: Noises, seed: int, each: int) -> Iterator[Timed]:
    """Made bangs: ``each`` of every kind at every ratio, with echo and without, rates and noises in turn."""
    number = 0
    for ratio in RATIOS:
        for echo in (False, True):
            for kind in KINDS:
                for turn in range(each):
                    number += 1
                    rng = np.random.default_rng([seed, number])
                    rate = RATES[turn % len(RATES)]
                    background = noises.names[(turn + number // each) % len(noises.names)]
                    noise = noises.cut(background, rate, rng)
                    heard = heard_bang(kind, rate, ratio, noise, int(rng.integers(2**31)), echo=echo)
                    error, sigma, peers = timed(kind, heard, rate, rng)
                    yield Timed(
                        kind=kind, rate=rate, ratio=ratio, echo=echo, background=background,
                        error=error, sigma=sigma, peers=peers, found_error=found_error(heard, rate),
                    )  # fmt: skip


def recorded_trials(bangs: Sequence[RealBang], noises: Noises, seed: int) -> Iterator[Timed]:
    """Recorded bangs, each heard by two sensors at each ratio; rates and noises in turn. Echoes are the recording's."""
    for index, bang in enumerate(bangs):
        for number, ratio in enumerate(RATIOS):
            rng = np.random.default_rng([seed, 1, index, number])
            rate = RATES[(index + number) % len(RATES)]
            background = noises.names[(index + 2 * number) % len(noises.names)]
            fine = bang.fine(rate)
            ears = []
            for _ in range(2):
                noise = noises.cut(background, rate, rng)
                heard = heard_bang(fine, rate, ratio, noise, int(rng.integers(2**31)), lead=LEAD_SECONDS)
                ears.append((*timed(bang.label, heard, rate, rng), found_error(heard, rate)))
            yield Timed(
                kind=bang.label, rate=rate, ratio=ratio, echo=False, background=background, pair=True,
                **_difference(*ears),
            )  # fmt: skip


Ear = tuple[float, float, dict[str, float], float | None]


def _difference(first: Ear, second: Ear) -> dict[str, Any]:
    """What two hearings of one bang differ by."""
    both = first[3] is not None and second[3] is not None
    return {
        "error": first[0] - second[0],
        "sigma": math.hypot(first[1], second[1]),
        "peers": {name: first[2][name] - second[2][name] for name in first[2]},
        "found_error": (first[3] or 0.0) - (second[3] or 0.0) if both else None,
    }


def summary(of: str, trials: Sequence[Timed]) -> Summary:
    """The figures of ``trials``; errors of pairs are divided by the square root of two."""
    scale = np.array([1000 / math.sqrt(2) if t.pair else 1000.0 for t in trials])
    error = scale * [t.error for t in trials]
    sigma = scale * [t.sigma for t in trials]
    held = int((np.abs(error) <= TWO_SIDED * sigma).sum())
    interval = scipy.stats.binomtest(held, len(trials)).proportion_ci()
    found = np.array([s * t.found_error for s, t in zip(scale, trials, strict=True) if t.found_error is not None])
    return Summary(
        of=of,
        count=len(trials),
        rms=_rms(error),
        p95=float(np.quantile(np.abs(error), 0.95)),
        bias=float(error.mean()),
        sigma=float(np.median(sigma)),
        coverage=held / len(trials),
        coverage_low=float(interval.low),
        coverage_high=float(interval.high),
        found=found.size / len(trials),
        found_rms=_rms(found) if found.size else None,
        peers={name: _rms(scale * [t.peers[name] for t in trials]) for name in PEERS},
    )


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def by(trials: Iterable[Timed], key: Callable[[Timed], object]) -> list[Summary]:
    """One summary for each value of ``key``, in the order in which they come."""
    groups: dict[str, list[Timed]] = {}
    for trial in trials:
        groups.setdefault(str(key(trial)), []).append(trial)
    return [summary(of, group) for of, group in groups.items()]


def measure(data: Path | None, *, seed: int = 1, quick: bool = False) -> OnsetFigures:
    """All figures; recorded noise, recorded bangs and the rule on recordings only where there is ``data``."""
    noises = Noises(data)
    each, clips, every = (QUICK_EACH, 1, 16) if quick else (EACH, CLIPS, 1)
    made = list(made_trials(noises, seed, each))
    if data is None:
        return figures(made, [], [], seed, quick=quick)
    pairs = list(recorded_trials(list(real_bangs(data, clips)), noises, seed))
    return figures(made, pairs, hear(data, every), seed, quick=quick)


def figures(
    made: Sequence[Timed], pairs: Sequence[Timed], rule: Sequence[Heard], seed: int, *, quick: bool
) -> OnsetFigures:
    """The tables of all trials."""

    def ratio(trial: Timed) -> str:
        return f"{trial.ratio:g} dB"

    aimed = [t for t in made if t.ratio in GOALS]
    return OnsetFigures(
        seed=seed,
        quick=quick,
        goals=[goal(at, [t for t in made if t.ratio == at]) for at in GOALS],
        all=by(made, ratio),
        by_ratio=by([t for t in made if not t.echo], ratio),
        by_ratio_with_echo=by([t for t in made if t.echo], ratio),
        by_ratio_in_recorded_noise=by([t for t in made if t.background in STREETS], ratio),
        by_kind={kind: by([t for t in aimed if t.kind == kind], ratio) for kind in KINDS},
        by_rate={str(rate): by([t for t in aimed if t.rate == rate], ratio) for rate in RATES},
        recorded=by(pairs, ratio),
        recorded_by_label=by([t for t in pairs if t.ratio in GOALS], lambda t: f"{t.kind}, {ratio(t)}"),
        rule_together=together(rule),
        rule=list(rule),
    )


def goal(ratio: float, trials: Sequence[Timed]) -> Goal:
    """How ``trials``, all of ``ratio``, compare with what is wanted."""
    rms = summary("all", trials).rms
    sharp = summary("sharp", [t for t in trials if t.kind in SHARP]).rms
    wanted = 1000 * GOALS[ratio]
    return Goal(ratio=ratio, wanted=wanted, rms=rms, rms_sharp=sharp, met=rms <= wanted)
