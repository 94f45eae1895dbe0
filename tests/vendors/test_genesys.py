"""Genesys Cloud's conversation details and user status details, from its answers to the marts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.small_centre import MORNING

EVENING = MORNING + timedelta(hours=10)
QUEUES = "source,queue,service_code\ngenesys,q-kartu,KARTU\ngenesys,,KARTU\n"
ALIASES = "source,external_id,agent_id\ngenesys,u-1,A1\n"


def at(second):
    moment = MORNING + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def segment(kind, start, end, **told):
    ended = {} if end is None else {"segmentEnd": at(end)}
    return {"segmentType": kind, "segmentStart": at(start), **ended, **told}


def participant(purpose, *segments, media="voice", metrics=(), **told):
    session = {"mediaType": media, "segments": list(segments), "metrics": list(metrics), **told}
    user = {"userId": "u-1"} if purpose == "agent" else {}
    return {"participantId": f"p-{purpose}", "purpose": purpose, "sessions": [session], **user}


def conversation(name, start, end, *participants, direction="inbound"):
    ended = {} if end is None else {"conversationEnd": at(end)}
    return {
        "conversationId": name,
        "conversationStart": at(start),
        **ended,
        "originatingDirection": direction,
        "participants": list(participants),
    }


def queued(start, end, **told):
    return participant("acd", segment("interact", start, end, queueId="q-kartu", **told))


def caller(start, end, left="client", **told):
    return participant("customer", segment("interact", start, end, disconnectType=left), **told)


@pytest.fixture
def land(site, deliver):
    def run(feed, name_of_list, *things, name="answer-1.json", at=EVENING):
        answer = {name_of_list: list(things), "totalHits": len(things)}
        deliver(f"genesys_{feed}", name, json.dumps(answer, indent=1), at)
        site(at)

    return run


def handled(name, end=700.5):
    """Queued at 600, alerted at 610, answered at 620.25; 20 s on hold, 15 s of wrap-up."""
    last = None if end is None else end + 15
    return conversation(
        name,
        590,
        last,
        caller(590, end),
        queued(600, 620.25, disconnectType="transfer"),
        participant(
            "agent",
            segment("alert", 610, 620.25),
            segment("interact", 620.25, 650),
            segment("hold", 650, 670),
            segment("interact", 670, end),
            *([] if end is None else [segment("wrapup", end, end + 15)]),
        ),
    )


def test_milliseconds_of_talk_hold_and_wrap_up(land, day):
    land("conversation", "conversations", handled("v1"))
    assert day() == {
        "offered": 1,
        "answered": 1,
        "wait_s": 20.25,
        "handle_s": 29.75 + 30.5 + 20 + 15,
        "handled": 1,
    }


def test_a_record_without_an_end_is_still_going_on(land, day):
    land(
        "conversation",
        "conversations",
        handled("v1", None),
        conversation("v2", 600, None, caller(600, None), queued(600, None)),
        at=MORNING + timedelta(seconds=660),
    )
    assert day() == {"offered": 2, "answered": 1, "still_open": 1, "wait_s": 20.25}
    land("conversation", "conversations", handled("v1"), name="answer-2.json")
    assert day()["handled"] == 1


def test_who_asked_to_be_called_back_does_not_wait_in_the_line(land, query):
    def waiting(medium):
        return [
            conversation(
                f"{medium}{n}",
                600,
                None,
                caller(600, 640),
                participant("acd", segment("interact", 610, None, queueId="q-kartu"), media=medium),
            )
            for n in range(12)
        ]

    at_risk = "select at_risk from marts.rpt_kpi_watch where kpi = 'scr'"
    for medium, count in (("callback", 0), ("voice", 12)):
        # Nobody is answered
        name, seen_at = f"{medium}.json", MORNING + timedelta(seconds=700)
        land("conversation", "conversations", *waiting(medium), name=name, at=seen_at)
        assert query(at_risk) == [{"at_risk": count}], medium


def test_callers_who_left_and_callers_whom_the_system_let_go(land, day):
    land(
        "conversation",
        "conversations",
        conversation("v1", 600, 640, caller(600, 640), queued(610, 640)),
        conversation("v2", 600, 640, caller(600, 640, left="system"), queued(610, 640)),
        conversation("v3", 600, 640, caller(600, 640)),
        conversation("v4", 600, 640, caller(600, 640), direction="outbound"),
        conversation(
            "v5",
            600,
            640,
            caller(600, 640),
            queued(610, 640),
            participant("agent", segment("alert", 612, 630)),
        ),
    )
    assert day() == {"offered": 4, "abandoned": 2, "timed_out": 1, "left_in_menu": 1}


def test_chats_and_messages_are_conversations(land, query):
    reply = {"name": "tAgentResponseTime", "value": 5000, "emitDate": at(640)}
    talking = participant("agent", segment("interact", 630, 700), media="message", metrics=[reply])
    land(
        "conversation",
        "conversations",
        conversation(
            "m1",
            600,
            700,
            caller(600, 700, media="message", messageType="WhatsApp"),
            queued(600, 630),
            talking,
        ),
        conversation("m2", 600, None, caller(600, None, media="chat"), queued(600, None)),
    )
    rows = query("select * from marts.fct_response_time_interval where received > 0 order by 2")
    found = {row["channel"]: (row["received"], row["responded"]) for row in rows}
    assert found == {"chat": (1, 0), "whatsapp": (1, 1)}
    (whatsapp,) = [row for row in rows if row["channel"] == "whatsapp"]
    assert whatsapp["avg_first_response_s"] == 40


def test_the_published_conversation_was_answered_when_the_agent_began_to_interact(
    centre, deliver, real_data, query
):
    answer = (real_data / "genesys" / "conversation_detail_chat.json").read_text()
    now = datetime.now(UTC)
    queue = "source,queue,service_code\ngenesys,,KARTU\n"
    deliver("queue", "queue.csv", queue, now - timedelta(minutes=2))
    deliver("genesys_conversation", "answer.json", answer, now - timedelta(minutes=1))
    centre(now)
    (row,) = query("select * from marts.fct_response_time_interval where received > 0")
    assert (row["channel"], row["received"], row["responded"]) == ("chat", 1, 1)
    assert row["avg_first_response_s"] == pytest.approx(11.183)


def presence(name, start, end=None):
    ended = {} if end is None else {"endTime": at(end)}
    return {"systemPresence": name, "startTime": at(start), **ended}


def routing(name, start, end=None):
    ended = {} if end is None else {"endTime": at(end)}
    return {"routingStatus": name, "startTime": at(start), **ended}


def user(*told, routed=()):
    return {"userId": "u-1", "primaryPresence": list(told), "routingStatus": list(routed)}


def test_presences_are_sessions_and_aux_also_where_answers_overlap(land, attendance, aux, query):
    land(
        "user_status",
        "userDetails",
        user(
            presence("OFFLINE", -40000, 60),
            presence("ON_QUEUE", 60, 14400),
            presence("MEAL", 14400),
            routed=[
                routing("IDLE", 61, 100),
                routing("INTERACTING", 100, 160),
                routing("IDLE", 160, 14400),
                routing("OFF_QUEUE", 14400),
            ],
        ),
    )
    land(
        "user_status",
        "userDetails",
        user(
            presence("MEAL", 14400, 16200),
            presence("AVAILABLE", 16200, 28800),
            presence("OFFLINE", 28800),
        ),
        name="answer-2.json",
        at=EVENING + timedelta(minutes=1),
    )
    assert attendance()["present_s"] == 28740
    assert aux() == {("A1", "UNMAPPED:MEAL"): (1800, 1)}
    (busy,) = query(
        "select extract(epoch from sum(ends_at - starts_at)) as spent"
        " from intermediate.int_agent_state where state = 'busy'"
    )
    assert busy["spent"] == 60


def test_the_published_user_details_are_read(centre, deliver, real_data, query):
    answer = (real_data / "genesys" / "user_details.json").read_text()
    now = datetime.now(UTC)
    deliver("genesys_user_status", "answer.json", answer, now)
    centre(now)
    told = query("select event, count(*) as events from intermediate.int_agent_event group by 1")
    assert {row["event"]: row["events"] for row in told} == {"login": 1, "logout": 3, "state": 2}
