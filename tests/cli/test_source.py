"""`rtm source`: which source a file is, and what would come of it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from click.testing import CliRunner

from rtm.cli.source import source_commands
from rtm.cycle import land_feeds
from tests.landing.rosters.test_landing import GOOD, drawn
from tests.small_centre import CALL_HEADER, MORNING, call, deliver_reference
from tests.sources.test_mapping import CSV, MAPPING, NOON, ROWS

QUEUE_LOG = "1763860000|1763860000.1|antrian|NONE|ENTERQUEUE||0812|1\n"


@pytest.fixture
def rtm(system, deliver, tmp_path, monkeypatch):
    """Runs a command against the warehouse of the test, with the mapping of Avaya's calls."""
    deliver_reference(deliver)
    land_feeds(system, NOON)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "avaya.yml").write_text(MAPPING)
    url = system.warehouse.url.render_as_string(hide_password=False)
    monkeypatch.setenv("RTM_HOME", str(system.settings.home))
    monkeypatch.setenv("RTM_DATABASE_URL", url)
    monkeypatch.setenv("RTM_LANDING_URL", system.settings.landing_url)
    monkeypatch.setenv("RTM_MAPPINGS", str(tmp_path / "mappings"))
    return lambda *arguments: CliRunner().invoke(source_commands, list(map(str, arguments)))


def counts(query):
    """The rows of every table of raw and ops."""
    tables = query(
        "select schemaname || '.' || tablename as name from pg_tables"
        " where schemaname in ('raw', 'ops') order by 1"
    )
    assert len(tables) > 30
    return {t["name"]: query(f"select count(*) as n from {t['name']}")[0]["n"] for t in tables}


@pytest.mark.parametrize(
    ("name", "content", "source"),
    [
        ("x.csv", CALL_HEADER + call("C1", MORNING), "call (canonical), ends in call"),
        ("queue_log", QUEUE_LOG, "asterisk_queue_log (vendor)"),
        ("x.csv", CSV, "avaya_calls (mapping), ends in call"),
    ],
)
def test_a_file_is_recognised_and_nothing_is_loaded(rtm, query, tmp_path, name, content, source):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = counts(query)
    done = rtm("check", file)
    assert source in done.output
    assert done.exit_code == 0, done.output
    assert f"landing/{source.split()[0]}/" in done.output.replace("\n", "")
    assert counts(query) == before


def test_what_would_be_quarantined_is_told_with_its_reason(rtm, query, tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(CSV + ROWS[1].replace("2;", "9;", 1).replace("Terjawab", "Hilang").encode())
    before = counts(query)
    done = rtm("check", file, "--as", "avaya_calls")
    assert done.exit_code == 1
    assert "outcome: 'Hilang' is not one of" in done.output
    assert counts(query) == before


def test_rows_that_are_refused_for_one_reason_are_one_line(rtm, tmp_path):
    """Before its first reference data a site would read the same sentence for every row."""
    file = tmp_path / "x.csv"
    strange = [call(f"S{n}", MORNING).replace("KARTU", "LAIN") for n in range(40)]
    file.write_text(CALL_HEADER + "".join(strange))
    done = rtm("check", file)
    assert done.exit_code == 1
    assert done.output.count("LAIN") <= 2, "in the reason, and in the text of the first"
    assert re.search(r"│ 40 +│ 2 +│", done.output), done.output


def test_a_roster_as_people_draw_it_is_checked_cell_by_cell(rtm, query, tmp_path):
    file = tmp_path / "jadwal.xlsx"
    before = counts(query)
    file.write_bytes(drawn(*GOOD))
    done = rtm("check", file)
    assert "roster (canonical), ends in roster" in done.output
    assert done.exit_code == 0, done.output
    assert "laid out" in done.output and "one row a person, one column a date" in done.output
    assert "KARTU, 2026-11-23 – 2026-11-23, 3 people" in done.output
    file.write_bytes(drawn(*GOOD, ("", "Siapa Ini", None, "M", "P")))
    done = rtm("check", file)
    assert done.exit_code == 1
    assert "Tim Satu!A6: 'Siapa Ini' has shifts but no NIK or agent_id" in done.output
    assert counts(query) == before


def test_a_file_that_nobody_reads_is_told(rtm, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    done = rtm("check", file)
    assert done.exit_code == 1
    assert "no source reads this file" in done.output


def test_every_source_is_listed_and_a_broken_mapping_says_why(rtm, tmp_path):
    (tmp_path / "mappings" / "rusak.yml").write_text("name: rusak\n")
    done = rtm("list")
    assert done.exit_code == 0, done.output
    for told in ("anonymous_bank", "vendor", "avaya_calls", "mapping", "the key feed is missing"):
        assert told in done.output


def test_a_sample_becomes_a_mapping_that_is_corrected_checked_and_landed(
    rtm, system, deliver, query, tmp_path
):
    (tmp_path / "mappings" / "avaya.yml").unlink()
    sample = tmp_path / "sample.csv"
    sample.write_bytes(CSV)
    done = rtm("add", "avaya_calls", sample, "--feed", "call")
    assert done.exit_code == 0, done.output
    assert "needs" not in done.output
    path = tmp_path / "mappings" / "avaya_calls.yml"
    text = path.read_text()
    assert '"Terjawab": answered, "Abandon": abandoned' in text
    assert 'time_format: "%d/%m/%Y %H:%M:%S"  # tebakan / guess' in text
    assert '# "Catatan": no guess' in text
    assert 'encoding: "cp1252"' in text
    assert rtm("add", "avaya_calls", sample).exit_code == 1
    assert path.read_text() == text
    # The export has no direction: a person knows that all of it is inbound.
    lines = [
        "  direction: {value: inbound}" if line.startswith("  direction:") else line
        for line in text.splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")
    done = rtm("check", sample, "--as", "avaya_calls")
    assert done.exit_code == 0, done.output
    deliver("avaya_calls", "calls.csv", CSV, NOON)
    settings = dataclasses.replace(system.settings, mappings=tmp_path / "mappings")
    land_feeds(dataclasses.replace(system, settings=settings), NOON)
    assert query("select call_id, answered_at from raw.call order by 1")[0] == {
        "call_id": "1",
        "answered_at": "2026-11-23T09:00:10+07:00",
    }


def test_the_feed_of_a_sample_is_guessed(rtm, tmp_path):
    sample = tmp_path / "sample.csv"
    sample.write_bytes(CSV)
    assert "a mapping to call" in rtm("add", "panggilan", sample).output
