"""Opens a breach where a target is missed; clears it where it is met again or ended.

One open breach per service, channel and KPI, kept by the database. Nothing is raised on a feed that
is behind, nor while the landing folder is out of reach: calls are missing then, not lost. That is
an incident for the operators instead (`rtm.breach.incidents`). Nor is anything raised while
somebody expects a peak of it.

Rosters that are not there at the cut-off have a breach of their own kind (`rtm.breach.rosters`), as
has what an agent did not keep to (`rtm.breach.agents`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from rtm.breach.agents import DetectedMatters, detect_agent_matters
from rtm.breach.incidents import raise_incidents
from rtm.breach.rosters import detect_missing_rosters
from rtm.breach.watching import Verdict, Watch
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse


@dataclass(frozen=True)
class Detected:
    """What one detection changed."""

    opened: int
    cleared: int
    matters: int
    """Of agents, opened."""
    incidents: int


def detect(warehouse: Warehouse, settings: Settings, as_of: datetime) -> Detected:
    """Compares the marts with the targets at `as_of`."""
    with warehouse.transaction(Role.APP) as connection:
        cleared = opened = 0
        matters = DetectedMatters(0, 0)
        if not connection.execute(IS_CUT_OFF).scalar():
            opened, cleared = _follow(connection, as_of)
            matters = detect_agent_matters(connection, settings, as_of)
        # A roster that cannot be fetched has reached nobody.
        rosters = detect_missing_rosters(connection, settings, as_of)
        incidents = raise_incidents(connection, settings, as_of)
    return Detected(opened + rosters.opened, cleared + rosters.cleared, matters.opened, incidents)


# Waiting conversations go on ageing while their answers cannot be fetched.
IS_CUT_OFF = text(
    """
    select coalesce((did ->> 'is_cut_off')::boolean, false) from ops.cycle
    where step = 'land_feeds' and error is null
    order by cycle_id desc limit 1
    """
)

WATCHED = text(
    """
    select
        watched.*,
        watch.missed_since,
        watch.recovered_since,
        breach.breach_id,
        breach.severity
    from marts.rpt_kpi_watch as watched
    left join ops.kpi_watch as watch using (service_code, channel, kpi)
    left join ops.breach as breach
        on (breach.service_code, breach.channel, breach.kpi)
        = (watched.service_code, watched.channel, watched.kpi)
        and breach.cleared_at is null
    order by watched.service_code, watched.channel, watched.kpi
    """
)

REMEMBER = text(
    """
    insert into ops.kpi_watch (service_code, channel, kpi, missed_since, recovered_since)
    values (:service_code, :channel, :kpi, :missed_since, :recovered_since)
    on conflict (service_code, channel, kpi) do update set
        missed_since = excluded.missed_since,
        recovered_since = excluded.recovered_since
    """
)

# The index decides between two detections at the same moment.
OPEN = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, started_at, detected_at, comparator, target, observed,
         numerator, denominator, at_risk, at_risk_s, severity)
    values
        (:service_code, :channel, :kpi, :window_start_at, :as_of, :comparator, :target, :observed,
         :numerator, :denominator, :at_risk, :at_risk_s, :severity)
    on conflict (service_code, channel, kpi, roster_date) where cleared_at is null do nothing
    """
)

# A breach that began mildly may become critical; it stays what it was at its worst.
WORSEN = text(
    """
    update ops.breach set severity = 'critical', severity_since = :as_of
    where breach_id = any(:breaches) and cleared_at is null
    """
)

CLEAR = text(
    """
    update ops.breach set cleared_at = :as_of, cleared_because = :reason
    where breach_id = any(:breaches) and cleared_at is null
    """
)

# The report has a row for every target in force, also where nothing was offered.
CLEAR_ENDED = text(
    """
    update ops.breach set cleared_at = :as_of, cleared_because = 'target_ended'
    where cleared_at is null and roster_date is null and breach_id <> all(:watched)
    """
)


def _follow(connection: Connection, as_of: datetime) -> tuple[int, int]:
    """Looks at every watched KPI once; returns how many breaches were opened and cleared."""
    watched, remembered, missed = [], [], []
    recovered: list[int] = []
    ended: list[int] = []
    worse: list[int] = []
    for row in connection.execute(WATCHED).mappings():
        watched.append(row["breach_id"])
        before = Watch(row["missed_since"], row["recovered_since"])
        if row["is_feed_behind"]:
            # What is to last must have been seen to: nobody looks now.
            if before != Watch():
                remembered.append({**row, **asdict(Watch())})
            continue
        verdict = Verdict.of(row)
        watch = before.at(as_of, verdict)
        if watch != before:
            remembered.append({**row, **asdict(watch)})
        is_expected = row["expected_peak_id"] is not None
        if row["breach_id"] is None and not is_expected and watch.opens(as_of, verdict):
            missed.append({**row, "as_of": as_of, "severity": _severity(row)})
        elif row["breach_id"] is not None and watch.clears(as_of, verdict):
            # Of staff that nobody expects any more
            nothing_left = row["clear_observed"] is None
            (ended if nothing_left else recovered).append(row["breach_id"])
        elif row["severity"] == "warning" and row["is_missed"] and _severity(row) == "critical":
            worse.append(row["breach_id"])
    if remembered:
        connection.execute(REMEMBER, remembered)
    cleared = sum(
        connection.execute(CLEAR, {"as_of": as_of, "breaches": breaches, "reason": reason}).rowcount
        for reason, breaches in (("met", recovered), ("target_ended", ended))
    )
    if worse:
        connection.execute(WORSEN, {"breaches": worse, "as_of": as_of})
    cleared += connection.execute(
        CLEAR_ENDED, {"as_of": as_of, "watched": list(filter(None, watched))}
    ).rowcount
    opened = sum(connection.execute(OPEN, breach).rowcount for breach in missed)
    return opened, cleared


def _severity(row: RowMapping) -> str:
    """As the site's rule states it; else `critical` where the target names a value for it, and it
    is missed as well."""
    if row["stated_severity"] is not None:
        return str(row["stated_severity"])
    critical, observed = row["critical"], row["observed"]
    if critical is None or observed is None:
        return "warning"
    is_beyond = observed < critical if row["comparator"] == ">=" else observed > critical
    return "critical" if is_beyond else "warning"
