"""What a sensor releases: bulletins, one a second, whose every field has a code and a length in bits beside its type.

A field is a whole number on a :class:`~clairvoie.boundary.units.Scale` or an index into a closed list. ``Coded`` checks
each against its alphabet when the object is made, so an invalid bulletin cannot exist, and :func:`charge` adds up
what a bulletin is worth in thousandths of a bit. *When* something leaves is counted too: scheduled parts leave in
fixed seconds (:data:`SCHEDULE`), which tells nothing; an event may leave in any second, so its presence is charged 6
bits and its absence 0.023 bit, in every second.

>>> quiet = Bulletin(sensor="mic-1", second=1_800_000_000)
>>> charge(quiet)
Charge(scheduled=0, events=23)
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from msgspec import Meta, Struct

from clairvoie.boundary import units
from clairvoie.boundary.hazards import HAZARD_KINDS, HEALTHS, MODES, NOISE_SOURCES
from clairvoie.boundary.sensor import check_name
from clairvoie.boundary.units import millibits_of
from clairvoie.errors import InvalidValue


def _code(count: int) -> Meta:
    return Meta(ge=0, lt=count, extra={"alphabet": count})


LevelCode = Annotated[int, _code(units.LEVEL.count)]
PeakCode = Annotated[int, _code(units.PEAK.count)]
OctaveCode = Annotated[int, _code(units.OCTAVE.count)]
ThirdCode = Annotated[int, _code(units.THIRD.count)]
SourceCode = Annotated[int, _code(1 + len(NOISE_SOURCES) * 8)]
"""0: nothing known; otherwise 1 + 8 · source + (eighths of the minute − 1)."""
SecondsCode = Annotated[int, _code(units.SECONDS_OF_MINUTE.count)]
HarmonicaCode = Annotated[int, _code(units.HARMONICA.count)]
PercentCode = Annotated[int, _code(units.PERCENT.count)]
EventsOfHourCode = Annotated[int, _code(units.EVENTS_OF_HOUR.count)]
EighthsOfHourCode = Annotated[int, _code(units.EIGHTHS_OF_HOUR.count)]
FewCode = Annotated[int, _code(units.FEW.count)]
FlagCode = Annotated[int, _code(2)]
HealthCode = Annotated[int, _code(len(HEALTHS))]
KindCode = Annotated[int, _code(len(HAZARD_KINDS))]
ModeCode = Annotated[int, _code(len(MODES))]
AgeCode = Annotated[int, _code(units.AGE_TENTHS.count)]
FineAgeCode = Annotated[int, _code(units.AGE_FINE.count)]
ConfidenceCode = Annotated[int, _code(units.CONFIDENCE.count)]
EventLevelCode = Annotated[int, _code(units.EVENT_LEVEL.count)]
ClockCode = Annotated[int, _code(1 + len(units.CLOCK_CLASSES))]
OpenSlot = Annotated[int, _code(16)]
"""Which of the at most sixteen hazards that a sensor may have open at once."""

OPEN_SLOTS = 16
EVENT_PRESENT_MILLIBITS = 6000
"""-log2(1/64): one more event follows in this second."""
EVENT_ABSENT_MILLIBITS = math.ceil(-math.log2(63 / 64) * 1000)
"""-log2(63/64): no further event in this second. With the line above, Kraft: 1/64 + 63/64 = 1."""
EVENT_FORM_MILLIBITS = millibits_of(3)
"""Which of begin, end and impulse."""


class Coded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, array_like=True):
    """A struct whose annotated whole numbers lie inside their alphabets, checked when it is made.

    On the wire it is an array, its form first, so that the longest bulletin stays short.
    """

    def __post_init__(self) -> None:
        for name, alphabet in alphabets_of(type(self)).items():
            value = getattr(self, name)
            for code in value if isinstance(value, tuple) else (value,):
                if type(code) is not int or not 0 <= code < alphabet:
                    raise InvalidValue(f"{type(self).__name__}.{name} has codes 0 to {alphabet - 1}", code)
        for name, length in lengths_of(type(self)).items():
            if len(getattr(self, name)) != length:
                raise InvalidValue(f"{type(self).__name__}.{name} has {length} codes", len(getattr(self, name)))


_ALPHABETS: dict[type, dict[str, int]] = {}
_LENGTHS: dict[type, dict[str, int]] = {}


def alphabets_of(kind: type) -> dict[str, int]:
    """For each released field of ``kind``: how many codes it has. Derived from the annotations, nothing else."""
    if kind not in _ALPHABETS:
        _read_annotations(kind)
    return _ALPHABETS[kind]


def lengths_of(kind: type) -> dict[str, int]:
    """For each released field of ``kind`` that is a tuple: how many codes it must have."""
    if kind not in _LENGTHS:
        _read_annotations(kind)
    return _LENGTHS[kind]


def _read_annotations(kind: type) -> None:
    alphabets: dict[str, int] = {}
    lengths: dict[str, int] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        inner = [hint, *get_args(hint)]
        found = [a for h in inner for a in getattr(h, "__metadata__", ()) if isinstance(a, Meta)]
        extra: dict[str, Any] = next((m.extra for m in found if m.extra and "alphabet" in m.extra), {})
        if extra:
            alphabets[name] = extra["alphabet"]
            if getattr(hint, "__origin__", None) is tuple:
                lengths[name] = len(get_args(hint))
    _ALPHABETS[kind] = alphabets
    _LENGTHS[kind] = lengths


def fields_millibits(kind: type) -> int:
    """Length of the fields of one ``kind``, whatever their values: the code is fixed, so silence costs the same."""
    lengths = lengths_of(kind)
    return sum(millibits_of(count) * lengths.get(name, 1) for name, count in alphabets_of(kind).items())


class TenSeconds(Coded, frozen=True, kw_only=True, tag="ten"):
    """LAeq over ten seconds."""

    laeq: LevelCode


class MinuteIndicators(Coded, frozen=True, kw_only=True, tag="indicators"):
    """Indicators of the past minute."""

    lceq: LevelCode
    lafmax: LevelCode
    lcpeak: PeakCode
    l10: LevelCode
    l50: LevelCode
    l90: LevelCode


Nine = tuple[OctaveCode, OctaveCode, OctaveCode, OctaveCode, OctaveCode, OctaveCode, OctaveCode, OctaveCode, OctaveCode]
Fourteen = tuple[
    ThirdCode, ThirdCode, ThirdCode, ThirdCode, ThirdCode, ThirdCode, ThirdCode,
    ThirdCode, ThirdCode, ThirdCode, ThirdCode, ThirdCode, ThirdCode, ThirdCode,
]  # fmt: skip


class MinuteOctaves(Coded, frozen=True, kw_only=True, tag="octaves"):
    """Octave levels of the past minute, 31.5 Hz to 8 kHz."""

    levels: Nine


class MinuteState(Coded, frozen=True, kw_only=True, tag="state"):
    """Noise sources of the past minute, and what the sensor and its gate say of themselves.

    ``drops`` counts events that the budget turned away, ``refusals`` what the analyser said that the gate did not take.
    """

    sources: tuple[SourceCode, SourceCode, SourceCode]
    valid_seconds: SecondsCode
    overloads: FewCode
    windy: FlagCode
    health: HealthCode
    drops: FewCode
    refusals: FewCode


class TenMinuteThirds(Coded, frozen=True, kw_only=True, tag="thirds"):
    """Third-octave levels of the past ten minutes, 25 Hz to 12.5 kHz, in two halves of fourteen."""

    low: Fourteen
    high: Fourteen


class HourIndicators(Coded, frozen=True, kw_only=True, tag="hour"):
    """Indicators of the past hour of UTC, and how much of it they rest on.

    Harmonica in tenths, intermittency ratio in percent, noise events up to "62 or more", eighths that were heard.
    """

    harmonica: HarmonicaCode
    intermittency: PercentCode
    events: EventsOfHourCode
    coverage: EighthsOfHourCode


class BeginEvent(Coded, frozen=True, kw_only=True, tag="begin"):
    """A hazard begins. ``identifier`` counts this sensor's events; the gate gives it, so it is charged nothing."""

    identifier: int
    slot: OpenSlot
    kind: KindCode
    mode: ModeCode
    age: AgeCode
    confidence: ConfidenceCode
    level: EventLevelCode
    clock: ClockCode


