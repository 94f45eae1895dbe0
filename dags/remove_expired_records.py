"""
### Every night: removes recovery plans whose time of keeping is over

| task | reads | writes |
|---|---|---|
| `remove_expired_plans` | closed plans that were kept for two years and are on no legal hold | takes them out of `ops.recovery_plan` with their breach and their mails; a row in `ops.audit` records it |

**If it fails:** do nothing, the next night takes up what is left. Clearing a run is safe.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from rtm.orchestration import DAILY_DEFAULTS, step_task


@dag(
    schedule="30 18 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args=DAILY_DEFAULTS,
    doc_md=__doc__,
    tags=["rtm"],
)
def remove_expired_records() -> None:
    step_task("remove_expired_plans")


remove_expired_records()
