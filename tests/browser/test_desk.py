"""The desk as people use it: signed in by Airflow, on a phone and a screen, by keyboard alone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.desk_centre import AGENT, COORDINATOR, TEAM_LEADER

TITLES = {"id": "Yang menunggu Anda", "en": "What waits for you"}
WIDTHS = (390, 1280)


def assert_fits(page: Page) -> None:
    """Nothing makes the page itself scroll sideways."""
    wide, view = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= view


def assert_accessible(page: Page) -> None:
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert len(found.response["passes"]) > 10
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["id", "en"])
def test_a_team_leader_signs_in_by_airflow_and_reads_today_and_a_breach(visit, language, width):
    desk = visit(language, width)
    page = desk.sign_in(TEAM_LEADER)
    expect(page.get_by_role("heading", name=TITLES[language])).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert_fits(page)
    assert_accessible(page)
    desk.keep(f"today-{language}-{width}")
    page.locator("tr[data-breach] a").first.click()
    expect(page).to_have_url(re.compile(r"/rtm/breaches/\d+$"))
    expect(page.locator("svg.chart polyline").first).to_be_visible()
    for summary in page.locator("summary").all():
        summary.click()
    assert_fits(page)
    assert_accessible(page)
    desk.keep(f"breach-{language}-{width}")
    desk.go("/rtm/breaches")
    assert_fits(page)
    assert_accessible(page)
    desk.keep(f"breaches-{language}-{width}")
    assert desk.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_dark_pages_are_readable_too(visit, width):
    desk = visit("id", width, color_scheme="dark")
    page = desk.sign_in(COORDINATOR)
    assert_accessible(page)
    desk.keep(f"today-dark-{width}")
    page.locator("tr[data-breach] a").first.click()
    page.wait_for_url(re.compile(r"/rtm/breaches/\d+$"))
    assert_accessible(page)
    desk.keep(f"breach-dark-{width}")


def test_a_breach_is_reached_by_keyboard_alone(visit):
    desk = visit()
    page = desk.sign_in(TEAM_LEADER)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke isi")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('tr[data-breach] a')"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus is seen"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/rtm/breaches/\d+$"))


def test_the_language_is_changed_by_one_click_and_stays(visit):
    desk = visit("id")
    page = desk.sign_in(TEAM_LEADER)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name=TITLES["en"])).to_be_visible()
    desk.go("/rtm/breaches")
    expect(page.get_by_role("heading", name="Breaches", level=1)).to_be_visible()
    assert desk.complaints == []


def test_a_page_renews_itself_and_leaves_focus_scroll_and_open_parts_as_they_are(visit):
    desk = visit("id", 390)
    desk.page.clock.install()
    page = desk.sign_in(TEAM_LEADER)
    page.locator("tr[data-breach] a").first.click()
    summary = page.locator("#chart-table summary")
    summary.click()
    page.evaluate("window.scrollTo(0, 500)")
    page.evaluate("document.querySelector('h1').dataset.old = 'yes'")
    with page.expect_response(re.compile(r"/rtm/breaches/\d+$")):
        page.clock.run_for(61_000)
    expect(page.locator("h1[data-old]")).to_have_count(0)
    assert page.evaluate("window.scrollY") == 500
    expect(page.locator("details[open]")).to_have_count(1)
    expect(page.locator("#chart-table")).to_have_attribute("open", "")
    expect(summary).to_be_focused()
    assert desk.complaints == []


def test_a_new_breach_is_read_out_and_one_that_moves_up_is_not(visit):
    desk = visit()
    desk.page.clock.install()
    page = desk.sign_in(TEAM_LEADER)
    page.locator("tr[data-breach]").first.wait_for()
    newest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('tr[data-breach]')]"
        ".map((row) => Number(row.dataset.breach)))"
    )
    row = page.locator(f"tr[data-breach='{newest}']")
    said = row.get_attribute("data-said")
    # As if the page had been loaded when a newer one was there in its place, or an older one
    for instead, told in ((newest + 1, ""), (0, f"Pelanggaran baru: {said}")):
        row.evaluate(f"row => {{ row.dataset.breach = {instead} }}")
        with page.expect_response(re.compile(r"/rtm/$")):
            page.clock.run_for(61_000)
        expect(row).to_be_visible()
        expect(page.locator("#announce")).to_have_text(told)


def test_who_is_in_a_form_is_left_alone(visit):
    desk = visit()
    desk.page.clock.install()
    desk.sign_in(TEAM_LEADER)
    page = desk.go("/rtm/breaches")
    page.get_by_label("Layanan").first.focus()
    page.evaluate("document.querySelector('h1').dataset.old = 'yes'")
    page.clock.run_for(130_000)
    expect(page.locator("h1[data-old]")).to_have_count(1)


def test_a_page_that_cannot_be_renewed_says_so(visit):
    desk = visit()
    desk.page.clock.install()
    page = desk.sign_in(TEAM_LEADER)
    page.route("**/rtm/", lambda route: route.abort())
    page.clock.run_for(61_000)
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute("**/rtm/")
    page.clock.run_for(61_000)
    expect(page.locator("#not-renewed")).to_be_hidden()


def test_an_agent_is_told_why_not(visit):
    desk = visit("id", 390)
    page = desk.sign_in(AGENT)
    expect(page.get_by_role("heading", level=1)).to_contain_text("tidak punya hak di meja ini")
    assert_fits(page)
    assert_accessible(page)
    desk.keep("no-right-390")


def test_the_desk_is_in_the_navigation_of_airflow(visit):
    desk = visit("en")
    desk.sign_in(TEAM_LEADER)
    page = desk.go("/")
    page.get_by_role("link", name="Meja RTM").click()
    within = page.frame_locator("iframe")
    expect(within.get_by_role("heading", name=TITLES["en"])).to_be_visible()
    within.locator("tr[data-breach] a").first.click()
    expect(within.locator("svg.chart")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/plugin/rtm-desk/rtm/breaches/\d+$"))
    desk.keep("within-airflow")


def test_who_signs_out_is_out(visit):
    desk = visit()
    page = desk.sign_in(TEAM_LEADER)
    page.get_by_role("link", name="Keluar").click()
    page.wait_for_url("**/auth/**")
    desk.go("/rtm/")
    expect(page.get_by_role("link", name="Masuk")).to_be_visible()
    desk.keep("signed-out")
