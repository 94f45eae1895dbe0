"""What is known of lines before the database sees them agrees with what the database would say."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from itertools import product

import pytest

from rtm.cycle import land_feeds
from rtm.landing.checks import COMMON, common_lines, reason_expression
from rtm.landing.lines import CHUNK, PassingLines
from rtm.sources import FEEDS, Column, Feed, Kind, Role

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
EVENT = FEEDS["agent_event"]
HEADER = "event_id,occurred_at,agent_id,event,state\n"
LINE = "E{},2026-11-22T09:00:00+07:00,A1,state,ready\n"

DATES = [
    f"{year}-{month:02d}-{day:02d}"
    for year, month, day in product(("0000", "1900", "2000", "2026"), range(14), range(33))
]
CLOCKS = [
    f"{hour:02d}:{minute:02d}{second}"
    for hour, minute, second in product(
        (0, 9, 19, 20, 23, 24, 25), (0, 9, 59, 60), ("", ":00", ":59", ":60", ":5", ":00.5")
    )
]
OFFSETS = ["", "Z", "+00:00", "-03:30", "+07:00", "+14:59", "+15:00", "+24:00", "+0700", "+07", "x"]
CELLS = {
    Kind.DATE: DATES,
    Kind.CLOCK: CLOCKS,
    Kind.INSTANT: [
        *(f"{date}T08:00:00+07:00" for date in DATES),
        *(f"2026-11-22{t}{c}{o}" for t, c, o in product(("T", " ", "x", ""), CLOCKS, OFFSETS)),
    ],
    Kind.NUMBER: ["0", "007", "1.5", "1,5", ".5", "5.", "-1", "1e3", "1.2.3", "ten", "", "٣"],
    Kind.BOOLEAN: ["true", "TRUE", "1", "0", "2", "yes", "ya", "tidak", "no", "t", "on", ""],
}


@pytest.mark.parametrize("kind", COMMON)
def test_a_cell_in_the_common_notation_is_readable_to_the_database(kind, query):
    pattern = re.compile(COMMON[kind])
    common = [cell for cell in CELLS[kind] if pattern.fullmatch(cell)]
    assert 0 < len(common) < len(CELLS[kind])
    feed = Feed("probe", (Column("cell", kind, required=True),), Role.RECORD, key=("cell",))
    # SQLAlchemy would take the colons of a condition for parameters.
    reason = reason_expression(feed).replace(":", r"\:")
    checked = query(
        f"select cell, {reason} as reason from unnest(cast(:c as text[])) cell", c=common
    )
    assert len(checked) == len(common)
    assert [row for row in checked if row["reason"]] == []


@pytest.mark.parametrize(
    ("line", "is_common"),
    [
        ("E1,2026-11-22T09:00:00+07:00,A1,state,ready", True),
        (",2026-11-22 09:00,A1,login,", True),
        ("E1,2026-11-22T09:00:00+07:00,A1,state,ready\r\n", True),
        ("E1,2026-11-22T09:00:00+07:00,,state,ready", False),
        ("E1,2026-11-22T09:00:00+07:00,A1,,", False),
        ("E1,2026-11-22T09:00:00+07:00,A1,state", False),
        ("E1,2026-11-22T09:00:00+07:00,A1,state,ready,", False),
        ("E1,2026-11-22T09:00:00+07:00,A1,state,asleep", False),
        ('"E1",2026-11-22T09:00:00+07:00,A1,state,ready', False),
        ("E1,2026-02-29T09:00:00+07:00,A1,state,ready", False),
        ("E1,yesterday,A1,state,ready", False),
        ("", True),
        ("\n", False),
    ],
)
def test_a_line_is_common_if_all_its_cells_are(line, is_common):
    pattern = common_lines(EVENT.columns[:5], ",")
    assert pattern is not None
    good = LINE.format(0)
    assert (pattern.fullmatch((good + line).encode()) is not None) is is_common


def test_every_feed_of_many_rows_has_a_common_notation():
    for name in ("agent_event", "call", "conversation"):
        assert common_lines(FEEDS[name].columns, ";") is not None


def passed(content: str) -> PassingLines:
    lines = PassingLines(io.BytesIO(content.encode()), ",", common_lines(EVENT.columns[:5], ","))
    assert b"".join(lines.chunks()) == content.encode()
    return lines


def test_lines_that_end_in_different_chunks_are_looked_at_whole():
    count = 5 * CHUNK // len(LINE)
    content = "".join(LINE.format(number) for number in range(count))
    assert passed(content).are_readable
    assert passed(content).are_distinct(count)
    assert not passed(content + LINE.format(7)).are_distinct(count + 1)
    assert not passed(content + LINE.format(7).rstrip()).are_distinct(count + 1)
    assert not passed(content + '"E7",,,,\n').are_distinct(count + 1)
    assert not passed(content + ",,,,\n").are_readable
    assert passed("").are_distinct(0)


@pytest.fixture
def events(system, deliver, query):
    """Lands one file of agent events, and gives the ids that are in and what is in quarantine."""

    def land(rows, header=HEADER):
        deliver("agent_event", "events.csv", header + rows, NOON)
        land_feeds(system, NOON)
        ids = query("select event_id, _row from raw.agent_event order by _row")
        return (
            [(row["event_id"], row["_row"]) for row in ids],
            query("select row_number, reason, raw_text from ops.quarantine order by row_number"),
        )

    return land


def test_rows_that_differ_only_in_quotes_or_the_last_line_break_are_kept_once(events):
    one, two = LINE.format(1), LINE.format(2)
    kept, _ = events(one + two + one.replace("A1", '"A1"') + two.rstrip())
    assert kept == [("E1", 2), ("E2", 3)]


def test_a_quoted_empty_cell_is_an_empty_cell(events, query):
    events(LINE.format(1).replace("ready", '""'))
    assert query("select state from raw.agent_event") == [{"state": None}]


def test_a_bad_row_far_behind_good_ones_is_found_under_its_number(events):
    count = 3 * CHUNK // len(LINE)
    good = [LINE.format(number) for number in range(count)]
    good[count - 10] = "BAD,2026-02-29T09:00:00+07:00,A1,state,ready\n"
    kept, quarantined = events("".join(good))
    assert len(kept) == count - 1
    (row,) = quarantined
    assert row["row_number"] == count - 10 + 2
    assert "occurred_at: '2026-02-29T09:00:00+07:00'" in row["reason"]
    assert row["raw_text"].startswith("BAD,")


def test_an_event_of_a_leap_day_and_a_file_without_rows_are_taken_in(events, query):
    kept, quarantined = events("E1,2028-02-29T09:00:00Z,A1,login,\n")
    assert (kept, quarantined) == ([("E1", 2)], [])
    events("")
    assert query("select outcome, rows_read from ops.file_ledger order by file_id") == [
        {"outcome": "loaded", "rows_read": 1},
        {"outcome": "loaded", "rows_read": 0},
    ]
