"""A site's own export, from its mapping file to the marts."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtm.cycle import build_marts, land_feeds
from rtm.settings import REPOSITORY
from rtm.sources import CANONICAL, FEEDS
from rtm.sources.feed import Column, Kind
from rtm.sources.mapping.cells import MappedCell
from rtm.sources.mapping.files import MappingError, read_mapping, read_mappings
from tests.small_centre import MORNING, deliver_reference

NOON = MORNING + timedelta(hours=4)
KNOWN = {feed.name: feed for feed in CANONICAL}

MAPPING = """\
name: avaya_calls
feed: call
delimiter: ";"
encoding: cp1252
time_zone: Asia/Jakarta
time_format: "%d/%m/%Y %H:%M:%S"
unused: [Catatan]
columns:
  call_id: Nomor Panggilan
  service_code: Layanan
  direction: {value: inbound}
  arrived_at: {columns: [Tanggal, Jam]}
  answered_at: {columns: [Tanggal, Jam Jawab]}
  ended_at: {columns: [Tanggal, Jam Putus]}
  outcome: {column: Status, values: {Terjawab: answered, Abandon: abandoned}}
  talk_s: {column: Durasi, unit: "h:m:s"}
  queued_at: {columns: [Tanggal, Jam]}
"""
HEADER = "Nomor Panggilan;Layanan;Tanggal;Jam;Jam Jawab;Jam Putus;Status;Durasi;Catatan\n"
ROWS = (
    "1;KARTU;23/11/2026;09:00:00;09:00:10;09:02:15;Terjawab;0:02:05;café\n",
    "2;KARTU;23/11/2026;09:10:00;09:10:10;09:11:10;Terjawab;0:01:00;\n",
    "3;KARTU;23/11/2026;09:20:00;;09:21:00;Abandon;;\n",
)
CSV = (HEADER + "".join(ROWS)).encode("cp1252")


@pytest.fixture
def centre(system, deliver, tmp_path):
    """The small centre with a folder for mappings, and the mapping of Avaya's calls in it."""
    deliver_reference(deliver)
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "avaya.yml").write_text(MAPPING)
    return dataclasses.replace(
        system, settings=dataclasses.replace(system.settings, mappings=folder)
    )


def describe(centre, text, name="avaya.yml"):
    (centre.settings.mappings_dir / name).write_text(text)


def interval(query):
    return query(
        "select offered, answered, abandoned, handle_s_sum, service_code"
        " from marts.fct_scr_interval where interval_start = '2026-11-23T09:00+07'"
    )


THREE_CALLS = {
    "offered": 3,
    "answered": 2,
    "abandoned": 1,
    "handle_s_sum": 185,
    "service_code": "KARTU",
}


def quarantine(query):
    return query(
        "select feed, row_number, reason, raw_text from ops.quarantine"
        " where released_at is null order by row_number"
    )


def test_an_indonesian_export_ends_in_the_marts(centre, deliver, query):
    deliver("avaya_calls", "calls.csv", CSV, NOON - timedelta(minutes=5))
    land_feeds(centre, NOON)
    build_marts(centre, NOON)
    assert quarantine(query) == []
    assert interval(query) == [THREE_CALLS]
    (ledger,) = query("select * from ops.file_ledger where feed = 'avaya_calls'")
    assert (ledger["lands_in"], ledger["unknown_columns"]) == ("call", [])
    assert query("select distinct feed from intermediate.int_call") == [{"feed": "avaya_calls"}]
    first = query("select mapping, cells, _row from raw.mapped_row order by _row")[0]
    assert (first["mapping"], first["_row"]) == ("avaya_calls", 2)
    assert first["cells"]["Catatan"] == "café"
    assert first["cells"]["Jam"] == "09:00:00"


