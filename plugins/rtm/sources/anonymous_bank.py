"""The call log of the Technion's "Anonymous Bank" research data: tab-separated, 17 columns.

Times are local to Israel, written H:MM:SS, and may pass midnight; the date is yymmdd. A call is
known by line, number and date together: the number alone repeats.
"""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Role

ANONYMOUS_BANK = Feed(
    "anonymous_bank",
    (
        Column("vru+line", required=True),
        Column("call_id", required=True),
        Column("customer_id"),
        Column("priority"),
        Column("type"),
        Column("date", Kind.COMPACT_DATE, required=True),
        Column("vru_entry", Kind.ELAPSED_CLOCK, required=True),
        Column("vru_exit", Kind.ELAPSED_CLOCK, required=True),
        Column("vru_time", Kind.NUMBER),
        Column("q_start", Kind.ELAPSED_CLOCK, required=True),
        Column("q_exit", Kind.ELAPSED_CLOCK, required=True),
        Column("q_time", Kind.NUMBER, required=True),
        Column("outcome", Kind.CHOICE, required=True, choices=("agent", "hang", "phantom")),
        Column("ser_start", Kind.ELAPSED_CLOCK, required=True),
        Column("ser_exit", Kind.ELAPSED_CLOCK, required=True),
        Column("ser_time", Kind.NUMBER, required=True),
        Column("server"),
    ),
    Role.RECORD,
    key=("vru_line", "call_id", "date"),
    delimiters="\t",
    suffixes=(".tsv", ".txt", ".csv"),
)
