"""Every figure, in every format and language, is what the rows of the marts add up to."""

from __future__ import annotations

import re
from datetime import date
from statistics import median

import pytest
from sqlalchemy import text

from rtm.report import FORMATS, Month, make_report
from rtm.report.cells import Speech
from rtm.report.making import document_of
from rtm.speech import NBSP
from scripts.readme import CLOCK
from tests.desk_centre import MARKUP
from tests.report import recount
from tests.report.reading import (
    pdf_text,
    read_html,
    read_workbook,
    without_space,
    workbook_texts,
)

NOVEMBER = date(2026, 11, 1)


@pytest.fixture(scope="module")
def query(centre):
    def run(statement, **parameters):
        with centre.engine().connect() as connection:
            rows = connection.execute(text(statement), parameters)
            return [dict(row._mapping) for row in rows]

    return run


@pytest.fixture(scope="module", params=["id", "en"])
def report(request, centre):
    return make_report(centre, Month(NOVEMBER), request.param, FORMATS, "a test", CLOCK)


@pytest.fixture(scope="module")
def document(report):
    language = "id" if "-id." in report.files[0].name else "en"
    return document_of(report.figures, report.record, language)


@pytest.fixture(scope="module")
def speech(document):
    return Speech(document.language)


def told(rows):
    """Rows without the blanks that a page puts between a number and its unit."""
    return [
        [cell.replace(NBSP, " ") if isinstance(cell, str) else cell for cell in r] for r in rows
    ]


def is_written(cell, value):
    """Whether a spreadsheet has the number of a cell where it has one, and its words otherwise."""
    if cell.value is None:
        return value == cell.shown
    if isinstance(cell.value, date):
        return value.date() == cell.value
    return value == pytest.approx(cell.value)


def titled(document, key, number=0):
    (section,) = [section for section in document.sections if section.key == key]
    return section.tables[number].title


def names(query):
    return {
        row["service_code"]: row["service_name"] for row in query("select * from marts.dim_service")
    }


def test_kpis_are_sums_of_rows_against_the_target_in_force(report, document, speech, query):
    sums = recount.sums(query, NOVEMBER)
    targets = query("select * from marts.dim_kpi_target")
    sheets, page = read_workbook(report), read_html(report).tables
    title, people = titled(document, "kpi"), titled(document, "people")
    service_names = names(query)
    expected = {}
    for (service, channel, kpi), (numerator, denominator) in sums.items():
        of_kpi = [
            row
            for row in targets
            if (row["service_code"], row["kpi"]) == (service, kpi)
            and channel in ("all", row["channel"])
        ]
        target = recount.target_on(of_kpi, CLOCK.date())
        value = recount.value(kpi, numerator, denominator)
        expected[
            service_names[service],
            speech.say("cell.all_channels") if channel == "all" else channel,
            speech.say(f"kpi.{kpi}"),
        ] = (kpi, numerator, denominator, value, target)
    rows = [*sheets[title], *sheets[people]]
    measured = {tuple(row[:3]): row for row in rows if row[7]}
    assert len(measured) > 20
    assert measured.keys() == {key for key, facts in expected.items() if facts[2]}
    html = {tuple(row[:3]): row for row in told([*page[title], *page[people]])}
    for key, row in measured.items():
        kpi, numerator, denominator, value, target = expected[key]
        assert row[6:9] == pytest.approx([numerator, denominator, value]), key
        assert html[key][6:8] == [speech.number(numerator), speech.number(denominator)], key
        assert html[key][8] == speech.value(kpi, value).replace(NBSP, " "), key
        if target is None:
            assert row[9:11] == [speech.say("verdict.no_target")] * 2, key
        else:
            is_met = (
                value >= target["target"]
                if target["comparator"] == ">="
                else (value <= target["target"])
            )
            assert row[9] == target["target"], key
            assert row[10] == speech.say(f"verdict.{'met' if is_met else 'missed'}"), key


def test_attendance_and_aux_are_counts_of_shifts(report, document, query):
    sheets, service_names = read_workbook(report), names(query)
    rows = {row[0]: row[1:] for row in sheets[titled(document, "people", 1)]}
    states = recount.attendance_states(query, NOVEMBER)
    assert len(rows) > 1
    assert rows == {
        service_names[service]: [
            *(count["present"], count["late"], count["absent"] + count["no_show"]),
            *(count["excused"], count["unscheduled"]),
        ]
        for service, count in states.items()
    }
    uses = recount.aux_use(query, NOVEMBER)
    aux = {(row[0], row[1]): row[2:] for row in sheets[titled(document, "people", 2)]}
    assert len(aux) > 3
    assert aux.keys() == {(service_names[service], code) for service, code in uses}
    for (service, code), of_code in uses.items():
        over = sum(row["excess_s"] > 0 for row in of_code)
        assert aux[service_names[service], code] == pytest.approx(
            [
                *("aux/1", over, len(of_code), 100 * over / len(of_code)),
                *(sum(row["aux_s"] for row in of_code), sum(row["excess_s"] for row in of_code)),
            ]
        )


