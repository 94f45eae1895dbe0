"""Detection and sending that are killed at any moment leave nothing twice, and lose nothing.

A process is frozen before it is killed, so that where it stood is seen and not guessed.
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import STEPS, System
from rtm.notify import Mail, queue_mails
from rtm.settings import REPOSITORY
from rtm.warehouse import Role
from tests.small_centre import CALL_HEADER, MORNING, REFERENCE, call

TEN_O_CLOCK = MORNING + timedelta(hours=2)
AS_OF = TEN_O_CLOCK + timedelta(minutes=5)
SERVICES = 40
MAILS = 60
KILLS = 5
"""Kills that must have fallen inside the work."""
MOST_TRIES = 60

STEP = """
import sys
from datetime import datetime
from pathlib import Path
from sqlalchemy import make_url
import rtm.breach, rtm.notify, rtm.recovery
from rtm.cycle import STEPS, System
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse
name, url, smtp_url, as_of = sys.argv[1:]
settings = Settings(home=Path(), landing_url="", database_url=url, smtp_url=smtp_url)
system = System(settings, Warehouse(make_url(url)))
with system.warehouse.transaction(Role.APP):
    print("ready", flush=True)
STEPS[name](system, datetime.fromisoformat(as_of))
print("done", flush=True)
"""


class Victim:
    """A process that runs one step, up to the moment at which it is frozen and killed."""

    def __init__(self, system: System, step: str) -> None:
        url = system.warehouse.url.render_as_string(hide_password=False)
        smtp_url = system.settings.smtp_url or ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", STEP, step, url, smtp_url, AS_OF.isoformat()],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY / "plugins"), "PGAPPNAME": "victim"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def takes_s(self) -> float:
        """Seconds for which it works when nobody kills it."""
        began = time.monotonic()
        assert self.process.wait() == 0
        return time.monotonic() - began

    def freeze_after(self, seconds: float) -> None:
        time.sleep(seconds)
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def many_misses(system, deliver) -> System:
    """A system whose marts are at the clock, with one missed target in each of many services."""
    codes = [f"S{number}" for number in range(1, SERVICES + 1)]
    # One address is told of each breach
    reference = REFERENCE | {"agent": REFERENCE["agent"].replace("lia@bank.example", "")}
    for feed in ("service", "team", "kpi_target"):
        header, pattern, *_ = REFERENCE[feed].splitlines(keepends=True)
        reference[feed] = header + "".join(
            pattern.replace("KARTU", code).replace("T1", f"T{code[1:]}") for code in codes
        )
    for feed, content in reference.items():
        deliver(feed, f"{feed}.csv", content, MORNING - timedelta(days=3))
    lost = "".join(
        call(f"{code}-{n}", TEN_O_CLOCK, "abandoned", wait_s=30).replace("KARTU", code)
        for code in codes
        for n in range(6)
    )
    deliver("call", "lost.csv", CALL_HEADER + lost, AS_OF)
    for step in ("land_feeds", "gate_rosters", "build_marts"):
        STEPS[step](system, AS_OF)
    return system


def counted(query) -> tuple[int, int, int]:
    """Breaches, plans and mails; none of them twice."""
    (found,) = query(
        """
        select
            (select count(*) from ops.breach) as breaches,
            (select count(distinct service_code) from ops.breach) as services,
            (select count(*) from ops.recovery_plan) as plans,
            (select count(*) from ops.outbox where kind = 'breach') as mails,
            (select count(distinct thread) from ops.outbox where kind = 'breach') as threads
        """
    )
    assert found["breaches"] == found["services"]
    assert found["mails"] == found["threads"] == found["plans"]
    return found["breaches"], found["plans"], found["mails"]


def test_a_detection_killed_at_random_moments_ends_with_one_plan_and_one_mail_a_breach(
    many_misses, query
):
    chance = random.Random(7)
    takes_s = Victim(many_misses, "detect_breaches").takes_s()
    assert counted(query) == (SERVICES, SERVICES, SERVICES)
    fell_inside = 0
    states = Counter()
    for _ in range(MOST_TRIES):
        if fell_inside >= KILLS and states[SERVICES, 0, 0]:
            break
        with many_misses.warehouse.engine().begin() as connection:
            connection.execute(text("truncate ops.breach, ops.recovery_plan, ops.outbox"))
        victim = Victim(many_misses, "detect_breaches")
        victim.freeze_after(chance.uniform(0.0, takes_s))
        (open_work,) = query(
            "select count(*) as n from pg_stat_activity"
            " where application_name = 'victim' and xact_start is not null"
        )
        fell_inside += open_work["n"] > 0
        victim.kill()
        STEPS["detect_breaches"](many_misses, AS_OF + timedelta(seconds=1))
        assert counted(query) == (SERVICES, SERVICES, SERVICES)
        (first,) = query(
            "select count(*) filter (where detected_at = :at) as breaches,"
            " (select count(*) from ops.recovery_plan where created_at = :at) as plans,"
            " (select count(*) from ops.outbox where created_at = :at) as mails from ops.breach",
            at=AS_OF,
        )
        states[first["breaches"], first["plans"], first["mails"]] += 1
    assert fell_inside >= KILLS, "too few kills fell inside the work"
    # What the killed ones had left behind: nothing, breaches alone, or everything.
    assert set(states) <= {(0, 0, 0), (SERVICES, 0, 0), (SERVICES, SERVICES, SERVICES)}
    assert states[SERVICES, 0, 0], "no kill fell between the breaches and their plans"


def test_a_sending_killed_at_random_moments_sends_nothing_twice_and_loses_nothing(
    system, mailbox, query
):
    chance = random.Random(7)
    mailbox.takes_s = 0.02
    system = System(dataclasses.replace(system.settings, smtp_url=mailbox.url), system.warehouse)
    facts = {"kind": "feed_stale", "incident_subject": "call", "detail": "none"}
    with system.warehouse.transaction(Role.APP) as connection:
        mails = [Mail("incident", "key", f"a{n}@bank.example", facts) for n in range(MAILS)]
        queue_mails(connection, mails, "en", AS_OF)
    fell_inside = kills = 0
    while fell_inside < KILLS:
        assert kills < MOST_TRIES, "too few kills fell inside the work"
        victim = Victim(system, "send_mail")
        victim.freeze_after(chance.uniform(0.0, 0.4))
        (seen,) = query("select count(*) as n from ops.outbox where state = 'sending'")
        fell_inside += seen["n"] > 0
        victim.kill()
        kills += 1
    # Twice: what a killed one had on its way may be written down after the next has looked.
    for _ in range(2):
        STEPS["send_mail"](system, AS_OF)
    states = query("select mail_id, recipient, state from ops.outbox order by mail_id")
    assert len(states) == MAILS
    arrived = Counter(mail["To"] for mail in mailbox.mails)
    assert max(arrived.values()) == 1, "a mail came twice"
    unconfirmed = [mail["recipient"] for mail in states if mail["state"] == "unconfirmed"]
    sent = [mail["recipient"] for mail in states if mail["state"] == "sent"]
    assert len(sent) + len(unconfirmed) == MAILS
    assert 1 <= len(unconfirmed) <= kills
    assert set(sent) <= set(arrived) <= {*sent, *unconfirmed}
