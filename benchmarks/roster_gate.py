"""A month's roster of a large service, as a workbook: taken in, judged by every rule, sent back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

from benchmarks.results import Result
from rtm.cycle import System, run_step
from rtm.notify import ON_PAPER
from rtm.roster.gate import judge
from rtm.settings import Settings
from rtm.warehouse.embedded import EmbeddedPostgres

AGENTS = 1_500
DAYS = 31
GOAL_S = 20.0
FIRST = date(2026, 12, 1)
AT = datetime(2026, 11, 29, 3, tzinfo=UTC)
CODES = ("P", "S", "M")
LEADERS = 12
REFERENCE = {
    "service": "service_code,service_name,client_name,timezone\nKARTU,Kartu,Bank,Asia/Jakarta\n",
    "team": "team_code,team_name,service_code,team_leader_id,coordinator_id\nT1,Satu,KARTU,L0,\n",
    "shift": "shift_code,shift_name,start_time,end_time,break_min,kind\n"
    "P,Pagi,07:00,16:00,60,work\nS,Siang,14:00,23:00,60,work\nM,Malam,22:00,07:00,60,work\n"
    "OFF,Libur,,,,off\n",
}


def measure_roster_gate(home: Path, full: bool) -> list[Result]:
    """Seconds of judging the roster once Python has started, and of the steps around it."""
    settings = Settings(
        home=home, landing_url=str(home / "landing"), database_url=None, smtp_url=ON_PAPER
    )
    try:
        system = System.open(settings)
        _deliver(Path(settings.landing_url))
        landed = _seconds(lambda: run_step(system, "land_feeds", AT))
        stepped = _seconds(lambda: run_step(system, "gate_rosters", AT))
        with system.warehouse.engine().connect() as connection:
            file_id, verdict, errors = connection.exec_driver_sql(
                "select file_id, verdict, errors from ops.roster_version"
            ).one()
            entries = connection.exec_driver_sql("select count(*) from raw.roster").scalar_one()
        if entries != (AGENTS + LEADERS) * DAYS or verdict != "valid":
            raise RuntimeError(
                f"{entries} entries, {verdict}, {errors} errors: nothing is measured"
            )
        judged = _seconds(lambda: judge(system.warehouse, file_id, settings.roster_limits, "id"))
        detail = (
            f"{entries} entries; landing {landed:.1f} s, the whole step with start-up,"
            f" publication and answer {stepped:.1f} s"
        )
        return [Result("roster_judged_by_all_rules", judged, "s", GOAL_S, "<=", detail)]
    finally:
        EmbeddedPostgres(home).stop()


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _deliver(landing: Path) -> None:
    header = "agent_id,agent_name,role,team_code,work_pattern,active_from\n"
    people = "".join(f"A{n},Agent {n},agent,T1,5x8,2026-01-01\n" for n in range(AGENTS))
    leaders = "".join(f"L{n},Leader {n},team_leader,T1,5x8,2026-01-01\n" for n in range(LEADERS))
    files = REFERENCE | {
        "agent": header + people + leaders,
        "staffing_requirement": "service_code,interval_start,required_agents\n"
        + "".join(f"KARTU,{at.isoformat()},150\n" for at in _half_hours()),
    }
    for feed, content in files.items():
        (landing / feed).mkdir(parents=True)
        (landing / feed / f"{feed}.csv").write_text(content)
    (landing / "roster").mkdir()
    _workbook().save(landing / "roster" / "desember.xlsx")
    for file in landing.rglob("*"):
        os.utime(file, (AT.timestamp(), AT.timestamp()))


def _half_hours() -> Iterator[datetime]:
    # Asia/Jakarta is 7 hours ahead all year.
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - timedelta(hours=7)
    for number in range(DAYS * 48):
        yield midnight + timedelta(minutes=30 * number)


def _workbook() -> Workbook:
    """As a person draws it: a title, dates as headings, one row a person, two days off a week."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Desember 2026")
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    sheet.append(["JADWAL KERJA"])
    sheet.append(["Layanan: KARTU", None, "Periode: 1 - 31 Desember 2026"])
    sheet.append([])
    sheet.append(["NIK", "Nama", "Fungsi", *(f"{day.day}/Des" for day in days)])
    for prefix, count, function in (("A", AGENTS, "agent"), ("L", LEADERS, "rtfm")):
        for number in range(count):
            code = CODES[number % len(CODES)]
            is_pic = prefix == "A" and number < 10 * len(CODES)
            rest = number // len(CODES)
            codes = ["OFF" if (day.toordinal() + 2 * rest) % 7 < 2 else code for day in days]
            role = "pic" if is_pic else function
            sheet.append([f"{prefix}{number}", f"Nama {number}", role, *codes])
    return book
