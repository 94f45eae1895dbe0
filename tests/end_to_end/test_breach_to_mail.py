"""A missed target becomes one breach, one recovery plan in draft and one mail, and clears."""

from __future__ import annotations

import dataclasses
import socket
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from rtm.cycle import System, run_cycle
from rtm.notify import resend
from rtm.warehouse import Role
from tests.notify.mailbox import open_mailbox
from tests.small_centre import (
    CALL_HEADER,
    DAY,
    MORNING,
    REFERENCE,
    call,
    deliver_reference,
    roster,
)

TEN_O_CLOCK = MORNING + timedelta(hours=2)
MINUTE = timedelta(minutes=1)


# The coordinator alone has an address: who else is told is tested by itself.
AGENTS = REFERENCE["agent"].replace("lia@bank.example", "")


@pytest.fixture
def mailbox():
    with open_mailbox() as box:
        yield box


@pytest.fixture
def centre(system: System, mailbox, deliver) -> System:
    deliver_reference(deliver)
    deliver("agent", "agents.csv", AGENTS, MORNING)
    return System(dataclasses.replace(system.settings, smtp_url=mailbox.url), system.warehouse)


def calls(prefix, first, count, outcome, wait_s=30):
    """`count` calls, ten seconds apart."""
    rows = (
        call(f"{prefix}{n}", first + timedelta(seconds=10 * n), outcome, wait_s)
        for n in range(count)
    )
    return CALL_HEADER + "".join(rows)


def conversations(first, count):
    """`count` conversations, a minute apart, each answered after three: two too late."""
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    return header + "".join(
        f"V{n},KARTU,chat,{(first + n * MINUTE).isoformat()},"
        f"{(first + (n + 3) * MINUTE).isoformat()}\n"
        for n in range(count)
    )


MISSED = "[RTM] Kartu Kredit: SCR 0,0 % di luar target ≥ 95 % (kritis)"


def breach_mails(mailbox):
    return [
        mail
        for mail in mailbox.mails
        if mail["To"] == "koko@bank.example" and "di luar target" in mail["Subject"]
    ]


def test_a_missed_scr_opens_one_breach_with_one_plan_and_one_mail(centre, deliver, mailbox, query):
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    for minute in (5, 6, 7):
        run_cycle(centre, TEN_O_CLOCK + minute * MINUTE)
    (breach,) = query("select * from marts.fct_breach")
    assert (breach["service_code"], breach["channel"], breach["kpi"]) == ("KARTU", "voice", "scr")
    assert (breach["numerator"], breach["denominator"], breach["observed"]) == (0, 12, 0)
    assert breach["severity"] == "critical"
    assert breach["detected_at"] == TEN_O_CLOCK + 5 * MINUTE
    (plan,) = query("select * from ops.recovery_plan")
    assert plan["status"] == "draft"
    assert plan["breach_id"] == breach["breach_id"]
    assert plan["facts"]["gap"] == -95
    assert plan["facts"]["formula"] == "scr/1"
    (mail,) = breach_mails(mailbox)
    assert mail["Subject"] == MISSED
    assert f"nomor {plan['plan_id']}" in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("on_duty", "told"), [("L2", {"koko@", "lukman@"}), (None, {"koko@", "lia@", "lukman@"})]
)
def test_the_real_time_function_on_duty_is_told_with_the_coordinator(
    centre, deliver, mailbox, query, on_duty, told
):
    second = "L2,Lukman,lukman@bank.example,team_leader,T1,2026-01-01\n"
    deliver("agent", "all.csv", REFERENCE["agent"] + second, MORNING + MINUTE)
    if on_duty:
        login = f"E1,{MORNING.isoformat()},{on_duty},login\n"
        deliver("agent_event", "duty.csv", f"event_id,occurred_at,agent_id,event\n{login}", MORNING)
        of_day = roster().replace(f"L1,{DAY},P,rtfm", f"{on_duty},{DAY},P,rtfm")
        deliver("roster", "duty.csv", of_day, MORNING - timedelta(days=1))
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 5 * MINUTE)
    verdicts = query("select verdict from marts.fct_roster_validity")
    assert verdicts == ([{"verdict": "valid"}] if on_duty else [])
    missed = [mail["To"] for mail in mailbox.mails if "di luar target" in mail["Subject"]]
    assert set(missed) == {f"{name}bank.example" for name in told}


