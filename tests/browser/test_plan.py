"""A recovery plan from its breach to its closing, by two people, as they would do it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_desk import assert_accessible, assert_fits
from tests.desk_centre import COORDINATOR, TEAM_LEADER

EVIDENCE = "Saluran cadangan aktif sejak 10.12"


def checked(desk, name: str) -> Page:
    """The page as it stands fits, is accessible, and is kept for a person to look at."""
    assert_fits(desk.page)
    assert_accessible(desk.page)
    desk.keep(name)
    return desk.page


def plan_of_the_first_breach(page: Page) -> str:
    """From Today to the plan, as a team leader would go; its path."""
    page.locator("tr[data-breach] a").first.click()
    page.wait_for_url(re.compile(r"/rtm/breaches/\d+$"))
    page.get_by_role("link", name=re.compile(r"^Recovery plan \d+$")).click()
    page.wait_for_url(re.compile(r"/rtm/plans/\d+$"))
    return re.sub(r"^https?://[^/]+", "", page.url)


def test_of_two_who_write_at_once_the_second_sees_both_texts(visit):
    """Here one leader on a phone and at a desk: who writes a plan does not verify it later."""
    leader, at_desk = visit("id", 390), visit("en", 1280)
    page = leader.sign_in(TEAM_LEADER)
    path = plan_of_the_first_breach(page)
    other = at_desk.sign_in(TEAM_LEADER, path)
    other.get_by_label("Correction now").fill("Call the reserve")
    other.get_by_role("button", name="Save the draft").click()
    expect(other.get_by_role("status").filter(has_text="Draft saved")).to_be_visible()

    page.get_by_label("Koreksi sekarang").fill("Alihkan")
    page.get_by_role("button", name="Simpan draf").click()
    expect(page.get_by_role("alert")).to_contain_text("mengubah plan ini pada")
    field = page.get_by_label("Koreksi sekarang")
    expect(field).to_have_value("Alihkan")
    expect(field).to_have_accessible_description(re.compile("Tersimpan sekarang.*Call the reserve"))
    page.locator("#mine summary").click()
    page.locator("#history ~ ol summary").last.click()
    checked(leader, "plan-second-id-390")
    (refused,) = leader.complaints
    assert "409" in refused


def test_what_was_typed_is_given_back_where_the_session_has_ended(visit):
    leader = visit("id", 390)
    page = leader.sign_in(TEAM_LEADER)
    path = plan_of_the_first_breach(page)
    page.get_by_label("Koreksi sekarang").fill("Alihkan ke saluran lain")
    page.context.clear_cookies()
    page.get_by_role("button", name="Simpan draf").click()
    expect(page.get_by_label("Koreksi sekarang")).to_have_value("Alihkan ke saluran lain")
    checked(leader, "plan-signed-out-id-390")
    page.get_by_role("link", name="Masuk").click()
    page.locator("input[name=username]").fill(TEAM_LEADER)
    page.locator("input[name=password]").fill(leader.airflow.passwords[TEAM_LEADER])
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"**{path}")
    expect(page.get_by_label("Koreksi sekarang")).to_be_visible()


def test_a_breach_becomes_a_verified_and_closed_plan_by_two_people(visit):
    leader, coordinator = visit("id", 390), visit("en", 1280)

    # A team leader, on a phone, from Today to the plan
    page = leader.sign_in(TEAM_LEADER)
    path = plan_of_the_first_breach(page)
    checked(leader, "plan-draft-id-390")

    # What lacks is named, and what was typed stays
    page.get_by_label("Koreksi sekarang").fill("Alihkan ke saluran cadangan")
    page.get_by_role("button", name="Ajukan untuk verifikasi").click()
    expect(page.get_by_role("alert")).to_contain_text("Kategori penyebab")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title(re.compile("^Galat: Recovery plan"))
    page.get_by_role("alert").get_by_role("link", name="Tenggat").click()
    expect(page.get_by_label("Tenggat (")).to_be_focused()
    expect(page.get_by_label("Koreksi sekarang")).to_have_value("Alihkan ke saluran cadangan")
    checked(leader, "plan-lacking-id-390")
    # The browser itself notes that it was refused.
    (refused,) = leader.complaints
    assert "422" in refused
    leader.complaints.clear()

    # A draft is saved by keyboard alone
    page.get_by_label("Koreksi sekarang").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('button[formaction]')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Draf disimpan")).to_be_visible()
    expect(page.get_by_label("Koreksi sekarang")).to_have_value("Alihkan ke saluran cadangan")

    page.get_by_label("Kategori penyebab").select_option("system")
    page.get_by_label("Mengapa target tidak tercapai?").fill("Saluran mati")
    page.get_by_label("Tindakan korektif").fill("Pantau saluran tiap jam")
    page.get_by_label("Pelaksana").select_option(index=1)
    page.get_by_label("Tenggat (").fill("2030-01-01T10:00")
    page.get_by_role("button", name="Ajukan untuk verifikasi").click()
    expect(page.get_by_role("status").filter(has_text="Diajukan")).to_be_visible()
    expect(page.get_by_role("button", name="Verifikasi")).to_have_count(0)
    checked(leader, "plan-submitted-id-390")

    # The coordinator, at a desk, verifies it
    page = coordinator.sign_in(COORDINATOR, path)
    checked(coordinator, "plan-submitted-en-1280")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status").filter(has_text="Verified")).to_be_visible()

    page = leader.go(path)
    page.get_by_role("button", name="Mulai pelaksanaan").click()
    page.get_by_label("Bukti yang sudah dilakukan").fill(EVIDENCE)
    page.get_by_role("button", name="Tandai selesai").click()
    expect(page.get_by_role("status").filter(has_text="Diselesaikan")).to_be_visible()

    page = coordinator.go(path)
    expect(page.get_by_text(EVIDENCE).first).to_be_visible()
    expect(page.get_by_text("The effect is not known yet")).to_be_visible()
    page.get_by_label("Note on the closing").fill("Seen working by both")
    page.get_by_role("button", name="Close the plan").click()
    expect(page.get_by_role("status").filter(has_text="Closed")).to_be_visible()
    checked(coordinator, "plan-closed-en-1280")

    with page.expect_download() as form:
        page.get_by_role("link", name="Recovery plan form (PDF)").click()
    assert form.value.suggested_filename.endswith(".pdf")
    coordinator.go("/rtm/audit")
    expect(page.get_by_text(EVIDENCE)).to_be_visible()
    checked(coordinator, "audit-en-1280")
    assert leader.complaints == coordinator.complaints == []
