"""What an analyser hands to the gate of its own node: full-resolution claims, which the gate makes coarse.

These cross one pipe between two processes of one machine and never leave it. They are validated when they are made and
again when the gate reads them, since the gate trusts no analyser. Times are seconds on the clock that the blocks
carry: UTC (POSIX seconds) in a node, seconds from the start in ``listen``.
"""

from __future__ import annotations

import math

from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind, Health, NoiseSource
from clairvoie.errors import InvalidValue

OCTAVE_CENTRES = ("31.5", "63", "125", "250", "500", "1000", "2000", "4000", "8000")
"""Nominal centres in hertz of the nine octave bands released each minute (IEC 61260-1:2014, 5.5)."""

THIRD_CENTRES = (
    *("25", "31.5", "40", "50", "63", "80", "100", "125", "160", "200", "250", "315", "400", "500"),
    *("630", "800", "1000", "1250", "1600", "2000", "2500", "3150", "4000", "5000", "6300", "8000", "10000", "12500"),
)
"""Nominal centres in hertz of the twenty-eight third-octave bands released every ten minutes."""

LEAST_HOUR_COVERAGE = 0.75
"""An hour of which a smaller share is valid has no indicators: they would tell of a shorter time."""
MOST_EVENTS_OF_HOUR = 7200
"""An event lasts for half a second at least."""


def _finite(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidValue(f"{name} must lie between {low} and {high}", value)


def _level(name: str, value: float | None) -> None:
    if value is not None:
        _finite(name, value, -200.0, 250.0)


class DetectionBegin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="begin"):
    """A hazard begins: ``local`` is the analyser's own number for it, ``level`` its LAFmax so far in dB."""

    local: int
    kind: HazardKind
    onset: float
    confidence: float
    level: float
    clock_sigma: float

    def __post_init__(self) -> None:
        _finite("local number", self.local, 0, 2**53)
        _finite("onset", self.onset, 0, 1e11)
        _finite("confidence", self.confidence, 0.0, 1.0)
        _level("level", self.level)
        _finite("clock uncertainty", self.clock_sigma, 0.0, 1e9)


class DetectionEnd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="end"):
    """The hazard that began as ``local`` is over; ``confidence`` and ``level`` are its greatest."""

    local: int
    kind: HazardKind
    offset: float
    confidence: float
    level: float

    def __post_init__(self) -> None:
        _finite("local number", self.local, 0, 2**53)
        _finite("offset", self.offset, 0, 1e11)
        _finite("confidence", self.confidence, 0.0, 1.0)
        _level("level", self.level)


class ImpulseDetection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="impulse"):
    """A bang: arrival time with its standard uncertainty in seconds, and LCpeak in dB."""

    onset: float
    sigma: float
    level: float

    def __post_init__(self) -> None:
        _finite("onset", self.onset, 0, 1e11)
        _finite("uncertainty", self.sigma, 0.0, 1e9)
        _level("level", self.level)


class TenSecondLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="level"):
    """LAeq in dB over the ten seconds that end at ``end``; ``None`` when too little of it was valid."""

    end: int
    laeq: float | None

    def __post_init__(self) -> None:
        _level("LAeq", self.laeq)
        _finite("end", self.end, 0, 1e11)


class MinuteLevels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="minute"):
    """What is known of the minute that ends at ``end``; levels in dB, octaves in the order of ``OCTAVE_CENTRES``.

    ``laeq`` serves ``listen``; the gate rebuilds the minute's LAeq from its six tens. ``sources`` holds at most
    three noise sources with the share of the minute in which each dominated.
    """

    end: int
    laeq: float | None
    lceq: float | None
    lafmax: float | None
    lcpeak: float | None
    l10: float | None
    l50: float | None
    l90: float | None
    octaves: tuple[float | None, ...]
    sources: tuple[tuple[NoiseSource, float], ...]
    valid_seconds: int
    overload_seconds: int
    windy: bool
    health: Health

    def __post_init__(self) -> None:
        _finite("end", self.end, 0, 1e11)
        for name in ("laeq", "lceq", "lafmax", "lcpeak", "l10", "l50", "l90"):
            _level(name, getattr(self, name))
        if len(self.octaves) != len(OCTAVE_CENTRES):
            raise InvalidValue(f"a minute has {len(OCTAVE_CENTRES)} octaves", len(self.octaves))
        for value in self.octaves:
            _level("octave", value)
        if len(self.sources) > 3 or len({source for source, _ in self.sources}) != len(self.sources):
            raise InvalidValue("a minute names at most three different noise sources", self.sources)
        for _, share in self.sources:
            _finite("share of the minute", share, 0.0, 1.0)
        _finite("valid seconds", self.valid_seconds, 0, 60)
        _finite("overloaded seconds", self.overload_seconds, 0, 60)


class ThirdLevels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="thirds"):
    """Third-octave Leq in dB over the time that ends at ``end``, in the order of ``THIRD_CENTRES``.

    ``None`` above 0.45 of the sampling rate, where no honest figure exists. ``seconds`` is 600 in a node; ``listen``
    asks for 60.
    """

    end: int
    seconds: int
    thirds: tuple[float | None, ...]

    def __post_init__(self) -> None:
        _finite("end", self.end, 0, 1e11)
        _finite("seconds", self.seconds, 1, 3600)
        if len(self.thirds) != len(THIRD_CENTRES):
            raise InvalidValue(f"there are {len(THIRD_CENTRES)} third-octave bands", len(self.thirds))
        for value in self.thirds:
            _level("third", value)


class HourNoise(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hour"):
    """What the hour that ends at ``end`` comes to: Harmonica index 0 to 10, intermittency ratio in percent, how many
    noise events, and the share of the hour that is valid.

    With less than ``LEAST_HOUR_COVERAGE`` there is nothing but ``coverage``; without calibration no ``harmonica``.
    """

    end: int
    harmonica: float | None
    intermittency: float | None
    events: int | None
    coverage: float

    def __post_init__(self) -> None:
        _finite("end", self.end, 0, 1e11)
        _finite("coverage", self.coverage, 0.0, 1.0)
        if self.harmonica is not None:
            _finite("Harmonica index", self.harmonica, 0.0, 10.0)
        if self.intermittency is not None:
            _finite("intermittency ratio", self.intermittency, 0.0, 100.0)
        if self.events is not None:
            _finite("number of noise events", self.events, 0, MOST_EVENTS_OF_HOUR)
        if self.coverage < LEAST_HOUR_COVERAGE and (self.harmonica, self.intermittency, self.events) != (None,) * 3:
            raise InvalidValue(f"an hour has indicators from {LEAST_HOUR_COVERAGE:.0%} of it on", self.coverage)


Detection = DetectionBegin | DetectionEnd | ImpulseDetection
Observation = TenSecondLevel | MinuteLevels | ThirdLevels | HourNoise
Claim = Detection | Observation
"""Everything an analyser may say. There is nothing else that the pipe to the gate can carry."""
