"""Chatwoot's webhooks and reporting events, from the landing folder to the marts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts, land_feeds
from tests.small_centre import MORNING
from tests.vendors.conftest import lines

EVENING = MORNING + timedelta(hours=10)
QUEUES = "source,queue,service_code,channel\nchatwoot,1,KARTU,\nchatwoot,Email Kartu,KARTU,email\n"
ALIASES = "source,external_id,agent_id\nchatwoot,7,A1\nchatwoot,8,A2\n"


def moment(second):
    return MORNING + timedelta(seconds=second)


def iso(second):
    return moment(second).strftime("%Y-%m-%dT%H:%M:%S.") + "000Z"


def unix(second):
    return int(moment(second).timestamp())


def old(second):
    """As older versions wrote it."""
    return moment(second).strftime("%Y-%m-%d %H:%M:%S UTC")


def chat(number, second, status="open", assignee=None, created=None, inbox=1, **changed):
    """A conversation as it shows at a second."""
    person = assignee and {"id": assignee, "name": "Ani", "type": "user"}
    told = {
        "id": number,
        "inbox_id": inbox,
        "channel": "Channel::WebWidget",
        "messages": [],
        "meta": {"sender": {"id": 12, "type": "contact"}, "assignee": person},
        "status": status,
        "timestamp": unix(second),
    }
    return told | ({} if created is None else {"created_at": unix(created)}) | changed


def shown(event, number, second, **told):
    return chat(number, second, **told) | {"event": event}


def message(number, message_id, second, kind="incoming", *, sender=None, at=iso, **changed):
    """A message, 7 the agent; what is given besides is changed in it or in its conversation."""
    inside = {name: changed.pop(name) for name in ("assignee", "inbox") if name in changed}
    if sender is None:
        sender = {"id": 7, "type": "user"} if kind == "outgoing" else {"id": 12, "type": "contact"}
    return {
        "event": "message_created",
        "id": message_id,
        "content": "halo",
        "created_at": at(second),
        "message_type": kind,
        "private": False,
        "content_attributes": {},
        "sender": sender,
        "inbox": {"id": inside.get("inbox", 1), "name": "Acme Support"},
        "conversation": chat(number, second, **inside),
        "account": {"id": 1, "name": "Acme Inc"},
    } | changed


def report(name, number, start, end, user=7, **changed):
    return {
        "id": 1000 * number + end,
        "name": name,
        "value": float(end - start),
        "value_in_business_hours": 0.0,
        "event_start_time": iso(start),
        "event_end_time": iso(end),
        "account_id": 1,
        "inbox_id": 1,
        "conversation_id": number,
        "user_id": user,
        "created_at": iso(end),
        "updated_at": iso(end),
    } | changed


@pytest.fixture
def land(site, deliver):
    def run(*documents, name="hooks-1", at=EVENING):
        deliver("chatwoot", name, lines(*documents), at)
        site(at)

    return run


@pytest.fixture
def intervals(query):
    """Received and responded by second of the interval, where something was received."""

    def read():
        rows = query("select * from marts.fct_response_time_interval order by interval_start")
        return {
            (row["interval_start"] - MORNING).total_seconds(): (row["received"], row["responded"])
            for row in rows
            if row["received"]
        }

    return read


def test_the_published_bodies_are_one_conversation_that_waits(centre, deliver, real_data, query):
    bodies = (real_data / "chatwoot" / "webhooks.jsonl").read_text()
    now = datetime.now(UTC)
    queue = "source,queue,service_code\nchatwoot,Acme Support,KARTU\n"
    deliver("queue", "queue.csv", queue, now - timedelta(minutes=2))
    deliver("chatwoot", "hooks", bodies, now - timedelta(minutes=1))
    centre(now)
    (row,) = query("select * from intermediate.int_conversation")
    assert (row["conversation_id"], row["channel"]) == ("1/10", "chat")
    assert row["received_at"] == datetime(2021, 7, 23, 18, 2, 48, tzinfo=UTC)
    # The template that asks for an address is no reply
    assert (row["first_response_at"], row["external_agent_id"]) == (None, "1")
    (ledger,) = query("select * from ops.file_ledger where feed = 'chatwoot'")
    assert (ledger["unknown_columns"], ledger["unknown_values"]) == ([], {})
    assert query("select body::jsonb as body from raw.chatwoot order by _row") == [
        {"body": json.loads(line)} for line in bodies.splitlines()
    ]


def test_times_of_every_type_in_one_body(land, chats):
    repeated = {"message_type": 1, "private": False, "sender_type": "User", "sender_id": 7}
    land(
        message(1, 11, 600, at=old),
        message(2, 21, 600, at=unix),
        message(3, 31, 600, at=lambda second: 1000 * unix(second)),
        message(4, 41, 600),
        shown(
            "conversation_updated",
            1,
            640,
            messages=[repeated | {"id": 12, "created_at": unix(640)}],
        ),
        message(2, 22, 640, "outgoing", at=old),
        message(3, 32, 640, "outgoing", at=lambda second: unix(second) + 0.25),
        message(4, 42, 640, "outgoing", at=lambda second: moment(second).isoformat()),
    )
    assert {name: told[:2] for name, told in chats().items()} == {
        "1/1": (600, 640),
        "1/2": (600, 640),
        "1/3": (600, 640.25),
        "1/4": (600, 640),
    }


def test_private_notes_bots_templates_and_rules_are_no_replies(land, chats, intervals):
    land(
        message(1, 1, 600),
        message(1, 2, 601, "outgoing", private=True),
        message(1, 3, 602, "outgoing", sender={"id": 7, "type": "agent_bot"}),
        message(1, 4, 603, "template", sender={"id": 7, "type": "user"}),
        message(1, 5, 604, "outgoing", content_attributes={"automation_rule_id": 3}),
        message(1, 6, 605, "outgoing", additional_attributes={"campaign_id": 3}),
        # The same in the form in which other webhooks repeat them
        *(
            shown("conversation_updated", 1, 607, messages=[repeated])
            for repeated in (
                {"id": 2, "message_type": 1, "private": True, "sender_type": "User"},
                {"id": 3, "message_type": 1, "private": False, "sender_type": "AgentBot"},
                {"id": 7, "message_type": 3, "private": False, "sender_type": "User"},
                {"id": 8, "message_type": 2, "private": False, "sender_type": "User"},
            )
            for repeated in [repeated | {"created_at": unix(606), "sender_id": 7}]
        ),
    )
    assert chats() == {"1/1": (600, None, None, None)}
    assert intervals() == {0: (1, 0)}
    second = EVENING + timedelta(minutes=1)
    land(message(1, 9, 650, "outgoing"), name="hooks-2", at=second)
    assert chats() == {"1/1": (600, 650, None, "7")}
    assert intervals() == {0: (1, 1)}


def test_both_meanings_of_first_response_end_at_the_reply(land, chats):
    """Once it was measured from the creation, now from the end of what a bot did."""
    land(
        report("first_response", 1, 600, 700),
        report("conversation_resolved", 1, 600, 900),
        report("first_response", 2, 660, 700, user=8),
        report("conversation_bot_handoff", 2, 600, 660, user=None),
        report("reply_time", 2, 750, 800, user=8),
        # Where the value contradicts the times, the times hold
        report("first_response", 3, 600, 700, value=3.0),
        message(4, 1, 600),
        report("first_response", 4, 660, 700),
    )
    assert chats() == {
        "1/1": (600, 700, 900, "7"),
        "1/2": (600, 700, None, "8"),
        "1/3": (600, 700, None, "7"),
        "1/4": (600, 700, None, "7"),
    }


def test_an_event_of_another_conversation_with_the_same_number_is_left_aside(land, chats):
    land(
        shown("conversation_created", 5, 1000, created=1000),
        report("first_response", 5, 600, 700),
        report("conversation_resolved", 5, 600, 1100),
        shown("conversation_created", 5, 1200, created=1200, inbox=2),
    )
    assert chats() == {"1/5": (1000, None, None, None)}


def test_a_conversation_is_closed_until_it_is_opened_again(land, chats):
    opened = message(1, 1, 600)
    land(
        opened,
        shown("conversation_status_changed", 1, 700, status="resolved", assignee=8),
        # Shows it resolved as well, later: it was so since 700
        shown("conversation_updated", 1, 750, status="resolved", assignee=8),
    )
    assert chats() == {"1/1": (600, None, 700, "8")}
    at = EVENING + timedelta(minutes=1)
    land(message(1, 2, 800), name="hooks-2", at=at)
    assert chats()["1/1"] == (600, None, None, None)
    at += timedelta(minutes=1)
    land(
        message(1, 3, 850, "outgoing"),
        shown("conversation_status_changed", 1, 900, status="resolved", assignee=7),
        name="hooks-3",
        at=at,
    )
    assert chats()["1/1"] == (600, 850, 900, "7")


def test_what_the_centre_itself_began_was_not_received(land, chats, query):
    """By an agent; by a campaign that nobody, and that a customer answered."""
    campaign = {"additional_attributes": {"campaign_id": 1}}
    land(
        shown("conversation_created", 1, 600, created=600),
        shown("conversation_created", 2, 600, created=600),
        shown("conversation_created", 3, 600, created=600),
    )
    assert len(chats()) == 3
    land(
        message(1, 1, 601, "outgoing"),
        message(1, 2, 640),
        message(2, 1, 601, "outgoing", **campaign),
        message(3, 1, 601, "outgoing", **campaign),
        message(3, 2, 4000),
        name="hooks-2",
        at=EVENING + timedelta(minutes=1),
    )
    assert chats() == {"1/3": (4000, None, None, None)}
    rows = query("select sum(received) as received from marts.fct_response_time_interval")
    assert rows == [{"received": 1}]


def test_an_older_message_that_comes_late_moves_the_conversation(land, chats, query, rebuild):
    def told():
        return query(
            "select interval_start, received, responded, waiting_list"
            " from marts.fct_response_time_interval order by 1"
        )

    land(message(1, 2, 3700), message(1, 3, 3800, "outgoing"))
    assert [row["received"] for row in told()] == [1]
    at = EVENING + timedelta(minutes=1)
    land(message(1, 1, 600), message(1, 4, 650, "outgoing"), name="hooks-2", at=at)
    assert chats()["1/1"][:2] == (600, 650)
    found = told()
    assert {
        (row["interval_start"] - MORNING).total_seconds(): row["received"] for row in found
    } == {0: 1}
    rebuild(at)
    assert told() == found


def test_a_place_survives_a_run_that_did_not_end_well(land, deliver, system, query):
    land(message(1, 2, 3700), message(1, 3, 3800, "outgoing"))
    at = EVENING + timedelta(minutes=1)
    deliver("chatwoot", "hooks-2", lines(message(1, 1, 600), message(1, 4, 650, "outgoing")), at)
    land_feeds(system, at)
    table = "alter table intermediate.int_nonvoice_interval"
    with system.warehouse.engine().begin() as connection:
        connection.execute(text(f"{table} add constraint broken check (false) not valid"))
    with pytest.raises(Exception, match="broken"):
        build_marts(system, at)
    # It had moved the conversation already
    moved = query("select received_at from intermediate.int_conversation")
    assert moved == [{"received_at": moment(600)}]
    with system.warehouse.engine().begin() as connection:
        connection.execute(text(f"{table} drop constraint broken"))
    build_marts(system, at)
    rows = query("select interval_start, received from marts.fct_response_time_interval order by 1")
    assert {(row["interval_start"] - MORNING).total_seconds(): row["received"] for row in rows} == {
        0: 1
    }


def test_an_inbox_without_a_service_waits_then_counts(land, deliver, chats, query, system):
    land(message(1, 1, 600, inbox=9))
    assert chats() == {}
    waiting = "select kind, source, code, occurrences from marts.rpt_unmapped_code"
    assert query(waiting) == [
        {"kind": "queue", "source": "chatwoot", "code": "9", "occurrences": 1}
    ]
    at = EVENING + timedelta(minutes=1)
    mapped = "source,queue,service_code,channel\nchatwoot,Acme Support,KARTU,whatsapp\n"
    deliver("queue", "queue-2.csv", mapped, at)
    land(name="hooks-2", at=at)
    assert chats() == {"9/1": (600, None, None, None)}
    assert query(waiting) == []
    assert query("select channel from intermediate.int_conversation") == [{"channel": "whatsapp"}]


def test_an_inbox_may_be_named_by_its_id_or_its_name_and_the_id_goes_first(land, query):
    land(
        message(1, 1, 600),
        message(2, 1, 600, inbox=2) | {"inbox": {"id": 2, "name": "Email Kartu"}},
        message(3, 1, 600) | {"inbox": {"id": 1, "name": "Email Kartu"}},
    )
    rows = query("select conversation_id, channel from intermediate.int_conversation order by 1")
    assert [tuple(row.values()) for row in rows] == [
        ("1/1", "chat"),
        ("1/3", "chat"),
        ("2/2", "email"),
    ]


def test_unknown_events_names_and_fields_are_kept_and_listed(land, query, chats):
    land(
        message(1, 1, 600) | {"mood": "glad"},
        {"event": "conversation_frozen", "id": 1, "inbox_id": 1, "created_at": iso(500)},
        report("mood_measured", 1, 400, 410),
        {"event": "contact_created", "id": 1, "name": "Jane", "created_at": iso(300)},
        report("first_response", 2, 600, 700, event_end_time="tomorrow"),
        {"nothing": "of this feed"},
        ["neither"],
    )
    assert chats() == {"1/1": (600, None, None, None)}
    assert query("select count(*) as n from raw.chatwoot") == [{"n": 4}]
    rows = query(
        "select kind, detail from marts.rpt_data_quality_row"
        " where kind in ('unknown_value', 'unknown_column') order by 1, 2"
    )
    told = " ".join(row["detail"] for row in rows)
    assert "mood" in told and "conversation_frozen" in told and "mood_measured" in told
    assert "contact_created" not in told
    reasons = query("select reason from ops.quarantine where feed = 'chatwoot' order by row_number")
    assert "ends_at: 'tomorrow' is not a time" in reasons[0]["reason"]
    assert reasons[1]["reason"] == "event: is empty"
    assert "no JSON object" in reasons[2]["reason"]


def test_an_answer_that_lists_reporting_events_is_read(land, deliver, site, chats):
    answer = {"payload": [report("first_response", 1, 600, 700)], "meta": {"count": 1}}
    deliver("chatwoot", "answer.json", json.dumps(answer, indent=2), EVENING)
    site(EVENING)
    assert chats() == {"1/1": (600, 700, None, "7")}


def reference(documents):
    """What the conversations are, by plain reading: of inbox 1, opened by customers."""
    found = {}
    for number in {told["number"] for told in documents}:
        of_it = [told for told in documents if told["number"] == number]
        first_in = [told["at"] for told in of_it if told["kind"] == "in"]
        created = [told["created"] for told in of_it if told["created"] is not None]
        replies = [told["at"] for told in of_it if told["kind"] == "reply"]
        changes = [(told["at"], told["status"]) for told in of_it if told["kind"] == "status"]
        began = min(first_in + created, default=None)
        outs = [told["at"] for told in of_it if told["kind"] in ("reply", "bot")]
        if outs and min(outs) < min(first_in, default=10**9):
            by_centre = min(outs) <= min(created, default=10**9) + 2
            if by_centre and min(outs) in replies:
                continue
            if by_centre:
                began = min(first_in, default=None)
        if began is None:
            continue
        opened = [at for at, status in changes if status == "open"] + first_in
        closed = [
            at for at, status in changes if status == "resolved" and at >= max(opened, default=0)
        ]
        found[f"1/{number}"] = (
            began,
            min((at for at in replies if at >= began), default=None),
            min(closed, default=None),
        )
    return found


def random_day(random):
    """Documents of some conversations, each with what it says in plain words."""
    told = []
    for number in range(1, 7):
        created = random.choice([None, 300 * number])
        start = 300 * number
        at = start
        begins_with = random.choice(["in", "in", "reply", "bot", "status"])
        for step in range(random.randrange(1, 9)):
            kind = random.choice(["in", "reply", "bot", "note", "status"]) if step else begins_with
            status = random.choice(["open", "resolved"])
            inside = {} if created is None else {"created_at": unix(created)}
            if kind == "status":
                document = shown(
                    "conversation_status_changed", number, at, status=status, created=created
                )
            else:
                document = message(
                    number,
                    100 * number + step,
                    at,
                    "incoming" if kind == "in" else "outgoing",
                    sender={"id": 1, "type": "agent_bot"} if kind == "bot" else None,
                    private=kind == "note",
                )
                document["conversation"] |= inside
            told.append(
                (
                    document,
                    {
                        "number": number,
                        "kind": kind,
                        "at": at,
                        "status": status,
                        "created": created,
                    },
                )
            )
            at += random.choice([1, 5, 400, 2500])
    return told


@pytest.mark.parametrize("seed", range(2))
def test_any_order_any_slices_and_repetitions_give_the_same(
    seed, land, chats, query, rebuild, system
):
    random = Random(seed)
    day = random_day(random)
    deliveries = [document for document, _ in day] + [
        document for document, _ in random.sample(day, len(day) // 3)
    ]
    random.shuffle(deliveries)
    at = EVENING
    cuts = sorted(random.sample(range(1, len(deliveries)), 4))
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(deliveries)], strict=True)):
        at += timedelta(minutes=1)
        land(*deliveries[start:end], name=f"hooks-{number}", at=at)
    found = {name: told[:3] for name, told in chats().items()}
    assert found == reference([told for _, told in day])
    everything = "select * from marts.fct_response_time_interval order by 1, 2, 3, 4"
    counted = query(everything)
    rebuild(at)
    assert query(everything) == counted
    assert {name: told[:3] for name, told in chats().items()} == found
