"""Every statement of docs/analysts.md runs as an analyst runs it, and says what the page says."""

from __future__ import annotations

import re
from typing import Any

from rtm.cycle import System
from rtm.settings import REPOSITORY
from rtm.warehouse import Role

PAGE = (REPOSITORY / "docs" / "analysts.md").read_text(encoding="utf-8")
STATEMENTS: dict[str, str] = dict(
    re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
)
"""By the heading that they stand under."""


def rows(system: System, heading: str) -> list[dict[str, Any]]:
    with system.warehouse.engine(Role.READER).connect() as connection:
        found = connection.exec_driver_sql(STATEMENTS[heading].replace("%", "%%"))
        return [dict(row._mapping) for row in found]


def test_each_statement_stands_under_a_heading_of_its_own():
    assert len(STATEMENTS) == PAGE.count("```sql") == 3


def test_success_calls_are_summed_before_they_are_divided(late_week: System):
    days = rows(late_week, "Success call rate by day")
    assert [(day["scr_numerator"], day["scr_denominator"]) for day in days] == [
        *[(2, 4)] * 3,
        *[(4, 4)] * 2,
    ]
    assert [day["scr_pct"] for day in days] == [50, 50, 50, 100, 100]
    assert {day["scr_formula"] for day in days} == {"scr/1"}


def test_aux_beyond_its_allowance_is_shown_by_team(late_week: System):
    assert rows(late_week, "AUX beyond its allowance, by team") == [
        {
            "team_code": "T1",
            "aux_code": "ISTIRAHAT",
            "shifts": 1,
            "shifts_over": 1,
            "aux_h": 1.5,
            "excess_h": 0.5,
        }
    ]


def test_the_agent_who_was_late_three_times_is_found_with_the_cost_and_the_one_of_two_is_not(
    late_week: System,
):
    heading = "Which agents were late more than twice this month, and what did it cost in SCR?"
    assert rows(late_week, heading) == [
        {
            "agent_id": "A1",
            "agent_name": "Ani",
            "late_shifts": 3,
            "late_min": 60,
            "intervals": 3,
            "calls": 12,
            "scr_pct": 50,
            "usual_scr_pct": 100,
            "cost_points": 50,
            "calls_lost": 6,
        }
    ]
