"""Breaches of attendance and of staffing are drawn like those of contacts."""

from __future__ import annotations

import re

import pytest

from rtm.desk.app import create_desk
from rtm.desk.parts import Desk, Doors
from tests.breach.test_staff import MINUTE, look  # noqa: F401 (fixture)
from tests.desk.test_plan_pages import Reader, identify, words_of
from tests.small_centre import MORNING


@pytest.fixture
def lia(system, look):  # noqa: F811
    """Two agents are required and one is there: A2 has not come forty minutes into the shift."""
    look(-5, "L1", "A1")
    for minute in (1, 9, 16, 31, 36, 41):
        look(minute)
    doors = Doors(lambda path: f"/auth/login?next={path}", "/auth/logout")
    now = MORNING + 41 * MINUTE
    parts = Desk(system.settings, b"secret", doors, lambda: system.warehouse, lambda: now)
    return Reader(create_desk(parts, identify), "L1", "en")


@pytest.mark.parametrize(
    ("kpi", "bars", "row"),
    [
        ("staffing", "agents required", "08:00 WIB 50.0 % 1.0 / 2 2"),
        # At eight nobody knows yet whether A2 comes, half an hour later A2 is missing
        (
            "attendance",
            "shifts under way",
            "08:00 WIB 100.0 % 2 / 2 2 – 23 Nov 2026 08:30 WIB 66.7 % 2 / 3 3",
        ),
    ],
)
def test_who_is_there_is_drawn_interval_by_interval(lia, query, kpi, bars, row):
    (breach,) = query(
        "select breach_id, plan_id from ops.breach inner join ops.recovery_plan using (breach_id)"
        " where kpi = :kpi",
        kpi=kpi,
    )
    for path in (f"/breaches/{breach['breach_id']}", f"/plans/{breach['plan_id']}"):
        page = lia.get(path)
        assert page.status_code == 200
        assert 'class="chart"' in page.text and "<polyline" in page.text, path
        assert f"Bars below: {bars} by interval" in page.text
        table = words_of(page.text.split('id="chart-table"')[1].split("</details>")[0])
        assert row in table.replace("\N{NO-BREAK SPACE}", " ")
        # Nothing is told of what has not come yet
        assert re.findall(r"\d\d:\d\d WIB", table)[-2:] == ["08:00 WIB", "08:30 WIB"]
