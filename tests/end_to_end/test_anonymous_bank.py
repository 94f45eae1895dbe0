"""Two weeks of a real bank's calls, from the file as it was published to the mart."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rtm.cycle import System
from rtm.replay import replay

CALLS = "calls_1999-02-01_to_14.tsv"
METRICS = "daily_metrics_1999-02-01_to_14.csv"


@pytest.fixture
def bank(system: System, real_data: Path, tmp_path: Path) -> System:
    folder = tmp_path / "landing" / "anonymous_bank"
    folder.mkdir()
    shutil.copy(real_data / "anonymous_bank" / CALLS, folder / CALLS)
    end = datetime.now(UTC) + timedelta(minutes=1)
    replay(system, end - timedelta(minutes=1), end, timedelta(minutes=1))
    return system


def test_the_days_of_the_mart_agree_with_the_published_figures(bank, query, real_data):
    with (real_data / "anonymous_bank" / METRICS).open() as handle:
        published = {row["date"]: row for row in csv.DictReader(handle)}
    days = query(
        """
        with mart as (
            select
                (interval_start at time zone 'Asia/Jerusalem')::date as day,
                sum(abandoned + left_in_menu) as hangs,
                sum(handle_s_sum) as service_s
            from marts.fct_scr_interval where service_code = 'BANK' group by 1
        ),
        file as (
            select to_date('19' || date, 'YYYYMMDD') as day, count(*) as calls,
                sum(q_time::numeric) as queue_s,
                sum(ser_time::numeric) filter (where outcome <> 'AGENT') as unanswered_service_s
            from raw.anonymous_bank group by 1
        )
        select * from mart inner join file using (day) order by day
        """
    )
    assert len(days) == len(published) == 14
    for day in days:
        figures = published[day["day"].isoformat()]
        calls = int(figures["total_calls"])
        assert day["calls"] == calls
        assert day["hangs"] == int(figures["hangs"])
        # The published means are over all rows, also those without an agent or a call.
        service_s = day["service_s"] + float(day["unanswered_service_s"] or 0)
        assert service_s / calls == pytest.approx(float(figures["avg_service_time"]), abs=0.006)
        assert float(day["queue_s"]) / calls == pytest.approx(
            float(figures["avg_queue_time"]), abs=0.006
        )


def test_the_sums_of_the_mart_are_those_of_the_file(bank, query):
    (sums,) = query(
        """
        select sum(offered) as offered, sum(answered) as answered, sum(abandoned) as abandoned,
            sum(short_abandoned) as short_abandoned, sum(left_in_menu) as left_in_menu,
            sum(scr_numerator) as scr_numerator, sum(scr_denominator) as scr_denominator
        from marts.fct_scr_interval
        """
    )
    assert {name: int(value) for name, value in sums.items()} == {
        "offered": 17_313,
        "answered": 14_405,
        "abandoned": 1_885,
        "short_abandoned": 161,
        "left_in_menu": 1_023,
        "scr_numerator": 14_405,
        "scr_denominator": 17_313 - 1_023 - 161,
    }
    (rows,) = query(
        """
        select count(*) as landed, count(*) filter (where outcome = 'PHANTOM') as phantom
        from raw.anonymous_bank
        """
    )
    assert rows == {"landed": 17_456, "phantom": 143}


def test_landing_the_same_file_again_under_another_name_changes_nothing(bank, query, tmp_path):
    before = query("select * from marts.fct_scr_interval order by interval_start")
    folder = tmp_path / "landing" / "anonymous_bank"
    shutil.copy(folder / CALLS, folder / "again.tsv")
    end = datetime.now(UTC) + timedelta(minutes=2)
    replay(bank, end, end, timedelta(minutes=1))
    after = query("select * from marts.fct_scr_interval order by interval_start")
    ignored = {"as_of"}
    assert [{k: v for k, v in row.items() if k not in ignored} for row in after] == [
        {k: v for k, v in row.items() if k not in ignored} for row in before
    ]
    assert query("select count(*) as n from raw.anonymous_bank") == [{"n": 17_456}]
