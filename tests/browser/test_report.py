"""The management review as a browser shows it: by itself, without a script, and on paper."""

from __future__ import annotations

import io
from datetime import date

from pypdf import PdfReader

from rtm.report import Month, make_report
from scripts.readme import CLOCK
from tests.browser.conftest import SHOTS


def test_the_page_stands_by_itself_and_prints(browser, centre, tmp_path):
    report = make_report(centre, Month(date(2026, 11, 1)), "id", ("html",), "a test", CLOCK)
    (file,) = report.files
    path = tmp_path / file.name
    path.write_bytes(file.content)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    assert page.locator("svg").count() > 5
    assert page.locator("script").count() == 0
    assert page.locator("#summary li").count() > 5
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "report.png", full_page=True)
    assert requests == [path.as_uri()]
    assert complaints == []
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    pages = PdfReader(io.BytesIO(printed)).pages
    assert len(pages) > 3
    assert float(pages[0].mediabox.width) > float(pages[0].mediabox.height)
    # Nothing is wider than a phone but the tables, which scroll by themselves
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
