"""Reads the tables of a report back out of its files: by title, row by row, as text or values."""

from __future__ import annotations

import io
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from rtm.report import Report

Tables = dict[str, list[list[Any]]]


def content(report: Report, form: str) -> bytes:
    (file,) = [file for file in report.files if file.name.endswith(f".{form}")]
    return file.content


class _Page(HTMLParser):
    """The cells of each table below its heading, and all tags and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: Tables = {}
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self._path: list[str] = []
        self._title = ""
        self._in_details = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        self._path.append(tag)
        if tag == "h3":
            self._title = ""
        if tag == "details":
            self._in_details = True
        if not self._in_details:
            if tag == "tbody":
                self.tables[self._title] = []
            elif tag == "tr" and "tbody" in self._path:
                self.tables[self._title].append([])
            elif tag == "td":
                self.tables[self._title][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._path and self._path.pop() != tag:
            pass
        if tag == "details":
            self._in_details = False

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if "h3" in self._path:
            self._title += data
        elif "td" in self._path and not self._in_details:
            self.tables[self._title][-1][-1] += data


def read_html(report: Report) -> _Page:
    page = _Page()
    page.feed(content(report, "html").decode())
    return page


def read_workbook(report: Report) -> Tables:
    """Of every sheet, the rows below each row of heads, which are grey."""
    book = load_workbook(io.BytesIO(content(report, "xlsx")))
    tables: Tables = {}
    for sheet in book.worksheets:
        rows = list(sheet.iter_rows())
        for number, row in enumerate(rows):
            if row[0].fill.fgColor.rgb == "00F2F2F2":
                title = rows[number - 2][0].value
                width = sum(cell.value is not None for cell in row)
                tables[title] = [
                    [cell.value for cell in told[:width]]
                    for told in _until_empty(rows[number + 1 :])
                ]
    return tables


def _until_empty(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        if row[0].value is None:
            return
        yield row


def workbook_texts(report: Report) -> list[str]:
    book = load_workbook(io.BytesIO(content(report, "xlsx")))
    cells = (cell for sheet in book for row in sheet.iter_rows() for cell in row)
    return [cell.value for cell in cells if isinstance(cell.value, str)]


def pdf_text(report: Report) -> str:
    pages = PdfReader(io.BytesIO(content(report, "pdf"))).pages
    return "\n".join(page.extract_text() for page in pages)


def without_space(text: str) -> str:
    """For what a PDF breaks over lines, wherever there is room."""
    return "".join(text.split())
