"""The H-1 gate of a delivered roster, as data: each rule is a query that finds what breaks it.

A rule's query reads nothing but what the gate lays before it (`rtm.roster.gate.SIGHT`), so that
the gate can tell when a verdict may have changed:

| name | one row per |
|---|---|
| `entries` | delivered row, with its planned times and the person it names |
| `delivery` | the whole roster: its service, first and last date |
| `refused` | row, or whole file, that landing could not take in and that still is not |
| `staff` | agent of the service, with the dates between which he is active |
| `standing` | other published date of the service, around the roster or held by a later one |
| `neighbours` | published row on a standing date, with the columns of `entries` |

It returns one row per finding with the columns row_number, agent_id, roster_date and detail.
Severity `error` blocks publication, `warning` does not. `message` is shown to the sender with
`detail` in the place of its `%`.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    code: str
    severity: str
    message: dict[str, str]
    query: str


TABLE = "roster"

LONGEST_PERIOD_DAYS = 366
"""A longer period is a mistyped year; to look for its missing entries would take hours."""


def _uncovered_moments(who: str) -> str:
    """From when on agents are on shift, but nobody for whom the condition `who` holds.

    Who is on shift changes only where a shift starts or ends.
    """
    return f"""
        select null as row_number, null as agent_id, moment.roster_date,
            to_char(moment.moment_at at time zone moment.timezone, 'YYYY-MM-DD HH24:MI') as detail
        from (
            with spans as (
                select planned_start_at as start_at, planned_end_at as end_at,
                    min(roster_date) as roster_date, min(timezone) as timezone,
                    bool_or(function <> 'rtfm') as has_agent, bool_or({who}) as is_covered
                from entries
                where kind = 'work'
                group by planned_start_at, planned_end_at
            )

            select boundary.moment_at, min(boundary.roster_date) as roster_date,
                min(boundary.timezone) as timezone
            from (
                select start_at as moment_at, roster_date, timezone from spans
                union all
                select end_at, roster_date, timezone from spans
            ) as boundary
            inner join spans
                on spans.start_at <= boundary.moment_at and spans.end_at > boundary.moment_at
            group by boundary.moment_at
            having bool_or(spans.has_agent) and not bool_or(spans.is_covered)
        ) as moment
        """


RULES: tuple[Rule, ...] = (
    Rule(
        "structure",
        "error",
        {"id": "berkas tidak dapat dibaca: %", "en": "the file cannot be read: %"},
        """
        select row_number, null as agent_id, null as roster_date, reason as detail
        from refused
        where row_number is null
        """,
    ),
    Rule(
        "readable",
        "error",
        {"id": "baris tidak terbaca: %", "en": "the row cannot be read: %"},
        """
        select row_number, cells ->> 'agent_id' as agent_id, null as roster_date, reason as detail
        from refused
        where row_number is not null and waits_for is null
        """,
    ),
    Rule(
        "known_service",
        "error",
        {
            "id": "layanan % tidak ada di data layanan",
            "en": "service % is not in the service data",
        },
        """
        select row_number, cells ->> 'agent_id' as agent_id, null as roster_date,
            waits_for as detail
        from refused
        where waits_for is not null
        """,
    ),
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
        where service_code <> (select service_code from delivery)
        """,
    ),
    Rule(
        "one_period",
        "error",
        {
            "id": "satu berkas hanya untuk satu periode; tanggal-tanggal ini terlalu jauh: %",
            "en": "one file is for one period; these dates are too far apart: %",
        },
        f"""
        select null as row_number, null as agent_id, last_date as roster_date,
            format('%s – %s', first_date, last_date) as detail
        from delivery
        where last_date - first_date >= {LONGEST_PERIOD_DAYS}
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
        "ends_after_start",
        "error",
        {
            "id": "shift kerja ini tidak berakhir sesudah mulainya: %",
            "en": "the working shift does not end after its start: %",
        },
        """
        select row_number, agent_id, roster_date,
            format(
                '%s %s – %s',
                shift_code,
                to_char(planned_start_at at time zone timezone, 'YYYY-MM-DD HH24:MI'),
                to_char(planned_end_at at time zone timezone, 'YYYY-MM-DD HH24:MI')
            ) as detail
        from entries
        where kind = 'work' and planned_end_at <= planned_start_at
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
        select row_number, agent_id, roster_date,
            format('%s %s', earlier_code, earlier_date) as detail
        from (
            select
                entries.*,
                lag(shift_code) over shifts as earlier_code,
                lag(roster_date) over shifts as earlier_date,
                lag(planned_end_at) over shifts as earlier_end_at
            from entries
            where kind = 'work'
            window shifts as (partition by agent_id order by planned_start_at, planned_end_at)
        ) as entries
        -- Two rows of one date are another rule's matter
        where earlier_end_at > planned_start_at and earlier_date <> roster_date
        union all
        select entry.row_number, entry.agent_id, entry.roster_date,
            format('%s %s', other.shift_code, other.roster_date)
        from entries as entry
        inner join neighbours as other
            on other.agent_id = entry.agent_id
            and other.planned_end_at > entry.planned_start_at
            and other.planned_start_at < entry.planned_end_at
        where entry.kind = 'work' and other.kind = 'work'
            -- What a later version has replaced already meets nobody
            and entry.roster_date not in (select roster_date from standing)
        """,
    ),
    Rule(
        "complete",
        "error",
        {
            "id": "agent aktif % tidak punya baris pada tanggal ini",
            "en": "active agent % has no entry on this date",
        },
        f"""
        select null as row_number, agent_id, roster_date, agent_id as detail
        from (
            select staff.agent_id, day.roster_date::date as roster_date
            from delivery
            cross join lateral generate_series(
                delivery.first_date, delivery.last_date, interval '1 day'
            ) as day (roster_date)
            inner join staff on day.roster_date between staff.active_from and staff.active_to
            where delivery.last_date - delivery.first_date < {LONGEST_PERIOD_DAYS}
            except
            select agent_id, roster_date from entries
        ) as missing
        """,
    ),
    Rule(
        "pic_on_shift",
        "error",
        {
            "id": "tidak ada PIC yang bertugas mulai %",
            "en": "no PIC is on shift from %",
        },
        _uncovered_moments("function = 'pic'"),
    ),
    Rule(
        "rtfm_on_shift",
        "error",
        {
            "id": "tidak ada Team Leader fungsi RTFM yang bertugas mulai %",
            "en": "no team leader in the RTFM function is on shift from %",
        },
        _uncovered_moments("function = 'rtfm' and role = 'team_leader'"),
    ),
)
