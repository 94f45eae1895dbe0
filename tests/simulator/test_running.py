from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from gzip import decompress
from pathlib import Path

from rtm.simulator import Fault, FaultKind, Live, healthy_scenario, simulate

from .conftest import Landed, land

SCENARIO = replace(healthy_scenario(), slice_s=240)
NOON = SCENARIO.start + timedelta(hours=10)


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here = land(SCENARIO, tmp_path / "here", NOON)
    there = tmp_path / "there" / "landing"
    program = (
        "import sys; from datetime import timedelta; from pathlib import Path;"
        "from dataclasses import replace;"
        "from rtm.simulator import healthy_scenario, simulate;"
        "s = replace(healthy_scenario(), slice_s=240);"
        "simulate(s, Path(sys.argv[1]), s.start + timedelta(hours=10))"
    )
    subprocess.run([sys.executable, "-c", program, str(there)], check=True)
    content = here.content()
    assert len(content) > 100
    assert content == Landed(there).content()


def test_another_seed_gives_other_calls(tmp_path: Path) -> None:
    one = land(SCENARIO, tmp_path / "1", NOON)
    other = land(healthy_scenario(seed=2), tmp_path / "2", NOON)
    assert one.rows("call") != other.rows("call")


def test_compressed_files_hold_the_same_and_are_as_repeatable(tmp_path: Path) -> None:
    packed = replace(SCENARIO, compress=True)
    first, second = (land(packed, tmp_path / n, NOON).content() for n in ("1", "2"))
    plain = land(SCENARIO, tmp_path / "3", NOON).content()
    assert first == second
    assert all(data[4:8] == bytes(4) for data, _ in first.values()), "a time stands inside"
    assert {name.removesuffix(".gz"): decompress(data) for name, (data, _) in first.items()} == {
        name: data for name, (data, _) in plain.items()
    }


def test_a_live_run_in_pieces_ends_with_the_files_of_one_run(tmp_path: Path) -> None:
    whole = land(SCENARIO, tmp_path / "whole", NOON)
    live = Live(SCENARIO, tmp_path / "live" / "landing")
    for minute in (-2000, 0, 1, 433, 437.5, 437.6, 500, 600):
        live.catch_up(SCENARIO.start + timedelta(minutes=minute))
    pieces = Landed(tmp_path / "live" / "landing")
    assert pieces.content() == whole.content()
    assert pieces.calls == whole.calls


def test_a_live_run_goes_on_where_an_earlier_process_ended(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    late = Fault(FaultKind.LATE, "UJI0008", SCENARIO.start + timedelta(hours=7), amount=900)
    scenario = SCENARIO.with_faults(late)
    simulate(scenario, landing, NOON - timedelta(hours=2, seconds=27))
    before = Landed(landing).content()
    written = Live(scenario, landing).catch_up(NOON).files_written
    after = Landed(landing).content()
    assert before.items() <= after.items()
    assert written == len(after) - len(before) > 0
    assert after == land(scenario, tmp_path / "whole", NOON).content()
    assert len(Landed(landing).truth("late")) == 1


def test_a_landing_folder_that_was_emptied_is_filled_again(tmp_path: Path) -> None:
    before = land(SCENARIO, tmp_path, NOON).content()
    shutil.rmtree(tmp_path / "landing")
    Live(SCENARIO, tmp_path / "landing").catch_up(NOON)
    assert Landed(tmp_path / "landing").content() == before


def test_no_unfinished_name_and_no_later_file_is_left(tmp_path: Path) -> None:
    landed = land(SCENARIO, tmp_path, NOON)
    names = [path.name for path in landed.landing.rglob("*") if path.is_file()]
    assert names and not [name for name in names if name.startswith(".")]
    arrivals = [time for _, time in landed.content().values()]
    assert max(arrivals) <= NOON.timestamp() * 1e9


def test_reference_data_arrives_a_day_before_the_first_contact_and_before_rosters(
    demo: Landed,
) -> None:
    first = min(path.stat().st_mtime for path in demo.files("call"))
    rosters = min(path.stat().st_mtime for path in demo.files("roster"))
    for feed in ("service", "team", "agent", "agent_alias", "shift", "aux_code", "kpi_target"):
        (path,) = demo.files(feed)
        assert path.stat().st_mtime < min(first - 86400, rosters)


def test_a_delayed_feed_arrives_late_and_complete(tmp_path: Path) -> None:
    start, end = (SCENARIO.start + timedelta(hours=hour) for hour in (8, 9))
    late = SCENARIO.with_faults(Fault(FaultKind.FEED_DELAY, "call", start, end))
    delayed, usual = (land(s, tmp_path / s.fingerprint, NOON) for s in (late, SCENARIO))
    times = [path.stat().st_mtime for path in delayed.files("call")]
    assert not [t for t in times if start.timestamp() + 5 < t < end.timestamp()]
    assert sum(t == end.timestamp() for t in times) > 10
    assert delayed.calls == usual.calls
    assert delayed.truth("feed_delay")


def test_an_idle_slice_is_a_file_with_a_header_alone(tmp_path: Path) -> None:
    landed = land(SCENARIO, tmp_path, NOON)
    idle = [path for path in landed.files("agent_event") if not landed.read(path)]
    assert idle
    assert all(path.read_text().startswith("event_id,occurred_at") for path in idle)
