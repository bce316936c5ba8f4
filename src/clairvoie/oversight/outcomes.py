"""How often the hub was right, with every count that a figure rests on. Pure: incidents and misses in, figures out.

Only what somebody looked at says whether an alert was right: the share of confirmed is taken over confirmed and false
alarms, with its exact 95 % interval (Clopper and Pearson, Biometrika 26, 1934), and what could not be verified is
counted beside it, never left out. Misses are those that people reported, so they are a lower bound. The ledger entries
behind each count come with the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct
from scipy.special import betaincinv

from clairvoie.boundary.hazards import HAZARD_KINDS, HazardKind
from clairvoie.boundary.incident import Incident, IncidentState, Miss, Outcome, TransitionKind


class OutcomeFigures(Struct, frozen=True, kw_only=True):
    """Figures of one kind of hazard; ``kind`` is ``None`` for all of them. Shares are 0–1, times seconds."""

    kind: HazardKind | None
    open: int
    taken: int
    confirmed: int
    false_alarm: int
    not_verifiable: int
    missed: int
    share_confirmed: float | None
    interval: tuple[float, float] | None
    median_seconds_to_take: float | None
    median_seconds_to_close: float | None


def outcome_figures(incidents: Sequence[Incident], misses: Sequence[Miss]) -> tuple[OutcomeFigures, ...]:
    """Figures of all kinds together, then of each kind of which there is anything to say, in the order of the list."""
    kinds = {incident.kind for incident in incidents} | {miss.kind for miss in misses}
    shown = [None, *(kind for kind in HAZARD_KINDS if kind in kinds)]
    return tuple(_figures(kind, incidents, misses) for kind in shown)


def _figures(kind: HazardKind | None, incidents: Iterable[Incident], misses: Iterable[Miss]) -> OutcomeFigures:
    own = [incident for incident in incidents if kind in (None, incident.kind)]
    found = {outcome: sum(incident.outcome is outcome for incident in own) for outcome in Outcome}
    confirmed, false_alarm = found[Outcome.CONFIRMED], found[Outcome.FALSE_ALARM]
    verified = confirmed + false_alarm
    return OutcomeFigures(
        kind=kind,
        open=sum(incident.state is IncidentState.OPEN for incident in own),
        taken=sum(incident.state is IncidentState.TAKEN for incident in own),
        confirmed=confirmed,
        false_alarm=false_alarm,
        not_verifiable=found[Outcome.NOT_VERIFIABLE],
        missed=sum(kind in (None, miss.kind) for miss in misses),
        share_confirmed=confirmed / verified if verified else None,
        interval=_interval(confirmed, verified) if verified else None,
        median_seconds_to_take=_median_until(own, TransitionKind.TAKEN),
        median_seconds_to_close=_median_until(own, TransitionKind.CLOSED),
    )


def _interval(successes: int, trials: int) -> tuple[float, float]:
    low = float(betaincinv(successes, trials - successes + 1, 0.025)) if successes else 0.0
    high = float(betaincinv(successes + 1, trials - successes, 0.975)) if successes < trials else 1.0
    return low, high


def _median_until(incidents: Iterable[Incident], kind: TransitionKind) -> float | None:
    """Median of the seconds from opening to the first transition of ``kind``, over the incidents that had one."""
    waits = [
        next(line.at for line in incident.history if line.kind is kind) - incident.opened
        for incident in incidents
        if any(line.kind is kind for line in incident.history)
    ]
    return median(waits) if waits else None
