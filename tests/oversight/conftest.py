"""A hub's store with a ledger in it, a folder it publishes into, and a street that stores records: all on one disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from log_house import LogHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LogHouse]:
    made = LogHouse(tmp_path)
    made.open()
    yield made
    made.close()
