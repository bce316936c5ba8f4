"""The desk in memory, the pages over it, and visitors to them."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from fastapi import FastAPI
from serve_desk import application
from visitor import Visitor


@pytest.fixture
def desk() -> FakeDesk:
    """A desk with a few incidents."""
    return FakeDesk()


@pytest.fixture
def app(desk: FakeDesk) -> FastAPI:
    """The pages over that desk."""
    return application(desk)


@pytest.fixture
def anybody(app: FastAPI) -> Visitor:
    """Somebody who has not yet given a name; the deployment speaks French."""
    return Visitor(app)


@pytest.fixture
def jeanne(app: FastAPI) -> Visitor:
    """Jeanne, who has signed, reading French."""
    return Visitor(app, name="Jeanne%20Moreau")


@pytest.fixture
def john(app: FastAPI) -> Visitor:
    """John, who has signed, reading English."""
    return Visitor(app, name="John%20Reed", language="en")
