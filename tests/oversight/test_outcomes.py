"""Figures of outcomes: every incident counted once, nothing concluded from what nobody looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.incident import (
    Basis,
    Incident,
    IncidentState,
    Miss,
    Outcome,
    Transition,
    TransitionKind,
)
from clairvoie.boundary.sensor import Place
from clairvoie.oversight.outcomes import outcome_figures

GLASS, HORN = HazardKind.GLASS_BREAKING, HazardKind.SUSTAINED_HORN
STATES = [None, IncidentState.TAKEN, *Outcome]


def incident(kind: HazardKind, found: Outcome | IncidentState | None, *, took: float = 10.0) -> Incident:
    """An incident that stands open (``None``), is taken, or was closed with an outcome 60 s after it was taken."""
    history = [Transition(at=100.0, kind=TransitionKind.OPENED)]
    if found is not None:
        history.append(Transition(at=100.0 + took, kind=TransitionKind.TAKEN, who="Claire"))
    closed = isinstance(found, Outcome)
    if closed:
        history.append(Transition(at=160.0 + took, kind=TransitionKind.CLOSED, who="Claire"))
    return Incident(
        id=1, kind=kind, mode=Mode.LIVE, opened=100.0, onset=99.0, last_onset=99.0, radius=75.0, confidence=0.8,
        state=IncidentState.CLOSED if closed else found or IncidentState.OPEN,  # type: ignore[arg-type]
        place=Place(latitude=48.0, longitude=2.0), detections=(), history=tuple(history),
        outcome=found if isinstance(found, Outcome) else None,
    )  # fmt: skip


def miss(kind: HazardKind) -> Miss:
    return Miss(
        id=1, kind=kind, happened=1.0, place_words="x", basis=Basis.CALLER, note="", reported_by="y", reported=2.0
    )


@given(
    st.lists(st.tuples(st.sampled_from([GLASS, HORN]), st.sampled_from(STATES)), max_size=30),
    st.lists(st.sampled_from([GLASS, HORN]), max_size=5),
)
def test_every_incident_and_miss_is_counted_once(pairs, missed) -> None:
    together, *each = outcome_figures([incident(*pair) for pair in pairs], [miss(kind) for kind in missed])

    def total(figures) -> int:
        counted = (figures.open, figures.taken, figures.confirmed, figures.false_alarm, figures.not_verifiable)
        return sum(counted)

    assert total(together) == len(pairs) == sum(map(total, each))
    assert together.missed == len(missed) == sum(figures.missed for figures in each)
    for figures in (together, *each):
        verified = figures.confirmed + figures.false_alarm
        assert (figures.interval is None) == (figures.share_confirmed is None) == (verified == 0)
        if figures.interval is not None:
            low, high = figures.interval
            assert 0 <= low <= figures.share_confirmed <= high <= 1


def test_what_could_not_be_verified_says_nothing_either_way() -> None:
    looked = [incident(GLASS, Outcome.CONFIRMED)] * 8 + [incident(GLASS, Outcome.FALSE_ALARM)] * 2
    unverified = [incident(GLASS, Outcome.NOT_VERIFIABLE)] * 90
    figures = outcome_figures([*looked, *unverified], [])[0]
    assert figures.share_confirmed == 0.8
    assert figures.interval == pytest.approx((0.444, 0.975), abs=0.001)
    assert figures.not_verifiable == 90


def test_times_are_medians_from_opening() -> None:
    some = [incident(HORN, Outcome.CONFIRMED, took=seconds) for seconds in (1.0, 5.0, 90.0)]
    figures = outcome_figures([*some, incident(HORN, None)], [])[0]
    assert (figures.median_seconds_to_take, figures.median_seconds_to_close) == (5.0, 65.0)


def test_nothing_yet_is_nothing_known() -> None:
    (figures,) = outcome_figures([], [])
    assert (figures.kind, figures.share_confirmed, figures.median_seconds_to_take) == (None, None, None)
