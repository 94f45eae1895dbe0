"""One cycle of the procedure, as a list of steps in order: the same code for the minute DAG, the
command line and the replay.

A step takes the open system and the clock (`as_of`), does its work, and says in numbers what it
did. Every step may be run again at any time: what is done stays done, what is missing is caught up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import text
from upath import UPath

from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse, prepare
from rtm.warehouse.prepare import is_prepared

Did = dict[str, Any]

LONGEST_ERROR = 2000


@dataclass(frozen=True)
class System:
    """The parts that a step works with."""

    settings: Settings
    warehouse: Warehouse
    opener: Callable[[str], UPath] | None = None
    """Opens the landing folder of a URL; None means by the URL and the environment alone."""

    @classmethod
    def open(cls, settings: Settings) -> System:
        """Opens the warehouse of the settings, and prepares it on first use."""
        system = cls(settings, Warehouse.open(settings))
        system.prepare()
        return system

    def prepare(self, again: bool = False) -> None:
        """Tables, roles and models of this version; nothing if they stand already, but for the
        models `again`."""
        from rtm.models import deploy_models, is_deployed

        if not is_prepared(self.warehouse):
            prepare(self.warehouse)
        if again or not is_deployed(self.warehouse, self.settings):
            deploy_models(self.warehouse, self.settings)

    @property
    def landing(self) -> UPath:
        """The folder below which sources deliver, on any file system that fsspec knows."""
        from rtm.landing import open_landing

        return (self.opener or open_landing)(self.settings.landing_url)


def land_feeds(system: System, as_of: datetime) -> Did:
    """Takes in the files that have arrived.

    A landing folder that cannot be opened ends no cycle: what is stale, and the operators' incident
    of the folder itself, come from the steps that follow.
    """
    from rtm.landing import LandingError, LandingReport, land_files
    from rtm.sources import read_sources

    sources = read_sources(system.settings.mappings_dir)
    try:
        landing = system.landing
    except LandingError as error:
        report = LandingReport(unlisted={"RTM_LANDING_URL": str(error)}, is_cut_off=True)
    else:
        report = land_files(system.warehouse, landing, as_of, sources.feeds)
    report.unreachable |= {f"mappings/{name}": why for name, why in sources.broken.items()}
    return {
        "files": len(report.files),
        "rows": report.rows,
        "quarantined": report.quarantined,
        "feeds": sorted(report.feeds),
        "unreachable": report.unreachable,
        "unlisted": report.unlisted,
        "is_cut_off": report.is_cut_off,
    }


def gate_rosters(system: System, as_of: datetime) -> Did:
    """Judges arrived rosters, publishes the valid ones and answers their senders."""
    from rtm.roster import judge_pending

    verdicts = judge_pending(system.warehouse, system.settings, lambda: system.landing, as_of)
    return {"judged": len(verdicts), "valid": sum(v.is_valid for v in verdicts)}


def distribute_rosters(system: System, as_of: datetime) -> Did:
    """Sends published rosters to the team leaders of their service."""
    from rtm.roster import distribute_published

    return {"distributed": distribute_published(system.warehouse, system.settings, as_of)}


def build_marts(system: System, as_of: datetime) -> Did:
    """Brings the marts to the clock."""
    from rtm.models import build_marts as build

    run = build(system.warehouse, system.settings, as_of)
    return {"models": run.built, "rebuilt_everything": run.rebuilt_everything}


def detect_breaches(system: System, as_of: datetime) -> Did:
    """Opens and clears breaches, of services and of agents, and incidents; each new breach of a
    service gets its recovery plan, and the plans are followed: withdrawn, judged by their effect,
    reminded of."""
    from rtm.breach import detect
    from rtm.coaching import follow_coaching
    from rtm.recovery import follow_plans

    found = detect(system.warehouse, system.settings, as_of)
    followed = follow_plans(system.warehouse, system.settings, as_of)
    coached = follow_coaching(system.warehouse, as_of)
    return {
        "opened": found.opened,
        "cleared": found.cleared,
        "agent_matters": found.matters,
        "plans": followed.drafted,
        "withdrawn": followed.withdrawn,
        "judged": followed.judged,
        "reminded": followed.reminded,
        "coaching_proposed": coached.proposed,
        "coaching_withdrawn": coached.withdrawn,
    }


def send_mail(system: System, as_of: datetime) -> Did:
    """Hands the mails that are due to the SMTP server."""
    from rtm.notify import send_due

    sent = send_due(system.warehouse, system.settings, as_of)
    return {"sent": sent.sent, "failed": sent.failed, "waiting": sent.waiting}


def remove_expired_plans(system: System, as_of: datetime) -> Did:
    """Removes recovery plans whose time of keeping is over."""
    from rtm.recovery import remove_expired

    return {"removed": remove_expired(system.warehouse, as_of)}


def report_month(system: System, as_of: datetime) -> Did:
    """Makes the management review of the last month and queues it for the coordinators, if its day
    has come and they do not have it."""
    from rtm.report import report_due

    told = report_due(system.warehouse, system.settings, as_of)
    return {"month": str(told.month) if told.month else None, "mails": told.mails}


Step = Callable[[System, datetime], Did]
STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        land_feeds,
        gate_rosters,
        distribute_rosters,
        build_marts,
        detect_breaches,
        send_mail,
    )
}
"""All steps, in the order in which one cycle takes them."""

DAILY: dict[str, Step] = {step.__name__: step for step in (remove_expired_plans, report_month)}
"""What is looked at once a day, beside the cycle."""


def run_step(system: System, name: str, as_of: datetime) -> Did:
    """Runs one step and records how long it took and what it did, or why it failed."""
    started_at = datetime.now(UTC)

    def record(did: Did, error: str | None = None) -> None:
        with system.warehouse.transaction(Role.APP) as connection:
            connection.execute(
                text(
                    "insert into ops.cycle (as_of, step, started_at, finished_at, did, error)"
                    " values (:as_of, :step, :started_at, clock_timestamp(), :did, :error)"
                ),
                {
                    "as_of": as_of,
                    "step": name,
                    "started_at": started_at,
                    "did": Jsonb(did),
                    "error": error,
                },
            )

    try:
        did = (STEPS | DAILY)[name](system, as_of)
    except Exception as error:
        record({}, str(error)[:LONGEST_ERROR])
        raise
    record(did)
    return did


def run_cycle(
    system: System, as_of: datetime, progress: Callable[[str, Did], None] | None = None
) -> dict[str, Did]:
    """Runs all steps in order. A step that fails ends the cycle; the next one catches up."""
    done: dict[str, Did] = {}
    with system.warehouse.exclusive("cycle"):
        for name in STEPS:
            done[name] = run_step(system, name, as_of)
            if progress:
                progress(name, done[name])
    return done
