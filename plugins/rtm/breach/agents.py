"""What agents did not keep to: opened, followed until the shift is settled, and told to their team
leaders, once a cycle each.

What does not conform is said by `marts.rpt_agent_matter`. A matter leads to no recovery plan;
coaching starts from it. One that the data take back is withdrawn, not deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

from rtm.notify import Mail, queue_mails, words
from rtm.recipients import Agent, leaders_of_agents
from rtm.settings import Settings

LOOKED_AT_AGAIN = timedelta(days=35)
"""How long a corrected roster or a late exception still takes a matter back, or gives it back."""
AGAIN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class DetectedMatters:
    opened: int
    cleared: int


def detect_agent_matters(
    connection: Connection, settings: Settings, as_of: datetime
) -> DetectedMatters:
    """Compares what is known of the matters of agents with the marts at `as_of`."""
    opened = connection.execute(OPEN, {"as_of": as_of}).all()
    cleared = connection.execute(CLEAR, {"as_of": as_of}).rowcount
    cleared += _look_again(connection, as_of)
    _tell(connection, settings, opened, as_of)
    return DetectedMatters(len(opened), cleared)


# Of the shifts that began today or the day before, service by service by index. Where the states
# of agents are behind, somebody who is not seen may well be there.
OPEN = text(
    """
    insert into ops.agent_breach as known
        (breach_id, service_code, agent_id, roster_date, shift_code, matter, subject, kpi,
         started_at, detected_at, comparator, target, observed, severity, recounted_at)
    select nextval('ops.breach_breach_id_seq'), matter.service_code, matter.agent_id,
        matter.roster_date, matter.shift_code, matter.matter, matter.subject, matter.kpi,
        matter.started_at, :as_of, matter.comparator, matter.target, matter.observed,
        matter.severity, :as_of
    from marts.dim_service as service
    cross join lateral (
        select found.*
        from marts.rpt_agent_matter as found
        where found.service_code = service.service_code
            and found.roster_date
            between (cast(:as_of as timestamptz) at time zone service.timezone)::date - 1
            and (cast(:as_of as timestamptz) at time zone service.timezone)::date
        offset 0
    ) as matter
    where not exists (
            select from marts.rpt_behind as behind
            where behind.service_code = service.service_code and behind.what = 'agents'
        )
        and not exists (
            select from ops.agent_breach as stands
            where stands.agent_id = matter.agent_id
                and stands.service_code = matter.service_code
                and stands.roster_date = matter.roster_date
                and stands.shift_code = matter.shift_code
                and stands.matter = matter.matter
                and stands.subject = matter.subject
                and coalesce(stands.cleared_because, 'over') = 'over'
        )
    on conflict (agent_id, service_code, roster_date, shift_code, matter, subject)
    do update set
        cleared_at = null,
        cleared_because = null,
        observed = excluded.observed,
        recounted_at = excluded.recounted_at
    where known.cleared_because in ('data_corrected', 'appeared')
    returning known.*
    """
)

# What the marts say now of a matter that is known, each by itself
NOW = """
    left join lateral (
        select found.agent_id, found.observed, found.is_provisional
        from marts.rpt_agent_matter as found
        where found.agent_id = known.agent_id
            and found.service_code = known.service_code
            and found.roster_date = known.roster_date
            and found.shift_code = known.shift_code
            and found.matter = known.matter
            and found.subject = known.subject
        offset 0
    ) as matter on true
"""
# Who had not come may have come late since
TAKEN_BACK = """
    case
        when known.matter = 'no_show' and exists (
            select from marts.fct_attendance as shift
            where shift.service_code = known.service_code
                and shift.roster_date = known.roster_date
                and shift.agent_id = known.agent_id
                and shift.shift_code = known.shift_code
                and shift.status in ('present', 'late')
        ) then 'appeared'
        else 'data_corrected'
    end
