"""Random worlds are what they claim: repeatable, valid where they must be, nasty elsewhere."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from .reference import marts
from .reference_data import read_reference_data
from .shifts import Shift, read_shift
from .world import FEED_COLUMNS, Cells, World
from .worlds import minimal, random_world, write_world

SEEDS = range(60)
BAD_CALLS = (
    *("negative_duration", "hold_longer_than_call", "queued_before_arrived"),
    *("answered_before_queued", "left_before_queued", "ended_before_answered"),
)
BAD_EVENTS = (
    *("implicit_login", "repeated_login", "stray_logout", "overlapping_state", "auto_closed"),
    *("unknown_aux_code", "unknown_agent"),
)


def read_back(path: Path) -> list[Cells]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in text.splitlines()]
    separator = ";" if ";" in text.splitlines()[0] else ","
    return list(csv.DictReader(text.splitlines(), delimiter=separator))


def filled(row: Cells) -> Cells:
    return {column: value for column, value in row.items() if value}


def test_the_same_seed_gives_the_same_world() -> None:
    assert random_world(7) == random_world(7)
    assert random_world(7) != random_world(8)


def test_every_cell_survives_being_written(tmp_path: Path) -> None:
    suffixes = set()
    for seed in range(5):
        world = random_world(seed)
        paths = write_world(world, tmp_path / str(seed))
        assert len(paths) == len(world.deliveries) > 10
        for path, delivery in zip(paths, world.deliveries, strict=True):
            assert [filled(row) for row in read_back(path)] == [
                filled(row) for row in delivery.rows
            ]
            modified = datetime.fromtimestamp(path.stat().st_mtime_ns / 1e9, UTC)
            assert modified == delivery.arrived_at
            assert path.parent.name == delivery.feed
            suffixes |= {".".join(path.name.split(".")[1:])}
    assert suffixes == {"csv", "csv.gz", "jsonl", "jsonl.gz"}


def test_rows_hold_columns_of_their_feed_only() -> None:
    for seed in SEEDS:
        for delivery in random_world(seed).deliveries:
            for row in delivery.rows:
                assert set(row) <= set(FEED_COLUMNS[delivery.feed])


def all_known(world: World) -> World:
    return replace(world, as_of=world.as_of + timedelta(days=30))


def working(shifts: list[Shift], moment: datetime, function: str | None = None) -> list[Shift]:
    return [
        shift
        for shift in shifts
        if shift.is_work
        and shift.planned[0] <= moment < shift.planned[1]
        and function in (None, shift.function)
    ]


def test_every_roster_passes_the_gate() -> None:
    checked = 0
    for seed in SEEDS:
        world = random_world(seed)
        data = read_reference_data(all_known(world))
        role_of = {
            row["agent_id"]: (row["role"], row["team_code"])
            for delivery in world.deliveries
            if delivery.feed == "agent"
            for row in delivery.rows
        }
        for delivery in world.deliveries:
            if delivery.feed != "roster":
                continue
            checked += 1
            shifts = [read_shift(row, data) for row in delivery.rows]
            (service_code,) = {shift.service.service_code for shift in shifts}
            dates = {shift.roster_date for shift in shifts}
            entries = Counter((shift.agent_id, shift.roster_date) for shift in shifts)
            assert set(entries.values()) == {1}
            for agent_id, (role, team_code) in role_of.items():
                if role == "agent" and team_code == f"T-{service_code}":
                    assert all((agent_id, day) in entries for day in dates)

            of_agent: dict[str, list[Shift]] = defaultdict(list)
            for shift in shifts:
                if shift.is_work:
                    of_agent[shift.agent_id].append(shift)
                    for moment in (shift.planned[0], shift.planned[1] - timedelta(seconds=1)):
                        assert working(shifts, moment, "pic")
                        leaders = working(shifts, moment, "rtfm")
                        assert leaders
                        assert all(role_of[one.agent_id][0] == "team_leader" for one in leaders)
            for own in of_agent.values():
                own.sort(key=lambda shift: shift.planned)
                for before, after in pairwise(own):
                    assert after.planned[0] - before.planned[1] >= timedelta(hours=11)
    assert checked > len(SEEDS)


def test_agent_events_never_fall_on_as_of() -> None:
    for seed in SEEDS:
        world = random_world(seed)
        exact = marts(world)
        later = marts(replace(world, as_of=world.as_of + timedelta(microseconds=1)))
        starts = [row["first_login_at"] for row in later["fct_attendance"]]
        assert world.as_of not in starts
        assert len(exact["fct_attendance"]) == len(later["fct_attendance"])


def test_the_worlds_together_hold_every_status_and_outcome() -> None:
    seen: Counter[str] = Counter()
    for seed in range(100):
        result = marts(random_world(seed))
        for row in result["fct_attendance"]:
            seen[row["status"]] += 1
        for row in result["fct_login_compliance"]:
            seen[f"auto_closed {row['auto_closed']}"] += 1
            seen[f"compliant {row['is_compliant']}"] += 1
            seen["overtime"] += (row["overtime_s"] or 0) > 0
        for row in result["fct_aux_usage"]:
            seen["unmapped"] += row["aux_code"].startswith("UNMAPPED:")
            seen["excess"] += row["excess_s"] > 0
            seen["over occurrence"] += row["is_over_occurrence"]
        for row in result["fct_scr_interval"]:
            for outcome in ("short_abandoned", "left_in_menu", "still_open", "timed_out"):
                seen[outcome] += row[outcome]
        for row in result["fct_response_time_interval"]:
            seen["overdue"] += row["overdue_unanswered"]
            seen["waiting"] += row["waiting_list"]
        for row in result["fct_rotg_violation"]:
            seen[row["rule_code"]] += 1
        for row in result["fct_roster_evaluation"]:
            seen["understaffed"] += (row["understaffed_s"] or 0) > 0
            seen["idle"] += row["shrinkage_numerator"] > 0
            seen["forecast"] += row["forecast_aht_s"] is not None
        for row in result["rpt_data_quality_row"]:
            seen[f"{row['feed']} {row['kind']}"] += 1
        for row in result["rpt_feed_freshness"]:
            seen["stale"] += row["is_stale"]
    wanted = (
        *("excused", "not_due", "pending", "no_show", "absent", "late", "present", "unscheduled"),
        *("auto_closed True", "auto_closed False", "auto_closed None"),
        *("compliant True", "compliant False", "compliant None", "overtime"),
        *("unmapped", "excess", "over occurrence"),
        *("short_calls_in_row", "ringing_unanswered"),
        *("understaffed", "idle", "forecast", "stale"),
        *(f"call {kind}" for kind in BAD_CALLS),
        *(f"agent_event {kind}" for kind in BAD_EVENTS),
        *("conversation answered_before_received", "conversation closed_before_received"),
        *("ring stopped_before_rang", "exception ends_before_start"),
        *(f"{feed} after_as_of" for feed in ("agent_event", "call", "conversation", "ring")),
        *("short_abandoned", "left_in_menu", "still_open", "timed_out", "overdue", "waiting"),
    )
    assert {name: seen[name] for name in wanted if seen[name] < 5} == {}


def test_a_failing_world_is_made_small() -> None:
    def fails(world: World) -> bool:
        return any(row["blocked"] for row in marts(world)["fct_scr_interval"])

    world = next(world for world in map(random_world, SEEDS) if fails(world))
    smaller = minimal(world, fails)
    assert fails(smaller)
    rows = [
        row for delivery in smaller.deliveries if delivery.feed == "call" for row in delivery.rows
    ]
    assert len(rows) == 1
    assert not [delivery for delivery in smaller.deliveries if delivery.feed == "conversation"]
