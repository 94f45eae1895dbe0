"""What is kept of deliveries says, at every moment, the same as all of them together."""

from __future__ import annotations

import gzip
import itertools
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from alembic import command
from fsspec.implementations.local import LocalFileSystem

from rtm.cycle import land_feeds, run_cycle
from rtm.landing import Arrival
from rtm.landing.load import land_file
from rtm.sources import FEEDS
from rtm.warehouse.prepare import alembic_config, prepare

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEEPING = ("agent", "kpi_target", "service", "team")
TEAM = "team_code,team_name,service_code,team_leader_id,coordinator_id\n"

Place = tuple[datetime, str, int]
Said = dict[str, list[tuple[Place, str]]]
"""By team, what was said of it and where, in the order of delivery."""


def teams(*rows: tuple[str, str]) -> str:
    return TEAM + "".join(f"{code},{name},KARTU,L1,K1\n" for code, name in rows)


@pytest.fixture
def land(system, deliver):
    """Takes one file of teams in, whenever it arrived."""

    def run(name: str, content: str, arrived_at: datetime, feed: str = "team") -> None:
        path = deliver(feed, name, content, arrived_at)
        size = path.stat().st_size
        arrival = Arrival(FEEDS[feed], LocalFileSystem(), str(path), arrived_at, size)
        assert land_file(system.warehouse, arrival).outcome == "loaded"

    return run


@pytest.fixture
def kept(query):
    """What is kept of each team, as (minute after noon, name), in the order of delivery."""

    def read(code: str = "T1") -> list[tuple[float, str]]:
        rows = query(
            "select _arrived_at, team_name from raw.team_delivery where team_code = :code"
            " order by _arrived_at, _file_name, _row",
            code=code,
        )
        return [((row["_arrived_at"] - NOON) / MINUTE, row["team_name"]) for row in rows]

    return read


def test_the_feeds_with_a_history_keep_their_deliveries():
    assert sorted(f.name for f in FEEDS.values() if f.keeps_deliveries) == sorted(KEEPING)


def test_a_delivery_that_says_nothing_new_is_not_kept(land, kept):
    for minute, name in enumerate("AABBA"):
        land(f"{minute}.csv", teams(("T1", name)), NOON + minute * MINUTE)
    assert kept() == [(0, "A"), (2, "B"), (4, "A")]


def test_what_a_late_delivery_replaced_holds_again_from_where_it_was_repeated(land, kept):
    for minute in range(5):
        land(f"{minute}.csv", teams(("T1", "A"), ("T2", "Z")), NOON + minute * MINUTE)
    assert kept() == [(0, "A")]
    land("late.csv", teams(("T1", "B")), NOON + 1.5 * MINUTE)
    assert kept() == [(0, "A"), (1.5, "B"), (2, "A")]
    land("later.csv", teams(("T1", "C")), NOON + 3 * MINUTE)
    assert kept() == [(0, "A"), (1.5, "B"), (2, "A"), (3, "C"), (4, "A")]
    land("first.csv", teams(("T1", "D")), NOON - MINUTE)
    assert kept()[:2] == [(-1, "D"), (0, "A")]
    assert kept("T2") == [(0, "Z")]


def test_a_late_delivery_between_two_others_says_again_what_it_left_out(land, kept):
    """The second of two equal deliveries is found first, and a third between them last."""
    land("a.csv", teams(("T1", "A")), NOON)
    land("b.csv", teams(("T1", "B")), NOON + 8 * MINUTE)
    land("c.csv", teams(("T1", "A")), NOON + 10 * MINUTE)
    land("d.csv", teams(("T1", "A")), NOON + 9 * MINUTE)
    land("e.csv", teams(("T1", "A")), NOON + 9.5 * MINUTE)
    land("f.csv", teams(("T1", "C")), NOON + 9.2 * MINUTE)
    assert kept() == [(0, "A"), (8, "B"), (9, "A"), (9.2, "C"), (9.5, "A"), (10, "A")]


def test_a_file_delivered_every_minute_costs_nothing_but_its_row_in_the_ledger(land, query, kept):
    rows = [("T1", "A"), ("T2", "B"), ("T3", "C")]
    chance = Random(1)
    for minute in range(20):
        chance.shuffle(rows)
        # Another order, and a column that nobody asked for, make another file of the same rows
        header, *lines = teams(*rows).splitlines()
        content = f"{header},written_at\n" + "".join(f"{line},{minute}\n" for line in lines)
        land(f"{minute}.csv", content, NOON + minute * MINUTE)
    assert query("select count(*) as n from raw.team_delivery") == [{"n": 3}]
    assert query("select cardinality(words) as n from raw.delivered_words") == [{"n": 3}]
    files = query("select count(*) as n, count(distinct content_sha256) as c from ops.file_ledger")
    assert files == [{"n": 20, "c": 20}]
    land("late.csv", teams(("T2", "X")), NOON + 7.5 * MINUTE)
    assert kept("T2") == [(0, "B"), (7.5, "X"), (8, "B")]


