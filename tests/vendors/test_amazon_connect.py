"""Amazon Connect's contact records and agent events, from the stream to the marts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.small_centre import MORNING
from tests.vendors.conftest import lines

EVENING = MORNING + timedelta(hours=10)
# What never reached a queue goes to the service of the source that has no other
QUEUES = "source,queue,service_code\namazon_connect,Kartu Kredit,KARTU\namazon_connect,,KARTU\n"
ALIASES = "source,external_id,agent_id\namazon_connect,agent.one,A1\namazon_connect,agent.two,A2\n"


def at(second, digits=False):
    moment = MORNING + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits:03}Z" if digits else "Z")


def contact(contact_id, second, *, agent=None, answered=None, talk=60, hold=0, acw=0, **changed):
    """A record of a caller who is queued at that second, and answered or gives up 30 s later."""
    end = (answered or second + 30) + (talk + hold if agent else 0)
    record = {
        "ContactId": contact_id,
        "InitialContactId": None,
        "PreviousContactId": None,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": at(second - 60),
        "DisconnectTimestamp": at(end),
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "LastUpdateTimestamp": at(end + 60),
        "Queue": {
            "Name": "Kartu Kredit",
            "EnqueueTimestamp": at(second),
            "DequeueTimestamp": at(answered or second + 30),
        },
        "Agent": None,
    }
    if agent:
        record["Agent"] = {
            "Username": agent,
            "ConnectedToAgentTimestamp": at(answered or second + 30),
            "AgentInteractionDuration": talk,
            "CustomerHoldDuration": hold,
            "AfterContactWorkStartTimestamp": at(end),
            "AfterContactWorkDuration": acw,
        }
    return record | changed


@pytest.fixture
def land(site, deliver):
    def run(feed, *documents, name="stream-1", at=EVENING):
        deliver(f"amazon_connect_{feed}", name, lines(*documents), at)
        site(at)

    return run


def test_a_record_that_came_three_times_is_one_call_with_hold_and_after_call_work(
    centre, deliver, real_data, query
):
    """The published record: queued 346 s, 239 s of talk, 221 on hold, 5 of after-call work."""
    records = (real_data / "amazon_connect" / "contact_records.jsonl").read_text()
    assert len(records.splitlines()) == 3
    now = datetime.now(UTC)
    queue = "source,queue,service_code\namazon_connect,TCC Refrig AC LLA,KARTU\n"
    deliver("queue", "queue.csv", queue, now - timedelta(minutes=2))
    deliver("amazon_connect_contact", "firehose-1", records, now - timedelta(minutes=1))
    centre(now)
    (row,) = query("select * from marts.fct_scr_interval")
    assert (row["offered"], row["answered"], row["handled"]) == (1, 1, 1)
    assert (row["wait_s_sum"], row["handle_s_sum"]) == (346, 465)


def test_the_update_that_came_last_in_time_holds_in_any_order(land, day):
    first = contact("c1", 600, LastUpdateTimestamp=at(601), DisconnectTimestamp=None)
    last = contact("c1", 600, agent="agent.one", answered=620, LastUpdateTimestamp=at(900))
    land("contact", last)
    land("contact", first, name="stream-2", at=EVENING + timedelta(minutes=1))
    assert day() == {"offered": 1, "answered": 1, "wait_s": 20, "handle_s": 60, "handled": 1}


def test_a_caller_without_an_agent_gave_up_or_was_let_go(land, day):
    land(
        "contact",
        contact("c1", 600),
        contact("c2", 700, DisconnectReason="CONTACT_FLOW_DISCONNECT"),
        contact("c3", 800, Queue=None),
        contact("c4", 900, DisconnectTimestamp=None),
        contact("c5", 900, InitiationMethod="OUTBOUND", agent="agent.one"),
    )
    assert day() == {"offered": 4, "abandoned": 1, "timed_out": 2, "left_in_menu": 1}


def test_a_transfer_is_no_second_call_and_its_talk_counts(land, day, query):
    moved = {"InitialContactId": "c1", "PreviousContactId": "c1"}
    land(
        "contact",
        contact("c2", 700, agent="agent.two", InitiationMethod="TRANSFER", acw=10, **moved),
        contact("c1", 600, agent="agent.one", answered=610, hold=20),
    )
    assert day() == {"offered": 1, "answered": 1, "wait_s": 10, "handle_s": 150, "handled": 1}
    (call,) = query("select call_id, external_agent_id from intermediate.int_call")
    assert call == {"call_id": "c1", "external_agent_id": "agent.one"}


def test_a_caller_who_is_moved_to_another_queue_has_not_given_up(land, day):
    moved = {"InitialContactId": "c1", "InitiationMethod": "QUEUE_TRANSFER"}
    land("contact", contact("c1", 600))
    assert day() == {"offered": 1, "abandoned": 1}
    second = contact("c2", 630, agent="agent.one", answered=660, **moved)
    land("contact", second, name="stream-2", at=EVENING + timedelta(minutes=1))
    assert day() == {"offered": 1, "answered": 1, "wait_s": 60, "handle_s": 60, "handled": 1}


def test_a_chat_is_a_conversation(land, query):
    chat = {"Channel": "CHAT", "InitiationTimestamp": at(600)}
    first_reply = {"ChatContactMetrics": {"AgentFirstResponseTimestamp": at(640)}}
    land(
        "contact",
        contact("v1", 605, agent="agent.one", answered=610, **chat, ChatMetrics=first_reply),
        contact("v2", 605, agent="agent.one", answered=650, **chat),
        contact("v3", 605, **chat),
    )
    (row,) = query("select * from marts.fct_response_time_interval where received > 0")
    assert row["channel"] == "chat"
    assert (row["received"], row["responded"], row["responded_in_target"]) == (3, 2, 2)
    assert row["avg_first_response_s"] == 45


def snapshot(status, *contacts, kind=None):
    return {
        "AgentStatus": {"Name": status, "StartTimestamp": at(0), "Type": kind},
        "Configuration": {"Username": "agent.one"},
        "Contacts": [
            {"ContactId": "c1", "Channel": "VOICE", "State": state, "StateStartTimestamp": at(0)}
            for state in contacts
        ],
    }


def events(*changes):
    """Agent events of (second, type, status, *states of contacts), each after the one before."""
    before = snapshot("Offline")
    told = []
    for number, (second, kind, status, *contacts) in enumerate(changes):
        now = snapshot(status, *contacts)
        told.append(
            {
                "EventId": f"e{number}",
                "EventTimestamp": at(second, digits=123),
                "EventType": kind,
                "AgentARN": "arn:aws:connect:agent/1",
                "CurrentAgentSnapshot": now,
                "PreviousAgentSnapshot": before,
            }
        )
        before = now
    return told


SHIFT = events(
    (60, "LOGIN", "Available"),
    (600, "STATE_CHANGE", "Available", "CONNECTING"),
    (610, "STATE_CHANGE", "Available", "CONNECTED"),
    (700, "STATE_CHANGE", "Available", "ENDED"),
    (730, "STATE_CHANGE", "Available"),
    (3600, "STATE_CHANGE", "ISTIRAHAT"),
    (4200, "STATE_CHANGE", "Available"),
    (28800, "LOGOUT", "Offline"),
    (28920, "HEART_BEAT", "Offline"),
    (29040, "HEART_BEAT", "Available"),
)


def test_a_shift_with_a_break_and_heartbeats_after_the_logout(land, attendance, aux, query):
    land("agent_event", *SHIFT)
    row = attendance()
    assert (row["status"], row["present_s"]) == ("present", 28740)
    assert row["last_logout_at"] == MORNING + timedelta(seconds=28800.123)
    assert aux() == {("A1", "ISTIRAHAT"): (600, 1)}
    states = query(
        "select state, extract(epoch from sum(ends_at - starts_at)) as spent"
        " from intermediate.int_agent_state group by state"
    )
    spent = {row["state"]: row["spent"] for row in states}
    assert (spent["busy"], spent["acw"]) == (90, 30)


def test_who_goes_offline_is_logged_out_without_a_logout(land, attendance):
    land(
        "agent_event",
        *events(
            (0, "LOGIN", "Offline"),
            (60, "STATE_CHANGE", "Available"),
            (28800, "STATE_CHANGE", "Offline"),
            (28860, "LOGOUT", "Offline"),
        ),
    )
    assert attendance()["present_s"] == 28740


def test_the_vendors_example_of_after_call_work_takes_5_005_seconds(
    centre, deliver, real_data, query
):
    told = (real_data / "amazon_connect" / "agent_events.jsonl").read_text()
    now = datetime.now(UTC)
    alias = "source,external_id,agent_id\namazon_connect,(Removed),A1\n"
    deliver("agent_alias", "alias.csv", alias, now - timedelta(minutes=2))
    deliver("amazon_connect_agent_event", "events-1", told, now - timedelta(minutes=1))
    centre(now)
    (state,) = query(
        "select ends_at - starts_at as length from intermediate.int_agent_state where state = 'acw'"
    )
    assert state["length"] == timedelta(seconds=5.005)


def test_deliveries_that_repeat_in_any_order_change_nothing(
    site, deliver, rebuild, query, attendance, aux
):
    """Records and events, twice each, in five files without line breaks between documents."""
    moved = {"InitialContactId": "c1", "InitiationMethod": "QUEUE_TRANSFER"}
    documents = {
        "agent_event": SHIFT * 2,
        "contact": [
            contact("c1", 600),
            contact("c1", 600, LastUpdateTimestamp=at(5000), DisconnectReason="EXPIRED"),
            contact("c2", 630, agent="agent.one", answered=660, **moved),
            contact("c3", 700),
        ]
        * 2,
    }
    random = Random(1)
    for told in documents.values():
        random.shuffle(told)
    for number in range(5):
        moment = EVENING + timedelta(minutes=number)
        for feed, told in documents.items():
            content = "".join(json.dumps(document) for document in told[number::5])
            deliver(f"amazon_connect_{feed}", f"part-{number}", content, moment)
        site(moment)

    def found():
        marts = ("fct_attendance", "fct_aux_usage", "fct_login_compliance", "fct_scr_interval")
        return {mart: sorted(map(repr, query(f"select * from marts.{mart}"))) for mart in marts}

    assert attendance()["present_s"] == 28740
    assert aux() == {("A1", "ISTIRAHAT"): (600, 1)}
    (row,) = query(
        "select sum(offered) as offered, sum(answered) as answered from marts.fct_scr_interval"
    )
    assert row == {"offered": 2, "answered": 1}
    incremental = found()
    rebuild(moment)
    assert found() == incremental


def test_what_is_no_record_is_quarantined_and_what_is_not_known_reported(site, deliver, query):
    good = contact("c1", 600, Mood="fine")
    late = contact("c2", 600, InitiationTimestamp="yesterday")
    bad = json.dumps(contact("c3", 600)).replace("VOICE", "\\u0000")
    cut = json.dumps(contact("c4", 600))[:100]
    content = lines(good, late) + bad + "\n" + cut + "\n" + lines(contact("c5", 700), [1, 2])
    deliver("amazon_connect_contact", "stream-1", content, EVENING)
    site(EVENING)
    told = query("select reason from ops.quarantine where waits_for is null order by row_number")
    assert len(told) == 5
    reasons = " | ".join(row["reason"] for row in told)
    assert "initiated_at: 'yesterday' is not a date and time" in reasons
    assert "NUL" in reasons and "not a JSON document" in reasons and "no JSON object" in reasons
    loaded = query("select contact_id from raw.amazon_connect_contact order by 1")
    assert [row["contact_id"] for row in loaded] == ["c1", "c5"]
    (column,) = query("select detail from marts.rpt_data_quality_row where kind = 'unknown_column'")
    assert "Mood" in column["detail"]
