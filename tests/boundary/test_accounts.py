"""What widens, who may decide, which passwords will do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.accounts import (
    AccountChange,
    Grant,
    MachineToken,
    Proposal,
    ProposalState,
    check_password,
    may_decide,
    widens,
)
from clairvoie.boundary.person import POWERS, Caller, CallerKind, Person, Power, Role, caller_of
from clairvoie.errors import InvalidValue

PLACES = ("quay", "halls", "square")
grants = st.builds(
    Grant,
    role=st.sampled_from(Role),
    recipient=st.sampled_from(("", "duty-desk", "fire-service")),
    areas=st.sets(st.sampled_from(PLACES)).map(lambda found: tuple(sorted(found))),
    active=st.booleans(),
)


def can(grant: Grant | None) -> set[tuple[str, str, str]]:
    """Everything that somebody with this grant can do: a power, for a recipient, at a place."""
    if grant is None or not grant.active:
        return set()
    places = grant.areas or (*PLACES, "everywhere-else")
    powers, recipients = [power.value for power in POWERS[grant.role]], {"", grant.recipient}
    return set(itertools.product(powers, recipients, places))


@given(before=st.none() | grants, after=grants)
def test_what_does_not_widen_lets_nobody_do_anything_more(before: Grant | None, after: Grant) -> None:
    """The law for which the rule is there, over everything that a grant lets somebody do."""
    assert widens(before, after) is bool(can(after) - can(before))


@given(before=grants, between=grants, after=grants)
def test_narrowing_step_by_step_never_widens(before: Grant, between: Grant, after: Grant) -> None:
    if not widens(before, between) and not widens(between, after):
        assert not widens(before, after)


def person(account: str, role: Role) -> Caller:
    return caller_of(Person(account=account, name=account, role=role), {})


PROPOSAL = Proposal(
    id=1, at=0.0, by="admin", change=AccountChange(account="anna", name="Anna", grant=Grant(role=Role.SUPERVISOR))
)


@pytest.mark.parametrize(
    ("account", "role", "may"),
    [
        ("sue", Role.SUPERVISOR, True),
        ("otto", Role.AUDITOR, True),
        ("dora", Role.DUTY, False),
        ("other-admin", Role.ADMINISTRATOR, False),
        ("admin", Role.SUPERVISOR, False),
        ("anna", Role.SUPERVISOR, False),
    ],
)
def test_a_second_person_neither_proposed_it_nor_gains_by_it(account: str, role: Role, may: bool) -> None:
    assert may_decide(PROPOSAL, person(account, role)) is may


def test_a_program_decides_nothing_and_nothing_is_decided_twice() -> None:
    program = caller_of(Person(account="sue", name="Sue", role=Role.SUPERVISOR), {}, program=True)
    assert not may_decide(PROPOSAL, program)
    done = Proposal(id=1, at=0.0, by="admin", change=PROPOSAL.change, state=ProposalState.REFUSED)
    assert not may_decide(done, person("sue", Role.SUPERVISOR))
    machine = Caller(kind=CallerKind.MACHINE, who="machine:x", powers=frozenset(Power))
    assert not may_decide(PROPOSAL, machine)


@pytest.mark.parametrize("bad", ["", "short", "aaaaaaaaaaaaaaaa", "anna-anna-anna", "anna 2026 2026", "x" * 257])
def test_passwords_that_are_guessed_are_refused(bad: str) -> None:
    with pytest.raises(InvalidValue):
        check_password(bad, "anna")
    assert check_password("lantern mortar willow", "anna")


def test_a_machine_is_not_given_a_token_for_ever() -> None:
    with pytest.raises(InvalidValue, match="366"):
        MachineToken(machine="lights", recipient="lights", days=4000)
