"""Rosters by date from the landing folder to what holds, with the cell of each entry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.cycle import System, build_marts, gate_rosters, land_feeds
from tests.small_centre import DAY, MORNING, deliver_reference

from .drawing import content_of, workbook

DAY_BEFORE = MORNING - timedelta(days=1)
PLACES = (
    "select place, agent_id, roster_date, shift_code, function"
    " from staging.stg_canonical__roster order by row_number"
)

QUARANTINED = (
    "select row_number, reason, cells from ops.quarantine where feed = 'roster' order by row_number"
)


def drawn(*rows, service="Kartu Kredit"):
    dates = [f"{day.day}/Nov" for day in (DAY - timedelta(days=1), DAY)]
    title = [f"Layanan: {service}", None, "Periode: 23 - 23 November 2026"]
    header = ["NIK", "Nama", "Fungsi", *dates]
    return content_of(workbook(Tim_Satu=[title, header, *map(list, rows)]))


GOOD = (
    ("A1", "Ani", "PIC", "P", "pagi"),
    ("A2", "Budi", None, "M", "'08:00"),
    ("L1", "Lia", "RTFM", "M", "P"),
)


@pytest.fixture
def land(system, deliver, query):
    deliver_reference(deliver)

    def run(content, name="roster.xlsx", at=DAY_BEFORE):
        deliver("roster", name, content, at)
        land_feeds(system, at)
        return query(QUARANTINED)

    return run


def test_a_drawn_roster_is_published(system: System, land, query):
    """Named by its service's name, with a name, a time and a code in its cells."""
    assert land(drawn(*GOOD)) == []
    assert gate_rosters(system, DAY_BEFORE)["judged"] == 1
    assert query("select roster_date from ops.roster_day") == [{"roster_date": DAY}]
    assert query(PLACES) == [
        {
            "place": f"Tim Satu!E{row}",
            "agent_id": agent,
            "roster_date": DAY,
            "shift_code": "P",
            "function": function,
        }
        for row, agent, function in ((3, "A1", "pic"), (4, "A2", "agent"), (5, "L1", "rtfm"))
    ]


def test_what_cannot_be_read_is_quarantined_with_its_cell(land):
    (row, other) = land(drawn(*GOOD, ("A3", "Eva", "PCI", None, "P"), (None, "Yu", None, "P", "P")))
    assert row["reason"].startswith("Tim Satu!E6: function: 'PCI' is not one of agent, pic, rtfm")
    assert other["reason"] == "Tim Satu!A7: 'Yu' has shifts but no NIK or agent_id"


def test_a_roster_that_waits_for_its_service_keeps_its_cells(system, land, deliver, query):
    waiting = land(drawn(*GOOD, service="BARU"))
    assert [row["cells"]["_place"] for row in waiting] == [f"Tim Satu!E{n}" for n in (3, 4, 5)]
    assert "Tim Satu!E3: service_code: the service 'BARU' is not known" in waiting[0]["reason"]
    service = "service_code,service_name,client_name,timezone\nBARU,Baru,Bank,Asia/Jakarta\n"
    deliver("service", "baru.csv", service, DAY_BEFORE + timedelta(minutes=1))
    land_feeds(system, DAY_BEFORE + timedelta(minutes=1))
    assert [row["place"] for row in query(PLACES)] == [f"Tim Satu!E{n}" for n in (3, 4, 5)]


def test_a_word_means_what_the_shifts_of_today_are_called(system, land, deliver, query):
    """Its shift is renamed after it was published: what was computed from the word goes with it."""
    land(drawn(*GOOD))
    gate_rosters(system, DAY_BEFORE)
    build_marts(system, DAY_BEFORE)
    shifts = "select agent_id from intermediate.int_shift order by agent_id"
    assert [row["agent_id"] for row in query(shifts)] == ["A1", "A2", "L1"]
    header = "shift_code,shift_name,start_time,end_time,break_min,kind\n"
    later = DAY_BEFORE + timedelta(minutes=5)
    deliver("shift", "renamed.csv", f"{header}P,Fajar,08:00,17:00,60,work\n", later)
    land_feeds(system, later)
    build_marts(system, later)
    assert [row["agent_id"] for row in query(shifts)] == ["A2", "L1"]


def test_an_export_finds_its_shift_by_the_times(system, land, deliver, query):
    alias = "source,external_id,agent_id\ncxone,ani@bank,A1\n"
    deliver("agent_alias", "alias.csv", alias, DAY_BEFORE - timedelta(hours=1))
    export = (
        "Username*,Shift Start Date and Time*,Shift End Date and Time*,Local Time Zone*,"
        "Base Activity Name*\n"
        "ani@bank,11/23/2026 06:30:00,11/23/2026 15:30:00,UTC+05:30,open\n"
        "ani@bank,11/24/2026 07:30:00,11/24/2026 15:30:00,UTC+05:30,open\n"
    )
    assert land(export, "shifts.csv") == []
    assert [row["shift_code"] for row in query(PLACES)] == ["P", "open"]
    assert [row["place"] for row in query(PLACES)] == ["B2", "B3"]


def test_a_hostile_name_is_only_a_name(land, query):
    name = "a'; drop table raw.roster;--\r\n..%2f.xlsx"
    assert land(drawn(*GOOD), name) == []
    (file,) = query("select file_name, outcome from ops.file_ledger where feed = 'roster'")
    assert (file["file_name"], file["outcome"]) == (name, "loaded")


def test_a_bad_file_keeps_no_other_out(system, land, deliver, query):
    deliver("roster", "bad.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DAY_BEFORE)
    (row,) = land(drawn(*GOOD))
    assert "an old workbook" in row["reason"]
    assert len(query(PLACES)) == 3
