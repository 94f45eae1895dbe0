"""Papan RTM, read from five metres away: which service is in trouble, since when, in what."""

from __future__ import annotations

from grafana.source.board import WALL, Board
from grafana.source.boards.age import age
from grafana.source.panels import Tiles
from grafana.source.variables import DESK, SERVICE

# No-break spaces keep a number on one line with what belongs to it.
KPI = """{kpi:kpi.kpi}
    || case when kpi.channel in ('voice', 'roster') then '' else ' ' || kpi.channel end"""
VALUE = """replace(
        round(kpi.%s::numeric, case when kpi.unit = '' then 0 else 1 end)::text,
        '.',
        {number:'point'}
    ) || replace(kpi.unit, ' ', chr(160))"""

SERVICES = f"""
select
    service.service_name || coalesce(': ' || worst.told, '') as title,
    concat_ws(
        '|',
        now.verdict,
        to_char(
            now.missed_since_at at time zone service.timezone,
            case
                when now.missed_since_at >= date_trunc('day', now.as_of, service.timezone)
                    then 'HH24:MI'
                else 'DD/MM HH24:MI'
            end
        )
    ) as told
from marts.rpt_service_now as now
inner join marts.dim_service as service using (service_code)
left join lateral (
    select {KPI} || ' ' || {VALUE % "observed"} as told
    from marts.rpt_kpi_today as kpi
    where kpi.service_code = now.service_code and kpi.verdict in ('critical', 'missed')
    order by kpi.verdict, kpi.missed_since_at, kpi.channel <> 'voice', kpi.channel, kpi.place
    limit 1
) as worst on true
where now.service_code in ($service)
order by now.place, service.service_name
"""

OPEN_BREACHES = """
select
    case
        when count(*) = 0 then 'met'
        when bool_or(severity = 'critical') then 'critical'
        else 'missed'
    end || '|' || count(*) as told
from marts.fct_breach
where cleared_at is null and scope = 'service' and service_code in ($service)
"""

TITLE = f"""{KPI}
    || ' ' || {{comparator:kpi.comparator}} || chr(160) || kpi.target
    || replace(kpi.unit, ' ', chr(160))"""

NOW = f"""
select
    {TITLE} as title,
    concat_ws('|', kpi.verdict, {VALUE % "observed"}) as told
from marts.rpt_kpi_today as kpi
where kpi.service_code in ($service)
order by kpi.channel <> 'voice', kpi.channel, kpi.place
"""

TODAY = f"""
select
    {TITLE} as title,
    concat_ws('|', kpi.verdict_today, {VALUE % "observed_today"}) as told
from marts.rpt_kpi_today as kpi
where kpi.service_code in ($service) and kpi.observed_today is not null
order by kpi.channel <> 'voice', kpi.channel, kpi.place
"""

AGENTS = """
select state || '|' || count(*) as told
from marts.rpt_agent_now
where service_code in ($service)
group by state
order by array_position(array['ready', 'busy', 'acw', 'aux', 'logged_out'], state)
"""

FEEDS = """
select
    feed as title,
    -- Where every service is closed, nobody misses a file
    case when is_missed then 'missed' when is_stale then 'quiet' else 'current' end
    || '|' || to_char(age_s * interval '1 second', 'HH24:MI:SS') as told
from marts.rpt_feed_freshness
where comes_all_day
order by is_missed desc, is_stale desc, feed
"""

BOARD = Board(
    WALL,
    (
        age(width=4, height=5),
        Tiles(id=2, name="services", sql=SERVICES, width=17, height=5, states="verdict"),
        Tiles(
            id=3,
            name="open_breaches",
            sql=OPEN_BREACHES,
            width=3,
            height=5,
            states="count",
            is_titled=False,
        ),
        Tiles(id=4, name="now", sql=NOW, width=24, height=8, states="verdict", repeat="service"),
        Tiles(
            id=5, name="today", sql=TODAY, width=24, height=7, states="verdict", repeat="service"
        ),
        Tiles(
            id=6,
            name="agents",
            sql=AGENTS,
            width=24,
            height=4,
            states="agent_state",
            is_titled=False,
            repeat="service",
        ),
        Tiles(id=7, name="feeds", sql=FEEDS, width=24, height=4, states="feed"),
    ),
    (SERVICE, DESK),
)
