"""Levels in real Chromium: drawn, in step, live, in each theme and language, and usable by everybody."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_desk import FakeDesk
from playwright.sync_api import APIResponse, Page, Route, expect
from served import OpenPage, Served

from clairvoie.boundary.reading import Change

TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
YESTERDAY = "/levels?sensor=mic-marche&range=yesterday"
COMPARED = "/levels?sensor=mic-marche&sensor=mic-halles&sensor=mic-remparts&range=today"
PLOTS = ("plot-level", "plot-octaves-0", "plot-sources-0")


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def ready(page: Page) -> None:
    page.wait_for_selector("#plots[data-drawn]")


def painted(page: Page, plot: str) -> str:
    """What stands on a plot's canvas, as text that changes when it does. The plot is drawn in the next frame."""
    return page.evaluate(
        """(id) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
             done(document.querySelector(`#${id} canvas`).toDataURL()); })))""",
        plot,
    )


def colours(page: Page, plot: str) -> int:
    """How many pixels inside the plot have a colour of their own, which neither paper nor grid has."""
    painted(page, plot)
    return page.evaluate(
        """(id) => {
             const canvas = document.querySelector(`#${id} canvas`);
             const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
             let found = 0;
             for (let i = 0; i < data.length; i += 4) {
               const [red, green, blue, alpha] = data.slice(i, i + 4);
               if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 24) found += 1;
             }
             return found; }""",
        plot,
    )


def tinted(page: Page, plot: str, share: float, width: int) -> int:
    """How many pixels have a colour of their own in ``width`` columns that begin at a ``share`` of a plot's width."""
    painted(page, plot)
    return page.evaluate(
        """([id, share, width]) => {
             const canvas = document.querySelector(`#${id} canvas`);
             const over = document.querySelector(`#${id} .u-over`).getBoundingClientRect();
             const left = (over.left - canvas.getBoundingClientRect().left + share * over.width) * devicePixelRatio;
             const { data } = canvas.getContext("2d").getImageData(Math.round(left), 0, width, canvas.height);
             let found = 0;
             for (let i = 0; i < data.length; i += 4) {
               const [red, green, blue, alpha] = data.slice(i, i + 4);
               if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 24) found += 1;
             }
             return found; }""",
        [plot, share, width],
    )


