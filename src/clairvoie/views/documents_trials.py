"""What the JSON API says of trials: whether a kind at a sensor may open incidents, and nothing of what was detected."""

from __future__ import annotations

from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.trial import NEEDED_HOURS, TrialState, TrialView


class TrialDocument(Struct, frozen=True, kw_only=True):
    """Where a kind at a sensor stands: it opens incidents only where ``state`` is ``live``. ``hours_watched`` are those
    in which the sensor heard; ``hours_needed`` before it can be signed. Nothing here tells of detections."""

    kind: HazardKind
    state: TrialState
    hours_watched: float
    hours_needed: int


def trial_document(view: TrialView) -> TrialDocument:
    """A trial for the API."""
    hours = round(view.figures.rate.hours, 1)
    return TrialDocument(kind=view.kind, state=view.state, hours_watched=hours, hours_needed=NEEDED_HOURS)
