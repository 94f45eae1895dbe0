"""Schedules as workforce management programs export them: NICE CXone, NICE IEX, Genesys Cloud.

They say from when to when somebody works, not which shift it is; the models find the shift with
these times. Activities and breaks within a shift are none of their own. A date on which an agent
of the file has no shift, between the first and the last date of the file, is a day off.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openpyxl.utils import get_column_letter

from rtm.landing.containers import Record, UnreadableFileError, printable
from rtm.landing.rosters.people import People

DAY_OFF = "OFF"
BASE_ACTIVITY = "open"
"""Where an export names none."""
LONGEST_PERIOD = timedelta(days=400)

CXONE = {
    "username": "agent",
    "shift start date and time": "start",
    "shift end date and time": "end",
}
IEX = {
    "scheddate": "sched_date",
    "excdate": "exc_date",
}
IEX_AGENTS = ("logonid", "tvid", "acdid", "ssn", "agentid")
IEX_CODES = ("exccode", "excname", "code", "activity", "activitycode", "exc")
IEX_STARTS = ("start", "starttime", "excstart", "starttm")
IEX_STOPS = ("stop", "stoptime", "excstop", "end", "endtime", "stoptm")
IEX_OFF = re.compile(r"(day ?)?off|libur|not scheduled", re.IGNORECASE)

OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)


class ExportError(ValueError):
    """A line of an export that cannot be read; the message says why."""


@dataclass(frozen=True)
class Shift:
    """From when to when an agent works, as an export says it; or a day without work."""

    agent_ids: tuple[str | None, ...]
    """Outside ids, the surest first."""
    start: datetime | None
    end: datetime | None
    activity: str
    place: str
    raw_text: str
    day: date | None = None
    """Where the export names it: the date to which the shift belongs."""


Line = Shift | Record
"""A record is a line that cannot be read."""


def export_layout(head: str) -> str | None:
    """Which export a text is, by its beginning: cxone, iex, genesys, or None."""
    first = head.lstrip("\ufeff \r\n\t")
    if first.startswith(("{", "[")):
        is_genesys = '"startDate"' in head and '"lengthMinutes"' in head
        return "genesys" if is_genesys else None
    line = first.partition("\n")[0].casefold()
    if set(CXONE) <= set(_names(line, ",")) or set(CXONE) <= set(_names(line, ";")):
        return "cxone"
    return "iex" if set(IEX) <= set(_names(line.replace("#fields:", ""), "|")) else None


def export_records(layout: str, text: str, people: People) -> Iterator[Record]:
    """The shifts and days off as rows of the long form, numbered from 1.

    Raises UnreadableFileError where the file as a whole cannot be read.
    """
    read: Callable[[str, People], Iterable[Line]] = {
        "cxone": _cxone,
        "iex": _iex,
        "genesys": _genesys,
    }[layout]
    wrong: list[Record] = []
    shifts: dict[str, list[tuple[Shift, str, date]]] = {}
    for line in read(text.removeprefix("\ufeff"), people):
        found = line if isinstance(line, Record) else _placed(layout, line, people)
        if isinstance(found, Record):
            wrong.append(found)
        else:
            agent, service, day = found
            assert isinstance(line, Shift)
            shifts.setdefault(agent, []).append((line, service, day))
    records = [*wrong, *_with_days_off(shifts, people)]
    for number, record in enumerate(records, start=1):
        yield Record(number, record.raw_text, record.cells, record.error, place=record.place)


def _placed(layout: str, shift: Shift, people: People) -> tuple[str, str, date] | Record:
    """Whose shift it is, for which service and date."""
    agent = people.agent_id(layout, *shift.agent_ids)
    named = next(filter(None, shift.agent_ids), "")
    if agent is None:
        why = f"the agent {named!r} is not known; deliver an agent_alias with the source {layout}"
        return _wrong(shift, why)
    service = people.services.get(agent)
    if service is None:
        why = f"the service of agent {agent!r} is not known: there is no such agent, or no team"
        return _wrong(shift, why)
    if shift.day is not None:
        return agent, service, shift.day
    assert shift.start is not None
    return agent, service, shift.start.astimezone(zone_of(people, service)).date()


def _wrong(shift: Shift, why: str) -> Record:
    return Record(0, shift.raw_text, None, f"{shift.place}: {why}", place=shift.place)


def zone_of(people: People, service: str) -> tzinfo:
    try:
        return ZoneInfo(people.timezones.get(service, "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _with_days_off(
    shifts: dict[str, list[tuple[Shift, str, date]]], people: People
) -> Iterator[Record]:
    days = [day for entries in shifts.values() for _, _, day in entries]
    if not days:
        return
    first, last = min(days), max(days)
    if last - first > LONGEST_PERIOD:
        raise UnreadableFileError(f"the shifts are too far apart: {first} – {last}")
    for agent, entries in shifts.items():
        has_shift = {day for _, _, day in entries}
        for shift, service, day in entries:
            yield _record(agent, service, day, shift, zone_of(people, service))
        shift, service, _ = entries[0]
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if day not in has_shift:
                off = Shift((), None, None, DAY_OFF, shift.place, shift.raw_text)
                yield _record(agent, service, day, off, UTC)


def _record(agent: str, service: str, day: date, shift: Shift, zone: tzinfo) -> Record:
    start, end = (
        None if moment is None else moment.astimezone(zone).isoformat()
        for moment in (shift.start, shift.end)
    )
    cells = {
        "service_code": service,
        "agent_id": agent,
        "roster_date": day.isoformat(),
        "shift_code": shift.activity,
        "start_at": start,
        "end_at": end,
    }
    return Record(0, shift.raw_text, cells, place=shift.place)


# NICE CXone: a line for each activity of a shift, which repeats the shift


def _cxone(text: str, people: People) -> Iterator[Line]:
    seen = set()
    for place, raw_text, cells in _lines(text):
        start_text, end_text = (
            cells.get("shift start date and time"),
            cells.get("shift end date and time"),
        )
        agent = cells.get("username")
        if (not start_text and not end_text) or (agent, start_text, end_text) in seen:
            continue  # Another activity of a shift that was told.
        seen.add((agent, start_text, end_text))
        try:
            zone = _offset(cells.get("local time zone") or "")
            start, end = (
                _american(text or "").replace(tzinfo=zone) for text in (start_text, end_text)
            )
        except ExportError as error:
            yield Record(0, raw_text, None, f"{place}: {error}", place=place)
            continue
        activity = cells.get("base activity name") or BASE_ACTIVITY
        yield Shift((agent,), start, end, activity, place, raw_text)


def _american(text: str) -> datetime:
    for pattern in ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"):
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 (the zone has its own column)
        except ValueError:
            continue
    raise ExportError(f"{text!r} is not a date and time such as 06/24/2022 14:00:00")


def _offset(text: str) -> tzinfo:
    found = OFFSET.fullmatch(text.strip())
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
    if text.strip().upper() in ("UTC", "GMT"):
        return UTC
    try:
        return ZoneInfo(text.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ExportError(f"{text!r} is not a time zone such as UTC+05:30") from error


# NICE IEX: a line for each activity; those of one schedule date are one shift


def _iex(text: str, people: People) -> Iterator[Line]:
    schedules: dict[tuple[str, str], list[tuple[datetime, datetime, str]]] = {}
    about: dict[tuple[str, str], tuple[tuple[str | None, ...], date, str, str, str]] = {}
    for place, raw_text, cells in _lines(re.sub(r"^#fields:", "", text, flags=re.I), "|"):
        if raw_text.startswith("#"):
            continue
        agents = tuple(cells.get(name) for name in IEX_AGENTS)
        try:
            day = _compact(cells.get("scheddate") or "")
            own_day = _compact(cells.get("excdate") or cells.get("scheddate") or "")
            activity = _any(cells, IEX_CODES) or BASE_ACTIVITY
            if not any(agents):
                raise ExportError("no agent is named")
            key = (next(filter(None, agents)) or "", day.isoformat())
            about.setdefault(key, (agents, day, cells.get("tz") or "", place, raw_text))
            if IEX_OFF.fullmatch(activity):
                continue
            start, stop = (
                datetime.combine(own_day, _clock(_any(cells, names)))
                for names in (IEX_STARTS, IEX_STOPS)
            )
        except ExportError as error:
            yield Record(0, raw_text, None, f"{place}: {error}", place=place)
            continue
        stop += timedelta(days=stop <= start)
        schedules.setdefault(key, []).append((start, stop, activity))
    for key, (agents, day, zone_name, place, raw_text) in about.items():
        activities = schedules.get(key)
        if not activities:
            yield Shift(agents, None, None, DAY_OFF, place, raw_text, day)
            continue
        agent = people.agent_id("iex", *agents)
        try:
            zone = _offset(zone_name)
        except ExportError:  # A name that only the program knows: the times are the centre's own.
            zone = zone_of(people, people.services.get(agent or "") or "")
        start = min(start for start, _, _ in activities).replace(tzinfo=zone)
        end = max(stop for _, stop, _ in activities).replace(tzinfo=zone)
        base = max(activities, key=lambda activity: activity[1] - activity[0])[2]
        yield Shift(agents, start, end, base, place, raw_text, day)


def _compact(text: str) -> date:
    for pattern in ("%m%d%Y", "%Y-%m-%d", "%m%d%y", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 (a date has no zone)
        except ValueError:
            continue
    raise ExportError(f"{text!r} is not a date such as 06242022 (mmddyyyy)")


def _clock(text: str | None) -> time:
    for pattern in ("%H:%M", "%H:%M:%S", "%H%M", "%I:%M %p", "%I:%M%p"):
        try:
            return datetime.strptime(text or "", pattern).time()  # noqa: DTZ007
        except ValueError:
            continue
    raise ExportError(f"{text!r} is not a time such as 08:00")


def _any(cells: dict[str, str | None], names: tuple[str, ...]) -> str | None:
    return next((cells[name] for name in names if cells.get(name)), None)


# Genesys Cloud: shifts of agents, each a start and a length


def _genesys(text: str, people: People) -> Iterator[Line]:
    for path, owner, shift in _shifts(_document(text), "", None):
        place = path or "shift"
        raw_text = printable(json.dumps(shift, ensure_ascii=False))
        activities = [a for a in shift.get("activities") or [] if isinstance(a, dict)]
        base = max(activities, key=lambda a: _minutes(a) or 0, default={})
        activity = str(base.get("description") or base.get("activityCodeId") or BASE_ACTIVITY)
        minutes = _minutes(shift)
        try:
            start = datetime.fromisoformat(str(shift.get("startDate")))
            if minutes is None or owner is None:
                raise ExportError("the shift has no length" if owner else "no agent is named")
        except ValueError as error:
            yield Record(0, raw_text, None, f"{place}: {error}", place=place)
            continue
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        end = start + timedelta(minutes=minutes)
        yield Shift((owner,), start, end, activity, place, raw_text)


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"not a JSON document: {error}") from error


def _shifts(
    thing: Any, path: str, owner: str | None
) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Every shift in the document with the user to whom it belongs."""
    if isinstance(thing, list):
        for n, item in enumerate(thing):
            yield from _shifts(item, f"{path}[{n}]", owner)
    elif isinstance(thing, dict):
        user = thing.get("user") or thing.get("agent")
        owner = next(
            (
                str(name)
                for name in (
                    user.get("id") if isinstance(user, dict) else user,
                    thing.get("userId"),
                    thing.get("agentId"),
                )
                if name
            ),
            owner,
        )
        if "startDate" in thing and "lengthMinutes" in thing:
            yield path, owner, thing
            return
        for name, item in thing.items():
            if isinstance(item, list | dict):
                yield from _shifts(item, f"{path}.{name}" if path else name, owner)


def _minutes(thing: dict[str, Any]) -> float | None:
    value = thing.get("lengthMinutes")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= 48 * 60 else None  # type: ignore[arg-type, operator]


# Lines of delimited exports


def _names(line: str, delimiter: str) -> list[str]:
    return [name.strip(' "\r\n').rstrip("*").strip().casefold() for name in line.split(delimiter)]


def _lines(
    text: str, delimiter: str | None = None
) -> Iterator[tuple[str, str, dict[str, str | None]]]:
    """The place, the text and the cells of each line below the header."""
    text = text.lstrip("\r\n\t ")
    header = text.partition("\n")[0]
    delimiter = delimiter or max(",;\t", key=header.count)
    names = _names(header, delimiter)
    column = next((n for n, name in enumerate(names, start=1) if "date" in name), 1)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, cells in enumerate(lines, start=1):
            if number > 1 and any(cell.strip() for cell in cells):
                stripped = [cell.strip() or None for cell in cells]
                place = f"{get_column_letter(column)}{number}"
                yield (
                    place,
                    printable(delimiter.join(cells)),
                    dict(zip(names, stripped, strict=False)),
                )
    except csv.Error as error:
        raise UnreadableFileError(f"not delimited text: {error}") from error
