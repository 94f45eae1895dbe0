"""The report as a workbook: a sheet for the summary and for each section, numbers as numbers, and
charts that Excel draws from the sheet of days.

The same document gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime

from openpyxl import Workbook
from openpyxl.chart import LineChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from rtm.report.contents import Cell, Document, Table
from rtm.roster.cells import saved, write_text

BOLD, TITLE = Font(bold=True), Font(bold=True, size=14)
HEAD = PatternFill("solid", fgColor="F2F2F2")
WRAPPED = Alignment(wrap_text=True, vertical="top")
WIDTH, LABEL_WIDTH, SENTENCE_WIDTH = 17, 34, 120
LONGEST_TITLE = 31
"""Of a sheet, in Excel."""
NO_TITLE = re.compile(r"[\[\]:*?/\\']")
CHART_ROWS, CHART_WIDTH_CM, CHART_HEIGHT_CM = 16, 24, 7.5
DAY_COLUMN, VALUE_COLUMN, TARGET_COLUMN = 4, 7, 8
"""Of the table of days."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""That a zip archive can tell."""
MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def as_workbook(document: Document, made_at: datetime) -> bytes:
    book = Workbook()
    _write_summary(book.worksheets[0], document)
    for number, section in enumerate(document.sections, 1):
        sheet = _sheet(book, f"{number} {section.title}")
        write_text(sheet.cell(1, 1), f"{number}. {section.title} – {section.clauses}").font = TITLE
        write_text(sheet.cell(2, 1), section.intro)
        row = 4
        for table in section.tables:
            row = _write_table(sheet, table, row)
    days = _sheet(book, document.days.title)
    _write_table(days, document.days, 1)
    _write_charts(book, days, document)
    return _unchanging(saved(book), made_at)


def _sheet(book: Workbook, title: str) -> Worksheet:
    sheet: Worksheet = book.create_sheet(NO_TITLE.sub(" ", title)[:LONGEST_TITLE].strip())
    return sheet


def _write_summary(sheet: Worksheet, document: Document) -> None:
    sheet.title = document.words["summary"]
    write_text(sheet.cell(1, 1), document.title).font = TITLE
    write_text(sheet.cell(2, 1), document.subtitle)
    row = 4
    for label, told in document.cover:
        write_text(sheet.cell(row, 1), label).font = BOLD
        write_text(sheet.cell(row, 2), told).alignment = WRAPPED
        row += 1
    row += 1
    write_text(sheet.cell(row, 1), document.lead).font = BOLD
    for finding, sentences in document.findings.items():
        row += 2
        write_text(sheet.cell(row, 1), document.words[finding]).font = BOLD
        for sentence in sentences or [document.words["none"]]:
            row += 1
            write_text(sheet.cell(row, 2), sentence).alignment = WRAPPED
    write_text(sheet.cell(row + 2, 1), document.footer)
    sheet.column_dimensions["A"].width = LABEL_WIDTH
    sheet.column_dimensions["B"].width = SENTENCE_WIDTH


def _write_table(sheet: Worksheet, table: Table, row: int) -> int:
    """Writes a table from a row on; returns the row after it and an empty one."""
    write_text(sheet.cell(row, 1), table.title).font = BOLD
    write_text(sheet.cell(row + 1, 1), table.note)
    if not table.rows:
        write_text(sheet.cell(row + 2, 1), table.empty)
        return row + 4
    for column, head in enumerate(table.heads, 1):
        cell = write_text(sheet.cell(row + 2, column), head)
        cell.font, cell.fill, cell.alignment = BOLD, HEAD, WRAPPED
        sheet.column_dimensions[get_column_letter(column)].width = WIDTH
    for number, cells in enumerate(table.rows, row + 3):
        for column, content in enumerate(cells, 1):
            _write(sheet, number, column, content)
    return row + 4 + len(table.rows)


def _write(sheet: Worksheet, row: int, column: int, content: Cell) -> None:
    cell = sheet.cell(row, column)
    if content.value is None:
        write_text(cell, content.shown).alignment = WRAPPED
    else:
        cell.value = content.value
        cell.number_format = content.form


def _write_charts(book: Workbook, days: Worksheet, document: Document) -> None:
    """One sheet of charts, each over its rows of the sheet of days."""
    charts = [chart for section in document.sections for chart in section.charts]
    if not charts:
        return
    sheet = _sheet(book, document.words["charts"])
    heads = 3
    for number, chart in enumerate(charts):
        first = heads + 1 + chart.first_row
        last = first + len(chart.days) - 1
        drawn = LineChart()
        drawn.title = chart.title
        drawn.width, drawn.height = CHART_WIDTH_CM, CHART_HEIGHT_CM
        for column in (VALUE_COLUMN, TARGET_COLUMN):
            drawn.add_data(Reference(days, column, first, column, last), titles_from_data=False)
        drawn.set_categories(Reference(days, DAY_COLUMN, first, DAY_COLUMN, last))
        for series, name in zip(drawn.series, ("line", "target"), strict=True):
            _name(series, document.words[name], is_target=name == "target")
        drawn.x_axis.number_format = "d"
        drawn.x_axis.delete = drawn.y_axis.delete = False
        sheet.add_chart(drawn, f"A{1 + number * CHART_ROWS}")


def _name(series: object, name: str, is_target: bool) -> None:
    from openpyxl.chart.series import Series, SeriesLabel

    assert isinstance(series, Series)
    series.tx = SeriesLabel(v=name)
    series.smooth = False
    line = series.graphicalProperties.line
    line.solidFill = "B34700" if is_target else "0B4F8A"
    line.dashStyle = "dash" if is_target else "solid"


def _unchanging(content: bytes, made_at: datetime) -> bytes:
    """The workbook without the moment at which this copy was written: openpyxl puts it into the
    properties and on every part."""
    told = f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = MODIFIED.sub(rb"\g<1>" + told, part)
            info = zipfile.ZipInfo(name, EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, part)
    return out.getvalue()
