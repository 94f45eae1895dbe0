"""The report as PDF on A4, with the fonts that it needs within it.

The same document gives the same bytes: no date of making is in the file but those on its cover.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from rtm import charts
from rtm.fonts import BOLD, FONT, register_fonts
from rtm.report import contents
from rtm.report.cells import Speech
from rtm.report.contents import Cell, Chart, Document

PAGE = landscape(A4)
MARGIN = 14 * mm
PADDING = 6
"""Of the frame in which reportlab puts what flows."""
WIDTH = PAGE[0] - 2 * MARGIN - 2 * PADDING
LABEL_WIDTH = 58 * mm
CHART_WIDTH = 200 * mm
LINE, TARGET = colors.HexColor("#0b4f8a"), colors.HexColor("#b34700")
BAR, RULE, HEAD = (colors.HexColor(code) for code in ("#b8c4ce", "#d0d0d0", "#f2f2f2"))
LEAST_LETTERS, MOST_LETTERS = 6, 34
"""Of a column, when the width of a table is shared out."""


def as_pdf(document: Document) -> bytes:
    register_fonts()
    out = io.BytesIO()
    template = SimpleDocTemplate(
        out,
        pagesize=PAGE,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 4 * mm,
        title=f"{document.title} – {document.subtitle}",
        author="Real Time Management",
        lang=document.language,
        invariant=1,
    )

    def footer(canvas: Canvas, _: Any) -> None:
        canvas.setFont(FONT, 7)
        canvas.drawString(MARGIN, 10 * mm, document.footer)
        canvas.drawRightString(PAGE[0] - MARGIN, 10 * mm, str(canvas.getPageNumber()))

    template.build(list(_blocks(document)), onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


@cache
def _style(size: float, bold: bool = False, right: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"rtm-{size}-{bold}-{right}",
        fontName=BOLD if bold else FONT,
        fontSize=size,
        leading=size * 1.3,
        spaceAfter=size * 0.3,
        alignment=2 if right else 0,
        splitLongWords=1,
    )


def _words(text: str, size: float, bold: bool = False, right: bool = False) -> Paragraph:
    return Paragraph(escape(text).replace("\n", "<br/>"), _style(size, bold, right))


def _blocks(document: Document) -> Iterator[Flowable]:
    yield _words(document.title, 18, bold=True)
    yield _words(document.subtitle, 10)
    yield Spacer(0, 4 * mm)
    yield _cover(document)
    yield Spacer(0, 4 * mm)
    yield from _summary(document)
    for number, section in enumerate(document.sections, 1):
        yield CondPageBreak(50 * mm)
        yield Spacer(0, 5 * mm)
        yield _words(f"{number}. {section.title} – {section.clauses}", 13, bold=True)
        yield _words(section.intro, 8)
        for table in section.tables:
            yield from _table(table)
        for chart in section.charts:
            yield _chart(document, chart)


def _cover(document: Document) -> Table:
    rows = [[_words(label, 8, bold=True), _words(told, 8)] for label, told in document.cover]
    table = Table(rows, colWidths=[LABEL_WIDTH, WIDTH - LABEL_WIDTH], splitInRow=1)
    table.setStyle(TableStyle([*_GRID, ("BACKGROUND", (0, 0), (0, -1), HEAD)]))
    return table


def _summary(document: Document) -> Iterator[Flowable]:
    yield _words(document.words["summary"], 14, bold=True)
    yield _words(document.lead, 10, bold=True)
    for finding, sentences in document.findings.items():
        yield Spacer(0, 2 * mm)
        yield _words(document.words[finding], 10, bold=True)
        for sentence in sentences or [document.words["none"]]:
            yield _words(f"• {sentence}" if sentences else sentence, 8)


_GRID: list[Any] = [
    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
]


def _table(content: contents.Table) -> Iterator[Flowable]:
    yield CondPageBreak(30 * mm)
    yield Spacer(0, 3 * mm)
    yield _words(content.title, 10, bold=True)
    yield _words(content.note, 7)
    if not content.rows:
        yield _words(content.empty, 8)
        return
    heads = [_words(head, 7, bold=True) for head in content.heads]
    rows = [
        [_words(cell.shown, 7, right=cell.value is not None) for cell in row]
        for row in content.rows
    ]
    table = Table([heads, *rows], colWidths=_widths(content.heads, content.rows), repeatRows=1)
    table.setStyle(TableStyle([*_GRID, ("BACKGROUND", (0, 0), (-1, 0), HEAD)]))
    yield table


def _widths(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[float]:
    """The width of the page, shared out by the longest text of each column."""
    letters = [
        min(
            MOST_LETTERS,
            max(
                LEAST_LETTERS,
                *(len(word) for word in heads[column].split()),
                *(len(row[column].shown) for row in rows),
            ),
        )
        for column in range(len(heads))
    ]
    return [WIDTH * count / sum(letters) for count in letters]


def _chart(document: Document, chart: Chart) -> Flowable:
    volume = document.words["volume"]
    drawing = chart.drawing
    assert drawing is not None  # a chart has at least two days with a value
    speech = Speech(document.language)
    most = volume.format(most=speech.number(drawing.most_volume))
    legend = f"— {document.words['line']}    - - {document.words['target']}    | {most}"
    return KeepTogether(
        [
            Spacer(0, 3 * mm),
            _words(chart.title, 9, bold=True),
            _drawn(drawing, chart.kpi, speech),
            _words(legend, 7),
        ]
    )


def _drawn(chart: charts.DaysChart, kpi: str, speech: Speech) -> Drawing:
    """The same places as on the screen; a PDF counts them from below."""
    scale = CHART_WIDTH / charts.WIDTH
    drawing = Drawing(CHART_WIDTH, charts.HEIGHT * scale)
    group = Group(transform=(scale, 0, 0, scale, 0, 0))

    def up(y: float) -> float:
        return charts.HEIGHT - y

    def flat(run: Sequence[charts.Place]) -> list[float]:
        return [number for x, y in run for number in (x, up(y))]

    left, right = charts.LEFT, charts.WIDTH - charts.RIGHT
    for y, value in chart.value_ticks:
        group.add(Line(left, up(y), right, up(y), strokeColor=RULE))
        told = speech.kpi(kpi, value, 0 if value == round(value) else 1)
        group.add(String(left - 6, up(y) - 4, told, textAnchor="end", fontName=FONT, fontSize=11))
    for bar in chart.bars:
        drawn = Rect(bar.x, up(bar.y + bar.height), bar.width, bar.height)
        drawn.fillColor, drawn.strokeColor = BAR, None
        group.add(drawn)
    for x, day in chart.day_ticks:
        place = (x, up(charts.BARS_BOTTOM + 16))
        group.add(String(*place, str(day.day), textAnchor="middle", fontName=FONT, fontSize=11))
    for run in chart.targets:
        group.add(PolyLine(flat(run), strokeColor=TARGET, strokeWidth=2, strokeDashArray=[7, 5]))
    for run in chart.lines:
        group.add(PolyLine(flat(run), strokeColor=LINE, strokeWidth=2.5))
    for x, y in chart.dots:
        group.add(Circle(x, up(y), 3.5, fillColor=LINE, strokeColor=None))
    drawing.add(group)
    return drawing