class EndEvent(Coded, frozen=True, kw_only=True, tag="end"):
    """The hazard in ``slot`` is over; ``identifier`` is that of its begin, which the slot already tells."""

    identifier: int
    slot: OpenSlot
    age: AgeCode
    confidence: ConfidenceCode
    level: EventLevelCode


class ImpulseEvent(Coded, frozen=True, kw_only=True, tag="impulse"):
    """A bang, to 0.1 ms."""

    identifier: int
    mode: ModeCode
    age: FineAgeCode
    sigma: ClockCode
    level: EventLevelCode


Event = BeginEvent | EndEvent | ImpulseEvent
Scheduled = TenSeconds | MinuteIndicators | MinuteOctaves | MinuteState | TenMinuteThirds | HourIndicators
SCHEDULED_TYPES: tuple[type, ...] = (
    TenSeconds,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    TenMinuteThirds,
    HourIndicators,
)
EVENT_TYPES: tuple[type, ...] = (BeginEvent, EndEvent, ImpulseEvent)

SCHEDULE: dict[type, tuple[int, int]] = {
    TenSeconds: (10, 2),
    MinuteIndicators: (60, 4),
    MinuteOctaves: (60, 6),
    MinuteState: (60, 8),
    TenMinuteThirds: (600, 35),
    HourIndicators: (3600, 45),
}
"""Part -> (period, phase) in seconds of UTC: a part may leave only in seconds with ``second % period == phase``."""