def test_the_same_export_as_a_workbook_with_titles_ends_in_the_same_marts(centre, deliver, query):
    describe(centre, MAPPING + "header_row: 3\nsheet: Data\n")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Data")
    sheet.append(["Laporan Panggilan"])
    sheet.append([])
    sheet.append(HEADER.strip().split(";"))
    for row in ROWS:
        cells = [cell or None for cell in row.strip("\n").split(";")]
        day = datetime.fromisoformat("2026-11-23")
        clocks = [c and datetime.strptime(c, "%H:%M:%S").time() for c in cells[3:6]]  # noqa: DTZ007
        h, m, s = map(int, (cells[7] or "0:0:0").split(":"))
        length = timedelta(hours=h, minutes=m, seconds=s) if cells[7] else None
        sheet.append([int(cells[0]), cells[1], day, *clocks, cells[6], length, cells[8]])
    content = io.BytesIO()
    book.save(content)
    deliver("avaya_calls", "calls.xlsx", content.getvalue(), NOON)
    land_feeds(centre, NOON)
    build_marts(centre, NOON)
    assert quarantine(query) == []
    assert interval(query) == [THREE_CALLS]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("9;KARTU;2026.11.23;09:00:00;;;Terjawab;;\n", "arrived_at: '2026.11.23 09:00:00' is not"),
        ("9;KARTU;23/11/2026;09:00:00;;;Hilang;;\n", "outcome: 'Hilang' is not one of"),
        ("9;KARTU;23/11/2026;09:00:00;;;Terjawab;dua;\n", "talk_s: 'dua' is not a duration"),
        (";KARTU;23/11/2026;09:00:00;;;Terjawab;;\n", "call_id: is empty"),
        ("9;KARTU;23/11/2026\n", "the row has 3 cells, the header 9"),
        ("9;LUAR;23/11/2026;09:00:00;;;Terjawab;;\n", "service_code: the service 'LUAR'"),
    ],
)
def test_a_row_that_cannot_be_converted_is_quarantined_alone(centre, deliver, query, bad, reason):
    deliver("avaya_calls", "calls.csv", CSV + bad.encode(), NOON)
    land_feeds(centre, NOON)
    (row,) = quarantine(query)
    assert row["reason"].startswith(reason)
    assert (row["feed"], row["row_number"]) == ("avaya_calls", 5)
    assert row["raw_text"] == bad.rstrip("\n")
    assert query("select count(*) as n from raw.call") == [{"n": 3}]


def test_a_file_without_a_mapped_column_is_quarantined_whole(centre, deliver, query):
    deliver("avaya_calls", "calls.csv", CSV.replace(b"Status", b"Hasil"), NOON)
    land_feeds(centre, NOON)
    (row,) = quarantine(query)
    assert row["reason"].startswith("missing columns: Status; the header has: Nomor")


def test_repeated_rows_and_files_change_nothing(centre, deliver, query):
    deliver("avaya_calls", "a.csv", CSV, NOON)
    deliver("avaya_calls", "b.csv", CSV, NOON + timedelta(minutes=1))
    again = (HEADER + ROWS[0] * 2 + ROWS[2]).encode("cp1252")
    deliver("avaya_calls", "c.csv", again, NOON + timedelta(minutes=2))
    land_feeds(centre, NOON + timedelta(minutes=5))
    for table in ("raw.call", "raw.mapped_row"):
        assert query(f"select count(*) as n from {table}") == [{"n": 3}], table


def test_the_same_call_of_two_sources_is_two_calls(centre, deliver, query):
    describe(centre, MAPPING.replace("avaya_calls", "second"), "second.yml")
    deliver("avaya_calls", "a.csv", CSV, NOON)
    deliver("second", "a.csv", CSV, NOON)
    land_feeds(centre, NOON)
    build_marts(centre, NOON)
    assert interval(query)[0]["offered"] == 6


