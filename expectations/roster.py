"""The H-1 gate of a delivered roster, as data: each rule is a query that finds what breaks it.

A rule's query reads `entries`, the rows of the delivered roster with the planned times and the
people they name (see `rtm.roster.gate`), and returns one row per finding with the columns
row_number, agent_id, roster_date and detail. Severity `error` blocks publication, `warning` does
not. `message` is shown to the sender with `detail` in the place of its `%`.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    code: str
    severity: str
    message: dict[str, str]
    query: str


TABLE = "roster"

RULES: tuple[Rule, ...] = (
    Rule(
        "one_service",
        "error",
        {
            "id": "satu berkas hanya untuk satu layanan; baris ini untuk %",
            "en": "one file is for one service; this row is for %",
        },
        """
        select row_number, agent_id, roster_date, service_code as detail
        from entries
        where service_code <> (select min(service_code) from entries)
        """,
    ),
    Rule(
        "readable",
        "error",
        {"id": "baris tidak terbaca: %", "en": "the row cannot be read: %"},
        """
        select quarantine.row_number, null as agent_id, null as roster_date,
            quarantine.reason as detail
        from ops.quarantine as quarantine
        where quarantine.released_at is null
            and quarantine.file_id = (select min(file_id) from entries)
        """,
    ),
    Rule(
        "known_agent",
        "error",
        {
            "id": "agent % tidak ada di data agent, atau tidak aktif pada tanggal itu",
            "en": "agent % is not in the agent data, or is not active on that date",
        },
        """
        select row_number, agent_id, roster_date, agent_id as detail
        from entries
        where not is_agent_active
        """,
    ),
    Rule(
        "known_shift",
        "error",
        {
            "id": "kode shift % tidak ada di data shift",
            "en": "shift code % is not in the shift data",
        },
        """
        select row_number, agent_id, roster_date, shift_code as detail
        from entries
        where kind is null
        """,
    ),
    Rule(
        "shift_has_times",
        "error",
        {
            "id": "shift kerja % tidak punya jam mulai dan selesai",
            "en": "working shift % has no start and end time",
        },
        """
        select row_number, agent_id, roster_date, shift_code as detail
        from entries
        where kind = 'work' and (planned_start_at is null or planned_end_at is null)
        """,
    ),
    Rule(
        "one_shift_a_date",
        "error",
        {
            "id": "agent ini sudah punya baris pada tanggal itu (baris %)",
            "en": "the agent already has an entry on that date (row %)",
        },
        """
        select row_number, agent_id, roster_date, first_row::text as detail
        from (
            select row_number, agent_id, roster_date,
                min(row_number) over (partition by agent_id, roster_date) as first_row
            from entries
        ) as entries
        where row_number > first_row
        """,
    ),
    Rule(
        "no_overlap",
        "error",
        {
            "id": "shift ini bertumpuk dengan shift % milik agent yang sama",
            "en": "the shift overlaps shift % of the same agent",
        },
        """
        select entry.row_number, entry.agent_id, entry.roster_date,
            format('%s %s', other.shift_code, other.roster_date) as detail
        from entries as entry
        inner join entries as other
            on other.agent_id = entry.agent_id
            and other.roster_date < entry.roster_date
            and other.planned_end_at > entry.planned_start_at
            and other.planned_start_at < entry.planned_end_at
        where entry.kind = 'work' and other.kind = 'work'
        """,
    ),
    Rule(
        "complete",
        "error",
        {
            "id": "agent aktif % tidak punya baris pada tanggal ini",
            "en": "active agent % has no entry on this date",
        },
        """
        select null as row_number, agent.agent_id, day.roster_date::date as roster_date,
            agent.agent_id as detail
        from (
            select min(service_code) as service_code, min(roster_date) as first_date,
                max(roster_date) as last_date
            from entries
        ) as period
        cross join lateral generate_series(
            period.first_date, period.last_date, interval '1 day'
        ) as day (roster_date)
        inner join raw.team as team on team.service_code = period.service_code
        inner join raw.agent as agent
            on agent.team_code = team.team_code
            and lower(agent.role) = 'agent'
            and day.roster_date >= agent.active_from::date
            and day.roster_date <= coalesce(agent.active_to::date, 'infinity')
        where not exists (
            select from entries as entry
            where entry.agent_id = agent.agent_id and entry.roster_date = day.roster_date
        )
        """,
    ),
    Rule(
        "pic_on_shift",
        "error",
        {
            "id": "tidak ada PIC yang bertugas mulai %",
            "en": "no PIC is on shift from %",
        },
        """
        select null as row_number, null as agent_id, moment.roster_date,
            moment.local_time as detail
        from (
            select boundary_at, min(roster_date) as roster_date,
                min(to_char(boundary_at at time zone timezone, 'YYYY-MM-DD HH24:MI')) as local_time
            from (
                select planned_start_at as boundary_at, roster_date, timezone from entries
                where kind = 'work'
                union all
                select planned_end_at, roster_date, timezone from entries where kind = 'work'
            ) as boundaries
            group by boundary_at
        ) as moment
        where exists (
            select from entries as entry
            where entry.kind = 'work' and entry.function <> 'rtfm'
                and entry.planned_start_at <= moment.boundary_at
                and entry.planned_end_at > moment.boundary_at
        )
        and not exists (
            select from entries as entry
            where entry.kind = 'work' and entry.function = 'pic'
                and entry.planned_start_at <= moment.boundary_at
                and entry.planned_end_at > moment.boundary_at
        )
        """,
    ),
    Rule(
        "rtfm_on_shift",
        "error",
        {
            "id": "tidak ada Team Leader fungsi RTFM yang bertugas mulai %",
            "en": "no team leader in the RTFM function is on shift from %",
        },
        """
        select null as row_number, null as agent_id, moment.roster_date,
            moment.local_time as detail
        from (
            select boundary_at, min(roster_date) as roster_date,
                min(to_char(boundary_at at time zone timezone, 'YYYY-MM-DD HH24:MI')) as local_time
            from (
                select planned_start_at as boundary_at, roster_date, timezone from entries
                where kind = 'work'
                union all
                select planned_end_at, roster_date, timezone from entries where kind = 'work'
            ) as boundaries
            group by boundary_at
        ) as moment
        where exists (
            select from entries as entry
            where entry.kind = 'work' and entry.function <> 'rtfm'
                and entry.planned_start_at <= moment.boundary_at
                and entry.planned_end_at > moment.boundary_at
        )
        and not exists (
            select from entries as entry
            where entry.kind = 'work' and entry.function = 'rtfm' and entry.role = 'team_leader'
                and entry.planned_start_at <= moment.boundary_at
                and entry.planned_end_at > moment.boundary_at
        )
        """,
    ),
)
