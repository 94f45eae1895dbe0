"""Mekari Qontak's webhooks, from the landing folder to the marts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.small_centre import MORNING
from tests.vendors.conftest import lines

EVENING = MORNING + timedelta(hours=10)
QUEUES = "source,queue,service_code,channel\nqontak,wa-1,KARTU,\n"
ALIASES = "source,external_id,agent_id\nqontak,u-1,A1\nqontak,u-2,A2\n"
SENDERS = {"customer": "Models::Contact", "agent": "Models::User", "bot": "Models::SystemAccount"}


def at(second):
    moment = MORNING + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def room(name, created=0, *, status="unassigned", resolved=None, by=None, **changed):
    return {
        "id": name,
        "status": status,
        "type": "Models::CustomerServiceRoom",
        "tags": [],
        "channel": "wa",
        "channel_account": "Kartu WA",
        "channel_integration_id": "wa-1",
        "session": "open",
        "created_at": at(created),
        "updated_at": at(created if resolved is None else resolved),
        "resolved_at": None if resolved is None else at(resolved),
        "resolved_by_id": by,
        "resolved_by_type": by and "Models::User",
    } | changed


def message(name, message_id, second, who="customer", *, sender=None, told=None, **changed):
    return {
        "id": f"{name}-{message_id}",
        "type": "text",
        "room_id": name,
        "is_campaign": False,
        "sender_id": sender or ("u-1" if who == "agent" else f"{who}-1"),
        "sender_type": SENDERS[who],
        "text": "halo",
        "status": "created",
        "participant_type": who,
        "created_at": at(second),
        "room": told or room(name),
    } | changed


@pytest.fixture
def land(site, deliver):
    def run(*documents, name="hooks-1", at=EVENING):
        deliver("qontak", name, lines(*documents), at)
        site(at)

    return run


def received(query):
    rows = query("select interval_start, received from marts.fct_response_time_interval")
    return {(row["interval_start"] - MORNING).total_seconds(): row["received"] for row in rows}


def test_the_published_messages_are_one_conversation_that_an_agent_answered(
    centre, deliver, real_data, query
):
    """Received with the customer's message; the broadcast after it is no reply."""
    bodies = (real_data / "qontak" / "message_interaction.jsonl").read_text()
    now = datetime.now(UTC)
    queue = "source,queue,service_code\nqontak,Qontak,KARTU\n"
    deliver("queue", "queue.csv", queue, now - timedelta(minutes=2))
    deliver("qontak", "hooks", bodies, now - timedelta(minutes=1))
    centre(now)
    (row,) = query("select * from marts.fct_response_time_interval where received > 0")
    assert (row["channel"], row["received"], row["responded"]) == ("whatsapp", 1, 1)
    assert row["avg_first_response_s"] == pytest.approx(424.492)
    (talk,) = query("select * from intermediate.int_conversation")
    assert talk["external_agent_id"] == "84d627bf-3f71-48de-bd4d-b623ad19857a"
    assert talk["assigned_at"] == datetime(2021, 3, 3, 22, 55, 13, 670000, tzinfo=UTC)
    assert talk["closed_at"] is None
    (ledger,) = query("select * from ops.file_ledger where feed = 'qontak'")
    assert (ledger["unknown_columns"], ledger["unknown_values"]) == ([], {})


def test_bots_and_campaigns_are_no_replies(land, chats):
    land(
        message("r1", 1, 600),
        message("r1", 2, 601, "bot"),
        message("r1", 3, 602, "agent", is_campaign=True),
        message("r1", 4, 603, "agent", sender_type="Models::SystemAccount"),
    )
    assert chats() == {"r1": (600, None, None, None)}
    after = EVENING + timedelta(minutes=1)
    land(message("r1", 5, 700, "agent", sender="u-2"), name="hooks-2", at=after)
    assert chats() == {"r1": (600, 700, None, "u-2")}


def test_a_room_is_closed_until_the_customer_writes_again(land, chats):
    resolved = room("r1", status="resolved", resolved=900, by="u-2")
    land(message("r1", 1, 600), {"data_event": "room_resolved", "room": resolved})
    assert chats() == {"r1": (600, None, 900, "u-2")}
    after = EVENING + timedelta(minutes=1)
    land(message("r1", 2, 1000), name="hooks-2", at=after)
    assert chats()["r1"] == (600, None, None, "u-2")
    # The room as the body itself, without an event
    again = room("r1", status="resolved", resolved=1200, by="u-2")
    land(message("r1", 3, 1100, "agent"), again, name="hooks-3", at=after + timedelta(minutes=1))
    assert chats()["r1"] == (600, 1100, 1200, "u-1")


