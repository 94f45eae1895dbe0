"""Lays the board out for a terminal. Colour never stands alone: a sign says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rtm.board.content import Board, Rows
from rtm.settings import Language

KPIS = ("scr", "abandon_rate", "service_level", "aht", "response_time", "waiting_list")
KPIS_OF_SOME = ("oldest_waiting", "attendance", "staffing")
"""Shown where a service has a target for them."""
COUNTS = ("waiting_list", "roster_h1")
PERCENT = (
    *("scr", "abandon_rate", "service_level", "response_time"),
    *("attendance", "staffing"),
)
MOST_PEOPLE = 12

Say = Callable[..., str]


def render_board(board: Board, language: Language) -> Iterator[RenderableType]:
    """The sections of the board, top to bottom."""
    words = _words(language)

    def say(name: str, **values: Any) -> str:
        return words[name].format(**values)

    if board.as_of is None:
        yield say("no_data")
        return
    zone = board.rosters[0].timezone if board.rosters else "UTC"
    yield Text.from_markup(
        f"\n[bold]{say('title')}[/bold] · {say('as_of', clock=_clock(board.as_of, zone))}"
        f" · {say('feeds')}: {_feeds(board.feeds, say)}"
    )
    yield _services(board.kpis, say)
    yield Text(say("legend"), style="dim")
    yield _people(board.people, say)
    yield _rosters(board.rosters, say)
    yield _breaches(board.breaches, say)
    yield Text(say("cleared", count=board.cleared_today), style="dim")
    yield _mails(board.mails, zone, say)


def _services(rows: Rows, say: Say) -> RenderableType:
    table = _table(say("services"), say("service"))
    table.add_column(say("channel"), no_wrap=True)
    shown = [*KPIS, *(kpi for kpi in KPIS_OF_SOME if any(row.kpi == kpi for row in rows))]
    for kpi in shown:
        table.add_column(say(f"kpi_{kpi}"), justify="right", no_wrap=True)
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        lines.setdefault((row.service_name, row.channel), {})[row.kpi] = row
    for (service, channel), kpis in lines.items():
        behind = any(row.is_feed_behind for row in kpis.values())
        note = f"\n[yellow]⚠ {say('behind')}[/yellow]" if behind else ""
        cells = [_kpi_cell(kpis[kpi], say) if kpi in kpis else "" for kpi in shown]
        table.add_row(escape(service) + note, escape(channel), *cells)
    return table


def _kpi_cell(row: Any, say: Say) -> str:
    if row.observed is None:
        now = "–"
    elif row.is_met:
        now = f"{_value(row.kpi, row.observed)} [green]✓[/green]"
    else:
        sign = "‼" if row.is_critical else "✗"
        now = f"[bold red]{_value(row.kpi, row.observed)} {sign}[/bold red]"
    target = _target(row)
    today = "" if row.today is None else _value(row.kpi, float(row.today))
    return f"{now}\n{today}\n[dim]{target}[/dim]"


def _people(rows: Rows, say: Say) -> RenderableType:
    table = _table(
        say("people"), say("service"), say("agent"), say("shift"), say("planned"), say("matter")
    )
    for row in rows[:MOST_PEOPLE]:
        minutes = round((row.extent_s or 0) / 60)
        style = "red" if row.matter in ("no_show", "absent") else "yellow"
        matter = say(row.matter, minutes=minutes, aux_code=row.aux_code)
        table.add_row(
            escape(row.service_name),
            escape(f"{row.agent_name} ({row.agent_id})"),
            escape(row.shift_code or ""),
            _clock(row.planned_start_at, row.timezone, "%H:%M"),
            f"[{style}]{escape(matter)}[/{style}]",
        )
    if len(rows) > MOST_PEOPLE:
        table.add_row(say("more", count=len(rows) - MOST_PEOPLE))
    return _or_note(table, say("nobody"))


def _rosters(rows: Rows, say: Say) -> RenderableType:
    date = f"{rows[0].tomorrow:%d/%m/%Y}" if rows else "–"
    table = _table(
        say("rosters", date=date),
        *(say("service"), say("version"), say("file"), say("verdict"), say("distributed")),
    )
    for row in rows:
        style = "green" if row.verdict == "valid" else "bold red"
        verdict = say(f"verdict_{row.verdict}", errors=row.errors)
        distributed = say("not_distributed")
        if row.distributed_at:
            clock = _clock(row.distributed_at, row.timezone)
            distributed = say("on_time" if row.is_on_time else "too_late", clock=clock)
        table.add_row(
            escape(row.service_name),
            "" if row.version is None else str(row.version),
            escape(row.file_name or ""),
            f"[{style}]{verdict}[/{style}]",
            distributed,
        )
    return table


def _breaches(rows: Rows, say: Say) -> RenderableType:
    table = _table(
        say("breaches"),
        *(say("service"), say("channel"), say("kpi"), say("since"), say("observed")),
        *(say("target"), say("missing_people"), say("plan")),
    )
    for row in rows:
        sign = "‼" if row.severity == "critical" else "✗"
        plan = ""
        if row.plan_id is not None:
            plan = say("plan_text", plan_id=row.plan_id, status=say(f"plan_{row.status}"))
        missing = ""
        if row.facts:
            missing = f"{row.facts['agents_absent']} / {row.facts['agents_late']}"
        table.add_row(
            escape(row.service_name),
            escape(row.channel),
            say(f"kpi_{row.kpi}"),
            _clock(row.started_at, row.timezone, "%H:%M"),
            f"[bold red]{_value(row.kpi, row.observed)} {sign}[/bold red]",
            _target(row),
            missing,
            plan,
        )
    return _or_note(table, say("no_breach"))


def _mails(rows: Rows, zone: str, say: Say) -> RenderableType:
    table = _table(say("mails"), say("sent_at"), say("recipient"), say("subject"))
    for row in rows:
        sent = _clock(row.sent_at, zone, "%H:%M:%S") if row.sent_at else say(f"state_{row.state}")
        table.add_row(sent, escape(row.recipient), escape(row.subject))
    return _or_note(table, say("no_mail"))


def _feeds(rows: Rows, say: Say) -> str:
    """How old what each feed has told is."""
    told = []
    for row in rows:
        missed = f" [bold red]{say('missed')}[/bold red]" if row.is_missed else ""
        told.append(f"{row.feed} {_age(row.age_s, say)}{missed}")
    return ", ".join(told) or "–"


def _age(seconds: float, say: Say) -> str:
    if seconds < 120:
        return say("seconds", count=round(seconds))
    if seconds < 7200:
        return say("minutes", count=round(seconds / 60))
    return say("hours", count=round(seconds / 3600))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def _or_note(table: Table, note: str) -> RenderableType:
    return table if table.row_count else Text.assemble((f"{table.title}: ", "bold"), note)


def _target(row: Any) -> str:
    return f"{'≥' if row.comparator == '>=' else '≤'} {_value(row.kpi, row.target, 0)}"


def _value(kpi: str, value: float, digits: int = 1) -> str:
    if kpi in PERCENT:
        return f"{value:.{digits}f} %"
    return f"{value:.0f}" if kpi in COUNTS else f"{value:.0f} s"


def _clock(instant: datetime | None, zone: str, form: str = "%d/%m %H:%M %Z") -> str:
    return "" if instant is None else instant.astimezone(ZoneInfo(zone)).strftime(form)


@cache
def _words(language: Language) -> dict[str, str]:
    catalogue = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
    return {name: texts[language] for name, texts in catalogue.items()}
