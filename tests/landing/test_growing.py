"""A log that grows is read on from where it ended, and says the same as if it were read whole."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given
from hypothesis import strategies as st

from rtm.cycle import land_feeds
from rtm.landing.arrivals import Arrival
from rtm.landing.containers import log_records, read_header, unpacked
from rtm.landing.growing import read_on
from rtm.landing.load import land_file
from rtm.sources import FEEDS

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
QUEUE_LOG = FEEDS["asterisk_queue_log"]
MINUTE = timedelta(minutes=1)


def line(second: int, agent: str = "SIP/101", event: str = "PAUSE") -> str:
    return f"{1763860000 + second}|NONE|NONE|{agent}|{event}|\n"


def arrival_of(path: Path, content: bytes) -> Arrival:
    path.write_bytes(content)
    return Arrival(QUEUE_LOG, LocalFileSystem(), str(path), NOON, len(content))


def records_of(arrival: Arrival) -> list[tuple[int, str]]:
    with unpacked(arrival) as content:
        table = read_header(arrival, content)
        return [
            (record.number, record.raw_text)
            for record in log_records(table, content, arrival.lines_before)
        ]


LINES = st.lists(
    st.sampled_from(
        [b"1763860000|NONE|NONE|A|PAUSE|\n", b"\n", b"\xff\xfe|x\r\n", b"1|\xc3\xa9\n"]
    ),
    min_size=1,
)


@given(LINES, st.data())
def test_what_was_there_and_what_is_read_on_are_the_whole(lines, data):
    content = b"".join(lines) + data.draw(st.sampled_from([b"", b"1763860000|NONE|NONE|A|UNP"]))
    cut = data.draw(st.integers(0, len(content) - 1))
    before = content[:cut]
    with TemporaryDirectory() as folder:
        whole = arrival_of(Path(folder) / "queue_log", content)
        on = read_on(whole, (cut, hashlib.sha256(before).hexdigest()))
        assert on.starts_at == before.rfind(b"\n") + 1
        all_records = records_of(whole)
        assert [r for r in all_records if r[0] <= on.lines_before] + records_of(on) == all_records


@pytest.mark.parametrize(
    ("name", "content", "last"),
    [
        ("queue_log", line(0) + line(1), None),
        ("queue_log", line(0) + line(1), line(2)),
        ("queue_log", line(0), line(0)),
        ("queue_log", line(0), line(0) + line(1)),
        ("queue_log.gz", line(0) + line(1), line(0)),
        (
            "queue_log.csv",
            "time,callid,queuename,agent,event\n2026-11-22 08:00:00,NONE,NONE,A,PAUSE\n",
            "time,callid,queuename,agent,event\n",
        ),
    ],
    ids=["first", "rotated", "same", "shorter", "packed", "table"],
)
def test_any_other_file_is_read_from_its_beginning(tmp_path, name, content, last):
    arrival = arrival_of(tmp_path / name, content.encode())
    told = last and (len(last), hashlib.sha256(last.encode()).hexdigest())
    assert read_on(arrival, told) == arrival


def test_lines_that_were_written_after_the_listing_are_no_change_of_the_beginning(
    system, deliver, query
):
    """The log stands in the landing folder itself, and the PBX goes on while it is read."""
    path = deliver("asterisk_queue_log", "queue_log", line(0), NOON)
    listed = Arrival(QUEUE_LOG, LocalFileSystem(), str(path), NOON, len(line(0)))
    deliver("asterisk_queue_log", "queue_log", line(0) + line(1), NOON)
    land_file(system.warehouse, listed)
    deliver("asterisk_queue_log", "queue_log", line(0) + line(1) + line(2), NOON + MINUTE)
    land_feeds(system, NOON + MINUTE)
    assert [r["rows_read"] for r in query("select * from ops.file_ledger order by file_id")] == [
        *(2, 2)
    ]
    assert [r["_row"] for r in query("select _row from raw.asterisk_queue_log order by 1")] == [
        *(1, 2, 3)
    ]


def test_a_log_costs_what_was_added_to_it(system, deliver, query):
    log = line(0) + line(1, event="")
    # Grown by a line, cut off in the middle of the next, and whole again
    additions = [line(2, "SIP/102"), line(3, event="")[:-9], line(3, event="")[-9:] + line(4)]
    for minute, added in enumerate(["", *additions]):
        log += added
        at = NOON + minute * MINUTE
        deliver("asterisk_queue_log", "queue_log", log, at)
        assert land_feeds(system, at)["files"] == 1
    # Rotated
    deliver("asterisk_queue_log", "queue_log", line(60) + line(61), NOON + 9 * MINUTE)
    land_feeds(system, NOON + 9 * MINUTE)
    read = query("select rows_read from ops.file_ledger order by file_id")
    assert [row["rows_read"] for row in read] == [2, 1, 1, 2, 2]
    kept = query('select _row, "time" from raw.asterisk_queue_log order by 2')
    assert [(row["_row"], int(row["time"]) - 1763860000) for row in kept] == [
        *((1, 0), (3, 2), (5, 4)),
        *((1, 60), (2, 61)),
    ]
    bad = query("select row_number, raw_text from ops.quarantine order by quarantine_id")
    assert [row["row_number"] for row in bad] == [2, 4, 4]
    assert bad[2]["raw_text"] == line(3, event="").rstrip("\n")
