"""The reference against examples worked out by hand; every date here is in Jakarta (+07:00)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .cells import number, seconds
from .nonvoice import ServiceClock, opening_by_weekday, percentile
from .reference import marts
from .reference_data import ReferenceData, read_service
from .sessions import AgentHistory, Event, PlannedEnd, Session, history
from .shifts import cut_windows
from .spans import interval_of
from .voice import service_level
from .world import Cells, Delivery, World
from .worlds import worlds

JAKARTA = ZoneInfo("Asia/Jakarta")
MONDAY = date(2026, 11, 16)
RowDict = dict[str, Any]


def at(clock: str, day: int = 16) -> datetime:
    """`08:30` or `08:30:15` on a day of November 2026 in Jakarta, as UTC."""
    read = datetime.fromisoformat(f"2026-11-{day:02d}T{clock}")
    return read.replace(tzinfo=JAKARTA).astimezone(UTC)


def local(clock: str, day: int = 16) -> str:
    """The same moment as a cell, without offset."""
    return f"2026-11-{day:02d}T{clock}"


SERVICE: Cells = {"service_code": "CARE", "timezone": "Asia/Jakarta"}
TEAM: Cells = {"team_code": "T1", "service_code": "CARE"}
AGENTS: list[Cells] = [
    {"agent_id": agent_id, "role": "agent", "team_code": "T1"} for agent_id in ("A1", "A2")
]
SHIFTS: list[Cells] = [
    {"shift_code": "M", "kind": "work", "start_time": "08:00", "end_time": "16:00"},
    {"shift_code": "L", "kind": "work", "start_time": "19:00", "end_time": "23:00"},
    {"shift_code": "N", "kind": "work", "start_time": "22:00", "end_time": "06:00"},
    {"shift_code": "OFF", "kind": "off"},
    {"shift_code": "SICK", "kind": "sick"},
    {"shift_code": "TR", "kind": "training", "start_time": "09:00", "end_time": "12:00"},
]
AUX_CODES: list[Cells] = [
    {"aux_code": "BREAK", "allowance_min_per_shift": "60", "max_min_per_occurrence": "30"},
    {"aux_code": "PRAYER", "allowance_min_per_shift": "7,5"},
]


def delivery(feed: str, *rows: Cells, minute: int = 0, name: str = "a.csv") -> Delivery:
    """A file that arrives some minutes after the eve began."""
    return Delivery(feed, name, at("00:00", 14) + timedelta(minutes=minute), rows)


def world(as_of: datetime, *deliveries: Delivery, service: Cells | None = None) -> World:
    return World(
        (
            delivery("service", SERVICE | (service or {})),
            delivery("team", TEAM),
            delivery("agent", *AGENTS),
            delivery("shift", *SHIFTS),
            delivery("aux_code", *AUX_CODES),
            *deliveries,
        ),
        as_of,
    )


def only(rows: list[RowDict]) -> RowDict:
    assert len(rows) == 1, rows
    return rows[0]


def holds(row: RowDict, **expected: Any) -> None:
    assert {column: row[column] for column in expected} == expected


# Voice


def call(call_id: str, outcome: str, **cells: str) -> Cells:
    return {
        "call_id": call_id,
        "service_code": "CARE",
        "direction": "inbound",
        "arrived_at": local("09:00:00"),
        "queued_at": local("09:00:00"),
        "outcome": outcome,
    } | cells


def answered(call_id: str, wait_s: int, **cells: str) -> Cells:
    ended_at = local("09:10:00")
    answered_at = local(f"09:{wait_s // 60:02d}:{wait_s % 60:02d}")
    return call(call_id, "answered", answered_at=answered_at, ended_at=ended_at, **cells)


def abandoned(call_id: str, wait_s: int, **cells: str) -> Cells:
    left_at = local(f"09:{wait_s // 60:02d}:{wait_s % 60:02d}")
    return call(call_id, "abandoned", left_at=left_at, **cells)


def target(kpi: str, channel: str, threshold_s: str, **cells: str) -> Cells:
    return {
        "service_code": "CARE",
        "channel": channel,
        "kpi": kpi,
        "comparator": ">=",
        "target": "80",
        "threshold_s": threshold_s,
        "effective_from": "2026-01-01",
    } | cells


def voice(
    *calls: Cells,
    as_of: datetime | None = None,
    targets: tuple[Cells, ...] = (),
    service: Cells | None = None,
) -> list[RowDict]:
    given_world = world(
        as_of or at("18:00"),
        delivery("call", *calls),
        delivery("kpi_target", *targets),
        service=service,
    )
    return marts(given_world)["fct_scr_interval"]


PUBLISHED_CALLS = [
    *(answered(f"in{n}", 20) for n in range(860)),
    *(answered(f"out{n}", 21) for n in range(140)),
    *(abandoned(f"short{n}", 5) for n in range(10)),
    *(abandoned(f"soon{n}", 20) for n in range(10)),
    *(abandoned(f"late{n}", 200) for n in range(40)),
]


@pytest.mark.parametrize(
    ("kpi", "expected"),
    [
        ("service_level", 81.9),
        ("service_level/1", 81.9),
        ("service_level/2", 86.0),
        ("service_level/3", 81.1),
        ("service_level/4", 83.0),
    ],
)
def test_the_published_example_gives_each_variant_of_service_level(
    kpi: str, expected: float
) -> None:
    row = only(voice(*PUBLISHED_CALLS, targets=(target(kpi, "voice", "20"),)))
    holds(row, offered=1060, answered=1000, abandoned=60, short_abandoned=10)
    holds(row, answered_in_threshold=860, scr_denominator=1050, is_provisional=False)
    assert round(row["service_level_pct"], 1) == expected


def test_an_unknown_variant_of_service_level_is_refused() -> None:
    with pytest.raises(ValueError, match="service_level/5"):
        service_level(5, 1, 1, 1, 1, 1)


def test_every_outcome_is_counted_once() -> None:
    row = only(
        voice(
            answered("1", 10),
            call("2", "self_served", queued_at=""),
            abandoned("3", 60),
            abandoned("4", 3),
            abandoned("5", 90, queued_at=""),
            call("6", "blocked"),
            call("7", "timed_out"),
            call("8", "open"),
            call("9", "closed"),
            call("10", "open", direction="outbound"),
            as_of=at("09:20"),
        )
    )
    holds(row, offered=8, answered=1, self_served=1, abandoned=2, short_abandoned=1)
    holds(row, left_in_menu=1, blocked=1, timed_out=1, still_open=1)
    holds(row, scr_numerator=2, scr_denominator=5, scr_pct=40.0, abandon_pct=20.0)
    holds(row, is_provisional=True)


def test_self_served_calls_are_no_success_where_the_service_does_not_count_them() -> None:
    calls = (answered("1", 10), call("2", "self_served", queued_at=""))
    row = only(voice(*calls, service={"counts_self_service": "tidak"}))
    holds(row, self_served=1, scr_numerator=1, scr_denominator=2, scr_pct=50.0)


def test_a_rate_without_denominator_is_null() -> None:
    row = only(voice(abandoned("1", 2)))
    holds(row, offered=1, scr_denominator=0, scr_pct=None, abandon_pct=None)
    holds(row, service_level_pct=None, asa_s=None, aht_s=None, wait_s_sum=0.0)


def test_a_closed_call_alone_gives_no_row() -> None:
    assert voice(call("1", "closed")) == []


def test_an_abandoned_call_without_left_at_left_when_it_ended() -> None:
    row = only(voice(call("1", "abandoned", ended_at=local("09:00:04"))))
    holds(row, abandoned=1, short_abandoned=1)


def test_an_unknown_wait_is_neither_short_nor_in_time_and_adds_nothing() -> None:
    lost_time = call("1", "answered", ended_at=local("09:05:00"))
    row = only(voice(lost_time, call("2", "abandoned"), answered("3", 30)))
    holds(row, answered=2, answered_in_threshold=0, short_abandoned=0, asa_s=15.0)


def test_a_call_answered_before_it_was_queued_waited_zero_seconds() -> None:
    row = only(voice(call("1", "answered", answered_at=local("08:59:50"))))
    holds(row, answered_in_threshold=1, wait_s_sum=0.0, handled=0, aht_s=None)


def test_handle_time_falls_back_on_the_talk_between_answer_and_end() -> None:
    row = only(
        voice(
            answered("1", 60, hold_s="40", acw_s="20"),  # 540 - 40, 40, 20
            answered("2", 0, talk_s="100,5", acw_s="9.5"),
            call("3", "answered", answered_at=local("09:00:05")),  # not ended
        )
    )
    holds(row, answered=3, handled=2, handle_s_sum=670.0, aht_s=335.0)


def test_a_call_answered_after_as_of_is_open_and_one_at_as_of_is_answered() -> None:
    row = only(voice(answered("1", 60), as_of=at("09:00:59")))
    holds(row, offered=1, still_open=1, answered=0, scr_denominator=0)
    row = only(voice(answered("1", 60), as_of=at("09:01:00")))
    holds(row, still_open=0, answered=1, handled=0, is_provisional=True)


def test_an_interval_is_final_once_it_is_over_and_its_answered_calls_have_ended() -> None:
    unended = call("1", "answered", answered_at=local("09:00:05"))
    assert only(voice(unended, as_of=at("09:40")))["is_provisional"]
    assert not only(voice(unended, as_of=at("13:00")))["is_provisional"]
    assert only(voice(answered("1", 5), as_of=at("09:29:59")))["is_provisional"]
    assert not only(voice(answered("1", 5), as_of=at("09:30")))["is_provisional"]


def test_a_call_open_for_four_hours_is_lost() -> None:
    just_not = only(voice(call("1", "open"), as_of=at("12:59:59")))
    holds(just_not, still_open=1, timed_out=0, is_provisional=True)
    lost = only(voice(call("1", "open"), as_of=at("13:00")))
    holds(lost, still_open=0, timed_out=1, scr_denominator=1, is_provisional=False)


def test_a_call_offered_after_as_of_is_not_counted_yet() -> None:
    assert voice(answered("1", 5), as_of=at("08:59:59")) == []
    assert only(voice(answered("1", 5), as_of=at("09:00")))["offered"] == 1


def test_the_target_in_force_on_the_local_date_sets_the_threshold() -> None:
    older = target("service_level", "voice", "60", effective_to="2026-11-16")
    newer = target("service_level", "voice", "10", effective_from="2026-11-17")
    assert only(voice(answered("1", 30), targets=(older, newer)))["answered_in_threshold"] == 1
    ended = older | {"effective_to": "2026-11-15"}
    assert only(voice(answered("1", 30), targets=(ended, newer)))["answered_in_threshold"] == 0
    latest = target("service_level", "voice", "5", effective_from="2026-11-16")
    assert only(voice(answered("1", 30), targets=(latest, older)))["answered_in_threshold"] == 0


def test_a_target_with_another_version_replaces_the_one_of_the_same_day() -> None:
    first = target("service_level/2", "voice", "60")
    second = target("service_level/3", "voice", "60")
    row = only(voice(answered("1", 30), abandoned("2", 90), targets=(first, second)))
    holds(row, service_level_pct=50.0)
    row = only(voice(answered("1", 30), abandoned("2", 90), targets=(second, first)))
    holds(row, service_level_pct=100.0)


def test_intervals_are_cut_from_local_midnight() -> None:
    makassar = ZoneInfo("Asia/Makassar")
    moment = datetime(2026, 11, 16, 1, 44, 59, tzinfo=UTC)  # 09:44:59 there
    assert interval_of(moment, makassar, 15) == datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
    assert interval_of(moment, makassar, 30) == datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
    assert interval_of(moment, makassar, 60) == datetime(2026, 11, 16, 1, 0, tzinfo=UTC)


# One thing, one row


def outcomes_of(*deliveries: Delivery) -> RowDict:
    return only(marts(world(at("18:00"), *deliveries))["fct_scr_interval"])


def test_the_highest_updated_at_holds_though_it_came_first() -> None:
    newer = abandoned("1", 60, updated_at=local("10:00"))
    older = call("1", "open", updated_at=local("09:00"))
    unranked = call("1", "blocked")
    row = outcomes_of(
        delivery("call", newer, minute=1),
        delivery("call", older, minute=2),
        delivery("call", unranked, minute=3),
    )
    holds(row, offered=1, abandoned=1)


def test_among_equals_the_later_delivery_holds_and_a_repeat_is_no_delivery() -> None:
    first, second = call("1", "blocked"), call("1", "timed_out")
    row = outcomes_of(
        delivery("call", first, minute=1),
        delivery("call", second, minute=2),
        delivery("call", first, minute=3),
    )
    holds(row, offered=1, timed_out=1, blocked=0)


def test_under_the_same_updated_at_the_later_delivery_holds() -> None:
    first = call("1", "blocked", updated_at=local("10:00"))
    second = call("1", "timed_out", updated_at=local("10:00"))
    row = outcomes_of(
        delivery("call", first, minute=1),
        delivery("call", second, minute=2),
        delivery("call", first, minute=3),
    )
    holds(row, offered=1, timed_out=1)


def test_files_of_one_moment_are_read_in_order_of_name() -> None:
    row = outcomes_of(
        delivery("call", call("1", "blocked"), name="b.csv"),
        delivery("call", call("1", "timed_out"), name="a.csv"),
    )
    holds(row, blocked=1, timed_out=0)


def test_a_file_that_arrives_after_as_of_is_unknown() -> None:
    late = replace(delivery("call", call("1", "blocked")), arrived_at=at("18:01"))
    assert marts(world(at("18:00"), late))["fct_scr_interval"] == []
    assert len(marts(world(at("18:01"), late))["fct_scr_interval"]) == 1


def test_a_row_of_an_unknown_service_or_with_a_bad_value_is_left_out() -> None:
    row = outcomes_of(
        delivery(
            "call",
            call("1", "blocked"),
            call("2", "blocked", service_code="NOWHERE"),
            call("3", "vanished"),
            call("4", "blocked", arrived_at="yesterday"),
        )
    )
    holds(row, offered=1)


def test_in_reference_data_the_latest_delivery_holds_though_delivered_before() -> None:
    strict, loose = SERVICE | {"short_abandon_s": "0"}, SERVICE | {"short_abandon_s": "30"}
    row = outcomes_of(
        delivery("service", strict, minute=1),
        delivery("service", loose, minute=2),
        delivery("service", strict, minute=3),
        delivery("call", abandoned("1", 10)),
    )
    holds(row, abandoned=1, short_abandoned=0)


def test_a_comma_in_a_number_is_a_decimal_comma() -> None:
    assert number({"talk_s": "12,5"}, "talk_s") == Fraction(25, 2)


# Conversations


def talk(conversation_id: str, received: str, replied: str = "", closed: str = "") -> Cells:
    return {
        "conversation_id": conversation_id,
        "service_code": "CARE",
        "channel": "chat",
        "received_at": received,
        "first_response_at": replied,
        "closed_at": closed,
    }


def chats(
    *conversations: Cells,
    as_of: datetime,
    threshold_s: str | None = "300",
    service: Cells | None = None,
    holidays: tuple[Cells, ...] = (),
) -> dict[str, RowDict]:
    """Rows by the local clock of the interval."""
    targets = () if threshold_s is None else (target("response_time", "chat", threshold_s),)
    given_world = world(
        as_of,
        delivery("conversation", *conversations),
        delivery("kpi_target", *targets),
        delivery("holiday", *holidays),
        service=service,
    )
    return {
        f"{row['interval_start'].astimezone(JAKARTA):%d %H:%M}": row
        for row in marts(given_world)["fct_response_time_interval"]
    }


def test_response_time_counts_replies_in_target_and_overdue_silence() -> None:
    rows = chats(
        talk("in time", local("09:00"), local("09:05:00")),
        talk("too late", local("09:00"), local("09:05:01")),
        talk("overdue", local("09:00")),
        talk("closed overdue", local("09:00"), closed=local("09:20")),
        talk("closed soon", local("09:00"), closed=local("09:05")),
        talk("not yet due", local("09:07")),
        as_of=at("09:12"),
    )
    row = rows["16 09:00"]
    holds(row, received=6, responded=2, responded_in_target=1, overdue_unanswered=2)
    holds(row, response_time_pct=25.0, avg_first_response_s=300.5, is_provisional=True)


def test_without_a_target_only_the_rate_is_unknown() -> None:
    rows = chats(talk("1", local("09:00"), local("09:01")), as_of=at("12:00"), threshold_s=None)
    row = rows["16 09:00"]
    holds(row, responded=1, responded_in_target=0, overdue_unanswered=0)
    holds(row, response_time_pct=None, avg_first_response_s=60.0, is_provisional=False)


def test_the_waiting_list_is_taken_at_each_interval_end_and_at_as_of() -> None:
    rows = chats(
        talk("long", local("09:10"), local("10:00")),
        talk("longer", local("09:20"), local("10:10")),
        as_of=at("10:05"),
    )
    assert list(rows) == ["16 09:00", "16 09:30", "16 10:00"]
    holds(rows["16 09:00"], received=2, waiting_list=2, oldest_waiting_s=1200.0)
    # Answered at 10:00 sharp is answered then.
    holds(rows["16 09:30"], received=0, waiting_list=1, oldest_waiting_s=2400.0)
    holds(rows["16 09:30"], response_time_pct=None, p50_first_response_s=None)
    holds(rows["16 10:00"], waiting_list=1, oldest_waiting_s=2700.0, is_provisional=True)


def test_a_conversation_received_at_the_end_of_an_interval_waits_at_that_end() -> None:
    rows = chats(talk("1", local("09:30"), local("09:31")), as_of=at("11:00"))
    holds(rows["16 09:00"], received=0, waiting_list=1, oldest_waiting_s=0.0)
    holds(rows["16 09:30"], received=1, waiting_list=0, oldest_waiting_s=None)


def test_a_reply_or_close_after_as_of_is_absent() -> None:
    one = talk("1", local("09:00"), local("09:04"), local("09:04"))
    holds(chats(one, as_of=at("09:03:59"))["16 09:00"], responded=0, waiting_list=1)
    holds(chats(one, as_of=at("09:04"))["16 09:00"], responded=1, waiting_list=0)


def test_after_thirty_days_of_silence_a_conversation_expires_and_stays_overdue() -> None:
    one = talk("1", "2026-10-17T09:00")
    alive = chats(one, as_of=at("08:59:59"))
    holds(alive["16 08:30"], waiting_list=1)
    holds(alive["17 09:00"], overdue_unanswered=1, is_provisional=True)
    expired = chats(one, as_of=at("09:00"))
    assert "16 08:30" not in expired and "16 09:00" not in expired
    holds(expired["17 09:00"], overdue_unanswered=1, waiting_list=1, is_provisional=False)


def test_an_update_postpones_the_expiry() -> None:
    one = talk("1", "2026-10-17T09:00") | {"updated_at": "2026-10-18T09:00"}
    assert "16 09:00" in chats(one, as_of=at("09:00"))


def test_the_clock_runs_in_opening_hours_only() -> None:
    hours = {"opening_hours": "Mo-Fr 08:00-17:00; Sa 08:00-12:00"}
    friday = talk("1", local("16:59", 20), local("08:01", 21))
    row = chats(friday, as_of=at("12:00", 21), service=hours)["20 16:30"]
    holds(row, responded_in_target=1, avg_first_response_s=120.0)
    feast = ({"date": "2026-11-21", "holiday_name": "Feast", "service_code": ""},)
    monday = talk("1", local("16:59", 20), local("08:01", 23))
    row = chats(monday, as_of=at("12:00", 23), service=hours, holidays=feast)["20 16:30"]
    holds(row, avg_first_response_s=120.0)
    row = chats(monday, as_of=at("12:00", 23), service=hours)["20 16:30"]
    holds(row, avg_first_response_s=120.0 + 4 * 3600)


def test_a_holiday_of_another_service_does_not_stop_the_clock() -> None:
    hours = {"opening_hours": "Mo-Su 08:00-17:00"}
    feast = ({"date": "2026-11-16", "holiday_name": "Feast", "service_code": "SALES"},)
    one = talk("1", local("09:00"), local("09:04"))
    rows = chats(one, as_of=at("12:00"), service=hours, holidays=feast)
    holds(rows["16 09:00"], avg_first_response_s=240.0)


def test_opening_hours_are_read_by_weekday_and_later_rules_win() -> None:
    openings = opening_by_weekday("Mo-Fr 08:00-12:00,13:00-17:00; We off; Sa,Su 10:00-24:00")
    assert openings[0] == [("08:00", "12:00"), ("13:00", "17:00")]
    assert openings[2] == []
    assert openings[5] == openings[6] == [("10:00", "24:00")]


def test_the_clock_loses_an_hour_when_summer_time_begins() -> None:
    service = read_service(
        SERVICE | {"timezone": "Europe/Amsterdam", "opening_hours": "Mo-Su 00:00-24:00"}
    )
    clock = ServiceClock(service, ReferenceData())
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert clock.elapsed_s(midnight, midnight + timedelta(hours=30)) == 30 * 3600
    assert seconds(clock.open_on(date(2026, 3, 29))[0][1] - midnight) == 23 * 3600


def test_percentiles_lie_between_their_neighbours() -> None:
    values = [Fraction(value) for value in (40, 10, 30, 20)]
    assert percentile(values, Fraction(1, 2)) == 25.0
    assert percentile(values, Fraction(9, 10)) == pytest.approx(37.0)
    assert percentile([], Fraction(1, 2)) is None


# Sessions


def no_shift(_: datetime) -> datetime | None:
    return None


def on_shift(opens: str, closes: str, planned_end: str) -> PlannedEnd:
    def planned_end_at(moment: datetime) -> datetime | None:
        return at(planned_end) if at(opens) <= moment < at(closes) else None

    return planned_end_at


MORNING = on_shift("06:00", "20:00", "16:00")


def event(clock: str, kind: str, state: str | None = None, event_id: str | None = None) -> Event:
    name, _, aux_code = (state or "").partition(":")
    return Event(at(clock), "A1", kind, name or None, aux_code or None, event_id)


def told(*events: Event, as_of: str = "23:00", planned_end: PlannedEnd = MORNING) -> AgentHistory:
    return history(list(events), planned_end, at(as_of))


def spans(result: AgentHistory) -> list[tuple[str, str]]:
    return [(clock_of(session.start), clock_of(session.end)) for session in result.sessions]


def clock_of(moment: datetime | None) -> str:
    assert moment is not None
    return f"{moment.astimezone(JAKARTA):%H:%M}"


def states(session: Session) -> list[tuple[str, str, str]]:
    return [
        (clock_of(stay.start), clock_of(stay.end), stay.aux_code or stay.state)
        for stay in session.stays
    ]


def test_a_login_opens_a_session_in_ready_and_a_logout_closes_it() -> None:
    result = told(event("08:00", "login"), event("16:00", "logout"))
    assert spans(result) == [("08:00", "16:00")]
    assert states(result.sessions[0]) == [("08:00", "16:00", "ready")]
    assert not result.sessions[0].is_auto_closed


def test_a_state_at_the_time_of_the_login_is_the_first_state() -> None:
    result = told(
        event("08:00", "state", "busy"), event("08:00", "login"), event("16:00", "logout")
    )
    assert states(result.sessions[0]) == [("08:00", "16:00", "busy")]
    assert not result.sessions[0].is_implicit


def test_a_state_without_a_session_opens_one() -> None:
    result = told(event("08:00", "state", "aux:BREAK"), event("16:00", "logout"))
    assert result.sessions[0].is_implicit
    assert states(result.sessions[0]) == [("08:00", "16:00", "BREAK")]


def test_a_second_login_changes_nothing_but_is_counted() -> None:
    result = told(
        event("08:00", "login"),
        event("09:00", "state", "aux:BREAK"),
        event("09:10", "login"),
        event("16:00", "logout"),
    )
    assert result.sessions[0].repeated_logins == 1
    assert states(result.sessions[0])[-1] == ("09:00", "16:00", "BREAK")


def test_a_logout_without_a_session_is_ignored_and_counted() -> None:
    result = told(event("08:00", "logout"), event("09:00", "login"), event("10:00", "logout"))
    assert spans(result) == [("09:00", "10:00")]
    assert result.ignored_logouts == 1


def test_at_equal_times_an_open_session_closes_before_the_next_one_opens() -> None:
    result = told(
        event("08:00", "login"),
        event("12:00", "login"),
        event("12:00", "logout"),
        event("12:00", "state", "aux:BREAK"),
        event("16:00", "logout"),
    )
    assert spans(result) == [("08:00", "12:00"), ("12:00", "16:00")]
    assert states(result.sessions[0]) == [("08:00", "12:00", "ready")]
    assert states(result.sessions[1]) == [("12:00", "16:00", "BREAK")]


def test_at_equal_times_without_a_session_the_logout_comes_last() -> None:
    result = told(event("08:00", "logout"), event("08:00", "login"))
    assert spans(result) == [("08:00", "08:00")]
    assert result.ignored_logouts == 0


def test_a_state_at_the_time_of_a_logout_opens_no_session() -> None:
    result = told(
        event("08:00", "login"), event("16:00", "logout"), event("16:00", "state", "ready")
    )
    assert spans(result) == [("08:00", "16:00")]


def test_of_several_states_of_one_moment_the_highest_id_holds_by_bytes() -> None:
    result = told(
        event("08:00", "login"),
        event("09:00", "state", "busy"),
        event("09:00", "state", "acw", "Z9"),
        event("09:00", "state", "aux:BREAK", "a1"),
        event("16:00", "logout"),
    )
    assert states(result.sessions[0])[-1] == ("09:00", "16:00", "BREAK")


def test_repeated_equal_states_are_one_stretch() -> None:
    result = told(
        event("08:00", "state", "aux:BREAK"),
        event("08:10", "state", "aux:BREAK"),
        event("08:20", "state", "aux:PRAYER"),
        event("08:30", "logout"),
    )
    assert states(result.sessions[0]) == [("08:00", "08:20", "BREAK"), ("08:20", "08:30", "PRAYER")]


def test_a_session_on_shift_closes_itself_an_hour_after_the_planned_end() -> None:
    still_open = told(event("08:00", "login"), as_of="17:00").sessions[0]
    assert still_open.is_open and clock_of(still_open.end) == "17:00"
    closed = told(event("08:00", "login"), as_of="17:01").sessions[0]
    assert closed.is_auto_closed and clock_of(closed.end) == "17:00"


def test_an_event_after_the_planned_end_postpones_the_closing() -> None:
    result = told(event("08:00", "login"), event("16:45", "login"), as_of="23:00")
    assert spans(result) == [("08:00", "17:45")]


def test_an_event_at_the_very_moment_of_closing_still_belongs_to_the_session() -> None:
    result = told(event("08:00", "login"), event("17:00", "state", "busy"), as_of="17:30")
    assert spans(result) == [("08:00", "17:30")]
    assert result.sessions[0].is_open


def test_a_session_without_a_shift_closes_itself_after_four_hours() -> None:
    result = told(event("08:00", "login"), as_of="12:01", planned_end=no_shift)
    assert spans(result) == [("08:00", "12:00")]
    result = told(event("08:00", "login"), as_of="12:00", planned_end=no_shift)
    assert result.sessions[0].is_open


def test_a_logout_up_to_four_hours_after_the_closing_is_an_ordinary_end() -> None:
    result = told(event("08:00", "login"), event("21:00", "logout"))
    assert spans(result) == [("08:00", "21:00")]
    assert not result.sessions[0].is_auto_closed
    result = told(event("08:00", "login"), event("21:01", "logout"))
    assert spans(result) == [("08:00", "17:00")]
    assert result.sessions[0].is_auto_closed and result.ignored_logouts == 1


def test_a_late_logout_ends_the_session_that_came_before_it_only() -> None:
    result = told(
        event("08:00", "login"),
        event("18:00", "state", "ready"),
        event("19:00", "logout"),
    )
    assert spans(result) == [("08:00", "17:00"), ("18:00", "19:00")]
    assert [session.is_auto_closed for session in result.sessions] == [True, False]


def test_events_after_as_of_do_not_count_yet() -> None:
    result = told(event("08:00", "login"), event("09:00", "logout"), as_of="08:59")
    assert result.sessions[0].is_open
    assert told(event("08:00", "login"), event("09:00", "logout"), as_of="09:00") == told(
        event("08:00", "login"), event("09:00", "logout"), as_of="10:00"
    )


# Windows


def test_a_shift_owns_two_hours_before_and_four_after() -> None:
    window = only_window([(at("08:00"), at("16:00"))])
    assert window == (at("06:00"), at("20:00"))


def only_window(planned: list[tuple[datetime, datetime]]) -> tuple[datetime, datetime]:
    windows = cut_windows(planned)
    assert len(windows) == 1
    return windows[0]


def test_windows_that_meet_are_cut_in_the_middle() -> None:
    first, second = cut_windows([(at("08:00"), at("16:00")), (at("18:00"), at("22:00"))])
    assert first == (at("06:00"), at("17:00"))
    assert second == (at("17:00"), at("02:00", 17))


def test_a_cut_never_lengthens_a_window() -> None:
    first, second = cut_windows([(at("08:00"), at("16:00")), (at("21:00"), at("23:00"))])
    assert first[1] == at("18:30")
    assert second[0] == at("19:00")


def test_windows_that_only_touch_stay_whole() -> None:
    first, second = cut_windows([(at("08:00"), at("12:00")), (at("18:00"), at("22:00"))])
    assert first[1] == second[0] == at("16:00")


# Attendance, compliance and AUX of one agent


def roster(*rows: Cells, minute: int = 1) -> Delivery:
    return delivery("roster", *rows, minute=minute, name=f"r{minute}.csv")


def entry(shift_code: str, day: int = 16, agent_id: str = "A1", **cells: str) -> Cells:
    return {
        "service_code": "CARE",
        "agent_id": agent_id,
        "roster_date": f"2026-11-{day:02d}",
        "shift_code": shift_code,
    } | cells


def seen(clock: str, kind: str, state: str = "", day: int = 16, **cells: str) -> Cells:
    name, _, aux_code = state.partition(":")
    return {
        "occurred_at": local(clock, day),
        "agent_id": "A1",
        "event": kind,
        "state": name,
        "aux_code": aux_code,
    } | cells


def excused_from(start: str, end: str, approved_by: str = "TL1") -> Delivery:
    return delivery(
        "exception",
        {
            "exception_id": "X1",
            "agent_id": "A1",
            "start_at": local(start),
            "end_at": local(end),
            "reason": "errand",
            "approved_by": approved_by,
            "updated_at": local("07:00"),
        },
    )


def agent_day(
    *events: Cells,
    as_of: datetime,
    shift_code: str = "M",
    others: tuple[Delivery, ...] = (),
) -> dict[str, list[RowDict]]:
    return marts(world(as_of, roster(entry(shift_code)), delivery("agent_event", *events), *others))


def attended(*events: Cells, as_of: str, others: tuple[Delivery, ...] = ()) -> RowDict:
    return only(agent_day(*events, as_of=at(as_of), others=others)["fct_attendance"])


def complied(*events: Cells, as_of: str, others: tuple[Delivery, ...] = ()) -> RowDict:
    return only(agent_day(*events, as_of=at(as_of), others=others)["fct_login_compliance"])


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        ("07:59:59", "not_due"),
        ("08:00:00", "pending"),
        ("08:29:59", "pending"),
        ("08:30:00", "no_show"),
        ("15:59:59", "no_show"),
        ("16:00:00", "absent"),
    ],
)
def test_a_shift_without_presence_passes_from_not_due_to_absent(as_of: str, status: str) -> None:
    row = attended(as_of=as_of)
    holds(row, status=status, present_s=0.0, scheduled_s=28800.0, first_login_at=None)
    holds(row, last_logout_at=None, function="agent", planned_start_at=at("08:00"))
    is_compliant = False if status in ("no_show", "absent") else None
    holds(complied(as_of=as_of), is_compliant=is_compliant, login_late_s=None, overtime_s=0.0)


def test_absent_goes_before_pending() -> None:
    wide = (excused_from("08:00", "15:50"),)
    holds(attended(as_of="15:55", others=wide), status="pending")
    holds(attended(as_of="16:00", others=wide), status="absent")


def test_no_show_counts_from_the_first_moment_not_excepted() -> None:
    morning = (excused_from("07:00", "10:00"),)
    holds(attended(as_of="10:29:59", others=morning), status="pending")
    holds(attended(as_of="10:30", others=morning), status="no_show")


def test_a_login_within_the_tolerance_is_present_and_beyond_it_late() -> None:
    holds(attended(seen("08:05:00", "login"), as_of="09:00"), status="present")
    late = attended(seen("08:05:01", "login"), as_of="09:00")
    holds(late, status="late", first_login_at=at("08:05:01"), last_logout_at=None)
    holds(late, present_s=3299.0, is_provisional=True)
    row = complied(seen("08:05:01", "login"), as_of="09:00")
    holds(row, login_late_s=301.0, is_compliant=False, logout_early_s=None, gap_s=0.0)


def test_time_in_an_exception_is_not_late() -> None:
    morning = (excused_from("08:00", "09:00"),)
    holds(attended(seen("09:04", "login"), as_of="10:00", others=morning), status="present")
    unapproved = (excused_from("08:00", "09:00", approved_by=""),)
    holds(attended(seen("09:04", "login"), as_of="10:00", others=unapproved), status="late")


def test_a_shift_wholly_inside_exceptions_is_excused_and_shows_no_login() -> None:
    whole = (excused_from("08:00", "16:00"),)
    row = attended(seen("09:00", "login"), as_of="21:00", others=whole)
    holds(row, status="excused", scheduled_s=28800.0, present_s=0.0, first_login_at=None)
    row = complied(seen("09:00", "login"), as_of="21:00", others=whole)
    holds(row, login_late_s=None, overtime_s=None, auto_closed=None, is_compliant=None)


def test_absence_codes_are_excused_and_days_off_give_no_row() -> None:
    result = agent_day(as_of=at("12:00"), shift_code="SICK")
    holds(only(result["fct_attendance"]), status="excused", scheduled_s=0.0)
    assert result["fct_login_compliance"] == []
    training = only(agent_day(as_of=at("12:00"), shift_code="TR")["fct_attendance"])
    holds(training, status="excused", scheduled_s=10800.0, planned_start_at=at("09:00"))
    assert agent_day(as_of=at("12:00"), shift_code="OFF")["fct_attendance"] == []


def test_first_and_last_are_those_inside_the_window() -> None:
    result = agent_day(
        seen("05:00", "login"),
        seen("12:00", "logout"),
        seen("13:00", "login"),
        seen("16:30", "logout"),
        as_of=at("20:00"),
    )
    by_status = {one["status"]: one for one in result["fct_attendance"]}
    holds(by_status["present"], first_login_at=at("06:00"), last_logout_at=at("16:30"))
    holds(by_status["present"], present_s=25200.0, is_provisional=False)
    unscheduled = by_status["unscheduled"]
    holds(unscheduled, first_login_at=at("05:00"), last_logout_at=at("06:00"))
    holds(unscheduled, shift_code=None, roster_date=MONDAY, scheduled_s=0.0, present_s=0.0)


def test_time_that_no_shift_owns_gives_a_row_per_local_date() -> None:
    result = agent_day(
        seen("22:00", "login"),
        seen("01:00", "logout", day=17),
        as_of=at("12:00", 17),
        shift_code="OFF",
    )
    first, second = result["fct_attendance"]
    holds(first, roster_date=MONDAY, last_logout_at=at("00:00", 17), service_code="CARE")
    holds(second, roster_date=date(2026, 11, 17), first_login_at=at("00:00", 17))
    holds(second, last_logout_at=at("01:00", 17), status="unscheduled", is_provisional=True)


def test_a_session_that_outlives_the_window_ends_with_it() -> None:
    events = (seen("08:00", "login"), seen("19:50", "state", "busy"))
    result = agent_day(*events, as_of=at("20:30"))
    by_status = {one["status"]: one for one in result["fct_attendance"]}
    holds(by_status["present"], last_logout_at=at("20:00"), is_provisional=True)
    holds(by_status["unscheduled"], first_login_at=at("20:00"), last_logout_at=None)


def test_an_overnight_shift_stands_on_the_date_it_starts() -> None:
    result = agent_day(
        seen("22:00", "login"),
        seen("06:00", "logout", day=17),
        as_of=at("10:00", 17),
        shift_code="N",
    )
    row = only(result["fct_attendance"])
    holds(row, roster_date=MONDAY, planned_end_at=at("06:00", 17), present_s=28800.0)
    holds(row, status="present", is_provisional=False)


def test_early_logout_gap_and_overtime_are_measured() -> None:
    row = complied(
        seen("08:00", "login"),
        seen("10:00", "logout"),
        seen("10:05", "login"),
        seen("15:55", "logout"),
        seen("16:10", "login"),
        seen("16:40", "logout"),
        as_of="21:00",
    )
    holds(row, login_late_s=0.0, logout_early_s=300.0, gap_s=300.0, overtime_s=1800.0)
    holds(row, auto_closed=False, is_compliant=True, is_provisional=False)


@pytest.mark.parametrize(("back", "is_compliant"), [("10:05:00", True), ("10:05:01", False)])
def test_a_gap_beyond_the_tolerance_is_not_compliant(back: str, is_compliant: bool) -> None:
    events = (
        seen("08:00", "login"),
        seen("10:00", "logout"),
        seen(back, "login"),
        seen("16:00", "logout"),
    )
    holds(complied(*events, as_of="21:00"), is_compliant=is_compliant)
    holds(complied(*events, as_of="15:00"), is_compliant=None)


def test_exceptions_are_taken_out_of_gap_early_logout_and_overtime() -> None:
    events = (
        seen("08:00", "login"),
        seen("10:00", "logout"),
        seen("11:00", "login"),
        seen("16:30", "logout"),
    )
    row = complied(*events, as_of="21:00", others=(excused_from("10:02", "16:10"),))
    holds(row, gap_s=120.0, overtime_s=1200.0, is_compliant=True)
    early = (seen("08:00", "login"), seen("15:00", "logout"))
    row = complied(*early, as_of="21:00", others=(excused_from("15:10", "17:00"),))
    holds(row, logout_early_s=600.0, is_compliant=False)


def test_time_of_a_session_that_closed_itself_is_never_overtime() -> None:
    open_still = complied(seen("08:00", "login"), as_of="16:30")
    holds(open_still, overtime_s=1800.0, auto_closed=False)
    closed = complied(seen("08:00", "login"), as_of="18:00")
    holds(closed, overtime_s=0.0, auto_closed=True, logout_early_s=0.0, is_compliant=True)
    ended = complied(seen("08:00", "login"), seen("18:00", "logout"), as_of="18:00")
    holds(ended, overtime_s=7200.0, auto_closed=False)


def aux_rows(
    *events: Cells, as_of: str = "21:00", others: tuple[Delivery, ...] = ()
) -> dict[str, RowDict]:
    result = agent_day(*events, as_of=at(as_of), others=others)
    return {row["aux_code"]: row for row in result["fct_aux_usage"]}


def test_aux_beyond_allowance_and_beyond_one_occurrence_is_measured() -> None:
    rows = aux_rows(
        seen("07:00", "login"),
        seen("07:30", "state", "aux:BREAK"),  # before the shift, in its window
        seen("08:00", "state", "ready"),
        seen("09:00", "state", "aux:BREAK"),
        seen("09:10", "state", "aux:BREAK"),
        seen("09:31", "state", "aux:PRAYER"),
        seen("09:36", "state", "aux:BREAK"),
        seen("09:46", "state", "ready"),
        seen("16:00", "logout"),
    )
    holds(rows["BREAK"], aux_s=4260.0, occurrences=3, longest_s=1860.0, allowance_s=3600.0)
    holds(rows["BREAK"], excess_s=660.0, is_over_occurrence=True)
    holds(rows["PRAYER"], aux_s=300.0, allowance_s=450.0, excess_s=0.0)
    holds(rows["PRAYER"], is_over_occurrence=False, is_provisional=False)


def test_an_occurrence_as_long_as_its_limit_is_not_over_it() -> None:
    rows = aux_rows(
        seen("08:00", "login"),
        seen("09:00", "state", "aux:BREAK"),
        seen("09:30", "logout"),
    )
    holds(rows["BREAK"], longest_s=1800.0, is_over_occurrence=False)


def test_an_exception_cuts_a_stretch_of_aux() -> None:
    rows = aux_rows(
        seen("08:00", "login"),
        seen("09:00", "state", "aux:BREAK"),
        seen("10:00", "logout"),
        others=(excused_from("09:10", "09:40"),),
    )
    holds(rows["BREAK"], aux_s=1800.0, occurrences=2, longest_s=1200.0)
    assert (
        aux_rows(
            seen("09:00", "state", "aux:BREAK"),
            seen("10:00", "logout"),
            others=(excused_from("08:30", "10:00"),),
        )
        == {}
    )


def test_an_unknown_aux_code_has_no_allowance_and_says_so() -> None:
    rows = aux_rows(seen("09:00", "state", "aux:COFFEE"), seen("09:10", "logout"))
    holds(rows["UNMAPPED:COFFEE"], aux_s=600.0, allowance_s=0.0, excess_s=600.0)


def test_a_logout_and_login_cut_a_stretch_of_aux_in_two() -> None:
    rows = aux_rows(
        seen("09:00", "state", "aux:BREAK"),
        seen("09:10", "login"),
        seen("09:10", "logout"),
        seen("09:10", "state", "aux:BREAK"),
        seen("09:20", "logout"),
    )
    holds(rows["BREAK"], aux_s=1200.0, occurrences=2)


def test_adherence_uses_the_allowance_up_in_order_of_time() -> None:
    result = agent_day(
        seen("07:50", "login"),
        seen("08:30", "state", "aux:BREAK"),
        seen("09:40", "state", "ready"),
        seen("15:45", "logout"),
        as_of=at("21:00"),
    )
    rows = {
        f"{row['interval_start'].astimezone(JAKARTA):%H:%M}": row
        for row in result["fct_adherence_interval"]
    }
    holds(rows["07:30"], scheduled_s=0.0, logged_in_s=600.0, adherence_pct=None)
    holds(rows["08:30"], scheduled_s=1800.0, out_s=0.0, adherence_pct=100.0)
    holds(rows["09:30"], scheduled_s=1800.0, out_s=600.0, logged_in_s=1800.0)
    holds(rows["15:30"], out_s=900.0, logged_in_s=900.0, adherence_pct=50.0)
    assert "16:00" not in rows


def test_adherence_counts_a_second_stretch_against_what_the_first_left() -> None:
    result = agent_day(
        seen("08:00", "login"),
        seen("08:00", "state", "aux:BREAK"),
        seen("08:50", "state", "ready"),
        seen("09:00", "state", "aux:BREAK"),
        seen("09:20", "state", "ready"),
        as_of=at("10:00"),
        others=(excused_from("08:10", "08:20"),),
    )
    out_s = {
        f"{row['interval_start'].astimezone(JAKARTA):%H:%M}": (row["scheduled_s"], row["out_s"])
        for row in result["fct_adherence_interval"]
    }
    # 40 minutes of the hour used before nine, 20 left: the exception uses none.
    assert out_s["08:00"] == (1200.0, 0.0)
    assert out_s["09:00"] == (1800.0, 0.0)
    longer = agent_day(
        seen("08:00", "login"),
        seen("08:00", "state", "aux:BREAK"),
        seen("08:50", "state", "ready"),
        seen("09:00", "state", "aux:BREAK"),
        seen("09:20", "state", "ready"),
        as_of=at("10:00"),
    )
    assert [row["out_s"] for row in longer["fct_adherence_interval"]] == [0.0, 0.0, 600.0, 0.0]


# Who and when


def present_of(as_of: str, *deliveries: Delivery) -> dict[str, float]:
    given_world = world(at(as_of), roster(entry("M"), entry("M", agent_id="A2")), *deliveries)
    return {row["agent_id"]: row["present_s"] for row in marts(given_world)["fct_attendance"]}


ALIASES = delivery(
    "agent_alias",
    {"source": "acd", "external_id": "77", "agent_id": "A1"},
    {"source": "acd", "external_id": "A1", "agent_id": "A2"},
    {"source": "crm", "external_id": "88", "agent_id": "A1"},
    {"source": "chat", "external_id": "88", "agent_id": "A2"},
)


@pytest.mark.parametrize(
    ("source", "agent_id", "expected"),
    [
        ("acd", "77", "A1"),
        ("acd", "A1", "A2"),  # the alias of the source goes before the agent's own id
        ("crm", "A1", "A1"),
        ("", "A1", "A1"),
        ("", "77", "A1"),
        ("crm", "77", None),  # another source's alias
        ("", "88", None),  # two sources name two agents
        ("", "99", None),
    ],
)
def test_an_outside_id_is_resolved(source: str, agent_id: str, expected: str | None) -> None:
    login = seen("08:00", "login", source=source, agent_id=agent_id)
    present = present_of("09:00", ALIASES, delivery("agent_event", login))
    assert present == {one: 3600.0 if one == expected else 0.0 for one in ("A1", "A2")}


def test_two_ids_of_one_person_are_one_agent() -> None:
    events = delivery(
        "agent_event",
        seen("08:00", "login", source="acd", agent_id="77"),
        seen("08:30", "logout", source="crm", agent_id="88"),
    )
    assert present_of("09:00", ALIASES, events) == {"A1": 1800.0, "A2": 0.0}


def test_an_event_is_known_by_source_and_id_and_the_later_delivery_holds() -> None:
    wrong = seen("08:00", "login", event_id="7", source="acd", agent_id="77")
    right = wrong | {"occurred_at": local("08:30")}
    elsewhere = seen("08:45", "logout", event_id="7", source="crm", agent_id="A1")
    present = present_of(
        "09:00",
        ALIASES,
        delivery("agent_event", wrong, elsewhere, minute=1),
        delivery("agent_event", right, minute=2),
        delivery("agent_event", wrong, minute=3),
    )
    assert present["A1"] == 900.0


def test_a_later_roster_replaces_its_period_only() -> None:
    first = roster(entry("M", 16), entry("M", 17), entry("M", 18), minute=1)
    second = roster(entry("OFF", 17), entry("L", 18, agent_id="A2"), minute=2)
    rows = marts(world(at("07:00"), first, second))["fct_attendance"]
    shown = [(row["agent_id"], row["roster_date"].day, row["shift_code"]) for row in rows]
    assert shown == [("A1", 16, "M"), ("A2", 18, "L")]
    again = roster(*first.rows, minute=3)
    rows = marts(world(at("07:00"), first, second, again))["fct_attendance"]
    assert [row["roster_date"].day for row in rows] == [16, 17, 18]


def test_times_given_in_the_roster_go_before_those_of_the_code() -> None:
    given_world = world(
        at("07:00"),
        roster(entry("M", start_at=local("09:00"), end_at="2026-11-16T17:00+08:00")),
    )
    row = only(marts(given_world)["fct_attendance"])
    holds(row, planned_start_at=at("09:00"), planned_end_at=at("16:00"), scheduled_s=25200.0)


def test_an_exception_is_replaced_by_its_newest_version() -> None:
    newer = excused_from("08:00", "16:00").rows[0] | {"updated_at": local("07:30")}
    older = excused_from("08:00", "09:00").rows[0]
    given_world = world(
        at("09:30"),
        roster(entry("M")),
        delivery("exception", newer, minute=1),
        delivery("exception", older, minute=2),
    )
    holds(only(marts(given_world)["fct_attendance"]), status="excused")


# Calls in a row


def rang(call_id: str, clock: str, until: str = "", says: str = "no", **cells: str) -> Cells:
    return {
        "call_id": call_id,
        "service_code": "CARE",
        "agent_id": "A1",
        "rang_at": local(clock),
        "stopped_at": local(until) if until else "",
        "was_answered": says,
    } | cells


LEFT = [
    rang("C1", "09:00:00", "09:00:20"),
    rang("C2", "09:01:00", "09:01:05"),
    rang("C3", "09:02:00", "09:02:20"),
]


def left_ringing(*deliveries: Delivery, as_of: str = "09:30") -> list[list[str]]:
    """The calls of each row of rings."""
    rows = marts(world(at(as_of), *deliveries))["fct_rotg_violation"]
    found = [row for row in rows if row["rule_code"] == "ringing_unanswered"]
    return [[ring["call_id"] for ring in row["evidence"]["rings"]] for row in found]


def test_three_calls_left_ringing_are_one_row_with_its_shift() -> None:
    given_world = world(at("09:30"), roster(entry("M")), delivery("ring", *LEFT))
    row = only(marts(given_world)["fct_rotg_violation"])
    holds(
        row,
        agent_id="A1",
        rule_code="ringing_unanswered",
        started_at=at("09:00:00"),
        ended_at=at("09:02:20"),
        shift_code="M",
        roster_date=MONDAY,
        measured=3,
        is_provisional=True,
    )
    assert row["evidence"]["rings"][1] == {
        "call_id": "C2",
        "rang_at": "2026-11-16T02:01:00.000000Z",
    }


@pytest.mark.parametrize(
    "breaking",
    [
        rang("B", "09:01:30", "09:01:50", "yes"),
        rang("B", "09:01:30", "09:01:50", ""),
        rang("B", "09:01:30", "09:01:34.9"),
        rang("B", "09:01:30", "09:01:00"),
        rang("B", "09:01:30"),
        rang("B", "09:01:00", "09:01:50", "yes"),
    ],
    ids=["answered", "unknown", "too short", "negative", "still rings", "of the same moment"],
)
def test_what_is_not_known_to_be_left_breaks_a_row_of_rings(breaking: Cells) -> None:
    assert left_ringing(delivery("ring", *LEFT)) == [["C1", "C2", "C3"]]
    assert left_ringing(delivery("ring", *LEFT, breaking)) == []


def test_an_answered_call_breaks_a_row_of_rings_and_one_in_an_exception_does_not() -> None:
    call = answered("C9", 90, agent_id="A1")
    assert left_ringing(delivery("ring", *LEFT), delivery("call", call)) == []
    excused = excused_from("09:01:20", "09:01:40")
    assert left_ringing(delivery("ring", *LEFT), delivery("call", call), excused)


def test_a_ring_at_another_desk_or_after_as_of_is_no_part_of_a_row() -> None:
    other = LEFT[2] | {"agent_id": "A2"}
    assert left_ringing(delivery("ring", *LEFT[:2], other)) == []
    assert left_ringing(delivery("ring", *LEFT), as_of="09:02:19") == []
    assert left_ringing(delivery("ring", *LEFT), as_of="09:02:20") == [["C1", "C2", "C3"]]


def test_a_ring_with_an_id_may_move_and_one_without_is_known_by_its_moment() -> None:
    named = LEFT[2] | {"ring_id": "R1"}
    moved = named | {"agent_id": "A2", "updated_at": local("09:10")}
    assert left_ringing(delivery("ring", *LEFT[:2], named)) == [["C1", "C2", "C3"]]
    assert left_ringing(delivery("ring", *LEFT[:2], moved, named)) == []
    elsewhere = LEFT[2] | {"rang_at": "2026-11-16T02:02:00Z", "was_answered": "yes"}
    assert left_ringing(delivery("ring", *LEFT, elsewhere)) == []
    assert left_ringing(delivery("ring", elsewhere, *LEFT)) == [["C1", "C2", "C3"]]


def test_three_short_calls_are_a_row_too() -> None:
    calls = [
        answered(f"C{n}", 60 * n, agent_id="A1", talk_s=talk_s)
        for n, talk_s in enumerate(("9.9", "5", "0", "10"))
    ]
    row = only(marts(world(at("09:30"), delivery("call", *calls)))["fct_rotg_violation"])
    holds(row, rule_code="short_calls_in_row", evidence={"call_ids": ["C0", "C1", "C2"]})


# Properties


RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(worlds())
def test_the_outcomes_of_every_interval_add_up(given_world: World) -> None:
    for row in marts(given_world)["fct_scr_interval"]:
        parts = (
            "answered",
            "self_served",
            "abandoned",
            "left_in_menu",
            "blocked",
            "timed_out",
            "still_open",
        )
        assert row["offered"] == sum(row[part] for part in parts) > 0
        assert row["short_abandoned"] <= row["abandoned"]
        assert 0 <= row["scr_numerator"] <= row["scr_denominator"]
        assert row["handled"] <= row["answered"]


@RELAXED
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_deliveries_are_listed_changes_nothing(
    given_world: World, rng: Random
) -> None:
    shuffled = list(given_world.deliveries)
    rng.shuffle(shuffled)
    assert marts(replace(given_world, deliveries=tuple(shuffled))) == marts(given_world)


@RELAXED
@given(worlds(), st.sampled_from(("call", "ring", "conversation", "agent_event")))
def test_delivering_all_facts_again_changes_nothing_but_their_age(
    given_world: World, feed: str
) -> None:
    again = tuple(
        replace(delivery, file_name=f"again_{delivery.file_name}", arrived_at=given_world.as_of)
        for delivery in given_world.deliveries
        if delivery.feed == feed and delivery.arrived_at <= given_world.as_of
    )
    before = marts(given_world)
    after = marts(replace(given_world, deliveries=given_world.deliveries + again))
    age = "rpt_feed_freshness"
    assert {**after, age: ()} == {**before, age: ()}
    arrived = {row["feed"]: row["latest_arrival_at"] for row in after[age]}
    assert not again or arrived[feed] == given_world.as_of


@RELAXED
@given(worlds())
def test_time_adds_up_for_every_agent(given_world: World) -> None:
    result = marts(given_world)
    for row in result["fct_attendance"]:
        assert 0 <= row["present_s"] <= row["scheduled_s"]
    for row in result["fct_aux_usage"]:
        assert 0 < row["longest_s"] <= row["aux_s"] <= row["longest_s"] * row["occurrences"]
    for row in result["fct_adherence_interval"]:
        assert 0 <= row["out_s"] <= row["scheduled_s"] <= given_world.interval_minutes * 60
        assert row["logged_in_s"] <= given_world.interval_minutes * 60


@RELAXED
@given(worlds())
def test_the_waiting_list_and_its_age_go_together(given_world: World) -> None:
    for row in marts(given_world)["fct_response_time_interval"]:
        assert row["received"] > 0 or row["waiting_list"] > 0
        assert row["responded"] + row["overdue_unanswered"] <= row["received"]
        assert (row["oldest_waiting_s"] is None) == (row["waiting_list"] == 0)
        assert (row["p50_first_response_s"] is None) == (row["responded"] == 0)
