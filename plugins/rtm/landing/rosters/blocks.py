"""Rosters with two rows for each person: `ID:` and the id, and below it the times of the days.

The days stand above all people, once. A time is that of the start; an empty cell is a day off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rtm.landing.containers import Record, UnreadableFileError, printable
from rtm.landing.rosters.days import Day, UnknownYearError, dates_of, longest_run, parse_day
from rtm.landing.rosters.matrix import FORMULA, NAME_THE_SERVICE
from rtm.landing.rosters.people import People
from rtm.landing.rosters.sheets import NoValue, Sheet, text_of
from rtm.landing.rosters.titles import read_sheet_name, read_title

LAYOUT = "blocks"
DAY_OFF = "OFF"

LABEL = re.compile(r"(?:no\.? ?)?(?:id|nik|nip)\s*:\s*(.*)", re.IGNORECASE)


def is_of_blocks(sheet: Sheet) -> bool:
    """Whether people stand in the sheet as two rows each, below a row of days."""
    people = _people_rows(sheet)
    return bool(people) and _date_row(sheet, people[0]) is not None


def block_records(sheets: Iterable[Sheet], people: People) -> Iterator[Record]:
    """The entries as rows of the long form, numbered from 1; raises UnreadableFileError."""
    number = 0
    for sheet in sheets:
        for record in _records(sheet, people):
            number += 1
            yield Record(number, record.raw_text, record.cells, record.error, place=record.place)


def _people_rows(sheet: Sheet) -> list[int]:
    return [
        row
        for row in sorted(sheet.rows)
        if LABEL.fullmatch(text_of(sheet.rows[row][min(sheet.rows[row])]) or "")
    ]


def _date_row(sheet: Sheet, before: int) -> int | None:
    rows = [r for r in sheet.rows if r < before and len(_headings(sheet, r)) > 1]
    return max(rows, default=None)


def _headings(sheet: Sheet, row: int) -> list[tuple[int, Day]]:
    days = [(c, d) for c, value in sorted(sheet.rows[row].items()) if (d := parse_day(value))]
    return longest_run(days) if days else []


def _records(sheet: Sheet, people: People) -> Iterator[Record]:
    rows = _people_rows(sheet)
    date_row = _date_row(sheet, rows[0])
    assert date_row is not None
    title = read_title(sheet, [row for row in sorted(sheet.rows) if row < date_row], people)
    period = title.period or read_sheet_name(sheet.name).period
    named = title.service or sheet.name or ""
    service = people.service_code(named) or title.service
    if service is None:
        raise UnreadableFileError(NAME_THE_SERVICE)
    headings = _headings(sheet, date_row)
    try:
        dates = dates_of(headings, period, title.year, {})
    except UnknownYearError as error:
        place = sheet.place(date_row, headings[0][0])
        raise UnreadableFileError(
            f"{place}: {error}; write month and year above the table"
        ) from error
    for row in rows:
        agent = _agent(sheet, row)
        times = sheet.rows.get(row + 1, {}) if row + 1 not in rows else {}
        raw_text = printable(f"{sheet.raw_text(row)}\n{sheet.raw_text(row + 1)}")
        if agent is None and times:
            place = sheet.place(row, min(sheet.rows[row]))
            yield Record(0, raw_text, None, f"{place}: there is no id behind it", place=place)
            continue
        for column, day in dates.items():
            place = sheet.place(row + 1, column)
            value = times.get(column)
            if not times or (period and day and not period[0] <= day <= period[1]):
                continue
            if value is NoValue.FORMULA:
                yield Record(0, raw_text, None, f"{place}: {FORMULA}", place=place)
            elif day is None:
                if value is not None:
                    above = sheet.place(date_row, column)
                    told = sheet.text(date_row, column)
                    why = f"{above}: {told!r} is no date"
                    yield Record(0, raw_text, None, why, place=above)
            else:
                cells = {
                    "service_code": service,
                    "agent_id": agent,
                    "roster_date": day.isoformat(),
                    "shift_code": text_of(value) or DAY_OFF,
                }
                yield Record(0, raw_text, dict(cells), place=place)


def _agent(sheet: Sheet, row: int) -> str | None:
    columns = sorted(sheet.rows[row])
    label = LABEL.fullmatch(text_of(sheet.rows[row][columns[0]]) or "")
    if label and label[1]:
        return label[1]
    texts = [sheet.text(row, column) for column in columns[1:]]
    return texts[0] if texts else None
