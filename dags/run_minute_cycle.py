"""
### Every minute: from arrived files to marts, breaches, recovery plans and mails

| task | reads | writes |
|---|---|---|
| `land_feeds` | new files of every feed below the landing folder | `raw`, `ops.file_ledger`, `ops.quarantine` |
| `gate_rosters` | rosters that have landed | `ops.roster_version` with verdict and findings; the valid ones are published |
| `build_marts` | what has landed since the last run | `intermediate`, `marts` |
| `detect_breaches` | `marts`, targets | `ops.breach`, one draft `ops.recovery_plan` for each, `ops.incident`, `ops.outbox` |
| `send_mail` | mails that are due | SMTP server of the connection `smtp_default` |

All tasks of one run share one clock: the moment the run began.

**If it fails:** do nothing, the next run takes up what is missing. Clearing a task or a run is safe
at any time and does nothing twice. If every run fails, the log of the first red task says why.
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
def run_minute_cycle() -> None:
    chain(
        step_task("land_feeds"),
        step_task("gate_rosters"),
        step_task("build_marts"),
        step_task("detect_breaches"),
        step_task("send_mail"),
    )


run_minute_cycle()
