"""The files of a large centre, written at the database's speed: people, rosters, events, calls.

The simulator makes people wait for each other, which takes its time; here every row follows from
its number alone, so that any stretch of any day can be written by itself, and no two runs differ.
Half of the agents work from 07:00, half from 13:00, five days of seven.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg

PER_SERVICE = 150
ZONE = "+07:00"
LOCAL = timedelta(hours=7)

REFERENCE = {
    "service": """
        select 'S' || service as service_code, 'Service ' || service as service_name,
            'Bank' as client_name, 'Asia/Jakarta' as timezone
        from services
    """,
    "team": """
        select 'T' || service as team_code, 'Team ' || service as team_name,
            'S' || service as service_code, 'L' || service || '-0' as team_leader_id,
            'K' || service as coordinator_id
        from services
    """,
    "agent": """
        select 'A' || agent as agent_id, 'Agent ' || agent as agent_name, null as email,
            'agent' as role, 'T' || service as team_code, '2020-01-01' as active_from
        from agents
        union all
        select 'L' || service || '-' || half, 'Leader', 'l' || service || half || '@bank.example',
            'team_leader', 'T' || service, '2020-01-01'
        from services cross join generate_series(0, 1) as half
        union all
        select 'K' || service, 'Coordinator', 'k' || service || '@bank.example', 'coordinator',
            'T' || service, '2020-01-01'
        from services
    """,
    "shift": """
        select * from (values
            ('P', 'Pagi', '07:00', '16:00', 60, 'work'),
            ('S', 'Siang', '13:00', '22:00', 60, 'work'),
            ('OFF', 'Libur', null, null, null, 'off')
        ) as shift (shift_code, shift_name, start_time, end_time, break_min, kind)
    """,
    "aux_code": """
        select * from (values
            ('BREAK', 'Istirahat', 'rest', 60, 20), ('PRAYER', 'Ibadah', 'rest', 30, 15)
        ) as code (aux_code, aux_name, category, allowance_min_per_shift, max_min_per_occurrence)
    """,
    "kpi_target": """
        select 'S' || service as service_code, target.*
        from services cross join (values
            ('voice', 'scr', '>=', 95, 80, null, '2020-01-01'),
            ('voice', 'service_level', '>=', 80, 60, 20, '2020-01-01'),
            ('chat', 'response_time', '>=', 90, 70, 60, '2020-01-01')
        ) as target (channel, kpi, comparator, target, critical, threshold_s, effective_from)
    """,
}

ROSTER = """
    select 'S' || service as service_code, 'A' || agent as agent_id, day.roster_date,
        case when {works} then shift_code else 'OFF' end as shift_code,
        case when agent % {per_service} < 20 then 'pic' else 'agent' end as function
    from agents cross join days as day
    where service = {service}
    union all
    select 'S' || service, 'L' || service || '-' || half, day.roster_date,
        case half when 0 then 'P' else 'S' end, 'rtfm'
    from services cross join generate_series(0, 1) as half cross join days as day
    where service = {service}
"""

EVENT = """
    select 'E' || agent || '-' || day.roster_date || '-' || step || moment.suffix as event_id,
        to_char(moment.at, 'YYYY-MM-DD"T"HH24:MI:SS') || '{zone}' as occurred_at,
        'A' || agent as agent_id, moment.event, moment.state, moment.aux_code, 'acd' as source
    from agents cross join days as day
    cross join lateral (
        select (day.roster_date + start_time) as starts_at
    ) as shift
    cross join generate_series(0, 152) as step
    cross join lateral (values
        ('a', shift.starts_at + make_interval(secs => 210 * step + agent % 60),
            case step when 0 then 'login' when 152 then 'logout' else 'state' end,
            case when step in (0, 152) then null when step % 38 = 37 then 'aux' else 'ready' end,
            case when step not in (0, 152) and step % 38 = 37 then 'BREAK' end),
        ('b', shift.starts_at + make_interval(secs => 210 * step + 50 + agent % 60),
            'state', 'busy', null),
        ('c', shift.starts_at + make_interval(secs => 210 * step + 170 + agent % 60),
            'state', 'acw', null)
    ) as moment (suffix, at, event, state, aux_code)
    where {works}
        and moment.at >= '{begin}'::timestamp and moment.at < '{end}'::timestamp
        and (moment.suffix = 'a' or (step <> 152 and step % 38 <> 37))
"""

CALL = """
    select 'C' || day.roster_date || '-' || number as call_id,
        'S' || number % {services} as service_code, 'inbound' as direction,
        {instant_at}, {instant_queued}, {instant_answered}, {instant_left}, {instant_ended},
        'A' || number % {agents} as agent_id,
        case when number % 25 = 7 then 'abandoned' else 'answered' end as outcome,
        case when number % 25 <> 7 then 90 + number % 200 end as talk_s, 0 as hold_s,
        case when number % 25 <> 7 then number % 40 end as acw_s
    from days as day cross join generate_series(0, {calls_a_day} - 1) as number
    cross join lateral (
        select day.roster_date + time '07:00' + make_interval(secs => number * {spacing_s}) as at
    ) as call
    where call.at >= '{begin}'::timestamp and call.at < '{end}'::timestamp
