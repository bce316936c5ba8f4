"""From a key born on a node to a record in the hub, by the commands that people use, in real processes, over TLS.

Then the key is revoked while everything runs: the hub takes nothing more.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from enrolled_town import Town
from running_node import running_node

PATIENCE = 90.0
pytestmark = pytest.mark.slow


@contextmanager
def running_hub(town: Town) -> Iterator[dict[str, Any]]:
    """The hub as its own process; what its ready line says."""
    command = [sys.executable, "-m", "clairvoie", "hub", str(town.folder / "hub.toml")]
    with (town.folder / "hub.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (town.folder / "hub.log").read_text()
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


def wait_for(what: str, holds: Callable[[], bool], town: Town) -> None:
    """Ask again and again until ``holds``; there is no other way to watch another process."""
    tries = threading.Event()
    for _ in range(int(PATIENCE / 0.25)):
        if holds():
            return
        tries.wait(0.25)
    logs = "\n".join(path.read_text()[-3000:] for path in sorted(town.folder.rglob("*.log")))
    pytest.fail(f"{what} did not happen\n{logs}")


def in_store(town: Town, query: str) -> set[Any]:
    """What stands in the hub's store now, seen by a reader of its own."""
    with closing(sqlite3.connect(f"file:{town.folder / 'hub.sqlite'}?mode=ro", uri=True)) as store:
        return {row[0] for row in store.execute(query)}


def test_a_node_is_enrolled_while_the_hub_runs_speaks_over_tls_and_is_revoked(tmp_path: Path) -> None:
    town = Town.at(tmp_path, more="[node_door]\nport = 0", accounts="required")
    source = '{ file = "street.wav", loop = true }'
    with running_hub(town) as ready, httpx.Client(base_url=ready["url"], trust_env=False) as desk:
        assert ready["node_door"].startswith("https://127.0.0.1:")
        assert desk.post("/api/v1/records").status_code in (401, 404, 405), "nodes come in by their own door only"
        town.enrol(range(1))
        town.lead_to_active("mic-0")
        config = town.node(0, hub=ready["node_door"], source=source)
        town.done("accept", str(config), str(town.bundles / "lamp-0"))
        wait_for("enrolment without a restart", lambda: "mic-0" in in_store(town, "SELECT name FROM sensors"), town)
        with running_node(config) as node:
            wait_for("a record over TLS", lambda: len(in_store(town, "SELECT sequence FROM records")) >= 2, town)
            assert "revoked" not in in_store(town, "SELECT code FROM refusals")
            town.done("revoke", "lamp-0", "--reason", "stolen", *town.signing)
            wait_for("the revocation", lambda: "revoked" in in_store(town, "SELECT code FROM refusals"), town)
            stored = in_store(town, "SELECT id FROM records")
            node.stop()
        assert in_store(town, "SELECT id FROM records") == stored
        assert in_store(town, "SELECT state FROM (SELECT count(*) AS state FROM lives)") == {6}