def test_breaches_are_counted_where_they_were_detected(report, document, speech, query):
    rows = {tuple(row[:3]): row[3:] for row in read_workbook(report)[titled(document, "breach")]}
    found = recount.breaches(query, NOVEMBER)
    service_names = names(query)
    assert sum(row[0] for row in rows.values()) == sum(map(len, found.values())) > 20
    for (service, channel, kpi), breaches in found.items():
        met = [
            (row["cleared_at"] - row["started_at"]).total_seconds()
            for row in breaches
            if row["cleared_because"] == "met"
        ]
        row = rows[service_names[service], channel, speech.say(f"kpi.{kpi}")]
        assert row[:5] == [
            *(len(breaches), sum(row["severity"] == "critical" for row in breaches), len(met)),
            sum(row["cleared_because"] in ("target_ended", "data_corrected") for row in breaches),
            sum(row["cleared_at"] is None for row in breaches),
        ]
        assert row[5] == (pytest.approx(median(met)) if met else "–")


def test_indicators_and_rosters_are_those_of_the_marts(report, document, speech, query):
    sheets, service_names = read_workbook(report), names(query)
    rows = [*sheets[titled(document, "indicator")], *sheets[titled(document, "plan", 1)]]
    expected = {
        (service_names[row["service_code"]], speech.say(f"indicator.{row['indicator']}")): row
        for row in query("select * from marts.rpt_procedure_kpi where month = '2026-11-01'")
    }
    assert len(rows) == len(expected) > 10
    for row in rows:
        indicator = expected[row[0], row[2]]
        assert row[3:6] == [
            *(indicator["formula"], indicator["numerator"], indicator["denominator"]),
        ]
        value = indicator["value"]
        assert row[6] == (
            speech.say("verdict.no_volume") if value is None else pytest.approx(value)
        )
    rosters = query(
        "select service_code, count(*) filter (where status = 'on_time') as kept, count(*) as due"
        " from marts.rpt_roster_date_history"
        " where status <> 'awaited' and roster_date between '2026-11-01' and '2026-11-30'"
        " group by service_code"
    )
    kept = {row[0]: row[2:5] for row in sheets[titled(document, "roster")]}
    assert kept == {
        service_names[row["service_code"]]: [
            *(row["kept"], row["due"], pytest.approx(100 * row["kept"] / row["due"])),
        ]
        for row in rosters
    }


def test_all_formats_hold_the_same_tables(report, document):
    page, sheets, printed = read_html(report).tables, read_workbook(report), pdf_text(report)
    compact = without_space(printed)
    seen = 0
    for section in document.sections:
        for table in section.tables:
            if not table.rows:
                assert table.title not in page and table.title not in sheets
                assert without_space(table.empty) in compact
                continue
            shown = [[cell.shown for cell in row] for row in table.rows]
            assert told(page[table.title]) == told(shown)
            assert len(sheets[table.title]) == len(table.rows)
            for row, cells in zip(table.rows, sheets[table.title], strict=True):
                for cell, value in zip(row, cells, strict=True):
                    assert is_written(cell, value), (table.title, cell, value)
            for row in shown:
                assert without_space("".join(row)) in compact, (table.title, row)
            seen += len(shown)
    assert seen > 50
    for finding in document.findings.values():
        for sentence in finding:
            assert without_space(sentence) in compact


def test_a_chart_is_drawn_from_rows_of_the_table_of_days(report, document):
    charts = [chart for section in document.sections for chart in section.charts]
    assert len(charts) > 5
    html = read_html(report)
    assert "svg" in html.tags
    days = read_workbook(report)[document.days.title]
    for chart in charts:
        rows = document.days.rows[chart.first_row : chart.first_row + len(chart.days)]
        assert [(day.day, day.volume) for day in chart.days] == [
            (row[3].value, row[5].value) for row in rows
        ]
        assert [day.value for day in chart.days] == [row[6].value for row in rows]
        assert {row[2].shown for row in rows} == {rows[0][2].shown}
        told_days = days[chart.first_row : chart.first_row + len(chart.days)]
        assert [row[3].date() for row in told_days] == [day.day for day in chart.days]


def test_no_agent_is_named_in_any_file(report, query):
    people = query("select agent_id, agent_name from marts.dim_agent")
    told_otherwise = set(names(query).values())
    words = {word for person in people for word in person.values() if word} - told_otherwise
    assert len(words) > 100
    texts = {
        "html": "\n".join(read_html(report).texts),
        "xlsx": "\n".join(workbook_texts(report)),
        "pdf": " ".join(pdf_text(report).split()),
    }
    for form, content in texts.items():
        assert len(content) > 5000
        found = set(re.findall(r"\w+(?: \w+)*", content))
        assert not [word for word in words if _is_in(word, content)], form
        assert found
    # The test would see one
    someone = people[0]["agent_id"]
    assert _is_in(someone, f"{texts['html']} {someone}")


def _is_in(word: str, content: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", content) is not None


def test_markup_in_a_name_is_text(report):
    page = read_html(report)
    assert "script" not in page.tags
    assert any(MARKUP in told for told in page.texts)
    assert page.addresses == []
    assert without_space(MARKUP) in without_space(pdf_text(report))
    assert any(MARKUP in told for told in workbook_texts(report))


def test_a_month_that_is_running_is_marked_provisional(report, document, speech):
    assert report.record.is_provisional
    status = dict(document.cover)[speech.say("cover.status")]
    assert status == speech.say("cover.running")
    assert status in read_html(report).texts
    assert without_space(status) in without_space(pdf_text(report))


def test_made_again_it_is_the_same_report_byte_by_byte(report, centre, document):
    later = CLOCK.replace(hour=23)
    again = make_report(centre, Month(NOVEMBER), document.language, FORMATS, "else", later)
    assert again.record.report_id == report.record.report_id
    assert again.files == report.files