"""

CONVERSATION = """
    select 'V' || day.roster_date || '-' || number as conversation_id,
        'S' || number % {services} as service_code, 'chat' as channel,
        {instant_at},
        case when number % 50 <> 3 then {instant_answered} end as first_response_at,
        {instant_ended}
    from days as day cross join generate_series(0, {calls_a_day} / 5 - 1) as number
    cross join lateral (
        select
            day.roster_date + time '07:00' + make_interval(secs => number * {spacing_s} * 5) as at
    ) as call
    where call.at >= '{begin}'::timestamp and call.at < '{end}'::timestamp
"""


@dataclass(frozen=True)
class LargeCentre:
    """A centre of `agents` people in services of 150, taking 67 calls an agent and day."""

    url: str
    landing: Path
    agents: int

    @property
    def services(self) -> int:
        return max(self.agents // PER_SERVICE, 1)

    def deliver_reference(self, at: datetime) -> None:
        for feed, statement in REFERENCE.items():
            self._deliver(feed, f"{feed}.csv", statement, at)

    def deliver_rosters(self, first: date, days: int, at: datetime, name: str = "roster") -> None:
        for service in range(self.services):
            statement = ROSTER.format(
                service=service, per_service=PER_SERVICE, works=self._works("day.roster_date")
            )
            self._deliver("roster", f"{name}-{first}-S{service}.csv", statement, at, first, days)

    def deliver_logs(self, begin: datetime, end: datetime, at: datetime) -> None:
        """What happened from `begin` up to `end` (local times without offset)."""
        calls_a_day = self.agents * 67
        facts = {
            "services": self.services,
            "agents": self.agents,
            "zone": ZONE,
            "calls_a_day": calls_a_day,
            "spacing_s": 15 * 3600 / calls_a_day,
            "begin": begin.isoformat(),
            "end": end.isoformat(),
            "works": self._works("day.roster_date"),
            "instant_at": self._instant("call.at", "arrived_at"),
            "instant_queued": self._instant("call.at + interval '5 s'", "queued_at"),
        }
        turn = "call.at + make_interval(secs => 5 + number % 30)"
        over = f"{turn} + make_interval(secs => 90 + number % 200)"
        voice = {
            "instant_answered": f"case when number % 25 <> 7 then {self._instant(turn)} end"
            " as answered_at",
            "instant_left": f"case when number % 25 = 7 then {self._instant(turn)} end as left_at",
            "instant_ended": self._instant(over, "ended_at"),
        }
        chat = {
            "instant_at": self._instant("call.at", "received_at"),
            "instant_answered": self._instant("call.at + make_interval(secs => number % 70)"),
            "instant_ended": self._instant("call.at + interval '10 minutes'", "closed_at"),
        }
        first, days = begin.date(), (end - timedelta(microseconds=1)).date() - begin.date()
        for feed, statement, more in (
            ("agent_event", EVENT, {}),
            ("call", CALL, voice),
            ("conversation", CONVERSATION, chat),
        ):
            self._deliver(
                *(feed, f"{feed}-{begin:%Y%m%dT%H%M}.csv", statement.format(**facts | more)),
                *(at, first, days.days + 1),
            )

    def _works(self, day: str) -> str:
        return f"(agent + ({day} - date '2020-01-06')) % 7 < 5"

    def _instant(self, moment: str, name: str | None = None) -> str:
        text = f"to_char({moment}, 'YYYY-MM-DD\"T\"HH24:MI:SS') || '{ZONE}'"
        return f"{text} as {name}" if name else text

    def _deliver(
        self,
        feed: str,
        name: str,
        statement: str,
        at: datetime,
        first: date = date(2020, 1, 1),
        days: int = 1,
    ) -> None:
        path = self.landing / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        people = f"""
            with services as (select generate_series(0, {self.services - 1}) as service),
            agents as (
                select agent, agent / {PER_SERVICE} as service,
                    case agent % 2 when 0 then 'P' else 'S' end as shift_code,
                    case agent % 2 when 0 then time '07:00' else time '13:00' end as start_time
                from generate_series(0, {self.agents - 1}) as agent
            ),
            days as (select date '{first}' + generate_series(0, {days - 1}) as roster_date)
        """
        copy = f"copy ({people} {statement}) to stdout (format csv, header)"
        with (
            psycopg.connect(self.url) as connection,
            path.open("wb") as file,
            connection.cursor().copy(copy) as rows,
        ):
            for chunk in rows:
                file.write(chunk)
        os.utime(path, (at.timestamp(), at.timestamp()))
