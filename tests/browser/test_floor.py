"""Rosters and exceptions as a team leader and a coordinator use them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_plan import checked
from tests.desk_centre import COORDINATOR, TEAM_LEADER


@pytest.mark.parametrize(("language", "width"), [("id", 390), ("en", 1280)])
def test_rosters_are_read_and_a_file_is_tried(visit, tmp_path: Path, language, width):
    desk = visit(language, width)
    desk.sign_in(TEAM_LEADER)
    page = desk.go("/rtm/rosters")
    checked(desk, f"rosters-{language}-{width}")
    page.locator("a[href*='/rosters/versions/']").first.click()
    page.wait_for_url(re.compile(r"/rtm/rosters/versions/\d+$"))
    checked(desk, f"roster-version-{language}-{width}")
    assert desk.complaints == []
    desk.go("/rtm/rosters/upload")
    wrong = tmp_path / "roster.xlsx"
    wrong.write_text("no workbook")
    page.locator("input[type=file]").set_input_files(wrong)
    page.locator("button[value=send]").click()
    expect(page.get_by_role("alert").filter(has_text="roster.xlsx")).to_be_visible()
    checked(desk, f"roster-refused-{language}-{width}")


def test_an_exception_is_asked_for_and_rejected_by_another(visit):
    leader, coordinator = visit("id", 390), visit("en", 1280)
    leader.sign_in(TEAM_LEADER)
    page = leader.go("/rtm/exceptions")
    checked(leader, "exceptions-empty-id-390")
    page.get_by_role("link", name="Minta pengecualian").click()
    checked(leader, "exception-new-id-390")
    people = (
        page.get_by_label("Agent").locator("option").evaluate_all("all => all.map(o => o.value)")
    )
    agents = [person for person in people if person not in ("", TEAM_LEADER, COORDINATOR)]
    page.get_by_label("Agent").select_option(agents[0])
    page.get_by_label("Dari").fill("2026-11-23T08:00")
    page.get_by_label("Sampai").fill("2026-11-23T09:00")
    page.get_by_label("Kategori alasan").select_option("training")
    page.get_by_label("Alasan", exact=True).fill("Produk baru")
    page.get_by_role("button", name="Ajukan").click()
    page.wait_for_url(re.compile(r"/rtm/exceptions/\d+\?done=request$"))
    path = re.sub(r"^https?://[^/]+|\?.*$", "", page.url)
    checked(leader, "exception-waiting-id-390")
    assert leader.complaints == []

    coordinator.sign_in(COORDINATOR)
    page = coordinator.go(path)
    checked(coordinator, "exception-to-decide-en-1280")
    page.locator("summary", has_text="Reject").click()
    page.get_by_label("Reason of the decision").first.fill("Not today")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status").filter(has_text="Rejected")).to_be_visible()
    coordinator.go("/rtm/exceptions")
    checked(coordinator, "exceptions-en-1280")
    assert coordinator.complaints == []
