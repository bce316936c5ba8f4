"""The people of a hub, as its settings ask for them: accounts, or the visitor of an exercise.

Joins settings, the hub's accounts and its ledger; the server and the command line call it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from clairvoie.boundary.accounts import AccountChange, AccountView
from clairvoie.boundary.person import Callers, Visitors
from clairvoie.config import HubSettings, Retention
from clairvoie.errors import ConfigurationError
from clairvoie.hub.accounts import Accounts
from clairvoie.hub.accounts_here import WaitingEntries, make_account, settle_retention, take_over
from clairvoie.hub.accounts_passwords import Passwords
from clairvoie.hub.accounts_proposals import retention_in_force
from clairvoie.hub.accounts_schema import create, waiting
from clairvoie.hub.hub import Hub
from clairvoie.hub.store import Store


def people_of(settings: HubSettings, hub: Hub) -> Accounts | None:
    """The accounts of this hub; none in an exercise in which nobody signs in.

    What waits for the ledger is handed over, and retention that the settings lengthen becomes a proposal.
    """
    if settings.accounts == "exercise":
        return None
    people = Accounts(hub.store, hub.ledger, hub.clock, areas=settings.areas)
    asked = msgspec.structs.asdict(settings.retention)
    hand_over(hub)
    hub.store.submit(lambda connection: settle_retention(connection, hub.ledger, asked, hub.clock())).result()
    return people


def callers_of(hub: Hub, people: Accounts | None) -> Callers:
    """Who may make requests: accounts, or the visitor of an exercise as long as every sensor is simulated."""
    if people is not None:
        return people.callers
    return Visitors(lambda: all(sensor.simulated for sensor in hub.enrolment.sensors.values()))


def hand_over(hub: Hub) -> int:
    """Write into the ledger what the command line left in the store meanwhile; how many entries there were."""
    with hub.store.reading() as connection:
        if connection.execute(select(func.count()).select_from(waiting)).scalar_one() == 0:
            return 0
    return hub.store.submit(lambda connection: take_over(connection, hub.ledger)).result()


def retention_now(settings: HubSettings, hub: Hub, people: Accounts | None) -> Retention:
    """How long things are kept now: what the settings ask, as far as a second person has approved what is longer."""
    if people is None:
        return settings.retention
    with hub.store.reading() as connection:
        return Retention(**retention_in_force(connection))


def make_account_here(settings: HubSettings, change: AccountChange, password: str) -> None:
    """Make an account on the hub's own machine, whether or not the hub runs."""
    passwords, now = Passwords(), time.time()
    _in_store(settings, lambda connection: make_account(connection, WaitingEntries(), change, password, passwords, now))


def accounts_here(settings: HubSettings) -> tuple[AccountView, ...]:
    """All accounts of a hub, from its own machine."""
    store = _store(settings)
    try:
        return Accounts(store, WaitingEntries(), time.time, areas=settings.areas).accounts()
    finally:
        store.close()


def _in_store(settings: HubSettings, work: Callable[[Connection], None]) -> None:
    store = _store(settings)
    try:
        store.submit(create).result()
        store.submit(work).result()
    finally:
        store.close()


def _store(settings: HubSettings) -> Store:
    if settings.accounts == "exercise":
        raise ConfigurationError('with accounts = "exercise" nobody signs in', settings.deployment, "Remove that line.")
    path = Path(settings.store)
    if not path.parent.is_dir():
        raise ConfigurationError("there is no such folder for the store", str(path.parent), "Make it.")
    return Store(path, deployment=settings.deployment, sensors=())
