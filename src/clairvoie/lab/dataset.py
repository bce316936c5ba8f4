"""The recordings a recogniser is trained and judged on, by fold and licence, as mel power ready to be mixed.

A :class:`Clip` says where a recording comes from; a :class:`Voice` of the bank is its mel power, 80 frames a second,
with the frames in which it sounds (within 25 dB of its A-weighted maximum over 50 ms, gaps under 0.25 s joined).
Splits follow Freesound ids, never files. Nothing is downloaded.
"""

from __future__ import annotations

import csv
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

from clairvoie.detect.sound.spectra import HOP_SECONDS, MelPower, band_edges
from clairvoie.errors import LabError
from clairvoie.lab import classes
from clairvoie.lab.synthesis import MAKERS

Samples = NDArray[np.float32]
Power = NDArray[np.float32]

RATE = 16_000
SPEEDS = (0.84, 0.92, 1.0, 1.09, 1.19)
HORN_SPEEDS = (0.45, 0.65, 0.84, 1.0, 1.19)
"""Horns of lorries and ships are an octave lower than those of cars."""
ACTIVE_DB = 25.0
GAP_FRAMES = round(0.25 / HOP_SECONDS)

SENTENCES = (
    ("fr", "Le marché du samedi commence à huit heures, venez nombreux avec vos paniers et vos amis."),
    ("fr", "Tu as vu le match hier soir ? Non, j'étais encore au bureau jusqu'à neuf heures."),
    ("fr", "Excusez-moi, je cherche la gare, est-ce que c'est encore loin d'ici à pied ?"),
    ("fr", "Bonjour madame, deux baguettes et un pain au chocolat, s'il vous plaît. Merci, bonne journée !"),
    ("en", "Could you tell me which bus goes to the harbour, please? I think I missed the last one."),
    ("en", "We were sitting outside the whole evening and nobody came, so we went home early."),
    ("en", "Watch out for the step, the paint is still wet. See you on Thursday then!"),
    ("de", "Entschuldigung, wissen Sie, wann der nächste Zug nach Straßburg abfährt?"),
)
SPEAKERS = ("", "+m3", "+f2", "+f4", "+m7")


