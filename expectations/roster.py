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
| `timeline` | agent and date as they will hold once this roster is published, `is_own` or not |
| `crews` | start and end of a shift in the timeline, with how many agents serve in it |
| `required` | interval of the period for which somebody said how many agents it takes |
| `limits` | nothing: one row of numbers (`rtm.roster_limits.RosterLimits`) |

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
    column: str = "shift_code"
    """Of the long form: the cell of a row that is to blame."""


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


def _turn_around(condition: str, detail: str) -> str:
    """Two shifts of one agent that follow each other, of which this roster brings one or both."""
    return f"""
        select
            case when is_own then row_number else earlier_row end as row_number,
            agent_id,
            case when is_own then roster_date else earlier_date end as roster_date,
            {detail} as detail
        from (
            select
                timeline.*,
                lag(row_number) over shifts as earlier_row,
                lag(is_own) over shifts as earlier_is_own,
                lag(shift_code) over shifts as earlier_code,
                lag(roster_date) over shifts as earlier_date,
                extract(epoch from planned_start_at - lag(planned_end_at) over shifts) as gap_s
            from timeline
            where kind = 'work'
            window shifts as (partition by agent_id order by planned_start_at, planned_end_at)
        ) as turn
        cross join limits
        where (is_own or earlier_is_own) and {condition}
        """


def _week(summed: str, condition: str, detail: str) -> str:
    """Weeks, Monday to Sunday, of one agent to which this roster brings work.

    `summed` are the columns that are told of a week. The last working day of the week is blamed.
    """
    return f"""
        select row_number, agent_id, roster_date, {detail} as detail
        from (
            select
                agent_id,
                (array_agg(row_number order by roster_date desc) filter (where is_own))[1]
                    as row_number,
                max(roster_date) filter (where is_own) as roster_date,
                min(work_pattern) as work_pattern,
                {summed}
            from timeline
            cross join limits
            where kind in ('work', 'training')
            group by agent_id, date_trunc('week', roster_date)
            having bool_or(is_own)
        ) as week
        cross join limits
        where {condition}
        """


def _run(which: str, longest: str) -> str:
    """Dates of one agent without a gap between them on which he does `which`, more than `longest`;
    the last one that this roster brings is blamed."""
    return f"""
        select
            (array_agg(row_number order by roster_date desc) filter (where is_own))[1]
                as row_number,
            agent_id,
            max(roster_date) filter (where is_own) as roster_date,
            format('%s > %s (%s – %s)', count(*), max({longest})::real, min(roster_date),
                max(roster_date)) as detail
        from (
            select
                timeline.*,
                roster_date - row_number() over (partition by agent_id order by roster_date)::int
                    as run
            from timeline
            where {which}
        ) as day
        cross join limits
        group by agent_id, run
        having bool_or(is_own) and count(*) > max({longest})
        """


def _coverage(condition: str) -> str:
    """Stretches of required intervals for whose share of rostered agents the condition holds."""
    return f"""
        select null as row_number, null as agent_id, roster_date,
            format(
                '%s – %s: %s < %s',
                to_char(min(start_at) at time zone min(timezone), 'HH24:MI'),
                to_char(max(end_at) at time zone min(timezone), 'HH24:MI'),
                round(min(rostered), 1)::real,
                max(required_agents)::real
            ) as detail
        from (
            select
                share.*,
                start_at - row_number() over (partition by roster_date order by start_at)
                    * (end_at - start_at) as stretch
            from (
                select
                    required.start_at, required.end_at, required.roster_date, required.timezone,
                    required.required_agents,
                    coalesce(sum(worked.agents * extract(epoch from
                        least(worked.planned_end_at, required.end_at)
                        - greatest(worked.planned_start_at, required.start_at)
                    )), 0) / extract(epoch from required.end_at - required.start_at) as rostered
                from required
                left join crews as worked
                    on worked.planned_start_at < required.end_at
                    and worked.planned_end_at > required.start_at
                group by required.start_at, required.end_at, required.roster_date,
                    required.timezone, required.required_agents
            ) as share
            cross join limits
            where {condition}
        ) as lacking
        group by roster_date, stretch, end_at - start_at
        """


