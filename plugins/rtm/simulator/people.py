"""Fictional staff: names, teams and crews of a simulated service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time
from itertools import count
from typing import Any

from rtm.simulator.scenario import AgentModel, ShiftModel, TeamModel

MAIL_DOMAIN = "bank.example"

MORNING, MIDDAY, EVENING, NIGHT = "P", "T", "S", "M"
SIX_DAY, SIX_DAY_SHORT = "P6", "P6S"

SHIFTS = (
    ShiftModel(MORNING, "Pagi", time(7), time(16), 60),
    ShiftModel(MIDDAY, "Tengah", time(10), time(19), 60),
    ShiftModel(EVENING, "Siang", time(14), time(23), 60),
    ShiftModel(NIGHT, "Malam", time(22), time(7), 60),
    ShiftModel(SIX_DAY, "Pagi 6 hari", time(7), time(15), 60),
    ShiftModel(SIX_DAY_SHORT, "Pagi 6 hari pendek", time(7), time(13), 60),
    ShiftModel("OFF", "Libur", kind="off"),
    ShiftModel("CUTI", "Cuti", kind="leave"),
    ShiftModel("SAKIT", "Sakit", kind="sick"),
    ShiftModel("DIKLAT", "Pelatihan", kind="training"),
    ShiftModel("LN", "Libur nasional", kind="holiday"),
)

_FIRST = (
    *("Adi", "Agus", "Aisyah", "Andi", "Anisa", "Arif", "Ayu", "Bagus", "Bayu", "Bima", "Budi"),
    *("Cahya", "Citra", "Dewi", "Dian", "Dimas", "Dina", "Eka", "Eko", "Fajar", "Farah", "Fitri"),
    *("Galih", "Gita", "Hadi", "Hana", "Hendra", "Ika", "Ilham", "Indah", "Intan", "Irfan"),
    *("Joko", "Kartika", "Kevin", "Laras", "Lestari", "Lia", "Lukman", "Made", "Maya", "Mega"),
    *("Nadia", "Nia", "Nur", "Oki", "Putri", "Putu", "Rahma", "Rangga", "Ratna", "Rendi"),
    *("Rina", "Rizky", "Sari", "Satria", "Sinta", "Siti", "Taufik", "Tika", "Tri", "Umar"),
    *("Vina", "Wahyu", "Wati", "Wayan", "Winda", "Yoga", "Yulia", "Yusuf", "Zahra"),
)
_LAST = (
    *("Anggraini", "Firmansyah", "Gunawan", "Halim", "Handayani", "Hidayat", "Kurniawan"),
    *("Kusuma", "Lestari", "Maharani", "Maulana", "Nugroho", "Permana", "Pertiwi", "Prasetyo"),
    *("Pratama", "Puspita", "Rahayu", "Ramadhan", "Safitri", "Santoso", "Saputra", "Setiawan"),
    *("Siregar", "Suryani", "Susanto", "Utami", "Wibowo", "Widodo", "Wijaya", "Wulandari"),
)


@dataclass(frozen=True)
class Crew:
    """So many agents of one shift with one skill; `six_day` of them on the 6x7 pattern."""

    shift_code: str
    size: int
    channels: tuple[str, ...]
    six_day: int = 0


def person_name(number: int) -> str:
    """A different name for each of the first two thousand numbers."""
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[(number * 7 + number // 71) % len(_LAST)]}"


def pic_shifts(crews: Sequence[Crew]) -> list[str]:
    """The shifts that together cover the day; the one in the middle lies within them."""
    worked = {crew.shift_code for crew in crews}
    return [shift for shift in (MORNING, EVENING, NIGHT) if shift in worked]


def staff(
    prefix: str, service_code: str, first_name: int, crews: Sequence[Crew]
) -> tuple[tuple[TeamModel, ...], tuple[AgentModel, ...]]:
    """Two teams per shift that needs someone in charge, their leaders, agents and office.

    The two leaders of a shift rest on different days, so that one of them is always there.
    """
    numbers = count(1)
    wide = pic_shifts(crews)

    def person(role: str, team_code: str, **details: Any) -> AgentModel:
        number = next(numbers)
        name = person_name(first_name + number)
        agent_id = f"{prefix}{number:04d}"
        mail = f"{name.lower().replace(' ', '.')}.{agent_id.lower()}@{MAIL_DOMAIN}"
        return replace(AgentModel(agent_id, name, mail, role, team_code), **details)

    team_codes = {shift: [f"{service_code}-{shift}{n}" for n in (1, 2)] for shift in wide}
    first_team = team_codes[wide[0]][0]
    coordinator = person("coordinator", first_team, night_shift_allowed=False)
    wfm = person("wfm", first_team, night_shift_allowed=False)
    leaders = [
        person("team_leader", code, crew_shift=shift, rest_offset=position * 3)
        for shift in wide
        for position, code in enumerate(team_codes[shift])
    ]
    teams = tuple(
        TeamModel(
            leader.team_code,
            f"Tim {leader.agent_name.split()[0]}",
            leader.agent_id,
            coordinator.agent_id,
        )
        for leader in leaders
    )
    agents = [
        person("agent", **details) for crew in crews for details in _crew_members(crew, team_codes)
    ]
    return teams, (coordinator, wfm, *leaders, *(_with_extension(a) for a in agents))


def _crew_members(crew: Crew, team_codes: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    teams = team_codes.get(crew.shift_code) or team_codes[MORNING]
    for position in range(crew.size):
        is_six_day = position >= crew.size - crew.six_day
        yield {
            "team_code": teams[position % 2],
            "channels": crew.channels,
            "crew_shift": SIX_DAY if is_six_day else crew.shift_code,
            "short_shift": SIX_DAY_SHORT if is_six_day else "",
            "work_pattern": "6x7" if is_six_day else "5x8",
            # Steps of two: each day then has as many resting as any other.
            "rest_offset": position * 2 % 7,
            "night_shift_allowed": crew.shift_code == NIGHT or position % 5 != 4,
        }


def _with_extension(agent: AgentModel) -> AgentModel:
    """Every tenth is known to the telephone system by an extension only."""
    number = int(agent.agent_id[-4:])
    return (
        replace(agent, external_id=f"{agent.agent_id[:-4]}-EXT{7000 + number}")
        if (number % 10 == 0)
        else agent
    )
