"""Somebody talks beside a sensor: the minutes that the sensor hears, and everything that it releases of them.

The analysis is the one of a node, and the rounding is the gate's (:mod:`clairvoie.egress.coarse`). The gate's budget,
merging and drops are left out and no act withholds anything, so what is audited is at least what a sensor can release.
Third octaves leave every ten minutes: the other nine are taken to hold the background alone, which is the worst case
for a sentence said once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import MinuteIndicators, MinuteOctaves, MinuteState, TenSeconds
from clairvoie.boundary.detection import (
    THIRD_CENTRES,
    DetectionBegin,
    ImpulseDetection,
    MinuteLevels,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import NOISE_SOURCES
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.egress.coarse import parts_of
from clairvoie.lab.leak_speech import RATE
from clairvoie.lab.loudness import a_level
from clairvoie.lab.recordings import Sound
from clairvoie.lab.synthesis.road import traffic

CALIBRATION = 114.0
"""dB SPL of a full-scale sine."""
EPOCH = 1_800_000_000
MINUTE = 60
TENS = 6
QUIET_DB = 28.0
STREET_DB = 55.0
TALK_DB = 65.0
"""LAeq of a sentence while it lasts: somebody who talks one to two metres from the microphone."""
SPREAD_DB = 3.0
EDGE_SECONDS = 1.0
EMPTY_MINUTES = 3
"""Minutes without talk, from which an attacker knows the background."""
BATCH = 16
"""Minutes heard in one go, 120 MB of sound."""
STREET_MINUTES = 8
"""Of traffic in one pool; a minute is drawn from its pool and begun at any moment."""


class Background(NamedTuple):
    """What is heard besides the talk: the noise of the microphone (``over`` is ``None``), or a street so many dB
    below the talk."""

    name: str
    over: float | None

    @property
    def talk(self) -> float:
        """LAeq of the talk."""
        return TALK_DB if self.over is None else STREET_DB + self.over


QUIET = Background("quiet", None)
STREETS = (Background("street +10 dB", 10.0), Background("street 0 dB", 0.0))


class Released(NamedTuple):
    """All that leaves of one minute, in dB, NaN where there is no value; ``sources`` are shares of the minute,
    ``thirds`` the ten minutes' around it. Of impulses: how many, seconds from first to last, level of the loudest."""

    tens: np.ndarray
    lceq: float
    lafmax: float
    lcpeak: float
    l10: float
    l50: float
    l90: float
    octaves: np.ndarray
    thirds: np.ndarray
    sources: np.ndarray
    windy: float
    impulses: float
    impulse_span: float
    impulse_level: float
    begins: float

    def vector(self) -> np.ndarray:
        """Every value as one vector; what is missing is 0."""
        single = [self.lceq, self.lafmax, self.lcpeak, self.l10, self.l50, self.l90]
        counts = [self.windy, self.impulses, self.impulse_span, self.impulse_level, self.begins]
        found = np.concatenate([self.tens, single, self.octaves, self.thirds, self.sources, counts])
        return np.asarray(np.nan_to_num(found, nan=0.0), dtype=np.float64)


class Minute(NamedTuple):
    """A minute in which somebody talks: what is heard meanwhile, the speech in it alone, the sample of the minute at
    which it starts, all that is released of the minute, and of minutes like it without talk."""

    sound: Sound
    clean: Sound
    start: int
    released: Released
    empty: tuple[Released, ...]


@lru_cache(maxsize=64)
def _street(pool: int, number: int) -> Sound:
    rng = np.random.default_rng((pool, number, 7))
    return scaled(np.resize(traffic(rng, float(MINUTE), RATE), MINUTE * RATE), STREET_DB)


def background(kind: Background, minutes: int, seed: int, pool: int) -> Sound:
    """Minutes of ``kind``. Streets of different pools share no car.

    A minute is up to 3 dB louder or softer than the mean: were its level always the same, the least talk would show.
    """
    rng = np.random.default_rng((seed, pool, 7))
    if kind.over is None:
        noise = rng.standard_normal(minutes * MINUTE * RATE).astype(np.float32)
        return scaled(noise, QUIET_DB)
    pieces = []
    for number in rng.integers(STREET_MINUTES, size=minutes):
        louder = np.float32(10 ** (rng.uniform(-SPREAD_DB, SPREAD_DB) / 20))
        pieces.append(louder * np.roll(_street(pool, int(number)), int(rng.integers(MINUTE * RATE))))
    return np.concatenate(pieces)


def scaled(sound: Sound, level: float) -> Sound:
    """``sound`` at this LAeq."""
    return np.asarray(sound * 10 ** ((level - a_level(sound, RATE, CALIBRATION)) / 20), dtype=np.float32)


def minutes_of(
    sounds: Sequence[Sound], kind: Background, seed: int, tagger: SoundTagger | None = None, pool: int = 0
) -> list[Minute]:
    """Each sound once, in a minute of its own, at a random moment and within 3 dB of the talk's level."""
    rng = np.random.default_rng((seed, pool))
    silence: Sound = np.zeros(0, dtype=np.float32)
    heard: list[Minute] = []
    whole = [*sounds, *[silence] * EMPTY_MINUTES] if sounds else []
    for first in range(0, len(whole), BATCH):
        heard += _heard(whole[first : first + BATCH], kind, rng, tagger, pool)
    empty = tuple(minute.released for minute in heard[len(sounds) :])
    found = []
    for minute in heard[: len(sounds)]:
        ten_minutes = coarse_thirds(minute.released.thirds, [one.thirds for one in empty])
        found.append(minute._replace(released=minute.released._replace(thirds=ten_minutes), empty=empty))
    return found


