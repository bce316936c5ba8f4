"""Every member of every closed list has a name in both languages."""

from __future__ import annotations

from enum import StrEnum

import pytest

from clairvoie.boundary.accounts import ProposalState
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.fix import Unlocated
from clairvoie.boundary.hazards import HazardKind, Health, Mode, NoiseSource
from clairvoie.boundary.incident import Basis, IncidentState, Outcome, TransitionKind
from clairvoie.boundary.person import Role
from clairvoie.boundary.sensor import SensorKind
from clairvoie.boundary.trial import Because, TrialState
from clairvoie.views.terms import TERMS, term
from clairvoie.views.words import translations

LISTS = (
    *(HazardKind, NoiseSource, Mode, Health, IncidentState, Outcome, Basis, TransitionKind, SensorKind),
    *(Role, ProposalState, EntryKind, TrialState, Because, Unlocated),
)


@pytest.mark.parametrize("closed", LISTS, ids=lambda closed: closed.__name__)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_member_has_a_name(closed: type[StrEnum], language: str) -> None:
    names = [translations(language).gettext(term(member)) for member in closed]
    assert all(names)
    assert len(set(names)) == len(names), "two members of one list read the same"


def test_members_that_are_equal_as_text_keep_their_own_names() -> None:
    assert term(IncidentState.TAKEN) != term(TransitionKind.TAKEN)
    assert set(TERMS) == set(LISTS)


@pytest.mark.parametrize(
    ("member", "french"),
    [
        (Outcome.FALSE_ALARM, "fausse alerte"),
        (Outcome.NOT_VERIFIABLE, "non vérifiable"),
        (IncidentState.TAKEN, "pris en charge"),
        (HazardKind.IMPULSE, "Détonation, cause inconnue"),
        (SensorKind.MICROPHONE, "micro"),
    ],
)
def test_the_words_of_the_desk(member: StrEnum, french: str) -> None:
    assert translations("fr").gettext(term(member)) == french
