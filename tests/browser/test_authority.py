"""What the desk shows of authority and ledger in real Chromium: drawn, live, by keyboard."""

from __future__ import annotations

import re

from fake_desk import FakeDesk
from playwright.sync_api import Route, expect
from served import OpenPage

from clairvoie.boundary.reading import Change


def act_of(desk: FakeDesk) -> str:
    counting = desk.acts().counting
    assert counting is not None
    return f"/authorisations/{counting.act.digest}"


def test_the_map_of_an_act_shows_its_polygon_and_its_sensors(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page(act_of(desk), language="en")
    page.wait_for_selector("#map[data-drawn]")
    expect(page.locator("path.map-polygon")).to_have_count(1)
    expect(page.locator(".leaflet-marker-pane .sensor-mark")).to_have_count(6)
    expect(page.locator(".leaflet-marker-pane .sensor-mark.unconfined")).to_have_count(2)
    expect(page.locator("#key-unconfined")).to_be_visible()
    page.wait_for_function(  # a map that is given another size by the page's layout shows everything again
        """() => {
            const edges = document.querySelector("path.map-polygon").getBoundingClientRect();
            const around = document.querySelector("#map").getBoundingClientRect();
            return around.left < edges.left && edges.right < around.right
              && around.top < edges.top && edges.bottom < around.bottom;
        }"""
    )


def test_a_suspension_shows_on_open_pages_at_once(open_page: OpenPage, desk: FakeDesk) -> None:
    desk.door.suspended = None
    one, listed = open_page(act_of(desk), language="en"), open_page("/authorisations", language="en")
    expect(one.get_by_role("heading", level=1)).to_contain_text("in force")
    expect(listed.locator("#acts")).not_to_contain_text("Suspended from")
    desk.door.suspended = ()
    desk.tell(Change.ACTS)
    expect(one.get_by_role("heading", level=1)).to_contain_text("suspended as a whole")
    expect(one.locator("#act-words")).to_contain_text("Suspended from")
    expect(listed.locator("#acts")).to_contain_text("suspended as a whole")
    desk.pass_time(1)
    expect(one.locator("#strip")).to_contain_text("authorisation suspended")


def test_a_refresh_closes_nothing_and_keeps_the_focus(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/incidents/5", name="Jeanne", language="en")
    page.wait_for_selector("#map[data-drawn]")
    page.locator("#close-now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#closing")).to_have_attribute("open", "")
    desk.note(5, "Noé", "On my way")
    expect(page.locator(".history")).to_contain_text("On my way")
    expect(page.locator("#closing")).to_have_attribute("open", "")
    expect(page.locator("#close-now")).to_be_focused()


def test_a_change_that_comes_while_an_answer_is_on_its_way_is_not_lost(open_page: OpenPage, desk: FakeDesk) -> None:
    """The answer that was on its way is older than the change; the page has to ask once more."""
    page = open_page("/outcomes", name="Jeanne", language="en")
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers and "/incidents/5" in answer.url):
        page.goto(page.url.replace("/outcomes", "/incidents/5"))
    page.wait_for_selector("#map[data-drawn]")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/incidents/5", hold)
    with page.expect_request("**/incidents/5"):
        desk.note(5, "Noé", "The first")
    while not held:
        page.evaluate("0")  # lets the handler above run
    old = held[0].fetch()
    with page.expect_request("**/fragments/strip"):
        desk.note(5, "Noé", "The second")
    held[0].fulfill(response=old)
    expect(page.locator(".history")).to_contain_text("The second")


def test_from_an_incident_to_the_proof_of_its_entry_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/incidents/5", name="Jeanne", language="en")
    page.wait_for_selector("#map[data-drawn]")
    expect(page.locator("#entries-count")).to_have_text("1 entry about this incident")
    page.locator("#entries-count").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#entries td a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/ledger\?entry=\d+#entry$"))
    expect(page.locator("#entry")).to_contain_text("clairvoie ledger prove")
    expect(page.locator("#entry")).to_be_in_viewport()
