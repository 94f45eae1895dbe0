"""Who was missing in the window of a breach is the same to its mail, its plan and its page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.cycle import run_cycle
from rtm.recovery.missing import read_missing
from rtm.warehouse import Role
from tests.recovery.conftest import MINUTE, TEN, calls
from tests.small_centre import MORNING, deliver_reference, roster

EVENTS = "event_id,occurred_at,agent_id,event\n"


@pytest.mark.parametrize(
    ("came_at", "late"), [(MORNING + 20 * MINUTE, []), (TEN + 4 * MINUTE, [("A1", "late")])]
)
def test_the_mail_of_a_breach_counts_whom_its_page_names(system, deliver, query, came_at, late):
    """A1 came late, long before calls were lost or after that; A2 has not come."""
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster(), MORNING - timedelta(days=1))
    logins = {"L1": MORNING - 5 * MINUTE, "A1": came_at}
    events = "".join(f"{who},{at.isoformat()},{who},login\n" for who, at in logins.items())
    deliver("agent_event", "logins.csv", EVENTS + events, TEN + 5 * MINUTE)
    deliver("call", "lost.csv", calls("L", TEN, 12, "abandoned"), TEN + 5 * MINUTE)
    run_cycle(system, TEN + 5 * MINUTE)
    (breach,) = query(
        "select breach.*, plan.facts from ops.breach"
        " inner join ops.recovery_plan as plan using (breach_id) where kpi = 'scr'"
    )
    with system.warehouse.transaction(Role.APP) as connection:
        window = breach["started_at"], breach["detected_at"]
        named = read_missing(connection, "KARTU", *window)
    assert [(person.agent_id, person.matter) for person in named] == [("A2", "no_show"), *late]
    facts = breach["facts"]
    assert facts["absent_agents"] == ["A2"]
    assert (facts["agents_absent"], facts["agents_late"]) == (1, len(late))
    mail, *_ = query("select body_text from ops.outbox where kind = 'breach'")
    told = f"Agent tidak hadir / terlambat dalam periode itu: 1 / {len(late)}\n"
    assert told in mail["body_text"]
