"""A contact centre small enough to count by hand: one service, one team, three people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

DAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""08:00 in Jakarta."""

REFERENCE = {
    "service": "service_code,service_name,client_name,timezone\n"
    "KARTU,Kartu Kredit,Bank,Asia/Jakarta\n",
    "team": "team_code,team_name,service_code,team_leader_id,coordinator_id\n"
    "T1,Tim Satu,KARTU,L1,K1\n",
    "agent": "agent_id,agent_name,email,role,team_code,active_from\n"
    "A1,Ani,ani@bank.example,agent,T1,2026-01-01\n"
    "A2,Budi,budi@bank.example,agent,T1,2026-01-01\n"
    "L1,Lia,lia@bank.example,team_leader,T1,2026-01-01\n"
    "K1,Koko,koko@bank.example,coordinator,T1,2026-01-01\n"
    "W1,Wati,wati@bank.example,wfm,T1,2026-01-01\n",
    "shift": "shift_code,shift_name,start_time,end_time,break_min,kind\n"
    "P,Pagi,08:00,17:00,60,work\nM,Malam,22:00,07:00,60,work\nOFF,Libur,,,,off\n",
    "aux_code": "aux_code,aux_name,category,allowance_min_per_shift,max_min_per_occurrence\n"
    "ISTIRAHAT,Istirahat,rest,60,30\n",
    "kpi_target": "service_code,channel,kpi,comparator,target,critical,threshold_s,min_volume,"
    "effective_from\n"
    "KARTU,voice,scr,>=,95,80,,5,2026-01-01\n"
    "KARTU,chat,response_time,>=,90,,60,5,2026-01-01\n",
}

ROSTER_HEADER = "service_code,agent_id,roster_date,shift_code,function\n"


def roster(days: int = 1, first: date = DAY) -> str:
    """A valid roster: A1 is the PIC, L1 the team leader in the RTFM function."""
    rows = [
        f"KARTU,{agent},{first + timedelta(days=day)},P,{function}\n"
        for day in range(days)
        for agent, function in (("A1", "pic"), ("A2", "agent"), ("L1", "rtfm"))
    ]
    return ROSTER_HEADER + "".join(rows)


def deliver_reference(deliver: Callable[..., object], at: datetime | None = None) -> None:
    for feed, content in REFERENCE.items():
        deliver(feed, f"{feed}.csv", content, at or MORNING - timedelta(days=3))


CALL_HEADER = (
    "call_id,service_code,direction,arrived_at,queued_at,answered_at,left_at,ended_at,outcome\n"
)


def call(call_id: str, at: datetime, outcome: str = "answered", wait_s: int = 10) -> str:
    """One call that is queued at once, then answered and talks for 60 s, or gives up."""
    end = at + timedelta(seconds=wait_s)
    answered, left, ended = end.isoformat(), "", (end + timedelta(seconds=60)).isoformat()
    if outcome != "answered":
        answered, left, ended = "", end.isoformat(), ""
    return (
        f"{call_id},KARTU,inbound,{at.isoformat()},{at.isoformat()},"
        f"{answered},{left},{ended},{outcome}\n"
    )
