"""Who is not in place at this moment, and who was late or in AUX too long before."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from rtm.cycle import System
from tests.small_centre import DAY, MORNING
from tests.small_desk import SmallDesk

MINUTE = timedelta(minutes=1)
EVENTS = "event_id,occurred_at,agent_id,event,state,aux_code\n"
EXCEPTIONS = "exception_id,agent_id,start_at,end_at,reason,approved_by\n"


@pytest.fixture
def tell(deliver):
    """Delivers events of agents; each is told with its minute after eight."""
    numbers = itertools.count(1)

    def tell(*events):
        file = f"events_{next(numbers):02}.csv"
        rows = [
            f"{file}-{n},{(MORNING + minute * MINUTE).isoformat()},{agent},{event},{of}\n"
            for n, (minute, agent, event, of) in enumerate(events)
        ]
        deliver("agent_event", file, EVENTS + "".join(rows), MORNING + max(events)[0] * MINUTE)

    return tell


@pytest.fixture
def people(system: System, deliver, tmp_path, begin, tell):
    """A quarter past ten: A2 has not come, A1 has left, A3 came late and is in a break that is too
    long, L1 came late and is back from one. Gives what Today says at a minute after eight: how many
    are not in place, who that is, and who is in place with something before."""
    small = SmallDesk(system, tmp_path / "landing")
    small.now = MORNING + 134 * MINUTE
    tell(
        *((-5, "A1", "login", ","), (10, "L1", "login", ",")),
        *((12, "L1", "state", "aux,ISTIRAHAT"), (92, "L1", "state", "ready,")),
        *((20, "A3", "login", ","), (60, "A3", "state", "aux,ISTIRAHAT")),
        (90, "A1", "logout", ","),
    )
    small.prepare(deliver, begin, "people_on_shift")

    def look(minute):
        if MORNING + minute * MINUTE > small.now:
            small.cycle(MORNING + minute * MINUTE - small.now)
        told = small.reader("K1").text("/").split("Tidak di tempat sekarang ")[1]
        now, _, before = told.partition("Sudah di tempat, tadi terlambat atau melebihi AUX: ")
        return now, before

    return look


def test_those_who_are_not_in_place_now_are_named_each_once(people):
    now, before = people(135)
    assert now.startswith("3 orang dalam shift yang berjalan ")
    assert "Budi A2 P 08:00 WIB ‼ belum login" in now
    assert "Ani A1 P 08:00 WIB ‼ logout sejak 09:30 WIB" in now
    assert "Cici A3 P 08:00 WIB ✗ AUX ISTIRAHAT lebih 15 mnt" in now
    assert "terlambat" not in now and "Lia" not in now
    assert before.startswith("1 ")
    assert "Lia L1 P 08:00 WIB ✗ AUX ISTIRAHAT lebih 20 mnt" in before
    assert "✗ terlambat 10 mnt" in before
    assert "Cici" not in before


def test_who_is_back_or_excepted_or_out_for_a_moment_is_not_away(people, tell, deliver):
    people(135)
    tell((136, "A3", "state", "ready,"), (138, "A2", "login", ","), (142, "L1", "logout", ","))
    excepted = f"X1,A1,{DAY}T09:30,{DAY}T11:00,Rapat,L1\nX2,A1,{DAY}T11:00,{DAY}T12:00,Rapat,\n"
    deliver("exception", "meeting.csv", EXCEPTIONS + excepted, MORNING + 140 * MINUTE)
    now, before = people(145)
    assert now.startswith("Semua sesuai roster.")
    assert before.startswith("3 ") and "Ani" not in before
    assert "Budi A2 P 08:00 WIB ✗ terlambat" in before
    assert "Cici A3 P 08:00 WIB ✗ AUX ISTIRAHAT lebih 16 mnt" in before
    tell((150, "A2", "state", "aux,ISTIRAHAT"))
    now, before = people(190)
    assert now.startswith("3 orang")
    assert "Ani A1 P 08:00 WIB ‼ logout sejak 11:00 WIB" in now, "since when it is not excepted"
    assert "Lia L1 P 08:00 WIB ‼ logout sejak 10:22 WIB" in now
    assert "Budi A2 P 08:00 WIB ✗ AUX ISTIRAHAT satu kali 40 mnt" in now
    assert before.startswith("1 ") and "Cici" in before
    tell((191, "A2", "state", "ready,"), (195, "A2", "state", "aux,ISTIRAHAT"))
    now, before = people(200)
    assert now.startswith("2 orang") and "Budi" not in now
    assert "AUX ISTIRAHAT satu kali 41 mnt" in before, "this one is not too long yet"


def test_a_break_in_an_exception_keeps_nobody_from_their_place(people, deliver):
    people(135)
    excepted = f"X1,A3,{DAY}T10:14,{DAY}T11:00,Rapat,L2\n"
    deliver("exception", "meeting.csv", EXCEPTIONS + excepted, MORNING + 136 * MINUTE)
    now, before = people(140)
    assert now.startswith("2 orang") and "Cici" not in now
    assert "Cici A3 P 08:00 WIB ✗ AUX ISTIRAHAT lebih 14 mnt" in before
