"""The sixty squares in real Chromium: there, live, read by keyboard and pointer, and usable by everybody."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_desk import FakeDesk
from playwright.sync_api import Page, expect
from served import OpenPage, Served

TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PAGES = ("/sensors", "/sensors/mic-marche", "/sensors/mic-remparts", "/sensors/mic-nowhere")
SENSOR = "/sensors/mic-marche"


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def pass_seconds(desk: FakeDesk, page: Page, seconds: int) -> None:
    """Let the desk's clock go on and wait until the squares know."""
    newest = (int(desk.clock) - 1 + seconds) % 60
    desk.pass_time(seconds)
    expect(page.locator(".squares .newest")).to_have_id(f"second-{newest}")


def test_sixty_squares_are_there_and_follow_the_seconds(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page(SENSOR, language="en")
    expect(page.locator("#squares .square")).to_have_count(60)
    expect(page.locator("#squares .burst")).to_have_count(4)
    expect(page.locator("#second-9")).to_have_class("square nothing newest")
    old = page.locator("#second-12").get_attribute("aria-label")
    pass_seconds(desk, page, 1)
    pass_seconds(desk, page, 3)
    expect(page.locator("#squares .square")).to_have_count(60)
    expect(page.locator("#second-12")).not_to_have_attribute("aria-label", old or "")
    expect(page.locator("#readout")).to_contain_text("04:04:12")


def test_what_changes_changes_without_a_square_moving(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page(SENSOR, language="en")
    before = page.locator("#second-12").bounding_box()
    pass_seconds(desk, page, 30)
    assert page.locator("#second-12").bounding_box() == before


def test_arrow_keys_read_the_squares_and_the_focus_survives_the_clock(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page(SENSOR, language="en")
    page.locator('#squares [tabindex="0"]').focus()
    page.keyboard.press("Control+Home")
    expect(page.locator("#second-0")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#second-12")).to_be_focused()
    expect(page.locator("#readout")).to_contain_text("04:03:12")
    expect(page.locator("#readout")).to_contain_text("LAeq")
    pass_seconds(desk, page, 5)
    expect(page.locator("#second-12")).to_be_focused()
    expect(page.locator("#readout")).to_contain_text("04:04:12")
    page.keyboard.press("End")
    expect(page.locator("#second-19")).to_be_focused()
    expect(page.locator("#readout")).to_contain_text("nothing")
    page.keyboard.press("Control+End")
    expect(page.locator("#second-59")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#second-59")).to_be_focused()
    expect(page.locator('#squares [tabindex="0"]')).to_have_count(1)


def test_the_pointer_reads_a_square_and_leaves_it_again(open_page: OpenPage) -> None:
    page = open_page(SENSOR, language="fr")
    page.locator("#second-6").hover()
    expect(page.locator("#readout")).to_contain_text("niveaux par octave")
    expect(page.locator("#readout")).to_contain_text("71,0")
    page.mouse.move(5, 5)
    expect(page.locator("#readout")).not_to_contain_text("niveaux par octave")


def test_a_finger_reads_a_square(open_page: OpenPage) -> None:
    page = open_page(SENSOR, language="en", **TELEPHONE)
    page.locator("#second-8").tap()
    expect(page.locator("#readout")).to_contain_text("valid seconds 60")


def test_the_list_of_what_was_said_stays_open_while_it_changes(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page(SENSOR, language="en")
    page.get_by_text("The same as a list").click()
    expect(page.locator("#said-list li").first).to_be_visible()
    pass_seconds(desk, page, 5)
    expect(page.locator("#said-list li", has_text="04:04:12")).to_be_visible()


def test_the_facts_and_the_list_of_sensors_follow(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/sensors", language="en")
    page.locator("#sensor-mic-marche").focus()
    desk.silent_sensors.add("mic-marche")
    desk.pass_time(3)
    row = page.locator("tr", has=page.locator("#sensor-mic-marche"))
    expect(row).to_contain_text("silent since")
    expect(page.locator("#sensor-mic-marche")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("source lost")
    desk.silent_sensors.remove("mic-marche")
    desk.pass_time(3)
    expect(page.locator("#facts")).to_contain_text("in order")


def test_the_day_before_has_its_own_address(open_page: OpenPage) -> None:
    page = open_page(SENSOR, language="en")
    page.get_by_role("link", name="Day before").click()
    page.wait_for_url("**?day=2026-11-21#day")
    expect(page.locator("#day-picture")).to_contain_text("21 November 2026")
    expect(page.locator(".day-labels .hour")).to_have_count(24)


def test_the_day_is_read_by_pointer_and_arrow_keys(open_page: OpenPage) -> None:
    page = open_page("/sensors/mic-marche?day=2026-10-25", language="en")
    readout = page.locator("#day-readout")
    picture = page.locator("#day-picture svg")
    picture.focus()
    page.keyboard.press("ArrowRight")
    expect(readout).to_have_text("23:59 (UTC+01:00): 209 bits")
    page.keyboard.press("ArrowUp")
    expect(readout).to_contain_text("22:59 (UTC+01:00)")
    for _hour in range(20):
        page.keyboard.press("ArrowUp")
    expect(readout).to_contain_text("02:59 (UTC+01:00)")
    page.keyboard.press("ArrowUp")
    expect(readout).to_contain_text("02:59 (UTC+02:00)")
    page.locator("#day-readout").scroll_into_view_if_needed()
    picture.hover()
    expect(readout).to_contain_text(re.compile(r"10:2\d [(]UTC[+]01:00[)]: \d+ bits"))


def test_a_day_that_goes_on_says_what_is_yet_to_come(open_page: OpenPage) -> None:
    page = open_page(SENSOR, language="en")
    page.locator("#day-picture svg").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#day-readout")).to_contain_text("04:03")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#day-readout")).to_have_text("04:04 (UTC+01:00): yet to come")


def test_two_buttons_step_from_square_to_square_for_a_finger(open_page: OpenPage) -> None:
    page = open_page(SENSOR, language="en", **TELEPHONE)
    expect(page.locator("#readout")).to_contain_text("04:04:08")
    page.get_by_role("button", name="Second after").tap()
    expect(page.locator("#readout")).to_contain_text("04:04:09")
    page.get_by_role("button", name="Second before").tap()
    page.get_by_role("button", name="Second before").tap()
    expect(page.locator("#readout")).to_contain_text("04:04:07")


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_in_either_theme(open_page: OpenPage, path: str) -> None:
    page = open_page(path, language="fr")
    for details in page.locator("main details > summary").all():
        details.click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_telephone_never_scrolls_sideways_and_fingers_find_their_targets(
    open_page: OpenPage, served: Served, language: str
) -> None:
    page = open_page("/sensors", language=language, **TELEPHONE)
    for path in PAGES:
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        small = page.evaluate(
            """[...document.querySelectorAll("main button, main .button, main summary, main tbody a")]
               .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
               .map((one) => `${one.outerHTML.slice(0, 80)}: ${one.getBoundingClientRect().height}`)"""
        )
        assert small == [], path
    assert serious(page) == []


def test_without_scripts_the_page_says_the_same(open_page: OpenPage) -> None:
    page = open_page(SENSOR, language="en", java_script_enabled=False)
    expect(page.locator("#squares .square")).to_have_count(60)
    expect(page.locator("#readout")).to_contain_text("04:04:08")
    page.get_by_text("The same as a list").click()
    expect(page.locator("#said-list li", has_text="octave levels")).to_be_visible()
