"""The desk in real Chromium: queue, keys, taking and closing, live changes, reconnection, language, theme, sound."""

from __future__ import annotations

import re

import pytest
from fake_desk import FakeDesk
from playwright.sync_api import Page, expect
from served import OpenPage, Served

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, IncidentState, Outcome


def lines(page: Page) -> list[str]:
    return [line.get_attribute("data-incident") or "" for line in page.locator("#queue .line").all()]


def drawn(page: Page) -> None:
    page.wait_for_selector("#map[data-drawn]")


def test_the_queue_and_the_map_show_what_waits(open_page: OpenPage) -> None:
    page = open_page("/", name="Jeanne")
    drawn(page)
    assert lines(page) == ["4", "5", "3"]
    expect(page.locator(".leaflet-marker-pane .sensor-mark")).to_have_count(6)
    expect(page.locator(".leaflet-marker-pane .sensor-mark.silent")).to_have_count(1)
    expect(page.locator(".leaflet-marker-pane .incident-mark")).to_have_count(3)
    expect(page.locator(".leaflet-control-scale-line")).to_be_visible()
    expect(page.locator("path.map-building").first).to_be_visible()
    assert page.locator("img").count() == 0, "there are no tiles"


def test_an_incident_is_taken_and_closed_by_keyboard_alone(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/", name="Jeanne", language="en")
    drawn(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#incident-5")).to_have_class(re.compile("chosen"))
    expect(page.locator("#open-5")).to_be_focused()
    expect(page.locator("path.map-ray")).to_have_count(3)
    page.keyboard.press("t")
    expect(page.locator("#incident-5")).to_contain_text("taken by Jeanne")
    expect(page.locator("#incident-5")).to_have_class(re.compile("chosen"))
    page.keyboard.press("c")
    page.wait_for_url("**/incidents/5#basis-on-site")
    expect(page.get_by_label("seen on site")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Shop window, owner called.")
    page.keyboard.press("Tab")
    expect(page.locator("button[value=confirmed]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".state-line")).to_contain_text("confirmed")
    found = desk.kept[5]
    assert (found.taken_by, found.outcome, found.basis) == ("Jeanne", Outcome.CONFIRMED, Basis.ON_SITE)
    assert found.history[-1].note == "Shop window, owner called."


def test_the_keys_lead_through_the_pages(open_page: OpenPage) -> None:
    page = open_page("/", name="Jeanne", language="en")
    drawn(page)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    listed = page.locator("dialog#keys th").all_inner_texts()
    assert len(set(listed)) == len(listed)
    assert {"g l", "g j", "g a"} <= {" ".join(keys.split()) for keys in listed}
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.locator("#search").fill("glass")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents?q=glass")
    for key, path in (("a", "/authorisations"), ("j", "/ledger"), ("l", "/levels")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**{path}")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url(re.compile(r":\d+/$"))
    page.keyboard.press("k")
    expect(page.locator("#open-3")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/3")


def test_a_second_key_that_leads_nowhere_does_nothing(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/", name="Jeanne", language="en")
    drawn(page)
    page.keyboard.press("j")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.keyboard.press("j")
    expect(page.locator("#open-5")).to_be_focused()
    assert desk.kept[4].state is IncidentState.OPEN


def test_a_new_incident_appears_and_the_choice_stays(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/", name="Jeanne", language="en")
    drawn(page)
    page.keyboard.press("j")
    desk.open_incident(HazardKind.FIREWORK, ("mic-halles",), words="rue Neuve")
    expect(page.locator("#incident-6")).to_be_visible()
    expect(page.locator("#incident-4")).to_have_class(re.compile("chosen"))
    expect(page.locator("#open-4")).to_be_focused()
    expect(page.locator("#said")).to_contain_text("Fireworks")
    expect(page.locator(".leaflet-marker-pane .incident-mark")).to_have_count(4)


def test_a_second_taker_sees_who_was_first_and_no_refresh_takes_that_away(
    open_page: OpenPage, desk: FakeDesk, served: Served
) -> None:
    page = open_page("/outcomes", name="John", language="en")
    # Wait for what the page asks on connecting; from then on its stream is silent while the first taker acts.
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers and "/incidents/5" in answer.url):
        page.goto(f"{served.url}/incidents/5")
    drawn(page)
    hearing, desk.listeners = desk.listeners, []
    desk.take(5, "Jeanne")
    page.locator("#take-5").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Jeanne was first and took this incident at 04:04:10")
    expect(page.locator(".state-line")).to_contain_text("taken, by Jeanne")
    desk.listeners = hearing
    desk.note(5, "Jeanne", "On my way")
    expect(page.locator(".history")).to_contain_text("On my way")
    expect(told).to_contain_text("Jeanne was first")
    page.get_by_label("Add a note").fill("Understood")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".history")).to_contain_text("Understood")
    expect(told).to_be_empty()


def test_the_page_says_when_it_is_cut_off_and_is_right_again_after(
    open_page: OpenPage, desk: FakeDesk, served: Served
) -> None:
    page = open_page("/", name="Jeanne", language="en")
    drawn(page)
    notice = page.locator("#connection")
    expect(notice).to_be_hidden()
    served.stop()
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("Connection lost since")
    desk.close(4, "Somebody", Outcome.NOT_VERIFIABLE, Basis.NONE)
    new = desk.open_incident(HazardKind.FIREWORK, ("mic-halles",))
    served.start()
    expect(page.locator(f"#incident-{new.id}")).to_be_visible()
    expect(notice).to_be_hidden()
    expect(page.locator("#incident-4")).to_have_count(0)
    assert lines(page) == ["5", str(new.id), "3"]


def test_a_page_that_becomes_visible_again_asks_again(open_page: OpenPage) -> None:
    page = open_page("/", name="Jeanne")
    drawn(page)
    with page.expect_request("**/fragments/queue"), page.expect_request("**/fragments/strip"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_what_is_being_written_survives_what_others_do(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/incidents/5", name="Jeanne", language="en")
    drawn(page)
    page.get_by_label("Add a note").fill("I am still writing")
    desk.note(5, "Noé", "Another note")
    desk.pass_time(1)
    expect(page.locator("#strip")).to_contain_text("04:04:11")
    expect(page.get_by_label("Add a note")).to_have_value("I am still writing")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".history")).to_contain_text("I am still writing")
    expect(page.locator(".history")).to_contain_text("Another note")


def test_the_strip_follows_the_desk(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/outcomes", language="en")
    expect(page.locator("#strip")).to_contain_text("2 incidents open")
    desk.take(5, "Jeanne")
    expect(page.locator("#strip")).to_contain_text("1 incident open")
    expect(page).to_have_title("(1) Outcomes · Claire-Voie")


def test_language_and_theme_are_switched_and_kept(open_page: OpenPage) -> None:
    page = open_page("/handover")
    expect(page.get_by_role("heading", level=1)).to_have_text("Relève")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hand-over")
    expect(page.locator("body")).to_have_css("background-color", "rgb(251, 250, 247)")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 19, 17)")
    page.get_by_role("link", name="Outcomes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Outcomes")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_theme_follows_the_system_until_chosen(open_page: OpenPage) -> None:
    page = open_page("/outcomes", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 19, 17)"


def test_signing_once_lets_one_take_from_the_queue(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/", language="en")
    drawn(page)
    page.locator("#sign-name").fill("Zoé Ünal")
    page.get_by_role("button", name="Sign", exact=True).click()
    drawn(page)
    page.locator("#take-5").click()
    expect(page.locator("#incident-5")).to_contain_text("taken by Zoé Ünal")
    assert desk.kept[5].taken_by == "Zoé Ünal"


SAY_WHAT_SOUND_IS = """new MutationObserver((_, observer) => {
    const said = document.getElementById("sound")?.dataset.sound;
    if (said) { observer.disconnect(); console.info("sound " + said); }
}).observe(document, { subtree: true, childList: true, attributes: true });"""


def test_the_page_says_whether_sound_is_on_and_lets_it_be_tested(open_page: OpenPage) -> None:
    """The first look is the page's own: to Chromium every question of the test is a press, which allows sound."""
    page = open_page("/static/mark.svg", language="en")
    page.add_init_script(SAY_WHAT_SOUND_IS)
    with page.expect_console_message(lambda message: message.text.startswith("sound ")) as first:
        page.goto(page.url.replace("/static/mark.svg", "/outcomes"))
    assert first.value.text == "sound forbidden"
    sound = page.locator("#sound")
    toggle = sound.locator(".sound-toggle")
    expect(toggle).to_have_text("Sound blocked: press here")
    page.get_by_role("button", name="Test the sound").click()
    expect(sound).to_have_attribute("data-sound", "on")
    expect(toggle).to_have_text("Sound on")
    expect(page.locator("#said")).to_contain_text("A tone was played.")
    toggle.click()
    expect(toggle).to_have_text("Sound off")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(toggle).to_have_text("Sound off")


@pytest.mark.parametrize("pressed", [0, 700], ids=["quickly", "slowly"])
def test_the_sound_repeats_until_the_incident_is_taken(open_page: OpenPage, desk: FakeDesk, pressed: int) -> None:
    """However long the button is held: sound that begins while it is down is not turned off when it comes up."""
    desk.take(4, "Noé")
    page = open_page("/", name="Jeanne", language="en")
    drawn(page)
    page.locator("#sound .sound-toggle").hover()
    page.mouse.down()  # not a click of the locator, which presses again where the page moved under it
    page.wait_for_timeout(pressed)
    page.mouse.up()
    expect(page.locator("#sound")).to_have_attribute("data-tones", "2", timeout=90_000)
    page.locator("#take-5").click()
    expect(page.locator("#strip")).to_contain_text("0 incidents open")
    expect(page.locator("#sound")).to_have_attribute("data-tones", "0")


def test_everything_works_without_scripts(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/", language="en", java_script_enabled=False)
    page.locator("#incident-5 .take a").click()
    page.locator("form.take input[name=who]").fill("Jeanne")
    page.get_by_role("button", name="I take it").click()
    expect(page.locator(".state-line")).to_contain_text("taken, by Jeanne")
    page.get_by_label("a caller").check()
    page.get_by_role("button", name="false alarm").click()
    expect(page.locator(".state-line")).to_contain_text("false alarm")
    assert (desk.kept[5].state, desk.kept[5].basis) == (IncidentState.CLOSED, Basis.CALLER)