"""

CLEAR = text(
    f"""
    update ops.agent_breach as breach
    set cleared_at = :as_of,
        cleared_because = verdict.reason,
        observed = coalesce(verdict.observed, breach.observed),
        recounted_at = :as_of
    from (
        select
            known.breach_id,
            matter.observed,
            case
                when matter.agent_id is null then {TAKEN_BACK}
                when not matter.is_provisional then 'over'
            end as reason
        from ops.agent_breach as known
        {NOW}
        where known.cleared_at is null
    ) as verdict
    where verdict.breach_id = breach.breach_id and verdict.reason is not null
    """
)

# One date in each cycle, the one not looked at for longest
LOOK_AGAIN_AT = text(
    """
    select roster_date
    from ops.agent_breach
    where roster_date >= cast(cast(:as_of as timestamptz) - cast(:reach as interval) as date)
        and cleared_because in ('over', 'data_corrected', 'appeared')
    group by roster_date
    having min(recounted_at) <= cast(:as_of as timestamptz) - cast(:again_after as interval)
    order by min(recounted_at), roster_date
    limit 1
    """
)

LOOK_AGAIN = text(
    f"""
    update ops.agent_breach as breach
    set recounted_at = :as_of,
        cleared_because = coalesce(verdict.reason, breach.cleared_because),
        cleared_at = case when verdict.reason is null then breach.cleared_at else :as_of end,
        observed = coalesce(verdict.observed, breach.observed)
    from (
        select
            known.breach_id,
            matter.observed,
            case
                when known.cleared_because = 'over' and matter.agent_id is null then {TAKEN_BACK}
                when known.cleared_because <> 'over' and not matter.is_provisional then 'over'
            end as reason
        from ops.agent_breach as known
        {NOW}
        where known.roster_date = :roster_date
            and known.cleared_because in ('over', 'data_corrected', 'appeared')
    ) as verdict
    where verdict.breach_id = breach.breach_id
    returning verdict.reason
    """
)


def _look_again(connection: Connection, as_of: datetime) -> int:
    """Whether the matters of one past date still stand, or stand again; returns how many do
    not."""
    due = {"as_of": as_of, "reach": LOOKED_AT_AGAIN, "again_after": AGAIN_AFTER}
    roster_date = connection.execute(LOOK_AGAIN_AT, due).scalar_one_or_none()
    if roster_date is None:
        return 0
    looked = connection.execute(LOOK_AGAIN, {"as_of": as_of, "roster_date": roster_date})
    return sum(row.reason in ("data_corrected", "appeared") for row in looked)


TO_TELL = text(
    """
    select
        known.*,
        service.service_name,
        service.timezone,
        agent.team_code,
        coalesce(team.team_name, agent.team_code, '') as team_name,
        coalesce(agent.agent_name, known.agent_id) as agent_name,
        coalesce(rule.rule_name, known.subject) as rule_name,
        coalesce(rule.rule_name_indonesian, known.subject) as rule_name_indonesian,
        coalesce(rule.unit, 's') as unit
    from ops.agent_breach as known
    inner join marts.dim_service as service on service.service_code = known.service_code
    left join marts.dim_agent as agent on agent.agent_id = known.agent_id
    left join marts.dim_team as team on team.team_code = agent.team_code
    left join intermediate.int_rotg_rule_named as rule
        on rule.rule_code = known.subject and known.matter = 'rotg'
    where known.breach_id = any(:breaches)
    order by service.service_name, team_name, agent.team_code, known.severity, agent_name,
        known.breach_id
    """
)


def _tell(
    connection: Connection, settings: Settings, opened: Sequence[Row[Any]], as_of: datetime
) -> None:
    """One digest for each team leader, of all teams that they lead; a team leader's own matters go
    to the coordinators."""
    if not opened:
        return
    ids = [row.breach_id for row in opened]
    told = connection.execute(TO_TELL, {"breaches": ids}).all()
    agents = [Agent(row.agent_id, row.team_code, row.service_code) for row in told]
    leaders = leaders_of_agents(connection, settings, agents)
    lines: dict[str, list[Row[Any]]] = {}
    for row, agent in zip(told, agents, strict=True):
        for address in leaders[agent]:
            lines.setdefault(address, []).append(row)
    mails = [
        Mail(
            "agent_digest",
            f"agents:{as_of.isoformat()}",
            address,
            {
                "count": len(rows),
                "teams": ", ".join(
                    dict.fromkeys(row.team_name or row.service_name for row in rows)
                ),
                "groups": _groups(rows, settings),
                "link": settings.desk_page("/"),
            },
        )
        for address, rows in sorted(lines.items())
    ]
    queue_mails(connection, mails, settings.language, as_of)


def _groups(rows: list[Row[Any]], settings: Settings) -> list[dict[str, Any]]:
    """The lines of a digest, by service and team."""
    return [
        {
            "title": " · ".join(filter(None, title)),
            "matters": [_line(row, settings) for row in of_team],
        }
        for title, of_team in groupby(rows, key=lambda row: (row.service_name, row.team_name))
    ]


def _line(row: Row[Any], settings: Settings) -> dict[str, str]:
    say = words("agent_digest", settings.language)
    rule = row.rule_name_indonesian if settings.language == "id" else row.rule_name
    since = row.started_at.astimezone(ZoneInfo(row.timezone))
    amount = "observed_s" if row.unit == "s" else "observed_n"
    return {
        "agent": f"{row.agent_name} ({row.agent_id})",
        "matter": say[row.matter].format(subject=rule),
        "observed": say[amount].format(
            observed=_amount(row.observed, row.unit), target=_amount(row.target, row.unit)
        ),
        "shift": row.shift_code or "–",
        "since": f"{since:%d/%m/%Y %H:%M %Z}",
    }


def _amount(value: float, unit: str) -> str:
    if unit != "s":
        return f"{float(value):g}"
    minutes, seconds = divmod(round(float(value)), 60)
    return f"{minutes}:{seconds:02d}"