SCHEDULED_BITS_PER_SECOND = 5
SCHEDULED_DEPTH_BITS = 300
EVENT_BITS_PER_SECOND = 3
EVENT_DEPTH_BITS = 724
BURST_BITS = SCHEDULED_DEPTH_BITS + EVENT_DEPTH_BITS
BITS_PER_SECOND = SCHEDULED_BITS_PER_SECOND + EVENT_BITS_PER_SECOND


class Bulletin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``sensor`` releases in the UTC second ``second`` (POSIX): usually nothing."""

    sensor: str
    second: int
    scheduled: tuple[Scheduled, ...] = ()
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        check_name("sensor", self.sensor)
        if type(self.second) is not int or not 0 <= self.second < 2**40:
            raise InvalidValue("a bulletin's second is a POSIX second", self.second)
        kinds = [type(part) for part in self.scheduled]
        if len(set(kinds)) != len(kinds):
            raise InvalidValue("a bulletin has each scheduled part at most once", [k.__name__ for k in kinds])
        for kind in kinds:
            period, phase = SCHEDULE[kind]
            if self.second % period != phase:
                raise InvalidValue(f"{kind.__name__} leaves at second {phase} of {period}", self.second)


class Charge(NamedTuple):
    """What a bulletin is worth, in thousandths of a bit."""

    scheduled: int
    events: int

    @property
    def total(self) -> int:
        """Scheduled and events together."""
        return self.scheduled + self.events


def event_millibits(kind: type) -> int:
    """What one event of this form is charged: that it is there, which form it has, and its fields."""
    return EVENT_PRESENT_MILLIBITS + EVENT_FORM_MILLIBITS + fields_millibits(kind)


def charge(bulletin: Bulletin) -> Charge:
    """What this bulletin is worth; an empty one still tells that nothing happened."""
    return Charge(
        scheduled=sum(fields_millibits(type(part)) for part in bulletin.scheduled),
        events=EVENT_ABSENT_MILLIBITS + sum(event_millibits(type(event)) for event in bulletin.events),
    )
