"""What stands above a table: for which service it is, and for which period.

Layanan: KARTU          Periode: 1 - 30 Juni 2026
Kode Cabang | KARTU     Bulan | Juni | Tahun | 2026
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TypeVar

from rtm.landing.rosters.days import MONTHS, Period
from rtm.landing.rosters.people import People
from rtm.landing.rosters.sheets import Sheet, Value, text_of

SERVICE_LABEL = (
    r"(?:kode\s+|nama\s+)?(?:layanan|service(?:[\s_]*(?:code|name))?|proyek|project|cabang|"
    r"kampanye|campaign)"
)
PERIOD_LABEL = r"(?:periode|period|masa|bulan|month)"
YEAR_LABEL = r"(?:tahun|year)"
LABEL = re.compile(
    rf"\b(?:(?P<service>{SERVICE_LABEL})|(?P<period>{PERIOD_LABEL})|(?P<year>{YEAR_LABEL}))"
    r"\s*(?P<colon>[:=]|$)\s*",
    re.IGNORECASE,
)
OTHER_LABEL = re.compile(r"\s{2,}|[|;\n]|\s\w+\s*[:=]")
LONGEST_TITLE = 300

DATE_PARTS = r"(\d{1,2})(?:[\s/.-]+([^\W\d_]+)\.?)?(?:,?[\s/.-]+(\d{4}))?"
TO = r"\s*(?:[-–—~]|s\s*[/.]\s*d\.?|sd|sampai(?:\s+dengan)?|hingga|to|until|through)\s*"
DAY_TO_DAY = re.compile(rf"\b{DATE_PARTS}{TO}(\d{{1,2}})[\s/.-]+([^\W\d_]+)\.?,?[\s/.-]+(\d{{4}})")
ENGLISH = re.compile(
    rf"\b([^\W\d_]+)\s+(\d{{1,2}})(?:,?\s+(\d{{4}}))?{TO}(?:([^\W\d_]+)\s+)?(\d{{1,2}}),?\s+(\d{{4}})"
)
NUMERIC = r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})"
NUMERIC_TO = re.compile(rf"\b{NUMERIC}{TO}{NUMERIC}\b")
ISO = r"(\d{4})-(\d{2})-(\d{2})"
ISO_TO = re.compile(rf"\b{ISO}{TO}{ISO}\b")
MONTH_TO_MONTH = re.compile(
    rf"(?<![\d])\b([^\W\d_]+)(?:[\s'-]+(\d{{4}}))?{TO}([^\W\d_]+)[\s'-]+(\d{{4}})\b"
)
MONTH = re.compile(r"(?<!\d)(?<!\d[\s/.-])\b([^\W\d_]+)\.?[\s'/-]*(\d{4})\b")
ONE_DAY = re.compile(r"^(\d{1,2})[\s/.-]+([^\W\d_]+)\.?,?[\s/.-]+(\d{4})$")
ONE_NUMERIC = re.compile(rf"^{NUMERIC}$")
MONTH_NUMBER = re.compile(r"^(\d{1,2})[/-](\d{4})$")
YEAR = re.compile(r"\b(20\d\d)\b")
YEARS = range(2000, 2100)
WHOLE_DATE = re.compile(r"\d{4}-\d\d-\d\d|\b\d{1,2}[\s/.-]+\w+[\s/.-]+\d{4}\b")

Found = TypeVar("Found")


@dataclass(frozen=True)
class Title:
    """What the lines above a table name; None for what they do not."""

    service: str | None = None
    period: Period | None = None
    month: int | None = None
    year: int | None = None

    def completed(self, other: Title) -> Title:
        """What it does not name as the other does."""
        if self.period or self.month or self.year:
            return Title(self.service or other.service, self.period, self.month, self.year)
        return Title(self.service or other.service, other.period, other.month, other.year)


def read_title(sheet: Sheet, rows: Sequence[int], people: People) -> Title:
    """The title in these rows of a sheet."""
    told: dict[str, list[str]] = {"service": [], "period": [], "year": []}
    plain: list[str] = []
    for row in rows:
        for kind, text in _said(list(sheet.rows.get(row, {}).values())):
            told[kind].append(text) if kind in told else plain.append(text)
    service = next(iter(told["service"]), None)
    if service is None:
        service = next(filter(None, map(people.service_code, plain)), None)
    period = _first(parse_period(text, is_named=True) for text in told["period"])
    period = period or _first(parse_period(text) for text in plain)
    undated = [text for text in plain if not WHOLE_DATE.search(text)]  # Such as when it was made.
    month = _first(_month(text) for text in told["period"])
    month = month or _first(MONTHS.get(text.casefold().strip(" .")) for text in undated)
    year = _first(_year(text) for text in [*told["year"], *told["period"], *undated])
    if period is None:
        period = _first(_month_beside_year(sheet.rows.get(row, {})) for row in rows)
    if period is None and month and year:
        period = whole_month(year, month)
    return Title(service, period, month, year)


def read_sheet_name(name: str | None) -> Title:
    """The period that a sheet's name tells: `Juni 2026`, `Jun`."""
    if name is None:
        return Title()
    month = next(
        (MONTHS[w] for w in re.findall(r"[^\W\d_]+", name.casefold()) if w in MONTHS), None
    )
    year = YEAR.search(name)
    return Title(None, parse_period(name), month, int(year[1]) if year else None)


