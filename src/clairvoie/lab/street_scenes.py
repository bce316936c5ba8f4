"""Scenes for judging: a minute of street each, with held-out sounds in held-out backgrounds, made when they are needed.

A scene is a value: a number, a ratio, a stretch of a background, and which recording sounds when in which street. From
it and the recordings every sample follows, so nothing is stored but a table of what is where. A sound is cut to where
it sounds, faded at both ends, put into a street (:mod:`clairvoie.lab.canyon`), and made louder or softer until its LAeq
over its active part exceeds the background's LAeq over the same frames by the stated ratio. Sounds do not overlap.

Alarms and horns, which must last to be hazards, are repeated until they do; a background shorter than what is asked of
it is repeated with its ends faded into each other. So remixes are many, and what they are made of is not: they serve to
count hits, never to count hours.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.signal

from clairvoie.errors import LabError
from clairvoie.lab import classes
from clairvoie.lab.annotation import labels_of
from clairvoie.lab.canyon import canyon_response
from clairvoie.lab.dataset import RATE, Clip, Samples, a_weights_at, read_sound
from clairvoie.lab.rendering import joined_ends
from clairvoie.lab.strong_labels import Line, Span, spans
from clairvoie.lab.trials import LASTING, UNBROKEN, longest_run, sounding_part

SCENE_SECONDS = 60.0
LEAD_SECONDS = 2.0
PAUSES = (1.2, 4.0)
FADE_SECONDS = 0.01
JOIN_SECONDS = 1.0
STREETS = 48
"""How many streets are drawn for one seed; sounds are put into one of them each."""
TAIL_SECONDS = 1.0


class Placed(NamedTuple):
    """A recording that begins to sound ``at`` seconds into the scene, for ``seconds``, in the street ``street``."""

    clip: Clip
    at: float
    seconds: float
    street: int


class SceneOrder(NamedTuple):
    """Everything that determines a scene."""

    name: str
    seed: int
    ratio: float
    background: str
    start: float
    events: tuple[Placed, ...]


class Sounding(NamedTuple):
    """What sounded in a scene: its class in the recordings, its words, when, and its strong labels."""

    label: str
    words: tuple[str, ...]
    onset: float
    offset: float
    spans: tuple[Span, ...]


class StreetScene(NamedTuple):
    """A scene that was made: samples at 16 kHz and what is in it."""

    order: SceneOrder
    samples: Samples
    sounding: tuple[Sounding, ...]

    @property
    def lines(self) -> Iterator[Line]:
        """Its ground truth as DCASE has it; a word that needs a sound to last is one line, whatever its pauses."""
        for sound in self.sounding:
            for word in sound.words:
                whole = word.startswith(("alarm-", "sustained-"))
                for span in (Span(sound.onset, sound.offset),) if whole else sound.spans:
                    yield Line(self.order.name, span.onset, span.offset, word)


def classes_of(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    """Clips by the output that they teach first: that is what counts as one class here."""
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        for output in classes.TEACHES.get(clip.label, ())[:1]:
            found.setdefault(output, []).append(clip)
    return found


def street_orders(
    clips: Sequence[Clip], backgrounds: Mapping[str, Samples], ratio: float, each: int, seed: int
) -> list[SceneOrder]:
    """Scenes in which every class sounds ``each`` times or more, its recordings in turn, in an order from ``seed``."""
    if not backgrounds:
        raise LabError("scenes need a background", seed)
    rng = np.random.default_rng([seed, round(10 * ratio) + 1000])
    wanted: list[Clip] = []
    for _, members in sorted(classes_of(clips).items()):
        turns = int(np.ceil(each / len(members)))
        wanted += [clip for _ in range(turns) for clip in members][: max(each, len(members))]
    queue = [wanted[index] for index in rng.permutation(len(wanted))]
    names = sorted(backgrounds)
    orders: list[SceneOrder] = []
    while queue:
        name = names[len(orders) % len(names)]
        start = float(rng.uniform(0, backgrounds[name].size / RATE))
        events = tuple(_placed(queue, rng))
        orders.append(SceneOrder(f"scene-{ratio:.0f}-{len(orders):04d}.wav", seed, ratio, name, start, events))
    return orders


def _placed(queue: list[Clip], rng: np.random.Generator) -> Iterator[Placed]:
    """As many of the queue as fit into a scene, taken off it."""
    at = LEAD_SECONDS + float(rng.uniform(*PAUSES))
    while queue:
        seconds = length_of(queue[-1].path, queue[-1].label)
        if at + seconds + TAIL_SECONDS > SCENE_SECONDS:
            return
        clip = queue.pop()
        if seconds > 0:
            yield Placed(clip, at, seconds, int(rng.integers(STREETS)))
            at += seconds + TAIL_SECONDS + float(rng.uniform(*PAUSES))


def length_of(path: Path, label: str) -> float:
    """How long a recording sounds in a scene."""
    return dry(path, label).size / RATE


@functools.lru_cache(maxsize=600)
def dry(path: Path, label: str) -> Samples:
    """The part of a recording that sounds, faded at its ends; what must last is repeated until it does."""
    part = sounding_part(read_sound(path))
    if part.size < RATE // 20:
        return part[:0]
    if label in UNBROKEN:
        part = longest_run(part)
    part = faded(part)
    if label in LASTING:
        part = np.tile(part, int(np.ceil(LASTING[label] * RATE / part.size)))[: round(LASTING[label] * RATE)]
        part = faded(part)
    return part


def faded(sound: Samples) -> Samples:
    """``sound`` with raised-cosine ends, so that nothing begins with a click that it did not have."""
    size = min(round(FADE_SECONDS * RATE), sound.size // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / max(size, 1))).astype(np.float32)
    out = sound.copy()
    out[:size] *= ramp
    out[sound.size - size :] *= ramp[::-1]
    return out


@functools.lru_cache(maxsize=2 * STREETS)
def street_response(seed: int, number: int) -> Samples:
    """The response of one of the streets of a seed."""
    return canyon_response(np.random.default_rng([seed, number]), RATE).astype(np.float32)


def looped(background: Samples, start: float, seconds: float) -> Samples:
    """``seconds`` of a background from ``start`` on, as often as it takes, without a seam."""
    whole = joined_ends(background, min(round(JOIN_SECONDS * RATE), background.size // 3))
    index = (round(start * RATE) + np.arange(round(seconds * RATE))) % whole.size
    return whole[index].astype(np.float32)


def made(order: SceneOrder, backgrounds: Mapping[str, Samples]) -> StreetScene:
    """The scene that ``order`` describes."""
    street = looped(backgrounds[order.background], order.start, SCENE_SECONDS)
    quiet = a_weighted(street)
    out, sounding = street.copy(), []
    for event in order.events:
        wet = heard_in_street(dry(event.clip.path, event.clip.label), street_response(order.seed, event.street))
        at = round(event.at * RATE)
        wet = wet[: out.size - at]
        gain = gain_for(wet, quiet[at : at + wet.size], order.ratio)
        out[at : at + wet.size] += np.float32(gain) * wet
        found = spans(wet)
        if found:
            shifted = tuple(Span(a + event.at, b + event.at) for a, b in found)
            words = labels_of(event.clip.label, shifted[-1].offset - shifted[0].onset)
            sounding.append(Sounding(event.clip.label, words, shifted[0].onset, shifted[-1].offset, shifted))
    out *= np.float32(0.5 / max(float(np.abs(out).max()), 1e-30))
    return StreetScene(order, out, tuple(sounding))


def heard_in_street(sound: Samples, taps: Samples) -> Samples:
    """A dry sound as it is heard in a street, with its tail, faded out."""
    wet = scipy.signal.oaconvolve(np.pad(sound, (0, round(TAIL_SECONDS * RATE))), taps)
    return faded(wet[: sound.size + round(TAIL_SECONDS * RATE)].astype(np.float32))


def gain_for(sound: Samples, quiet: Samples, ratio: float) -> float:
    """By what to multiply ``sound`` so that its LAeq over its active part is ``ratio`` dB over that of ``quiet`` there.

    ``quiet`` is the background under it, already A-weighted.
    """
    active = np.zeros(sound.size, dtype=np.bool_)
    for onset, offset in spans(sound):
        active[round(onset * RATE) : round(offset * RATE)] = True
    if not active.any():
        return 0.0
    loud = float(np.mean(np.square(a_weighted(sound)[active], dtype=np.float64)))
    under = float(np.mean(np.square(quiet[active], dtype=np.float64)))
    return float(np.sqrt((under + 1e-14) / (loud + 1e-30) * 10 ** (ratio / 10)))


def a_weighted(sound: Samples) -> Samples:
    """``sound`` through the design goal of A (IEC 61672-1:2013, annex E), without delay, by its whole spectrum."""
    size = scipy.fft.next_fast_len(sound.size, real=True)
    gain = np.sqrt(a_weights_at(scipy.fft.rfftfreq(size, 1 / RATE)))
    return np.asarray(scipy.fft.irfft(scipy.fft.rfft(sound, size) * gain, size)[: sound.size], dtype=np.float32)
