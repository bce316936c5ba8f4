"""Real Chromium on a real server over the desk in memory. No page may ask another host for anything, ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fake_desk import FakeDesk
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from served import OpenPage, Served

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
LINE_LOST = re.compile(r"Failed to load resource|\[object Event\]|htmx:(send|sse)Error|htmx:afterRequest")
"""What is said of a lost line, or of an answer such as 404; no fault of a script."""
WAIT_MILLISECONDS = 45_000
"""How long something is awaited before a test gives up: on a busy machine a page may stand still for many seconds."""


@pytest.fixture(scope="module")
def chromium(needs_chromium: str) -> Iterator[Browser]:
    """One browser a module: while it runs, this thread has an event loop that other tests could not share."""
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs_chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def desk() -> FakeDesk:
    """The desk in memory."""
    return FakeDesk()


@pytest.fixture
def served(desk: FakeDesk) -> Iterator[Served]:
    """The pages over that desk, served."""
    server = Served(desk)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_page(chromium: Browser, served: Served) -> Iterator[OpenPage]:
    """Opens a page: ``open_page("/", name="Jeanne", language="en", color_scheme="dark")`` and any context option.

    At the end, every request was to the server itself, and no script failed.
    """
    contexts, requests, faults = [], [], []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not LINE_LOST.search(message.text):
            faults.append(message.text)

    def opens(path: str, *, name: str = "", language: str = "", **options: Any) -> Page:
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.on("request", lambda request: requests.append(request.url))
        contexts.append(context)
        for cookie, value in (("clairvoie-name", name), ("clairvoie-language", language)):
            if value:
                context.add_cookies([{"name": cookie, "value": value, "url": served.url}])
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url + path)
        return page

    yield opens
    for context in contexts:
        context.close()
    foreign = [url for url in requests if not url.startswith((f"{served.url}/", "data:", "blob:"))]
    assert foreign == []
    assert faults == []
