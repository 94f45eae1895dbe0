"""What a version publishes: its rows on the dates that it holds, as a workbook and as calendars.

The workbook has the layout of a delivered one, so that a person can change it and deliver it back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from icalendar import Calendar, Event
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Connection, Row, text

from rtm.notify import words
from rtm.roster.cells import write_text
from rtm.roster.gate import PLANNED
from rtm.settings import Language

HELD = text(
    f"""
    select
        planned.*,
        coalesce(agent.agent_name, planned.agent_id) as agent_name,
        agent.team_code,
        coalesce(shift.shift_name, planned.shift_code) as shift_name
    from ({PLANNED} where roster.file_id = :file_id) as planned
    inner join ops.roster_day as day
        on day.version_id = :version_id
        and day.service_code = planned.service_code
        and day.roster_date = planned.roster_date
    left join staging.stg_canonical__agent as agent on agent.agent_id = planned.agent_id
    left join staging.stg_canonical__shift as shift on shift.shift_code = planned.shift_code
    order by agent.team_code, planned.agent_id, planned.roster_date
    """
)

RESTING = PatternFill("solid", fgColor="E7E6E6")
BOLD = Font(bold=True)
FIRST_DATE_COLUMN = 4


def held_rows(connection: Connection, version: Row[Any]) -> Sequence[Row[Any]]:
    """The rows of a version on the dates that it holds, by team, agent and date."""
    return connection.execute(HELD, dict(version._mapping)).all()


def write_published(
    sheet: Worksheet, version: Row[Any], rows: Sequence[Row[Any]], language: Language
) -> None:
    """Title block, then one row per agent and one column per date."""
    say = words("roster_workbook", language)
    dates = sorted({row.roster_date for row in rows})
    column_of = {day: FIRST_DATE_COLUMN + n for n, day in enumerate(dates)}
    title = (
        (say["service"], version.service_code),
        (say["period"], f"{dates[0]:%d/%m/%Y} - {dates[-1]:%d/%m/%Y}" if dates else "–"),
        (say["version"], str(version.version)),
    )
    for number, (name, value) in enumerate(title, start=1):
        write_text(sheet.cell(number, 1), f"{name}: {value}").font = BOLD
    header = len(title) + 2
    for column, name in enumerate((say["agent_id"], say["agent_name"], say["team"]), start=1):
        write_text(sheet.cell(header, column), name).font = BOLD
    for day, column in column_of.items():
        cell = sheet.cell(header, column, day)
        cell.number_format, cell.font = "dd/mm/yyyy", BOLD
        sheet.column_dimensions[get_column_letter(column)].width = 12
    row_of: dict[str, int] = {}
    for row in rows:
        if row.agent_id not in row_of:
            number = row_of[row.agent_id] = header + 1 + len(row_of)
            for column, value in enumerate((row.agent_id, row.agent_name, row.team_code), start=1):
                write_text(sheet.cell(number, column), value or "")
        place = sheet.cell(row_of[row.agent_id], column_of[row.roster_date])
        cell = write_text(place, row.shift_code + _mark(row))
        if row.kind != "work":
            cell.fill = RESTING
    for letter, width in (("A", 14), ("B", 28), ("C", 16)):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = sheet.cell(header + 1, FIRST_DATE_COLUMN)


def team_calendars(
    version: Row[Any], rows: Iterable[Row[Any]], language: Language, as_of: datetime
) -> dict[str, bytes]:
    """One iCalendar file per team: an event per shift and date, which names who works it.

    A later version of the same date replaces the event: it has the same UID and a higher SEQUENCE.
    """
    shifts: dict[str, dict[tuple[date, datetime, datetime, str, str], list[Row[Any]]]]
    shifts = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.kind == "work" and row.planned_start_at and row.planned_end_at:
            times = row.planned_start_at, row.planned_end_at
            key = (row.roster_date, *times, row.shift_code, row.shift_name)
            shifts[row.team_code or "-"][key].append(row)
    say = words("roster_workbook", language)
    return {team: _calendar(version, team, of_team, say, as_of) for team, of_team in shifts.items()}


def _calendar(
    version: Row[Any],
    team: str,
    shifts: dict[tuple[date, datetime, datetime, str, str], list[Row[Any]]],
    say: dict[str, str],
    as_of: datetime,
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Real Time Management//Roster//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{version.service_code} {team}")
    times_of: Counter[str] = Counter()
    for (day, start_at, end_at, code, name), people in sorted(shifts.items()):
        event = Event()
        shift = f"{version.service_code}-{team}-{day}-{code}"
        times_of[shift] += 1
        event.add("uid", f"{shift}-{times_of[shift]}@rtm")
        event.add("sequence", version.version)
        event.add("dtstamp", as_of)
        event.add("dtstart", start_at)
        event.add("dtend", end_at)
        event.add("summary", say["event"].format(shift=name, team=team, count=len(people)))
        event.add("description", "\n".join(map(_named, people)))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _named(row: Row[Any]) -> str:
    return f"{row.agent_id} {row.agent_name}{_mark(row)}"


def _mark(row: Row[Any]) -> str:
    return "" if row.function == "agent" else f" ({row.function.upper()})"
