"""The closed lists: what a detection may be about, and what a level may be attributed to.

A voice is in neither, and no option adds it. Gunshots "as such", loitering and identity are absent for the same reason:
what has no name here has no code, and what has no code cannot leave a sensor.
"""

from __future__ import annotations

from enum import StrEnum


class HazardKind(StrEnum):
    """What a detection is about. The order of this list is the order of its codes: append, never insert."""

    GLASS_BREAKING = "glass-breaking"
    FIREWORK = "firework"
    IMPULSE = "impulse"
    ALARM_SOUNDING = "alarm-sounding"
    SUSTAINED_HORN = "sustained-horn"
    CROWD_DENSITY = "crowd-density"
    CROWD_MOVEMENT = "crowd-movement"
    COUNTER_FLOW = "counter-flow"
    WRONG_WAY = "wrong-way"
    CLOSED_ZONE = "closed-zone"
    ABANDONED_OBJECT = "abandoned-object"
    FIRE = "fire"
    SMOKE = "smoke"
    CAMERA_FAULT = "camera-fault"


SOUND_HAZARDS = frozenset(
    {
        HazardKind.GLASS_BREAKING,
        HazardKind.FIREWORK,
        HazardKind.IMPULSE,
        HazardKind.ALARM_SOUNDING,
        HazardKind.SUSTAINED_HORN,
    }
)

SEVERITY: dict[HazardKind, int] = {
    HazardKind.FIRE: 0,
    HazardKind.CROWD_MOVEMENT: 1,
    HazardKind.CROWD_DENSITY: 2,
    HazardKind.GLASS_BREAKING: 3,
    HazardKind.IMPULSE: 4,
    HazardKind.WRONG_WAY: 5,
    HazardKind.SMOKE: 6,
    HazardKind.COUNTER_FLOW: 7,
    HazardKind.CLOSED_ZONE: 8,
    HazardKind.ALARM_SOUNDING: 9,
    HazardKind.FIREWORK: 10,
    HazardKind.SUSTAINED_HORN: 11,
    HazardKind.ABANDONED_OBJECT: 12,
    HazardKind.CAMERA_FAULT: 13,
}
"""Smaller leaves first when the budget is short."""


class NoiseSource(StrEnum):
    """What a level is attributed to; never a voice. Sixteen, in the order of their codes."""

    TRAFFIC = "traffic"
    HORN = "horn"
    SIREN = "siren"
    RAIL = "rail"
    AIRCRAFT = "aircraft"
    WORKS = "works"
    ALARM = "alarm"
    MUSIC = "music"
    BELLS = "bells"
    DOG = "dog"
    ANIMAL = "animal"
    RAIN = "rain"
    WIND = "wind"
    THUNDER = "thunder"
    WATER = "water"
    OTHER = "other"


UNTRAINED_SOURCES = frozenset({NoiseSource.MUSIC})
"""Reserved: no model of ours has learned them, so none may report them."""


class Mode(StrEnum):
    """How far a kind at a sensor is trusted. Written into every detection from the first day."""

    TRIAL = "trial"
    LIVE = "live"
    EXERCISE = "exercise"


class Health(StrEnum):
    """What a sensor says of itself, once a minute, from a closed list."""

    FINE = "fine"
    SILENT = "silent"
    OVERLOADED = "overloaded"
    GAPS = "gaps"
    SOURCE_LOST = "source-lost"
    CLOCK_DOUBTFUL = "clock-doubtful"
    FAULT = "fault"


NOT_HEARING = frozenset({Health.SILENT, Health.SOURCE_LOST, Health.FAULT})
"""A sensor that says this about its last minute heard nothing, though it goes on speaking."""


NOISE_SOURCES = tuple(NoiseSource)
HAZARD_KINDS = tuple(HazardKind)
MODES = tuple(Mode)
HEALTHS = tuple(Health)