@pytest.mark.parametrize("name", ["today", "hour"])
def test_one_minute_that_stands_alone_is_seen(
    open_page: OpenPage, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    minute = int(desk.clock) // 60 * 60 - 600
    (row,) = desk.levels("mic-marche", minute, minute + 60)
    alone = msgspec.structs.replace(row, tens=(row.tens[0], *(None,) * 5))
    monkeypatch.setattr(desk, "levels", lambda sensor, start, end: (alone,))
    page = open_page(f"/levels?sensor=mic-marche&range={name}", language="en")
    ready(page)
    answer = page.evaluate("fetch(document.getElementById('plots').dataset.source).then((said) => said.json())")
    share = (minute - answer["start"]) / (answer["end"] - answer["start"])
    assert tinted(page, "plot-level", share, 2) >= 4
    assert tinted(page, "plot-octaves-0", share, 1) > 60
    assert tinted(page, "plot-octaves-0", share, 2) > 120, "two pixels wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_plot_is_drawn(open_page: OpenPage, scheme: str) -> None:
    page = open_page(YESTERDAY, language="en", color_scheme=scheme)
    ready(page)
    for plot in PLOTS:
        assert colours(page, plot) > 1_000, plot
    expect(page.locator("#levels-table")).not_to_have_attribute("open", "")


def test_a_change_of_theme_draws_anew(open_page: OpenPage) -> None:
    page = open_page(YESTERDAY, language="en", color_scheme="light")
    ready(page)
    light = [painted(page, plot) for plot in PLOTS]
    page.emulate_media(color_scheme="dark")
    dark = [painted(page, plot) for plot in PLOTS]
    assert all(before != after for before, after in zip(light, dark, strict=True))
    page.emulate_media(color_scheme="light")
    assert [painted(page, plot) for plot in PLOTS] == light


def test_looking_closer_keeps_the_plots_in_step_and_a_double_click_shows_all(open_page: OpenPage) -> None:
    page = open_page(YESTERDAY, language="en")
    ready(page)
    whole = [painted(page, plot) for plot in PLOTS]
    page.locator("#plot-level .u-over").scroll_into_view_if_needed()
    box = page.locator("#plot-level .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 60, steps=5)
    page.mouse.up()
    page.mouse.move(2, 2)
    closer = [painted(page, plot) for plot in PLOTS]
    assert all(before != after for before, after in zip(whole, closer, strict=True))
    page.locator("#plot-octaves-0 .u-over").dblclick()
    page.mouse.move(2, 2)
    assert [painted(page, plot) for plot in PLOTS] == whole


def test_the_pointer_reads_level_band_and_sources(open_page: OpenPage) -> None:
    page = open_page(YESTERDAY, language="fr")
    ready(page)
    page.locator("#plot-level .u-over").hover()
    expect(page.locator("#readout-level")).to_contain_text("UTC+01:00")
    expect(page.locator("#readout-level")).to_contain_text("LAeq")
    assert "," in (page.locator("#readout-level").text_content() or "")
    page.locator("#plot-octaves-0 .u-over").hover()
    expect(page.locator("#readout-level")).to_contain_text("500\u00a0Hz")
    page.mouse.move(2, 2)
    expect(page.locator("#readout-level")).to_contain_text("Pointez le tracé")


def test_arrow_keys_read_the_plot(open_page: OpenPage) -> None:
    page = open_page(YESTERDAY, language="en")
    ready(page)
    page.locator("#plot-level").focus()
    readout = page.locator("#readout-level")
    page.keyboard.press("Home")
    expect(readout).to_contain_text("00:00 (UTC+01:00)")
    page.keyboard.press("ArrowRight")
    expect(readout).to_contain_text("00:01 (UTC+01:00)")
    page.keyboard.press("End")
    expect(readout).to_contain_text("23:59 (UTC+01:00)")
    page.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text("23:58 (UTC+01:00)")


def test_a_gap_reads_as_no_level(open_page: OpenPage) -> None:
    page = open_page("/levels?sensor=mic-remparts&range=yesterday", language="en")
    ready(page)
    expect(page.locator("#no-sources-0")).to_be_visible()
    page.locator("#plot-level").focus()
    page.keyboard.press("End")
    expect(page.locator("#readout-level")).to_contain_text("no level")


@pytest.mark.parametrize(("day", "offsets"), [
    ("2026-10-25", ("UTC+02:00", "UTC+01:00")), ("2026-03-29", ("UTC+01:00", "UTC+02:00")),
])  # fmt: skip
def test_the_axis_knows_the_days_on_which_clocks_change(
    open_page: OpenPage, day: str, offsets: tuple[str, str]
) -> None:
    page = open_page(f"/levels?sensor=mic-marche&range=dates&from={day}&to={day}", language="en")
    ready(page)
    page.locator("#plot-level").focus()
    readout = page.locator("#readout-level")
    page.keyboard.press("Home")
    expect(readout).to_contain_text(f"00:00 ({offsets[0]})")
    page.keyboard.press("End")
    expect(readout).to_contain_text(f"23:59 ({offsets[1]})")
    labels = page.evaluate(
        """async (day) => {
             const { TimeAxis } = await import("/static/levels-axis.js");
             const axis = new TimeAxis("Europe/Paris", "en");
             const from = Date.parse(`${day}T00:00:00Z`) / 1000 - 7200;
             const ticks = axis.ticks(from, from + 27 * 3600, 900);
             return ticks.map((tick) => axis.label(tick).split("\\n")[0]); }""",
        day,
    )
    assert all(int(label[:2]) % 2 == 0 and label.endswith(":00") for label in labels)


def test_the_newest_level_arrives_without_asking(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/levels?sensor=mic-marche&range=hour", language="en")
    ready(page)
    before = painted(page, "plot-level")
    expect(page.locator("[data-now-end]")).to_have_text("04:04:10")
    desk.pass_time(10)
    expect(page.locator("[data-now-end]")).to_have_text("04:04:20")
    status = desk.sensor("mic-marche")
    assert status is not None
    expect(page.locator("[data-now]")).to_have_text(f"{status.laeq:.1f}\u00a0dB")
    # The figures may have come with their own refresh, before the plot has been told.
    page.wait_for_function(
        "([id, before]) => document.querySelector(`#${id} canvas`).toDataURL() !== before", arg=["plot-level", before]
    )


def test_figures_rendered_before_the_newest_level_do_not_take_it_back(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/levels?sensor=mic-marche&range=hour", language="en")
    ready(page)
    held: list[tuple[Route, APIResponse]] = []
    page.route(
        lambda url: urlsplit(url).path == "/levels",
        lambda route: (
            held.append((route, route.fetch())) if "hx-request" in route.request.headers else route.continue_()
        ),
    )
    page.reload()
    ready(page)
    while len(held) < 2:  # the figures and the hours, asked for when the stream begins
        page.wait_for_timeout(20)
    desk.pass_time(10)
    expect(page.locator("[data-now-end]")).to_have_text("04:04:20")
    for route, answer in held:
        assert "04:04:20" not in answer.text()
        route.fulfill(response=answer)
    page.wait_for_function("document.querySelectorAll('.htmx-request, .htmx-swapping, .htmx-settling').length === 0")
    expect(page.locator("[data-now-end]")).to_have_text("04:04:20")


def test_a_new_minute_moves_the_window(open_page: OpenPage, desk: FakeDesk) -> None:
    page = open_page("/levels?sensor=mic-marche&range=hour", language="en")
    ready(page)
    span = page.locator("#plots").get_attribute("data-span")
    desk.pass_time(60)
    desk.tell(Change.LEVELS)
    expect(page.locator("#plots")).not_to_have_attribute("data-span", span or "")
    for plot in PLOTS[:2]:
        assert colours(page, plot) > 300, plot


def test_three_are_compared(open_page: OpenPage) -> None:
    page = open_page(COMPARED, language="en")
    ready(page)
    assert colours(page, "plot-level") > 500
    page.locator("#plot-level .u-over").hover(position={"x": 60, "y": 60})
    for sensor in ("mic-marche", "mic-halles", "mic-remparts"):
        expect(page.locator("#readout-level")).to_contain_text(f"{sensor} LAeq")


def test_the_form_leads_to_what_it_says_and_the_language_keeps_it(open_page: OpenPage) -> None:
    page = open_page("/levels", language="en")
    page.locator("select[name=sensor]").first.select_option("mic-halles")
    page.get_by_role("button", name="Yesterday").click()
    page.wait_for_url("**sensor=mic-halles**range=yesterday**")
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Niveaux")
    expect(page.get_by_role("heading", level=3)).to_contain_text("mic-halles")
    expect(page.get_by_role("heading", name="21 novembre 2026")).to_be_visible()


@pytest.mark.parametrize("path", ["/levels", YESTERDAY, COMPARED, "/levels?range=fortnight"])
def test_axe_finds_nothing_serious_in_either_theme(open_page: OpenPage, path: str) -> None:
    page = open_page(path, language="fr")
    if "fortnight" not in path:
        ready(page)
        page.locator("#levels-table > summary").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_telephone_never_scrolls_sideways_and_fingers_find_their_targets(
    open_page: OpenPage, served: Served, language: str
) -> None:
    page = open_page("/levels", language=language, **TELEPHONE)
    for path in ("/levels", YESTERDAY, COMPARED):
        page.goto(served.url + path)
        ready(page)
        page.locator("#levels-table > summary").tap()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        small = page.evaluate(
            """[...document.querySelectorAll("main button, main summary, main select, main input, main .csv a")]
               .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
               .map((one) => `${one.outerHTML.slice(0, 80)}: ${one.getBoundingClientRect().height}`)"""
        )
        assert small == [], path


def test_without_scripts_the_table_stands_open(open_page: OpenPage) -> None:
    page = open_page(YESTERDAY, language="en", java_script_enabled=False)
    expect(page.locator("#plots")).to_be_hidden()
    expect(page.locator(".levels-table tbody tr").first).to_be_visible()
    expect(page.locator(".levels-table tbody tr")).to_have_count(48)
