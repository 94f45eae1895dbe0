"""The DAG files say what the contract says, and no more than wiring."""

from __future__ import annotations

import ast
import itertools
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from rtm.cycle import DAILY, STEPS
from rtm.settings import REPOSITORY

FOLDER = REPOSITORY / "dags"
FILES = sorted(FOLDER.glob("*.py"))
CHAINS = {
    "run_minute_cycle": [
        *("land_feeds", "gate_rosters", "build_marts", "detect_breaches", "send_mail"),
    ],
    "distribute_rosters": ["distribute_rosters", "send_mail"],
    "remove_expired_records": ["remove_expired_plans"],
    "report_month": ["report_month", "send_mail"],
}
LONGEST = 60


@pytest.fixture(scope="module")
def dags():
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(FOLDER))
    assert bag.import_errors == {}
    return bag.dags


def test_every_file_holds_one_dag_of_its_name(dags):
    assert {path.stem for path in FILES} == set(dags) == set(CHAINS)


@pytest.mark.parametrize("dag_id", CHAINS)
def test_tasks_run_one_after_another(dags, dag_id):
    dag = dags[dag_id]
    order = [task.task_id for task in dag.topological_sort()]
    assert order == CHAINS[dag_id]
    for task, follower in itertools.pairwise(order):
        assert dag.get_task(task).downstream_task_ids == {follower}


def test_the_dags_together_run_every_step():
    assert {task for chain in CHAINS.values() for task in chain} == {*STEPS, *DAILY}


@pytest.mark.parametrize("dag_id", CHAINS)
def test_runs_neither_overlap_nor_last_for_ever(dags, dag_id):
    dag = dags[dag_id]
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.dagrun_timeout is not None
    for task in dag.tasks:
        assert task.execution_timeout is not None
        assert task.execution_timeout < dag.dagrun_timeout
        assert task.retry_delay < timedelta(minutes=1), "the next run would come before the retry"


@pytest.mark.parametrize("dag_id", CHAINS)
def test_the_page_in_airflow_says_what_to_do_when_it_fails(dags, dag_id):
    assert "If it fails" in dags[dag_id].doc_md
    for task in CHAINS[dag_id]:
        assert f"`{task}`" in dags[dag_id].doc_md


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_is_wiring(path: Path):
    source = path.read_text()
    assert len(source.splitlines()) <= LONGEST
    tree = ast.parse(source)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.For | ast.If)]
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported <= {"airflow", "rtm", "datetime"}


def test_reading_a_dag_file_imports_nothing_heavy():
    """Every task process reads its DAG file again."""
    program = (
        "import sys, runpy; "
        "[runpy.run_path(path) for path in sys.argv[1:]]; "
        "print([name for name in ('pandas', 'dbt', 'great_expectations') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, FILES)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_airflow_is_imported_in_one_place_only():
    for path in (REPOSITORY / "plugins").rglob("*.py"):
        if "orchestration" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "airflow"], path
