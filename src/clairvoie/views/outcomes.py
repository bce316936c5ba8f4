"""Outcomes: how often the desk was right, with what is not known left in, and the misses beside it.

The share of confirmed is taken over confirmed and false alarms alone, since "not verifiable" says nothing either way,
and is shown with its exact interval: five of five says much less than fifty of fifty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from scipy.special import betaincinv

from clairvoie.boundary.hazards import HAZARD_KINDS, HazardKind
from clairvoie.boundary.incident import Incident, Miss, Outcome
from clairvoie.views.page import ThePage

router = APIRouter()
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one kind of hazard, or of all (``kind`` is ``None``)."""

    kind: HazardKind | None
    waiting: int
    confirmed: int
    false_alarm: int
    not_verifiable: int
    missed: int

    @property
    def verified(self) -> int:
        """Those of which it is known whether they were right."""
        return self.confirmed + self.false_alarm

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the share of confirmed among verified; ``None`` when nothing was verified."""
        return exact_interval(self.confirmed, self.verified) if self.verified else None


def exact_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a proportion (Biometrika 26, 1934, p. 404): covers at least as promised.

    >>> tuple(round(end, 3) for end in exact_interval(8, 10))
    (0.444, 0.975)
    >>> tuple(round(end, 3) for end in exact_interval(0, 5))
    (0.0, 0.522)
    """
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, trials - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, trials - successes, 1 - tail)) if successes < trials else 1.0
    return low, high


def tally(kind: HazardKind | None, incidents: Iterable[Incident], misses: Iterable[Miss]) -> Tally:
    """Counts of ``kind``, or of everything."""
    outcomes = [one.outcome for one in incidents if kind in (None, one.kind)]
    return Tally(
        kind=kind,
        waiting=outcomes.count(None),
        confirmed=outcomes.count(Outcome.CONFIRMED),
        false_alarm=outcomes.count(Outcome.FALSE_ALARM),
        not_verifiable=outcomes.count(Outcome.NOT_VERIFIABLE),
        missed=sum(kind in (None, miss.kind) for miss in misses),
    )


@router.get("/outcomes")
def outcomes(request: Request, page: ThePage) -> HTMLResponse:
    """The table, by kind and altogether."""
    whole = page.desk.whole  # counts alone, the same for everybody who may read figures
    incidents, misses = whole.incidents(limit=MOST), whole.misses(limit=MOST)
    seen = {one.kind for one in incidents} | {miss.kind for miss in misses}
    return page.render(
        request,
        "outcomes.html",
        rows=[tally(kind, incidents, misses) for kind in HAZARD_KINDS if kind in seen],
        total=tally(None, incidents, misses),
        since=min((one.opened for one in incidents), default=None),
        reached=len(incidents) >= MOST,
    )
