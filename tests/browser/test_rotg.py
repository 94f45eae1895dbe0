"""A round of the floor on a phone and by keyboard, and its voiding at a desk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_plan import checked
from tests.desk_centre import COORDINATOR, TEAM_LEADER


def tab_to(page: Page, what: str, most: int = 80) -> None:
    """Moves the focus on until it is where that selector points."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({what!r})"):
            return
    pytest.fail(f"{what} is not reached by keyboard")


def test_a_round_is_recorded_on_a_phone_and_voided_by_another(visit):
    leader, coordinator = visit("id", 390), visit("en", 1280)
    page = leader.sign_in(TEAM_LEADER)
    page.get_by_role("link", name="ROTG").click()
    page.wait_for_url("**/rtm/rotg")
    checked(leader, "rotg-id-390")
    page.locator("#shifts + * a[href*='/rotg/new?'], table a[href*='/rotg/new?']").first.click()
    page.wait_for_url(re.compile(r"/rtm/rotg/new\?"))
    form = page.url
    checked(leader, "rotg-new-id-390")

    # What does not fit is said, and what was ticked stays
    page.locator("details summary").first.click()
    phone = page.locator("details").first.get_by_label("Ponsel pribadi di meja kerja")
    phone.check()
    page.locator("details").first.get_by_role("textbox").fill("Dua ponsel")
    page.get_by_label("Tidak ada temuan: semua yang diperiksa sesuai").check()
    page.get_by_role("button", name="Simpan pemeriksaan").click()
    expect(page.get_by_role("alert").filter(has_text="tidak sesuai")).to_be_visible()
    expect(phone).to_be_checked()
    checked(leader, "rotg-contradicting-id-390")
    # The browser itself notes that it was refused.
    (refused,) = leader.complaints
    assert "422" in refused
    leader.complaints.clear()
    page.get_by_label("Ada temuan, dicentang di bawah").check()
    page.get_by_role("button", name="Simpan pemeriksaan").click()
    expect(page.get_by_role("status").filter(has_text="Pemeriksaan tercatat")).to_be_visible()
    expect(page.get_by_text("Dua ponsel")).to_be_visible()
    checked(leader, "rotg-round-id-390")
    path = re.sub(r"^https?://[^/]+|\?.*$", "", page.url)

    # Once more, with nothing found, by keyboard alone
    page.goto(form)
    tab_to(page, "input[name=item]")
    page.keyboard.press("Space")
    expect(page.locator("input[name=item]").first).not_to_be_checked()
    tab_to(page, "input[name=result]")
    page.keyboard.press("Space")
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    expect(page.locator("details").first).to_have_attribute("open", "")
    tab_to(page, "main .form > p > button", 200)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Pemeriksaan tercatat")).to_be_visible()
    expect(page.get_by_text("Tidak ada temuan.")).to_be_visible()

    # The coordinator, at a desk, voids the first
    page = coordinator.sign_in(COORDINATOR, path)
    checked(coordinator, "rotg-round-en-1280")
    page.locator("summary", has_text="Void this round").click()
    page.get_by_label("Reason for voiding it").fill("A guest's phone")
    page.get_by_role("button", name="Void this round").click()
    expect(page.get_by_role("status").filter(has_text="Round voided")).to_be_visible()
    expect(page.get_by_text("A guest's phone")).to_be_visible()
    checked(coordinator, "rotg-voided-en-1280")
    coordinator.go("/rtm/rotg")
    checked(coordinator, "rotg-en-1280")
    coordinator.go(re.sub(r"^https?://[^/]+", "", form))
    checked(coordinator, "rotg-new-en-1280")
    assert leader.complaints == coordinator.complaints == []
