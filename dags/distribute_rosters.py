"""
### Every minute: published rosters to their team leaders

| task | reads | writes |
|---|---|---|
| `distribute_rosters` | valid roster versions that are not distributed yet | a mail for each team leader of the service in `ops.outbox` |
| `send_mail` | mails that are due | SMTP server of the connection `smtp_default`; the answer proves the distribution |

Rosters are judged and published by `run_minute_cycle`. A roster counts as distributed by H-1 only
when the mail server has taken its mails.

**If it fails:** do nothing, the next run goes on. Clearing a task or a run is safe: a version is
distributed once.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import chain, dag

from rtm.orchestration import MINUTE_DEFAULTS, step_task


@dag(
    schedule="* * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=30),
    default_args=MINUTE_DEFAULTS,
    doc_md=__doc__,
    tags=["rtm"],
)
def distribute_rosters() -> None:
    chain(step_task("distribute_rosters"), step_task("send_mail"))


distribute_rosters()