def test_a_file_that_comes_again_after_its_mapping_was_corrected_is_read_again(
    centre, deliver, query
):
    describe(centre, MAPPING.replace(", Abandon: abandoned", ""))
    deliver("avaya_calls", "a.csv", CSV, NOON)
    land_feeds(centre, NOON)
    assert len(quarantine(query)) == 1
    describe(centre, MAPPING)
    deliver("avaya_calls", "a.csv", CSV, NOON + timedelta(minutes=1))
    land_feeds(centre, NOON + timedelta(minutes=1))
    assert query("select count(*) as n from raw.call") == [{"n": 3}]


def test_rows_that_wait_for_a_service_are_taken_in_when_it_appears(centre, deliver, query):
    deliver("avaya_calls", "a.csv", CSV.replace(b"KARTU", b"BARU"), NOON)
    land_feeds(centre, NOON)
    assert query("select * from raw.call") == []
    (centre.settings.mappings_dir / "avaya.yml").unlink()
    service = "service_code,service_name,client_name,timezone\nBARU,Baru,Bank,Asia/Jakarta\n"
    deliver("service", "new.csv", service, NOON + timedelta(minutes=1))
    land_feeds(centre, NOON + timedelta(minutes=1))
    build_marts(centre, NOON + timedelta(minutes=1))
    assert interval(query) == [THREE_CALLS | {"service_code": "BARU"}]


def test_events_of_agents_come_by_a_mapping_and_can_be_behind(centre, deliver, query):
    describe(
        centre,
        "name: pbx_states\nfeed: agent_event\ntime_format: unix_ms\ncolumns:\n"
        "  agent_id: NIK\n  occurred_at: Waktu\n"
        "  event: {column: Aksi, values: {Masuk: login, Keluar: logout}}\n",
        "states.yml",
    )
    moment = int(MORNING.timestamp() * 1000)
    content = f"NIK,Waktu,Aksi\nA1,{moment},Masuk\n"
    deliver("pbx_states", "a.csv", content, MORNING)
    more = content + f"A1,{moment + 1000},keluar\n"
    deliver("pbx_states", "b.csv", more, MORNING + timedelta(minutes=1))
    land_feeds(centre, NOON)
    build_marts(centre, NOON)
    assert query("select count(*) as n from raw.agent_event") == [{"n": 2}]
    (fresh,) = query("select * from marts.rpt_feed_freshness where feed = 'pbx_states'")
    assert fresh["is_stale"]
    assert fresh["latest_event_at"] == MORNING + timedelta(seconds=1)


def test_reference_data_comes_by_a_mapping(centre, deliver, query):
    describe(
        centre,
        "name: hr\nfeed: agent\ndate_format: '%d %B %Y'\ncolumns:\n"
        "  agent_id: NIK\n  agent_name: Nama\n  role: {value: agent}\n  team_code: Tim\n"
        "  active_from: Mulai\n",
        "hr.yml",
    )
    content = "NIK|Nama|Tim|Mulai\nA9|Dewi|T1|17 Agustus 2026\n"
    deliver("hr", "a.txt", content, NOON)
    land_feeds(centre, NOON)
    assert query("select active_from from raw.agent where agent_id = 'A9'") == [
        {"active_from": "2026-08-17"}
    ]
    assert len(query("select * from raw.agent_delivery where agent_id = 'A9'")) == 1


