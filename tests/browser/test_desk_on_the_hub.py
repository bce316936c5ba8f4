"""The pages on the real hub, in real Chromium: signed records open an incident, a person takes and closes it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from hub_street import RECORDS_TYPE, Clock, Street, begin, encode_batch, end, settings_at
from past_trial import past_the_trial
from playwright.sync_api import Browser, Page, expect

from clairvoie.boundary.person import Visitors
from clairvoie.hub.hub import Hub
from clairvoie.server.application import create_app


class ServedHub:
    """The hub's application on a free port of this machine, and the street that speaks to it."""

    def __init__(self, folder: Path) -> None:
        self.street = Street(Clock())
        self.app = create_app(settings_at(folder), clock=self.street.clock, callers=Visitors())
        past_the_trial(self.app.state.hub)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_config=None, timeout_graceful_shutdown=1, ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        with self.listening:
            self.server.run(sockets=[self.listening])

    def stop(self) -> None:
        hub: Hub = self.app.state.hub
        self.server.should_exit = True
        hub.end_streams()
        self.thread.join()

    def hears_glass(self) -> None:
        """Two microphones hear a window break; their node signs and uploads it."""
        heard = [self.street.events(sensor, begin(), end()) for sensor in ("mic-a", "mic-b")]
        answer = httpx.post(
            f"{self.url}/api/v1/records", content=encode_batch(heard), headers={"content-type": RECORDS_TYPE}
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[ServedHub]:
    served = ServedHub(tmp_path)
    served.thread.start()
    yield served
    served.stop()


def opened(chromium: Browser, hub: ServedHub, **options: bool) -> Page:
    context = chromium.new_context(locale="en-GB", **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": "clairvoie-language", "value": "en", "url": hub.url}])
    page = context.new_page()
    page.goto(hub.url)
    return page


def is_counted(page: Page, hub: ServedHub) -> None:
    """The incident is in the list as confirmed, the outcomes count it, and a note reaches the next shift."""
    page.goto(f"{hub.url}/incidents")
    expect(page.locator(".incidents tbody tr")).to_have_count(1)
    expect(page.locator(".incidents tbody tr")).to_contain_text("confirmed")
    page.goto(f"{hub.url}/outcomes")
    expect(page.locator("main tbody tr").first).to_contain_text(
        re.compile(r"Breaking glass\s*1\s*0\s*0\s*0\s*0\s*1 of 1")
    )
    page.goto(f"{hub.url}/handover")
    page.locator("textarea[name=text]").fill("The owner boards it up.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#notes .history")).to_contain_text("The owner boards it up.")


def test_what_a_node_signs_is_taken_closed_and_counted_by_keyboard(chromium: Browser, hub: ServedHub) -> None:
    page = opened(chromium, hub)
    page.locator("#sign-name").fill("Jeanne")
    page.keyboard.press("Enter")
    page.wait_for_selector("#map[data-drawn]")
    hub.hears_glass()
    line = page.locator("#queue .line")
    expect(line).to_contain_text("Breaking glass")
    expect(line).to_contain_text("Near lamp mic-")
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(line).to_contain_text("taken by Jeanne")
    page.keyboard.press("c")
    page.wait_for_url("**#basis-on-site")
    expect(page.get_by_label("seen on site")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Shop window.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".state-line")).to_contain_text("confirmed")
    is_counted(page, hub)
    page.context.close()


def test_the_same_without_scripts(chromium: Browser, hub: ServedHub) -> None:
    hub.hears_glass()
    page = opened(chromium, hub, java_script_enabled=False)
    page.locator("#sign-name").fill("Noé")
    page.get_by_role("button", name="Sign", exact=True).click()
    page.locator("#queue .line button").click()
    expect(page.locator(".state-line")).to_contain_text("taken, by Noé")
    page.locator("#basis-on-site").check()
    page.locator("#closing-note").fill("Shop window.")
    page.locator("#outcome-confirmed").click()
    expect(page.locator(".state-line")).to_contain_text("confirmed")
    expect(page.locator(".history").first).to_contain_text("Shop window.")
    is_counted(page, hub)
    page.context.close()
