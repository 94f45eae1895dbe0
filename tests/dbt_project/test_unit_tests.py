"""The models compute what the definitions say: dbt's unit tests, which stand in the yml beside each
model, are run once, each is a case here, and a broken model fails its own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from rtm.models import is_deployed
from rtm.running_dbt import ModelError, run_dbt
from rtm.settings import REPOSITORY, Settings
from rtm.warehouse import Warehouse
from tests.conftest import prepared_warehouse

PROJECT = REPOSITORY / "dbt_project"
REQUIRED = {
    "int_agent_state",
    "int_agent_session",
    "int_shift",
    "int_shift_presence",
    "int_shift_attendance",
    "int_shift_aux_stretch",
    "int_shift_aux",
    "int_shift_interval",
    "int_voice_interval",
    "int_nonvoice_interval",
    "int_rotg_shift",
    "fct_aux_usage",
    "fct_roster_evaluation",
}
"""Models with logic that their SQL alone does not make plain."""


@dataclass(frozen=True)
class Elsewhere(Settings):
    """Settings of a copy of the project."""

    project: Path = PROJECT

    @property
    def dbt_project(self) -> Path:
        return self.project


@dataclass(frozen=True)
class Fault:
    """A small error in a model, and the tests that have to see it."""

    model: str
    right: str
    wrong: str
    seen_by: set[str]


FAULTS = [
    Fault(
        "agents/int_agent_state",
        "lead(closing.occurred_at) over moment > closing.closes_at",
        "lead(closing.occurred_at) over moment >= closing.closes_at",
        {"an_event_at_the_closing_moment_keeps_the_session_open"},
    ),
    Fault(
        "agents/int_shift",
        "then greatest(",
        "then least(",
        {
            "a_cut_never_lengthens_a_window",
            "where_two_windows_meet_they_are_cut_in_the_middle",
        },
    ),
    Fault(
        "agents/int_shift_presence",
        "coalesce(session.closes_itself_at < {{ as_of() }}, false)",
        "coalesce(session.closes_itself_at <= {{ as_of() }}, false)",
        {"at_its_closing_moment_a_session_is_still_open"},
    ),
    Fault(
        "agents/int_shift_attendance",
        "< services.no_show_after_s",
        "<= services.no_show_after_s",
        {"after_half_an_hour_without_presence_it_is_a_no_show"},
    ),
    Fault(
        "agents/int_shift_aux_stretch",
        ") - presence.excepted as stretches",
        ") as stretches",
        {"an_exception_cuts_a_stretch_and_uses_no_allowance"},
    ),
    Fault(
        "agents/int_shift_interval",
        "(intervals.logged_in - intervals.excess)",
        "intervals.logged_in",
        {"out_of_adherence_is_logged_out_or_beyond_the_allowance"},
    ),
    Fault(
        "voice/int_voice_interval",
        "calls.wait_s <= calls.short_abandon_s",
        "calls.wait_s < calls.short_abandon_s",
        {"an_abandoned_call_is_short_up_to_the_limit_of_its_service"},
    ),
    Fault(
        "nonvoice/int_nonvoice_interval",
        "received.first_response_s <= received.threshold_s",
        "received.first_response_s < received.threshold_s",
        {"late_and_overdue_conversations_count_against_the_target"},
    ),
]


def unit_tests(project: Path) -> list[tuple[str, str]]:
    """Model and name of each unit test that the project's yml holds."""
    return [
        (test["model"], test["name"])
        for path in sorted((project / "models").rglob("*.yml"))
        for test in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).get(
            "unit_tests", []
        )
    ]


def run_unit_tests(warehouse: Warehouse, settings: Settings, *models: str) -> dict[str, str | None]:
    """What is wrong by each unit test, of all models or of some; None where nothing is."""
    told = settings.home / "dbt" / "target" / "run_results.json"
    told.unlink(missing_ok=True)
    selected = [f"{model},test_type:unit" for model in models] or ["test_type:unit"]
    try:
        run_dbt(warehouse, settings, "test", "--select", *selected)
    except ModelError:
        # Tests that fail are told one by one; anything else is no result
        if not told.exists():
            raise
    return {
        result["unique_id"].removeprefix("unit_test.rtm."): (
            None if result["status"] == "pass" else result["message"]
        )
        for result in json.loads(told.read_text(encoding="utf-8"))["results"]
    }


@pytest.fixture(scope="module")
def deployed(template) -> Iterator[Warehouse]:
    with prepared_warehouse(template) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def outcomes(deployed: Warehouse, settings: Settings) -> dict[str, str | None]:
    return run_unit_tests(deployed, settings)


@pytest.fixture
def copied(settings: Settings, tmp_path: Path) -> Elsewhere:
    """A copy of the project, to be changed."""
    shutil.copytree(PROJECT, tmp_path / "dbt_project")
    return Elsewhere(tmp_path, settings.landing_url, None, project=tmp_path / "dbt_project")


@pytest.mark.parametrize(("model", "name"), unit_tests(PROJECT))
def test_model(outcomes, model, name):
    if wrong := outcomes[f"{model}.{name}"]:
        pytest.fail(wrong, pytrace=False)


def test_every_unit_test_of_dbt_is_a_case_here(outcomes):
    assert len(outcomes) > 100
    assert set(outcomes) == {f"{model}.{name}" for model, name in unit_tests(PROJECT)}


def test_the_models_with_hard_logic_have_unit_tests():
    assert {model for model, _ in unit_tests(PROJECT)} >= REQUIRED


def test_a_broken_model_fails_the_unit_tests_of_what_is_broken_and_no_other(deployed, copied):
    for fault in FAULTS:
        path = copied.project / "models" / "intermediate" / f"{fault.model}.sql"
        source = path.read_text(encoding="utf-8")
        assert source.count(fault.right) == 1, fault
        path.write_text(source.replace(fault.right, fault.wrong), encoding="utf-8")
    models = [Path(fault.model).name for fault in FAULTS]
    outcomes = run_unit_tests(deployed, copied, *models)
    assert len(outcomes) > 50
    assert {test for test, wrong in outcomes.items() if wrong} == {
        f"{model}.{name}"
        for model, fault in zip(models, FAULTS, strict=True)
        for name in fault.seen_by
    }


def test_unit_tests_are_no_part_of_what_is_deployed(deployed, copied):
    models = copied.project / "models"
    assert is_deployed(deployed, copied)
    (models / "intermediate" / "agents" / "int_agent_state.yml").unlink()
    for yml in ("marts/fct_aux_usage.yml", "intermediate/agents/int_shift.yml"):
        with (models / yml).open("a") as file:
            file.write("\n  # More of them\n  - name: another\n    model: int_shift\n")
    assert is_deployed(deployed, copied)


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        ("marts/fct_aux_usage.yml", "One row per agent", "One row for each agent"),
        ("marts/fct_aux_usage.yml", "\nunit_tests:", "\n\nmodels: []\n\nunit_tests:"),
        ("intermediate/agents/int_shift.yml", "unit_tests:", "sources: []\nunit_tests:"),
        ("intermediate/agents/int_shift.sql", "'240 minutes'", "'250 minutes'"),
    ],
)
def test_everything_else_is_part_of_what_is_deployed(deployed, copied, path, right, wrong):
    changed = copied.project / "models" / path
    source = changed.read_text(encoding="utf-8")
    assert right in source
    changed.write_text(source.replace(right, wrong), encoding="utf-8")
    assert not is_deployed(deployed, copied)
