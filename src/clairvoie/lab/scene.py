"""What a scene is: who emits what, where and when, over which background, and which microphones stand where.

A scene is a value. Together with its seed it determines every sample (``rendering``) and every line of ground truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from clairvoie.errors import LabError
from clairvoie.lab.propagation import Atmosphere, Point, Surroundings
from clairvoie.lab.synthesis import MAKERS

CALIBRATION = 120.0
"""dB SPL of a full-scale sine: a microphone of −26 dBFS at 94 dB SPL."""
RATE = 32_000


def _check_kind(kind: str, file: Path | None) -> None:
    if file is None and kind not in MAKERS:
        raise LabError("no such sound", kind, f"One of: {', '.join(sorted(MAKERS))}.")


@dataclass(frozen=True, slots=True)
class Emission:
    """A sound from one place, or along a line to ``to`` at even speed.

    ``at``: seconds after the scene begins, when it leaves the source. ``level``: LAeq in dB at 1 m while it sounds; or,
    if ``snr`` is given, the nearest microphone hears it that many dB(A) over the background. ``file``: a recording
    instead of the synthesis. ``bare``: neither reflections nor roofs, for recordings that hold their own.
    """

    kind: str
    at: float
    position: Point
    level: float = 90.0
    seconds: float | None = None
    to: Point | None = None
    snr: float | None = None
    file: Path | None = None
    bare: bool = False

    def __post_init__(self) -> None:
        _check_kind(self.kind, self.file)
        if self.at < 0 or (self.seconds is not None and self.seconds <= 0):
            raise LabError("a sound begins after the scene does and lasts some time", (self.at, self.seconds))


@dataclass(frozen=True, slots=True)
class Ambience:
    """A diffuse background: equally loud (``level``, LAeq in dB) and incoherent at all microphones.

    From ``start`` to ``end`` seconds with ``fade`` seconds at both ends; ``end`` of ``None``: throughout.
    """

    kind: str
    level: float
    start: float = 0.0
    end: float | None = None
    fade: float = 4.0
    file: Path | None = None

    def __post_init__(self) -> None:
        _check_kind(self.kind, self.file)
        if self.end is not None and not 0 <= self.start < self.end:
            raise LabError("a background ends after it begins", (self.start, self.end))


@dataclass(frozen=True, slots=True)
class Microphone:
    """A microphone: its name, which is that of its files, and where it is in metres."""

    id: str
    position: Point


@dataclass(frozen=True)
class Scene:
    """Everything that determines a scene. With ``loop`` its end joins its beginning without a seam."""

    seed: int
    seconds: float
    microphones: tuple[Microphone, ...]
    emissions: tuple[Emission, ...] = ()
    ambiences: tuple[Ambience, ...] = ()
    rate: int = RATE
    calibration: float = CALIBRATION
    air: Atmosphere = field(default_factory=Atmosphere)
    around: Surroundings = field(default_factory=Surroundings)
    loop: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= 86_400:
            raise LabError("a scene lasts from a second to a day", self.seconds)
        if not 16_000 <= self.rate <= 192_000:
            raise LabError("a scene has 16 to 192 kHz", self.rate, "32000 is usual.")
        if self.seed < 0:
            raise LabError("a seed is a whole number from 0", self.seed)
        names = [microphone.id for microphone in self.microphones]
        if not names or len(set(names)) != len(names):
            raise LabError("a scene has microphones, each with a name of its own", names)
        late = [emission.kind for emission in self.emissions if emission.at >= self.seconds]
        if late:
            raise LabError(f"a sound begins after the scene's {self.seconds} s are over", late[0])
