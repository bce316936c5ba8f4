"""The name of every member of every closed list, as a person reads it. The keys are the closed lists themselves, so a

new member without a name is found by a test, not by the person at the desk.
"""

from __future__ import annotations

from enum import StrEnum

from clairvoie.boundary.accounts import ProposalState
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.fix import Unlocated
from clairvoie.boundary.hazards import HazardKind, Health, Mode, NoiseSource
from clairvoie.boundary.incident import Basis, IncidentState, Outcome, TransitionKind
from clairvoie.boundary.person import Role
from clairvoie.boundary.sensor import SensorKind
from clairvoie.boundary.trial import Because, TrialState
from clairvoie.views.terms_of_the_door import DOOR_TERMS
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
    Unlocated: {
        Unlocated.TOO_FEW: _("fewer than four sensors timed it closely"),
        Unlocated.COLLINEAR: _("these sensors stand in a line, whose two sides cannot be told apart"),
        Unlocated.ILL_CONDITIONED: _("from where these sensors stand it is a direction rather than a place"),
        Unlocated.AMBIGUOUS: _("two places explain the arrivals about equally well"),
        Unlocated.DISAGREE: _("no place explains enough of the arrivals"),
        Unlocated.OUTSIDE: _("it lies outside the public perimeter, and such a place is discarded"),
        Unlocated.NOT_IMPULSIVE: _("only bangs are timed closely enough"),
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
    Role: {
        Role.DUTY: _("duty"),
        Role.SUPERVISOR: _("supervisor"),
        Role.AUDITOR: _("auditor"),
        Role.ADMINISTRATOR: _("administrator"),
    },
    ProposalState: {
        ProposalState.PENDING: _("waits for a second person"),
        ProposalState.APPROVED: _("approved"),
        ProposalState.REFUSED: _("refused"),
        ProposalState.OVERTAKEN: _("overtaken: it had changed meanwhile"),
    },
    TrialState: {
        TrialState.TRIAL: _("on trial"),
        TrialState.READY: _("waits for a signature"),
        TrialState.LIVE: _("in the queue"),
        TrialState.WITHDRAWN: _("taken out of the queue"),
    },
    Because: {
        Because.FIRST: _("first watched"),
        Because.MODEL: _("another recogniser"),
        Because.PLACE: _("another place or hardware"),
        Because.AUTHORISATION: _("newly authorised"),
        Because.WITHDRAWN: _("taken out of the queue"),
    },
    EntryKind: {
        EntryKind.EPOCH: _("New epoch of the ledger"),
        EntryKind.AUTHORISATION: _("Authorisation"),
        EntryKind.SUSPENSION: _("Suspension"),
        EntryKind.LIFE: _("Life of a sensor"),
        EntryKind.SETTING: _("Setting"),
        EntryKind.MODEL: _("Recogniser"),
        EntryKind.SANDBOX: _("Locks of a node"),
        EntryKind.DETECTION: _("Detection"),
        EntryKind.TRANSITION: _("Act on an incident"),
        EntryKind.LOOK: _("Look at an incident"),
        EntryKind.EXPORT: _("Export"),
        EntryKind.DELETION: _("Deletion"),
        EntryKind.ACCOUNT: _("Account"),
        EntryKind.SIGN_IN: _("Sign-in"),
        EntryKind.SIGN_OUT: _("Sign-out"),
        EntryKind.PROPOSAL: _("Proposal"),
        EntryKind.APPROVAL: _("Decision of a second person"),
        EntryKind.EQUIVOCATION: _("Two records under one number"),
        EntryKind.MISS: _("Miss"),
        EntryKind.INSPECTION: _("Inspection"),
        EntryKind.TRIAL: _("Act on a trial"),
    },
}


def term(value: StrEnum) -> str:
    """The key of the name of a member of a closed list. Members of different lists may be equal as text, so the list

    is looked up first.
    """
    return (TERMS | DOOR_TERMS)[type(value)][value]
