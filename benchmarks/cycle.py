"""One minute cycle on a week of history: from the arrival of files to marts, breach and mail.

A centre of 300 agents (six services, voice and WhatsApp) has run for seven days. Then its files
come every minute, one service loses its telephone lines, and each minute is taken in by the steps
of the cycle, in one process, against a real SMTP server. Airflow's own share is measured in
`benchmarks.stack`.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

from benchmarks.results import Result
from rtm.cycle import STEPS, System, run_step
from rtm.machine import free_port
from rtm.settings import Settings
from rtm.simulator import Fault, FaultKind, bench_scenario
from rtm.simulator.centre import Centre
from rtm.warehouse.embedded import EmbeddedPostgres

AGENTS, DAYS, MINUTES = 300, 7, 12
GOAL_S = 20.0
AFTER_ARRIVAL = timedelta(seconds=10)


def measure_cycle(home: Path, full: bool) -> list[Result]:
    """Seconds of a cycle, median and longest, by step; and seconds from the first look at it."""
    minutes = MINUTES * 3 if full else MINUTES
    mailbox = Controller(Mailbox(str(home / "mail")), "127.0.0.1", free_port())
    mailbox.start()
    settings = Settings(
        home=home,
        landing_url=str(home / "landing"),
        database_url=None,
        smtp_url=f"smtp://127.0.0.1:{mailbox.port}",
    )
    try:
        return _measure(System.open(settings), minutes)
    finally:
        mailbox.stop()
        EmbeddedPostgres(home).stop()


def _measure(system: System, minutes: int) -> list[Result]:
    scenario = bench_scenario(AGENTS, DAYS + 1, slice_s=60)
    # Ten in the morning of the eighth day: the busiest hour.
    history_until = scenario.start + timedelta(days=DAYS, hours=10)
    service = scenario.services[0]
    outage = Fault(
        FaultKind.OUTAGE,
        f"{service.service_code}/voice",
        start=history_until + timedelta(minutes=2),
        end=history_until + timedelta(minutes=90),
    )
    scenario = replace(scenario, history_until=history_until, history_slice_s=900)
    landing = Path(system.settings.landing_url)
    centre = Centre(scenario.with_faults(outage), landing, landing.parent / "truth", resume=False)
    centre.run_until(history_until)
    began = time.monotonic()
    _cycle(system, history_until)
    first_s = time.monotonic() - began
    cycles = []
    for minute in range(1, minutes + 1):
        tick = history_until + timedelta(minutes=minute) + AFTER_ARRIVAL
        centre.run_until(tick)
        cycles.append(_cycle(system, tick))
    totals = [sum(cycle.values()) for cycle in cycles]
    shares = ", ".join(
        f"{name} {statistics.median(cycle[name] for cycle in cycles):.2f}" for name in STEPS
    )
    stored = _counts(system)
    if not stored["breaches"] or not stored["mails_sent"]:
        raise RuntimeError("the outage led to no breach or no mail: nothing was measured")
    detail = f"{AGENTS} agents, {DAYS} days: " + ", ".join(f"{n} {k}" for k, n in stored.items())
    return [
        Result("minute_cycle_median", statistics.median(totals), "s", GOAL_S, "<=", shares),
        Result("minute_cycle_longest", max(totals), "s", GOAL_S, "<=", f"of {len(totals)}"),
        Result("week_taken_in_at_once", first_s, "s", None, "<=", detail),
    ]


def _cycle(system: System, tick: object) -> dict[str, float]:
    took = {}
    for name in STEPS:
        began = time.monotonic()
        run_step(system, name, tick)  # type: ignore[arg-type]
        took[name] = time.monotonic() - began
    return took


def _counts(system: System) -> dict[str, int]:
    from sqlalchemy import text

    statements = {
        "agent_events": "select count(*) from raw.agent_event",
        "calls": "select count(*) from raw.call",
        "conversations": "select count(*) from raw.conversation",
        "breaches": "select count(*) from ops.breach",
        "mails_sent": "select count(*) from ops.outbox where state = 'sent'",
    }
    with system.warehouse.engine().connect() as connection:
        return {
            name: connection.execute(text(statement)).scalar_one()
            for name, statement in statements.items()
        }
