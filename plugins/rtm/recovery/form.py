"""The Recovery Plan form (SOP 10.1) as PDF, and the plans of a month as a workbook: records that
leave the house. What stands on them comes from the plan and its audit alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from sqlalchemy import Connection, RowMapping, text

from rtm.fonts import BOLD, FONT, register_fonts
from rtm.notify import words
from rtm.recipients import names_of
from rtm.recovery.changing import read_history
from rtm.recovery.telling import volume_text
from rtm.roster.cells import saved, write_text
from rtm.settings import Language
from rtm.speech import Speech

MARGIN = 18 * mm
LABEL_WIDTH = 48 * mm
COLUMN_WIDTH = 22

SECTIONS: dict[str, tuple[str, ...]] = {
    "breach": (
        *("service_name", "channel", "kpi", "target", "observed", "volume", "severity"),
        *("breach_started_at", "detected_at", "cleared_at"),
    ),
    "analysis": ("cause_category", "whys"),
    "action": (
        *("correction", "corrective_action", "responsible", "due_at", "horizon_min"),
        "on_target_intervals",
    ),
    "verification": (*("author", "submitted_at", "verifier", "verified_at", "times_returned"),),
    "result": ("started_at", "done_at", "evidence", "is_effective", "closed_at", "retain_until"),
}
"""What the form holds, section by section."""

OF_MONTH = text(
    """
    select plan.plan_id
    from ops.recovery_plan as plan
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where (cast(:service as text) is null or breach.service_code = :service)
        and date_trunc('month', plan.created_at at time zone service.timezone) = :month
    order by plan.plan_id
    """
)


def plans_of_month(connection: Connection, month: date, service: str | None) -> list[int]:
    """Numbers of the plans that were made in a month (its first day), on the service's clock."""
    return list(connection.execute(OF_MONTH, {"month": month, "service": service}).scalars())


def plan_as_pdf(connection: Connection, plan: RowMapping, language: Language) -> bytes:
    """One plan as a form: its numbers, what people wrote, and each step with who took it."""
    register_fonts()
    out = io.BytesIO()
    title = words("plan_form", language)["title"].format(plan_id=plan["plan_id"])
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author="Real Time Management",
        lang=language,
    )

    def footer(canvas: Canvas, _: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(MARGIN, 10 * mm, title)
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, str(canvas.getPageNumber()))

    blocks = _blocks(connection, plan, language)
    document.build(list(blocks), onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


def _blocks(connection: Connection, plan: RowMapping, language: Language) -> Iterable[Flowable]:
    say = words("plan_form", language)
    styles = getSampleStyleSheet()
    body = ParagraphStyle("cell", styles["BodyText"], fontName=FONT, fontSize=8, leading=11)
    heads = [ParagraphStyle(of, styles[of], fontName=BOLD) for of in ("Title", "Heading2")]
    title, heading = heads
    yield Paragraph(escape(say["title"].format(plan_id=plan["plan_id"])), title)
    yield Paragraph(escape(f"{say['status']}: {say['status_' + plan['status']]}"), body)
    told = _told(connection, plan, language)
    for section, names in SECTIONS.items():
        yield Paragraph(escape(say[f"section_{section}"]), heading)
        yield _table([[say[name], told[name]] for name in names], body, (LABEL_WIDTH, None))
    yield Paragraph(escape(say["section_history"]), heading)
    header = [say["when"], say["who"], say["step"], say["note"]]
    rows = [header, *_history(connection, plan, say)]
    yield _table(rows, body, (32 * mm, 40 * mm, 30 * mm, None))
    yield Spacer(0, 4 * mm)
    yield Paragraph(escape(say["signature"]), body)


def _table(
    rows: Sequence[Sequence[str]], style: ParagraphStyle, widths: Sequence[float | None]
) -> Table:
    free = A4[0] - 2 * MARGIN - sum(width or 0 for width in widths)
    cells = [
        [Paragraph(escape(text_).replace("\n", "<br/>"), style) for text_ in row] for row in rows
    ]
    # A long text goes on over the page.
    table = Table(cells, colWidths=[width or free for width in widths], splitInRow=1)
    table.setStyle(
        TableStyle(
            [("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        )
    )
    return table


def month_as_workbook(
    connection: Connection, plans: Sequence[RowMapping], language: Language
) -> bytes:
    """The plans of a month, one row each, and every step of them on a second sheet."""
    say = words("plan_form", language)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = say["sheet_plans"]
    columns = ["plan_id", "status", *(name for names in SECTIONS.values() for name in names)]
    _write_row(sheet, 1, [say[name] for name in columns], is_header=True)
    steps = book.create_sheet(say["sheet_steps"])
    header = [say[name] for name in ("plan_id", "when", "who", "step", "note")]
    _write_row(steps, 1, header, is_header=True)
    step_row = 1
    for number, plan in enumerate(plans, start=2):
        told = _told(connection, plan, language)
        told |= {"plan_id": str(plan["plan_id"]), "status": say[f"status_{plan['status']}"]}
        _write_row(sheet, number, [told[name] for name in columns])
        for entry in _history(connection, plan, say):
            step_row += 1
            _write_row(steps, step_row, [told["plan_id"], *entry])
    for of in (sheet, steps):
        of.freeze_panes = "A2"
        for column in range(1, of.max_column + 1):
            of.column_dimensions[get_column_letter(column)].width = COLUMN_WIDTH
    return saved(book)


def _write_row(sheet: Any, row: int, values: Sequence[str], is_header: bool = False) -> None:
    for column, value in enumerate(values, start=1):
        cell = write_text(sheet.cell(row, column), value)
        if is_header:
            cell.font = Font(bold=True)


def _told(connection: Connection, plan: RowMapping, language: Language) -> dict[str, str]:
    """Every field of the form as text, in that language and the zone of the service."""
    say = words("plan_form", language)
    zone = ZoneInfo(plan["timezone"])
    told: dict[str, str] = {}
    for names in SECTIONS.values():
        for name in names:
            if name in plan:
                told[name] = _plain(plan[name], zone)
    told["whys"] = "\n".join(f"{n}. {why}" for n, why in enumerate(plan["whys"], 1)) or "-"
    speech, kpi = Speech(language), plan["kpi"]
    told["channel"] = speech.channel(plan["channel"])
    told["kpi"] = speech.say(f"kpi.{kpi}")
    told["severity"] = speech.severity(plan["severity"])
    told["target"] = speech.target(kpi, plan["comparator"], plan["target"])
    # With more digits than a page has: what misses a target is to be seen missing.
    told["observed"] = speech.kpi(kpi, plan["observed"], 2)
    told["volume"] = volume_text(plan, language)
    told["is_effective"] = say[f"effective_{plan['is_effective']}".lower()]
    if plan["cause_category"]:
        told["cause_category"] = say[f"cause_{plan['cause_category']}"]
    people = {name: plan[name] for name in ("responsible", "author", "verifier") if plan[name]}
    known = names_of(connection, people.values())
    told |= {name: f"{known[agent_id]} ({agent_id})" for name, agent_id in people.items()}
    return told


def _history(connection: Connection, plan: RowMapping, say: dict[str, str]) -> Iterable[list[str]]:
    zone = ZoneInfo(plan["timezone"])
    history = read_history(connection, plan["plan_id"])
    names = names_of(connection, {entry["actor"] for entry in history})
    for entry in history:
        note = (entry["content"] or {}).get("note", "")
        actor = names[entry["actor"]]
        yield [_plain(entry["at"], zone), actor, say[f"action_{entry['action']}"], note]


def _plain(value: Any, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%d/%m/%Y %H:%M %Z}"
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
