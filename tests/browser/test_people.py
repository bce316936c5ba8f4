"""Signing in and what follows, in real Chromium on the real hub: by keyboard, in both themes, on a telephone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fake_ledger import FakeLedger
from hub_street import Clock, settings_at
from playwright.sync_api import Browser, Page, expect
from staff import AREAS, CHEAP

from clairvoie.boundary.accounts import AccountChange, Grant
from clairvoie.boundary.person import Role
from clairvoie.hub.accounts_here import make_account
from clairvoie.server.application import create_app

PASSWORD = "lantern mortar willow"
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PAGES = {
    "admin": ("/accounts", "/accounts/sue", "/proposals", "/account", "/sensors"),
    "sue": ("/", "/proposals", "/account", "/incidents"),
}
OpenAs = Callable[..., Page]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("clairvoie.hub.accounts_signing_in.Passwords", lambda: CHEAP)
    clock, ledger = Clock(), FakeLedger()
    app = create_app(settings_at(tmp_path, areas=AREAS), clock=clock, ledger=ledger)
    for account, role in (("admin", Role.ADMINISTRATOR), ("sue", Role.SUPERVISOR)):
        recipient = "" if role is Role.ADMINISTRATOR else "duty-desk"
        change = AccountChange(account=account, name=account.title(), grant=Grant(role=role, recipient=recipient))
        work = app.state.hub.store.submit(
            lambda c, change=change: make_account(c, ledger, change, PASSWORD, CHEAP, clock())
        )
        work.result()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, ws="none"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        app.state.hub.end_streams()
        thread.join()


@pytest.fixture
def open_as(chromium: Browser, url: str) -> Iterator[OpenAs]:
    """Opens a page as somebody who signs in by keyboard; ``""`` stays signed out. English, so that words are found."""
    contexts = []

    def opens(account: str, path: str = "/", **options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        context.add_cookies([{"name": "clairvoie-language", "value": "en", "url": url}])
        page = context.new_page()
        page.goto(url + path)
        if account:
            expect(page.get_by_label("Account")).to_be_focused()
            page.keyboard.type(account)
            page.keyboard.press("Tab")
            page.keyboard.type(PASSWORD)
            page.keyboard.press("Enter")
            expect(page.get_by_text("Signed in:")).to_be_visible()
        return page

    yield opens
    for context in contexts:
        context.close()


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("account", PAGES)
def test_axe_finds_nothing_serious_and_a_telephone_never_scrolls_sideways(
    open_as: OpenAs, url: str, account: str
) -> None:
    out = open_as("", "/sign-in", **TELEPHONE)
    assert serious(out) == []
    page = open_as(account, PAGES[account][0], **TELEPHONE)
    for path in PAGES[account]:
        page.goto(url + path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert serious(page) == [], (path, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_two_browsers_make_an_account(open_as: OpenAs, url: str) -> None:
    admin, sue, dora = open_as("admin"), open_as("sue"), open_as("", "/sign-in")
    admin.goto(f"{url}/accounts")
    form = admin.locator("form[action='/accounts']")
    form.get_by_label("Account").fill("dora")
    form.get_by_label("Name, as histories").fill("Dora Dupont")
    form.get_by_label("Role").select_option("duty")
    form.get_by_label("Acts for the recipient").fill("duty-desk")
    form.get_by_role("button", name="Propose").click()
    expect(admin.get_by_role("status").filter(has_text="waits for a second person")).to_be_visible()
    sue.goto(f"{url}/proposals")
    sue.get_by_role("button", name="Approve").click()
    code = sue.locator(".secret").inner_text()
    admin.goto(f"{url}/accounts/dora")
    admin.get_by_role("button", name="Show the link").click()
    dora.goto(admin.locator(".secret").inner_text())
    dora.get_by_label("Code").fill(code)
    dora.get_by_label("Password: at least").fill(PASSWORD)
    dora.get_by_label("The same again").fill(PASSWORD)
    dora.get_by_role("button", name="Set the password").click()
    expect(dora.get_by_text("Nothing is waiting.")).to_be_visible()


def test_an_open_page_goes_to_sign_in_when_its_session_ends(open_as: OpenAs, url: str) -> None:
    page = open_as("sue")
    other = open_as("sue", "/account")
    other.get_by_role("button", name="Sign out everywhere").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.evaluate("window.htmx.trigger(document.body, 'page:refresh')")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
