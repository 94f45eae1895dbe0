"""The management review of a month (ISO 9001:2015, clause 9.1.3): what was reached, what was not,
and what was done about it, as HTML, PDF and workbook.

`figures` reads the marts, as any analyst could; `periods` and `summary` judge what was read;
`sections` say it in one language; `as_html`, `as_pdf` and `as_workbook` write what the sections
hold and compute nothing. Nothing here names an agent. Which reports were made is in `ops.report`.
"""

from rtm.report.making import FORMATS, File, Report, ReportError, make_report, write_files
from rtm.report.month import Month, MonthError
from rtm.report.telling import Told, report_due, send_report

__all__ = [
    "FORMATS",
    "File",
    "Month",
    "MonthError",
    "Report",
    "ReportError",
    "Told",
    "make_report",
    "report_due",
    "send_report",
    "write_files",
]
