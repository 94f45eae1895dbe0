"""The delivered rosters against the rules of a valid roster, checked from the files alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rtm.simulator import Fault, FaultKind, RosterDefect, bench_scenario, demo_scenario

from .conftest import NOW, Landed, Row, land


class Rules:
    """Finds what is wrong with the roster rows of one service."""

    def __init__(self, landed: Landed, service_code: str) -> None:
        self.shifts = {row["shift_code"]: row for row in landed.rows("shift")}
        teams = {row["team_code"]: row["service_code"] for row in landed.rows("team")}
        self.people = {
            row["agent_id"]: row
            for row in landed.rows("agent")
            if teams[row["team_code"]] == service_code
        }
        self.looked_at = 0

    def broken(self, rows: list[Row]) -> set[str]:
        self.looked_at += len(rows)
        spans = [(*self._span(row), row) for row in rows if self._is_work(row)]
        return set(self._entries(rows)) | set(self._cover(spans)) | set(self._hours(rows))

    def _is_work(self, row: Row) -> bool:
        return self.shifts[row["shift_code"]]["kind"] == "work"

    def _span(self, row: Row) -> tuple[datetime, datetime]:
        shift, day = self.shifts[row["shift_code"]], date.fromisoformat(row["roster_date"])
        start = datetime.combine(day, time.fromisoformat(shift["start_time"]))
        end = datetime.combine(day, time.fromisoformat(shift["end_time"]))
        return start, end if end > start else end + timedelta(days=1)

    def _entries(self, rows: list[Row]) -> Iterator[str]:
        cells = [(row["agent_id"], row["roster_date"]) for row in rows]
        if len(cells) != len(set(cells)):
            yield "two shifts on one date"
        if {row["agent_id"] for row in rows} - set(self.people):
            yield "unknown agent"
        dates = {row["roster_date"] for row in rows}
        agents = {a for a, row in self.people.items() if row["role"] in ("agent", "team_leader")}
        if {(agent, day) for agent in agents for day in dates} - set(cells):
            yield "missing entry"

    def _cover(self, spans: list[tuple[datetime, datetime, Row]]) -> Iterator[str]:
        moments = {start for start, _, _ in spans} | {end for _, end, _ in spans}
        for at in moments:
            present = [row for start, end, row in spans if start <= at < end]
            functions = {row["function"] for row in present}
            if any(self._role(row) == "agent" for row in present) and "pic" not in functions:
                yield "no PIC"
            leads = [row for row in present if row["function"] == "rtfm"]
            if present and not any(self._role(row) == "team_leader" for row in leads):
                yield "no RTFM"

    def _role(self, row: Row) -> str:
        return self.people.get(row["agent_id"], {"role": "agent"})["role"]

    def _hours(self, rows: list[Row]) -> Iterator[str]:
        worked: dict[str, list[tuple[datetime, datetime, float]]] = defaultdict(list)
        for row in rows:
            if self._is_work(row):
                start, end = self._span(row)
                rest_min = float(self.shifts[row["shift_code"]]["break_min"])
                hours = (end - start).total_seconds() / 3600 - rest_min / 60
                worked[row["agent_id"]].append((start, end, hours))
                if (end - start).total_seconds() > 4 * 3600 and rest_min < 30:
                    yield "no break"
                yield from self._night(row, start, end)
        for agent, shifts in worked.items():
            shifts.sort()
            for before, after in pairwise(shifts):
                if after[0] - before[1] < timedelta(hours=11):
                    yield "rest"
            yield from self._weeks(self.people.get(agent, {}), shifts)

    def _night(self, row: Row, start: datetime, end: datetime) -> Iterator[str]:
        is_night = start.hour < 7 or end.date() > start.date() or end.time() > time(23)
        if is_night and self.people[row["agent_id"]]["night_shift_allowed"] != "true":
            yield "night"

    def _weeks(self, person: Row, shifts: list[tuple[datetime, datetime, float]]) -> Iterator[str]:
        days = {"5x8": 5, "6x7": 6}.get(person.get("work_pattern", ""), 5)
        for start, _, _ in shifts:
            week = [s for s in shifts if start <= s[0] < start + timedelta(days=7)]
            if sum(hours for _, _, hours in week) > 40 or len(week) > days:
                yield "week"
            if max(hours for _, _, hours in week) > (8 if days == 5 else 7):
                yield "day"


def _rosters(landed: Landed, service_code: str) -> list[Row]:
    return [row for row in landed.rows("roster") if row["service_code"] == service_code]


def test_the_rosters_of_the_demonstration_are_valid_except_one(demo: Landed) -> None:
    found = {}
    for code in ("KARTU", "DIGITAL", "PRIORITAS"):
        rules = Rules(demo, code)
        found[code] = rules.broken(_rosters(demo, code))
        assert rules.looked_at > 100
    assert found == {"KARTU": set(), "DIGITAL": set(), "PRIORITAS": {"no PIC"}}


def test_every_roster_arrives_before_the_cut_off_of_the_day_before(demo_later: Landed) -> None:
    zones = {row["service_code"]: row["timezone"] for row in demo_later.rows("service")}
    paths = demo_later.files("roster")
    assert len(paths) == 6
    for path in paths:
        rows = demo_later.read(path)
        first = date.fromisoformat(min(row["roster_date"] for row in rows))
        zone = ZoneInfo(zones[rows[0]["service_code"]])
        cut_off = datetime.combine(first - timedelta(days=1), time(17), zone)
        assert path.stat().st_mtime < cut_off.timestamp()


@pytest.mark.parametrize(
    ("defect", "consequence"),
    [
        (RosterDefect.MISSING_PIC, "no PIC"),
        (RosterDefect.UNKNOWN_AGENT, "unknown agent"),
        (RosterDefect.MISSING_ENTRIES, "missing entry"),
    ],
)
def test_a_broken_roster_breaks_the_rule_it_is_meant_to(
    defect: RosterDefect, consequence: str, tmp_path: Path
) -> None:
    plain = demo_scenario(NOW).without_faults()
    tomorrow = NOW + timedelta(days=1)
    fault = Fault(FaultKind.BROKEN_ROSTER, "DIGITAL", tomorrow, detail=defect.value)
    landed = land(plain.with_faults(fault), tmp_path, plain.start + timedelta(hours=40))
    for code, expected in (("DIGITAL", consequence), ("KARTU", None)):
        found = Rules(landed, code).broken(_rosters(landed, code))
        assert (expected in found) if expected else not found
    (fact,) = landed.truth("broken_roster")
    assert (fact["subject"], fact["detail"]) == ("DIGITAL", defect.value)


def test_a_corrected_roster_follows_where_it_was_promised(tmp_path: Path) -> None:
    plain = demo_scenario(NOW).without_faults()
    defect = RosterDefect.MISSING_PIC.value
    corrected = NOW + timedelta(hours=1)
    fault = Fault(
        FaultKind.BROKEN_ROSTER, "KARTU", NOW + timedelta(days=1), corrected, detail=defect
    )
    landed = land(plain.with_faults(fault), tmp_path, NOW + timedelta(hours=2))
    *_, first, second = [p for p in landed.files("roster") if "KARTU" in p.name]
    assert Rules(landed, "KARTU").broken(landed.read(first)) == {"no PIC"}
    assert Rules(landed, "KARTU").broken(landed.read(second)) == set()
    assert second.stat().st_mtime == corrected.timestamp()


def test_rosters_stay_valid_across_the_border_of_weeks_and_with_leave(tmp_path: Path) -> None:
    scenario = replace(bench_scenario(agents=50, days=1), slice_s=3600, history_slice_s=3600)
    landed = land(scenario, tmp_path, scenario.start + timedelta(days=7))
    rows = _rosters(landed, "SVC01")
    assert len({row["roster_date"] for row in rows}) > 14
    assert any(row["shift_code"] == "CUTI" for row in rows)
    assert Rules(landed, "SVC01").broken(rows) == set()


def test_an_overnight_shift_is_rostered(demo: Landed) -> None:
    overnight = {
        row["shift_code"]
        for row in demo.rows("shift")
        if row["start_time"] and row["end_time"] <= row["start_time"]
    }
    assert overnight
    assert any(row["shift_code"] in overnight for row in _rosters(demo, "KARTU"))


def test_the_roster_meets_the_requirement_it_is_delivered_with(demo: Landed) -> None:
    rules = Rules(demo, "KARTU")
    rows = [r for r in _rosters(demo, "KARTU") if "2026-11-24" <= r["roster_date"] <= "2026-11-28"]
    agents = [r for r in rows if rules._is_work(r) and rules._role(r) == "agent"]
    spans = [rules._span(row) for row in agents]
    checked = 0
    for row in demo.rows("staffing_requirement"):
        at = datetime.fromisoformat(row["interval_start"]).replace(tzinfo=None)
        is_covered = "2026-11-24T07" <= row["interval_start"] < "2026-11-28"
        if row["service_code"] != "KARTU" or not is_covered:
            continue
        present = sum(start <= at < end for start, end in spans)
        assert present + 1 >= float(row["required_agents"]) > 0
        checked += 1
    assert checked > 150
