"""A small centre with a missed SCR at ten, and the means to take its plan through its life."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest

from rtm.cycle import System, run_cycle
from rtm.recovery import Change, change_plan
from rtm.recovery.lifecycle import Action, Cause, Content
from rtm.warehouse import Role
from tests.small_centre import CALL_HEADER, MORNING, REFERENCE, call, deliver_reference

TEN = MORNING + timedelta(hours=2)
MINUTE = timedelta(minutes=1)
SECOND_LEADER = "L2,Lukman,lukman@bank.example,team_leader,T1,2026-01-01\n"


def calls(prefix: str, first: datetime, count: int, outcome: str) -> str:
    """`count` calls, ten seconds apart, each decided after half a minute."""
    rows = (
        call(f"{prefix}{n}", first + 10 * n * timedelta(seconds=1), outcome, 30)
        for n in range(count)
    )
    return CALL_HEADER + "".join(rows)


@pytest.fixture
def missed(system: System, deliver, begin) -> System:
    """Twelve of twelve calls were lost at ten; five minutes later there is a breach and a draft."""
    system = System(
        dataclasses.replace(system.settings, desk_url="https://rtm.bank.example/rtm"),
        system.warehouse,
    )

    def miss() -> None:
        deliver_reference(deliver)
        deliver("agent", "second.csv", REFERENCE["agent"] + SECOND_LEADER, MORNING)
        deliver("call", "lost.csv", calls("L", TEN, 12, "abandoned"), TEN + 5 * MINUTE)
        run_cycle(system, TEN + 5 * MINUTE)

    begin("missed", miss)
    return system


@pytest.fixture
def plan_id(missed, query) -> int:
    (plan,) = query(
        "select plan_id from ops.recovery_plan join ops.breach using (breach_id) where kpi = 'scr'"
    )
    return plan["plan_id"]


def content(at: datetime) -> Content:
    return Content(
        *(Cause.SYSTEM, ("Saluran mati", "Kabel putus"), "Alihkan ke saluran cadangan"),
        *("Pantau saluran tiap jam", "A1", at + timedelta(hours=2)),
    )


@pytest.fixture
def act(missed, plan_id, query):
    """Takes one step with the revision that stands, or the one given."""

    def take(action: Action, actor: str, at: datetime, note=None, revision=None, written=None):
        (seen,) = query("select revision from ops.recovery_plan where plan_id = :p", p=plan_id)
        if action is Action.SUBMIT and written is None:
            written = content(at)
        number = seen["revision"] if revision is None else revision
        with missed.warehouse.transaction(Role.APP) as connection:
            return change_plan(
                *(connection, missed.settings, plan_id),
                Change(action, actor, at, number, written, note),
            )

    return take
