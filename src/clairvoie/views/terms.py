"""The name of every member of every closed list, as a person reads it. The keys are the closed lists themselves, so a

new member without a name is found by a test, not by the person at the desk.
"""

from __future__ import annotations

from enum import StrEnum

from clairvoie.boundary.hazards import HazardKind, Health, Mode, NoiseSource
from clairvoie.boundary.incident import Basis, IncidentState, Outcome, TransitionKind
from clairvoie.boundary.sensor import SensorKind
from clairvoie.views.words import mark as _

TERMS: dict[type[StrEnum], dict[str, str]] = {
    HazardKind: {
        HazardKind.GLASS_BREAKING: _("Breaking glass"),
        HazardKind.FIREWORK: _("Fireworks"),
        HazardKind.IMPULSE: _("Bang, cause unknown"),
        HazardKind.ALARM_SOUNDING: _("Alarm sounding"),
        HazardKind.SUSTAINED_HORN: _("Sustained horn"),
        HazardKind.CROWD_DENSITY: _("Dense crowd"),
        HazardKind.CROWD_MOVEMENT: _("Crowd in rapid movement"),
        HazardKind.COUNTER_FLOW: _("Crowd against the flow"),
        HazardKind.WRONG_WAY: _("Vehicle on the wrong side"),
        HazardKind.CLOSED_ZONE: _("Presence in a closed place"),
        HazardKind.ABANDONED_OBJECT: _("Object left behind"),
        HazardKind.FIRE: _("Fire"),
        HazardKind.SMOKE: _("Smoke"),
        HazardKind.CAMERA_FAULT: _("Camera fault"),
    },
    NoiseSource: {
        NoiseSource.TRAFFIC: _("traffic"),
        NoiseSource.HORN: _("horn"),
        NoiseSource.SIREN: _("siren"),
        NoiseSource.RAIL: _("railway"),
        NoiseSource.AIRCRAFT: _("aircraft"),
        NoiseSource.WORKS: _("works"),
        NoiseSource.ALARM: _("alarm"),
        NoiseSource.MUSIC: _("music"),
        NoiseSource.BELLS: _("bells"),
        NoiseSource.DOG: _("dog"),
        NoiseSource.ANIMAL: _("animal"),
        NoiseSource.RAIN: _("rain"),
        NoiseSource.WIND: _("wind"),
        NoiseSource.THUNDER: _("thunder"),
        NoiseSource.WATER: _("water"),
        NoiseSource.OTHER: _("other"),
    },
    Mode: {
        Mode.TRIAL: _("on trial"),
        Mode.LIVE: _("live"),
        Mode.EXERCISE: _("exercise"),
    },
    Health: {
        Health.FINE: _("in order"),
        Health.SILENT: _("silent"),
        Health.OVERLOADED: _("overloaded"),
        Health.GAPS: _("gaps in the sound"),
        Health.SOURCE_LOST: _("source lost"),
        Health.CLOCK_DOUBTFUL: _("clock doubtful"),
        Health.FAULT: _("faulty"),
    },
    IncidentState: {
        IncidentState.OPEN: _("open"),
        IncidentState.TAKEN: _("taken"),
        IncidentState.CLOSED: _("closed"),
    },
    Outcome: {
        Outcome.CONFIRMED: _("confirmed"),
        Outcome.FALSE_ALARM: _("false alarm"),
        Outcome.NOT_VERIFIABLE: _("not verifiable"),
    },
    Basis: {
        Basis.ON_SITE: _("seen on site"),
        Basis.CALLER: _("a caller"),
        Basis.OTHER_SERVICE: _("another service"),
        Basis.NONE: _("nothing"),
    },
    TransitionKind: {
        TransitionKind.OPENED: _("Opened"),
        TransitionKind.JOINED: _("Another detection joined"),
        TransitionKind.TAKEN: _("Taken"),
        TransitionKind.CLOSED: _("Closed"),
        TransitionKind.NOTED: _("Note"),
    },
    SensorKind: {
        SensorKind.MICROPHONE: _("microphone"),
        SensorKind.CAMERA: _("camera"),
    },
}


def term(value: StrEnum) -> str:
    """The key of the name of a member of a closed list. Members of different lists may be equal as text, so the list

    is looked up first.
    """
    return TERMS[type(value)][value]
