"""Scenes for the invented quarter: the evening of the demonstration, and streets drawn from a seed.

``evening`` lasts two minutes and repeats without a seam. Times are those at the source; the window breaks at the corner
of rue de la Claire-Voie and rue des Tisserands, within 45 m of four microphones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from clairvoie.errors import LabError
from clairvoie.lab.propagation import Atmosphere, Point
from clairvoie.lab.recordings import read_folder
from clairvoie.lab.scene import CALIBRATION, RATE, Ambience, Emission, Microphone, Scene
from clairvoie.lab.synthesis import MAKERS
from clairvoie.lab.town import Quarter

CORNER: Point = (-84.5, -5.0, 2.0)
"""Where the window breaks: rue de la Claire-Voie, at the corner of rue des Tisserands."""
BANG: Point = (60.0, 10.0, 1.5)
"""Where the one bang of the evening is: at a crossing, out of sight of some of the microphones that hear it."""
FIRECRACKER = 128.0
"""LAeq in dB at 1 m of that bang: with a peak near 148 dB, a very large firecracker. It opens an incident by itself."""
BELFRY: Point = (101.0, 55.0, 28.0)
LEVELS = {
    "alarm": 100.0, "bang": 118.0, "bells": 110.0, "birds": 78.0, "door-slam": 88.0, "drill": 98.0, "engine": 82.0,
    "firework": 120.0, "glass-breaking": 104.0, "horn": 104.0, "impacts": 82.0, "passing-car": 84.0, "siren": 108.0,
    "two-tone-siren": 108.0, "wail-siren": 108.0,
}  # fmt: skip
"""LAeq at 1 m while it sounds, in dB; orders of magnitude, chosen, not measured. Any other sound: 90."""


def microphones_of(quarter: Quarter, count: int | None = None) -> tuple[Microphone, ...]:
    """The first ``count`` microphones of the quarter, all unless given."""
    number = len(quarter.microphones) if count is None else count
    if not 1 <= number <= len(quarter.microphones):
        raise LabError(f"the quarter has 1 to {len(quarter.microphones)} microphones", number)
    return tuple(Microphone(sensor.id, quarter.metres(sensor.place)) for sensor in quarter.microphones[:number])


def evening(quarter: Quarter, seed: int = 1, count: int | None = None) -> Scene:
    """An evening: traffic, birds, rain, bells, a passing siren, a window, an alarm, fireworks, a horn, a loud bang."""
    emissions = (
        _emission("birds", 2.0, (-170.0, -60.0, 6.0), 14.0),
        _emission("passing-car", 6.0, (-220.0, -9.0, 0.6), 11.0, to=(60.0, 4.0, 0.6)),
        _emission("bells", 9.0, BELFRY, 12.0),
        _emission("glass-breaking", 27.0, CORNER, 1.9),
        _emission("passing-car", 33.0, (232.0, 12.0, 0.6), 12.0, to=(-60.0, -1.0, 0.6)),
        _emission("alarm", 42.0, (-92.0, 22.0, 3.0), 14.0),
        _emission("two-tone-siren", 58.0, (-225.0, -126.0, 2.0), 22.0, to=(228.0, -112.0, 2.0)),
        _emission("birds", 66.0, (-150.0, -90.0, 5.0), 16.0),
        _emission("firework", 84.0, (10.0, -150.0, 50.0), 5.0),
        _emission("horn", 97.0, (60.0, 10.0, 1.0), 6.5),
        _emission("door-slam", 107.0, (150.0, 30.0, 1.0), None),
        _emission("passing-car", 108.0, (58.0, 88.0, 0.6), 10.0, to=(70.0, -150.0, 0.6)),
        Emission("bang", 117.5, BANG, FIRECRACKER, 0.9),
    )
    ambiences = (Ambience("traffic", 52.0), Ambience("wind", 44.0), Ambience("rain", 54.0, 56.0, 82.0, 5.0))
    return Scene(
        seed=seed, seconds=120.0, microphones=microphones_of(quarter, count), emissions=emissions,
        ambiences=ambiences, air=Atmosphere(14.0, 70.0), around=quarter.surroundings, loop=True,
    )  # fmt: skip


def window(quarter: Quarter, seed: int = 1, count: int | None = None) -> Scene:
    """No more than a window that breaks every 40 s, first after 14 s: for those in a hurry, and for tests."""
    return Scene(
        seed=seed, seconds=40.0, microphones=microphones_of(quarter, count),
        emissions=(_emission("glass-breaking", 14.0, CORNER, 1.9), _emission("birds", 20.0, (-170.0, -60.0, 6.0), 9.0)),
        ambiences=(Ambience("traffic", 50.0),), air=Atmosphere(14.0, 70.0), around=quarter.surroundings, loop=True,
    )  # fmt: skip


SCENARIOS: dict[str, Callable[[Quarter, int, int | None], Scene]] = {"evening": evening, "window": window}
"""What ``clairvoie demo --scenario`` knows."""


def _emission(kind: str, at: float, position: Point, seconds: float | None, to: Point | None = None) -> Emission:
    return Emission(kind=kind, at=at, position=position, level=LEVELS.get(kind, 90.0), seconds=seconds, to=to)


def parse_event(text: str) -> tuple[str, tuple[float, float] | None, float | None]:
    """``kind[@x,y][@t]``: the sound, where in metres east and north, when in seconds.

    >>> parse_event("glass-breaking@-84.5,-5@12.5"), parse_event("bang@3")
    (('glass-breaking', (-84.5, -5.0), 12.5), ('bang', None, 3.0))
    """
    kind, *rest = text.split("@")
    position: tuple[float, float] | None = None
    at: float | None = None
    try:
        for part in rest:
            numbers = [float(number) for number in part.split(",")]
            if len(numbers) == 2 and position is None:
                position = (numbers[0], numbers[1])
            elif len(numbers) == 1 and at is None:
                at = numbers[0]
            else:
                raise ValueError(part)
    except ValueError as error:
        raise LabError(
            "an event is kind[@x,y][@t]", text, "For instance glass-breaking@-84.5,-5@12.5, in metres and seconds."
        ) from error
    return kind, position, at


DRAWN = ("glass-breaking", "horn", "siren", "bang", "door-slam", "impacts", "birds", "passing-car", "firework", "alarm")


def street(
    quarter: Quarter,
    *,
    seed: int,
    seconds: float,
    rate: int = RATE,
    count: int | None = None,
    events: Sequence[str] = (),
    snr: float | None = None,
    backgrounds: Path | None = None,
    sounds: Path | None = None,
) -> Scene:
    """A street drawn from ``seed``. Without ``events`` about one sound in eight seconds, anywhere in the streets.

    ``sounds`` and ``backgrounds``: folders of recordings instead of the synthesis; an event then names a label of that
    folder. ``snr``: dB(A) of each sound over the background at the nearest microphone, instead of usual levels.
    """
    generator = np.random.default_rng([seed, 3_000_000])
    library = read_folder(sounds) if sounds is not None else [(None, kind) for kind in DRAWN]
    wanted = [parse_event(text) for text in events]
    if not wanted:
        names = sorted({label for _, label in library})
        wanted = [(names[int(generator.integers(len(names)))], None, None) for _ in range(max(1, round(seconds / 8)))]
    emissions: list[Emission] = []
    for kind, position, at in wanted:
        place = position or quarter.draw_street_point(generator)
        files = [file for file, label in library if label == kind and file is not None]
        if sounds is not None and not files:
            raise LabError("no recording in the folder has that label", kind, f"Folder: {sounds}.")
        if sounds is None and kind not in MAKERS:
            raise LabError("no such sound", kind, f"One of: {', '.join(sorted(MAKERS))}.")
        time = float(generator.uniform(0.02, 0.9)) * seconds if at is None else at
        file = files[int(generator.integers(len(files)))] if files else None
        level = LEVELS.get(kind, 90.0)
        emissions.append(Emission(kind, time, (*place, 1.8), level, snr=snr, file=file, seconds=10.0 if file else None))
    return Scene(
        seed=seed, seconds=seconds, microphones=microphones_of(quarter, count), emissions=tuple(emissions),
        ambiences=_grounds(generator, backgrounds), rate=rate, calibration=CALIBRATION, around=quarter.surroundings,
    )  # fmt: skip


def _grounds(generator: np.random.Generator, folder: Path | None) -> tuple[Ambience, ...]:
    if folder is None:
        weather = ("rain", "wind", "birds")[int(generator.integers(3))]
        return (Ambience("traffic", 54.0), Ambience(weather, float(generator.uniform(40, 54))))
    found = read_folder(folder)
    file, label = found[int(generator.integers(len(found)))]
    return (Ambience(label, 55.0, file=file),)
