"""The small centre with its ladder, and matters as detection would have written them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from rtm.coaching import Change, change_coaching, follow_coaching
from rtm.cycle import System, run_cycle
from rtm.warehouse import Role, Warehouse
from tests.small_centre import DAY, MORNING, REFERENCE, deliver_reference

MATTER = text(
    """
    insert into ops.agent_breach
        (breach_id, service_code, agent_id, roster_date, shift_code, matter, subject, kpi,
         started_at, detected_at, cleared_at, cleared_because, comparator, target, observed,
         severity, recounted_at)
    values
        (nextval('ops.breach_breach_id_seq'), :service, :agent, :day, 'P', :matter, :subject,
         'login_compliance', :at, :at,
         case when cast(:because as text) is not null then cast(:at as timestamptz) end,
         :because, '<=', 300, 900, 'warning', :at)
    returning breach_id
    """
)
# A second team at the same service, and a third person to be late
MORE = {
    "team": "T2,Tim Dua,KARTU,L2,K2\n",
    "agent": "L2,Lukman,lukman@bank.example,team_leader,T2,2026-01-01\n"
    "K2,Kiki,kiki@bank.example,coordinator,T2,2026-01-01\n"
    "A3,Cici,cici@bank.example,agent,T2,2026-01-01\n",
}


def add_matter(
    warehouse: Warehouse,
    matter: str = "late_login",
    days_ago: int = 0,
    agent: str = "A1",
    because: str | None = "over",
    subject: str = "",
) -> int:
    """A matter of the morning so many days ago."""
    told = {
        "service": "KARTU",
        "agent": agent,
        "matter": matter,
        "subject": subject,
        "day": DAY - timedelta(days=days_ago),
        "at": MORNING - timedelta(days=days_ago),
        "because": because,
    }
    with warehouse.transaction(Role.APP) as connection:
        breach_id: int = connection.execute(MATTER, told).scalar_one()
    return breach_id


@pytest.fixture
def floor(system: System, deliver, begin) -> System:
    """Two teams of one service, whose marts stand at the morning."""

    def open_floor() -> None:
        deliver_reference(deliver)
        for feed, rows in MORE.items():
            deliver(feed, "more.csv", REFERENCE[feed] + rows, MORNING - timedelta(days=2))
        run_cycle(system, MORNING)

    begin("floor", open_floor)
    return system


@pytest.fixture
def matter(floor):
    return lambda *told, **more: add_matter(floor.warehouse, *told, **more)


@pytest.fixture
def follow(floor):
    """What one cycle does with coaching, so many days after the morning."""

    def run(days: float = 0):
        done = follow_coaching(floor.warehouse, MORNING + timedelta(days=days))
        return done.proposed, done.withdrawn

    return run


@pytest.fixture
def steps(query):
    """All steps of coaching, oldest first."""
    return lambda: query("select * from ops.coaching order by coaching_id")


@pytest.fixture
def decide(floor, steps):
    """One decision about the newest step, with the revision that stands or the one given."""

    def take(action, actor="L1", note=None, step=None, at: datetime = MORNING, revision=None):
        newest = steps()[-1]
        seen = newest["revision"] if revision is None else revision
        with floor.warehouse.transaction(Role.APP) as connection:
            return change_coaching(
                connection, newest["coaching_id"], Change(action, actor, at, seen, step, note)
            )

    return take
