"""The trial: every kind of hazard at every sensor starts apart from the queue, and what the desk is shown of it.

What a sensor tells of a kind on trial is stored, counted and judged by people, and opens nothing, until the sensor has
heard for :data:`NEEDED_SECONDS` and a supervisor, with a second person, has let the kind into the queue. The rule is
:mod:`clairvoie.hub.trial`; here is what pages and programs are told of it.

>>> Figures(seconds=37 * 3600, detections=3, confirmed=1, false_alarms=1).waiting
1
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from clairvoie.boundary.exposure import HOUR, Rate
from clairvoie.boundary.hazards import SOUND_HAZARDS, HazardKind, Mode
from clairvoie.boundary.incident import Basis, DetectionView, Outcome
from clairvoie.boundary.sensor import Place, SensorKind

NEEDED_HOURS = 168
"""A week: the least time in which every hour of every day of the week was heard once."""
NEEDED_SECONDS = NEEDED_HOURS * HOUR


class TrialState(StrEnum):
    """Where a kind at a sensor stands. ``WITHDRAWN``: somebody took it back out of the queue, and it starts anew."""

    TRIAL = "trial"
    READY = "ready"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class Because(StrEnum):
    """Why a trial began when it did."""

    FIRST = "first"
    MODEL = "model"
    PLACE = "place"
    AUTHORISATION = "authorisation"
    WITHDRAWN = "withdrawn"


class Figures(Struct, frozen=True, kw_only=True):
    """What was watched: seconds in which the sensor heard, detections in them, and what people judged of these."""

    seconds: int = 0
    detections: int = 0
    confirmed: int = 0
    false_alarms: int = 0
    not_verifiable: int = 0

    @property
    def waiting(self) -> int:
        """Detections that nobody has judged."""
        return self.detections - self.confirmed - self.false_alarms - self.not_verifiable

    @property
    def enough(self) -> bool:
        """Whether it was watched long enough to be signed."""
        return self.seconds >= NEEDED_SECONDS

    @property
    def rate(self) -> Rate:
        """The false alarms, with their exposure. What nobody judged or could verify is not among them."""
        return Rate(count=self.false_alarms, seconds=self.seconds)

    @property
    def worst(self) -> Rate:
        """The same if everything that nobody found right was a false alarm."""
        return Rate(count=self.detections - self.confirmed, seconds=self.seconds)

    def facts(self) -> dict[str, str]:
        """The figures as the short facts of a ledger's entry."""
        return {
            "hours": f"{self.seconds / HOUR:.1f}",
            "detections": str(self.detections),
            "confirmed": str(self.confirmed),
            "false-alarm": str(self.false_alarms),
            "not-verifiable": str(self.not_verifiable),
        }


class Signature(Struct, frozen=True, kw_only=True):
    """Who let a kind into the queue: the supervisor ``by``, the second person ``approved_by``, on which figures."""

    at: float
    by: str
    approved_by: str
    figures: Figures


class TrialView(Struct, frozen=True, kw_only=True):
    """One kind at one sensor, as it stands now.

    ``number`` is the trial's, 0 before anything of it was stored. ``begun`` is when it began, ``because`` why, and
    ``by`` who withdrew it, if that was it; ``signed`` who let it into the queue. ``proposed_by`` is the supervisor
    whose signature waits for a second person.
    """

    sensor: str
    kind: HazardKind
    place: Place
    number: int
    state: TrialState
    figures: Figures
    begun: float
    because: Because
    by: str = ""
    signed: Signature | None = None
    proposed_by: str = ""


class TrialDetection(Struct, frozen=True, kw_only=True):
    """One detection on trial and what somebody judged of it; ``number`` names it, ``trial`` the trial it belongs to.

    ``said`` is the mode as its node said it: what a node itself calls a trial stays one, whatever was signed.
    """

    number: int
    trial: int
    heard: DetectionView
    said: Mode
    outcome: Outcome | None = None
    basis: Basis | None = None
    judged_by: str = ""
    judged: float | None = None


def can_tell(sensor: SensorKind, kind: HazardKind) -> bool:
    """Whether a sensor of this kind has that hazard in its list at all.

    >>> can_tell(SensorKind.MICROPHONE, HazardKind.FIREWORK), can_tell(SensorKind.MICROPHONE, HazardKind.SMOKE)
    (True, False)
    """
    return (sensor is SensorKind.MICROPHONE) is (kind in SOUND_HAZARDS)