def test_a_breach_clears_when_the_kpi_is_back(centre, deliver, mailbox, query):
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 5 * MINUTE)
    eleven = TEN_O_CLOCK + 60 * MINUTE
    deliver("call", "good.csv", calls("G", eleven, 30, "answered"), eleven + 8 * MINUTE)
    for minute in (8, 10):
        run_cycle(centre, eleven + minute * MINUTE)
        assert query("select cleared_at from ops.breach") == [{"cleared_at": None}]
    run_cycle(centre, eleven + 13 * MINUTE)
    (breach,) = query("select cleared_at, cleared_because from ops.breach")
    assert breach == {"cleared_at": eleven + 13 * MINUTE, "cleared_because": "met"}
    assert len(breach_mails(mailbox)) == 1


def test_a_breach_whose_target_has_ended_clears_and_says_why(centre, deliver, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(centre, at)
    ended = REFERENCE["kpi_target"].replace("\n", ",effective_to\n", 1)
    ended = ended.replace("2026-01-01\n", "2026-01-01,2026-11-22\n")
    deliver("kpi_target", "ended.csv", ended, at + MINUTE)
    run_cycle(centre, at + MINUTE)
    (breach,) = query("select cleared_at, cleared_because from ops.breach")
    assert breach == {"cleared_at": at + MINUTE, "cleared_because": "target_ended"}
    deliver("kpi_target", "again.csv", REFERENCE["kpi_target"], at + 2 * MINUTE)
    run_cycle(centre, at + 2 * MINUTE)
    assert query("select cleared_at is null as is_open from ops.breach order by breach_id") == [
        {"is_open": False},
        {"is_open": True},
    ]


def test_a_target_that_ends_clears_its_breach_though_the_calls_are_behind(centre, deliver, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    until_today = REFERENCE["kpi_target"].replace("\n", ",effective_to\n", 1)
    until_today = until_today.replace("2026-01-01\n", "2026-01-01,2026-11-23\n")
    deliver("kpi_target", "today.csv", until_today, TEN_O_CLOCK)
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    midnight = MORNING + timedelta(hours=16)
    for as_of in (at, midnight - MINUTE):
        run_cycle(centre, as_of)
        assert query("select cleared_at from ops.breach where kpi = 'scr'") == [
            {"cleared_at": None}
        ]
    run_cycle(centre, midnight)
    (breach,) = query("select cleared_at, cleared_because from ops.breach where kpi = 'scr'")
    assert breach == {"cleared_at": midnight, "cleared_because": "target_ended"}


def test_a_breach_stays_open_while_nothing_is_offered(centre, deliver, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(centre, at)
    noon = TEN_O_CLOCK + timedelta(hours=2)
    deliver("call", "closed.csv", calls("C", noon, 3, "closed"), noon + 2 * MINUTE)
    run_cycle(centre, noon + 2 * MINUTE)
    (now,) = query("select observed, is_feed_behind from marts.rpt_kpi_now where channel = 'voice'")
    assert now == {"observed": None, "is_feed_behind": False}
    assert query("select cleared_at from ops.breach") == [{"cleared_at": None}]


def test_a_breach_that_is_open_already_takes_no_numbers(centre, deliver, mailbox, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    for minute in range(4):
        run_cycle(centre, at + minute * MINUTE)
    later = at + 5 * MINUTE
    deliver("conversation", "slow.csv", conversations(TEN_O_CLOCK, 8), later)
    run_cycle(centre, later)
    for table, number in (
        ("breach", "breach_id"),
        ("recovery_plan", "plan_id"),
        ("outbox", "mail_id"),
    ):
        first, second = query(f"select {number} as n from ops.{table} order by 1")
        assert second["n"] == first["n"] + 1, table


AGENTS_WITHOUT_COORDINATOR = AGENTS.replace("koko@bank.example", "")


def test_a_breach_that_nobody_could_be_told_of_is_an_incident_and_mailed_when_somebody_can(
    centre, deliver, mailbox, query
):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("agent", "silent.csv", AGENTS_WITHOUT_COORDINATOR, TEN_O_CLOCK)
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    for minute in range(2):
        run_cycle(centre, at + minute * MINUTE)
    assert len(query("select * from ops.recovery_plan")) == 1
    assert breach_mails(mailbox) == []
    (incident,) = query("select * from ops.incident")
    assert (incident["kind"], incident["subject"]) == ("no_recipient", "KARTU")
    assert (incident["opened_at"], incident["closed_at"]) == (at, None)
    found = at + 2 * MINUTE
    deliver("agent", "found.csv", AGENTS, found)
    for minute in range(3):
        run_cycle(centre, found + minute * MINUTE)
    (mail,) = breach_mails(mailbox)
    assert mail["Subject"] == MISSED
    (incident,) = query("select * from ops.incident")
    assert incident["closed_at"] == found
    # A second address is no reason to tell it again.
    deliver("agent", "moved.csv", AGENTS.replace("koko@", "k.oko@"), found + MINUTE)
    run_cycle(centre, found + 3 * MINUTE)
    assert [mail["kind"] for mail in query("select kind from ops.outbox")] == ["breach"]


def test_a_breach_that_is_over_before_anybody_could_be_told_is_not_mailed(
    centre, deliver, mailbox, query
):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("agent", "silent.csv", AGENTS_WITHOUT_COORDINATOR, TEN_O_CLOCK)
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(centre, at)
    eleven = TEN_O_CLOCK + 60 * MINUTE
    deliver("call", "good.csv", calls("G", eleven, 30, "answered"), eleven + 8 * MINUTE)
    for minute in (8, 13):
        run_cycle(centre, eleven + minute * MINUTE)
    assert query("select cleared_because from ops.breach") == [{"cleared_because": "met"}]
    incidents = "select closed_at from ops.incident where kind = 'no_recipient'"
    assert query(incidents) == [{"closed_at": None}]
    found = eleven + 14 * MINUTE
    deliver("agent", "found.csv", AGENTS, found)
    run_cycle(centre, found)
    assert query(incidents) == [{"closed_at": found}]
    assert breach_mails(mailbox) == []
    # The plan is to be completed all the same
    (mail,) = mailbox.mails
    assert "Eskalasi" in mail["Subject"]


def test_operators_are_told_where_the_service_has_no_address(centre, deliver, mailbox, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("agent", "silent.csv", AGENTS_WITHOUT_COORDINATOR, TEN_O_CLOCK)
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    settings = dataclasses.replace(centre.settings, operators=("ops@bank.example",))
    for minute in range(2):
        run_cycle(System(settings, centre.warehouse), at + minute * MINUTE)
    assert [mail["To"] for mail in mailbox.mails] == ["ops@bank.example"]
    assert query("select * from ops.incident") == []


@pytest.mark.parametrize("is_over", [False, True])
def test_a_breach_whose_plan_could_not_be_drafted_gets_it_in_a_later_cycle(
    centre, deliver, mailbox, query, is_over
):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    with centre.warehouse.engine().begin() as connection:
        connection.exec_driver_sql(
            "alter table ops.outbox add constraint broken check (kind <> 'breach')"
        )
    with pytest.raises(IntegrityError, match="broken"):
        run_cycle(centre, at)
    assert len(query("select * from ops.breach")) == 1
    assert query("select * from ops.recovery_plan") == []
    with centre.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("alter table ops.outbox drop constraint broken")
    later = at + MINUTE
    if is_over:
        later = TEN_O_CLOCK + 68 * MINUTE
        good = calls("G", TEN_O_CLOCK + 60 * MINUTE, 30, "answered")
        deliver("call", "good.csv", good, later)
    for minute in (0, 5):
        run_cycle(centre, later + minute * MINUTE)
    (breach,) = query("select * from ops.breach")
    assert breach["cleared_at"] == (later + 5 * MINUTE if is_over else None)
    (plan,) = query("select * from ops.recovery_plan")
    assert (plan["breach_id"], plan["created_at"]) == (breach["breach_id"], later)
    assert len(breach_mails(mailbox)) == 1


def test_a_service_on_target_or_with_few_calls_opens_nothing(centre, deliver, query):
    deliver("call", "good.csv", calls("G", TEN_O_CLOCK, 20, "answered"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 5 * MINUTE)
    later = TEN_O_CLOCK + 90 * MINUTE
    deliver("call", "few.csv", calls("F", later, 4, "abandoned"), later + 2 * MINUTE)
    run_cycle(centre, later + 2 * MINUTE)
    assert query("select * from marts.fct_breach") == []


def test_a_feed_that_is_behind_raises_an_incident_and_no_breach(centre, deliver, query):
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 20 * MINUTE)
    assert query("select * from marts.fct_breach") == []
    (incident,) = query("select kind, subject from ops.incident where closed_at is null")
    assert incident == {"kind": "feed_stale", "subject": "call"}


def test_a_file_that_cannot_be_opened_is_an_incident_until_it_can(
    centre, deliver, query, monkeypatch
):
    deliver("call", "a.csv", calls("A", TEN_O_CLOCK, 1, "answered"), TEN_O_CLOCK)
    open_incidents = "select subject from ops.incident where kind = 'file_unreachable'"
    open_incidents += " and closed_at is null"

    def refuse(files, path, *arguments, **options):
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patched:
        patched.setattr("fsspec.implementations.local.LocalFileSystem._open", refuse)
        run_cycle(centre, TEN_O_CLOCK + MINUTE)
    assert {"subject": "call/a.csv"} in query(open_incidents)
    run_cycle(centre, TEN_O_CLOCK + 2 * MINUTE)
    assert query(open_incidents) == []


def test_late_answers_to_conversations_open_a_response_time_breach(centre, deliver, query):
    slow = conversations(TEN_O_CLOCK, 8)
    deliver("conversation", "slow.csv", slow, TEN_O_CLOCK + 12 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 12 * MINUTE)
    (breach,) = query("select kpi, channel, numerator, denominator from marts.fct_breach")
    assert breach == {
        "kpi": "response_time",
        "channel": "chat",
        "numerator": 0,
        "denominator": 8,
    }


def test_a_dead_mail_server_delays_mail_and_nothing_else(centre, deliver, mailbox, query):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        down = System(dataclasses.replace(centre.settings, smtp_url=dead), centre.warehouse)
        at = TEN_O_CLOCK + 5 * MINUTE
        deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
        run_cycle(down, at)
    (waiting,) = query("select state, smtp_answer from ops.outbox where kind = 'breach'")
    assert waiting["state"] == "queued"
    assert "no connection" in waiting["smtp_answer"]
    assert len(query("select * from marts.fct_breach")) == 1
    run_cycle(centre, at + MINUTE)
    run_cycle(centre, at + 2 * MINUTE)
    assert len(breach_mails(mailbox)) == 1


def test_a_mail_is_tried_again_after_a_soft_refusal_and_given_up_after_a_hard_one(
    centre, deliver, mailbox, query
):
    mailbox.refuse_with = "451 try later"
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(centre, at)
    (mail,) = query("select state, attempts, next_attempt_at from ops.outbox where kind = 'breach'")
    assert (mail["state"], mail["attempts"]) == ("queued", 1)
    assert mail["next_attempt_at"] > at
    mailbox.refuse_with = "550 no such person"
    run_cycle(centre, at + 10 * MINUTE)
    (mail,) = query("select state, attempts, smtp_answer from ops.outbox where kind = 'breach'")
    assert mail == {"state": "refused", "attempts": 2, "smtp_answer": "550 no such person"}


def test_a_mail_that_was_cut_off_while_sending_is_left_to_a_person(centre, deliver, mailbox, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(System(dataclasses.replace(centre.settings, smtp_url=None), centre.warehouse), at)
    with centre.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("update ops.outbox set state = 'sending' where kind = 'breach'")
    run_cycle(centre, at + MINUTE)
    (mail,) = query("select mail_id, state from ops.outbox where kind = 'breach'")
    assert mail["state"] == "unconfirmed"
    assert breach_mails(mailbox) == []
    # The operators hear of it, until somebody has sent it again or a day has passed.
    settings = dataclasses.replace(centre.settings, operators=("ops@bank.example",))
    watched = System(settings, centre.warehouse)
    incidents = "select subject, closed_at from ops.incident where kind = 'mail_unconfirmed'"
    run_cycle(watched, at + 2 * MINUTE)
    assert query(incidents) == [{"subject": f"{mail['mail_id']}", "closed_at": None}]
    (told,) = [mail for mail in mailbox.mails if mail["To"] == "ops@bank.example"]
    assert f"./rtm outbox resend {mail['mail_id']}" in told.get_body(("plain",)).get_content()
    with centre.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("update ops.outbox set state = 'queued' where kind = 'breach'")
    run_cycle(watched, at + 3 * MINUTE)
    assert [row["closed_at"] for row in query(incidents)] == [at + 3 * MINUTE]


def watched_by_operators(centre: System) -> System:
    settings = dataclasses.replace(centre.settings, operators=("ops@bank.example",))
    return System(settings, centre.warehouse)


def test_a_refused_breach_is_an_incident_and_mailed_to_the_corrected_address(
    centre, deliver, mailbox, query
):
    mailbox.unknown = {"koko@bank.example"}
    watched = watched_by_operators(centre)
    second = "team_code,team_name,service_code,team_leader_id,coordinator_id\nT2,Dua,KARTU,L1,K2\n"
    deliver("team", "second.csv", second, MORNING)
    agents = AGENTS + "K2,Kiki,kiki@bank.example,coordinator,T2,2026-01-01\n"
    deliver("agent", "second.csv", agents, MORNING + MINUTE)
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    breach_rows = (
        "select recipient, state, mail_id from ops.outbox where kind = 'breach' order by 1"
    )
    incidents = "select subject, closed_at, detail from ops.incident where kind = 'mail_refused'"
    for minute in range(3):
        run_cycle(watched, at + minute * MINUTE)
    kiki, koko = query(breach_rows)
    assert (kiki["state"], koko["state"]) == ("sent", "refused")
    (incident,) = query(incidents)
    assert (incident["subject"], incident["closed_at"]) == (f"{koko['mail_id']}", None)
    assert "550 no such person" in incident["detail"]
    assert [mail["To"] for mail in mailbox.mails if "Insiden" in mail["Subject"]] == [
        "ops@bank.example"
    ]
    corrected = at + 3 * MINUTE
    deliver("agent", "right.csv", agents.replace("koko@", "k.oko@"), corrected)
    for minute in range(3):
        run_cycle(watched, corrected + minute * MINUTE)
    assert [(mail["recipient"], mail["state"]) for mail in query(breach_rows)] == [
        ("k.oko@bank.example", "sent"),
        ("kiki@bank.example", "sent"),
        ("koko@bank.example", "refused"),
    ]
    assert [row["closed_at"] for row in query(incidents)] == [corrected]


def test_a_digest_that_was_refused_has_told_nobody_of_its_breaches(centre, deliver, mailbox, query):
    mailbox.unknown = {"koko@bank.example"}
    at = TEN_O_CLOCK + 12 * MINUTE
    deliver("call", "lost.csv", calls("L", at - 5 * MINUTE, 12, "abandoned"), at)
    deliver("conversation", "slow.csv", conversations(TEN_O_CLOCK, 8), at)
    run_cycle(centre, at)
    assert query("select kind, state from ops.outbox order by mail_id") == [
        {"kind": "breach", "state": "digested"},
        {"kind": "breach", "state": "digested"},
        {"kind": "digest", "state": "refused"},
    ]
    deliver("agent", "right.csv", AGENTS.replace("koko@", "k.oko@"), at + MINUTE)
    run_cycle(centre, at + MINUTE)
    (mail,) = mailbox.mails
    assert mail["To"] == "k.oko@bank.example"
    assert "1 lagi" in mail["Subject"]


def test_the_incident_of_a_refused_mail_ends_when_its_address_takes_one(
    centre, deliver, mailbox, query
):
    mailbox.unknown = {"koko@bank.example"}
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    for minute in range(2):
        run_cycle(centre, at + minute * MINUTE)
    incidents = "select closed_at from ops.incident where kind = 'mail_refused'"
    assert query(incidents) == [{"closed_at": None}]
    mailbox.unknown = set()
    (mail,) = query("select mail_id from ops.outbox")
    with centre.warehouse.transaction(Role.APP) as connection:
        assert resend(connection, centre.settings, mail["mail_id"]) == "koko@bank.example"
    run_cycle(centre, at + 2 * MINUTE)
    assert query(incidents) == [{"closed_at": at + 2 * MINUTE}]
    assert len(breach_mails(mailbox)) == 1
    run_cycle(centre, at + 3 * MINUTE)
    assert query(incidents) == [{"closed_at": at + 2 * MINUTE}]
