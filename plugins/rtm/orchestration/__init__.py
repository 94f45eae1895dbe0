"""The steps of the cycle as Airflow tasks: the only place that imports airflow.

What a step does is in `rtm.cycle` and runs without Airflow; here it gets the clock of its DAG run,
the landing folder and the mail server of Airflow's connections. Every task
process imports this package, so what is heavy is imported when a task runs.
"""

from rtm.orchestration.defaults import DAILY_DEFAULTS, MINUTE_DEFAULTS
from rtm.orchestration.tasks import step_task

__all__ = ["DAILY_DEFAULTS", "MINUTE_DEFAULTS", "step_task"]