class Clip(NamedTuple):
    """One recording of ``labels.csv``."""

    path: Path
    label: str
    fold: int
    freesound: str
    licence: str
    seconds: float
    may_ship: bool


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One sound of the bank: mel power (frames, bands), where it sounds (frames), what it is."""

    power: Power
    active: NDArray[np.bool_]
    label: str
    teaches: tuple[str, ...]
    unsure: tuple[str, ...]
    real: bool


def read_clips(data: Path) -> list[Clip]:
    """Every usable row of ``sounds/labels.csv``; ids that cross folds are left out."""
    table = data / "sounds" / "labels.csv"
    if not table.is_file():
        raise LabError("there are no labelled recordings", str(table), "Give the folder that holds sounds/labels.csv.")
    with table.open(newline="", encoding="utf-8") as lines:
        return [
            Clip(data / "sounds" / row["file"], row["label"], int(row["fold"]), row["freesound_id"], row["licence"],
                 float(row["seconds"]), row["may_ship_in_weights"] == "yes")
            for row in csv.DictReader(lines)
            if row["freesound_id"] not in classes.EXCLUDED_IDS
        ]  # fmt: skip


def esc(clips: Sequence[Clip], folds: Sequence[int], *, shippable: bool) -> list[Clip]:
    """The clips of ESC-50 in these folds; with ``shippable`` only those whose licence lets weights be published."""
    return [c for c in clips if "esc50" in c.path.parts and c.fold in folds and (c.may_ship or not shippable)]


def urban(clips: Sequence[Clip]) -> list[Clip]:
    """The clips of UrbanSound8K whose Freesound id does not occur in ESC-50. For tests only."""
    known = {c.freesound for c in clips if "esc50" in c.path.parts}
    return [c for c in clips if "urban" in c.path.parts and c.freesound not in known]


def read_sound(path: Path, rate: int = RATE) -> Samples:
    """The first channel of a recording at ``rate``, float32, as FFmpeg decodes and resamples it."""
    import av  # here, so that a machine without it can train from a bank of spectra

    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="fltp", rate=rate)
            pieces = [
                frame.to_ndarray()[0] for packet in container.decode(audio=0) for frame in resampler.resample(packet)
            ]
            pieces += [frame.to_ndarray()[0] for frame in resampler.resample(None)]
    except (OSError, av.FFmpegError) as error:
        raise LabError(f"the recording cannot be read ({error})", str(path)) from error
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, dtype=np.float32)


@functools.cache
def a_weights() -> NDArray[np.float64]:
    """A-weighting of each mel band at its centre, as power."""
    return a_weights_at(np.asarray(band_edges()[1:-1], dtype=np.float64))


def a_weights_at(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """A-weighting at these frequencies, as power (IEC 61672-1:2013, annex E)."""
    f2 = np.square(hertz)
    numerator = 12194.0**2 * f2**2
    denominator = (f2 + 20.6**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2)
    return np.asarray(10**0.2 * np.square(numerator / denominator))


def loudness(power: Power) -> NDArray[np.float64]:
    """A-weighted power of each frame."""
    return np.asarray(power @ a_weights())


def active_frames(power: Power) -> NDArray[np.bool_]:
    """Where it sounds: within 25 dB of the maximum over 50 ms, gaps shorter than 0.25 s joined."""
    envelope = scipy.ndimage.uniform_filter1d(loudness(power), 4, mode="nearest")
    active = envelope > max(envelope.max(initial=0.0) * 10 ** (-ACTIVE_DB / 10), 1e-12)
    joined = scipy.ndimage.binary_closing(np.pad(active, GAP_FRAMES), np.ones(GAP_FRAMES))
    return np.asarray(joined[GAP_FRAMES:-GAP_FRAMES] | active)


def voices(
    sound: Samples, label: str, teaches: tuple[str, ...], *, real: bool, speeds: Sequence[float] = SPEEDS
) -> list[Voice]:
    """``sound`` at each speed, as mel power."""
    found = []
    for speed in speeds:
        played = (
            sound if speed == 1.0 else scipy.signal.resample_poly(sound, 100, round(100 * speed)).astype(np.float32)
        )
        power = MelPower(RATE)(played)
        if power.shape[0] >= 8 and loudness(power).max() > 1e-11:
            found.append(Voice(power, active_frames(power), label, teaches, classes.UNSURE.get(label, ()), real))
    return found


def real_bank(clips: Sequence[Clip]) -> list[list[Voice]]:
    """Each clip at all speeds, one entry a clip; that of pure silence is empty."""
    return [voices(read_sound(c.path), c.label, classes.TEACHES[c.label], real=True) for c in clips]


def background_bank(data: Path, names: Sequence[str]) -> list[list[Voice]]:
    """The background recordings of these names, at three speeds."""
    bank = []
    for name in names:
        path = next((p for p in sorted((data / "background").iterdir()) if p.stem == name), None)
        if path is None:
            raise LabError("a background recording is missing", name, "See the folder `background` of the data.")
        teaches = classes.BACKGROUND_TEACHES.get(name, ())
        bank.append(voices(read_sound(path), f"background:{name}", teaches, real=True, speeds=SPEEDS[::2]))
    return bank


def synthetic_bank(rng: np.random.Generator, each: int) -> list[list[Voice]]:
    """``each`` sounds of every maker of the laboratory; horns also long and low, bangs also in series."""
    bank = []
    for name, teaches in classes.SYNTHETIC.items():
        for number in range(each):
            sound = _made(rng, name, varied=number % 2 == 1)[: 12 * RATE]
            speeds = HORN_SPEEDS if name == "horn" else (1.0,)
            bank.append(voices(sound, name, teaches, real=False, speeds=speeds))
    return bank


def _made(rng: np.random.Generator, name: str, *, varied: bool) -> Samples:
    """One synthetic sound; ``varied``: a horn of up to nine seconds, or two to six bangs one after the other."""
    if varied and name == "horn":
        return MAKERS[name](rng, float(rng.uniform(1.5, 9.0)), RATE)
    if varied and name == "bang":
        bang = MAKERS[name](rng, None, RATE)
        series = np.zeros(bang.size + 4 * RATE, dtype=np.float32)
        at = 0
        for _ in range(int(rng.integers(2, 7))):
            at = min(at, 4 * RATE)
            series[at : at + bang.size] += bang * np.float32(rng.uniform(0.5, 1.0))
            at += int(rng.uniform(0.12, 1.2) * RATE)
        return series
    return MAKERS[name](rng, None, RATE)


def speech_bank(data: Path) -> list[list[Voice]]:
    """Sentences to be withheld: the recordings set aside for training, and what espeak-ng says if installed."""
    sounds = [read_sound(data / "speech" / f"{name}.wav") for name in classes.TRAIN_SPEECH]
    sounds += list(spoken_sentences())
    return [voices(sound, "speech", classes.TEACHES["speech"], real=True) for sound in sounds]


def spoken_sentences() -> Iterator[Samples]:
    """Every sentence by every speaker of espeak-ng; nothing where it is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for number, (language, sentence) in enumerate(SENTENCES):
            for speaker in SPEAKERS:
                path = Path(folder) / "said.wav"
                speed = 130 + 20 * (number % 4)
                subprocess.run(
                    [program, "-v", language + speaker, "-s", str(speed), "-w", str(path), sentence], check=True
                )
                yield read_sound(path)
