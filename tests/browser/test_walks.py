"""Two walks on the real hub with accounts and its real ledger: a duty desk's from sign-in to closing an incident by
keyboard alone, an auditor's from that incident to a proof that its entry is in the log."""

from __future__ import annotations

import re
import shlex
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from hub_street import RECORDS_TYPE, Clock, Street, begin, encode_batch, end, settings_at
from past_trial import past_the_trial
from playwright.sync_api import Browser, BrowserContext, expect
from staff import CHEAP
from typer.testing import CliRunner

from clairvoie.boundary.accounts import AccountChange, Grant
from clairvoie.boundary.incident import IncidentState
from clairvoie.boundary.person import Role
from clairvoie.cli import app as command_line
from clairvoie.hub import accounts_proposals, accounts_sessions
from clairvoie.hub.accounts_here import make_account
from clairvoie.server.application import create_app

PASSWORD = "lantern mortar willow"


class Hub:
    """A hub with its ledger, a supervisor with a password, and an auditor; its jobs are at rest."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.app = create_app(settings_at(folder), clock=self.clock)
        past_the_trial(self.app.state.hub)
        self.store, ledger = self.app.state.hub.store, self.app.state.hub.ledger
        sue = AccountChange(account="sue", name="Sue", grant=Grant(role=Role.SUPERVISOR, recipient="duty-desk"))
        aude = AccountChange(account="aude", name="Aude", grant=Grant(role=Role.AUDITOR, recipient="duty-desk"))
        self.store.submit(lambda c: make_account(c, ledger, sue, PASSWORD, CHEAP, self.clock())).result()
        self.store.submit(lambda c: accounts_proposals.write_account(c, aude, self.clock())).result()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1, ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=lambda: self.server.run(sockets=[self.listening]))
        self.thread.start()

    def hears_glass(self) -> None:
        """Two microphones hear a window break."""
        heard = [Street(self.clock).events(sensor, begin(), end()) for sensor in ("mic-a", "mic-b")]
        headers = {"content-type": RECORDS_TYPE}
        answer = httpx.post(f"{self.url}/api/v1/records", content=encode_batch(heard), headers=headers)
        assert answer.status_code == 200, answer.text

    def publish(self) -> None:
        """What the hub does once a second."""
        self.app.state.desk._ledger.work()

    def session(self, account: str) -> str:
        """The cookie of a browser in which ``account`` is signed in."""
        begun = self.store.submit(lambda c: accounts_sessions.begin(c, account, self.clock()))
        return str(begun.result())

    def stop(self) -> None:
        self.server.should_exit = True
        self.app.state.hub.end_streams()
        self.thread.join()
        self.listening.close()
        self.app.state.opened.close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr("clairvoie.hub.accounts_signing_in.Passwords", lambda: CHEAP)
    found = Hub(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def context(chromium: Browser, hub: Hub) -> Iterator[BrowserContext]:
    found = chromium.new_context(viewport={"width": 1440, "height": 900})
    found.add_cookies([{"name": "clairvoie-language", "value": "en", "url": hub.url}])
    yield found
    found.close()


def test_from_sign_in_to_a_closed_incident_by_keyboard_alone(hub: Hub, context: BrowserContext) -> None:
    hub.hears_glass()
    page = context.new_page()
    page.goto(f"{hub.url}/")
    expect(page.get_by_label("Account")).to_be_focused()
    for text, key in (("sue", "Tab"), (PASSWORD, "Enter")):
        page.keyboard.type(text)
        page.keyboard.press(key)
    page.wait_for_selector("#map[data-drawn]")
    page.keyboard.press("j")
    expect(page.locator("#open-1")).to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("#incident-1")).to_contain_text("taken by Sue")
    page.keyboard.press("c")
    page.wait_for_url("**/incidents/1#basis-on-site")
    expect(page.get_by_label("seen on site")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("A window of the market.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".state-line")).to_contain_text("confirmed")
    assert hub.app.state.desk.incident(1).state is IncidentState.CLOSED
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()


def test_from_the_incident_to_a_proof_of_its_entry(
    hub: Hub, context: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.hears_glass()
    context.add_cookies([{"name": "clairvoie-session", "value": hub.session("aude"), "url": hub.url}])
    page = context.new_page()
    page.goto(f"{hub.url}/incidents/1")
    page.wait_for_selector("#map[data-drawn]")
    expect(page.get_by_role("button", name="I take it")).to_have_count(0)
    page.goto(f"{hub.url}/incidents/1")
    hub.publish()
    page.locator("#entries-count").click()
    look = page.locator("#entries tr", has_text="Look at an incident")
    expect(look).to_contain_text("aude")
    number = look.locator("a").inner_text()
    look.locator("a").click()
    page.wait_for_url(re.compile(rf"entry={number}#entry$"))
    monkeypatch.chdir(tmp_path)
    printed = [shlex.split(one) for one in page.locator("#entry .command").all_inner_texts()]
    assert [command[2] for command in printed] == ["verify", "prove", "verify"]
    for command in printed:
        result = CliRunner().invoke(command_line, command[1:])
        assert result.exit_code == 0, result.output
    assert (tmp_path / f"entry-{number}.proof").stat().st_size > 0
    page.goto(f"{hub.url}/access?about=incident-1")
    expect(page.locator("tbody tr", has_text="aude").locator("a").last).to_have_text(number)
