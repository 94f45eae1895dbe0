"""Lays the board out for a terminal. Colour never stands alone: a sign says the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rtm import speech
from rtm.board.content import Board, Rows
from rtm.settings import Language
from rtm.speech import NOTHING

WORDS = Path(__file__).with_name("words.yml")
KPIS = ("scr", "abandon_rate", "service_level", "aht", "response_time", "waiting_list")
KPIS_OF_SOME = ("oldest_waiting", "attendance", "staffing")
"""Shown where a service has a target for them."""
MOST_PEOPLE = 12


class Speech(speech.Speech):
    """How the board says things in one language."""

    files = (speech.SHARED, WORDS)

    def board(self, name: str, **values: Any) -> str:
        """Words that the board alone says."""
        return self.say(f"board.{name}", **values)


def render_board(board: Board, language: Language) -> Iterator[RenderableType]:
    """The sections of the board, top to bottom."""
    speech = Speech(language)
    say = speech.board
    if board.as_of is None:
        yield say("no_data")
        return
    zone = board.rosters[0].timezone if board.rosters else "UTC"
    yield Text.from_markup(
        f"\n[bold]{say('title')}[/bold] · {say('as_of', clock=_clock(board.as_of, zone))}"
        f" · {say('feeds')}: {_feeds(board.feeds, speech)}"
    )
    yield _services(board.kpis, speech)
    yield Text(say("legend"), style="dim")
    yield _people(board.people, speech)
    yield _rosters(board.rosters, speech)
    yield _breaches(board.breaches, speech)
    yield Text(say("cleared", count=board.cleared_today), style="dim")
    yield _mails(board.mails, zone, speech)


def _services(rows: Rows, speech: Speech) -> RenderableType:
    say = speech.board
    table = _table(say("services"), say("service"))
    table.add_column(say("channel"), no_wrap=True)
    shown = [*KPIS, *(kpi for kpi in KPIS_OF_SOME if any(row.kpi == kpi for row in rows))]
    for kpi in shown:
        table.add_column(speech.say(f"kpi.{kpi}"), justify="right", no_wrap=True)
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        lines.setdefault((row.service_name, row.channel), {})[row.kpi] = row
    for (service, channel), kpis in lines.items():
        behind = any(row.is_feed_behind for row in kpis.values())
        note = f"\n[yellow]⚠ {say('behind')}[/yellow]" if behind else ""
        cells = [_kpi_cell(kpis[kpi], speech) if kpi in kpis else "" for kpi in shown]
        table.add_row(escape(service) + note, escape(speech.channel(channel)), *cells)
    return table


def _kpi_cell(row: Any, speech: Speech) -> str:
    now = speech.kpi(row.kpi, row.observed)
    if row.observed is not None and row.is_met:
        now += " [green]✓[/green]"
    elif row.observed is not None:
        now = f"[bold red]{now} {'‼' if row.is_critical else '✗'}[/bold red]"
    target = speech.target(row.kpi, row.comparator, row.target)
    today = "" if row.today is None else speech.kpi(row.kpi, float(row.today))
    return f"{now}\n{today}\n[dim]{target}[/dim]"


def _people(rows: Rows, speech: Speech) -> RenderableType:
    say = speech.board
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


def _rosters(rows: Rows, speech: Speech) -> RenderableType:
    say = speech.board
    date = f"{rows[0].tomorrow:%d/%m/%Y}" if rows else NOTHING
    table = _table(
        say("rosters", date=date),
        *(say("service"), say("version"), say("file"), say("verdict"), say("distributed")),
    )
    for row in rows:
        style = "green" if row.verdict == "valid" else "bold red"
        verdict = say(f"verdict_{row.verdict}", errors=row.errors)
        distributed = NOTHING
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


def _breaches(rows: Rows, speech: Speech) -> RenderableType:
    say = speech.board
    table = _table(
        say("breaches"),
        *(say("service"), say("channel"), say("kpi"), say("since"), say("observed")),
        *(say("target"), say("missing_people"), say("plan")),
    )
    for row in rows:
        sign = "‼" if row.severity == "critical" else "✗"
        plan = ""
        if row.plan_id is not None:
            status = speech.say(f"plan_status.{row.status}")
            plan = say("plan_text", plan_id=row.plan_id, status=status)
        missing = ""
        if row.facts:
            missing = f"{row.facts['agents_absent']} / {row.facts['agents_late']}"
        table.add_row(
            escape(row.service_name),
            escape(speech.channel(row.channel)),
            speech.say(f"kpi.{row.kpi}"),
            _clock(row.started_at, row.timezone, "%H:%M"),
            f"[bold red]{speech.kpi(row.kpi, row.observed)} {sign}[/bold red]",
            speech.target(row.kpi, row.comparator, row.target),
            missing,
            plan,
        )
    return _or_note(table, say("no_breach"))


def _mails(rows: Rows, zone: str, speech: Speech) -> RenderableType:
    say = speech.board
    table = _table(say("mails"), say("sent_at"), say("recipient"), say("subject"))
    for row in rows:
        sent = _clock(row.sent_at, zone, "%H:%M:%S") if row.sent_at else say(f"state_{row.state}")
        table.add_row(sent, escape(row.recipient), escape(row.subject))
    return _or_note(table, say("no_mail"))


def _feeds(rows: Rows, speech: Speech) -> str:
    """How old what each feed has told is."""
    say, told = speech.board, []
    for row in rows:
        missed = f" [bold red]{say('missed')}[/bold red]" if row.is_missed else ""
        told.append(f"{row.feed} {speech.duration(row.age_s)}{missed}")
    return ", ".join(told) or NOTHING


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def _or_note(table: Table, note: str) -> RenderableType:
    return table if table.row_count else Text.assemble((f"{table.title}: ", "bold"), note)


def _clock(instant: datetime | None, zone: str, form: str = "%d/%m %H:%M %Z") -> str:
    return "" if instant is None else instant.astimezone(ZoneInfo(zone)).strftime(form)