def _heard(
    sounds: Sequence[Sound], kind: Background, rng: np.random.Generator, tagger: SoundTagger | None, pool: int
) -> list[Minute]:
    """The same for a few minutes, that fit into memory; a sound without samples is a minute without talk."""
    heard = background(kind, len(sounds), int(rng.integers(2**31)), pool)
    placed: list[tuple[Sound, int]] = []
    for number, sound in enumerate(sounds):
        level = kind.talk + float(rng.uniform(-SPREAD_DB, SPREAD_DB))
        speech = scaled(sound, level)[: (MINUTE - 2) * RATE] if sound.size else sound
        latest = MINUTE - EDGE_SECONDS - speech.size / RATE
        start = round(float(rng.uniform(EDGE_SECONDS, latest)) * RATE)
        at = number * MINUTE * RATE + start
        heard[at : at + speech.size] += speech
        placed.append((speech, start))
    found = []
    for number, ((speech, start), released) in enumerate(zip(placed, releases(heard, tagger), strict=True)):
        at = number * MINUTE * RATE + start
        found.append(Minute(heard[at : at + speech.size].copy(), speech, start, released, ()))
    return found


def coarse_thirds(minute: np.ndarray, empty: Sequence[np.ndarray]) -> np.ndarray:
    """What the gate releases of ten minutes: ``minute``, and nine like ``empty``."""
    energy = 0.1 * 10 ** (minute / 10) + 0.9 * np.mean([10 ** (one / 10) for one in empty], axis=0)
    return np.array([decoded(units.THIRD, units.THIRD.encode(float(level))) for level in 10 * np.log10(energy)])


class _Claims(NamedTuple):
    """What an analyser said, by the end of the period it is about."""

    tens: dict[int, float]
    minutes: dict[int, tuple[MinuteIndicators, MinuteOctaves, MinuteState]]
    thirds: dict[int, np.ndarray]
    impulses: list[ImpulseDetection]
    begins: list[float]


def releases(sound: Sound, tagger: SoundTagger | None) -> list[Released]:
    """What a sensor that hears ``sound`` (whole minutes) releases, minute by minute; thirds are each minute's and not
    yet rounded (:func:`coarse_thirds`)."""
    analyser = SoundAnalyser(RATE, CALIBRATION, tagger, thirds_seconds=MINUTE)
    claims = _Claims({}, {}, {}, [], [])
    silence = np.zeros(5 * RATE, dtype=np.float32)  # so that the last period's claims come out
    whole = np.concatenate([sound, silence])
    for index in range(0, whole.size, RATE):
        piece = np.ascontiguousarray(whole[index : index + RATE])
        block = Block(samples=piece, rate=RATE, start=EPOCH + index / RATE, sigma=0.001, index=index)
        for claim in analyser.feed(block):
            _note(claims, claim)
    return [_released(end, claims) for end in range(EPOCH + MINUTE, EPOCH + sound.size // RATE + 1, MINUTE)]


def _note(claims: _Claims, claim: object) -> None:
    if isinstance(claim, TenSecondLevel):
        part = parts_of(claim)[0][1]
        assert isinstance(part, TenSeconds)
        claims.tens[claim.end] = decoded(units.LEVEL, part.laeq)
    elif isinstance(claim, MinuteLevels):
        one, two, three = (part for _, part in parts_of(claim))
        assert isinstance(one, MinuteIndicators)
        assert isinstance(two, MinuteOctaves)
        assert isinstance(three, MinuteState)
        claims.minutes[claim.end] = (one, two, three)
    elif isinstance(claim, ThirdLevels):
        claims.thirds[claim.end] = np.array([np.nan if level is None else level for level in claim.thirds])
    elif isinstance(claim, ImpulseDetection):
        claims.impulses.append(claim)
    elif isinstance(claim, DetectionBegin):
        claims.begins.append(claim.onset)


def decoded(scale: units.Scale, code: int) -> float:
    """What a code stands for, NaN for none."""
    value = scale.decode(code)
    return float("nan") if value is None else value


def _event_level(impulse: ImpulseDetection) -> float:
    return decoded(units.EVENT_LEVEL, units.EVENT_LEVEL.encode(impulse.level))


def _released(end: int, claims: _Claims) -> Released:
    one, two, three = claims.minutes[end]
    shares = np.zeros(len(NOISE_SOURCES))
    for code in three.sources:
        if code:
            shares[(code - 1) // 8] += ((code - 1) % 8 + 1) / 8
    impulses = [impulse for impulse in claims.impulses if end - MINUTE <= impulse.onset < end]
    onsets = [impulse.onset for impulse in impulses]
    return Released(
        tens=np.array([claims.tens[end - 50 + 10 * i] for i in range(TENS)]),
        lceq=decoded(units.LEVEL, one.lceq),
        lafmax=decoded(units.LEVEL, one.lafmax),
        lcpeak=decoded(units.PEAK, one.lcpeak),
        l10=decoded(units.LEVEL, one.l10),
        l50=decoded(units.LEVEL, one.l50),
        l90=decoded(units.LEVEL, one.l90),
        octaves=np.array([decoded(units.OCTAVE, code) for code in two.levels]),
        thirds=claims.thirds.get(end, np.full(len(THIRD_CENTRES), np.nan)),
        sources=shares,
        windy=float(three.windy),
        impulses=float(len(impulses)),
        impulse_span=max(onsets) - min(onsets) if onsets else 0.0,
        impulse_level=max((_event_level(impulse) for impulse in impulses), default=0.0),
        begins=float(sum(end - MINUTE <= onset < end for onset in claims.begins)),
    )