def test_a_broadcast_opens_nothing_and_what_an_agent_began_was_not_received(land, chats, query):
    land(
        message("r1", 1, 1, "bot", is_campaign=True),
        message("r2", 1, 1, "bot", is_campaign=True),
        message("r2", 2, 4000),
        message("r3", 1, 1, "agent"),
        message("r3", 2, 60),
        # Long after the room was made: what was before it has not been told
        message("r4", 1, 500, "agent"),
        message("r4", 2, 600),
        message("r4", 3, 700, "agent"),
    )
    assert chats() == {"r2": (4000, None, None, None), "r4": (600, 700, None, "u-1")}
    assert sum(received(query).values()) == 2


def test_a_late_first_message_moves_the_room_and_the_first_interval_is_left_empty(land, query):
    land(message("r1", 2, 3700), message("r1", 4, 3800, "agent"))
    after = EVENING + timedelta(minutes=1)
    land(message("r1", 1, 600), message("r1", 3, 650, "agent"), name="hooks-2", at=after)
    assert {second: number for second, number in received(query).items() if number} == {0: 1}


def test_an_integration_without_a_service_waits_then_counts(land, deliver, chats, query):
    elsewhere = room("r1", channel="ig", channel_integration_id="ig-1", channel_account="IG")
    land(message("r1", 1, 600, told=elsewhere))
    assert chats() == {}
    waiting = "select source, code from marts.rpt_unmapped_code"
    assert query(waiting) == [{"source": "qontak", "code": "ig-1"}]
    after = EVENING + timedelta(minutes=1)
    deliver("queue", "queue-2.csv", "source,queue,service_code\nqontak,ig-1,KARTU\n", after)
    land(name="hooks-2", at=after)
    assert query(waiting) == []
    assert query("select channel from intermediate.int_conversation") == [{"channel": "social"}]


def test_unknown_events_participants_and_fields_are_kept_and_listed(land, chats, query):
    land(
        message("r1", 1, 600, mood="glad"),
        message("r1", 2, 700, "agent", data_event="agent_dreams"),
        message("r1", 3, 710, "agent", participant_type="parrot"),
        message("r1", 4, 720, "agent", created_at="yesterday"),
    )
    assert chats() == {"r1": (600, None, None, None)}
    assert query("select count(*) as n from raw.qontak") == [{"n": 3}]
    rows = query("select detail from marts.rpt_data_quality_row where kind like 'unknown%'")
    told = " ".join(row["detail"] for row in rows)
    assert "mood" in told and "agent_dreams" in told and "parrot" in told
    (refused,) = query("select reason from ops.quarantine where feed = 'qontak'")
    assert refused["reason"].startswith("created_at: 'yesterday' is not a time")


def reference(told):
    """What the rooms are, by plain reading; all were made long before."""
    found = {}
    for name in {row["room"] for row in told}:
        of_it = [row for row in told if row["room"] == name]
        customer = [row["at"] for row in of_it if row["who"] == "customer"]
        if not customer:
            continue
        replies = [row["at"] for row in of_it if row["who"] == "agent"]
        last = max(customer + replies)
        found[name] = (
            min(customer),
            min((at for at in replies if at >= min(customer)), default=None),
            min((r["at"] for r in of_it if r["who"] == "end" and r["at"] >= last), default=None),
        )
    return found


@pytest.mark.parametrize("seed", range(2))
def test_any_order_any_slices_and_repetitions_give_the_same(seed, land, chats, query, rebuild):
    random = Random(seed)
    documents, told = [], []
    for number in range(1, 7):
        name, second = f"r{number}", 300 * number
        for step in range(random.randrange(1, 9)):
            who = random.choice(["customer", "agent", "bot", "end"])
            told.append({"room": name, "who": who, "at": second})
            documents.append(
                {"data_event": "room_resolved", "room": room(name, resolved=second)}
                if who == "end"
                else message(name, step, second, who)
            )
            second += random.choice([1, 400, 2500])
    deliveries = documents + random.sample(documents, len(documents) // 3)
    random.shuffle(deliveries)
    cuts = sorted(random.sample(range(1, len(deliveries)), 3))
    moment = EVENING
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(deliveries)], strict=True)):
        moment += timedelta(minutes=1)
        land(*deliveries[start:end], name=f"hooks-{number}", at=moment)
    found = {name: row[:3] for name, row in chats().items()}
    assert found == reference(told)
    everything = "select * from marts.fct_response_time_interval order by 1, 2, 3, 4"
    counted = query(everything)
    rebuild(moment)
    assert query(everything) == counted
    assert {name: row[:3] for name, row in chats().items()} == found
