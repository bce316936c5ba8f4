"""A located bang on the map in real Chromium: an ellipse in place of the circle, and the mark on it."""

from __future__ import annotations

import re

from fake_desk import FakeDesk
from located import located
from playwright.sync_api import expect
from served import OpenPage


def test_a_located_bang_has_an_ellipse_on_the_map_and_in_the_drawing(open_page: OpenPage, desk: FakeDesk) -> None:
    located(desk)
    page = open_page("/incidents/4", name="Jeanne")
    page.wait_for_selector("#map[data-drawn]")
    expect(page.locator("path.map-radius")).to_have_count(1)
    expect(page.locator("path.map-radius")).to_have_attribute("d", re.compile("L.*L"))
    outline = page.locator("path.map-radius").get_attribute("d") or ""
    assert outline.count("L") > 20, "a polygon of the ellipse's corners, not the circle of the sensors"
    expect(page.locator(".fix-plan ellipse")).to_have_count(1)
    page.goto(page.url.rsplit("/", 1)[0] + "/5")
    page.wait_for_selector("#map[data-drawn]")
    assert "a" in (page.locator("path.map-radius").get_attribute("d") or ""), "without a fix, the circle as before"
