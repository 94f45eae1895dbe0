"""
### Every day: the management review of the last month, if it is due

| task | reads | writes |
|---|---|---|
| `report_month` | `marts`, the feed `holiday` | from the first working day of a month on, until it was sent: the report of the month before as HTML, PDF and xlsx, in `ops.report` and `ops.outbox` |
| `send_mail` | mails that are due | SMTP server of the connection `smtp_default` |

A working day is Monday to Friday and no holiday of all services, at the clock of the marts where it
is the earliest. A day on which nothing is due does nothing. The first run after a machine was off
makes up for it, once the marts reach beyond the month's end.

**If it fails:** do nothing, the next day takes it up; or clear it once the cause is gone. A report is
sent once.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import chain, dag

from rtm.orchestration import DAILY_DEFAULTS, step_task


@dag(
    schedule="0 1 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args=DAILY_DEFAULTS,
    doc_md=__doc__,
    tags=["rtm"],
)
def report_month() -> None:
    chain(step_task("report_month"), step_task("send_mail"))


report_month()
