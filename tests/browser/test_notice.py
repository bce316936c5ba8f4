"""The notice for the town hall in Chromium: two sheets of A4 a language, nothing asked of any host, readable by all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from clairvoie.boundary.document import AUTHORISATION_TYPE, unsigned
from clairvoie.lab.leave import exercise_authorisation, make_leave
from clairvoie.oversight.notice import Notice, notice

SENSORS = {f"quai-{index}": (48.855 + index * 0.0004, 2.353 + index * 0.0005) for index in range(8)}
POLYGON = ((48.8540, 2.3515), (48.8590, 2.3520), (48.8595, 2.3580), (48.8545, 2.3585))


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    leave = make_leave("saint-jean")
    act = exercise_authorisation(
        "saint-jean", tuple(SENSORS), polygon=POLYGON, starts=1_790_000_000, ends=1_820_000_000
    )
    shown = Notice(
        act=msgspec.structs.replace(act, models=("ab" * 32,), contact="dpo@saint-jean.example"),
        digest=unsigned(AUTHORISATION_TYPE, b"{}").digest,
        charter=leave.charter,
        charter_digest="cd" * 32,
        signed=frozenset({"authority", "dpo"}),
        sensors=SENSORS,
    )
    path = tmp_path / "act.html"
    path.write_text(notice(shown, ("fr", "en")), encoding="utf-8")
    return path


def test_it_prints_on_two_sheets_a_language_and_asks_nobody_for_anything(chromium: Browser, page_file: Path) -> None:
    page = chromium.new_page(viewport={"width": 794, "height": 1123})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    page.close()
    assert asked == [page_file.as_uri()]
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 4
    assert b"/MediaBox [0 0 594" in printed or b"/MediaBox [0 0 595" in printed


@pytest.mark.parametrize("width", [360, 794])
def test_nothing_is_cut_off_at_the_side(chromium: Browser, page_file: Path, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_axe_finds_nothing_serious(chromium: Browser, page_file: Path) -> None:
    page = chromium.new_page()
    page.goto(page_file.as_uri())
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    page.close()
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