def test_a_key_that_stands_twice_in_a_file_costs_no_more_the_second_time(land, query, kept):
    """Of rows that name different services both may count, as long as the last one waits."""
    twice = teams(("T1", "A"), ("T2", "Z"), ("T1", "B"))
    two = TEAM + "T1,C,KARTU,L1,K1\nT1,D,LUAR,L1,K1\n"
    for minute in range(3):
        land(f"{minute}.csv", twice, NOON + minute * MINUTE)
        land(f"{minute + 5}.csv", two, NOON + (minute + 5) * MINUTE)
    assert kept() == [(0, "B"), (5, "C"), (5, "D")]
    land("late.csv", teams(("T1", "E")), NOON + 5.5 * MINUTE)
    assert kept()[3:] == [(5.5, "E"), (6, "C"), (6, "D")]
    rows = query("select _row, _file_name from raw.team_delivery where _arrived_at > :at", at=NOON)
    assert {(-1, "6.csv"), (0, "6.csv")} < {tuple(row.values()) for row in rows}


def test_a_row_that_waits_for_its_service_is_kept_as_delivered_with_its_file(land, query, kept):
    land("a.csv", teams(("T1", "A")), NOON)
    service = "service_code,service_name,client_name,timezone\nKARTU,K,B,Asia/Jakarta\n"
    assert query("select * from raw.team") == []
    land("s.csv", service, NOON + MINUTE, "service")
    assert query("select team_name from raw.team") == [{"team_name": "A"}]
    assert kept() == [(0, "A")]


def test_rows_that_cannot_be_read_are_not_kept(land, query):
    land("a.jsonl", '{"team_code": "T1"}\nbroken\n', NOON)
    assert query("select * from raw.team_delivery") == []
    assert query("select count(*) as n from ops.quarantine") == [{"n": 2}]


def in_force(said: Said, code: str, place: Place) -> str | None:
    before = [text for where, text in said.get(code, []) if where <= place]
    return before[-1] if before else None


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_any_files_keeps_what_all_of_them_say(land, query, seed):
    """Few names, few codes and few moments, so that every way to meet comes about."""
    chance = Random(seed)
    codes, names = ["T1", "T2", "T3"], "AB" if seed % 2 else "ABC"
    files = []
    dumps = [tuple((code, chance.choice(names)) for code in codes) for _ in range(2)]
    for number in range(16):
        rows = chance.choice(dumps) if chance.random() < 0.5 else None
        rows = rows or tuple(
            (chance.choice(codes), chance.choice(names)) for _ in range(chance.randrange(1, 4))
        )
        arrived_at = NOON + chance.randrange(8) * MINUTE
        files.append((f"{chance.randrange(1000):03d}_{number}.csv", rows, arrived_at))
    if seed % 3 == 0:
        files.sort(key=lambda file: file[2])
    said: Said = {}
    moments: set[Place] = set()
    for name, rows, arrived_at in files:
        land(name, teams(*rows), arrived_at)
        for row, (code, text) in enumerate(rows, 2):
            said.setdefault(code, []).append(((arrived_at, name, row), text))
        for deliveries in said.values():
            deliveries.sort()
        moments.add((arrived_at, name, 10**6))
        stored: Said = {}
        for row in query(
            "select team_code, team_name, _arrived_at, _file_name, _row from raw.team_delivery"
            " order by _arrived_at, _file_name, _row"
        ):
            place = (row["_arrived_at"], row["_file_name"], row["_row"])
            stored.setdefault(row["team_code"], []).append((place, row["team_name"]))
        for code, moment in itertools.product(codes, moments):
            assert in_force(stored, code, moment) == in_force(said, code, moment), (code, moment)
    everything = sum(map(len, said.values()))
    assert sum(map(len, stored.values())) < everything


def test_files_in_their_order_keep_changes_only(land, query):
    chance = Random(3)
    state, changes = {}, 0
    for minute in range(25):
        rows = {f"T{n}": chance.choice("AB") for n in range(chance.randrange(1, 5))}
        changes += sum(state.get(code) != name for code, name in rows.items())
        state |= rows
        land(f"{minute:02d}.csv", teams(*rows.items()), NOON + minute * MINUTE)
    assert query("select count(*) as n from raw.team_delivery") == [{"n": changes}]


def test_a_warehouse_from_before_deliveries_were_kept_begins_with_what_it_holds(
    system, deliver, query, kept
):
    service = "service_code,service_name,client_name,timezone\nKARTU,K,B,Asia/Jakarta\n"
    deliver("service", "s.csv", service, NOON)
    for minute, name in enumerate("ABB"):
        deliver("team", f"{minute}.csv", teams(("T1", name)), NOON + minute * MINUTE)
    stray = teams(("T9", "Stray")).replace("KARTU", "LUAR")
    deliver("team", "stray.csv.gz", gzip.compress(stray.encode()), NOON)
    land_feeds(system, NOON + 5 * MINUTE)
    with system.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("drop schema marts, intermediate, staging cascade")
        tables = ", ".join(f"raw.{feed}_delivery" for feed in KEEPING)
        connection.exec_driver_sql(f"drop table {tables}, raw.delivered_words cascade")
        connection.exec_driver_sql("update ops.clock set models = 'of an earlier version'")
    command.downgrade(alembic_config(system.warehouse), "0001")
    system.prepare()
    assert kept() == [(1, "B"), (2, "B")]
    assert kept("T9") == [(0, "Stray")]
    prepare(system.warehouse)
    assert len(query("select * from raw.team_delivery")) == 3
    deliver("team", "late.csv", teams(("T1", "A")), NOON - MINUTE)
    deliver("service", "luar.csv", service.replace("KARTU", "LUAR"), NOON)
    run_cycle(system, NOON + 5 * MINUTE)
    history = "select team_name, known_from_at from marts.dim_team_history order by 1"
    assert [tuple(row.values()) for row in query(history)] == [
        ("A", NOON - MINUTE),
        ("B", NOON + MINUTE),
        ("Stray", NOON),
    ]
