"""What the hub does again and again: a job that cannot do its work now waits; one that dies ends the hub, loudly."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hub_street import EVERYBODY, Running, Street, begin, settings_at
from structlog.testing import capture_logs

import clairvoie.server.application
from clairvoie.boundary.signed import encode_batch
from clairvoie.errors import ConfigurationError, OversightError, Refusal, StoreUnavailable
from clairvoie.hub.hub import Hub
from clairvoie.server.application import create_app
from clairvoie.server.jobs import Job, Jobs, jobs_of

NAMES = ("counts", "acts", "retention", "accounts", "ledger", "lives")
TOML = """
deployment = "claire-voie"
place = "Claire-Voie"
time_zone = "Europe/Paris"
store = "hub.db"
port = 0
charter = "charter.json"
[node_door]
port = 0
"""
DYING = """
import sys
import clairvoie.hub.node_door as node_door
import clairvoie.server.application as server
name, jobs_of = sys.argv.pop(), server.jobs_of
server.jobs_of = lambda *parts: [j._replace(work=lambda: 1 // 0) if j.name == name else j for j in jobs_of(*parts)]
if name == "door":
    node_door.KEEP_SECONDS = 0.1
    node_door.NodeDoor.end_strangers = lambda door: 1 // 0
from clairvoie.__main__ import main
main()
"""


def dying(name: str) -> Callable[..., list[Job]]:
    """All jobs of a hub, of which this one has a defect."""
    return lambda *parts: [j._replace(work=lambda: 1 // 0) if j.name == name else j for j in jobs_of(*parts)]


def test_a_hub_has_these_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    monkeypatch.setattr(
        clairvoie.server.application, "jobs_of", lambda *parts: found.extend(j.name for j in jobs_of(*parts)) or ()
    )
    create_app(settings_at(tmp_path), callers=EVERYBODY).state.opened.close()
    assert sorted(found) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_whichever_job_dies_the_hub_takes_nothing_more_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setattr(clairvoie.server.application, "jobs_of", dying(name))
    street = Street()
    app = create_app(settings_at(tmp_path), clock=street.clock, callers=EVERYBODY)

    async def scenario() -> str:
        async with app.router.lifespan_context(app):
            await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name() == name])
            with pytest.raises(Refusal) as refusal:
                await app.state.hub.take_upload(encode_batch((street.events("mic-a", begin()),)))
            return refusal.value.code

    with capture_logs() as logged:
        assert asyncio.run(scenario()) == "not-authorised"
    died = [line for line in logged if line["event"] == "job-died"]
    assert died == [{"event": "job-died", "job": name, "error": "ZeroDivisionError", "log_level": "error"}]
    assert [record.exc_info is not None for record in caplog.records if name in record.getMessage()] == [True]
    assert app.state.jobs.failure.value == name
    assert isinstance(app.state.jobs.failure.__cause__, ZeroDivisionError)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ledger", "retention", "door"])
def test_the_hub_s_process_ends_with_a_named_error(tmp_path: Path, name: str) -> None:
    settings_at(tmp_path)  # for its charter and keys
    (tmp_path / "hub.toml").write_text(TOML)
    command = [sys.executable, "-c", DYING, "hub", str(tmp_path / "hub.toml"), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "Traceback (most recent call last)" in done.stderr
    assert "job-died" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        f"clairvoie: a job of the hub died of a defect (ZeroDivisionError), so the hub ended: '{name}'"
    )


@pytest.mark.parametrize("error", [StoreUnavailable("the store"), OversightError("a witness"), OSError("the disk")])
def test_what_cannot_be_done_now_is_said_once_and_tried_again(tmp_path: Path, error: Exception) -> None:
    turns = []

    async def scenario(hub: Hub) -> Jobs:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            turns.append(len(turns))
            if len(turns) in (1, 2, 3, 5):
                raise error
            if len(turns) == 6:
                loop.call_soon_threadsafe(done.set)

        jobs = Jobs(hub, [Job("trying", 0.0, work)])
        jobs.start()
        await done.wait()
        await jobs.stop()
        return jobs

    with Running.of(settings_at(tmp_path), Street()) as running, capture_logs() as logged:
        jobs = asyncio.run(scenario(running.hub))
        assert running.store(running.street.events("mic-a", begin())).accepted == 1
    assert jobs.failure is None
    said = {"event": "job-waits", "job": "trying", "reason": str(error), "log_level": "warning"}
    assert [line for line in logged if line["event"] == "job-waits"] == [said, said]


def test_an_application_that_cannot_be_made_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_at(tmp_path)
    create_app(settings, callers=EVERYBODY).state.opened.close()
    (checkpoint,) = (tmp_path / "ledger").glob("*/checkpoint")
    published = checkpoint.read_bytes()
    threads = {thread.name for thread in threading.enumerate()}

    checkpoint.write_bytes(
        b"not a checkpoint\n"
    )  # now the ledger cannot be opened, though its folder is locked already
    with pytest.raises(OversightError, match="not one of this hub"):
        create_app(settings, callers=EVERYBODY)
    assert {thread.name for thread in threading.enumerate()} == threads
    checkpoint.write_bytes(published)

    def refuse(*_parts: object) -> None:
        raise ConfigurationError("no")

    for name in ("people_of", "registrar_of", "_mount"):
        with monkeypatch.context() as patch:
            patch.setattr(clairvoie.server.application, name, refuse)
            with pytest.raises(ConfigurationError):
                create_app(settings, callers=EVERYBODY)
        assert {thread.name for thread in threading.enumerate()} == threads
    create_app(settings, callers=EVERYBODY).state.opened.close()
