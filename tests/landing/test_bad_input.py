"""What cannot be read ends in quarantine with its reason, and the good rows are in."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from rtm.cycle import land_feeds

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SERVICE = "service_code,service_name,client_name,timezone\nKARTU,Kartu,Bank,Asia/Jakarta\n"
HEADER = "call_id,service_code,direction,arrived_at,queued_at,outcome,updated_at\n"
GOOD = "C1,KARTU,inbound,2026-11-22T09:00:00+07:00,2026-11-22T09:00:05+07:00,open,\n"


@pytest.fixture
def land(system, deliver):
    """Delivers one call file beside a known service, and lands both."""
    deliver("service", "service.csv", SERVICE, NOON - timedelta(days=1))

    def run(content, name="calls.csv", feed="call"):
        deliver(feed, name, content, NOON)
        return land_feeds(system, NOON)

    return run


def quarantine(query):
    return query("select row_number, reason, raw_text from ops.quarantine order by quarantine_id")


def calls(query):
    return [row["call_id"] for row in query("select call_id from raw.call order by call_id")]


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("", "calls.csv", "the file is empty"),
        ("call_id,service_code\nC1,KARTU\n", "calls.csv", "missing columns: direction, arrived_at"),
        ((HEADER + GOOD).encode("utf-16"), "calls.csv", "not UTF-8"),
        (gzip.compress((HEADER + GOOD).encode())[:-9], "calls.csv.gz", "damaged or cut off"),
        (HEADER.replace("outcome", "call_id") + GOOD, "calls.csv", "columns appear twice"),
        (HEADER + GOOD, "calls.xls", "the ending of 'calls.xls'"),
    ],
    ids=["empty", "missing column", "wrong encoding", "cut-off gzip", "twice", "wrong ending"],
)
def test_a_file_that_cannot_be_read_is_quarantined_whole(land, query, content, name, reason):
    land(content, name)
    (row,) = quarantine(query)
    assert reason in row["reason"]
    assert row["row_number"] is None
    assert calls(query) == []
    (ledger,) = query("select outcome, message from ops.file_ledger where feed = 'call'")
    assert ledger["outcome"] == "quarantined"
    assert reason in ledger["message"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("C2,KARTU,inbound,yesterday,,open,\n", "arrived_at: 'yesterday' is not a date and time"),
        ("C2,KARTU,inbound,2026-02-30T09:00:00Z,,open,\n", "arrived_at"),
        ("C2,KARTU,inbound,2026-11-22,,open,\n", "arrived_at"),
        ("C2,KARTU,sideways,2026-11-22T09:00:00Z,,open,\n", "direction: 'sideways'"),
        ("C2,KARTU,inbound,,,open,\n", "arrived_at: is empty"),
        ("C2,KARTU,inbound,2026-11-22T09:00:00Z,,open\n", "the row has 6 cells, the header 7"),
        ("C2,KARTU,inbound,2026-11-22T09:00:00Z,,op\x00en,\n", "NUL"),
        ("C2,LUAR,inbound,2026-11-22T09:00:00Z,,open,\n", "the service 'LUAR' is not known"),
    ],
)
def test_a_row_that_cannot_be_read_is_quarantined_and_the_others_are_in(land, query, bad, reason):
    land(HEADER + GOOD + bad + GOOD.replace("C1", "C3"))
    assert calls(query) == ["C1", "C3"]
    (row,) = quarantine(query)
    assert reason in row["reason"]
    assert row["row_number"] == 3
    assert row["raw_text"].startswith("C2,")


def test_a_row_in_another_encoding_is_quarantined_alone(land, query):
    latin = "C2,KARTU,inbound,2026-11-22T09:00:00Z,,opén,\n".encode("latin-1")
    land((HEADER + GOOD).encode() + latin)
    assert calls(query) == ["C1"]
    (row,) = quarantine(query)
    assert row["reason"] == "the row is not UTF-8 text"
    assert "\\xe9" in row["raw_text"]


def test_a_half_written_file_is_not_there_yet(land, system, deliver, query):
    for name in (".calls.csv", "calls.csv.part", "calls.csv.tmp"):
        deliver("call", name, HEADER + GOOD, NOON)
    land_feeds(system, NOON)
    assert calls(query) == []
    assert query("select * from ops.file_ledger where feed = 'call'") == []


def test_a_file_that_was_cut_off_and_comes_again_whole_is_taken_in(land, system, deliver, query):
    land(HEADER + GOOD + "C2,KARTU,inb")
    assert calls(query) == ["C1"]
    later = NOON + timedelta(minutes=1)
    deliver("call", "calls.csv", HEADER + GOOD + GOOD.replace("C1", "C2"), later)
    land_feeds(system, later)
    assert calls(query) == ["C1", "C2"]


def test_semicolons_byte_order_mark_and_unknown_columns_are_read(land, query):
    content = HEADER.replace("\n", ",mood\n") + GOOD.replace("\n", ",glad\n")
    land(b"\xef\xbb\xbf" + content.replace(",", ";").encode())
    assert calls(query) == ["C1"]
    (ledger,) = query("select unknown_columns from ops.file_ledger where feed = 'call'")
    assert ledger["unknown_columns"] == ["mood"]


def test_json_lines_are_read_and_a_broken_line_is_quarantined(land, query):
    good = {
        "call_id": "C1",
        "service_code": "KARTU",
        "direction": "inbound",
        "arrived_at": "2026-11-22T09:00:00+07:00",
        "outcome": "answered",
        "talk_s": 12.5,
    }
    land(
        json.dumps(good) + '\n{"call_id": \n' + json.dumps(good | {"call_id": ["C2"]}) + "\n",
        "calls.jsonl",
    )
    assert calls(query) == ["C1"]
    assert query("select talk_s from raw.call") == [{"talk_s": "12.5"}]
    assert [row["row_number"] for row in quarantine(query)] == [2, 3]


def test_the_same_file_and_the_same_rows_again_change_nothing(land, system, deliver, query):
    land(HEADER + GOOD + GOOD)
    later = NOON + timedelta(minutes=1)
    deliver("call", "again.csv", HEADER + GOOD + GOOD, later)
    deliver("call", "overlapping.csv", HEADER + GOOD + GOOD.replace("C1", "C2"), later)
    land_feeds(system, later)
    assert calls(query) == ["C1", "C2"]
    outcomes = query(
        "select file_name, outcome from ops.file_ledger where feed = 'call' order by 1"
    )
    assert {row["file_name"]: row["outcome"] for row in outcomes} == {
        "again.csv": "repeated",
        "calls.csv": "loaded",
        "overlapping.csv": "loaded",
    }


def test_repeated_agent_events_are_kept_once(system, deliver, query):
    header = "event_id,occurred_at,agent_id,event\n"
    event = "{},2026-11-22T09:00:{:02d}+07:00,A1,login\n"
    rows = "".join(event.format("", second) for second in range(5))
    deliver("agent_event", "one.csv", header + rows + rows, NOON)
    deliver("agent_event", "two.csv", header + rows + event.format("", 9), NOON)
    land_feeds(system, NOON)
    assert query("select count(*) as n from raw.agent_event") == [{"n": 6}]


def test_rows_of_an_unknown_service_are_taken_in_when_it_appears(land, system, deliver, query):
    land(HEADER + GOOD.replace("KARTU", "BARU") + GOOD.replace("C1", "C2"))
    assert calls(query) == ["C2"]
    later = NOON + timedelta(minutes=1)
    deliver("service", "new.csv", SERVICE.replace("KARTU", "BARU"), later)
    land_feeds(system, later)
    assert calls(query) == ["C1", "C2"]
    (row,) = query("select released_at from ops.quarantine")
    assert row["released_at"] is not None


def test_the_latest_delivery_of_reference_data_holds_whatever_the_order_of_loading(
    system, deliver, query
):
    def service(name):
        return SERVICE.replace(",Kartu,", f",{name},")

    deliver("service", "b.csv", service("second"), NOON)
    land_feeds(system, NOON)
    deliver("service", "a.csv", service("first"), NOON - timedelta(hours=1))
    land_feeds(system, NOON)
    assert query("select service_name from raw.service") == [{"service_name": "second"}]
    later = NOON + timedelta(hours=1)
    deliver("service", "c.csv", service("first"), later)
    land_feeds(system, later)
    assert query("select service_name from raw.service") == [{"service_name": "first"}]


def test_reference_data_delivered_again_unchanged_rebuilds_nothing(system, deliver, query):
    deliver("service", "a.csv", SERVICE, NOON)
    land_feeds(system, NOON)
    (before,) = query("select _load_id from raw.service")
    deliver("service", "b.csv", SERVICE, NOON + timedelta(minutes=1))
    land_feeds(system, NOON + timedelta(minutes=1))
    assert query("select _load_id from raw.service") == [before]
