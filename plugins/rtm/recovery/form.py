"""The Recovery Plan form (SOP 10.1) as PDF, and the plans of a month as a workbook: records that
leave the house. What stands on them comes from the plan and its audit alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
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

from rtm import audit, speech
from rtm.fonts import BOLD, FONT, register_fonts
from rtm.recipients import names_of
from rtm.recovery.changing import read_history, read_plan
from rtm.roster.cells import saved, write_text
from rtm.settings import Language
from rtm.speech import COUNTS, NOTHING, PERCENT

WORDS = Path(__file__).with_name("words.yml")
MARGIN = 18 * mm
LABEL_WIDTH = 48 * mm
COLUMN_WIDTH = 22

STEPS_WITH_SLA = ("submit", "verify", "start", "finish", "close")
MOST_CANDIDATES = 10
"""Of those who could be asked; more nobody calls."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "breach": (
        *("service_name", "channel", "roster_date", "kpi", "formula"),
        *("target", "observed", "gap", "volume"),
        *("severity", "breach_started_at", "detected_at", "cleared_at"),
    ),
    "analysis": ("explanation", "way_back", "cause_category", "whys"),
    "action": (
        *("correction", "corrective_action", "responsible", "due_at", "horizon_min"),
        "on_target_intervals",
    ),
    "deadlines": ("created_at", *(f"sla_{step}" for step in STEPS_WITH_SLA)),
    "verification": (*("author", "submitted_at", "verifier", "verified_at", "times_returned"),),
    "result": (
        *("started_at", "done_at", "evidence", "is_effective", "closed_at", "retain_until"),
        "is_on_legal_hold",
    ),
}
"""What the form holds, section by section."""

MEASURED = frozenset({"target", "observed", "gap", "volume"})
"""What a missing roster has none of."""

OF_MONTH = text(
    """
    select plan.plan_id
    from ops.recovery_plan as plan
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where (cast(:services as text[]) is null or breach.service_code = any(:services))
        and date_trunc('month', plan.created_at at time zone service.timezone) = :month
    order by plan.plan_id
    """
)

# The limit of each step, and when that of the step that waits is over
LIMITS = text(
    """
    select
        rule.step,
        coalesce(stated.due_min, rule.due_min)::float as due_min,
        due.due_at,
        due.escalate_at
    from staging.stg_plan__rule as rule
    left join staging.stg_canonical__plan_rule as stated
        on stated.service_code = :service_code
        and stated.severity = rule.severity
        and stated.step = rule.step
    left join marts.rpt_plan_due as due on due.plan_id = :plan_id and due.step = rule.step
    where rule.severity = :severity
    """
)


class Speech(speech.Speech):
    """How the form says things in one language."""

    files = (speech.SHARED, WORDS)

    def labels(self, names: Iterable[str]) -> list[str]:
        """Of fields of a plan."""
        return [self.say(f"field.{name}") for name in names]


def plans_of_month(
    connection: Connection, month: date, services: Sequence[str] | None = None
) -> list[RowMapping]:
    """The plans that were made in a month (its first day) on the service's clock, of these services
    or of all."""
    asked = {"month": month, "services": None if services is None else list(services)}
    ids: Sequence[int] = connection.execute(OF_MONTH, asked).scalars().all()
    return [read_plan(connection, plan_id) for plan_id in ids]


