"""docker-compose.yml sets Airflow up as the embedded stack does, and names only what exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from rtm.settings import REPOSITORY, Settings
from rtm.stack.airflow import airflow_environment, set_up_airflow_home
from rtm.stack.programs import airflow_programs
from scripts.check_compose import faults

DIFFERENT = {
    "AIRFLOW__API__HOST": "reached from other containers",
    "AIRFLOW__API__PORT": "fixed inside its container",
    "AIRFLOW__API__BASE_URL": "the published port",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "the service's name",
    "AIRFLOW__CORE__EXECUTOR": "named in .env",
    "AIRFLOW__CORE__DAGS_FOLDER": "where the image has it",
    "AIRFLOW__CORE__PLUGINS_FOLDER": "where the image has it",
    "AIRFLOW__CORE__FERNET_KEY": "a secret",
    "AIRFLOW__API__SECRET_KEY": "a secret",
    "AIRFLOW__API_AUTH__JWT_SECRET": "a secret",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "another server",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "another server",
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "fixed inside its container",
}
EMBEDDED_ALONE = {
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
}
SERVICES_ALONE = {
    "AIRFLOW__CORE__AUTH_MANAGER",
    "AIRFLOW__FAB__COOKIE_SECURE",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT",
}
COMPOSE = (REPOSITORY / "docker-compose.yml").read_text()
EXAMPLE = (REPOSITORY / ".env.example").read_text()
SETTINGS = (REPOSITORY / "plugins/rtm/settings.py").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE)


def test_airflow_is_set_up_as_in_the_embedded_stack(compose, postgres, tmp_path):
    settings = Settings(home=tmp_path, landing_url=str(tmp_path), database_url=None)
    set_up_airflow_home(settings)
    embedded, services = (
        {name: value for name, value in environment.items() if name.startswith("AIRFLOW__")}
        for environment in (
            airflow_environment(settings, postgres, 8080, 8793),
            compose["x-rtm"]["environment"],
        )
    )
    assert set(embedded) - set(services) == EMBEDDED_ALONE
    assert set(services) - set(embedded) == SERVICES_ALONE
    same = set(embedded) & set(services) - set(DIFFERENT)
    assert {name: services[name] for name in same} == {name: embedded[name] for name in same}


def test_every_program_of_the_embedded_stack_is_a_service(compose):
    services = set(compose["services"])
    for program in airflow_programs():
        assert {program.name, f"airflow-{program.name}"} & services, program.name


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


# Each is a slip that somebody makes, and what is said of it.
SLIPS: list[tuple[str, Callable[[str], str], str]] = [
    ("a folder", lambda t: changed(t, "./grafana/dashboards:", "./grafana/boards:"), "boards"),
    ("a volume", lambda t: changed(t, "- grafana:/var", "- grafana_data:/var"), "grafana_data"),
    ("a script", lambda t: changed(t, "prepare_services.sh", "prepare.sh"), "scripts/prepare.sh"),
    ("a command", lambda t: changed(t, "airflow, triggerer", "airflow, trigger"), "trigger"),
    ("an option", lambda t: changed(t, "clean, --every", "clean, --each"), "--each"),
    ("a proxy", lambda t: changed(t, "--proxy-headers", "--behind-proxy"), "--behind-proxy"),
    ("a host", lambda t: changed(t, "@redis:6379", "@broker:6379"), "broker"),
    ("a port", lambda t: changed(t, "@warehouse:5432/rtm", "@warehouse:5433/rtm"), "5433"),
    ("what it opens", lambda t: changed(t, ":8080}:8080", ":8080}:8081"), "opens [8081]"),
    ("a variable", lambda t: changed(t, "${RTM_LANGUAGE", "${RTM_LANG"), "explain RTM_LANG"),
    ("a setting", lambda t: changed(t, "    RTM_FEED_STALE_S:", "    RTM_STALE_S:"), "STALE_S"),
    ("Grafana", lambda t: changed(t, "_DATABASE_SSLMODE:", "_SSL:"), "not get RTM_GRAFANA_DATA"),
    ("no default", lambda t: changed(t, "${RTM_OPERATORS:-}", "${RTM_OPERATORS}"), "neither"),
    ("a dag folder", lambda t: changed(t, "/opt/rtm/dags", "/opt/rtm/dag"), "/opt/rtm/dag,"),
    ("a network", lambda t: changed(t, "networks: [people]", "networks: [floor]"), "floor"),
    ("no limit", lambda t: changed(t, '{cpus: "1", memory: 3G}', "{}"), "airflow-worker has no"),
    ("latest", lambda t: changed(t, "redis:7.2-bookworm", "redis:latest"), "redis takes"),
    ("rights", lambda t: changed(t, "read_only: true", "read_only: false"), "may write everywhere"),
]


@pytest.mark.parametrize(("slip", "said"), [slip[1:] for slip in SLIPS], ids=[s[0] for s in SLIPS])
def test_a_composition_that_names_what_is_not_there_is_refused(slip, said):
    found = faults(slip(COMPOSE), EXAMPLE, SETTINGS)
    assert any(said in fault for fault in found), found


def test_a_secret_in_the_example_is_refused():
    example = changed(EXAMPLE, "RTM_JWT_SECRET=", "RTM_JWT_SECRET=1f0e9d")
    assert any("holds a value of RTM_JWT_SECRET" in f for f in faults(COMPOSE, example, SETTINGS))


def test_the_composition_itself_is_accepted():
    assert faults(COMPOSE, EXAMPLE, SETTINGS) == []


def test_the_word_of_a_proxy_on_tls_is_believed_where_it_is_named_alone(compose):
    service = compose["services"]["airflow-api-server"]
    assert "--proxy-headers" in service["command"]
    # uvicorn reads it; by default nobody but the container itself is believed.
    assert service["environment"]["FORWARDED_ALLOW_IPS"] == "${RTM_TRUSTED_PROXIES:-127.0.0.1}"
    assert service["environment"]["RTM_LANDING_URL"] == "/landing"
