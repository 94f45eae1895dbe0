"""docker-compose.yml sets Airflow up as the embedded stack does, and names only what exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from rtm.settings import REPOSITORY, Settings
from rtm.stack.airflow import airflow_environment, set_up_airflow_home
from rtm.stack.programs import airflow_programs

DIFFERENT = {
    "AIRFLOW__API__HOST": "reached from other containers",
    "AIRFLOW__API__PORT": "fixed inside its container",
    "AIRFLOW__API__BASE_URL": "the published port",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "the service's name",
    "AIRFLOW__CORE__DAGS_FOLDER": "where the image has it",
    "AIRFLOW__CORE__PLUGINS_FOLDER": "where the image has it",
    "AIRFLOW__CORE__FERNET_KEY": "a secret",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": "a secret",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "named in .env",
    "AIRFLOW__API__SECRET_KEY": "a secret",
    "AIRFLOW__API_AUTH__JWT_SECRET": "a secret",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "another server",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "another server",
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "fixed inside its container",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


def test_airflow_is_set_up_as_in_the_embedded_stack(compose, postgres, tmp_path):
    settings = Settings(home=tmp_path, landing_url=str(tmp_path), database_url=None)
    set_up_airflow_home(settings)
    embedded = {
        name: value
        for name, value in airflow_environment(settings, postgres, 8080, 8793).items()
        if name.startswith("AIRFLOW__")
    }
    service = {
        name: value
        for name, value in compose["x-rtm"]["environment"].items()
        if name.startswith("AIRFLOW__")
    }
    assert set(service) == set(embedded)
    same = set(embedded) - set(DIFFERENT)
    assert {name: service[name] for name in same} == {name: embedded[name] for name in same}


def test_every_component_of_airflow_is_a_service(compose):
    components = {program.name for program in airflow_programs() if "airflow" in program.arguments}
    assert {f"airflow-{name}" for name in components} <= set(compose["services"])


def test_every_secret_is_explained_in_the_example():
    text = (REPOSITORY / "docker-compose.yml").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", text)) | {"RTM_AIRFLOW_PASSWORDS"}
    example = (REPOSITORY / ".env.example").read_text()
    assert needed <= set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))


def test_every_folder_that_is_mounted_exists(compose):
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and source != "./landing":
                assert (REPOSITORY / source).is_dir(), source
