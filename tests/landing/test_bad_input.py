"""What cannot be read ends in quarantine with its reason, and the good rows are in."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from fsspec.implementations.local import LocalFileSystem

from rtm.cycle import build_marts, land_feeds

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


EVENTS = "event_id,occurred_at,agent_id,event,source\n"
EVENT = "E{},2026-11-22T09:00:00+07:00,A1,login,{}\n"


def events(query):
    rows = query("select event_id, source from raw.agent_event order by _row")
    return [(row["event_id"], row["source"]) for row in rows]


@pytest.mark.parametrize("opened", ['"pbx', 'p"bx', '"pbx"x'])
def test_a_quote_that_nothing_closes_costs_one_row(land, query, opened):
    """Such is a file that was cut off in a cell, or a cell with an inch in it."""
    rows = [EVENT.format(1, opened), *(EVENT.format(n, "pbx") for n in range(2, 7))]
    land(EVENTS + "".join(rows), "events.csv", "agent_event")
    kept = [(f"E{n}", "pbx") for n in range(2, 7)]
    if opened == 'p"bx':
        assert events(query) == [("E1", 'p"bx'), *kept]
        assert quarantine(query) == []
    else:
        assert events(query) == kept
        (row,) = quarantine(query)
        assert row["row_number"] == 2
        assert row["raw_text"] == rows[0].rstrip()


def test_rows_with_inches_stay_apart(land, query):
    land(EVENTS + EVENT.format(1, '14"') + EVENT.format(2, '17"'), "e.csv", "agent_event")
    assert events(query) == [("E1", '14"'), ("E2", '17"')]
    assert quarantine(query) == []


def test_a_cell_may_hold_quotes_delimiters_and_line_breaks(land, query):
    source = '"a ""b"", c\nd"'
    land(EVENTS + EVENT.format(1, source) + EVENT.format(2, "pbx"), "e.csv", "agent_event")
    assert events(query) == [("E1", 'a "b", c\nd'), ("E2", "pbx")]


def test_a_line_that_ends_a_copy_does_not_end_the_file(land, query):
    land(EVENTS + EVENT.format(1, "x") + "\\.\n" + EVENT.format(2, "y"), "e.csv", "agent_event")
    assert events(query) == [("E1", "x"), ("E2", "y")]
    (row,) = quarantine(query)
    assert (row["row_number"], row["raw_text"]) == (3, "\\.")


@pytest.mark.parametrize(
    ("feed", "bad"),
    [
        ("call", {"talk_s": "1e400"}),
        ("call", {"talk_s": "1e200000"}),
        ("call", {"talk_s": "2000000000"}),
        ("call", {"talk_s": "٣"}),
        ("call", {"arrived_at": "2026-11-22T09:00:00+7"}),
        ("call", {"arrived_at": "0001-01-01T00:00:00"}),
        ("kpi_target", {"effective_from": "0202-01-01"}),
        ("service", {"timezone": "Mon"}),
        ("service", {"timezone": "UTC+7"}),
        ("service", {"timezone": "asia/jakarta"}),
        ("service", {"opening_hours": "Mo-Su 08:00-29:99"}),
        ("service", {"opening_hours": "Mo-Su 08:00-99:00"}),
        ("kpi_target", {"kpi": "service_level/9"}),
        ("kpi_target", {"window_min": "1e12"}),
    ],
)
def test_a_cell_that_a_model_could_not_take_is_quarantined(land, query, feed, bad):
    rows = {
        "call": {
            "call_id": "C9",
            "service_code": "KARTU",
            "direction": "inbound",
            "arrived_at": "2026-11-22T09:00:00Z",
            "outcome": "answered",
        },
        "service": {
            "service_code": "B",
            "service_name": "B",
            "client_name": "B",
            "timezone": "Asia/Jakarta",
        },
        "kpi_target": {
            "service_code": "KARTU",
            "channel": "voice",
            "kpi": "scr",
            "comparator": ">=",
            "target": "95",
            "effective_from": "2026-01-01",
        },
    }
    row = rows[feed] | bad
    land(f"{','.join(row)}\n{','.join(row.values())}\n", "bad.csv", feed)
    (found,) = quarantine(query)
    assert found["reason"].startswith(next(iter(bad)))


@pytest.mark.parametrize("hours", ["Mo-Fr 08:00-12:00, 13:00-17:00", "Mo, We 20:00-26:00; Sa off"])
def test_opening_hours_may_be_written_with_blanks(land, query, hours):
    line = f'B,B,B,Asia/Jakarta,"{hours}"\n'
    land(
        "service_code,service_name,client_name,timezone,opening_hours\n" + line, "b.csv", "service"
    )
    assert quarantine(query) == []


def test_json_values_that_are_no_json_are_quarantined(land, query):
    call = json.dumps(
        {
            "call_id": "C1",
            "service_code": "KARTU",
            "direction": "inbound",
            "arrived_at": "2026-11-22T09:00:00Z",
            "outcome": "answered",
        }
    )
    land(call + "\n" + call.replace("}", ', "talk_s": NaN}') + "\n", "calls.jsonl")
    assert calls(query) == ["C1"]
    (row,) = quarantine(query)
    assert "NaN is no JSON value" in row["reason"]


@pytest.mark.parametrize("name", [b"panggilan-\xe9.csv", b"zip::x.csv", b"a\nb'; drop--.csv"])
def test_any_file_name_is_only_a_name(land, query, tmp_path, name):
    folder = tmp_path / "landing" / "call"
    folder.mkdir(parents=True)
    path = os.path.join(os.fsencode(folder), name)
    with open(path, "w") as file:
        file.write(HEADER + GOOD)
    os.utime(path, (NOON.timestamp() - 60,) * 2)
    land(HEADER + GOOD.replace("C1", "C2"))
    assert calls(query) == ["C1", "C2"]


def test_lines_that_end_in_carriage_returns_alone_are_no_lines(land, query):
    land((HEADER + GOOD).replace("\n", "\r"))
    assert calls(query) == []
    (row,) = quarantine(query)
    assert "header" in row["reason"]


def test_a_file_that_cannot_be_opened_waits_and_keeps_no_other_out(
    system, deliver, query, monkeypatch
):
    """Root may open anything, so the file system refuses here in its stead."""
    deliver("service", "service.csv", SERVICE, NOON - timedelta(days=1))
    deliver("call", "a.csv", HEADER + GOOD, NOON)
    deliver("call", "b.csv", HEADER + GOOD.replace("C1", "C2"), NOON)
    really_open = LocalFileSystem._open

    def refuse(files, path, *arguments, **options):
        if path.endswith("a.csv"):
            raise PermissionError(13, "Permission denied", path)
        return really_open(files, path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFileSystem, "_open", refuse)
        did = land_feeds(system, NOON)
    assert calls(query) == ["C2"]
    assert did["unreachable"].keys() == {"call/a.csv"}
    assert land_feeds(system, NOON)["files"] == 1
    assert calls(query) == ["C1", "C2"]


def test_a_file_that_this_program_fails_on_keeps_no_other_out(system, deliver, query, monkeypatch):
    deliver("service", "service.csv", SERVICE, NOON - timedelta(days=1))
    deliver("call", "a.jsonl", "{}", NOON)
    deliver("call", "b.csv", HEADER + GOOD, NOON)
    monkeypatch.setattr("rtm.landing.load.json_records", None)
    assert land_feeds(system, NOON)["files"] == 3
    assert calls(query) == ["C1"]
    (row,) = quarantine(query)
    assert row["reason"].startswith("not read because of an error in this program")


def test_what_lies_ahead_is_kept_and_counted_when_its_time_has_come(system, deliver, query):
    """A row of the future: its call is offered only once the clock has passed it."""
    deliver("service", "service.csv", SERVICE, NOON - timedelta(days=1))
    deliver("call", "calls.csv", HEADER + GOOD, NOON - timedelta(hours=6))
    offered = "select offered from marts.fct_scr_interval"
    land_feeds(system, NOON - timedelta(hours=5))
    build_marts(system, NOON - timedelta(hours=5))
    assert calls(query) == ["C1"]
    assert query(offered) == []
    build_marts(system, NOON)
    assert query(offered) == [{"offered": 1}]


def test_an_older_version_of_a_row_changes_nothing(system, deliver, query):
    deliver("service", "service.csv", SERVICE, NOON - timedelta(days=1))
    new = GOOD.replace("open,", "blocked,2026-11-22T09:05:00+07:00")
    old = GOOD.replace("open,", "timed_out,2026-11-22T09:04:00+07:00")
    blocked = "select blocked, timed_out from marts.fct_scr_interval"
    for minute, row in enumerate((new, old)):
        deliver("call", f"calls{minute}.csv", HEADER + row, NOON + timedelta(minutes=minute))
        land_feeds(system, NOON + timedelta(minutes=minute))
        build_marts(system, NOON + timedelta(minutes=minute))
        assert query(blocked) == [{"blocked": 1, "timed_out": 0}]
