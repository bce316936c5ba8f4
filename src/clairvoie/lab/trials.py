"""Trials on which the recogniser is judged: one recording, whole, over one background at a stated ratio.

The ratio is between A-weighted powers: of the recording over the part in which it sounds, and of the background under
it. Each trial has ``LEAD`` seconds of background before and ``TAIL`` after. Sounds that must last to count as a hazard
(alarm, horn) are repeated without a pause until they last long enough, which favours them; it is said in the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.fft

from clairvoie.boundary.detection import DetectionBegin
from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.card import HazardRule
from clairvoie.detect.sound.events import HazardEvents
from clairvoie.detect.sound.spectra import HOP_SECONDS, MelPower
from clairvoie.detect.sound.tagging import Scores, SoundTagger
from clairvoie.lab.dataset import RATE, Clip, Samples, active_frames, read_sound

LEAD = 4.0
TAIL = 3.0
LASTING = {"clock_alarm": 14.0, "car_horn": 8.0}
"""Seconds until which these classes are repeated."""
UNBROKEN = frozenset({"car_horn"})
"""Of these only the longest stretch without a pause is repeated: short blows are no sustained horn."""
HAZARD_OF = {
    "glass_breaking": HazardKind.GLASS_BREAKING,
    "fireworks": HazardKind.FIREWORK,
    "clock_alarm": HazardKind.ALARM_SOUNDING,
    "car_horn": HazardKind.SUSTAINED_HORN,
}


class Trial(NamedTuple):
    """Sound with what is in it: ``label`` from ``onset`` to ``offset``, seconds; ``ratio`` dB, ``None`` when alone."""

    samples: Samples
    label: str
    onset: float
    offset: float
    ratio: float | None
    background: str


class Heard(NamedTuple):
    """What the recogniser said of a trial."""

    scores: list[Scores]
    claims: list[DetectionBegin]


def a_weighted_power(sound: Samples) -> float:
    """Mean A-weighted power (IEC 61672-1:2013, annex E), by the spectrum of the whole."""
    spectrum = np.square(np.abs(scipy.fft.rfft(sound.astype(np.float64))))
    f2 = np.square(scipy.fft.rfftfreq(sound.size, 1 / RATE))
    gain = 12194.0**2 * f2**2 / (
        (f2 + 20.6**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2)
    )  # fmt: skip
    return float(2 * 10**0.2 * (spectrum * np.square(gain)).sum() / sound.size**2) + 1e-20


def sounding_part(sound: Samples) -> Samples:
    """The recording without what is silent before and after."""
    active = np.flatnonzero(active_frames(MelPower(RATE)(sound)))
    if active.size == 0:
        return sound[:0]
    hop = round(HOP_SECONDS * RATE)
    return sound[active[0] * hop : (active[-1] + 2) * hop]


def longest_run(part: Samples) -> Samples:
    """The longest stretch of a recording in which it sounds without a pause: one blow of a horn, not several."""
    active = np.concatenate([[False], active_frames(MelPower(RATE)(part)), [False]]).astype(np.int8)
    starts, ends = np.flatnonzero(np.diff(active) == 1), np.flatnonzero(np.diff(active) == -1)
    if starts.size == 0:
        return part
    longest = int(np.argmax(ends - starts))
    hop = round(HOP_SECONDS * RATE)
    return part[starts[longest] * hop : (ends[longest] + 1) * hop]


def active_power(part: Samples) -> float:
    """Mean A-weighted power over the frames in which the recording sounds."""
    hop = round(HOP_SECONDS * RATE)
    active = np.repeat(active_frames(MelPower(RATE)(part)), hop)[: part.size]
    sounding = part[: active.size][active]
    return a_weighted_power(sounding if sounding.size > hop else part)


def mixed(part: Samples, label: str, background: Samples, name: str, ratio: float, at: int) -> Trial:
    """One trial: ``part`` over the background from its sample ``at`` on; the background is repeated if it is short."""
    if label in UNBROKEN:
        part = longest_run(part)
    if label in LASTING:
        part = np.tile(part, int(np.ceil(LASTING[label] * RATE / part.size)))[: round(LASTING[label] * RATE)]
    lead = round(LEAD * RATE)
    index = (at + np.arange(lead + part.size + round(TAIL * RATE))) % background.size
    noise = background[index].copy()
    under = noise[lead : lead + part.size]
    gain = np.sqrt(a_weighted_power(under) / active_power(part) * 10 ** (ratio / 10))
    loud = noise.copy()
    loud[lead : lead + part.size] += np.float32(gain) * part
    loud *= np.float32(0.5 / max(float(np.abs(loud).max()), 1e-30))
    return Trial(loud.astype(np.float32), label, LEAD, LEAD + part.size / RATE, ratio, name)


def read_backgrounds(data: Path, names: Sequence[str]) -> dict[str, Samples]:
    """The background recordings by name."""
    found = {p.stem: p for p in sorted((data / "background").iterdir()) if p.stem in names}
    return {name: read_sound(found[name]) for name in names if name in found}


def trials(
    clips: Iterable[Clip], backgrounds: Mapping[str, Samples], ratio: float, *, each: int, seed: int
) -> Iterator[Trial]:
    """Each clip over ``each`` of the backgrounds in turn, from a random place of it on. Silent clips are left out."""
    rng = np.random.default_rng(seed)
    names = list(backgrounds)
    turn = 0
    for clip in clips:
        part = sounding_part(read_sound(clip.path))
        if part.size < RATE // 20:
            continue
        for _ in range(each):
            name = names[turn % len(names)]
            turn += 1
            yield mixed(part, clip.label, backgrounds[name], name, ratio, int(rng.integers(backgrounds[name].size)))


def alone(clip: Clip) -> Trial:
    """The clip as it is."""
    sound = read_sound(clip.path)
    return Trial(sound, clip.label, 0.0, sound.size / RATE, None, "none")


def scores_of(tagger: SoundTagger, sound: Samples) -> list[Scores]:
    """What the tagger says of a whole recording."""
    return tagger.feed(Block(sound, RATE, 0.0, 0.0, 0)) + tagger.finish()


def begins(rules: Mapping[HazardKind, HazardRule], scores: Iterable[Scores]) -> list[DetectionBegin]:
    """The detections that begin in these scores."""
    events = HazardEvents(rules)
    claims = [claim for tick in scores for claim in events.feed(tick, 0.0, 0.0)]
    return [claim for claim in claims if isinstance(claim, DetectionBegin)]


def hear(tagger: SoundTagger, trial: Trial) -> Heard:
    """Scores and detections of one trial."""
    scores = scores_of(tagger, trial.samples)
    return Heard(scores, begins(tagger.card.rules, scores))


def found(heard: Heard, trial: Trial, kind: HazardKind) -> bool:
    """Whether a detection of this kind began while the sound lasted: from 0.5 s before it to 1 s after it."""
    return any(c.kind == kind and trial.onset - 0.5 <= c.onset <= trial.offset + 1.0 for c in heard.claims)


def top_source(heard: Heard, trial: Trial, least: float = 0.35) -> NoiseSource | None:
    """The source of greatest mean score while the sound lasted, as ``listen`` names it; withheld ticks say none."""
    inside = [s for s in heard.scores if trial.onset < s.time <= trial.offset + 0.1]
    sums: dict[NoiseSource, float] = {}
    for tick in inside:
        if tick.withheld < max(tick.sources.values()):
            for source, score in tick.sources.items():
                sums[source] = sums.get(source, 0.0) + score
    if not sums:
        return None
    best = max(sums, key=lambda source: sums[source])
    return best if sums[best] / len(inside) >= least else None