def test_a_broken_mapping_is_told_and_keeps_no_other_feed_out(centre, deliver, query):
    describe(centre, "name: rusak\nfeed: cal\ncolumns: {call_id: A}\n", "broken.yml")
    deliver("avaya_calls", "a.csv", CSV, NOON)
    did = land_feeds(centre, NOON)
    assert query("select count(*) as n from raw.call") == [{"n": 3}]
    (why,) = did["unreachable"].values()
    assert list(did["unreachable"]) == ["mappings/broken.yml"]
    assert "broken.yml:2: feed: is no feed; did you mean call?" in why
    assert "the folder rusak is not read" in why


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("feed: call\n", "", "m.yml:1: the key feed is missing"),
        ("feed: call", "feeds: call", "m.yml:2: feeds: is not a known key; did you mean feed?"),
        ("feed: call", "feed: calls", "m.yml:2: feed: is no feed; did you mean call?"),
        ("name: avaya_calls", "name: ../x", "m.yml:1: name: the name is a folder's"),
        ("name: avaya_calls", "name: call", "m.yml:1: name: call is a known feed"),
        ('delimiter: ";"', 'delimiter: ";;"', "m.yml:3: delimiter: give one character"),
        ("cp1252", "cp99999", "m.yml:4: encoding: is no known encoding"),
        ("Asia/Jakarta", "Asia/Jakart", "m.yml:5: time_zone: Asia/Jakart is no time zone"),
        ("%d/%m/%Y %H", "%q/%m/%Y %H", "m.yml:6: time_format: %q is not known"),
        ("unused: [Catatan]", "unused: Catatan", "m.yml:7: unused: give a list"),
        ("  call_id: ", "  callid: ", "m.yml:9: columns.callid: is no column of call; did you"),
        ("  call_id: Nomor Panggilan\n", "", "m.yml:8: columns: the feed call needs call_id"),
        ("{value: inbound}", "{value: masuk}", "m.yml:11: columns.direction.value: masuk is not"),
        ("{value: inbound}", "{valu: inbound}", "m.yml:11: columns.direction.valu: is not a known"),
        ("{value: inbound}", "{}", "m.yml:11: columns.direction: give a column's name"),
        ("Abandon: abandoned", "Abandon: lost", "m.yml:15: columns.outcome.values.Abandon: lost"),
        ('"h:m:s"', "jam", "m.yml:16: columns.talk_s.unit: give one of ms, s, min, h, h:m:s"),
        ("Layanan", "{column: L, unit: s}", "m.yml:10: columns.service_code.unit: service_code is"),
        ("feed: call\n", "feed: call\nfeed: call\n", "m.yml:3: feed: stands twice"),
        ("[Tanggal, Jam]}", "[Tanggal, Jam}", "m.yml:12: this is not YAML"),
        ("feed: call", "feed: &a call\nsheet: *a", "refers to another place"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_told_with_its_line(tmp_path, old, new, told):
    assert old in MAPPING
    path = tmp_path / "m.yml"
    path.write_text(MAPPING.replace(old, new, 1))
    with pytest.raises(MappingError) as raised:
        read_mapping(path, KNOWN, frozenset(FEEDS))
    assert told in str(raised.value)


def test_two_mappings_of_one_name_are_both_refused(tmp_path):
    for name in ("a.yml", "b.yaml"):
        (tmp_path / name).write_text(MAPPING)
    found = read_mappings(tmp_path, KNOWN, frozenset(FEEDS))
    assert found.feeds == {}
    assert "avaya_calls is also the name of b.yaml" in found.broken["a.yml"]
    assert "avaya_calls is also the name of a.yml" in found.broken["b.yaml"]


@given(
    moment=st.datetimes(
        min_value=datetime.fromisoformat("1971-01-01"),
        max_value=datetime.fromisoformat("2100-01-01"),
    ),
    pattern=st.sampled_from(["%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S", "%d %b %Y %I:%M:%S %p"]),
)
def test_a_time_in_any_format_comes_out_as_it_was(moment, pattern):
    moment = moment.replace(microsecond=0)
    cell = MappedCell(
        Column("arrived_at", Kind.INSTANT), ("T",), time_format=pattern, zone="Asia/Jakarta"
    )
    told = cell.convert({"T": moment.strftime(pattern)})
    assert told is not None
    local = datetime.fromisoformat(told)
    assert local.replace(tzinfo=None) == moment
    assert local.astimezone(UTC).tzinfo is UTC


def test_the_example_of_the_docs_is_the_mapping_that_is_tested_here():
    page = (REPOSITORY / "docs" / "mappings.md").read_text()
    assert page.split("```yaml\n")[1].split("```")[0] == MAPPING
