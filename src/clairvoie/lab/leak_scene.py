"""Somebody talks beside a sensor: the minutes that the sensor hears, and everything that it releases of them.

The analysis is the one of a node, recogniser included, and the rounding is the gate's (:mod:`clairvoie.egress.coarse`).
The gate's budget, merging and drops are left out and no act withholds anything, so what is audited is at least what a
sensor can release.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clairvoie.boundary import units
from clairvoie.boundary.bulletin import MinuteIndicators, MinuteOctaves, MinuteState, TenSeconds
from clairvoie.boundary.detection import DetectionBegin, ImpulseDetection, MinuteLevels, TenSecondLevel
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
OCTAVES = 9
QUIET_DB = 28.0
STREET_DB = 55.0
TALK_DB = 65.0
"""LAeq of a sentence while it lasts: somebody who talks one to two metres from the microphone."""
EDGE_SECONDS = 1.0


class Released(NamedTuple):
    """All that leaves of one minute, in dB, NaN where there is no value; ``sources`` are shares of the minute."""

    tens: np.ndarray
    lceq: float
    lafmax: float
    lcpeak: float
    l10: float
    l50: float
    l90: float
    octaves: np.ndarray
    sources: np.ndarray
    windy: float
    impulses: float
    begins: float

    def vector(self) -> np.ndarray:
        """Every value as one vector; what is missing is 0."""
        single = [self.lceq, self.lafmax, self.lcpeak, self.l10, self.l50, self.l90]
        counts = [self.windy, self.impulses, self.begins]
        found = np.concatenate([self.tens, single, self.octaves, self.sources, counts])
        return np.asarray(np.nan_to_num(found, nan=0.0), dtype=np.float64)


class Minute(NamedTuple):
    """A minute in which somebody talks: what is heard meanwhile, the speech in it alone, the sample of the minute at
    which it starts, and all that is released of the minute."""

    sound: Sound
    clean: Sound
    start: int
    released: Released


def background(kind: str, minutes: int, seed: int) -> Sound:
    """``quiet``: the noise of the microphone itself. ``street``: passing cars over the hum of the town."""
    rng = np.random.default_rng((seed, 7))
    if kind == "quiet":
        noise = rng.standard_normal(minutes * MINUTE * RATE).astype(np.float32)
        return scaled(noise, QUIET_DB)
    pieces = [scaled(traffic(rng, float(MINUTE), RATE)[: MINUTE * RATE], STREET_DB) for _ in range(minutes)]
    return np.concatenate([np.resize(piece, MINUTE * RATE) for piece in pieces])


def scaled(sound: Sound, level: float) -> Sound:
    """``sound`` at this LAeq."""
    return np.asarray(sound * 10 ** ((level - a_level(sound, RATE, CALIBRATION)) / 20), dtype=np.float32)


def minutes_of(sounds: Sequence[Sound], kind: str, seed: int, tagger: SoundTagger | None) -> list[Minute]:
    """Each sound once, in a minute of its own, at a random moment and within 3 dB of :data:`TALK_DB`."""
    rng = np.random.default_rng(seed)
    heard = background(kind, len(sounds), seed)
    placed: list[tuple[Sound, int]] = []
    for number, sound in enumerate(sounds):
        speech = scaled(sound, TALK_DB + float(rng.uniform(-3, 3)))[: (MINUTE - 2) * RATE]
        latest = MINUTE - EDGE_SECONDS - speech.size / RATE
        start = round(float(rng.uniform(EDGE_SECONDS, latest)) * RATE)
        at = number * MINUTE * RATE + start
        heard[at : at + speech.size] += speech
        placed.append((speech, start))
    released = releases(heard, tagger)
    found = []
    for number, (speech, start) in enumerate(placed):
        at = number * MINUTE * RATE + start
        found.append(Minute(heard[at : at + speech.size].copy(), speech, start, released[number]))
    return found


def releases(sound: Sound, tagger: SoundTagger | None) -> list[Released]:
    """What a sensor that hears ``sound`` (whole minutes) releases, minute by minute."""
    analyser = SoundAnalyser(RATE, CALIBRATION, tagger)
    tens: dict[int, float] = {}
    minutes: dict[int, tuple[MinuteIndicators, MinuteOctaves, MinuteState]] = {}
    impulses = np.zeros(sound.size // (MINUTE * RATE) + 1)
    begins = np.zeros_like(impulses)
    silence = np.zeros(5 * RATE, dtype=np.float32)  # so that the last period's claims come out
    whole = np.concatenate([sound, silence])
    for index in range(0, whole.size, RATE):
        piece = np.ascontiguousarray(whole[index : index + RATE])
        block = Block(samples=piece, rate=RATE, start=EPOCH + index / RATE, sigma=0.001, index=index)
        for claim in analyser.feed(block):
            if isinstance(claim, TenSecondLevel):
                part = parts_of(claim)[0][1]
                assert isinstance(part, TenSeconds)
                tens[claim.end] = decoded(units.LEVEL, part.laeq)
            elif isinstance(claim, MinuteLevels):
                one, two, three = (part for _, part in parts_of(claim))
                assert isinstance(one, MinuteIndicators)
                assert isinstance(two, MinuteOctaves)
                assert isinstance(three, MinuteState)
                minutes[claim.end] = (one, two, three)
            elif isinstance(claim, ImpulseDetection | DetectionBegin):
                counts = impulses if isinstance(claim, ImpulseDetection) else begins
                counts[min(counts.size - 1, max(0, int(claim.onset - EPOCH) // MINUTE))] += 1
    return [
        _released(end, tens, minutes[end], impulses[i], begins[i])
        for i, end in enumerate(range(EPOCH + MINUTE, EPOCH + sound.size // RATE + 1, MINUTE))
    ]


def decoded(scale: units.Scale, code: int) -> float:
    """What a code stands for, NaN for none."""
    value = scale.decode(code)
    return float("nan") if value is None else value


def _released(
    end: int,
    tens: dict[int, float],
    parts: tuple[MinuteIndicators, MinuteOctaves, MinuteState],
    impulses: float,
    begins: float,
) -> Released:
    one, two, three = parts
    shares = np.zeros(len(NOISE_SOURCES))
    for code in three.sources:
        if code:
            shares[(code - 1) // 8] += ((code - 1) % 8 + 1) / 8
    return Released(
        tens=np.array([tens[end - 50 + 10 * i] for i in range(TENS)]),
        lceq=decoded(units.LEVEL, one.lceq),
        lafmax=decoded(units.LEVEL, one.lafmax),
        lcpeak=decoded(units.PEAK, one.lcpeak),
        l10=decoded(units.LEVEL, one.l10),
        l50=decoded(units.LEVEL, one.l50),
        l90=decoded(units.LEVEL, one.l90),
        octaves=np.array([decoded(units.OCTAVE, code) for code in two.levels]),
        sources=shares,
        windy=float(three.windy),
        impulses=float(impulses),
        begins=float(begins),
    )
