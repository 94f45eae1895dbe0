"""The health of the pipeline, for operators: do feeds come, do cycles run, do mails go out."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import Curves, Table, instants, numbers, said, texts
from grafana.source.variables import DESK, SERVICE

FEEDS = """
select
    feed,
    latest_event_at,
    latest_arrival_at,
    age_s,
    -- Where every service is closed, nobody misses a file
    case when is_missed then 'missed' when is_stale then 'quiet' else 'current' end as feed_state
from marts.rpt_feed_freshness
order by is_missed desc, is_stale desc, age_s
"""

CYCLE = """
select clock_at as time, step as metric, took_s as value
from marts.fct_cycle_step
where $__timeFilter(clock_at)
order by clock_at, step
"""

FAILED = """
select step as cycle_step, clock_at, started_at, took_s, is_failed
from marts.fct_cycle_step
where $__timeFilter(clock_at) and is_failed
order by clock_at desc
limit 200
"""

LANDING = """
select feed, files, files_repeated, files_quarantined, rows_read, rows_quarantined, rows_waiting
from marts.rpt_landing_day
order by rows_quarantined desc, feed
"""

OUTBOX = """
select kind, waiting, overdue, oldest_due_at, sent, digested, refused, unconfirmed, latest_sent_at
from marts.rpt_outbox
order by overdue desc, refused desc, kind
"""

UNMAPPED = """
select kind, source, code, occurrences
from marts.rpt_unmapped_code
order by occurrences desc, kind, code
"""

BOARD = Board(
    "pipeline",
    (
        age(),
        Table(
            id=2,
            name="feeds",
            sql=FEEDS,
            width=20,
            height=9,
            columns=(
                *texts("feed"),
                *instants("latest_event_at", "latest_arrival_at"),
                *numbers("age_s"),
                said("feed_state", "feed"),
            ),
        ),
        Curves(id=3, name="cycle", sql=CYCLE, width=12, height=9, unit="s"),
        Table(
            id=4,
            name="failed",
            sql=FAILED,
            width=12,
            height=9,
            columns=(
                *texts("cycle_step"),
                *instants("clock_at", "started_at"),
                *numbers("took_s"),
                said("is_failed", "failed", "truth"),
            ),
        ),
        Table(
            id=5,
            name="landing",
            sql=LANDING,
            width=12,
            height=9,
            columns=(
                *texts("feed"),
                *numbers("files", "files_repeated", "files_quarantined", "rows_read"),
                *numbers("rows_quarantined", "rows_waiting"),
            ),
        ),
        Table(
            id=6,
            name="outbox",
            sql=OUTBOX,
            width=12,
            height=9,
            columns=(
                *texts("kind"),
                *numbers("waiting", "overdue"),
                *instants("oldest_due_at"),
                *numbers("sent", "digested", "refused", "unconfirmed"),
                *instants("latest_sent_at"),
            ),
        ),
        Table(
            id=7,
            name="unmapped",
            sql=UNMAPPED,
            width=24,
            height=7,
            columns=(*texts("kind", "source", "code"), *numbers("occurrences")),
        ),
    ),
    (SERVICE, DESK),
)
