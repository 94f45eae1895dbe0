"""Each layout in which rosters were seen gives the rows that the long form would have."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from rtm.landing.containers import UnreadableFileError

from .drawing import codes, read, roster_file, workbook

TITLE = ["Layanan: Kartu Kredit", None, "Periode: 1 - 3 Juni 2026"]
DAYS = ["2026-06-01", "2026-06-02", "2026-06-03"]


def by_agent(**rows):
    return {(a, d): c for a, row in rows.items() for d, c in zip(DAYS, row, strict=True) if c}


def test_the_layout_of_the_contract():
    dates = [datetime.fromisoformat(day) for day in DAYS]
    book = workbook(
        Juni=[
            TITLE,
            ["agent_id", "name", "function", *dates],
            ["A1", "Ani", "PIC", "P", "M", "OFF"],
            ["A2", "Budi", None, "P", None, "OFF"],
        ]
    )
    entries, wrong = read(book)
    assert wrong == []
    assert entries["Juni!D3"] == ("A1", DAYS[0], "P", "pic")
    assert entries["Juni!F4"] == ("A2", DAYS[2], "OFF", None)
    assert "Juni!E4" not in entries
    assert len(entries) == 5
    assert all(r.cells["service_code"] == "KARTU" for r in roster_file(book).records())


def test_two_rows_a_person_with_start_times_below_the_days():
    """Empty is off; the name moves from row to row."""
    book = workbook(
        Jadwal=[
            ["JADWAL"],
            ["Kode Cabang", "KARTU"],
            ["Periode", "Juni", 2026],
            list(range(1, 32)),
            ["ID:", None, "A1", None, None, None, "Ani"],
            ["09:00", None, "13:00", *[None] * 28],
            ["ID:", None, "A2", "Budi"],
            [None, "09:00", *[None] * 29],
        ]
    )
    assert roster_file(book).layout == "blocks"
    found = codes(book)
    assert len(found) == 60
    assert [found["A1", day] for day in DAYS] == ["09:00", "OFF", "13:00"]
    assert [found["A2", day] for day in DAYS] == ["OFF", "09:00", "OFF"]
    assert read(book)[0]["Jadwal!C6"][:2] == ("A1", DAYS[2])


def test_numbered_days_and_codes_that_are_numbers():
    header = ["NIP", "Nama", *(f"h{day}" for day in range(1, 32))]
    book = workbook(
        KARTU=[
            ["Bulan", "Juni", None, "Tahun", 2026],
            header,
            [1001.0, "Ani", 110, 100, "OFF", *[200] * 27],
        ]
    )
    found = codes(book)
    assert [found["1001", day] for day in DAYS] == ["110", "100", "OFF"]
    assert len(found) == 30


def test_words_below_the_days_of_a_month():
    book = workbook(
        Sheet1=[
            ["ROSTER JUNI 2026"],
            ["Proyek", "KARTU"],
            ["NIK", "Nama", *range(1, 31)],
            ["00123", "Ani", "Pagi", "Siang", "Cuti", *["Libur"] * 27],
        ]
    )
    found = codes(book)
    assert [found["00123", day] for day in DAYS] == ["Pagi", "Siang", "Cuti"]
    assert found["00123", "2026-06-30"] == "Libur"


def drawn():
    """With everything that people put around and into a table."""
    book = workbook(
        Mei=[
            ["ROSTER INBOUND", None, None, "Dibuat 25 April 2026"],
            ["Layanan: KARTU   Periode: 1 - 3 Mei 2026"],
            [None, None, None, "Kam", "Jum", "Sab", "Min", "Sen", "Jumlah"],
            ["NIK", "Nama", "Jabatan", "30/Apr", "1/Mei", "2/Mei", "3/Mei", "4/Mei", "A", "DO"],
            ["TEAM A", None, None, None],
            ["A1", "Ani", "Team Leader", "A", "A (PIC)", "DO", "B/RTFM", "A", 3, 1],
            ["A2", "Budi", "CSO", "A", "MS", None, None, "A", 2, 1],
            [None, "JUMLAH A", None, 2, 1, 0, 0, 2],
            ["TEAM B", None, None, 1, 1, 1, 1, 1],
            ["A", "Pagi", "09:00-17:00"],
            ["Keterangan"],
            [None, "DO", None, "Day off"],
            [None, "Disetujui", None, "Lia"],
        ],
        Keterangan=[["A", "Pagi"], ["DO", "Libur"]],
    )
    book["Mei"].merge_cells("A5:J5")
    book["Mei"].merge_cells("E7:G7")
    return book


def test_a_drawn_sheet_gives_its_people_and_nothing_else():
    entries, wrong = read(drawn())
    assert wrong == []
    assert entries == {
        "Mei!E6": ("A1", "2026-05-01", "A", "pic"),
        "Mei!F6": ("A1", "2026-05-02", "DO", None),
        "Mei!G6": ("A1", "2026-05-03", "B", "rtfm"),
        "Mei!E7": ("A2", "2026-05-01", "MS", None),
        "Mei!F7": ("A2", "2026-05-02", "MS", None),
        "Mei!G7": ("A2", "2026-05-03", "MS", None),
    }


def test_a_leave_tracker_with_a_year_of_dates():
    first = date(2026, 1, 1)
    dates = [first + timedelta(days=n) for n in range(365)]
    header = ["Emp ID", "Name", *(f"{day:%d-%b}" for day in dates)]
    row = ["A1", "Ani", *["WO", "CO-HO", "G", "HO", "B"] * 73]
    found = codes(workbook(KARTU=[["Year", 2026], header, row]))
    assert len(found) == 365
    assert found["A1", "2026-01-02"] == "CO-HO"
    assert found["A1", "2026-12-31"] == "B"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_text_by_date(separator):
    rows = [["Layanan: KARTU"], ["Mei 2026"], ["NIK", "Nama", "1", "2"], ["A1", "Añi", "P", "M"]]
    text = "\n".join(separator.join(row) for row in rows)
    for content in (text.encode(), text.encode("latin-1"), b"\xef\xbb\xbf" + text.encode()):
        entries, wrong = read(content, "roster.csv")
        assert wrong == []
        assert entries == {
            "C4": ("A1", "2026-05-01", "P", None),
            "D4": ("A1", "2026-05-02", "M", None),
        }


def test_the_turn_of_the_year():
    head = [["Layanan: KARTU", "Periode: 29 Desember 2026 - 4 Januari 2027"]]
    for header in (
        [29, 30, 31, 1, 2, 3, 4],
        [f"{d}-Des" for d in (29, 30, 31)] + ["1-Jan", 2, 3, 4],
    ):
        found = codes(workbook(S=[*head, ["NIK", *header], ["A1", *"PPPPPPP"]]))
        assert sorted(day for _, day in found) == [
            *("2026-12-29", "2026-12-30", "2026-12-31"),
            *("2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04"),
        ]


def test_several_sheets_are_one_roster_and_hidden_ones_none():
    table = [["NIK", "Nama", 1, 2], ["A1", "Ani", "P", "M"]]
    book = workbook(
        Juni_2026=[["Layanan: KARTU"], *table],
        Juli_2026=table,
        Lama=[["Layanan: KARTU", "Mei 2026"], *table],
    )
    book["Lama"].sheet_state = "hidden"
    assert sorted(day for _, day in codes(book)) == [
        *("2026-06-01", "2026-06-02", "2026-07-01", "2026-07-02")
    ]


def test_the_long_form_in_a_workbook_tells_its_cells():
    header = ["service_code", "agent_id", "roster_date", "shift_code"]
    book = workbook(A=[header, ["KARTU", "A1", date(2026, 6, 1), "P"]])
    (record,) = roster_file(book).records()
    assert (record.number, record.place) == (2, "A!D2")
    assert record.cells["roster_date"] == "2026-06-01"


# Exports

CXONE = (
    "Username*,Shift Start Date and Time*,Shift End Date and Time*,Local Time Zone*,"
    "Base Activity Name*,Shift Notes,Activity Start Date and Time\n"
    "ani@bank,06/01/2026 06:30:00,06/01/2026 15:30:00,UTC+05:30,open,,06/01/2026 10:00:00\n"
    "ani@bank,06/01/2026 06:30:00,06/01/2026 15:30:00,UTC+05:30,open,,06/01/2026 12:00:00\n"
    "ani@bank,06/03/2026 06:30:00,06/03/2026 15:30:00,UTC+05:30,open,,\n"
)


def rows(content, name):
    return [r.cells or r.error for r in roster_file(content, name).records()]


def test_cxone_gives_shifts_in_the_zone_of_the_service_and_days_off():
    first, second, off = rows(CXONE, "shifts.csv")
    assert first == {
        "service_code": "KARTU",
        "agent_id": "A1",
        "roster_date": "2026-06-01",
        "shift_code": "open",
        "start_at": "2026-06-01T08:00:00+07:00",
        "end_at": "2026-06-01T17:00:00+07:00",
    }
    assert second["roster_date"] == "2026-06-03"
    assert (off["roster_date"], off["shift_code"], off["start_at"]) == ("2026-06-02", "OFF", None)


def test_a_line_of_an_export_that_cannot_be_read_names_its_cell():
    wrong = CXONE.replace("06/03/2026 06:30", "31/03/2026 06:30").replace("ani", "eva", 1)
    found = rows(wrong, "shifts.csv")
    assert "B4: '31/03/2026 06:30:00' is not a date and time" in found[1]
    assert "B2: the agent 'eva@bank' is not known; deliver an agent_alias" in found[0]
    assert found[2]["roster_date"] == "2026-06-01"


def test_iex_gives_one_shift_for_the_activities_of_a_schedule_date():
    text = (
        "#fields:excdate|schedDate|TZ|custID|muID|tvID|acdID|logonID|ssn|excCode|start|stop\n"
        "06012026|06012026|UTC+07:00|1|1|9|1|7001||Open|22:00|02:00\n"
        "06022026|06012026|UTC+07:00|1|1|9|1|7001||Break|02:00|03:00\n"
        "06022026|06012026|UTC+07:00|1|1|9|1|7001||Open|03:00|07:00\n"
        "06022026|06022026|UTC+07:00|1|1|9|1|7001||Off||\n"
    )
    night, off = rows(text, "agentScheduleDetail_060126_0000.txt")
    assert (night["roster_date"], night["shift_code"]) == ("2026-06-01", "Open")
    assert night["start_at"] == "2026-06-01T22:00:00+07:00"
    assert night["end_at"] == "2026-06-02T07:00:00+07:00"
    assert (off["roster_date"], off["shift_code"]) == ("2026-06-02", "OFF")


def test_genesys_gives_start_and_length():
    shift = {"id": "s", "startDate": "2026-06-01T15:00:00Z", "lengthMinutes": 540}
    shift["activities"] = [
        {"startDate": "2026-06-01T15:00:00Z", "lengthMinutes": 480, "description": "Inbound"},
        {"startDate": "2026-06-01T23:00:00Z", "lengthMinutes": 60, "description": "Break"},
    ]
    document = {"agentSchedules": [{"user": {"id": "user-1"}, "shifts": [shift]}]}
    (found,) = rows(json.dumps(document, indent=1), "shifts.json")
    assert (found["agent_id"], found["roster_date"]) == ("A1", "2026-06-01")
    assert found["shift_code"] == "Inbound"
    assert found["end_at"] == "2026-06-02T07:00:00+07:00"


# What is wrong names its cell


def table(*rows, head=("Layanan: KARTU", "Juni 2026"), header=("NIK", "Nama", 29, 30)):
    return workbook(S=[list(head), list(header), *map(list, rows)])


def test_a_person_without_an_id_is_never_lost():
    entries, (wrong,) = read(table(("A1", "Ani", "P", "M"), (None, "Budi", "P", "P")))
    assert wrong == "S!A4: 'Budi' has shifts but no NIK or agent_id"
    assert len(entries) == 2


def test_a_date_that_does_not_exist_is_named():
    entries, wrong = read(
        table(("A1", "Ani", "P", "P"), header=("NIK", "Nama", "30/Jun", "31/Jun"))
    )
    assert wrong == ["S!D2: '31/Jun' is no date"]
    assert list(entries) == ["S!C3"]


def test_a_formula_counts_by_its_stored_value_and_runs_nothing():
    book = table(("A1", "Ani", "=cmd|'/c calc'!A1", "P"), (None, "JUMLAH", "=COUNTA(C3:C3)", 1))
    entries, (wrong,) = read(book)
    assert wrong.startswith("S!C3: a formula whose value is not stored")
    assert list(entries) == ["S!D3"]


@pytest.mark.parametrize(
    ("book", "reason"),
    [
        (table(("A1", "Ani", "P", "P"), head=("Juni 2026",)), "the service is not named"),
        (table(("A1", "Ani", "P", "P"), head=("Layanan: KARTU",)), "nothing tells the month"),
        (
            table(("A1", "A", "P", "P"), header=("NIK", "Nama", "1/Mei", "2/Mei")),
            "none of the dates is in the period",
        ),
        (workbook(S=[["Budi", "P"]]), "nor is there a row of dates"),
    ],
)
def test_a_workbook_that_does_not_tell_enough_says_what_to_write(book, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read(book)


def test_names_without_any_column_of_ids_are_an_error():
    book = workbook(S=[["Layanan: KARTU", "Juni 2026"], ["Nama", 1, 2, 3], ["Ani", "P", "P", "P"]])
    entries, (wrong,) = read(book)
    assert entries == {}
    assert "there is no column NIK or agent_id beside the names" in wrong
