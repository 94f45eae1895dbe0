"""Operators are told of a feed that is missed: not of one that is quiet while everybody is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.board.content import read_board
from rtm.cycle import run_cycle
from rtm.desk.state import read_missed_feeds
from rtm.warehouse import Role
from tests.small_centre import (
    CALL_HEADER,
    MORNING,
    REFERENCE,
    call,
    deliver_reference,
    roster,
)

MINUTE = timedelta(minutes=1)
CLOSING = MORNING + timedelta(hours=9)
"""17:00 in Jakarta, on a Monday."""
NEXT_OPENING = MORNING + timedelta(days=1)


@pytest.fixture
def at(system, deliver, query):
    """A service that is open from eight to five, whose last call came five minutes before; gives
    whether the feed is behind, and the open incidents of feeds, so many minutes after a moment."""
    deliver_reference(deliver)
    hours = REFERENCE["service"].replace("timezone\n", "timezone,opening_hours\n")
    hours = hours.replace("Asia/Jakarta\n", "Asia/Jakarta,Mo-Su 08:00-17:00\n")
    deliver("service", "hours.csv", hours, MORNING - timedelta(days=2))
    last = CLOSING - 5 * MINUTE
    deliver("call", "last.csv", CALL_HEADER + call("C1", last - 2 * MINUTE), last)

    def run(moment, minutes):
        run_cycle(system, moment + minutes * MINUTE)
        (feed,) = query("select is_stale from marts.rpt_feed_freshness where feed = 'call'")
        incidents = "select subject from ops.incident where closed_at is null"
        found = query(f"{incidents} and kind = 'feed_stale'")
        return feed["is_stale"], [row["subject"] for row in found]

    return run


def test_a_feed_is_missed_in_opening_hours_alone(at):
    assert at(CLOSING, 4) == (False, [])
    # Behind it is all the same: nothing is judged by it.
    assert at(CLOSING, 30) == (True, [])
    assert at(NEXT_OPENING, 4) == (True, [])
    assert at(NEXT_OPENING, 6) == (True, ["call"])


def test_the_board_and_the_desk_call_a_feed_behind_only_when_it_is_missed(at, system):
    for minutes, missed in ((4, []), (6, ["call"])):
        at(NEXT_OPENING, minutes)
        with system.warehouse.transaction(Role.APP) as connection:
            assert [row.feed for row in read_missed_feeds(connection)] == missed
        feeds = read_board(system.warehouse).feeds
        assert [row.feed for row in feeds if row.is_missed] == missed


def test_the_figures_of_a_feed_are_behind_only_when_it_is_missed(at, query):
    told = "select is_feed_behind, verdict = 'behind' from marts.rpt_kpi_today where kpi = 'scr'"
    for moment, minutes, is_missed in (
        *((CLOSING, 30, False), (NEXT_OPENING, 4, False)),
        (NEXT_OPENING, 6, True),
    ):
        at(moment, minutes)
        (now,) = query(told)
        assert tuple(now.values()) == (is_missed, is_missed)
        # Nothing is judged by it all the same
        (watched,) = query("select is_feed_behind from marts.rpt_kpi_watch where kpi = 'scr'")
        assert watched["is_feed_behind"]
        assert query("select what, is_missed from marts.rpt_behind") == [
            {"what": "voice", "is_missed": is_missed}
        ]


def test_a_feed_that_was_missed_stays_so_when_everybody_has_left(at, deliver):
    assert at(CLOSING, -5) == (False, [])
    assert at(NEXT_OPENING, 6) == (True, ["call"])
    assert at(NEXT_OPENING, 14 * 60) == (True, ["call"])
    back = NEXT_OPENING + timedelta(hours=15)
    deliver("call", "empty.csv", CALL_HEADER, back)
    assert at(back, 0) == (False, [])


def test_a_feed_is_missed_while_a_shift_runs_though_the_service_is_closed(at, deliver):
    nights = roster().replace(",P,", ",M,")
    deliver("roster", "nights.csv", nights, MORNING - timedelta(days=1))
    assert at(CLOSING, 5 * 60 + 4) == (True, [])
    assert at(CLOSING, 5 * 60 + 6) == (True, ["call"])


def test_a_file_with_its_header_alone_is_a_sign_of_life(at, deliver):
    for minute in (20, 40):
        deliver("call", f"alive_{minute}.csv", CALL_HEADER, CLOSING + minute * MINUTE)
        assert at(CLOSING, minute + 5) == (False, [])
        assert at(CLOSING, minute + 11) == (True, [])
