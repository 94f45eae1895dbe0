"""When a delivered cell is readable, as SQL conditions over whole loads.

The conditions are PostgreSQL's own (`pg_input_is_valid`), narrowed to the notations of the
contract: PostgreSQL would also take 'tomorrow' for a time. Lines in the commonest notation are
known to be readable before the database has them; they need no second look.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable

from rtm.sources import Column, Feed, Kind

# In the year 1 a time of Jakarta lies before all that Python can hold.
DATE = "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"
CLOCK = "^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$"
OFFSET = "(Z|[-+][0-9]{2}(:?[0-9]{2})?)"
INSTANT = (
    "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}"
    rf"(:[0-9]{{2}}(\.[0-9]+)?)? ?{OFFSET}?$"
)
MOMENT = INSTANT.replace(OFFSET, rf"(UTC|{OFFSET})")
UNIX_TIME = r"^([0-9]{9,10}(\.[0-9]{1,9})?|[0-9]{12,13})$"
NUMBER = r"^[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]{1,2})?$"
LONGEST_QUOTE = 80
"""Characters of an unreadable cell that its reason repeats; quarantine keeps the row as well."""
LARGEST_NUMBER = 1e9
"""Seconds, minutes, agents or shares: what is larger is a mistake, and would overflow a sum."""
DAY = "(Mo|Tu|We|Th|Fr|Sa|Su|PH)"
DAYS = rf"{DAY}(\s*[-,]\s*{DAY})*"
# As in OpenStreetMap, a span that passes midnight may count on: 20:00-26:00.
SPAN = r"([01]?[0-9]|2[0-4]):[0-5][0-9]\s*-\s*([0-3]?[0-9]|4[0-8]):[0-5][0-9]"
SPANS = rf"{SPAN}(\s*,\s*{SPAN})*"
RULE = rf"({DAYS}\s+)?({SPANS}|off|24/7)"
OPENING_HOURS = rf"^\s*{RULE}(\s*;\s*{RULE})*\s*;?\s*$"
KPIS = (
    *("scr", "abandon_rate", "service_level", "aht", "asa", "response_time", "waiting_list"),
    *("oldest_waiting", "attendance", "staffing", "login_compliance", "aux", "adherence"),
)
KPI = "^((" + "|".join(KPIS) + ")(/1)?|service_level/[2-4])$"
"""A target for a version of a formula that does not exist would be held against another one."""
BOOLEANS = ("true", "false", "1", "0", "yes", "no", "ya", "tidak")

MONTH_AND_DAY = (
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
COMMON_DATE = rf"[12][0-9][0-9][0-9]-{MONTH_AND_DAY}"
COMMON_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
COMMON_OFFSET = r"(?:Z|[-+](?:0[0-9]|1[0-4]):[0-5][0-9])?"
COMMON = {
    Kind.INSTANT: rf"{COMMON_DATE}[T ]{COMMON_CLOCK}{COMMON_OFFSET}",
    Kind.DATE: COMMON_DATE,
    Kind.CLOCK: COMMON_CLOCK,
    Kind.NUMBER: r"[0-9]{1,9}+(?:\.[0-9]++)?",
    Kind.BOOLEAN: "|".join(BOOLEANS),
}
"""Byte patterns of some readable cells of a kind: of most that are delivered, never of another."""

EXPLANATIONS = {
    Kind.INSTANT: "is not a date and time such as 2026-11-22T08:00:00+07:00",
    Kind.DATE: "is not a date such as 2026-11-22",
    Kind.CLOCK: "is not a time of day such as 08:00",
    Kind.NUMBER: "is not a number, at most 1000000000",
    Kind.BOOLEAN: "is not one of " + ", ".join(BOOLEANS),
    Kind.ZONE: "is not a time zone such as Asia/Jakarta",
    Kind.OPENING_HOURS: "is not opening hours such as Mo-Fr 08:00-17:00; Sa 08:00-12:00",
    Kind.KPI: "is not a known KPI such as scr or service_level/2, or no such formula",
    Kind.COMPACT_DATE: "is not a date such as 990201",
    Kind.ELAPSED_CLOCK: "is not a time such as 7:02:47",
    Kind.LOG_TIME: "is not a time such as 1366720340 or 2026-11-22 08:00:00",
    Kind.MOMENT: "is not a time such as 1366720340 or 2026-11-22 08:00:00 UTC",
    Kind.DOCUMENT: "is not a JSON document that PostgreSQL can keep",
}


def reason_expression(feed: Feed) -> str:
    """An SQL expression over the feed's columns: why the row cannot be read, or null."""
    branches = []
    for column in feed.columns:
        cell = f'"{column.sql_name}"'
        if column.required:
            branches.append(f"when {cell} is null then {_literal(column.name + ': is empty')}")
        if column.kind is not Kind.TEXT:
            told = _literal(f"{column.name}: %s {_explanation(column)}")
            branches.append(
                f"when not ({_readable(column, cell)}) then format({told}, {_quoted(cell)})"
            )
    return "case " + " ".join(branches) + " end"


