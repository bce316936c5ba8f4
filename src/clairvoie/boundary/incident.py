"""An incident: what the hub concludes from detections, and what a person concludes from the incident.

``open → taken → closed``. Closing needs an outcome and the basis on which it rests; with no basis, the only honest
outcome is "not verifiable", and :func:`check_outcome` enforces just that.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from clairvoie.boundary.fix import Fix, Unlocated
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.sensor import Place
from clairvoie.errors import InvalidValue


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What a person found."""

    CONFIRMED = "confirmed"
    FALSE_ALARM = "false-alarm"
    NOT_VERIFIABLE = "not-verifiable"


class Basis(StrEnum):
    """What the outcome rests on."""

    ON_SITE = "on-site"
    CALLER = "caller"
    OTHER_SERVICE = "other-service"
    NONE = "none"


def check_outcome(outcome: Outcome, basis: Basis) -> None:
    """Without a basis nothing can be confirmed, and nothing can be called false."""
    if basis is Basis.NONE and outcome is not Outcome.NOT_VERIFIABLE:
        raise InvalidValue(
            "without a basis the outcome can only be not-verifiable",
            outcome.value,
            "Say on what it rests: on-site, caller or other-service; or close it as not-verifiable.",
        )


class DetectionView(Struct, frozen=True, kw_only=True):
    """One stored detection: a begin, perhaps refined by its end. Times are POSIX seconds, levels dB."""

    sensor: str
    identifier: int
    kind: HazardKind
    mode: Mode
    onset: float
    offset: float | None
    confidence: float | None
    level: float | None
    clock_sigma: float | None
    received: float


class TransitionKind(StrEnum):
    """What may happen to an incident."""

    OPENED = "opened"
    JOINED = "joined"
    TAKEN = "taken"
    CLOSED = "closed"
    NOTED = "noted"


class Transition(Struct, frozen=True, kw_only=True):
    """One line of an incident's history; ``who`` is a person's name, or empty when the hub itself did it."""

    at: float
    kind: TransitionKind
    who: str = ""
    outcome: Outcome | None = None
    basis: Basis | None = None
    note: str = ""


class Incident(Struct, frozen=True, kw_only=True):
    """One incident with its detections and history, as the desk and the API show it.

    ``place`` and ``radius`` are of the sensors that heard it. ``fix`` is where it was, or ``unlocated`` says why that
    is not known."""

    id: int
    kind: HazardKind
    state: IncidentState
    mode: Mode
    opened: float
    onset: float
    last_onset: float
    place: Place
    radius: float
    confidence: float
    detections: tuple[DetectionView, ...]
    history: tuple[Transition, ...]
    taken_by: str = ""
    outcome: Outcome | None = None
    basis: Basis | None = None
    fix: Fix | None = None
    unlocated: Unlocated | None = None

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors that contributed, in the order in which the sound reached them."""
        return tuple(dict.fromkeys(d.sensor for d in sorted(self.detections, key=lambda d: d.onset)))


class Miss(Struct, frozen=True, kw_only=True):
    """Something that happened and of which no sensor told, reported later by a person."""

    id: int
    kind: HazardKind
    happened: float
    place_words: str
    basis: Basis
    note: str
    reported_by: str
    reported: float
