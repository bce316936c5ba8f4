"""The ledger's page on a real hub: what it prints is pasted into the command line, and holds."""

from __future__ import annotations

import re
import shlex
import socket
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
import uvicorn
from fake_desk import FakeDesk
from fastapi import FastAPI
from hub_street import Clock, settings_at
from typer.testing import CliRunner
from visitor import Visitor

from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.person import Visitors
from clairvoie.cli import app as command_line
from clairvoie.server.application import create_app

ENGLISH = {"clairvoie-language": "en"}
COMMAND = re.compile(r'<p class="command"><code[^>]*>(.*?)</code></p>', re.DOTALL)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[FastAPI, str]]:
    """The application on a free port, its jobs at rest: the test publishes when it wants to."""
    clock = Clock()
    app = create_app(settings_at(tmp_path), clock=clock, callers=Visitors())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()
        for number in range(3):
            app.state.desk.record(Entry(kind=EntryKind.LOOK, at=clock(), who="anne", about=f"incident-{number}"))
        app.state.desk._ledger.work()
        yield app, f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
    app.state.opened.close()


def commands(page: str) -> list[list[str]]:
    return [shlex.split(unescape(found)) for found in COMMAND.findall(page)]


def paste(command: list[str]) -> str:
    """What a terminal would show; a command that fails fails here."""
    if command[0] == "curl":
        assert command[1] == "--output"
        Path(command[2]).write_bytes(httpx.get(command[3]).content)
        return ""
    assert command[0] == "clairvoie"
    result = CliRunner().invoke(command_line, command[1:])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_command_on_the_page_works_when_it_is_pasted(
    hub: tuple[FastAPI, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = hub
    monkeypatch.chdir(tmp_path)
    looks = app.state.desk.access(kinds=(EntryKind.LOOK,), about="incident-1")
    page = httpx.get(f"{url}/ledger?entry={looks[0].index}", cookies=ENGLISH).text
    printed = commands(page)
    assert [command[:3] for command in printed].count(["clairvoie", "ledger", "verify"]) == 5
    assert len(printed) == 7
    told = [paste(command) for command in printed]
    root = app.state.desk.ledger_status().root
    assert root in told[0], "the root that the page shows is the one that is computed"
    assert root in page
    assert "split view not excluded" in told[0]
    assert "split view not excluded" in page


def test_a_number_names_the_same_entry_on_the_access_page_and_in_the_log(hub: tuple[FastAPI, str]) -> None:
    """The index is that of the log: entries of the same epoch before it are as many."""
    app, url = hub
    lines = app.state.desk.access(kinds=(EntryKind.LOOK,))
    assert [line.entry.about for line in lines] == ["incident-2", "incident-1", "incident-0"]
    size = app.state.desk.ledger_status().size
    assert [line.index for line in lines] == [size - 1, size - 2, size - 3]
    page = httpx.get(f"{url}/access", cookies=ENGLISH).text
    assert f'<a href="/ledger?entry={size - 2}#entry">{size - 2}</a>' in page


@pytest.mark.parametrize("asked", ["99999999999", "-1", "one", "1" * 400, "٣", "<x-y>"])
def test_a_number_that_no_entry_has_is_told_so(john: Visitor, asked: str) -> None:
    answer = john.get("/ledger", params={"entry": asked})
    assert answer.status_code == 200
    assert "stands under the last checkpoint" in answer.text
    assert "ledger prove" not in answer.text
    assert "<x-y>" not in answer.text


@pytest.mark.parametrize(
    ("witnesses", "cosigned", "why"),
    [
        ((), (), "have cosigned"),
        (("a", "b"), (), "0 of the 1 witnesses that are needed have cosigned"),
        (("a", "b"), ("a",), "two separate sets of 1 of the 2 witnesses"),
    ],
)
def test_why_a_split_view_is_not_excluded(
    john: Visitor, desk: FakeDesk, witnesses: tuple[str, ...], cosigned: tuple[str, ...], why: str
) -> None:
    desk.door.witnesses, desk.door.cosigned = witnesses, cosigned
    page = john.get("/ledger").text
    assert "split view not excluded" in page
    assert why in page
    assert page.count("has not cosigned this checkpoint") == len(witnesses) - len(cosigned)


def test_what_was_not_taken_stands_there_with_its_reason(john: Visitor) -> None:
    page = john.get("/ledger").text
    assert "outside the authorised polygon" in page
    assert "already-stored" in page


def test_an_incident_leads_to_its_entries_and_they_to_a_proof(john: Visitor) -> None:
    john.get("/incidents/5")
    page = john.get("/incidents/5").text
    found = re.search(r'href="(/ledger\?entry=\d+)#entry"', page)
    assert found is not None
    assert "clairvoie ledger prove" in john.get(found[1]).text
