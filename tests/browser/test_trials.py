"""What is on trial, at a desk and on a telephone: nothing is wider than the screen, figures stand by their button."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from playwright.sync_api import expect
from served import OpenPage

from clairvoie.boundary.incident import Outcome


@pytest.mark.parametrize(
    "screen",
    [
        {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
        {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    ],
    ids=["desk", "telephone"],
)
def test_a_supervisor_signs_what_is_read_beside_the_button(
    open_page: OpenPage, desk: FakeDesk, screen: dict[str, object]
) -> None:
    page = open_page("/trial", name="Suzanne", language="en", **screen)
    row = page.locator("#trial-mic-ecluse-glass-breaking")
    row.get_by_text("Let it into the queue").click()
    expect(row.locator("form")).to_contain_text("Watched 171 h. 4 detections: 2 right, 1 false, 1 not judged.")
    expect(row.locator("form")).to_contain_text("a day (0.0035 to 0.78)")
    expect(row.locator("form")).to_contain_text("if all that nobody found right were false, 2 in 171 h")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    row.get_by_role("button", name="I sign these figures").click()
    expect(row).to_contain_text("signed by Suzanne, waits for a second person")
    assert desk.trials("mic-ecluse")[0].proposed_by == "Suzanne"


def test_a_detection_is_judged_by_keyboard_and_not_without_its_basis(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/trial", name="Jeanne", language="en")
    line = page.locator("#detection-1")
    line.get_by_role("button", name="false alarm").press("Enter")
    found = desk.trial_detection(1)
    assert found is not None
    assert found.outcome is None, "the browser asks for the basis first"
    line.get_by_label("On what does it rest?").select_option("on-site")
    line.get_by_role("button", name="false alarm").press("Enter")
    expect(page.locator("#judged")).to_contain_text("false alarm by Jeanne, rests on: seen on site")
    judged = desk.trial_detection(1)
    assert judged is not None
    assert judged.outcome is Outcome.FALSE_ALARM
