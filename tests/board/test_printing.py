"""The printed board over a small centre, in both languages."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

import rtm.board.printing
from rtm.board.content import read_board
from rtm.board.printing import WORDS, Speech, render_board
from rtm.cycle import System, run_cycle
from rtm.recovery.lifecycle import Status
from rtm.settings import Language
from rtm.speech import read_words
from rtm.warehouse.tables import Outbox
from tests.small_centre import CALL_HEADER, DAY, MORNING, call, deliver_reference, roster

TEN_O_CLOCK = MORNING + timedelta(hours=2)


def printed(system: System, language: Language) -> str:
    console = Console(file=io.StringIO(), width=140, highlight=False)
    for part in render_board(read_board(system.warehouse), language):
        console.print(part)
    return console.file.getvalue()


@pytest.fixture
def centre(system: System, deliver) -> System:
    """08:00 to 10:00: Ani is late, Budi stays away, two thirds of the calls are lost."""
    deliver_reference(deliver)
    deliver("roster", "today.csv", roster(), MORNING - timedelta(days=1))
    tomorrow = roster(first=DAY + timedelta(days=1)).replace("A1", "UNKNOWN")
    deliver("roster", "tomorrow.csv", tomorrow, MORNING)
    login = f"{(MORNING + timedelta(minutes=12)).isoformat()},A1,login"
    deliver("agent_event", "events.csv", f"occurred_at,agent_id,event\n{login}\n", TEN_O_CLOCK)
    at = TEN_O_CLOCK - timedelta(minutes=20)
    calls = [call(f"c{n}", at, "answered" if n % 3 == 0 else "abandoned", 40) for n in range(12)]
    deliver("call", "calls.csv", CALL_HEADER + "".join(calls), TEN_O_CLOCK)
    run_cycle(system, TEN_O_CLOCK + timedelta(minutes=1))
    return system


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("id", ["Layanan terhadap target", "terlambat 12 menit", "belum login", "DITOLAK, ",
                "nomor 1, draf", "data per 23/11 10:01 WIB", "33,3\N{NO-BREAK SPACE}% ‼"]),
        ("en", ["Services against target", "12 minutes late", "not logged in", "REJECTED, errors: ",
                "number 1, draft", "data as of 23/11 10:01 WIB", "33.3\N{NO-BREAK SPACE}% ‼"]),
    ],
)  # fmt: skip
def test_the_board_tells_what_happened(centre: System, language: Language, told: list[str]):
    board = printed(centre, language)
    for text in told:
        assert text in board, board
    assert "Ani (A1)" in board
    assert "[RTM] Kartu Kredit: SCR 33,3 % " in board


def test_who_is_missing_from_a_night_that_began_yesterday_is_shown(system: System, deliver):
    deliver_reference(deliver)
    night = roster().replace(",P,", ",M,")
    deliver("roster", "night.csv", night, MORNING - timedelta(days=1))
    deliver("call", "calls.csv", CALL_HEADER, MORNING)
    for hour, is_shown in ((18, True), (24, False)):
        # 02:00 and 08:00 of the next day; the night is over at 07:00.
        run_cycle(system, MORNING + timedelta(hours=hour))
        assert ("Ani (A1)" in printed(system, "id")) is is_shown


def test_a_board_without_data_says_so(system: System):
    assert printed(system, "id").strip() == "Belum ada data."


def test_a_name_with_brackets_is_printed_as_it_is(centre: System, deliver):
    named = "agent_id,agent_name,email,role,team_code,active_from\n"
    deliver(
        "agent",
        "new.csv",
        named + "A1,Ani [red]x[/],a@b.example,agent,T1,2026-01-01\n",
        TEN_O_CLOCK,
    )
    run_cycle(centre, TEN_O_CLOCK + timedelta(minutes=2))
    assert "Ani [red]x[/] (A1)" in printed(centre, "id")


def test_no_text_is_left_over():
    words = {name.removeprefix("board.") for name in read_words((WORDS,), "id")}
    source = Path(rtm.board.printing.__file__).read_text(encoding="utf-8")
    spelled = {name for name in words if re.search(f"""["']{name}["']""", source)}
    matters = {"no_show", "absent", "late", "over_aux", "over_occurrence"}
    left = {n for n in words - spelled - matters if not n.startswith(("verdict_", "state_"))}
    assert left == set()


def test_the_board_has_a_word_for_every_status_of_a_plan_and_state_of_a_mail():
    (states,) = (
        re.findall(r"'(\w+)'", str(constraint.sqltext))
        for constraint in Outbox.__table__.constraints
        if constraint.name == "ck_outbox_state"
    )
    assert len(states) > 4
    # Of one that was sent, the time stands there
    told = [f"board.state_{state}" for state in states if state != "sent"]
    for name in [*(f"plan_status.{status}" for status in Status), *told]:
        assert Speech("id").say(name) and Speech("en").say(name)
