"""A small street, its clock, and a hub over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_street import Clock, Running, Served, Street, settings_at

from clairvoie.config import HubSettings


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def street(clock: Clock) -> Street:
    return Street(clock)


@pytest.fixture
def settings(tmp_path: Path) -> HubSettings:
    return settings_at(tmp_path)


@pytest.fixture
def running(settings: HubSettings, street: Street) -> Iterator[Running]:
    with Running.of(settings, street) as running:
        yield running


@pytest.fixture
def served(settings: HubSettings, street: Street) -> Iterator[Served]:
    with Served.of(settings, street) as served:
        yield served