DAY_LIMIT = "case when work_pattern = '6x7' then six_day_h else five_day_h end * 3600"
DAYS_A_WEEK = "case when work_pattern = '6x7' then 6 else 5 end"
IS_NIGHT = """
    (
        select sum(extract(epoch from
            least(planned_end_at at time zone timezone, night.start_at + interval '8 hours')
            - greatest(planned_start_at at time zone timezone, night.start_at)
        ))
        from generate_series(
            (planned_start_at at time zone timezone)::date - interval '1 hour',
            planned_end_at at time zone timezone,
            interval '1 day'
        ) as night (start_at)
        where night.start_at < planned_end_at at time zone timezone
            and night.start_at + interval '8 hours' > planned_start_at at time zone timezone
    )
"""
"""Seconds of a shift between 23:00 and 07:00."""
NIGHT_WORK_S = 3 * 3600
"""A shift with so much of the night is night work (the ILO's measure)."""


def _clock(seconds: str) -> str:
    """Hours and minutes, in any language."""
    return f"to_char(make_interval(secs => ({seconds})::double precision), 'FMHH24:MI')"


def _more_than(seconds: str, limit: str) -> str:
    return f"{_clock(seconds)} || ' > ' || {_clock(limit)}"


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
        column="",
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
        column="service_code",
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
        column="service_code",
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
        column="roster_date",
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
        column="agent_id",
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
        column="roster_date",
    ),
    Rule(
        "no_overlap",
        "error",
        {
            "id": "shift ini bertumpuk dengan shift % milik agent yang sama",
            "en": "the shift overlaps shift % of the same agent",
        },
        _turn_around(
            "gap_s < 0",
            """
            case
                when is_own then format('%s %s', earlier_code, earlier_date)
                else format('%s %s', shift_code, roster_date)
            end
            """,
        ),
    ),
    Rule(
        "rest",
        "error",
        {
            "id": "istirahat di antara dua shift kurang dari batas perusahaan: %",
            "en": "the rest between two shifts is shorter than the company's limit: %",
        },
        _turn_around(
            "gap_s >= 0 and gap_s < rest_h * 3600",
            f"""
            format(
                '%s < %s (%s %s → %s %s)',
                {_clock("gap_s")}, {_clock("rest_h * 3600")},
                earlier_code, earlier_date, shift_code, roster_date
            )
            """,
        ),
    ),
    Rule(
        "day_hours",
        "error",
        {
            "id": "jam kerja sehari % tanpa tanda lembur"
            " (UU 13/2003 Pasal 77, PP 35/2021 Pasal 21)",
            "en": "hours of work a day % and not marked as overtime"
            " (UU 13/2003 art. 77, PP 35/2021 art. 21)",
        },
        f"""
        select row_number, agent_id, roster_date, {_more_than("work_s", DAY_LIMIT)} as detail
        from entries
        cross join limits
        where kind = 'work' and not is_overtime and work_s > {DAY_LIMIT}
        """,
    ),
    Rule(
        "week_hours",
        "error",
        {
            "id": "jam kerja seminggu % tanpa tanda lembur"
            " (UU 13/2003 Pasal 77, PP 35/2021 Pasal 21)",
            "en": "hours of work a week % and not marked as overtime"
            " (UU 13/2003 art. 77, PP 35/2021 art. 21)",
        },
        _week(
            "sum(work_s) filter (where not is_overtime) as work_s",
            "work_s > week_h * 3600",
            _more_than("work_s", "week_h * 3600"),
        ),
    ),
    Rule(
        "day_overtime",
        "error",
        {
            "id": "lembur sehari % (PP 35/2021 Pasal 26)",
            "en": "overtime a day % (PP 35/2021 art. 26)",
        },
        f"""
        select row_number, agent_id, roster_date,
            {_more_than(f"work_s - {DAY_LIMIT}", "overtime_day_h * 3600")} as detail
        from entries
        cross join limits
        where kind = 'work' and is_overtime and work_s - {DAY_LIMIT} > overtime_day_h * 3600
        """,
    ),
    Rule(
        "week_overtime",
        "error",
        {
            "id": "lembur seminggu % (PP 35/2021 Pasal 26)",
            "en": "overtime a week % (PP 35/2021 art. 26)",
        },
        # A whole day of overtime lies beyond the hours of the week, not of the day.
        _week(
            f"""
            greatest(
                sum(work_s) - min(week_h) * 3600,
                sum(greatest(work_s - {DAY_LIMIT}, 0)) filter (where is_overtime)
            ) as overtime_s,
            bool_or(is_overtime) as has_overtime
            """,
            "has_overtime and overtime_s > overtime_week_h * 3600",
            _more_than("overtime_s", "overtime_week_h * 3600"),
        ),
    ),
    Rule(
        "weekly_rest",
        "error",
        {
            "id": "istirahat mingguan kurang, hari kerja %; 1 hari untuk 6 hari kerja, 2 untuk 5"
            " (PP 35/2021 Pasal 22)",
            "en": "too little weekly rest, working days %; 1 day for 6 days of work, 2 for 5"
            " (PP 35/2021 art. 22)",
        },
        _week(
            "count(*) filter (where not is_overtime) as days",
            f"days > {DAYS_A_WEEK}",
            f"format('%s > %s', days, {DAYS_A_WEEK})",
        )
        + "union all"
        + _run("kind in ('work', 'training') and not is_overtime", "6"),
    ),
    Rule(
        "break",
        "error",
        {
            "id": "shift ini tidak punya istirahat yang cukup (menit): % (UU 13/2003 Pasal 79)",
            "en": "the shift has no sufficient break (minutes): % (UU 13/2003 art. 79)",
        },
        """
        select row_number, agent_id, roster_date,
            format('%s %s < %s', shift_code, entries.break_min::real, limits.break_min::real)
                as detail
        from entries
        cross join limits
        where kind = 'work' and entries.break_min < limits.break_min
            and extract(epoch from planned_end_at - planned_start_at) > break_after_h * 3600
        """,
    ),
    Rule(
        "no_night",
        "error",
        {
            "id": "agent ini tidak boleh bekerja antara 23:00 dan 07:00: % (UU 13/2003 Pasal 76)",
            "en": "the agent may not work between 23:00 and 07:00: % (UU 13/2003 art. 76)",
        },
        f"""
        select row_number, agent_id, roster_date,
            format(
                '%s %s – %s',
                shift_code,
                to_char(planned_start_at at time zone timezone, 'HH24:MI'),
                to_char(planned_end_at at time zone timezone, 'HH24:MI')
            ) as detail
        from entries
        where kind = 'work' and not night_shift_allowed and {IS_NIGHT} > 0
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
    Rule(
        "coverage_share",
        "error",
        {
            "id": "agent di roster jauh kurang dari kebutuhan, %",
            "en": "far fewer agents are rostered than required, %",
        },
        _coverage("rostered < required_agents * coverage_pct / 100"),
    ),
    Rule(
        "coverage",
        "warning",
        {
            "id": "agent di roster kurang dari kebutuhan, %",
            "en": "fewer agents are rostered than required, %",
        },
        _coverage(
            "rostered < required_agents and rostered >= required_agents * coverage_pct / 100"
        ),
    ),
    Rule(
        "consecutive_days",
        "warning",
        {
            "id": "hari kerja berturut-turut: %",
            "en": "days of work one after the other: %",
        },
        _run("kind in ('work', 'training')", "consecutive_days"),
    ),
    Rule(
        "consecutive_nights",
        "warning",
        {
            "id": "malam kerja berturut-turut: %",
            "en": "nights of work one after the other: %",
        },
        _run(f"kind = 'work' and {IS_NIGHT} >= {NIGHT_WORK_S}", "consecutive_nights"),
    ),
)
