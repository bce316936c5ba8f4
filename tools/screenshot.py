"""Take the pictures of the documentation from a running demonstration, so that they show what is, not what was wished.

    python tools/screenshot.py docs

Starts ``clairvoie demo`` on a free port, waits for its first incidents, and writes ``desk.png`` and ``sensor.png``.
Needs Debian's Chromium.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = {"desk.png": ("/", 900), "sensor.png": ("/sensors/claire-voie-12", 1000)}
PATIENCE = 180.0
INCIDENTS = 2


def address_of(demo: subprocess.Popen[str]) -> str:
    """The address that the demonstration prints."""
    assert demo.stdout is not None
    for line in demo.stdout:
        found = re.search(r"Desk\s+(http://\S+)", line)
        if found:
            return found[1]
    raise SystemExit("the demonstration ended before it had an address")


def await_incidents(address: str) -> None:
    """Wait until the demonstration has the incidents that the picture is to show."""
    deadline = time.monotonic() + PATIENCE
    with httpx.Client(base_url=address) as client:
        while time.monotonic() < deadline:
            if len(client.get("/api/v1/incidents").json()["incidents"]) >= INCIDENTS:
                return
            time.sleep(1)
    raise SystemExit(f"no {INCIDENTS} incidents within {PATIENCE:.0f} s")


def take(address: str, folder: Path) -> None:
    """The pictures, 1440 pixels wide, light theme, English."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, (path, height) in PAGES.items():
            context = browser.new_context(viewport={"width": 1440, "height": height}, locale="en-GB")
            context.add_cookies([{"name": "clairvoie-language", "value": "en", "url": address}])
            page = context.new_page()
            page.goto(address + path)
            page.wait_for_timeout(3000)
            page.screenshot(path=folder / name)
            context.close()
        browser.close()


def main(folder: Path) -> None:
    """Start, wait, take, stop."""
    command = [sys.executable, "-u", "-m", "clairvoie", "demo", "--port", "0"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = address_of(demo)
        await_incidents(address)
        take(address, folder)
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=30)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