def parse_period(text: str, is_named: bool = False) -> Period | None:
    """The period that a text tells; `is_named`: it stands behind such a word as Periode, so that a
    single day is one as well."""
    text = " ".join(text.split())
    for found in ISO_TO.finditer(text):
        return _ordered(*_numbers(found.groups()))
    for found in NUMERIC_TO.finditer(text):
        d1, m1, y1, d2, m2, y2 = _numbers(found.groups())
        return _ordered(y1, m1, d1, y2, m2, d2)
    for found in DAY_TO_DAY.finditer(text):
        first, month, year, last, last_month, last_year = found.groups()
        made = _range(first, month or last_month, year, last, last_month, last_year)
        if made:
            return made
    for found in ENGLISH.finditer(text):
        month, first, year, last_month, last, last_year = found.groups()
        made = _range(first, month, year, last, last_month or month, last_year)
        if made:
            return made
    for found in MONTH_TO_MONTH.finditer(text):
        month, year, last_month, last_year = found.groups()
        made = _range("1", month, year, None, last_month, last_year)
        if made:
            return made
    for found in MONTH.finditer(text):
        if found[1].casefold() in MONTHS:
            return whole_month(int(found[2]), MONTHS[found[1].casefold()])
    return _named_period(text) if is_named else None


def whole_month(year: int, month: int) -> Period:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _named_period(text: str) -> Period | None:
    if found := MONTH_NUMBER.fullmatch(text):
        month, year = int(found[1]), int(found[2])
        return whole_month(year, month) if 1 <= month <= 12 and year in YEARS else None
    day: date | None = None
    with suppress(ValueError):
        if found := ONE_NUMERIC.fullmatch(text):
            day = date(int(found[3]), int(found[2]), int(found[1]))
        elif found := ONE_DAY.fullmatch(text):
            day = date(int(found[3]), MONTHS.get(found[2].casefold(), 0), int(found[1]))
        elif found := re.fullmatch(ISO, text):
            day = date(*_numbers(found.groups()))
            if day.day == 1:  # A sheet keeps `Juni 2026` as the first of the month.
                return whole_month(day.year, day.month)
    return (day, day) if day else None


def _month_beside_year(cells: Mapping[int, Value]) -> Period | None:
    texts = [text for value in cells.values() if (text := text_of(value))]
    for left, right in pairwise(texts):
        if (month := _month(left)) and right.isdigit() and int(right) in YEARS:
            return whole_month(int(right), month)
    return None


def _range(
    first: str,
    month: str,
    year: str | None,
    last: str | None,
    last_month: str,
    last_year: str,
) -> Period | None:
    start, end = MONTHS.get(month.casefold()), MONTHS.get(last_month.casefold())
    if start is None or end is None:
        return None
    whole = int(year) if year else int(last_year) - (start > end)
    day = int(last) if last else monthrange(int(last_year), end)[1]
    return _ordered(whole, start, int(first), int(last_year), end, day)


def _ordered(*parts: int) -> Period | None:
    with suppress(ValueError):
        start, end = date(*parts[:3]), date(*parts[3:])
        if start <= end and start.year in YEARS:
            return start, end
    return None


def _numbers(texts: Iterable[str]) -> tuple[int, ...]:
    return tuple(int(text) for text in texts)


def _said(values: list[Value]) -> Iterator[tuple[str, str]]:
    """The texts of a row, each with what the label before it says that it is."""
    waiting: str | None = None
    parts: list[str] = []
    for value in values:
        text = _title_text(value)
        if text is None:
            continue
        labels = list(LABEL.finditer(text))
        if not labels:
            if waiting:
                parts.append(text.lstrip(":= "))
            else:
                yield "plain", text
            continue
        if waiting and parts:
            yield from _labelled(waiting, parts)
        waiting, parts = None, []
        if text[: labels[0].start()].strip(" -–,|"):
            yield "plain", text[: labels[0].start()].strip(" -–,|")
        for label, following in zip(labels, [*labels[1:], None], strict=True):
            kind = _kind(label)
            said = text[label.end() : following.start() if following else None]
            if said.strip():
                yield kind, _until_another(said)
            elif following is None:
                waiting = kind
    if waiting and parts:
        yield from _labelled(waiting, parts)


def _labelled(kind: str, parts: list[str]) -> Iterator[tuple[str, str]]:
    """What stands in the cells behind a label: the first one, or a period in several."""
    if kind == "period" and len(parts) > 1:
        yield kind, " ".join(parts)
    yield kind, parts[0]
    for part in parts[1:]:
        yield "plain", part


def _kind(label: re.Match[str]) -> str:
    return next(kind for kind in ("service", "period", "year") if label[kind])


def _until_another(text: str) -> str:
    return OTHER_LABEL.split(text.strip(), maxsplit=1)[0].strip(" -–,|")


def _title_text(value: Value) -> str | None:
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    text = text_of(value)
    return text if text and len(text) <= LONGEST_TITLE else None


def _month(text: str) -> int | None:
    """A month that stands alone."""
    word = text.casefold().strip(" .")
    if word.isdigit():
        return int(word) if len(word) < 3 and 1 <= int(word) <= 12 else None
    month: int | None = MONTHS.get(word)
    return month


def _year(text: str) -> int | None:
    found = YEAR.search(text)
    return int(found[1]) if found else None


def _first(values: Iterable[Found | None]) -> Found | None:
    return next((value for value in values if value is not None), None)