def common_lines(columns: Iterable[Column], delimiter: str) -> re.Pattern[bytes] | None:
    """Matches whole lines, unquoted and every cell in the common notation of its kind.

    In what it matches, `reason_expression` would find nothing; what it does not match may be
    readable all the same. None where a column has no common notation.
    """
    cells = []
    for column in columns:
        match column.kind:
            case Kind.TEXT:
                cell = rf'[^"\r\n{delimiter}]++'
            case Kind.CHOICE:
                cell = "|".join(map(re.escape, column.choices))
            case kind if kind in COMMON:
                cell = COMMON[kind]
            case _:
                return None
        cells.append(f"(?:{cell})" if column.required else f"(?:{cell})?+")
    line = re.escape(delimiter).join(cells)
    return re.compile(rf"(?:{line}\r?\n)*+(?:{line})?".encode())


def _explanation(column: Column) -> str:
    if column.kind is Kind.CHOICE:
        return "is not one of " + ", ".join(column.choices)
    return EXPLANATIONS[column.kind]


def _readable(column: Column, cell: str) -> str:
    """A condition that is true or null for a readable (or absent) cell, false for another."""
    match column.kind:
        case Kind.INSTANT:
            return f"{cell} ~ {_literal(INSTANT)} and pg_input_is_valid({cell}, 'timestamptz')"
        case Kind.DATE:
            return f"{cell} ~ {_literal(DATE)} and pg_input_is_valid({cell}, 'date')"
        case Kind.CLOCK:
            return f"{cell} ~ {_literal(CLOCK)} and pg_input_is_valid({cell}, 'time')"
        case Kind.NUMBER:
            number = f"replace({cell}, ',', '.')::numeric"
            return (
                f"case when {cell} ~ {_literal(NUMBER)} then abs({number}) <= {LARGEST_NUMBER:.0f}"
                f" else {cell} is null end"
            )
        case Kind.BOOLEAN:
            return f"lower({cell}) in ({_list(BOOLEANS)})"
        case Kind.CHOICE:
            return f"lower({cell}) in ({_list(column.choices)})"
        case Kind.ZONE:
            # Both sides must know the name; PostgreSQL alone would take 'Mon' or 'UTC+7' as well.
            return (
                f"{cell} in ({_list(tuple(sorted(zoneinfo.available_timezones())))})"
                f" and {cell} in (select name from pg_timezone_names)"
            )
        case Kind.OPENING_HOURS:
            return f"{cell} ~ {_literal(OPENING_HOURS)}"
        case Kind.KPI:
            return f"{cell} ~ {_literal(KPI)}"
        case Kind.COMPACT_DATE:
            return f"{cell} ~ '^[0-9]{{6}}$' and pg_input_is_valid('19' || {cell}, 'date')"
        case Kind.ELAPSED_CLOCK:
            return f"{cell} ~ '^[0-9]{{1,2}}:[0-5][0-9]:[0-5][0-9]$'"
        case Kind.LOG_TIME:
            return (
                f"case when {cell} ~ '^[0-9]{{9,10}}(\\.[0-9]{{1,9}})?$' then true"
                f" else {cell} ~ {_literal(INSTANT)} and pg_input_is_valid({cell}, 'timestamptz')"
                " end"
            )
        case Kind.MOMENT:
            return (
                f"case when {cell} ~ {_literal(UNIX_TIME)} then true"
                f" else {cell} ~ {_literal(MOMENT)} and pg_input_is_valid({cell}, 'timestamptz')"
                " end"
            )
        case Kind.DOCUMENT:
            return f"pg_input_is_valid({cell}, 'jsonb')"
    raise AssertionError(column.kind)


def _quoted(cell: str) -> str:
    """The cell as the reason repeats it: a whole document would hide what is wrong with it."""
    return (
        f"quote_literal(case when length({cell}) > {LONGEST_QUOTE}"
        f" then left({cell}, {LONGEST_QUOTE}) || '…' else {cell} end)"
    )


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(_literal(value) for value in values)