def plan_as_pdf(connection: Connection, plan: RowMapping, language: Language) -> bytes:
    """One plan as a form: its numbers, what people wrote, and each step with who took it."""
    register_fonts()
    out = io.BytesIO()
    speech = Speech(language)
    title = speech.say("form.title", plan_id=plan["plan_id"])
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

    blocks = _blocks(connection, plan, speech)
    document.build(list(blocks), onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


def _blocks(connection: Connection, plan: RowMapping, speech: Speech) -> Iterable[Flowable]:
    styles = getSampleStyleSheet()
    body = ParagraphStyle("cell", styles["BodyText"], fontName=FONT, fontSize=8, leading=11)
    heads = [ParagraphStyle(of, styles[of], fontName=BOLD) for of in ("Title", "Heading2")]
    title, heading = heads
    yield Paragraph(escape(speech.say("form.title", plan_id=plan["plan_id"])), title)
    status = speech.say(f"plan_status.{plan['status']}")
    yield Paragraph(escape(f"{speech.say('field.status')}: {status}"), body)
    told = _told(connection, plan, speech)
    for section, names in SECTIONS.items():
        yield Paragraph(escape(speech.say(f"form.section_{section}")), heading)
        held = [name for name in names if _holds(plan, name)]
        fields = zip(speech.labels(held), (told[name] for name in held), strict=True)
        yield _table(list(fields), body, (LABEL_WIDTH, None))
    yield Paragraph(escape(speech.say("form.section_history")), heading)
    zone = ZoneInfo(plan["timezone"])
    taken = [[_plain(at, zone), *entry] for at, *entry in _history(connection, plan, speech)]
    rows = [_step_header(speech), *taken]
    yield _table(rows, body, (32 * mm, 40 * mm, 30 * mm, None))
    yield Spacer(0, 4 * mm)
    yield Paragraph(escape(speech.say("form.signature")), body)


def _holds(plan: RowMapping, name: str) -> bool:
    """Whether there is such a field of a plan of its kind: a roster is of a date, and is not
    measured."""
    return name not in (("roster_date",) if plan["roster_date"] is None else MEASURED)


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
    speech = Speech(language)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = speech.say("form.sheet_plans")
    columns = ["plan_id", "status", *(name for names in SECTIONS.values() for name in names)]
    _write_row(sheet, 1, speech.labels(columns), is_header=True)
    steps = book.create_sheet(speech.say("form.sheet_steps"))
    _write_row(steps, 1, [*speech.labels(["plan_id"]), *_step_header(speech)], is_header=True)
    step_row = 1
    for number, plan in enumerate(plans, start=2):
        told = _told(connection, plan, speech)
        told |= {"status": speech.say(f"plan_status.{plan['status']}")}
        figures = _figures(plan)
        _write_row(sheet, number, [figures.get(name) or told[name] for name in columns])
        for at, *entry in _history(connection, plan, speech):
            step_row += 1
            _write_row(steps, step_row, [figures["plan_id"], _moment(at, plan), *entry])
    for of in (sheet, steps):
        of.freeze_panes = "A2"
        for column in range(1, of.max_column + 1):
            of.column_dimensions[get_column_letter(column)].width = COLUMN_WIDTH
    return saved(book)


@dataclass(frozen=True)
class Figure:
    """What a workbook can sort and add up, and how it shows it."""

    value: float | date
    form: str


def _figures(plan: RowMapping) -> dict[str, Figure]:
    """The fields of the form that are numbers, days or times, as such."""
    told: dict[str, Figure] = {}
    for name in ("plan_id", *(name for names in SECTIONS.values() for name in names)):
        value = plan.get(name)
        if isinstance(value, datetime):
            told[name] = _moment(value, plan)
        elif isinstance(value, date):
            told[name] = Figure(value, "dd/mm/yyyy")
        elif isinstance(value, int) and not isinstance(value, bool):
            told[name] = Figure(value, "0")
    if plan["roster_date"] is None:
        unit = ' "%"' if plan["kpi"] in PERCENT else "" if plan["kpi"] in COUNTS else ' "s"'
        sign = "≥" if plan["comparator"] == ">=" else "≤"
        told["target"] = Figure(plan["target"], f'"{sign}" General{unit}')
        told["observed"] = Figure(plan["observed"], f"0.00{unit}")
        told["gap"] = Figure(plan["observed"] - plan["target"], f"0.00{unit}")
    return told


def _moment(instant: datetime, plan: RowMapping) -> Figure:
    """As a clock at the service shows it; a workbook knows no zones."""
    local = instant.astimezone(ZoneInfo(plan["timezone"]))
    return Figure(local.replace(tzinfo=None), f'dd/mm/yyyy hh:mm "{local:%Z}"')


def _write_row(
    sheet: Any, row: int, values: Sequence[str | Figure], is_header: bool = False
) -> None:
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(row, column)
        if isinstance(value, Figure):
            cell.value, cell.number_format = value.value, value.form
        else:
            write_text(cell, value)
        if is_header:
            cell.font = Font(bold=True)


def _told(connection: Connection, plan: RowMapping, speech: Speech) -> dict[str, str]:
    """Every field of the form as text, in that language and the zone of the service."""
    zone = ZoneInfo(plan["timezone"])
    told: dict[str, str] = {}
    for names in SECTIONS.values():
        for name in names:
            if name in plan:
                told[name] = _plain(plan[name], zone)
    told["whys"] = "\n".join(f"{n}. {why}" for n, why in enumerate(plan["whys"], 1)) or "-"
    kpi = plan["kpi"]
    told["channel"] = speech.channel(plan["channel"])
    told["kpi"] = speech.say(f"kpi.{kpi}")
    told["severity"] = speech.severity(plan["severity"])
    told["target"] = speech.target(kpi, plan["comparator"], plan["target"])
    # With more digits than a page has: what misses a target is to be seen missing.
    told["observed"] = speech.kpi(kpi, plan["observed"], 2)
    counts = (plan["numerator"], plan["denominator"], plan["at_risk"])
    told["volume"] = speech.counted(kpi, *counts) or NOTHING
    told |= _numbers(plan, speech) | _limits(connection, plan, speech)
    if plan["cleared_at"]:
        told["cleared_at"] += f", {speech.say('ended.' + plan['cleared_because'])}"
    told["is_on_legal_hold"] = speech.say(
        "form.held" if plan["is_on_legal_hold"] else "form.not_held"
    )
    told["is_effective"] = speech.say(f"form.effective_{plan['is_effective']}".lower())
    if plan["cause_category"]:
        told["cause_category"] = speech.say(f"cause.{plan['cause_category']}")
    people = {name: plan[name] for name in ("responsible", "author", "verifier") if plan[name]}
    known = names_of(connection, people.values())
    told |= {name: f"{known[agent_id]} ({agent_id})" for name, agent_id in people.items()}
    return {name: value if _holds(plan, name) else NOTHING for name, value in told.items()}


def _numbers(plan: RowMapping, speech: Speech) -> dict[str, str]:
    """What was computed when the plan was drafted."""
    facts = plan["facts"]
    explanation = _explanation(facts.get("explanation"), speech)
    way_back = _way_back(facts.get("way_back"), speech, plan["timezone"])
    return {
        "formula": facts.get("formula") or NOTHING,
        "gap": speech.gap(plan["kpi"], plan["observed"], plan["target"]),
        "explanation": "\n".join(explanation) or NOTHING,
        "way_back": "\n".join(way_back) or NOTHING,
    }


def _explanation(explanation: dict[str, Any] | None, speech: Speech) -> Iterable[str]:
    """What explains the gap, a line each, as the desk has it in a table."""
    if not explanation:
        return
    if not explanation["is_explained"]:
        reason = speech.say(f"reason.{explanation['reason']}")
        yield f"{speech.say('analysis.not_explained')} {reason}"
        return
    unit = speech.say(f"analysis.unit_{explanation['unit']}")
    gap = speech.number(explanation["gap"], 1)
    yield speech.say("analysis.causes_caption", gap=gap, unit=unit)
    for cause in explanation["causes"]:
        line = f"{speech.say('driver.' + cause['cause'])}: {speech.number(cause['share'], 1)}"
        if cause["low"] is not None:
            low, high = (speech.number(cause[end], 1) for end in ("low", "high"))
            line += f" ({speech.say('analysis.between')}: {low} … {high})"
        if cause["reason"]:
            line += f", {speech.say('reason.' + cause['reason'])}"
        yield line


def _way_back(back: dict[str, Any] | None, speech: Speech, zone: str) -> Iterable[str]:
    """What the rest of the day had to reach, the agents that were short, and who could be asked."""
    if not back:
        return
    if back["is_reachable"] is None:
        reason = speech.say(f"reason.{back['reason']}")
        yield f"{speech.say('analysis.way_back_unknown')} {reason}"
    else:
        names = {"needed": "needed_pct", "so_far": "so_far_pct", "target": "target"}
        rates = {name: speech.kpi(back["kpi"], back[of]) for name, of in names.items()}
        yield speech.say(
            "analysis.reachable" if back["is_reachable"] else "analysis.unreachable", **rates
        )
    for interval in back.get("intervals", ()):
        if interval["missing"] is not None and interval["missing"] > 0:
            start = speech.clock(datetime.fromisoformat(interval["start_at"]), zone)
            missing = speech.number(interval["missing"], 1)
            yield f"{start}: {speech.say('analysis.missing')} {missing}"
    candidates = back.get("candidates", ())
    if candidates:
        yield speech.say("analysis.candidates")
    for who in candidates[:MOST_CANDIDATES]:
        yield f"{who['agent_name']} ({who['agent_id']}): {speech.say('why.' + who['why'])}"
    if len(candidates) > MOST_CANDIDATES:
        yield speech.say("analysis.more", count=len(candidates) - MOST_CANDIDATES)


def _limits(connection: Connection, plan: RowMapping, speech: Speech) -> dict[str, str]:
    """Within how long each step is to be taken, and when the one that waits is due."""
    zone = ZoneInfo(plan["timezone"])
    asked = {name: plan[name] for name in ("service_code", "severity", "plan_id")}
    told = {}
    for limit in connection.execute(LIMITS, asked):
        within = speech.say("form.sla_by_plan")
        if limit.due_min is not None:
            within = speech.say("form.sla_within", time=speech.duration(limit.due_min * 60))
        if limit.due_at:
            moments = {"due": limit.due_at, "escalation": limit.escalate_at}
            local = {name: _plain(at, zone) for name, at in moments.items()}
            within += "; " + speech.say("form.sla_waits", **local)
        told[f"sla_{limit.step}"] = within
    return told


def _step_header(speech: Speech) -> list[str]:
    return [speech.say(f"form.{name}") for name in ("when", "who", "step", "note")]


def _history(
    connection: Connection, plan: RowMapping, speech: Speech
) -> Iterable[tuple[datetime, str, str, str]]:
    """Each step: when, who, what, and the note."""
    history = read_history(connection, plan["plan_id"])
    names = names_of(connection, {entry["actor"] for entry in history})
    names |= {audit.PIPELINE: speech.say("actor.pipeline")}
    for entry in history:
        note = (entry["content"] or {}).get("note", "")
        yield entry["at"], names[entry["actor"]], speech.say(f"taken.{entry['action']}"), note


def _plain(value: Any, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%d/%m/%Y %H:%M %Z}"
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
