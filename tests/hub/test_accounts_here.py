"""What is done about accounts on the hub's own machine: entries that wait for the hub, and retention."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_ledger import FakeLedger
from hub_street import Clock
from sqlalchemy import Connection
from staff import CHEAP

from clairvoie.boundary.accounts import AccountChange, Grant, ProposalState
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.person import Person, Role, caller_of
from clairvoie.hub.accounts import Accounts
from clairvoie.hub.accounts_here import WaitingEntries, make_account, settle_retention, take_over
from clairvoie.hub.store import Store

CLOCK = Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "hub.db", deployment="town", sensors=())
    yield opened
    opened.close()


def test_entries_that_the_command_line_left_are_taken_over_once_in_order(store: Store) -> None:
    ledger = FakeLedger()

    def left(connection: Connection) -> None:
        for name in ("a", "b"):
            change = AccountChange(account=name, name=name, grant=Grant(role=Role.ADMINISTRATOR))
            make_account(connection, WaitingEntries(), change, "lantern mortar willow", CHEAP, CLOCK())

    store.submit(left).result()
    assert store.submit(lambda c: take_over(c, ledger)).result() == 2
    assert store.submit(lambda c: take_over(c, ledger)).result() == 0
    assert [entry.about for entry in ledger.of(EntryKind.ACCOUNT)] == ["a", "b"]


def test_what_is_kept_longer_waits_for_a_second_person(store: Store) -> None:
    ledger = FakeLedger()
    people = Accounts(store, ledger, CLOCK, passwords=CHEAP)
    first = {"levels_days": 365, "detections_days": 90, "incidents_days": 365, "records_days": 90}
    asked = first | {"incidents_days": 3650, "levels_days": 30}

    def settle(days: dict[str, int]) -> tuple[dict[str, int], bool]:
        return store.submit(lambda c: settle_retention(c, ledger, days, CLOCK())).result()

    assert settle(first) == (first, False)
    held, waits = settle(asked)
    assert (held, waits) == (first | {"levels_days": 30}, True), "shorter at once, longer not yet"
    assert settle(asked) == (held, True)
    (proposal,) = [one for one in people.proposals() if one.state is ProposalState.PENDING]
    sue = caller_of(Person(account="sue", name="Sue", role=Role.SUPERVISOR), {})
    people.decide(proposal.id, sue, approve=True)
    assert settle(asked) == (asked, False)
    assert len(ledger.of(EntryKind.SETTING)) == 2
    assert len(ledger.of(EntryKind.PROPOSAL)) == 1
