"""How Airflow is set up for one home folder: all of it through its environment, nothing by hand."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from cryptography.fernet import Fernet

from rtm.machine import write_private
from rtm.settings import REPOSITORY, Settings
from rtm.warehouse.embedded import RunningPostgres

ADMIN = "admin"

# LocalExecutor forks its workers from the scheduler, Celery from its worker: what these have
# imported, a task need not import again. To import dbt and Great Expectations takes longer than a
# cycle runs.
LOCAL_SETTINGS = '''\
"""Airflow imports this at its start; written by `rtm stack`."""

from rtm.orchestration.preloading import preload_tasks

preload_tasks()
'''


def airflow_environment(
    settings: Settings, database: RunningPostgres, port: int, log_port: int
) -> dict[str, str]:
    """The variables under which every component of Airflow, and its command line, runs."""
    home = airflow_home(settings)
    keys = _keys(home)
    address = f"http://127.0.0.1:{port}"
    database_url = database.airflow_url.render_as_string(hide_password=False)
    options = {
        ("core", "executor"): "LocalExecutor",
        ("core", "parallelism"): 4,
        ("core", "dags_folder"): REPOSITORY / "dags",
        ("core", "plugins_folder"): REPOSITORY / "plugins",
        ("core", "load_examples"): False,
        ("core", "dags_are_paused_at_creation"): False,
        ("core", "fernet_key"): keys["fernet_key"],
        ("core", "execution_api_server_url"): f"{address}/execution/",
        ("core", "simple_auth_manager_users"): ",".join(
            [f"{ADMIN}:admin", *(f"{user}:viewer" for user in settings.desk_users)]
        ),
        ("core", "simple_auth_manager_passwords_file"): _passwords_file(home),
        ("database", "sql_alchemy_conn"): database_url,
        # psycopg serves both; Airflow would look for asyncpg.
        ("database", "sql_alchemy_conn_async"): database_url,
        ("api", "host"): "127.0.0.1",
        ("api", "port"): port,
        ("api", "base_url"): address,
        ("api", "secret_key"): keys["secret_key"],
        ("api", "instance_name"): "Real Time Management",
        ("api_auth", "jwt_secret"): keys["jwt_secret"],
        # The pause between two looks at what may run next is the larger part of a short chain.
        ("scheduler", "scheduler_idle_sleep_time"): 0.2,
        # Airflow waits five and ten minutes for a task whose process or worker is gone; meanwhile
        # nothing of a minute's path would run.
        ("scheduler", "task_instance_heartbeat_timeout"): 60,
        ("scheduler", "task_queued_timeout"): 60,
        ("scheduler", "task_queued_timeout_check_interval"): 15,
        ("logging", "worker_log_server_port"): log_port,
        ("usage_data_collection", "enabled"): False,
    }
    return {
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": str(REPOSITORY / "plugins"),
        **{
            f"AIRFLOW__{section}__{option}".upper(): str(value)
            for (section, option), value in options.items()
        },
    }


def airflow_home(settings: Settings) -> Path:
    return settings.home / "airflow"


def password_of(settings: Settings, user: str) -> str | None:
    """The password of a user, made at the first start that knew them."""
    return _passwords(airflow_home(settings)).get(user)


def set_up_airflow_home(settings: Settings) -> None:
    """Keys, passwords and start-up module; those that are there stay."""
    home = airflow_home(settings)
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "airflow_local_settings.py").write_text(LOCAL_SETTINGS)
    if not _keys_file(home).exists():
        keys = {
            "fernet_key": Fernet.generate_key().decode(),
            "jwt_secret": secrets.token_urlsafe(64),
            "secret_key": secrets.token_urlsafe(32),
        }
        write_private(_keys_file(home), json.dumps(keys, indent=2))
    passwords = _passwords(home)
    missing = [user for user in (ADMIN, *settings.desk_users) if user not in passwords]
    if missing:
        passwords |= {user: secrets.token_urlsafe(12) for user in missing}
        write_private(_passwords_file(home), json.dumps(passwords))


def _keys(home: Path) -> dict[str, str]:
    keys: dict[str, str] = json.loads(_keys_file(home).read_text())
    return keys


def _passwords(home: Path) -> dict[str, str]:
    """By user; of one who is no longer among the users the password stays, and lets nobody in."""
    if not _passwords_file(home).exists():
        return {}
    passwords: dict[str, str] = json.loads(_passwords_file(home).read_text())
    return passwords


def _keys_file(home: Path) -> Path:
    return home / "keys.json"


def _passwords_file(home: Path) -> Path:
    return home / "passwords.json"
