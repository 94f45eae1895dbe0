"""What an analysis reads hangs on its window, not on what is stored."""

from __future__ import annotations

import re

from sqlalchemy import event, text

from rtm.recovery.analysis import explain_gap, find_way_back

MOMENTS = {
    "int_call": (
        *("arrived_at", "queued_at", "offered_at", "answered_at", "left_at", "ended_at"),
        *("interval_start", "settles_at"),
    ),
    "int_conversation": (
        *("received_at", "assigned_at", "first_response_at", "closed_at", "waits_until"),
        *("interval_start", "settles_at"),
    ),
    "int_agent_state": ("session_started_at", "starts_at", "ends_at"),
    "int_shift": (
        *("planned_start_at", "planned_end_at", "window_start_at", "window_end_at"),
        "roster_date",
    ),
    "int_shift_aux": ("roster_date",),
}
IDENTITIES = {
    "int_call": "call_id = call_id || '-'",
    "int_conversation": "conversation_id = conversation_id || '-',"
    " waiting = tstzrange(received_at - interval '20 days', waits_until - interval '20 days')",
}
AGO = "interval '20 days'"
COPIES = 6


def store_more(connection):
    """The same morning again and again, from twenty days ago on backwards."""
    for table, columns in MOMENTS.items():
        changes = [
            f"{column} = {column} - 20"
            if column == "roster_date"
            else f"{column} = {column} - {AGO}"
            for column in columns
        ]
        changes += [IDENTITIES[table]] if table in IDENTITIES else []
        connection.execute(text(f"create temporary table more as table intermediate.{table}"))
        for _ in range(COPIES):
            connection.execute(text(f"update more set {', '.join(changes)}"))
            connection.execute(text(f"insert into intermediate.{table} table more"))
        connection.execute(text("drop table more"))
        connection.execute(text(f"analyze intermediate.{table}"))


def read_by(connection, analyse):
    """Blocks that each statement reads, and tables of contacts or states that it reads whole."""
    seen, blocks, whole = [], 0, set()

    def note(conn, cursor, statement, parameters, context, executemany):
        seen.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    analyse()
    event.remove(connection, "before_cursor_execute", note)
    assert len(seen) > 5
    for statement, parameters in seen:
        with connection.connection.cursor() as cursor:
            cursor.execute(f"explain (analyze, buffers, timing off) {statement}", parameters)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        top = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan)
        blocks += sum(int(number or 0) for number in top.groups()) if top else 0
        whole |= set(re.findall(r"Seq Scan on (\w+)", plan)) & MOMENTS.keys()
    return blocks, whole


def test_what_is_read_does_not_grow_with_what_is_stored(centre, changed):
    breaches = [
        centre.breach("voice_left", "scr"),
        centre.breach("chat_left", "response_time"),
    ]

    def analyse():
        for breach in breaches:
            explain_gap(changed, breach, centre.as_of)
            find_way_back(changed, breach, centre.as_of)

    before, _ = read_by(changed, analyse)
    store_more(changed)
    after, whole = read_by(changed, analyse)
    assert whole == set()
    assert after < 2.5 * before
