"""Everybody can use the desk: axe-core in both themes, a telephone's width, targets for fingers, paper."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_desk import FakeDesk
from playwright.sync_api import Page, expect
from served import OpenPage, Served

INCIDENTS = ("/incidents", "/incidents/5", "/incidents/3", "/incidents/1", "/incidents/99")
ACT = "/authorisations/{act}"
DOOR = ("/authorisations", ACT, "/ledger", "/ledger?entry=3", "/access")
LIVES = ("/sensors/mic-lavoir/life", "/sensors/mic-remparts/life", "/sensors/mic-lavoir/sign")
PAGES = ("/", *INCIDENTS, "/handover", "/misses", "/outcomes", *DOOR, *LIVES)
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def filled(path: str, desk: FakeDesk) -> str:
    """The address with the digest of the act that counts."""
    counting = desk.acts().counting
    assert counting is not None
    return path.replace("{act}", counting.act.digest)


def ready(page: Page) -> None:
    if page.locator("#map").count():
        page.wait_for_selector("#map[data-drawn]")


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_in_either_theme(open_page: OpenPage, desk: FakeDesk, path: str) -> None:
    page = open_page(filled(path, desk), name="Jeanne")
    ready(page)
    if path == "/":
        page.keyboard.press("j")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme


@pytest.mark.parametrize("path", ["/", "/incidents/5", "/misses"])
def test_axe_finds_nothing_serious_on_a_telephone_before_signing(open_page: OpenPage, path: str) -> None:
    page = open_page(path, **TELEPHONE)
    ready(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_telephone_never_scrolls_sideways(open_page: OpenPage, desk: FakeDesk, served: Served, language: str) -> None:
    page = open_page("/", language=language, **TELEPHONE)
    for path in PAGES:
        page.goto(served.url + filled(path, desk))
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


@pytest.mark.parametrize("path", ["/", "/incidents/3", "/handover", "/misses", "/ledger?entry=3", "/access", ACT])
def test_fingers_find_their_targets(open_page: OpenPage, desk: FakeDesk, path: str) -> None:
    page = open_page(filled(path, desk), **TELEPHONE)
    ready(page)
    small = page.evaluate(
        """[...document.querySelectorAll("button, .button, summary, select, .pages a, .strip a, .basis label, "
             + "input:not([type=hidden], [type=radio])")]
           .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
           .map((one) => `${one.outerHTML.slice(0, 80)}: ${one.getBoundingClientRect().height}`)"""
    )
    assert small == []


def test_the_first_tab_skips_to_the_content(open_page: OpenPage) -> None:
    page = open_page("/incidents", language="en")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_paper_shows_the_hand_over_without_controls(open_page: OpenPage) -> None:
    page = open_page("/handover", language="en", name="Jeanne")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#strip")).to_be_visible()
    expect(page.locator("nav.main-navigation")).to_be_hidden()
    expect(page.get_by_role("button", name="Add the note")).to_be_hidden()
    expect(page.get_by_text("Micro des Remparts muet")).to_be_visible()


def test_paper_shows_the_street_sign_alone_and_the_act_with_its_map(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/sensors/mic-marche/sign", language="en", name="Jeanne")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="There is a microphone here")).to_be_visible()
    for hidden in ("nav.main-navigation", "#strip", "button.print"):
        expect(page.locator(hidden)).to_be_hidden()
    act = open_page(filled(ACT, desk), language="en", name="Jeanne")
    ready(act)
    act.emulate_media(media="print")
    expect(act.get_by_role("heading", name="What it does not allow")).to_be_visible()
    expect(act.locator("path.map-polygon")).to_be_visible()
    expect(act.locator("nav.main-navigation")).to_be_hidden()
